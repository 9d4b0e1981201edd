package harness

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Redis is a temporary Redis or Valkey.
type Redis struct {
	URL     string
	program string
	address string
	dir     string
	command *exec.Cmd
}

// StartRedis starts the redis-server or valkey-server of PATH on a free port, without persistence.
func StartRedis(ctx context.Context) (*Redis, error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		if program, err = exec.LookPath("valkey-server"); err != nil {
			return nil, errors.New("neither redis-server nor valkey-server is in PATH: scripts/prepare installs one")
		}
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "ibutsu-redis-")
	if err != nil {
		return nil, err
	}
	r := &Redis{URL: "redis://" + address, program: program, address: address, dir: dir}
	return r, r.Start(ctx)
}

// Start starts it again, on the same address, after Kill.
func (r *Redis) Start(ctx context.Context) error {
	_, port, err := net.SplitHostPort(r.address)
	if err != nil {
		return err
	}
	r.command = exec.Command(r.program, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
		"--dir", r.dir, "--logfile", filepath.Join(r.dir, "log"))
	r.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := r.command.Start(); err != nil {
		return errors.Join(err, os.RemoveAll(r.dir))
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		if conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.address); err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%s did not start: %w", r.program, ctx.Err()), r.Stop())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Keys is how many keys it has.
func (r *Redis) Keys(ctx context.Context) (int, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	keys := 0
	if _, err := fmt.Fprint(conn, "DBSIZE\r\n"); err != nil {
		return 0, err
	}
	_, err = fmt.Fscanf(conn, ":%d\r\n", &keys)
	return keys, err
}

// Signal sends it a signal: SIGSTOP makes it hang, SIGCONT lets it go on.
func (r *Redis) Signal(signal syscall.Signal) error { return r.command.Process.Signal(signal) }

// Kill ends it as a crash does.
func (r *Redis) Kill() error {
	err := r.command.Process.Kill()
	_ = r.command.Wait()
	return err
}

// Stop ends it and removes its folder.
func (r *Redis) Stop() error {
	err := r.command.Process.Signal(syscall.SIGTERM)
	_ = r.command.Wait()
	return errors.Join(err, os.RemoveAll(r.dir))
}
