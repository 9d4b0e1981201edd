package supervise

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxSocketPath is what fits into the address of a unix socket on every system that we run on (104 bytes on macOS, 108
// on Linux, each with its closing zero).
const maxSocketPath = 103

// ShortDir returns a private folder (0700, ours alone) in which sockets whose names take up to room bytes can be made.
// It is preferred itself when its path is short enough; else a folder with a name made from it, under XDG_RUNTIME_DIR or
// /tmp. The choice is written to the file record, so that a later start finds the same folder.
func ShortDir(preferred, record string, room int) (string, error) {
	us := account{uid: uint32(os.Geteuid())}
	return shortDir(preferred, record, room, us, os.Getenv("XDG_RUNTIME_DIR"))
}

func shortDir(preferred, record string, room int, who account, runtimeDir string) (string, error) {
	preferred, err := filepath.Abs(preferred)
	if err != nil {
		return "", err
	}
	fits := func(dir string) bool { return len(dir)+1+room <= maxSocketPath }
	if fits(preferred) {
		if err := who.own(preferred); err != nil {
			return "", fmt.Errorf("making the socket folder: %w", err)
		}
		return preferred, nil
	}
	sum := sha256.Sum256([]byte(preferred))
	name := "ibutsu-" + hex.EncodeToString(sum[:8])
	candidates := []string{filepath.Join("/tmp", name)}
	if runtimeDir != "" && !who.other {
		candidates = append([]string{filepath.Join(runtimeDir, name)}, candidates...)
	}
	if text, err := os.ReadFile(record); err == nil {
		candidates = append([]string{strings.TrimSpace(string(text))}, candidates...)
	}
	var problems []error
	for _, dir := range candidates {
		if filepath.Base(dir) != name || !fits(dir) {
			continue
		}
		if err := claim(dir, who); err != nil {
			problems = append(problems, err)
			continue
		}
		if err := os.WriteFile(record, []byte(dir+"\n"), 0o600); err != nil { //nolint:gosec // in our own folder
			return "", fmt.Errorf("noting the socket folder: %w", err)
		}
		return dir, nil
	}
	return "", fmt.Errorf("%s is too long a path for a socket, and no short folder could be made: %w", preferred, errors.Join(problems...))
}

// claim makes dir, or takes it over when it is private and belongs to who. In /tmp anybody can make a folder or a link of
// that name first, so what is there is never trusted and never followed.
func claim(dir string, who account) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) { //nolint:gosec // it is looked at before it is used
		return err
	}
	info, err := os.Lstat(dir) //nolint:gosec // it is looked at before it is used
	if err != nil {
		return err
	}
	uid, _, ok := owner(dir)
	ours := ok && (uid == who.uid || uid == uint32(os.Geteuid()))
	if !info.IsDir() || !ours || info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s exists and is not a private folder of ours", dir)
	}
	return who.own(dir)
}
