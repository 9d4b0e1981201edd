package harness

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Database is the address of the server's database: the one that it was given, or its private cluster.
func (s *Server) Database() (string, error) {
	for _, kv := range s.options.Env {
		if address, ok := strings.CutPrefix(kv, "DATABASE_URL="); ok {
			return address, nil
		}
	}
	var pidFile string
	err := filepath.WalkDir(s.State, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "postmaster.pid" {
			pidFile = path
			return fs.SkipAll
		}
		return err
	})
	if err != nil {
		return "", err
	}
	if pidFile == "" {
		return "", errors.New("no PostgreSQL runs in the server's state folder")
	}
	raw, err := os.ReadFile(pidFile)
	if err != nil {
		return "", err
	}
	lines := strings.Split(string(raw), "\n") // process, data folder, start, port, socket folder, ...
	if len(lines) < 5 {
		return "", fmt.Errorf("%s has %d lines", pidFile, len(lines))
	}
	query := url.Values{"host": {lines[4]}, "port": {lines[3]}}
	return (&url.URL{Scheme: "postgres", User: url.User("ibutsu"), Path: "/ibutsu", RawQuery: query.Encode()}).String(), nil
}
