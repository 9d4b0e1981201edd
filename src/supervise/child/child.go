// Package child starts processes whose end is noticed at once and which, when asked, cannot outlive the process that
// started them.
package child

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// Process is a started child. It is reaped as soon as it ends.
type Process struct {
	pid     int
	process *os.Process
	done    chan struct{}
	err     error
}

// Start starts cmd. When deathSignal is not zero and the system can do so (Linux), the child gets that signal the
// moment this process dies, however it dies.
//
// cmd's standard streams must be nil or *os.File: nothing is copied here, so that the end of the child is never hidden
// behind a grandchild that still holds a pipe.
func Start(cmd *exec.Cmd, deathSignal syscall.Signal) (*Process, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	p := &Process{done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		if deathSignal != 0 {
			setDeathSignal(cmd.SysProcAttr, deathSignal)
			// Linux sends the signal when the starting *thread* ends, so the thread has to live as long as the child:
			// without the lock, Go may end it and the child is killed for no reason.
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
		}
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		p.pid, p.process = cmd.Process.Pid, cmd.Process
		started <- nil
		p.err = cmd.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// PID is the child's process id. It may belong to another process once Done is closed.
func (p *Process) PID() int { return p.pid }

// Done is closed when the child has ended and is reaped.
func (p *Process) Done() <-chan struct{} { return p.done }

// Signal sends a signal; a child that has ended is no error.
func (p *Process) Signal(s syscall.Signal) error {
	err := p.process.Signal(s)
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// Exit says how the child ended, such as "exit status 3" or "signal: killed". It is empty before Done is closed.
func (p *Process) Exit() string {
	select {
	case <-p.done:
	default:
		return ""
	}
	if p.err == nil {
		return "exit status 0"
	}
	if exit, ok := errors.AsType[*exec.ExitError](p.err); ok {
		return exit.String()
	}
	return fmt.Sprintf("waiting failed: %v", p.err)
}
