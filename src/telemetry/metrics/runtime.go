package metrics

import (
	"runtime"
	"runtime/metrics"
)

// Runtime is how the Go runtime of this process is.
func Runtime() []Family {
	samples := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/total:bytes"},
		{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/sched/goroutines:goroutines"},
	}
	metrics.Read(samples)
	value := func(i int) []Sample { return []Sample{{Value: float64(samples[i].Value.Uint64())}} }
	return []Family{
		{"go_heap_objects_bytes", "Memory of objects on the heap.", "gauge", value(0)},
		{"go_memory_total_bytes", "Memory that the Go runtime has from the system.", "gauge", value(1)},
		{"go_gc_cycles_total", "Collections of garbage.", "counter", value(2)},
		{"go_goroutines", "Goroutines.", "gauge", value(3)},
		{"go_gomaxprocs", "Processors that are used.", "gauge", []Sample{{Value: float64(runtime.GOMAXPROCS(0))}}},
	}
}
