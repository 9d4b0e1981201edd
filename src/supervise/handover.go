package supervise

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// handoverVariable tells a process that it takes over from one that runs: its listener is file 3, and file 4 is where it
// says that it serves.
const handoverVariable = "LISTEN_HANDOVER"

// Successor is a process that takes over a listener.
type Successor struct {
	// Program, Arguments and Environment start it.
	Program     string
	Arguments   []string
	Environment []string
	// Out and Err are its standard output and error.
	Out, Err io.Writer
	// Apart gives it a process group of its own: what is typed at the terminal is then for its predecessor alone.
	Apart bool
}

// Start starts it with the listener and waits until it serves. When it ends before, or ctx does, that is an error, the
// successor is gone, and nothing has changed.
func (s Successor) Start(ctx context.Context, l net.Listener) (pid int, err error) {
	socket, err := duplicate(l)
	if err != nil {
		return 0, fmt.Errorf("handing over the listener: %w", err)
	}
	defer func() { _ = socket.Close() }()
	read, write, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer func() { _ = read.Close() }()
	cmd := exec.Command(s.Program, s.Arguments...) //nolint:noctx // it goes on when this process ends
	cmd.Env = append(withoutVariables(s.Environment, handoverVariable, "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_PID"), handoverVariable+"=1")
	cmd.Stdout, cmd.Stderr = s.Out, s.Err
	cmd.ExtraFiles = []*os.File{socket, write}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: s.Apart}
	err = cmd.Start()
	_ = write.Close()
	if err != nil {
		return 0, fmt.Errorf("starting the successor: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	said := make(chan bool, 1)
	go func() {
		n, _ := read.Read(make([]byte, 1)) // 0 when the successor ends without a word
		said <- n == 1
	}()
	select {
	case serves := <-said:
		if serves {
			return cmd.Process.Pid, nil
		}
		err = fmt.Errorf("the successor ended before it served: %w", errors.Join(<-ended, errNoWord))
	case <-ctx.Done():
		_ = cmd.Process.Kill()
		<-ended //nolint:errcheck // it was killed
		err = fmt.Errorf("the successor did not serve in time: %w", ctx.Err())
	}
	return 0, err
}

var errNoWord = errors.New("its own lines say why")

// duplicate is the listener's socket as a file. A unix socket stays when this process closes its listener.
func duplicate(l net.Listener) (*os.File, error) {
	switch l := l.(type) {
	case *net.TCPListener:
		return l.File()
	case *net.UnixListener:
		l.SetUnlinkOnClose(false)
		return l.File()
	}
	return nil, fmt.Errorf("a %T cannot be handed over", l)
}

func withoutVariables(environ []string, names ...string) []string {
	var kept []string
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		drop := false
		for _, n := range names {
			drop = drop || n == name
		}
		if !drop {
			kept = append(kept, entry)
		}
	}
	return kept
}

// Inheritance is what a successor gets from the process before it.
type Inheritance struct {
	Listener net.Listener
	word     *os.File
}

// Inherit returns what was handed over to this process, nil when nothing was. It is asked once, before files are opened.
func Inherit() (*Inheritance, error) {
	if os.Getenv(handoverVariable) == "" {
		return nil, nil
	}
	_ = os.Unsetenv(handoverVariable)
	for fd := firstPassed; fd <= firstPassed+1; fd++ {
		syscall.CloseOnExec(fd)
	}
	socket := os.NewFile(firstPassed, "handed over listener")
	defer func() { _ = socket.Close() }() // the listener has a copy of its own
	l, err := net.FileListener(socket)
	if err != nil {
		return nil, fmt.Errorf("using the listener that was handed over: %w", err)
	}
	return &Inheritance{Listener: l, word: os.NewFile(firstPassed+1, "handover")}, nil
}

// Serving tells the process before this one that it may go.
func (i *Inheritance) Serving() error {
	if i == nil {
		return nil
	}
	_, err := i.word.Write([]byte{1})
	return errors.Join(err, i.word.Close())
}
