package harness

import (
	"strings"

	"github.com/ibutsu/ibutsu-go/src/supervise"
)

// Database is the address of the server's database: the one that it was given, or its private cluster.
func (s *Server) Database() (string, error) {
	for _, kv := range s.options.Env {
		if address, ok := strings.CutPrefix(kv, "DATABASE_URL="); ok {
			return address, nil
		}
	}
	return supervise.State(s.State).RunningPostgres()
}
