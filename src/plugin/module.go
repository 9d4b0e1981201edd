// Package plugin runs parts of Ibutsu as processes of their own, so that each of them can crash, hang or run out of
// memory alone.
//
// A [Module] is such a part; [Serve] is the main loop of its process, [Host] starts that process, watches it and starts it
// again. Host and module speak gRPC over a private unix socket, with certificates made for that one process.
package plugin

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/telemetry/metrics"
)

// Module is a part of Ibutsu that runs as a process of its own. Configure comes first and once, then Run once; the other
// methods may be called at any time after Configure and at the same time.
type Module interface {
	// Configure takes the settings of the host as JSON. It has to check them, and leaves the work to Run.
	Configure(ctx context.Context, config []byte) error
	// Run works until Drain has done its part (then it returns nil), until ctx ends (then it stops at once), or until it
	// cannot go on. emit tells the operator something; it never blocks and may be called by several goroutines, but not
	// after Run has returned.
	Run(ctx context.Context, emit func(Event)) error
	// Drain takes no new work and waits for what is at hand until ctx ends. It makes Run return.
	Drain(ctx context.Context) error
	// Health answers at once. A module that waits for the database is not OK and says so; it is not restarted for that.
	Health(ctx context.Context) Health
	// Stats gives figures for metrics. RSS and Goroutines are filled in by Serve.
	Stats(ctx context.Context) Stats
}

// Event is something that the operator should read.
type Event struct {
	Time    time.Time // now when zero
	Level   zerolog.Level
	Message string
	Fields  map[string]string
}

// Health is how a module is.
type Health struct {
	OK     bool
	Detail string    // one line for people
	Since  time.Time // when OK last changed; filled in by Serve
}

// Stats are figures of a module's process.
type Stats struct {
	Counters    map[string]int64
	JobsRunning int64
	RSS         uint64 // resident memory in bytes, zero when unknown
	Goroutines  int
	Metrics     []metrics.Family // for /metrics
}

// Adjustable is a module whose log can become more or less while it runs.
type Adjustable interface {
	// SetLogLevel takes trace, debug, info, warn or error.
	SetLogLevel(level string) error
}
