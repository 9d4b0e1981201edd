package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/importer"
	"github.com/ibutsu/ibutsu-go/src/ingest"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// Import turns an uploaded file into a run.
type Import struct {
	ImportID uuid.UUID `json:"import_id"`
	// UserID is who uploaded it: a project that only the report names must be one of theirs.
	UserID uuid.UUID `json:"user_id"`
}

// Kind names the job.
func (Import) Kind() string { return "import" }

// InsertOpts gives imports a queue of their own. A fault of the file is not tried again; this many tries are for the database's.
func (Import) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueImports, MaxAttempts: 12}
}

type importWorker struct {
	river.WorkerDefaults[Import]
	store   *store.Store
	client  *Client
	formats []importer.Format
	limits  importer.Limits
	keeper  ingest.Keeper
	log     zerolog.Logger

	measures *importMeasures
}

// Timeout is none: a report of a million cases takes its time, and says how far it is.
func (w *importWorker) Timeout(*river.Job[Import]) time.Duration { return -1 }

// importData is what the record of an import says of it.
type importData struct {
	ProjectID *uuid.UUID      `json:"project_id"`
	Metadata  json.RawMessage `json:"metadata"`
	Source    *string         `json:"source"`
}

func (w *importWorker) Work(ctx context.Context, job *river.Job[Import]) error {
	record, err := w.store.Import(ctx, job.Args.ImportID)
	if errors.Is(err, store.ErrNotFound) {
		return nil // deleted while it waited
	}
	if err != nil {
		return err
	}
	if record.Status != nil && (*record.Status == store.ImportDone || *record.Status == store.ImportError) {
		return nil // done by an attempt whose end was not noted
	}
	err = w.run(ctx, record, job.Args.UserID)
	var fault *importer.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &fault):
		return w.fail(ctx, record.ID, fault.Error())
	case errors.Is(err, store.ErrForeign):
		return w.fail(ctx, record.ID, "a run or result of this report has the id of one that belongs to another project")
	case errors.Is(err, store.ErrInvalid):
		return w.fail(ctx, record.ID, "the database refuses a value of this report: "+reason(err))
	case errors.Is(err, store.ErrNotFound):
		return w.fail(ctx, record.ID, "the uploaded file is empty or gone")
	case errors.Is(context.Cause(ctx), rivertype.ErrJobCancelledRemotely):
		return errors.Join(err, w.cancelled(context.WithoutCancel(ctx), record.ID))
	case ctx.Err() != nil:
		// The worker is to end: nothing was written, and the next one begins anew. Not an attempt that failed.
		return river.JobSnooze(time.Second)
	case job.Attempt >= job.MaxAttempts:
		return errors.Join(err, w.fail(context.WithoutCancel(ctx), record.ID, "given up after several attempts: "+reason(err)))
	}
	// It waits for its next try, which may be minutes away. That this is not seen is no reason to fail.
	return errors.Join(err, w.store.SetImportState(context.WithoutCancel(ctx), record.ID, store.ImportPending, nil))
}

// cancelled ends an import that somebody wants to end.
func (w *importWorker) cancelled(ctx context.Context, id uuid.UUID) error {
	by, err := w.store.ImportCancelledBy(ctx, id)
	if err != nil {
		return err
	}
	return w.fail(ctx, id, "cancelled by "+by)
}

// reason is an error without what only an operator should read.
func reason(err error) string {
	for _, sentinel := range []error{store.ErrInvalid, store.ErrReference, store.ErrConflict, store.ErrTimeout, store.ErrUnavailable} {
		if errors.Is(err, sentinel) {
			return sentinel.Error()
		}
	}
	return "internal error, see the server's log"
}

func (w *importWorker) fail(ctx context.Context, id uuid.UUID, why string) error {
	w.log.Warn().Ctx(ctx).Stringer("import", id).Str("reason", why).Msg("import failed")
	merge, err := json.Marshal(map[string]any{"error": why})
	if err != nil {
		return err
	}
	return w.store.SetImportState(ctx, id, store.ImportError, merge)
}

func (w *importWorker) run(ctx context.Context, record store.Import, user uuid.UUID) error {
	var data importData
	if len(record.Data) > 0 {
		if err := json.Unmarshal(record.Data, &data); err != nil {
			return &importer.Error{Reason: "the import's record cannot be read", Err: err}
		}
	}
	if err := w.store.SetImportState(ctx, record.ID, store.ImportRunning, nil); err != nil {
		return err
	}
	file, err := w.store.ImportFile(ctx, record)
	if err != nil {
		return err
	}
	started := time.Now()
	var report importer.Report
	err = ingest.InBulk(ctx, w.store, func(b *ingest.Bulk) error {
		b.Keeper = w.keeper
		if format, err := importer.Sniff(w.formats, file.Name(), nil); err == nil {
			b.Archived = format.Name() == importer.Archive{}.Name()
		}
		sink := &bulkSink{bulk: b, store: w.store, record: record.ID, log: w.log, told: started}
		report, err = importer.Import(ctx, w.formats, file, importer.Options{
			RunID:      importer.DeriveRunID(record.ID),
			ProjectID:  data.ProjectID,
			Metadata:   data.Metadata,
			Source:     data.Source,
			ImportedAt: record.Created,
			Limits:     w.limits,
			ResolveProject: func(ctx context.Context, nameOrID string) (*uuid.UUID, error) {
				return w.store.ProjectForImport(ctx, nameOrID, user)
			},
		}, sink)
		if err != nil {
			return err
		}
		if err := b.Flush(); err != nil {
			return err
		}
		return w.finish(ctx, b, record.ID, report)
	})
	w.measures.note(report.Format, importOutcome(err), file.Size(), report.Results, time.Since(started))
	if err != nil {
		return err
	}
	w.log.Info().Ctx(ctx).Stringer("import", record.ID).Str("format", report.Format).Int64("results", report.Results).
		Int64("artifacts", report.Artifacts).Dur("took", time.Since(started)).Msg("import done")
	return nil
}

// finish notes the end of an import in the transaction of its rows, so that a killed worker leaves either all or nothing.
func (w *importWorker) finish(ctx context.Context, b *ingest.Bulk, id uuid.UUID, report importer.Report) error {
	said := map[string]any{"run_id": report.Runs, "results": report.Results}
	if len(report.Notes) > 0 {
		said["notes"] = report.Notes
	}
	merge, err := json.Marshal(said)
	if err != nil {
		return err
	}
	if err := w.store.SetImportStateTx(ctx, b.Tx(), id, store.ImportDone, merge); err != nil {
		return err
	}
	if _, err := w.store.ClearImportFileTx(ctx, b.Tx(), id); err != nil {
		return err
	}
	if report.Format != (importer.Archive{}).Name() {
		return nil // of the others the run keeps what its report says: duration, environment, component
	}
	return w.client.addRuns(ctx, b.Tx(), report.Runs, w.client.now())
}

// bulkSink hands the rows of a report to the write path.
type bulkSink struct {
	bulk   *ingest.Bulk
	store  *store.Store
	record uuid.UUID
	log    zerolog.Logger
	told   time.Time
}

func (s *bulkSink) BeginRun(_ context.Context, r importer.Run) error {
	return s.bulk.Run(store.Run{ID: r.ID, ProjectID: r.ProjectID, Data: r.Metadata, Env: r.Env, Component: r.Component, Source: r.Source,
		StartTime: r.StartTime, Duration: r.Duration, Summary: r.Summary, Created: r.Created})
}

func (s *bulkSink) Result(_ context.Context, r importer.Result) error {
	return s.bulk.Result(store.Result{ID: r.ID, ProjectID: r.ProjectID, RunID: &r.RunID, TestID: r.TestID, Result: r.Result, Data: r.Metadata,
		Params: r.Params, Duration: r.Duration, StartTime: r.StartTime, Source: r.Source, Env: r.Env, Component: r.Component})
}

func (s *bulkSink) Artifact(_ context.Context, a importer.Artifact) error {
	content, err := io.ReadAll(a.Content)
	if err != nil {
		return err
	}
	return s.bulk.Artifact(store.Artifact{ID: a.ID, ResultID: a.ResultID, RunID: a.RunID, Filename: &a.Filename, Data: a.Data,
		Content: content})
}

func (s *bulkSink) EndRun(_ context.Context, r importer.Run) error {
	if r.Duration == nil {
		return nil
	}
	return s.bulk.EndRun(r.ID, *r.Duration)
}

// Progress goes to the record once a second, past the import's own transaction, which is seen only when it is over.
func (s *bulkSink) Progress(done, total int64) {
	if time.Since(s.told) < time.Second {
		return
	}
	s.told = time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := s.store.SetImportProgress(ctx, s.record, done, total); err != nil {
		s.log.Debug().Err(err).Msg("progress not noted")
	}
}

// ClearImport forgets the file of an import that is over.
type ClearImport struct {
	ImportID uuid.UUID `json:"import_id"`
}

// Kind names the job.
func (ClearImport) Kind() string { return "clear_import" }

type clearImport struct {
	river.WorkerDefaults[ClearImport]
	store *store.Store
}

func (w *clearImport) Work(ctx context.Context, job *river.Job[ClearImport]) error {
	record, err := w.store.Import(ctx, job.Args.ImportID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if record.Status == nil || *record.Status != store.ImportDone && *record.Status != store.ImportError {
		return nil
	}
	_, err = w.store.ClearImportFile(ctx, record.ID)
	return err
}
