package telemetry

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"

	"github.com/rs/zerolog"
)

// maxRelayed is the longest line that a relay keeps waiting for its end; a longer one is cut.
const maxRelayed = 64 << 10

// Relay takes what a child process writes to its standard error: JSON lines of our own loggers go to the sink as they
// are, everything else (a panic, a library's print) becomes a line of the logger. It is safe for concurrent use.
type Relay struct {
	sink  io.Writer
	log   zerolog.Logger
	level zerolog.Level

	mu      sync.Mutex
	pending []byte
}

// NewRelay makes a relay; level is that of lines that are no JSON.
func NewRelay(sink io.Writer, log zerolog.Logger, level zerolog.Level) *Relay {
	return &Relay{sink: sink, log: log, level: level}
}

// Write implements [io.Writer]; it never fails, for a child must not die of a log that cannot be written.
func (r *Relay) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending = append(r.pending, p...)
	for {
		line, rest, ended := bytes.Cut(r.pending, []byte("\n"))
		if !ended && len(r.pending) <= maxRelayed {
			return len(p), nil
		}
		r.emit(line)
		r.pending = append(r.pending[:0], rest...)
	}
}

// Flush writes a last line that has no end.
func (r *Relay) Flush() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.emit(r.pending)
	r.pending = r.pending[:0]
}

func (r *Relay) emit(line []byte) {
	line = bytes.TrimRight(line, "\r")
	switch {
	case len(bytes.TrimSpace(line)) == 0:
	case isOurs(line):
		_, _ = r.sink.Write(append(bytes.Clone(line), '\n'))
	default:
		r.log.WithLevel(r.level).Msg(string(line))
	}
}

// isOurs tells lines of a zerolog logger from other JSON that a library may print.
func isOurs(line []byte) bool {
	if line[0] != '{' || !json.Valid(line) {
		return false
	}
	var fields struct {
		Level *string `json:"level"`
		Time  *string `json:"time"`
	}
	return json.Unmarshal(line, &fields) == nil && fields.Level != nil && fields.Time != nil
}
