package supervise

import (
	"fmt"
	"os"
	"path/filepath"
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
