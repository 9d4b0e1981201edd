package supervise

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// State is the folder that `ibutsu up` keeps everything in.
type State string

// Postgres is the folder of the private PostgreSQL.
func (s State) Postgres() string { return filepath.Join(string(s), "postgres") }

// PostgresLog is what the private PostgreSQL writes to.
func (s State) PostgresLog() string { return filepath.Join(string(s), "log", "postgres.log") }

// AdminPassword is the file that holds the generated password of the first administrator.
func (s State) AdminPassword() string { return filepath.Join(string(s), "admin-password") }

// Sockets gives the folder for the sockets of modules, in which names of up to room bytes can be made.
func (s State) Sockets(room int) (string, error) {
	if err := os.MkdirAll(filepath.Join(string(s), "run"), 0o700); err != nil {
		return "", err
	}
	return ShortDir(filepath.Join(string(s), "run", "m"), filepath.Join(string(s), "run", "m-dir"), room)
}

// Make makes the folder where it is missing. When root makes it, others may pass through but not look into it: PostgreSQL
// runs as another user.
func (s State) Make() error {
	if _, err := os.Stat(string(s)); err == nil {
		return nil
	}
	mode := os.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o711
	}
	if err := os.MkdirAll(string(s), mode); err != nil {
		return fmt.Errorf("making the state folder: %w", err)
	}
	return os.Chmod(string(s), mode) // whatever the umask is
}

// ErrNotRunning says that no private PostgreSQL runs on a state folder.
var ErrNotRunning = errors.New("no ibutsu runs on this state folder")

// RunningPostgres is the address of the private PostgreSQL of an `ibutsu up` that runs on the folder: the other commands
// reach its database by it.
func (s State) RunningPostgres() (string, error) {
	dir, err := filepath.Abs(s.Postgres())
	if err != nil {
		return "", err
	}
	data := filepath.Join(dir, "data")
	pm, err := readPostmaster(data)
	if err != nil {
		return "", err
	}
	if who := occupant(pm.pid, data); pm.pid == 0 || pm.state != "ready" || who == gone || who == foreign {
		return "", fmt.Errorf("%w: %s; start it with: ibutsu up --state %s", ErrNotRunning, s, s)
	}
	socket := filepath.Join(dir, "run")
	if recorded, err := os.ReadFile(filepath.Join(dir, "socket-dir")); err == nil && len(socket)+1+len(socketName) > maxSocketPath {
		socket = strings.TrimSpace(string(recorded))
	}
	return address(socket, "ibutsu"), nil
}
