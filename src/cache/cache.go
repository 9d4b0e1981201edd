// Package cache keeps values that can be computed again: in the memory of this process, and in Redis or Valkey, shared by
// all processes, where there is one. Nothing is only here: losing a cache costs time, never an answer.
package cache

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/telemetry/metrics"
)

// Cache keeps values for a while. It may forget any of them at any time. Safe for concurrent use.
type Cache interface {
	// Get returns a value that was kept. It must not be changed.
	Get(ctx context.Context, key string) ([]byte, bool)
	// Set keeps a value for so long at most.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration)
	// Measure is what the cache counts.
	Measure() []metrics.Family
	// Close gives up connections.
	Close()
}

// Options say where to keep values.
type Options struct {
	// RedisURL is a redis://, rediss:// or unix:// address; "" keeps everything in this process.
	RedisURL string
	// Namespace keeps several installations apart that share a Redis.
	Namespace string
	// Bytes bounds what this process keeps, 0 means 32 MiB.
	Bytes int
	Log   zerolog.Logger
	Now   func() time.Time // nil: time.Now
}

const defaultBytes = 32 << 20

// Open returns the cache of a process. A Redis that cannot be reached is no error: this process then keeps values by
// itself, until it can. Only an address that cannot be one is.
func Open(o Options) (Cache, error) {
	if o.Bytes <= 0 {
		o.Bytes = defaultBytes
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.RedisURL == "" {
		return NewMemory(o.Bytes, o.Now), nil
	}
	return openShared(o)
}
