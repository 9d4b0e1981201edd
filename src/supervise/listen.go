package supervise

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// firstPassed is the number of the first socket that systemd passes.
const firstPassed = 3

// Listen opens the listener that address names: "HOST:PORT", ":PORT", or "unix:PATH" (a path with a slash at its
// beginning is taken as one, too). A socket that systemd passed is used instead of the address, so that restarts refuse
// no connection. A TCP port of 0 means any free one.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	passed, err := passedListener()
	if passed != nil || err != nil {
		return passed, err
	}
	var config net.ListenConfig
	path, isPath := strings.CutPrefix(address, "unix:")
	if !isPath && !strings.HasPrefix(address, "/") {
		l, err := config.Listen(ctx, "tcp", address)
		if errors.Is(err, syscall.EADDRINUSE) {
			return nil, fmt.Errorf("%s is in use by another program; choose another address with --listen: %w", address, err)
		}
		if errors.Is(err, syscall.EACCES) {
			return nil, fmt.Errorf("this user may not listen on %s; choose a port above 1023 with --listen: %w", address, err)
		}
		if err != nil {
			return nil, fmt.Errorf("listening on %q (wanted: HOST:PORT, :PORT or unix:PATH): %w", address, err)
		}
		return l, nil
	}
	if err := removeStaleSocket(ctx, path); err != nil {
		return nil, err
	}
	l, err := config.Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("listening on the socket %s: %w", path, err)
	}
	// The group may connect, such as the one of a reverse proxy; others may not.
	if err := os.Chmod(path, 0o660); err != nil { //nolint:gosec // the group is meant
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// removeStaleSocket removes a socket that nobody listens on, which a killed process leaves behind. A file of another
// kind and a live socket stay.
func removeStaleSocket(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("listening on %s: there is a file that is no socket", path)
	}
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(ctx, "unix", path)
	if err == nil {
		_ = conn.Close()
		return fmt.Errorf("listening on %s: another program does already", path)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("listening on %s: %w", path, err)
	}
	return os.Remove(path)
}

// passedListener is the socket that systemd opened for us (LISTEN_PID, LISTEN_FDS), nil when there is none. The
// variables are taken out of the environment, so that no child takes them for its own.
func passedListener() (net.Listener, error) {
	pid, fds := os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS")
	if pid != strconv.Itoa(os.Getpid()) {
		return nil, nil
	}
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		_ = os.Unsetenv(name)
	}
	n, err := strconv.Atoi(fds)
	if err != nil || n < 1 {
		return nil, nil
	}
	if n > 1 {
		return nil, fmt.Errorf("systemd passed %d sockets, but one is served: keep one ListenStream= in the socket unit", n)
	}
	syscall.CloseOnExec(firstPassed)
	file := os.NewFile(firstPassed, "LISTEN_FD_3")
	defer func() { _ = file.Close() }() // the listener has a copy of its own
	l, err := net.FileListener(file)
	if err != nil {
		return nil, fmt.Errorf("using the socket that systemd passed: %w", err)
	}
	return l, nil
}
