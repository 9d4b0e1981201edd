package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Database is the address of the server's database: the one that it was given, or that of its private cluster, which it
// leaves in its state folder for the other commands.
func (s *Server) Database() (string, error) {
	for _, kv := range s.options.Env {
		if address, ok := strings.CutPrefix(kv, "DATABASE_URL="); ok {
			return address, nil
		}
	}
	raw, err := os.ReadFile(filepath.Join(s.State, "database-url"))
	if err != nil {
		return "", fmt.Errorf("finding the server's database: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}
