package supervise

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// postmaster is what a PostgreSQL server writes into postmaster.pid.
type postmaster struct {
	pid   int
	state string // "starting", "ready", "standby", "stopping"; empty in a file that is being written
}

const pidFile = "postmaster.pid"

// readPostmaster reads the file of the server that runs, or ran, on the data folder. A folder without one, and a file
// that is not complete yet, give a zero postmaster.
func readPostmaster(data string) (postmaster, error) {
	text, err := os.ReadFile(filepath.Join(data, pidFile))
	if errors.Is(err, fs.ErrNotExist) {
		return postmaster{}, nil
	}
	if err != nil {
		return postmaster{}, fmt.Errorf("reading %s: %w", pidFile, err)
	}
	lines := strings.Split(string(text), "\n")
	pid, _ := strconv.Atoi(strings.TrimSpace(lines[0])) // zero when it is being written
	if pid <= 0 {
		return postmaster{}, nil
	}
	pm := postmaster{pid: pid}
	if len(lines) >= 8 {
		pm.state = strings.TrimSpace(lines[7])
	}
	return pm, nil
}

// occupation is what the process of a postmaster.pid turns out to be.
type occupation int

const (
	gone    occupation = iota // no such process
	running                   // the server of this data folder
	foreign                   // another process got the number, as happens after a reboot and in every container
	unknown                   // it cannot be told
)

// occupant says who has the number of a postmaster.pid. PostgreSQL itself refuses to start when the number is taken,
// whoever has it: a machine that lost power would need a hand without this.
func occupant(pid int, data string) occupation {
	if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
		return gone
	}
	return serves(pid, data)
}
