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
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "ibutsu-redis-")
	if err != nil {
		return nil, err
	}
	command := exec.Command(program, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
		"--dir", dir, "--logfile", filepath.Join(dir, "log"))
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	r := &Redis{URL: "redis://" + address, dir: dir, command: command}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		if conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address); err == nil {
			return r, conn.Close()
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("%s did not start: %w", program, ctx.Err()), r.Stop())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Stop ends it and removes its folder.
func (r *Redis) Stop() error {
	err := r.command.Process.Signal(syscall.SIGTERM)
	_ = r.command.Wait()
	return errors.Join(err, os.RemoveAll(r.dir))
}
