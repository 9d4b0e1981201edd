package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ibutsu/ibutsu-go/src/config"
)

// privateDatabaseNote is the file in the state folder that says where the private PostgreSQL of `ibutsu up` is.
const privateDatabaseNote = "database-url"

// privateOrigin marks a database address that came from that file.
const privateOrigin = "from the private PostgreSQL of state_dir"

// notePrivateDatabase leaves the address for the other commands (`ibutsu token create --state DIR`). It is written whole or
// not at all: a command that reads half an address would ask a wrong server.
func notePrivateDatabase(stateDir, url string) error {
	path := filepath.Join(stateDir, privateDatabaseNote)
	if err := os.WriteFile(path+".new", []byte(url+"\n"), 0o600); err != nil {
		return fmt.Errorf("noting where the private database is: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("noting where the private database is: %w", err)
	}
	return nil
}

// privateDatabase reads that address; it is empty when there is none.
func privateDatabase(stateDir string) (config.Secret, error) {
	text, err := os.ReadFile(filepath.Join(stateDir, privateDatabaseNote))
	if errors.Is(err, fs.ErrNotExist) || stateDir == "" {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("finding the private database of %s: %w", stateDir, err)
	}
	return config.Secret(strings.TrimSpace(string(text))), nil
}
