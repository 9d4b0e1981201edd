package harness

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Redis is a temporary Redis or Valkey.
type Redis struct {
	URL       string
	program   string
	address   string
	dir       string
	arguments []string
	command   *exec.Cmd
}

// StartRedis starts the redis-server or valkey-server of PATH on a free port, without persistence. The arguments are further
// ones of that program.
func StartRedis(ctx context.Context, arguments ...string) (*Redis, error) {
	r, err := newRedis()
	if err != nil {
		return nil, err
	}
	r.arguments = append([]string{"--port", r.port(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
		"--dir", r.dir, "--logfile", filepath.Join(r.dir, "log")}, arguments...)
	return r, r.Start(ctx)
}

// newRedis is a server that has a folder and an address, and is yet to be started.
func newRedis() (*Redis, error) {
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
	return &Redis{URL: "redis://" + address, program: program, address: address, dir: dir}, nil
}

func (r *Redis) port() string {
	_, port, _ := net.SplitHostPort(r.address) // made by newRedis
	return port
}

// Start starts it again, on the same address, after Kill.
func (r *Redis) Start(ctx context.Context) error {
	r.command = exec.Command(r.program, r.arguments...)
	r.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := r.command.Start(); err != nil {
		return errors.Join(err, os.RemoveAll(r.dir))
	}
	err := Await(ctx, "a connection to "+r.program, func() bool {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.address)
		return err == nil && conn.Close() == nil
	})
	if err != nil {
		return errors.Join(err, r.Stop())
	}
	return nil
}

// Ask gives it a command, and returns the text of the answer; of a list only how long it is, as *3.
func (r *Redis) Ask(ctx context.Context, command string) (string, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if _, err := fmt.Fprint(conn, command+"\r\n"); err != nil {
		return "", err
	}
	reader := bufio.NewReader(conn)
	line, err := reader.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimSpace(line)
	length, isText := strings.CutPrefix(line, "$")
	n, err := strconv.Atoi(length)
	if !isText || err != nil || n < 0 {
		return line, nil
	}
	text := make([]byte, n)
	_, err = io.ReadFull(reader, text)
	return string(text), err
}

// Keys is how many keys it has.
func (r *Redis) Keys(ctx context.Context) (int, error) {
	answer, err := r.Ask(ctx, "DBSIZE")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimPrefix(answer, ":"))
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
