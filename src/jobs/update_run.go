package jobs

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// UpdateRun counts a run anew and gives it what it lacks from its first result.
type UpdateRun struct {
	RunID uuid.UUID `json:"run_id"`
}

// Kind names the job.
func (UpdateRun) Kind() string { return "update_run" }

type updateRun struct {
	river.WorkerDefaults[UpdateRun]
	store *store.Store
}

func (w *updateRun) Work(ctx context.Context, job *river.Job[UpdateRun]) error {
	return w.store.RecountRun(ctx, job.Args.RunID)
}

// SyncRuns looks for runs of the last hours whose summary does not fit their results. The database counts in the transaction
// of the rows, so that there should be none; what another program wrote past its triggers is put right here.
type SyncRuns struct {
	// DryRun only counts such runs.
	DryRun bool `json:"dry_run,omitempty"`
}

func (a SyncRuns) rehearse() river.JobArgs { a.DryRun = true; return a }

// Kind names the job.
func (SyncRuns) Kind() string { return "sync_runs" }

// InsertOpts puts it among the maintenance.
func (SyncRuns) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queueMaintenance} }

// syncWindow is how far back runs are looked at.
const syncWindow = 3 * time.Hour

type syncRuns struct {
	river.WorkerDefaults[SyncRuns]
	store  *store.Store
	client *Client
	now    func() time.Time
}

func (w *syncRuns) Work(ctx context.Context, job *river.Job[SyncRuns]) error {
	ids, err := w.store.MiscountedRuns(ctx, w.now().UTC().Add(-syncWindow))
	if err != nil {
		return err
	}
	if err := river.RecordOutput(ctx, map[string]any{"dry_run": job.Args.DryRun, "runs": len(ids)}); err != nil {
		return err
	}
	if job.Args.DryRun || len(ids) == 0 {
		return nil
	}
	return w.store.InTx(ctx, func(tx pgx.Tx) error { return w.client.addRuns(ctx, tx, ids, w.now()) })
}

// AddResultStartTime copies the metadata's starttime to start_time in the results of a run, as an old migration wanted.
type AddResultStartTime struct {
	RunID uuid.UUID `json:"run_id"`
}

// Kind names the job.
func (AddResultStartTime) Kind() string { return "add_result_start_time" }

// InsertOpts puts it among the maintenance.
func (AddResultStartTime) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueMaintenance}
}

type addResultStartTime struct {
	river.WorkerDefaults[AddResultStartTime]
	store *store.Store
}

func (w *addResultStartTime) Work(ctx context.Context, job *river.Job[AddResultStartTime]) error {
	_, err := w.store.CopyStartTimes(ctx, job.Args.RunID)
	return err
}
