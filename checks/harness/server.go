// Package harness starts bin/ibutsu the way a user does, and gives the checks what they need around it: a token, a small
// HTTP client, and the processes of the server.
package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// The first administrator of every server that the checks start.
const (
	AdminEmail    = "admin@example.com"
	AdminPassword = "admin-of-the-checks"
	AdminName     = "Administrator" // the recorded answers have it
)

// Options say how a server is started.
type Options struct {
	// Binary is the program; empty means bin/ibutsu below the working directory.
	Binary string
	// State is the folder given to --state; empty means a new temporary one, removed by Close.
	State string
	// Env is added to the environment, "NAME=value".
	Env []string
	// Ready bounds the wait for the first answer; zero means two minutes.
	Ready time.Duration
}

// Server is a running `ibutsu up`.
type Server struct {
	URL   string // http://127.0.0.1:PORT
	State string
	Token string // a superadmin's API token, once Start or NewToken has made one

	options   Options
	temporary bool
	command   *exec.Cmd
	ended     chan struct{}
	log       *os.File
}

// Start starts the server, waits until GET /api/health is 200, and makes a token.
func Start(ctx context.Context, o Options) (*Server, error) {
	s := &Server{options: o, State: o.State}
	if s.State == "" {
		dir, err := os.MkdirTemp("", "ibutsu-check-")
		if err != nil {
			return nil, err
		}
		s.State, s.temporary = dir, true
	}
	// PostgreSQL of a server started by root runs as another user, which has to get through.
	if err := os.Chmod(s.State, 0o711); err != nil {
		return nil, err
	}
	if err := s.Up(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	token, err := s.NewToken(ctx, fmt.Sprintf("checks-%d", time.Now().UnixNano()))
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.Token = token
	return s, nil
}

// Up starts the process, on a port that stays the same from one Up to the next, and waits until it answers.
func (s *Server) Up(ctx context.Context) error {
	if err := s.Launch(); err != nil {
		return err
	}
	return s.WaitReady(ctx)
}

// Launch starts the process and does not wait for it.
func (s *Server) Launch() error {
	if s.URL == "" {
		address, err := freeAddress()
		if err != nil {
			return err
		}
		s.URL = "http://" + address
	}
	log, err := os.OpenFile(s.LogFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	command := exec.Command(s.binary(), "up", "--state", s.State, "--listen", strings.TrimPrefix(s.URL, "http://"))
	command.Env = s.environment()
	command.Stdout, command.Stderr = log, log
	// A group of its own: an interrupt at the terminal is for the check, which then stops the server in good order.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		return errors.Join(fmt.Errorf("starting the server: %w", err), log.Close())
	}
	s.command, s.log, s.ended = command, log, make(chan struct{})
	go func(ended chan struct{}) {
		_ = command.Wait()
		close(ended)
	}(s.ended)
	return nil
}

// WaitReady waits until GET /api/health is 200.
func (s *Server) WaitReady(ctx context.Context) error {
	limit := s.options.Ready
	if limit == 0 {
		limit = 2 * time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		if resp, err := client.Get(s.URL + "/api/health"); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-s.ended:
			return fmt.Errorf("the server ended before it answered: %v\n%s", s.command.ProcessState, s.LogTail(40))
		case <-ctx.Done():
			return fmt.Errorf("the server did not answer within %s\n%s", limit, s.LogTail(40))
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// NewToken asks the command line for a token of the administrator.
func (s *Server) NewToken(ctx context.Context, name string) (string, error) {
	out, err := s.Command(ctx, "token", "create", "--email", AdminEmail, "--name", name)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(out)
	if strings.Count(token, ".") != 2 || strings.ContainsAny(token, " \n\t") {
		return "", fmt.Errorf("`ibutsu token create` printed more, or other, than a token: %q", out)
	}
	return token, nil
}

// Command runs another command of the binary against the same state and returns what it prints.
func (s *Server) Command(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, s.binary(), append(args, "--state", s.State)...)
	command.Env = s.environment()
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("ibutsu %s: %w\n%s%s", strings.Join(args, " "), err, out, stderr.Bytes())
	}
	return string(out), nil
}

// Pid is the process of `ibutsu up`.
func (s *Server) Pid() int { return s.command.Process.Pid }

// Running says whether the process lives.
func (s *Server) Running() bool {
	if s.command == nil {
		return false
	}
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// Kill ends the process as a crash does, and waits until it is gone.
func (s *Server) Kill() error {
	if err := s.command.Process.Kill(); err != nil {
		return err
	}
	<-s.ended
	return s.log.Close()
}

// Stop asks the process to end and fails when it does not within a minute, or ends with another status than 0.
func (s *Server) Stop() error {
	if !s.Running() {
		return nil
	}
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-s.ended:
	case <-time.After(time.Minute):
		return errors.Join(fmt.Errorf("the server did not stop within a minute of SIGTERM\n%s", s.LogTail(40)), s.Kill())
	}
	if state := s.command.ProcessState; !state.Success() {
		return errors.Join(fmt.Errorf("the server stopped with %s\n%s", state, s.LogTail(40)), s.log.Close())
	}
	return s.log.Close()
}

// Close stops the server and removes its state when Start made it.
func (s *Server) Close() error {
	err := s.Stop()
	if s.temporary {
		err = errors.Join(err, os.RemoveAll(s.State))
	}
	return err
}

// LogFile is where the server's output goes.
func (s *Server) LogFile() string { return filepath.Join(s.State, "check.log") }

// LogTail is the end of the server's output, without the lines about single requests and other routine.
func (s *Server) LogTail(lines int) string {
	raw, err := os.ReadFile(s.LogFile())
	if err != nil {
		return err.Error()
	}
	all := slices.DeleteFunc(strings.Split(strings.TrimRight(string(raw), "\n"), "\n"), func(line string) bool {
		return strings.Contains(line, `"message":"request"`) || strings.Contains(line, "Producer job counts") || strings.Contains(line, "Ran successfully")
	})
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

func (s *Server) binary() string {
	if s.options.Binary != "" {
		return s.options.Binary
	}
	return filepath.Join("bin", "ibutsu")
}

// environment is what a server of a check sees. Settings of the caller's own Ibutsu must not reach it: a check would then
// write into that one.
func (s *Server) environment() []string {
	var env []string
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		switch name {
		case "PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "LANG", "LC_ALL", "TZ", "IBUTSU_POSTGRES_BIN", "LD_LIBRARY_PATH":
			env = append(env, kv)
		}
	}
	env = append(env,
		"IBUTSU_SUPERADMIN_EMAIL="+AdminEmail,
		"IBUTSU_SUPERADMIN_PASSWORD="+AdminPassword,
		"IBUTSU_SUPERADMIN_NAME="+AdminName,
	)
	return append(env, s.options.Env...)
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
