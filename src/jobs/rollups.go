package jobs

import (
	"context"
	"time"

	"github.com/riverqueue/river"
	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// RecountRollups proves the tally against the results and puts it right where they differ. Writers wait meanwhile.
type RecountRollups struct{}

// Kind names the job.
func (RecountRollups) Kind() string { return "recount_rollups" }

// InsertOpts puts it among the maintenance.
func (RecountRollups) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queueMaintenance} }

type recountRollups struct {
	river.WorkerDefaults[RecountRollups]
	store *store.Store
	log   zerolog.Logger
}

// Timeout is none: it reads all results.
func (w *recountRollups) Timeout(*river.Job[RecountRollups]) time.Duration { return -1 }

func (w *recountRollups) Work(ctx context.Context, _ *river.Job[RecountRollups]) error {
	wrong, err := w.store.RebuildRollups(ctx)
	if err != nil {
		return err
	}
	level := zerolog.InfoLevel
	if wrong > 0 {
		level = zerolog.ErrorLevel
	}
	w.log.WithLevel(level).Int64("wrong", wrong).Msg("tally counted anew")
	return nil
}
