package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/riverqueue/river"
	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/artifact"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// MoveArtifacts brings the contents of all artifacts into one store.
type MoveArtifacts struct {
	// To is postgresql, files or s3.
	To string `json:"to"`
}

// Kind names the job.
func (MoveArtifacts) Kind() string { return "move_artifacts" }

// InsertOpts puts it among the maintenance.
func (MoveArtifacts) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queueMaintenance} }

type moveArtifacts struct {
	river.WorkerDefaults[MoveArtifacts]
	library *artifact.Library
	store   *store.Store
	log     zerolog.Logger
}

// Timeout is none: it moves whatever there is.
func (w *moveArtifacts) Timeout(*river.Job[MoveArtifacts]) time.Duration { return -1 }

// errNoLibrary means that the worker was not told where contents are.
var errNoLibrary = errors.New("this worker knows no stores of artifacts")

func (w *moveArtifacts) Work(ctx context.Context, job *river.Job[MoveArtifacts]) error {
	if w.library == nil {
		return errNoLibrary
	}
	told := time.Now()
	tell := func(ctx context.Context, m artifact.Moved) error {
		if time.Since(told) < tellEvery {
			return nil
		}
		told = time.Now()
		text, err := json.Marshal(m)
		if err != nil {
			return err
		}
		return w.store.SetJobProgress(ctx, job.ID, text)
	}
	moved, err := w.library.Move(ctx, job.Args.To, tell)
	if err != nil {
		return handBack(ctx, err)
	}
	w.log.Info().Ctx(ctx).Str("to", job.Args.To).Int64("contents", moved.Contents).Int64("bytes", moved.Bytes).Int64("damaged", moved.Damaged).Msg("artifacts moved")
	return river.RecordOutput(ctx, moved)
}

// SweepArtifacts deletes contents outside of the database that no artifact has any more.
type SweepArtifacts struct {
	DryRun bool `json:"dry_run,omitempty"`
}

// Kind names the job.
func (SweepArtifacts) Kind() string { return "sweep_artifacts" }

// InsertOpts puts it among the maintenance.
func (SweepArtifacts) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queueMaintenance} }

func (a SweepArtifacts) rehearse() river.JobArgs { a.DryRun = true; return a }

// sweepGrace is how old a content has to be that no artifact has: the transaction of an import that is still being read may be
// about to need it.
const sweepGrace = 48 * time.Hour

type sweepArtifacts struct {
	river.WorkerDefaults[SweepArtifacts]
	library *artifact.Library
	now     func() time.Time
	log     zerolog.Logger
}

// Timeout is none: it lists whole stores.
func (w *sweepArtifacts) Timeout(*river.Job[SweepArtifacts]) time.Duration { return -1 }

func (w *sweepArtifacts) Work(ctx context.Context, job *river.Job[SweepArtifacts]) error {
	if w.library == nil {
		return errNoLibrary
	}
	swept, err := w.library.Sweep(ctx, w.now().UTC().Add(-sweepGrace), job.Args.DryRun)
	if err != nil {
		return handBack(ctx, err)
	}
	w.log.Info().Ctx(ctx).Bool("dry_run", job.Args.DryRun).Int64("unused", swept.Unused).Int64("strays", swept.Strays).Int64("bytes", swept.Bytes).Msg("artifacts swept")
	return river.RecordOutput(ctx, map[string]any{"dry_run": job.Args.DryRun, "unused": swept.Unused, "strays": swept.Strays, "bytes": swept.Bytes})
}
