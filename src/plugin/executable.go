package plugin

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	goplugin "github.com/hashicorp/go-plugin"
)

// Executable is a program whose bytes are known.
type Executable struct {
	Path     string
	Checksum []byte // SHA-256
}

// ErrChanged says that a program is not the one that was measured, and is therefore not started.
var ErrChanged = errors.New("the executable has changed since it was measured")

// selfPath is this program, whatever has become of its file.
const selfPath = "/proc/self/exe"

// Self is the program that runs now. On Linux it is named in a way that stays true when an upgrade puts another file in
// its place: a module that is started again next week is of the same version as its host.
func Self() (Executable, error) {
	if runtime.GOOS == "linux" {
		if e, err := Measure(selfPath); err == nil {
			return e, nil
		}
	}
	path, err := os.Executable()
	if err != nil {
		return Executable{}, fmt.Errorf("finding this program: %w", err)
	}
	return Measure(path)
}

// Measure reads the program at path.
func Measure(path string) (Executable, error) {
	file, err := os.Open(path)
	if err != nil {
		return Executable{}, fmt.Errorf("measuring an executable: %w", err)
	}
	defer func() { _ = file.Close() }()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return Executable{}, fmt.Errorf("measuring %s: %w", path, err)
	}
	return Executable{Path: path, Checksum: hash.Sum(nil)}, nil
}

// MeasureTrusted is Measure for a program of a third party. One that somebody else than root or this user could have put
// there or changed is refused: it would run with our rights.
func MeasureTrusted(path string) (Executable, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Executable{}, err
	}
	if !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
		return Executable{}, fmt.Errorf("%s is no program", path)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return Executable{}, errors.New("others may write to it; chmod go-w")
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || (st.Uid != 0 && int(st.Uid) != os.Geteuid()) {
		return Executable{}, errors.New("it belongs neither to root nor to the user that ibutsu runs as")
	}
	return Measure(path)
}

// name is what the process is called in lists of processes.
func (e Executable) name() string {
	if e.Path == selfPath {
		return "ibutsu"
	}
	return filepath.Base(e.Path)
}

// verify reads the program again. go-plugin's own check cannot be used together with a runner of ours, but its comparison
// can.
func (e Executable) verify() error {
	secure := goplugin.SecureConfig{Checksum: e.Checksum, Hash: sha256.New()}
	same, err := secure.Check(e.Path)
	if err != nil {
		return fmt.Errorf("checking %s: %w", e.Path, err)
	}
	if !same {
		return fmt.Errorf("%s: %w", e.Path, ErrChanged)
	}
	return nil
}
