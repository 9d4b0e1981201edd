package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/ibutsu/ibutsu-go/src/supervise"
)

// site is the server and its modules, of the newest sources that could be built.
type site struct {
	dir      string
	listener net.Listener
	env      []string

	builds  int
	program string
	server  int // process; 0 while there is none
	modules []*process
}

// renew builds, lets a new server take the listener over, and then ends the old one, and the modules.
func (s *site) renew(ctx context.Context) error {
	program, err := s.build(ctx)
	if err != nil {
		return err
	}
	begun := time.Now()
	starting, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	server, err := supervise.Successor{
		Program: program, Arguments: []string{"serve"}, Environment: s.env, Out: os.Stdout, Err: os.Stderr, Apart: true,
	}.Start(starting, s.listener)
	if err != nil {
		_ = os.Remove(program)
		return err
	}
	s.stop()
	if s.program != "" {
		_ = os.Remove(s.program)
	}
	s.program, s.server = program, server
	for _, name := range []string{"worker", "scheduler"} {
		cmd := exec.Command(program, "module", name)
		cmd.Env = s.env
		module, err := start(cmd)
		if err != nil {
			return err
		}
		s.modules = append(s.modules, module)
	}
	fmt.Printf("dev: the new server serves, %s after it was built\n", time.Since(begun).Round(10*time.Millisecond))
	return nil
}

// build makes a program of a new name: the old one may still be asked to start its modules again.
func (s *site) build(ctx context.Context) (string, error) {
	s.builds++
	program := filepath.Join(s.dir, "ibutsu-"+strconv.Itoa(s.builds))
	begun := time.Now()
	// As `make build` does, so that what is compiled already is taken from there.
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", program, "./src/cmd/ibutsu")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // the compilers that it runs, too
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go build: %w", err)
	}
	fmt.Printf("dev: built in %s\n", time.Since(begun).Round(10*time.Millisecond))
	return program, nil
}

// stop ends the server, which answers what it has accepted, and the modules, which hand back what they work on.
func (s *site) stop() {
	for _, m := range s.modules {
		m.stop()
	}
	s.modules = nil
	if s.server == 0 {
		return
	}
	_ = syscall.Kill(s.server, syscall.SIGTERM)
	// Reaped by who has started it: when it is gone there is no process of that number.
	for deadline := time.Now().Add(time.Minute); syscall.Kill(s.server, 0) == nil && time.Now().Before(deadline); {
		<-time.After(20 * time.Millisecond)
	}
	s.server = 0
}

// process is a child with a group of its own: what is typed at the terminal is for us, who end it in good order.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

func start(cmd *exec.Cmd) (*process, error) {
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// stop asks the process to end, and ends its whole group if it does not.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(time.Minute):
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // what it may have left behind
	<-p.ended
}

// startPage starts Vite, which asks the server for what is not the page.
func startPage(address, backend string) (*process, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	web := filepath.Join("src", "web")
	cmd := exec.Command("node", filepath.Join("node_modules", "vite", "bin", "vite.js"), "--host", host, "--port", port, "--strictPort", "--clearScreen", "false")
	cmd.Dir = web
	cmd.Env = append(os.Environ(), "IBUTSU_DEV_SERVER="+backend)
	return start(cmd)
}
