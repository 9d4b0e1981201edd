package doctor

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Burden is how busy a machine is.
type Burden struct {
	// Load is how many processes wanted a processor in the last minute, on average; Cores how many there are.
	Load  float64
	Cores int
	// Available are the bytes of memory that can be had without swapping.
	Available uint64
}

// Burden implements [Machine]; only Linux tells.
func (System) Burden() (Burden, error) {
	b := Burden{Cores: runtime.NumCPU()}
	average, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return b, err
	}
	first, _, _ := strings.Cut(string(average), " ")
	if b.Load, err = strconv.ParseFloat(first, 64); err != nil {
		return b, err
	}
	memory, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return b, err
	}
	for line := range strings.Lines(string(memory)) {
		if rest, ok := strings.CutPrefix(line, "MemAvailable:"); ok {
			kib, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			b.Available = kib << 10
			return b, err
		}
	}
	return b, nil
}

const scarceMemory = 256 * mib

func burden(m Machine) []Finding {
	cpu, memory := Finding{Check: "cpu"}, Finding{Check: "memory"}
	b, err := m.Burden()
	if err != nil {
		cpu.State, cpu.What = Skipped, "the load cannot be told"
		memory.State, memory.What = Skipped, "the free memory cannot be told"
		return []Finding{cpu, memory}
	}
	cpu.State, cpu.What = OK, fmt.Sprintf("load %.1f on %d cores", b.Load, b.Cores)
	if b.Load > 2*float64(b.Cores) {
		cpu.State = Warning
		cpu.Why = "requests wait for a processor"
		cpu.Fix = "see who it is (`top`): postgres, then look at database.activity; ibutsu, then add a backend or a worker elsewhere (docs/scaling.md)"
	}
	memory.State, memory.What = OK, fmt.Sprintf("%d MiB can be had", b.Available/mib)
	if b.Available < scarceMemory {
		memory.State = Warning
		memory.Why = "the system ends processes when there is none left"
		memory.Fix = "lower worker_concurrency, set GOMEMLIMIT or module_memory_max, or lower shared_buffers of PostgreSQL"
	}
	return []Finding{cpu, memory}
}
