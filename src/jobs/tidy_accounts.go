package jobs

import (
	"context"
	"time"

	"github.com/riverqueue/river"
	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// TidyAccounts deletes sign-ins that have ended, and records of who changed what that are older than so long.
type TidyAccounts struct {
	// Audit is how long records are kept, in seconds; 0 for ever.
	Audit int64 `json:"audit_seconds"`
}

// Kind names the job.
func (TidyAccounts) Kind() string { return "tidy_accounts" }

// InsertOpts puts it among the maintenance.
func (TidyAccounts) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queueMaintenance} }

type tidyAccounts struct {
	river.WorkerDefaults[TidyAccounts]
	store *store.Store
	now   func() time.Time
	log   zerolog.Logger
}

func (w *tidyAccounts) Timeout(*river.Job[TidyAccounts]) time.Duration { return -1 }

func (w *tidyAccounts) Work(ctx context.Context, job *river.Job[TidyAccounts]) error {
	now := w.now()
	ended, err := w.store.Tidy(ctx, now)
	if err != nil {
		return err
	}
	var records int64
	if job.Args.Audit > 0 {
		if records, err = w.store.PruneAudit(ctx, now.Add(-time.Duration(job.Args.Audit)*time.Second)); err != nil {
			return err
		}
	}
	if ended+records > 0 {
		w.log.Info().Ctx(ctx).Int64("sign_ins", ended).Int64("records", records).Msg("sign-ins that ended and old records are deleted")
	}
	return nil
}
