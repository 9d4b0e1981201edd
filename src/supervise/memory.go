package supervise

import (
	"context"
	"os"
	"runtime/debug"
	"strconv"
	"time"
)

// TuneMemory sets what the Go runtime may use, where GOGC and GOMEMLIMIT leave it open. share is this process's part of
// a control group's memory limit, between 0 and 1; without a limit it means nothing. percent is the garbage collector's
// target, as in GOGC: lower is smaller and costs processor time.
func TuneMemory(share float64, percent int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
	if limit := groupMemoryLimit(); limit != 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(float64(limit) * share))
	}
}

// MemoryEnvironment is what a child process gets in place of an unset GOGC and GOMEMLIMIT, by the same rules.
func MemoryEnvironment(share float64, percent int) []string {
	var env []string
	if os.Getenv("GOGC") == "" {
		env = append(env, "GOGC="+strconv.Itoa(percent))
	}
	if limit := groupMemoryLimit(); limit != 0 && os.Getenv("GOMEMLIMIT") == "" {
		env = append(env, "GOMEMLIMIT="+strconv.FormatInt(int64(float64(limit)*share), 10))
	}
	return env
}

// ReleaseAfterStart gives the memory that the start has used back to the system, once, after the delay. The runtime does
// it by itself only over many minutes, and a process that idles from its first second would keep it all the while.
func ReleaseAfterStart(ctx context.Context, delay time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(delay):
		debug.FreeOSMemory()
		releaseProgram()
	}
}
