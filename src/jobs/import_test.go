package jobs_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/importer"
	"github.com/ibutsu/ibutsu-go/src/jobs"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// told is what the record of an import says, for whoever asks.
func (b *bench) told(id uuid.UUID) (i store.LoggedImport, fault string) {
	b.Helper()
	i, err := b.store.LoggedImport(context.Background(), id)
	require.NoError(b, err)
	require.NoError(b, b.store.Pool().QueryRow(context.Background(), `SELECT coalesce(data ->> 'error', '') FROM imports WHERE id = $1`, id).Scan(&fault))
	return i, fault
}

func TestAFailedImportBeginsAnew(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.upload("r.xml", `<testsuite><testcase name="a"></testsuite>`)
	require.ErrorIs(t, b.client.RetryImport(t.Context(), id, b.user), jobs.ErrNotFailed)
	b.work()
	for range 2 { // with its job in the queue, and without
		b.until("error", `SELECT status = 'error' AND started <= finished FROM imports WHERE id = $1`, id)
		b.until("its job is over", `SELECT NOT EXISTS (SELECT 1 FROM river_job WHERE state = 'running')`)
		b.exec(`DELETE FROM river_job WHERE attempt > 1`)
		require.NoError(t, b.client.RetryImport(t.Context(), id, b.user))
	}
	b.until("error", `SELECT status = 'error' FROM imports WHERE id = $1`, id)
	b.until("its job is over", `SELECT NOT EXISTS (SELECT 1 FROM river_job WHERE state = 'running')`)
	b.exec(`UPDATE import_chunks SET content = convert_to($1, 'UTF8')`, junit(3))
	job := int64(b.number(`SELECT max(id) FROM river_job WHERE kind = 'import'`))
	_, err := b.client.Retry(t.Context(), job)
	require.NoError(t, err, "by its job, as an administrator does")
	b.until("done", `SELECT status = 'done' FROM imports WHERE id = $1`, id)
	require.Equal(t, 3, b.number(`SELECT count(*) FROM results`))
	_, fault := b.told(id)
	require.Empty(t, fault)
	require.ErrorIs(t, b.client.RetryImport(t.Context(), id, b.user), jobs.ErrNotFailed)
}

func TestAnImportWithoutItsFileIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.upload("r.xml", "")
	b.exec(`UPDATE imports SET status = 'error'`)
	require.ErrorIs(t, b.client.RetryImport(t.Context(), id, b.user), jobs.ErrFileGone)
	i, _ := b.told(id)
	require.Equal(t, store.ImportError, *i.Status)
	require.False(t, i.Kept)
}

func TestAnImportThatWaitsIsCancelled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.upload("r.xml", junit(3))
	require.NoError(t, b.client.CancelImport(t.Context(), id, "Ann"))
	i, fault := b.told(id)
	require.Equal(t, store.ImportError, *i.Status)
	require.Equal(t, "cancelled by Ann", fault)
	require.Equal(t, 1, b.number(`SELECT count(*) FROM river_job WHERE state = 'cancelled'`))
	require.ErrorIs(t, b.client.CancelImport(t.Context(), id, "Ann"), jobs.ErrOver)
	require.NoError(t, b.client.RetryImport(t.Context(), id, b.user))
	i, _ = b.told(id)
	require.Nil(t, i.CancelledBy)
	b.work()
	b.until("done", `SELECT status = 'done' FROM imports WHERE id = $1`, id)
}

func TestAnImportThatRunsIsCancelled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.upload("r.slow", "x")
	reading := &slow{begun: make(chan struct{})}
	b.workOn(reading)
	<-reading.begun
	require.NoError(t, b.client.CancelImport(t.Context(), id, "Ann"))
	b.until("error", `SELECT status = 'error' AND data ->> 'error' = 'cancelled by Ann' FROM imports WHERE id = $1`, id)
	require.Zero(t, b.number(`SELECT count(*) FROM runs`), "nothing of it is stored")
	b.until("its job, too", `SELECT state = 'cancelled' FROM river_job WHERE kind = 'import'`)
}

// TestAnImportThatNobodyCanEndHasEnded: its worker died between the wish and hearing of it.
func TestAnImportThatNobodyCanEndHasEnded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.upload("r.xml", junit(3))
	b.exec(`UPDATE imports SET status = 'running'`)
	b.exec(`UPDATE river_job SET state = 'running', attempt = 1, attempted_by = '{worker-dead}'`)
	require.NoError(t, b.client.CancelImport(t.Context(), id, "Ann"))
	i, _ := b.told(id)
	require.Equal(t, store.ImportRunning, *i.Status)
	require.Equal(t, "Ann", *i.CancelledBy)
	n, err := b.store.RescueJobs(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(1), n)
	i, fault := b.told(id)
	require.Equal(t, store.ImportError, *i.Status)
	require.Equal(t, "cancelled by Ann", fault)
}

func TestHowFarAnImportIsCanBeSeenWhileItsRowsCannot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.upload("r.slow", "x")
	reading := &slow{begun: make(chan struct{})}
	b.workOn(reading)
	<-reading.begun
	b.until("progress", `SELECT data -> 'progress' = '{"done": 3, "total": 10}' AND status = 'running' AND started IS NOT NULL FROM imports WHERE id = $1`, id)
	require.Zero(t, b.number(`SELECT count(*) FROM runs`))
	require.NoError(t, b.client.CancelImport(t.Context(), id, "Ann"))
}

// workOn starts a worker that reads one format.
func (b *bench) workOn(f importer.Format) {
	b.Helper()
	w, err := jobs.NewWorker(jobs.WorkerOptions{Store: b.store, Formats: []importer.Format{f}, Log: zerolog.Nop()})
	require.NoError(b, err)
	require.NoError(b, w.Start(b.Context()))
	b.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		require.NoError(b, w.Stop(ctx))
	})
}

// slow reads a run, and is then at row 3 of 10 until it is told to end.
type slow struct{ begun chan struct{} }

func (*slow) Name() string                      { return "slow" }
func (*slow) Claims(name string, _ []byte) bool { return name == "r.slow" }

func (s *slow) Import(ctx context.Context, _ importer.Source, o importer.Options, sink importer.Sink) (importer.Report, error) {
	if err := sink.BeginRun(ctx, importer.Run{ID: o.RunID, ProjectID: o.ProjectID}); err != nil {
		return importer.Report{}, err
	}
	close(s.begun)
	for ctx.Err() == nil {
		sink.Progress(3, 10)
	}
	return importer.Report{}, ctx.Err()
}
