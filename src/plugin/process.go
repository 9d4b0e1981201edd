package plugin

import (
	"context"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ibutsu/ibutsu-go/src/supervise/child"
)

// process is go-plugin's runner for a child that cannot outlive us. On Linux the kernel kills it with us; everywhere it
// sees the end of its standard input, whose other end we hold and never write to.
type process struct {
	cmd            *exec.Cmd
	executable     Executable
	stdout, stderr *os.File
	lifeline       *os.File

	child  atomic.Pointer[child.Process] // nil until it is started
	closed sync.Once
}

// Start starts the child unless its executable has changed.
func (p *process) Start(context.Context) (err error) {
	if err := p.executable.verify(); err != nil {
		return err
	}
	var theirs []*os.File
	defer func() {
		for _, f := range theirs {
			_ = f.Close()
		}
		if err != nil {
			p.close()
		}
	}()
	pipe := func() (read, write *os.File) {
		if err == nil {
			read, write, err = os.Pipe()
		}
		return read, write
	}
	stdin, lifeline := pipe()
	stdout, stdoutWrite := pipe()
	stderr, stderrWrite := pipe()
	p.lifeline, p.stdout, p.stderr = lifeline, stdout, stderr
	theirs = []*os.File{stdin, stdoutWrite, stderrWrite}
	if err != nil {
		return err
	}
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = stdin, stdoutWrite, stderrWrite
	// A group of its own: an interrupt typed at the terminal is for the host, which drains its modules itself.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	started, err := child.Start(p.cmd, syscall.SIGKILL)
	if err != nil {
		return err
	}
	p.child.Store(started)
	go p.closeAfterEnd()
	return nil
}

// closeAfterEnd closes the pipes even if a grandchild keeps their other ends: go-plugin reads until they end and would
// never see that the child has.
func (p *process) closeAfterEnd() {
	<-p.done()
	time.AfterFunc(time.Second, p.close)
}

func (p *process) close() {
	p.closed.Do(func() {
		for _, f := range []*os.File{p.stdout, p.stderr, p.lifeline} {
			_ = f.Close() // of those that were not made, too: that is an error, and nothing else
		}
	})
}

// Wait returns when the child has ended. go-plugin calls it after it has read both pipes to their ends.
func (p *process) Wait(context.Context) error {
	<-p.done()
	p.close()
	return nil
}

// Kill is kill for go-plugin.
func (p *process) Kill(context.Context) error { return p.kill() }

// kill ends the child at once; one that has ended already, or was never started, is fine.
func (p *process) kill() error {
	if c := p.child.Load(); c != nil {
		return c.Signal(syscall.SIGKILL)
	}
	return nil
}

func (p *process) Stdout() io.ReadCloser { return p.stdout }
func (p *process) Stderr() io.ReadCloser { return p.stderr }
func (p *process) Name() string          { return p.executable.Path }

func (p *process) ID() string { return strconv.Itoa(p.pid()) }

func (p *process) pid() int {
	if c := p.child.Load(); c != nil {
		return c.PID()
	}
	return 0
}

// done is closed when the child has ended. The child must have been started.
func (p *process) done() <-chan struct{} { return p.child.Load().Done() }

// exit says how the child ended; it is empty when it was not started or runs.
func (p *process) exit() string {
	if c := p.child.Load(); c != nil {
		return c.Exit()
	}
	return ""
}

func (p *process) Diagnose(context.Context) string { return "" }

func (p *process) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

func (p *process) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}
