package jobs

import (
	"context"
	"time"

	"github.com/riverqueue/river"
	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// A month of the retention rules is 30 days.
const month = 30 * 24 * time.Hour

// PruneArtifacts deletes artifacts that are older than so many months; fewer than 2 does nothing.
type PruneArtifacts struct {
	Months int `json:"months"`
}

// PruneResults deletes results that are older than so many months, with their artifacts; fewer than 4 does nothing.
type PruneResults struct {
	Months int `json:"months"`
}

// PruneRuns deletes runs that are older than so many months, with their results and artifacts; fewer than 10 does nothing.
type PruneRuns struct {
	Months int `json:"months"`
}

// PruneImports deletes the records of imports that are older than so many days; fewer than 1 does nothing.
type PruneImports struct {
	Days int `json:"days"`
}

// Kind names the job.
func (PruneArtifacts) Kind() string { return "prune_artifacts" }

// Kind names the job.
func (PruneResults) Kind() string { return "prune_results" }

// Kind names the job.
func (PruneRuns) Kind() string { return "prune_runs" }

// Kind names the job.
func (PruneImports) Kind() string { return "prune_imports" }

// InsertOpts puts it among the maintenance.
func (PruneArtifacts) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queueMaintenance} }

// InsertOpts puts it among the maintenance.
func (PruneResults) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queueMaintenance} }

// InsertOpts puts it among the maintenance.
func (PruneRuns) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queueMaintenance} }

// InsertOpts puts it among the maintenance.
func (PruneImports) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queueMaintenance} }

// The floors below which a typing error would delete what people still look at.
const (
	leastArtifactMonths = 2
	leastResultMonths   = 4
	leastRunMonths      = 10
	leastImportDays     = 1
)

// pruner deletes what is older than an age, in batches, so that no reader waits and a killed worker loses one batch.
type pruner[A river.JobArgs] struct {
	river.WorkerDefaults[A]
	age   func(A) (time.Duration, bool)
	prune func(context.Context, time.Time) (store.Pruned, error)
	now   func() time.Time
	log   zerolog.Logger
}

func (w *pruner[A]) Timeout(*river.Job[A]) time.Duration { return -1 }

func (w *pruner[A]) Work(ctx context.Context, job *river.Job[A]) error {
	age, ok := w.age(job.Args)
	if !ok {
		w.log.Info().Str("job", job.Kind).Msg("nothing pruned: the age is below its floor")
		return nil
	}
	then := w.now().UTC().Add(-age)
	gone, err := w.prune(ctx, then)
	w.log.Info().Str("job", job.Kind).Time("before", then).Int64("imports", gone.Imports).Int64("artifacts", gone.Artifacts).
		Int64("results", gone.Results).Int64("runs", gone.Runs).AnErr("error", err).Msg("pruned")
	return err
}

func addPruners(workers *river.Workers, s *store.Store, now func() time.Time, log zerolog.Logger) {
	ofMonths := func(n, least int) (time.Duration, bool) { return time.Duration(n) * month, n >= least }
	river.AddWorker(workers, &pruner[PruneArtifacts]{now: now, log: log, prune: s.PruneArtifacts,
		age: func(a PruneArtifacts) (time.Duration, bool) { return ofMonths(a.Months, leastArtifactMonths) }})
	river.AddWorker(workers, &pruner[PruneResults]{now: now, log: log, prune: s.PruneResults,
		age: func(a PruneResults) (time.Duration, bool) { return ofMonths(a.Months, leastResultMonths) }})
	river.AddWorker(workers, &pruner[PruneRuns]{now: now, log: log, prune: s.PruneRuns,
		age: func(a PruneRuns) (time.Duration, bool) { return ofMonths(a.Months, leastRunMonths) }})
	river.AddWorker(workers, &pruner[PruneImports]{now: now, log: log, prune: s.PruneImports,
		age: func(a PruneImports) (time.Duration, bool) {
			return time.Duration(a.Days) * 24 * time.Hour, a.Days >= leastImportDays
		}})
}
