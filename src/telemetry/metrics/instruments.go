package metrics

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	// mostLabels is how many labels an instrument may have.
	mostLabels = 3
	// mostSeries bounds the memory of an instrument whose labels turn out to have more values than was thought: what
	// comes on top is counted under otherValue.
	mostSeries = 2000
	otherValue = "other"
)

// values are the values of an instrument's labels. An array is a key that costs no allocation.
type values [mostLabels]string

// series are the cells of an instrument, by the values of its labels. Safe for concurrent use.
type series[T any] struct {
	name, help string
	labels     []string
	fresh      func() *T

	mutex sync.RWMutex
	cells map[values]*T
}

func newSeries[T any](name, help string, labels []string, fresh func() *T) series[T] {
	if len(labels) > mostLabels {
		panic("metrics: " + name + " has too many labels") // a mistake of the program, seen by its first test
	}
	return series[T]{name: name, help: help, labels: labels, fresh: fresh, cells: map[values]*T{}}
}

func (s *series[T]) of(labels []string) *T {
	var key values
	copy(key[:len(s.labels)], labels)
	s.mutex.RLock()
	cell, ok := s.cells[key]
	s.mutex.RUnlock()
	if ok {
		return cell
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if len(s.cells) >= mostSeries {
		for i := range s.labels {
			key[i] = otherValue
		}
	}
	if cell, ok = s.cells[key]; !ok {
		cell = s.fresh()
		s.cells[key] = cell
	}
	return cell
}

// family reads all cells, in the order of their labels.
func (s *series[T]) family(kind string, read func(*T) Sample) Family {
	s.mutex.RLock()
	defer s.mutex.RUnlock()
	f := Family{Name: s.name, Help: s.help, Type: kind, Samples: make([]Sample, 0, len(s.cells))}
	for key, cell := range s.cells {
		sample := read(cell)
		for i, name := range s.labels {
			sample.Labels = append(sample.Labels, Label{name, key[i]})
		}
		f.Samples = append(f.Samples, sample)
	}
	slices.SortFunc(f.Samples, func(a, b Sample) int {
		return slices.CompareFunc(a.Labels, b.Labels, func(x, y Label) int { return cmp.Compare(x.Value, y.Value) })
	})
	return f
}

// Counter counts events by the values of its labels. Safe for concurrent use.
type Counter struct{ series series[atomic.Int64] }

// NewCounter makes a counter. The values of its labels must be few, and stay as they are: no names that clients choose.
func NewCounter(name, help string, labels ...string) *Counter {
	c := &Counter{newSeries(name, help, labels, func() *atomic.Int64 { return new(atomic.Int64) })}
	if len(labels) == 0 {
		c.Add(0)
	}
	return c
}

// Add counts n events. labels are the values, in the order of NewCounter.
func (c *Counter) Add(n int64, labels ...string) { c.series.of(labels).Add(n) }

// Family is what was counted.
func (c *Counter) Family() Family {
	return c.series.family(TypeCounter, func(n *atomic.Int64) Sample { return Sample{Value: float64(n.Load())} })
}

// Histogram tells how values are distributed, by the values of its labels. Safe for concurrent use.
type Histogram struct {
	ends   []float64
	series series[cell]
}

type cell struct {
	counts []atomic.Int64
	sum    atomic.Uint64 // the bits of a float64
}

// NewHistogram makes a histogram; ends are the upper ends of its buckets. About its labels see NewCounter.
func NewHistogram(name, help string, ends []float64, labels ...string) *Histogram {
	h := &Histogram{ends, newSeries(name, help, labels, func() *cell { return &cell{counts: make([]atomic.Int64, len(ends)+1)} })}
	if len(labels) == 0 {
		h.series.of(nil)
	}
	return h
}

// Observe notes a value. labels are the values, in the order of NewHistogram.
func (h *Histogram) Observe(value float64, labels ...string) {
	c := h.series.of(labels)
	bucket := 0
	for bucket < len(h.ends) && value > h.ends[bucket] {
		bucket++
	}
	c.counts[bucket].Add(1)
	for {
		old := c.sum.Load()
		if c.sum.CompareAndSwap(old, math.Float64bits(math.Float64frombits(old)+value)) {
			return
		}
	}
}

// Family is what was noted.
func (h *Histogram) Family() Family {
	return h.series.family(TypeHistogram, func(c *cell) Sample {
		d := &Distribution{Ends: h.ends, Counts: make([]int64, len(c.counts)), Sum: math.Float64frombits(c.sum.Load())}
		for i := range c.counts {
			d.Counts[i] = c.counts[i].Load()
		}
		return Sample{Distribution: d}
	})
}
