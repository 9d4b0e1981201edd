package jobs

import (
	"context"
	"time"

	"github.com/riverqueue/river"
)

// TallyWishes looks for fields of the metadata that dashboards often count the long way, and proposes a tally for each; where
// the configuration allows it, it makes them.
type TallyWishes struct{}

// Kind names the job.
func (TallyWishes) Kind() string { return "tally_wishes" }

// InsertOpts puts it among the maintenance.
func (TallyWishes) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queueMaintenance} }

type tallyWishes struct {
	river.WorkerDefaults[TallyWishes]
	tend func(context.Context) error
}

// Timeout is none: a tally is counted from all results of its field.
func (w *tallyWishes) Timeout(*river.Job[TallyWishes]) time.Duration { return -1 }

func (w *tallyWishes) Work(ctx context.Context, _ *river.Job[TallyWishes]) error {
	if w.tend == nil {
		return nil
	}
	return w.tend(ctx)
}
