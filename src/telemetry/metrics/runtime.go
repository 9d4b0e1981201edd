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
	value := func(i int) float64 { return float64(samples[i].Value.Uint64()) }
	return []Family{
		One("go_heap_objects_bytes", "Memory of objects on the heap.", TypeGauge, value(0)),
		One("go_memory_total_bytes", "Memory that the Go runtime has from the system.", TypeGauge, value(1)),
		One("go_gc_cycles_total", "Collections of garbage.", TypeCounter, value(2)),
		One("go_goroutines", "Goroutines.", TypeGauge, value(3)),
		One("go_gomaxprocs", "Processors that are used.", TypeGauge, float64(runtime.GOMAXPROCS(0))),
	}
}
