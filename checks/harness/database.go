package harness

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Database is the address of the server's database: the one that it was given, or its private cluster, which says in
// postmaster.pid where its socket is.
func (s *Server) Database() (string, error) {
	for _, kv := range s.options.Env {
		if address, ok := strings.CutPrefix(kv, "DATABASE_URL="); ok {
			return address, nil
		}
	}
	raw, err := os.ReadFile(filepath.Join(s.State, "postgres", "data", "postmaster.pid"))
	if err != nil {
		return "", errors.Join(errors.New("no PostgreSQL runs in the server's state folder"), err)
	}
	lines := strings.Split(string(raw), "\n") // process, data folder, start, port, socket folder, ...
	if len(lines) < 5 {
		return "", fmt.Errorf("postmaster.pid has %d lines", len(lines))
	}
	query := url.Values{"host": {lines[4]}, "port": {lines[3]}}
	return (&url.URL{Scheme: "postgres", User: url.User("ibutsu"), Path: "/ibutsu", RawQuery: query.Encode()}).String(), nil
}
