package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/checks/harness"
)

// house is a database of its own with an administrator, and what is started on it.
type house struct {
	program  string
	dir      string
	database string
	env      []string
	token    string
	log      *os.File
}

// build makes a house on the PostgreSQL of IBUTSU_TEST_DATABASE_URL, which withpg sets.
func build(ctx context.Context, program string, env ...string) (*house, error) {
	server := os.Getenv("IBUTSU_TEST_DATABASE_URL")
	if server == "" {
		return nil, errors.New("IBUTSU_TEST_DATABASE_URL is not set: run it by withpg")
	}
	name := "operate_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	if err := execute(ctx, server, "CREATE DATABASE "+name); err != nil {
		return nil, err
	}
	address, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	address.Path = "/" + name
	return buildOn(program, address.String(), env...)
}

// buildOn makes a house on a database.
func buildOn(program, database string, env ...string) (*house, error) {
	dir, err := os.MkdirTemp("", "ibutsu-operate-")
	if err != nil {
		return nil, err
	}
	h := &house{program: program, dir: dir, database: database}
	h.env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "DATABASE_URL=" + database, "IBUTSU_STATE_DIR=" + dir, "IBUTSU_BCRYPT_COST=4",
		"IBUTSU_SUPERADMIN_EMAIL=" + harness.AdminEmail, "IBUTSU_SUPERADMIN_PASSWORD=" + harness.AdminPassword,
		"IBUTSU_SUPERADMIN_OWN_PROJECT=shop",
	}, env...)
	if h.log, err = os.Create(filepath.Join(dir, "log")); err != nil {
		return nil, err
	}
	return h, nil
}

// close removes what build made.
func (h *house) close() {
	_ = h.log.Close()
	_ = os.RemoveAll(h.dir)
	address, err := url.Parse(h.database)
	if err != nil || !strings.HasPrefix(address.Path, "/operate_") {
		return
	}
	_ = execute(context.Background(), os.Getenv("IBUTSU_TEST_DATABASE_URL"), "DROP DATABASE IF EXISTS "+address.Path[1:]+" WITH (FORCE)")
}

func execute(ctx context.Context, server, statement string) error {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

// process is a running ibutsu.
type process struct {
	*exec.Cmd
	ended chan struct{}
}

// start starts ibutsu; the listener, if any, is passed as a service manager does.
func (h *house) start(passed net.Listener, env []string, args ...string) (*process, error) {
	cmd := exec.Command(h.program, args...)
	cmd.Env = append(append([]string{}, h.env...), env...)
	if l, ok := passed.(*net.TCPListener); ok {
		socket, err := l.File()
		if err != nil {
			return nil, err
		}
		defer socket.Close()
		cmd = exec.Command("/bin/sh", append([]string{"-c", `LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"`, h.program}, args...)...)
		cmd.Env = append(append([]string{}, h.env...), env...)
		cmd.ExtraFiles = []*os.File{socket}
	}
	cmd.Stdout, cmd.Stderr = h.log, h.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{Cmd: cmd, ended: make(chan struct{})}
	go func() { _ = cmd.Wait(); close(p.ended) }()
	return p, nil
}

// stop asks for an orderly end.
func (p *process) stop() error {
	if p == nil {
		return nil
	}
	if err := p.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.ended:
		if !p.ProcessState.Success() {
			return fmt.Errorf("it ended with %s", p.ProcessState)
		}
		return nil
	case <-time.After(time.Minute):
		return errors.Join(errors.New("it did not end within a minute"), p.Process.Kill())
	}
}

// ready waits until /readyz at the address is 200.
func (h *house) ready(ctx context.Context, address string) error {
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	return harness.Await(ctx, "readiness", func() bool {
		resp, err := client.Get("http://" + address + "/readyz")
		return err == nil && resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	})
}

// signIn makes a token of the administrator.
func (h *house) signIn(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, h.program, "token", "create", "--email", harness.AdminEmail, "--name", uuid.NewString())
	cmd.Env = h.env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("token: %w %s", err, stderr.Bytes())
	}
	h.token = strings.TrimSpace(string(out))
	return nil
}

// logged is how often the log has this text.
func (h *house) logged(text string) int {
	raw, err := os.ReadFile(h.log.Name())
	if err != nil {
		return 0
	}
	return bytes.Count(raw, []byte(text))
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
