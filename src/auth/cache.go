package auth

import (
	"sync"
	"time"
)

// cache keeps what was read from the database. What was read before a flush is never kept after it.
type cache[K comparable, V any] struct {
	mu         sync.RWMutex
	most       int
	entries    map[K]cached[V]
	generation uint64
}

type cached[V any] struct {
	value V
	read  time.Time
}

func newCache[K comparable, V any](most int) *cache[K, V] {
	return &cache[K, V]{most: most, entries: map[K]cached[V]{}}
}

// get returns what was read since then, and the generation under which a fresh value may be put.
func (c *cache[K, V]) get(key K, since time.Time) (value V, generation uint64, ok bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	e, ok := c.entries[key]
	if !ok || e.read.Before(since) {
		return value, c.generation, false
	}
	return e.value, c.generation, true
}

func (c *cache[K, V]) put(key K, value V, read time.Time, generation uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if generation != c.generation {
		return
	}
	if _, there := c.entries[key]; !there && len(c.entries) >= c.most {
		for other := range c.entries {
			delete(c.entries, other)
			break
		}
	}
	c.entries[key] = cached[V]{value, read}
}

func (c *cache[K, V]) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	clear(c.entries)
}
