package jobs_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/jobs"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// past is a run of so many days ago in a project, with results that have an artifact each.
func (b *bench) past(project uuid.UUID, days, results int) uuid.UUID {
	b.Helper()
	run := uuid.New()
	b.exec(`INSERT INTO runs (id, project_id, start_time, created) VALUES ($1, $2, now() - $3 * interval '1 day', now())`, run, project, days)
	b.exec(`INSERT INTO results (id, project_id, run_id, start_time, result, duration)
		SELECT gen_random_uuid(), $2, $1, now() - $3 * interval '1 day', 'passed', 1 FROM generate_series(1, $4)`, run, project, days, results)
	b.exec(`INSERT INTO artifacts (id, result_id, filename, content, upload_date)
		SELECT gen_random_uuid(), id, 'log', repeat('x', 100)::bytea, start_time FROM results WHERE run_id = $1`, run)
	return run
}

func (b *bench) project2() uuid.UUID {
	b.Helper()
	id := uuid.New()
	b.exec(`INSERT INTO projects (id, name) VALUES ($1, 'archive')`, id)
	return id
}

func (b *bench) count(run uuid.UUID) [3]int {
	b.Helper()
	return [3]int{
		b.number(`SELECT count(*) FROM runs WHERE id = $1`, run), b.number(`SELECT count(*) FROM results WHERE run_id = $1`, run),
		b.number(`SELECT count(*) FROM artifacts a JOIN results q ON q.id = a.result_id WHERE q.run_id = $1`, run),
	}
}

// ended waits for a job and returns its output.
func (b *bench) ended(id int64) map[string]json.RawMessage {
	b.Helper()
	b.until("the job is done", `SELECT state = 'completed' FROM river_job WHERE id = $1`, id)
	job, err := b.client.Job(b.Context(), id)
	require.NoError(b, err)
	var output map[string]json.RawMessage
	require.NoError(b, json.Unmarshal(job.Output, &output))
	return output
}

func TestRetentionFollowsProjectsAndPins(t *testing.T) {
	t.Parallel()
	b := setup(t)
	archive := b.project2()
	young, middle, old, pinned := b.past(b.project, 10, 5), b.past(b.project, 100, 7), b.past(b.project, 400, 11), b.past(b.project, 400, 3)
	kept := b.past(archive, 400, 2)
	orphan := uuid.New()
	b.exec(`INSERT INTO results (id, start_time) VALUES ($1, now() - interval '400 days')`, orphan)
	_, err := b.store.PinRun(t.Context(), store.Pin{RunID: pinned})
	require.NoError(t, err)
	ninety, never := 90, 0
	require.NoError(t, b.store.SetPolicy(t.Context(), store.Policy{ProjectID: b.project, Artifacts: &ninety}))
	require.NoError(t, b.store.SetPolicy(t.Context(), store.Policy{ProjectID: archive, Artifacts: &never, Results: &never, Runs: &never}))
	b.work()

	// What it says beforehand is what it does.
	expected := map[string]store.Pruned{}
	for _, kind := range []string{"artifacts", "results", "runs"} {
		_, expected[kind], err = b.client.RetentionPreview(t.Context(), kind)
		require.NoError(t, err)
	}
	require.EqualValues(t, 18, expected["artifacts"].Artifacts)
	require.EqualValues(t, 1800, expected["artifacts"].Bytes)
	require.EqualValues(t, 12, expected["results"].Results, "the old run's, and the one without project")
	require.EqualValues(t, 1, expected["runs"].Runs)
	dry, err := b.client.StartTask(t.Context(), "db.apply_retention", nil, true)
	require.NoError(t, err)
	require.JSONEq(t, `true`, string(b.ended(dry.ID)["dry_run"]))
	require.Equal(t, [3]int{1, 11, 11}, b.count(old), "a dry run deletes nothing")

	job, err := b.client.StartTask(t.Context(), "db.apply_retention", nil, false)
	require.NoError(t, err)
	var gone store.Pruned
	require.NoError(t, json.Unmarshal(b.ended(job.ID)["deleted"], &gone))
	gone.Bytes = 0
	require.Equal(t, store.Pruned{Artifacts: 18, Results: 12, Runs: 1}, gone)
	require.Equal(t, [3]int{1, 5, 5}, b.count(young))
	require.Equal(t, [3]int{1, 7, 0}, b.count(middle), "artifacts go first")
	require.Equal(t, [3]int{0, 0, 0}, b.count(old))
	require.Equal(t, [3]int{1, 3, 3}, b.count(pinned))
	require.Equal(t, [3]int{1, 2, 2}, b.count(kept))
	wrong, err := b.store.WrongRollups(t.Context())
	require.NoError(t, err)
	require.Zero(t, wrong)
	none, sum, err := b.client.RetentionPreview(t.Context())
	require.NoError(t, err)
	require.Empty(t, none)
	require.Zero(t, sum)
}

func TestSettingsSayHowLongThingsAreKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.past(b.project, 3, 4)
	client, err := jobs.NewClientKeeping(b.store, config.Retention{Results: 48 * time.Hour})
	require.NoError(t, err)
	b.work()
	for _, name := range []string{"prune-old-artifact-files", "prune-old-runs"} {
		job, err := client.RunSchedule(t.Context(), name)
		require.NoError(t, err)
		b.ended(job.ID)
		require.Equal(t, [3]int{1, 4, 4}, b.count(run), "0 keeps for ever")
	}
	job, err := client.RunSchedule(t.Context(), "prune-old-results")
	require.NoError(t, err)
	b.ended(job.ID)
	require.Equal(t, [3]int{1, 0, 0}, b.count(run))
	require.Equal(t, 4, b.number(`SELECT (summary ->> 'tests')::int FROM runs WHERE id = $1`, run))
}

func TestImportsAreDeletedWithTheirFiles(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old, young := b.upload("a.xml", "x"), b.upload("b.xml", "y")
	b.exec(`UPDATE imports SET created = now() - interval '8 days' WHERE id = $1`, old)
	_, sum, err := b.client.RetentionPreview(t.Context(), "imports")
	require.NoError(t, err)
	require.Equal(t, store.Pruned{Imports: 1, Bytes: 1}, sum)
	gone, err := b.store.Prune(t.Context(), store.Rule{Kind: store.KindImports, Before: time.Now().UTC().AddDate(0, 0, -7)}, nil)
	require.NoError(t, err)
	require.Equal(t, sum, gone)
	_, err = b.store.Import(t.Context(), young)
	require.NoError(t, err)
}

// TestRetentionGoesOnAfterAKill: what was deleted stays deleted and counted, and nothing is deleted that should not be.
func TestRetentionGoesOnAfterAKill(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.past(b.project, 400, 12_000)
	young := b.past(b.project, 10, 100)
	job, err := b.client.StartTask(t.Context(), "db.apply_retention", json.RawMessage(`{"kinds": ["results"]}`), false)
	require.NoError(t, err)
	for i := range 2 {
		process := exec.Command(os.Args[0], "-test.run=^TestWorkerProcess$")
		process.Env = append(os.Environ(), "IBUTSU_TEST_WORKER_DATABASE="+b.url)
		require.NoError(t, process.Start())
		b.until("some are gone", `SELECT count(*) < $1 FROM results`, 12_100-2000*(i+1))
		require.NoError(t, process.Process.Kill())
		_ = process.Wait()
		require.NotZero(t, b.number(`SELECT count(*) FROM results WHERE start_time < now() - interval '100 days'`))
	}
	b.work()
	b.ended(job.ID)
	require.Equal(t, [3]int{1, 100, 100}, b.count(young))
	require.Equal(t, 100, b.number(`SELECT count(*) FROM results`))
	require.Equal(t, 100, b.number(`SELECT sum(n) FROM result_tally`), "lists count right")
	wrong, err := b.store.WrongRollups(t.Context())
	require.NoError(t, err)
	require.Zero(t, wrong)
}

func TestACancelledRetentionStops(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.past(b.project, 400, 20_000)
	b.work()
	job, err := b.client.StartTask(t.Context(), "db.apply_retention", json.RawMessage(`{"kinds": ["results"]}`), false)
	require.NoError(t, err)
	b.until("some are gone", `SELECT count(*) < 20000 FROM results`)
	_, err = b.client.Cancel(t.Context(), job.ID)
	require.NoError(t, err)
	b.until("it has ended", `SELECT state = 'cancelled' FROM river_job WHERE id = $1`, job.ID)
	require.NotZero(t, b.number(`SELECT count(*) FROM results`))
}

func TestACancelledImportSaysSo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	waiting := b.upload("r.xml", junit(1))
	_, err := b.client.Cancel(t.Context(), int64(b.number(`SELECT max(id) FROM river_job`)))
	require.NoError(t, err)
	running := b.upload("r.xml", junit(40_000))
	b.work()
	b.until("copying", `SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query ILIKE 'copy "results"%')`)
	_, err = b.client.Cancel(t.Context(), int64(b.number(`SELECT max(id) FROM river_job WHERE kind = 'import'`)))
	require.NoError(t, err)
	for _, id := range []uuid.UUID{waiting, running} {
		b.until("said", `SELECT status = 'error' AND data ->> 'error' = 'cancelled by an administrator' FROM imports WHERE id = $1`, id)
	}
	require.Zero(t, b.number(`SELECT count(*) FROM results`))
}

// TestRoomIsUsedAgain: deleting and writing as much again does not make the tables grow, and indexes give their room back.
func TestRoomIsUsedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.past(b.project, 400, 20_000)
	require.NoError(t, b.store.Vacuum(t.Context(), "results"))
	full, err := b.store.DiskOf(t.Context(), "results")
	require.NoError(t, err)
	b.work()
	job, err := b.client.StartTask(t.Context(), "db.apply_retention", json.RawMessage(`{"kinds": ["results"]}`), false)
	require.NoError(t, err)
	require.Contains(t, string(b.ended(job.ID)["disk"]), `"results"`, "it says what was given back")
	b.past(b.project, 10, 20_000)
	again, err := b.store.DiskOf(t.Context(), "results")
	require.NoError(t, err)
	require.LessOrEqual(t, again.Table, full.Table+full.Table/10)

	_, err = b.store.Prune(t.Context(), store.Rule{Kind: store.KindResults, Before: time.Now().UTC()}, nil)
	require.NoError(t, err)
	job, err = b.client.StartTask(t.Context(), "db.give_back", json.RawMessage(`{"reindex": true}`), false)
	require.NoError(t, err)
	b.ended(job.ID)
	empty, err := b.store.DiskOf(t.Context(), "results")
	require.NoError(t, err)
	require.Less(t, empty.Indexes, full.Indexes/5)
	require.Less(t, empty.Table, full.Table/5)
}

// TestReadersReadWhileAHundredThousandResultsGo: until the job is done, vacuum included, every look finds what stays, and then the
// room of what went is the machine's again.
func TestReadersReadWhileAHundredThousandResultsGo(t *testing.T) {
	t.Parallel()
	const gone = 100_000
	b := setup(t)
	stays := b.past(b.project, 10, 50)
	b.past(b.project, 400, gone)
	full, err := b.store.DiskOf(t.Context(), "results")
	require.NoError(t, err)
	b.work()
	job, err := b.client.StartTask(t.Context(), "db.apply_retention", json.RawMessage(`{"kinds": ["results"]}`), false)
	require.NoError(t, err)
	looks := 0
	for b.number(`SELECT count(*) FROM river_job WHERE id = $1 AND state <> 'completed'`, job.ID) > 0 {
		tx, err := b.store.Pool().Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), `SET LOCAL lock_timeout = '5s'`)
		require.NoError(t, err)
		var found int
		require.NoError(t, tx.QueryRow(t.Context(), `SELECT count(*) FROM results WHERE run_id = $1`, stays).Scan(&found))
		require.Equal(t, 50, found)
		require.NoError(t, tx.Rollback(t.Context()))
		looks++
	}
	require.Positive(t, looks)
	output := b.ended(job.ID)
	var deleted struct{ Results, Artifacts int }
	require.NoError(t, json.Unmarshal(output["deleted"], &deleted))
	require.Equal(t, gone, deleted.Results)
	require.Equal(t, gone, deleted.Artifacts)
	require.Equal(t, [3]int{1, 50, 50}, b.count(stays))
	after, err := b.store.DiskOf(t.Context(), "results")
	require.NoError(t, err)
	require.Less(t, after.Table, full.Table/5)
}

// TestReadersDoNotWaitForRetention: no transaction of it holds a lock for longer than a person notices.
func TestReadersDoNotWaitForRetention(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.past(b.project, 400, 20_000)
	done := make(chan error, 1)
	go func() {
		_, err := b.store.Prune(context.Background(), store.Rule{Kind: store.KindResults, Before: time.Now().UTC().AddDate(-1, 0, 0)}, nil)
		done <- err
	}()
	for {
		select {
		case err := <-done:
			require.NoError(t, err)
			require.Zero(t, b.count(run)[1])
			return
		default:
		}
		// A writer of the same run needs the lock that each batch takes; a reader none at all.
		tx, err := b.store.Pool().Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), `SET LOCAL lock_timeout = '5s'`)
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), `SELECT 1 FROM runs WHERE id = $1 FOR NO KEY UPDATE`, run)
		require.NoError(t, err)
		require.NoError(t, tx.Rollback(t.Context()))
	}
}
