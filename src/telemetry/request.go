package telemetry

import (
	"net/http"
	"strings"
	"time"

	"github.com/rs/zerolog"
)

// Request is one line of the access log.
type Request struct {
	// ID is the request id that the answer carries, too.
	ID string
	// Method and Route (the template, such as /api/run/{id}) say what was asked for; Path is the path as asked.
	Method, Route, Path string
	Status              int
	// Bytes are the bytes of the answer's body.
	Bytes    int64
	Duration time.Duration
	// Client is the address of the client, User the id of the signed-in user or empty.
	Client, User string
	// Err is why the answer is a 5xx, for the log alone.
	Err error
}

// Log writes the line: an error for 5xx, else info. The query is left out, it may hold tokens and codes.
func (r Request) Log(log *zerolog.Logger) {
	level := zerolog.InfoLevel
	if r.Status >= http.StatusInternalServerError {
		level = zerolog.ErrorLevel
	}
	path, _, _ := strings.Cut(r.Path, "?")
	event := log.WithLevel(level).Str("request_id", r.ID).Str("method", r.Method).Str("path", path).Str("route", r.Route).
		Int("status", r.Status).Int64("bytes", r.Bytes).
		Float64("ms", float64(r.Duration.Microseconds())/1000).Str("client", r.Client)
	if r.User != "" {
		event = event.Str("user", r.User)
	}
	event.Err(r.Err).Msg("request")
}
