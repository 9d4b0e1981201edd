package supervise

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// Notifier tells systemd how this process is (sd_notify). Without systemd it does nothing.
type Notifier struct {
	address  string
	watchdog time.Duration
}

// NewNotifier reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID by lookup, which is os.Getenv in a program.
func NewNotifier(lookup func(string) string) Notifier {
	n := Notifier{address: lookup("NOTIFY_SOCKET")}
	if n.address == "" {
		return n
	}
	if pid := lookup("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return n // meant for a parent of ours
	}
	if usec, err := strconv.ParseInt(lookup("WATCHDOG_USEC"), 10, 64); err == nil && usec > 0 {
		n.watchdog = time.Duration(usec) * time.Microsecond
	}
	return n
}

// WatchdogInterval is how often Alive has to be called: a third of the time after which systemd kills the process. Zero
// means that no watchdog runs.
func (n Notifier) WatchdogInterval() time.Duration { return n.watchdog / 3 }

// Ready says that the service works.
func (n Notifier) Ready() error { return n.send("READY=1") }

// Succeeded says that another process is the service from now on, and works.
func (n Notifier) Succeeded(pid int) error {
	return n.send("MAINPID=" + strconv.Itoa(pid) + "\nREADY=1")
}

// Stopping says that the service drains.
func (n Notifier) Stopping() error { return n.send("STOPPING=1") }

// Alive feeds the watchdog.
func (n Notifier) Alive() error { return n.send("WATCHDOG=1") }

// Status is the line that systemctl status shows.
func (n Notifier) Status(text string) error {
	return n.send("STATUS=" + strings.ReplaceAll(text, "\n", " "))
}

func (n Notifier) send(state string) error {
	if n.address == "" {
		return nil
	}
	// Go turns a leading @ into the zero byte of an abstract address by itself.
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: n.address, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("telling systemd %s: %w", state, err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write([]byte(state)); err != nil {
		return fmt.Errorf("telling systemd %s: %w", state, err)
	}
	return nil
}
