package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// A month of the retention rules is 30 days.
const month = 30 * 24 * time.Hour

// PruneArtifacts deletes artifacts that are older than so many months; fewer than 2 does nothing.
type PruneArtifacts struct {
	Months int  `json:"months"`
	DryRun bool `json:"dry_run,omitempty"`
}

// PruneResults deletes results that are older than so many months, with their artifacts; fewer than 4 does nothing.
type PruneResults struct {
	Months int  `json:"months"`
	DryRun bool `json:"dry_run,omitempty"`
}

// PruneRuns deletes runs that are older than so many months, with their results and artifacts; fewer than 10 does nothing.
type PruneRuns struct {
	Months int  `json:"months"`
	DryRun bool `json:"dry_run,omitempty"`
}

// PruneImports deletes the records of imports that are older than so many days; fewer than 1 does nothing.
type PruneImports struct {
	Days   int  `json:"days"`
	DryRun bool `json:"dry_run,omitempty"`
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

func (a PruneArtifacts) rehearse() river.JobArgs { a.DryRun = true; return a }
func (a PruneResults) rehearse() river.JobArgs   { a.DryRun = true; return a }
func (a PruneRuns) rehearse() river.JobArgs      { a.DryRun = true; return a }
func (a PruneImports) rehearse() river.JobArgs   { a.DryRun = true; return a }

// The floors below which a typing error would delete what people still look at.
const (
	leastArtifactMonths = 2
	leastResultMonths   = 4
	leastRunMonths      = 10
	leastImportDays     = 1
)

// pruner deletes what is older than an age, in small transactions, so that no reader waits and a killed worker loses one.
type pruner[A river.JobArgs] struct {
	river.WorkerDefaults[A]
	store *store.Store
	// rules are what a job deletes, in their order; dryRun says that it only counts.
	rules func(ctx context.Context, args A, now time.Time) (rules []store.Rule, dryRun bool, err error)
	now   func() time.Time
	log   zerolog.Logger
}

func (w *pruner[A]) Timeout(*river.Job[A]) time.Duration { return -1 }

func (w *pruner[A]) Work(ctx context.Context, job *river.Job[A]) error {
	rules, dryRun, err := w.rules(ctx, job.Args, w.now().UTC())
	if err != nil {
		return err
	}
	if len(rules) == 0 {
		w.log.Info().Ctx(ctx).Str("job", job.Kind).Msg("nothing pruned: the age is below its floor")
		return river.RecordOutput(ctx, pruneReport{DryRun: dryRun, Skipped: "the age is below its floor"})
	}
	if dryRun {
		return w.rehearse(ctx, rules)
	}
	return handBack(ctx, w.prune(ctx, job.JobRow, rules))
}

// handBack is the outcome of work that a worker has to end before it is done: another goes on with it, and it is no failure.
func handBack(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || errors.Is(context.Cause(ctx), rivertype.ErrJobCancelledRemotely) {
		return err
	}
	return river.JobSnooze(time.Second)
}

// pruneReport is what a job says that it did, or would do.
type pruneReport struct {
	DryRun  bool         `json:"dry_run"`
	Deleted store.Pruned `json:"deleted"`
	// Projects are told beforehand only.
	Projects []projectReport `json:"projects,omitempty"`
	// Disk is what the tables take up before and after, where much was deleted.
	Disk    map[string]diskReport `json:"disk,omitempty"`
	Skipped string                `json:"skipped,omitempty"`
}

type projectReport struct {
	Kind    string       `json:"kind"`
	Project *string      `json:"project"`
	Name    *string      `json:"name"`
	Before  time.Time    `json:"before"`
	Deleted store.Pruned `json:"deleted"`
}

type diskReport struct {
	Before store.Disk `json:"before"`
	After  store.Disk `json:"after"`
}

// Preview is what rules delete of one project.
type Preview = projectReport

// maxReported bounds the projects that the output of a job names; it is kept in the queue's own table.
const maxReported = 1000

func preview(ctx context.Context, s *store.Store, rules []store.Rule) (projects []projectReport, sum store.Pruned, err error) {
	projects = []projectReport{}
	for _, rule := range rules {
		lose, err := s.PrunePreview(ctx, rule)
		if err != nil {
			return nil, sum, err
		}
		for _, p := range lose {
			sum.Add(p.Pruned)
			report := projectReport{Kind: rule.Kind, Name: p.Name, Before: p.Before, Deleted: p.Pruned}
			if p.Project != nil {
				id := p.Project.String()
				report.Project = &id
			}
			projects = append(projects, report)
		}
	}
	return projects, sum, nil
}

func (w *pruner[A]) rehearse(ctx context.Context, rules []store.Rule) error {
	projects, sum, err := preview(ctx, w.store, rules)
	if err != nil {
		return err
	}
	return river.RecordOutput(ctx, pruneReport{DryRun: true, Deleted: sum, Projects: projects[:min(len(projects), maxReported)]})
}

const (
	// tellEvery is how often the job's row says how far it is.
	tellEvery = time.Second
	// vacuumEvery is after how many deleted rows their room is made usable again, while the job goes on: else the tally and
	// the indexes would grow with each transaction.
	vacuumEvery = 200_000
	// muchDeleted is from how many deleted rows on the disk is given back at the end.
	muchDeleted = 10_000
)

// pruneTables are what retention deletes from, what is known of failures, and the deltas and notes that each transaction adds.
var pruneTables = []string{"artifacts", "results", "runs", "imports", "import_chunks", "result_failures", "failure_words",
	"result_tally", "result_tally_days", "field_tally", "run_days", "jenkins_builds", "project_versions", "failures_changed", "runs_changed"}

func (w *pruner[A]) prune(ctx context.Context, row *rivertype.JobRow, rules []store.Rule) error {
	// What an attempt that was killed had done counts, too.
	done := doneBefore(row)
	var sinceVacuum int64
	told := time.Now()
	tell := func(ctx context.Context, gone store.Pruned) error {
		done.Add(gone)
		if sinceVacuum += gone.Artifacts + gone.Results + gone.Runs; sinceVacuum >= vacuumEvery {
			sinceVacuum = 0
			if err := w.vacuum(ctx, nil); err != nil {
				return err
			}
		}
		if time.Since(told) < tellEvery {
			return nil
		}
		told = time.Now()
		return w.progress(ctx, row.ID, done)
	}
	for _, rule := range rules {
		if _, err := w.store.Prune(ctx, rule, tell); err != nil {
			return errors.Join(err, w.progress(context.WithoutCancel(ctx), row.ID, done))
		}
	}
	report := pruneReport{Deleted: done}
	if done.Artifacts+done.Results+done.Runs+done.Imports >= muchDeleted {
		if err := w.progress(ctx, row.ID, done); err != nil {
			return err
		}
		report.Disk = map[string]diskReport{}
		if err := w.vacuum(ctx, report.Disk); err != nil {
			return err
		}
	}
	w.log.Info().Ctx(ctx).Str("job", row.Kind).Int64("imports", done.Imports).Int64("artifacts", done.Artifacts).Int64("results", done.Results).
		Int64("runs", done.Runs).Int64("bytes", done.Bytes).Msg("pruned")
	return river.RecordOutput(ctx, report)
}

func doneBefore(row *rivertype.JobRow) store.Pruned {
	var kept struct {
		Progress struct {
			Deleted store.Pruned `json:"deleted"`
		} `json:"progress"`
	}
	if json.Unmarshal(row.Metadata, &kept) != nil {
		return store.Pruned{}
	}
	return kept.Progress.Deleted
}

func (w *pruner[A]) progress(ctx context.Context, id int64, done store.Pruned) error {
	text, err := json.Marshal(map[string]any{"deleted": done})
	if err != nil {
		return err
	}
	return w.store.SetJobProgress(ctx, id, text)
}

// vacuum makes the room of deleted rows usable again, and notes in disk, if it is not nil, what that gave back.
func (w *pruner[A]) vacuum(ctx context.Context, disk map[string]diskReport) error {
	// What is known of the failures that were deleted goes now, not when the scheduler comes to it.
	if err := w.store.FoldFailures(ctx); err != nil {
		return err
	}
	for _, table := range pruneTables {
		before, err := w.store.DiskOf(ctx, table)
		if err != nil {
			return err
		}
		if err := w.store.Vacuum(ctx, table); err != nil {
			return err
		}
		if disk == nil {
			continue
		}
		after, err := w.store.DiskOf(ctx, table)
		if err != nil {
			return err
		}
		if after != before {
			disk[table] = diskReport{before, after}
		}
	}
	return nil
}

func addPruners(workers *river.Workers, s *store.Store, now func() time.Time, log zerolog.Logger) {
	older := func(kind string, age time.Duration, enough bool, now time.Time) []store.Rule {
		if !enough {
			return nil
		}
		return []store.Rule{{Kind: kind, Before: now.Add(-age)}}
	}
	river.AddWorker(workers, &pruner[PruneArtifacts]{store: s, now: now, log: log, rules: func(_ context.Context, a PruneArtifacts, now time.Time) ([]store.Rule, bool, error) {
		return older(store.KindArtifacts, time.Duration(a.Months)*month, a.Months >= leastArtifactMonths, now), a.DryRun, nil
	}})
	river.AddWorker(workers, &pruner[PruneResults]{store: s, now: now, log: log, rules: func(_ context.Context, a PruneResults, now time.Time) ([]store.Rule, bool, error) {
		return older(store.KindResults, time.Duration(a.Months)*month, a.Months >= leastResultMonths, now), a.DryRun, nil
	}})
	river.AddWorker(workers, &pruner[PruneRuns]{store: s, now: now, log: log, rules: func(_ context.Context, a PruneRuns, now time.Time) ([]store.Rule, bool, error) {
		return older(store.KindRuns, time.Duration(a.Months)*month, a.Months >= leastRunMonths, now), a.DryRun, nil
	}})
	river.AddWorker(workers, &pruner[PruneImports]{store: s, now: now, log: log, rules: func(_ context.Context, a PruneImports, now time.Time) ([]store.Rule, bool, error) {
		return older(store.KindImports, time.Duration(a.Days)*24*time.Hour, a.Days >= leastImportDays, now), a.DryRun, nil
	}})
	river.AddWorker(workers, &pruner[Retention]{store: s, now: now, log: log, rules: func(ctx context.Context, a Retention, now time.Time) ([]store.Rule, bool, error) {
		rules, err := a.rules(ctx, s, now)
		return rules, a.DryRun, err
	}})
	river.AddWorker(workers, &giveBack{store: s, log: log})
}

// GiveBack gives the room of deleted rows back to the machine.
type GiveBack struct {
	// Reindex makes the indexes anew beside the old ones, while everything goes on.
	Reindex bool `json:"reindex"`
	// Full writes the tables anew, which nobody can read or write meanwhile.
	Full bool `json:"full"`
}

// Kind names the job.
func (GiveBack) Kind() string { return "give_back" }

// InsertOpts puts it among the maintenance. It is not tried often: what it waits for may be a whole working day.
func (GiveBack) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueMaintenance, MaxAttempts: 3}
}

type giveBack struct {
	river.WorkerDefaults[GiveBack]
	store *store.Store
	log   zerolog.Logger
}

// Timeout is none: it reads whole tables.
func (w *giveBack) Timeout(*river.Job[GiveBack]) time.Duration { return -1 }

func (w *giveBack) Work(ctx context.Context, job *river.Job[GiveBack]) error {
	disk := map[string]diskReport{}
	for _, table := range pruneTables {
		before, err := w.store.DiskOf(ctx, table)
		if err != nil {
			return err
		}
		steps := []func(context.Context, string) error{w.store.Vacuum}
		if job.Args.Full {
			steps = []func(context.Context, string) error{w.store.Rewrite}
		} else if job.Args.Reindex {
			steps = append(steps, w.store.Reindex)
		}
		for step := range slices.Values(steps) {
			if err := step(ctx, table); err != nil {
				return handBack(ctx, err)
			}
		}
		after, err := w.store.DiskOf(ctx, table)
		if err != nil {
			return err
		}
		disk[table] = diskReport{before, after}
		w.log.Info().Ctx(ctx).Str("table", table).Int64("before", before.Table+before.Indexes).Int64("after", after.Table+after.Indexes).Msg("room given back")
	}
	return river.RecordOutput(ctx, map[string]any{"disk": disk})
}
