package jobs

import (
	"context"
	"os"
	"runtime"
	"time"

	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/store"
)

const (
	// beatEvery is how often a process says that it lives.
	beatEvery = 5 * time.Second
	// rememberDead is how long administrators see a process that died.
	rememberDead = 24 * time.Hour
)

// heartbeat renews the row by which administrators see a worker or a scheduler.
type heartbeat struct {
	store *store.Store
	row   store.WorkerRow
	// leads says whether it is the scheduler that works; nil for a worker.
	leads func() bool
	log   zerolog.Logger
}

func newHeartbeat(s *store.Store, id, role, version string, queues map[string]int, log zerolog.Logger) *heartbeat {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return &heartbeat{store: s, log: log, row: store.WorkerRow{
		ID: id, Role: role, Version: version, Host: host, PID: os.Getpid(), Started: time.Now().UTC(), Queues: queues,
	}}
}

// run beats until ctx ends, then takes the row away.
func (h *heartbeat) run(ctx context.Context) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		h.beat(ctx)
		select {
		case <-ctx.Done():
			ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
			defer cancel()
			if err := h.store.ForgetWorker(ending, h.row.ID); err != nil {
				h.log.Debug().Err(err).Msg("heart-beat not taken away")
			}
			return
		case <-tick.C:
		}
	}
}

func (h *heartbeat) beat(ctx context.Context) {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	h.row.Memory, h.row.Goroutines = int64(memory.Sys-memory.HeapReleased), runtime.NumGoroutine()
	if h.leads != nil {
		h.row.Leads = h.leads()
	}
	asking, cancel := context.WithTimeout(ctx, beatEvery)
	defer cancel()
	if err := h.store.BeatWorker(asking, h.row); err != nil && ctx.Err() == nil {
		h.log.Debug().Err(err).Msg("heart-beat not noted")
	}
}
