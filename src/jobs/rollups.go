package jobs

import (
	"context"
	"time"

	"github.com/riverqueue/river"
	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// RecountRollups proves the tally against the results and puts it right where they differ. Writers wait meanwhile.
type RecountRollups struct {
	// DryRun only counts what differs.
	DryRun bool `json:"dry_run,omitempty"`
}

func (a RecountRollups) rehearse() river.JobArgs { a.DryRun = true; return a }

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

func (w *recountRollups) Work(ctx context.Context, job *river.Job[RecountRollups]) error {
	count := w.store.RebuildRollups
	if job.Args.DryRun {
		count = w.store.WrongRollups
	}
	wrong, err := count(ctx)
	if err != nil {
		return err
	}
	level := zerolog.InfoLevel
	if wrong > 0 {
		level = zerolog.ErrorLevel
	}
	w.log.WithLevel(level).Ctx(ctx).Int64("wrong", wrong).Bool("dry_run", job.Args.DryRun).Msg("tally counted anew")
	return river.RecordOutput(ctx, map[string]any{"dry_run": job.Args.DryRun, "wrong": wrong})
}
