package cache

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/ibutsu/ibutsu-go/src/telemetry/metrics"
)

// Memory keeps values in this process: the most recently used ones, up to a number of bytes.
type Memory struct {
	mu      sync.Mutex
	most    int
	bytes   int
	now     func() time.Time
	entries map[string]*list.Element
	recent  *list.List // of *entry, most recent first

	measures measures
}

type entry struct {
	key   string
	value []byte
	until time.Time
}

// overhead is about what an entry takes beside key and value, in bytes.
const overhead = 256

func (e *entry) size() int { return len(e.key) + len(e.value) + overhead }

// NewMemory returns an empty cache of so many bytes.
func NewMemory(bytes int, now func() time.Time) *Memory {
	return &Memory{most: bytes, now: now, entries: map[string]*list.Element{}, recent: list.New(), measures: newMeasures()}
}

// Get returns a value that was kept.
func (m *Memory) Get(_ context.Context, key string) ([]byte, bool) {
	value, ok := m.get(key)
	found := fromNone
	if ok {
		found = fromMemory
	}
	m.measures.look(key, found)
	return value, ok
}

func (m *Memory) get(key string) ([]byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	element, ok := m.entries[key]
	if !ok {
		return nil, false
	}
	e := element.Value.(*entry)
	if !m.now().Before(e.until) {
		m.remove(element)
		return nil, false
	}
	m.recent.MoveToFront(element)
	return e.value, true
}

// Set keeps a value. One that would take more than an eighth of the room is not worth what it would push out.
func (m *Memory) Set(_ context.Context, key string, value []byte, ttl time.Duration) {
	e := &entry{key: key, value: value, until: m.now().Add(ttl)}
	m.mu.Lock()
	defer m.mu.Unlock()
	if old, ok := m.entries[key]; ok {
		m.remove(old)
	}
	if ttl <= 0 || e.size() > m.most/8 {
		return
	}
	m.entries[key] = m.recent.PushFront(e)
	m.bytes += e.size()
	for m.bytes > m.most {
		m.remove(m.recent.Back())
	}
}

// Measure is what the cache counts, and how full it is.
func (m *Memory) Measure() []metrics.Family {
	m.mu.Lock()
	bytes := m.bytes
	m.mu.Unlock()
	return append(m.measures.families(), metrics.One("ibutsu_cache_bytes", "Bytes of values that this process keeps by itself.", metrics.TypeGauge, float64(bytes)))
}

// Close does nothing.
func (m *Memory) Close() {}

func (m *Memory) remove(element *list.Element) {
	e := m.recent.Remove(element).(*entry)
	delete(m.entries, e.key)
	m.bytes -= e.size()
}
