package jobs_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/artifact"
	"github.com/ibutsu/ibutsu-go/src/importer"
	"github.com/ibutsu/ibutsu-go/src/jobs"
	"github.com/ibutsu/ibutsu-go/src/store"
)

func library(t *testing.T, s *store.Store, dir string) *artifact.Library {
	t.Helper()
	files, err := artifact.NewFiles(dir)
	require.NoError(t, err)
	l, err := artifact.NewLibrary(artifact.LibraryOptions{DB: s, Keep: artifact.InFiles, Stores: []artifact.Blobs{files}})
	require.NoError(t, err)
	return l
}

func (b *bench) workWith(l *artifact.Library) {
	b.Helper()
	w, err := jobs.NewWorker(jobs.WorkerOptions{Store: b.store, Formats: importer.Builtin(), Limits: importer.DefaultLimits(), Log: zerolog.Nop(), Artifacts: l})
	require.NoError(b, err)
	require.NoError(b, w.Start(b.Context()))
	b.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		require.NoError(b, w.Stop(ctx))
	})
}

// TestAKilledMoveLosesAndDoublesNothing kills the worker in the middle, in both directions.
func TestAKilledMoveLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	for to, there := range map[string]string{artifact.InFiles: "blob IS NOT NULL", artifact.InPostgreSQL: "content IS NOT NULL"} {
		t.Run(to, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			dir := t.TempDir()
			l := library(t, b.store, dir)
			const contents = 1500
			result := uuid.New()
			b.exec(`INSERT INTO results (id, project_id, start_time) VALUES ($1, $2, now())`, result, b.project)
			b.exec(`INSERT INTO artifacts (id, result_id, filename, content, upload_date)
				SELECT gen_random_uuid(), $1, n::text, ('content ' || n)::bytea, now() FROM generate_series(1, $2::int) n`, result, contents)
			if to == artifact.InPostgreSQL {
				_, err := l.Move(t.Context(), artifact.InFiles, nil)
				require.NoError(t, err)
			}
			job, err := b.client.StartTask(t.Context(), "artifacts.move", json.RawMessage(`{"to": "`+to+`"}`), false)
			require.NoError(t, err)
			for i := range 2 {
				process := exec.Command(os.Args[0], "-test.run=^TestWorkerProcess$")
				process.Env = append(os.Environ(), "IBUTSU_TEST_WORKER_DATABASE="+b.url, "IBUTSU_TEST_WORKER_ARTIFACTS="+dir)
				require.NoError(t, process.Start())
				b.until("some have moved", `SELECT count(*) > $1 FROM artifacts WHERE `+there, 50*(i+1))
				require.NoError(t, process.Process.Kill())
				_ = process.Wait()
				require.Less(t, b.number(`SELECT count(*) FROM artifacts WHERE `+there), contents, "it was in the middle")
			}
			b.workWith(l)
			b.ended(job.ID)
			require.Equal(t, contents, b.number(`SELECT count(*) FROM artifacts WHERE `+there))
			rows, _, err := b.store.Artifacts(t.Context(), store.ArtifactQuery{ResultID: &result, Page: 1, PageSize: 2 * contents})
			require.NoError(t, err)
			require.Len(t, rows, contents)
			for _, a := range rows {
				content, err := l.Content(t.Context(), a, 0, -1)
				require.NoError(t, err)
				require.Equal(t, "content "+*a.Filename, string(content))
			}
			_, err = l.Sweep(t.Context(), time.Now().UTC().Add(time.Hour), false)
			require.NoError(t, err)
			kept := 0
			require.NoError(t, filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
				if err == nil && !entry.IsDir() {
					kept++
				}
				return err
			}))
			require.Equal(t, b.number(`SELECT count(*) FROM blobs`), kept-unfinished(t, dir), "what the killed ones left is swept")
		})
	}
}

// unfinished counts the files that were being written.
func unfinished(t *testing.T, dir string) int {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "incoming"))
	require.NoError(t, err)
	return len(entries)
}

func TestAnImportKeepsItsArtifactsOutside(t *testing.T) {
	t.Parallel()
	b := setup(t)
	dir := t.TempDir()
	b.workWith(library(t, b.store, dir))
	id := b.upload("r.xml", junit(500))
	b.until("done", `SELECT status = 'done' FROM imports WHERE id = $1`, id)
	require.Equal(t, 50, b.number(`SELECT count(*) FROM artifacts WHERE content IS NULL AND blob IS NOT NULL`))
	require.Equal(t, 1, b.number(`SELECT count(*) FROM blobs`), "they are all the same")
	gone, err := b.store.Prune(t.Context(), store.Rule{Kind: store.KindArtifacts, Before: time.Now().UTC().Add(time.Hour)}, nil)
	require.NoError(t, err)
	require.EqualValues(t, 50, gone.Artifacts)
	require.Positive(t, gone.Bytes)
}
