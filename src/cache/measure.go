package cache

import (
	"strings"

	"github.com/ibutsu/ibutsu-go/src/telemetry/metrics"
)

// Where a value was found.
const (
	fromMemory = "memory" // of this process: with Redis, by client-side caching
	fromRedis  = "redis"
	fromNone   = "none"
)

// measures count look-ups by the kind of value, which is what stands before the colon of its key.
type measures struct{ looked, errors *metrics.Counter }

func newMeasures() measures {
	return measures{
		looked: metrics.NewCounter("ibutsu_cache_requests_total", "Look-ups in the cache by kind of value and where it was found; none is a miss.", "kind", "found"),
		errors: metrics.NewCounter("ibutsu_redis_errors_total", "How often Redis did not answer as it should."),
	}
}

func (m measures) look(key, found string) {
	kind, _, _ := strings.Cut(key, ":")
	m.looked.Add(1, kind, found)
}

func (m measures) families() []metrics.Family {
	return []metrics.Family{m.looked.Family(), m.errors.Family()}
}
