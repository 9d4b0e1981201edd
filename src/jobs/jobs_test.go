package jobs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/importer"
	"github.com/ibutsu/ibutsu-go/src/jobs"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
)

type bench struct {
	*testing.T
	url     string
	store   *store.Store
	client  *jobs.Client
	project uuid.UUID
	user    uuid.UUID
}

func setup(t *testing.T) *bench {
	t.Helper()
	url := dbtest.URL(t)
	s, err := store.Open(t.Context(), store.Options{URL: url, MaxConns: 12})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	c, err := jobs.NewClient(s)
	require.NoError(t, err)
	b := &bench{T: t, url: url, store: s, client: c, project: uuid.New(), user: uuid.New()}
	b.exec(`INSERT INTO projects (id, name) VALUES ($1, 'shop')`, b.project)
	b.exec(`INSERT INTO users (id, email, is_superadmin, is_active) VALUES ($1, 'a@example.com', false, true)`, b.user)
	b.exec(`INSERT INTO users_projects (user_id, project_id) VALUES ($1, $2)`, b.user, b.project)
	return b
}

func (b *bench) exec(sql string, args ...any) {
	b.Helper()
	_, err := b.store.Pool().Exec(context.Background(), sql, args...)
	require.NoError(b, err)
}

func (b *bench) number(sql string, args ...any) (n int) {
	b.Helper()
	require.NoError(b, b.store.Pool().QueryRow(context.Background(), sql, args...).Scan(&n))
	return n
}

func encoder() jobs.Encoder {
	return jobs.Encoder{
		Runs: func(rows []store.Run, _, _ int, total int64) ([]byte, error) {
			return json.Marshal(map[string]any{"runs": len(rows), "total": total})
		},
		Results: func(rows []store.Result, _, _ int, total int64) ([]byte, error) {
			return json.Marshal(map[string]any{"results": len(rows), "total": total})
		},
	}
}

func worker(s *store.Store) (*jobs.Worker, error) {
	return jobs.NewWorker(jobs.WorkerOptions{Store: s, Formats: importer.Builtin(), Limits: importer.DefaultLimits(), Encode: encoder(), Log: zerolog.Nop()})
}

func (b *bench) work() *jobs.Worker {
	b.Helper()
	w, err := worker(b.store)
	require.NoError(b, err)
	require.NoError(b, w.Start(b.Context()))
	b.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		require.NoError(b, w.Stop(ctx))
	})
	return w
}

func (b *bench) upload(name, content string) uuid.UUID {
	b.Helper()
	data := fmt.Sprintf(`{"project_id": %q, "metadata": {"env": "qa"}}`, b.project)
	record := store.Import{ID: uuid.New(), Filename: &name, Format: new(""), Data: json.RawMessage(data), Status: new(store.ImportPending), Created: time.Now().UTC()}
	up, err := b.store.BeginUpload(b.Context(), record)
	require.NoError(b, err)
	_, err = up.ReadFrom(b.Context(), strings.NewReader(content))
	require.NoError(b, err)
	_, err = up.Commit(b.Context(), b.client.Import(record.ID, b.user))
	require.NoError(b, err)
	return record.ID
}

// until asks again until the query answers true.
func (b *bench) until(what, query string, args ...any) {
	b.Helper()
	require.Eventually(b, func() bool {
		var ok bool
		err := b.store.Pool().QueryRow(context.Background(), query, args...).Scan(&ok)
		return err == nil && ok
	}, 60*time.Second, 20*time.Millisecond, what)
}

func junit(cases int) string {
	var s strings.Builder
	s.WriteString(`<testsuites><testsuite name="s" timestamp="2026-05-04T10:00:00">`)
	for i := range cases {
		fmt.Fprintf(&s, `<testcase classname="a.b" name="t%d" time="0.5">`, i)
		if i%10 == 0 {
			s.WriteString(`<failure message="m">line</failure>`)
		}
		s.WriteString(`</testcase>`)
	}
	s.WriteString(`</testsuite></testsuites>`)
	return s.String()
}

func TestAnUploadBecomesARun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.upload("r.xml", junit(5000))
	b.work()
	b.until("done", `SELECT status = 'done' FROM imports WHERE id = $1`, id)
	require.Equal(t, 5000, b.number(`SELECT count(*) FROM results WHERE project_id = $1 AND env = 'qa'`, b.project))
	require.Equal(t, 500, b.number(`SELECT count(*) FROM artifacts`))
	require.Equal(t, 4500, b.number(`SELECT (summary ->> 'passes')::int FROM runs`))
	require.Zero(t, b.number(`SELECT count(*) FROM import_chunks`), "the file is not kept")
	record, err := b.store.Import(t.Context(), id)
	require.NoError(t, err)
	var data map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(record.Data, &data))
	require.ElementsMatch(t, []string{"project_id", "metadata", "run_id", "results"}, keys(data))
}

func keys(m map[string]json.RawMessage) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	return out
}

func TestABrokenUploadEndsWithAReason(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.upload("r.xml", `<testsuite><testcase name="a"></testsuite>`)
	b.work()
	b.until("error", `SELECT status = 'error' AND data ->> 'error' <> '' FROM imports WHERE id = $1`, id)
	require.Zero(t, b.number(`SELECT count(*) FROM runs`))
	require.NotZero(t, b.number(`SELECT count(*) FROM import_chunks`), "kept, so that it can be looked at")
}

// TestWorkerProcess is the worker that TestAKilledImportBeginsAnew kills; alone it has nothing to do.
func TestWorkerProcess(t *testing.T) {
	url := os.Getenv("IBUTSU_TEST_WORKER_DATABASE")
	if url == "" {
		return
	}
	s, err := store.Open(context.Background(), store.Options{URL: url})
	require.NoError(t, err)
	w, err := worker(s)
	if dir := os.Getenv("IBUTSU_TEST_WORKER_ARTIFACTS"); dir != "" {
		w, err = jobs.NewWorker(jobs.WorkerOptions{Store: s, Log: zerolog.Nop(), Artifacts: library(t, s, dir)})
	}
	require.NoError(t, err)
	require.NoError(t, w.Start(context.Background()))
	select {}
}

func TestAKilledImportBeginsAnew(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.upload("r.xml", junit(40_000))
	for range 3 {
		process := exec.Command(os.Args[0], "-test.run=^TestWorkerProcess$")
		process.Env = append(os.Environ(), "IBUTSU_TEST_WORKER_DATABASE="+b.url)
		require.NoError(t, process.Start())
		// Killed while its transaction has rows that nobody else sees.
		b.until("copying", `SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query ILIKE 'copy "results"%')`)
		require.NoError(t, process.Process.Kill())
		_ = process.Wait()
		b.until("its connections are gone", `SELECT NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query ILIKE 'copy "results"%' AND state = 'active')`)
		require.Equal(t, 1, b.number(`SELECT count(*) FROM river_job WHERE kind = 'import' AND state IN ('running', 'available')`))
		require.Zero(t, b.number(`SELECT count(*) FROM results`))
	}
	b.work()
	b.until("done", `SELECT status = 'done' FROM imports WHERE id = $1`, id)
	require.Equal(t, 40_000, b.number(`SELECT count(*) FROM results`))
	require.Equal(t, 40_000, b.number(`SELECT (summary ->> 'tests')::int FROM runs`))
}

func TestStopHandsAnImportBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.upload("r.xml", junit(40_000))
	w, err := worker(b.store)
	require.NoError(t, err)
	require.NoError(t, w.Start(t.Context()))
	b.until("copying", `SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query ILIKE 'copy "results"%')`)
	hurry, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, w.Stop(hurry))
	require.Zero(t, b.number(`SELECT count(*) FROM river_job WHERE state = 'running'`))
	b.work()
	b.until("done", `SELECT status = 'done' FROM imports WHERE id = $1`, id)
	require.Equal(t, 40_000, b.number(`SELECT count(*) FROM results`))
}

// A worker that is told to end while it starts must not keep the store open, which waits for every connection.
func TestAWorkerThatCannotStartLeavesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(`ALTER TABLE river_job RENAME TO away`)
	w, err := worker(b.store)
	require.NoError(t, err)
	require.Error(t, w.Start(t.Context()))
	closed := make(chan struct{})
	go func() { b.store.Close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(20 * time.Second):
		t.Fatal("a connection is still held")
	}
}

func TestABigPageIsAnsweredUnderTheCallersRights(t *testing.T) {
	t.Parallel()
	b := setup(t)
	foreign := uuid.New()
	b.exec(`INSERT INTO projects (id, name) VALUES ($1, 'other')`, foreign)
	b.exec(`INSERT INTO runs (id, project_id, start_time, created) SELECT gen_random_uuid(), $1, now(), now() FROM generate_series(1, 7)`, b.project)
	b.exec(`INSERT INTO runs (id, project_id, start_time, created) SELECT gen_random_uuid(), $1, now(), now() FROM generate_series(1, 5)`, foreign)
	b.work()
	for _, c := range []struct {
		request jobs.QueryRequest
		state   string
		answer  string
	}{
		{jobs.QueryRequest{Table: "runs", Scope: []uuid.UUID{b.project}, Page: 1, PageSize: 501}, store.TaskSuccess, `{"runs":7,"total":7}`},
		{jobs.QueryRequest{Table: "runs", Page: 1, PageSize: 501}, store.TaskSuccess, `{"runs":12,"total":12}`},
		{jobs.QueryRequest{Table: "results", Filters: []string{"duration=abc"}, Page: 1, PageSize: 501}, store.TaskFailure, ``},
	} {
		task := uuid.New()
		require.NoError(t, b.client.QueryPage(t.Context(), task, b.user, c.request))
		b.until("answered", `SELECT state = $2 FROM tasks WHERE id = $1`, task, c.state)
		got, err := b.store.Task(t.Context(), task)
		require.NoError(t, err)
		require.Equal(t, c.answer, string(got.Answer))
		if c.state == store.TaskFailure {
			require.Contains(t, *got.Error, "duration")
		}
	}
}

func TestTasksStartedByHandTakeOnlyTheirParameters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for task, params := range map[string]string{
		"db.prune_old_runs": `{"months": "12"}`, "db.prune_old_import_files": ``, "runs.sync_aborted_runs": `{}`,
		"db.seed_users": `{"projects": {}}`, "runs.update_run": `{"run_id": "7c1e0f1a-3a6b-4b0e-9a55-0d4b8f0f2b11"}`,
	} {
		_, err := b.client.Start(t.Context(), task, json.RawMessage(params))
		require.NoError(t, err, task)
	}
	for _, c := range []struct {
		task, params string
		want         error
	}{
		{"db.datetime", `{}`, jobs.ErrUnknownTask},
		{"db", `{}`, jobs.ErrUnknownTask},
		{"db.prune_old_runs", `{"month": 12}`, jobs.ErrParams},
		{"db.prune_old_runs", `{"months": "many"}`, jobs.ErrParams},
		{"db.prune_old_runs", `{"months": 99999999}`, jobs.ErrParams},
		{"db.prune_old_runs", `[]`, jobs.ErrParams},
		{"runs.update_run", `{}`, jobs.ErrParams},
		{"runs.update_run", `{"run_id": "x"}`, jobs.ErrParams},
		{"importers.run_junit_import", `{}`, jobs.ErrUnknownTask},
	} {
		_, err := b.client.Start(t.Context(), c.task, json.RawMessage(c.params))
		require.ErrorIs(t, err, c.want, c.task)
	}
}

func TestPruningTakesTheChildrenAlong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old, young := uuid.New(), uuid.New()
	for id, at := range map[uuid.UUID]string{old: "2020-01-01", young: "2026-01-01"} {
		b.exec(`INSERT INTO runs (id, project_id, start_time, created) VALUES ($1, $2, $3::text::timestamp, now())`, id, b.project, at)
		b.exec(`INSERT INTO results (id, project_id, run_id, start_time, result, duration)
			SELECT gen_random_uuid(), $2, $1, $3::text::timestamp, 'passed', 1 FROM generate_series(1, 2500)`, id, b.project, at)
		// Young files of old results: the original's rule refused to delete such a result, every week anew.
		b.exec(`INSERT INTO artifacts (id, result_id, filename, content, upload_date) SELECT gen_random_uuid(), id, 'log', 'x', now() FROM results WHERE run_id = $1`, id)
		b.exec(`INSERT INTO artifacts (id, run_id, filename, content, upload_date) VALUES (gen_random_uuid(), $1, 'log', 'x', now())`, id)
	}
	prune := func(kind string, before time.Time) store.Pruned {
		gone, err := b.store.Prune(t.Context(), store.Rule{Kind: kind, Before: before}, nil)
		require.NoError(t, err)
		gone.Bytes = 0
		return gone
	}
	require.Equal(t, store.Pruned{Artifacts: 2501, Results: 2500, Runs: 1}, prune(store.KindRuns, time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)))
	require.Equal(t, store.Pruned{Artifacts: 2500, Results: 2500}, prune(store.KindResults, time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)))
	require.Equal(t, 2500, b.number(`SELECT (summary ->> 'tests')::int FROM runs WHERE id = $1`, young), "the summary is all that is left")
	require.NoError(t, b.store.RecountRun(t.Context(), young))
	require.Equal(t, 2500, b.number(`SELECT (summary ->> 'tests')::int FROM runs WHERE id = $1`, young), "and it stays")
	wrong, err := b.store.RebuildRollups(t.Context())
	require.NoError(t, err)
	require.Zero(t, wrong)
	require.EqualValues(t, 1, prune(store.KindArtifacts, time.Now().UTC().Add(time.Hour)).Artifacts)
}

func TestPeopleOfAProjectAreSeeded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.store.SeedUsers(t.Context(), map[string]store.SeededProject{
		"shop":    {Owner: "boss@example.com", Users: []string{"a@example.com", "new@example.com", "new@example.com"}},
		"missing": {Owner: "nobody@example.com"},
	}))
	require.Equal(t, 3, b.number(`SELECT count(*) FROM users`))
	require.Equal(t, 2, b.number(`SELECT count(*) FROM users_projects WHERE project_id = $1`, b.project))
	require.Equal(t, 1, b.number(`SELECT count(*) FROM projects p JOIN users u ON u.id = p.owner_id WHERE u.email = 'boss@example.com' AND u.name = 'boss' AND u.is_active`))
}

// clock is a time that the test moves.
type clock struct{ now chan time.Time }

func newClock(at time.Time) *clock {
	c := &clock{make(chan time.Time, 1)}
	c.now <- at
	return c
}

func (c *clock) Now() time.Time  { t := <-c.now; c.now <- t; return t }
func (c *clock) Set(t time.Time) { <-c.now; c.now <- t }

func TestOneSchedulerLeadsAndCatchesUpOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	start := time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)
	clock := newClock(start)
	begin := func() *jobs.Scheduler {
		s, err := jobs.NewScheduler(jobs.SchedulerOptions{Store: b.store, Log: zerolog.Nop(), Now: clock.Now, Tick: 10 * time.Millisecond,
			Schedule: []jobs.Periodic{{Name: "sync", Spec: "@every 30m", Args: jobs.SyncRuns{}}}})
		require.NoError(t, err)
		require.NoError(t, s.Start(t.Context()))
		return s
	}
	first := begin()
	defer first.Stop(context.Background())
	require.Eventually(t, first.Leads, 20*time.Second, 5*time.Millisecond)
	second := begin()
	defer second.Stop(context.Background())
	require.Zero(t, b.number(`SELECT count(*) FROM river_job`))
	clock.Set(start.Add(3 * time.Hour)) // six slots were missed
	b.until("added", `SELECT count(*) = 1 FROM river_job WHERE kind = 'sync_runs'`)
	require.False(t, second.Leads())
	require.NoError(t, first.Stop(t.Context()))
	require.Eventually(t, second.Leads, 20*time.Second, 5*time.Millisecond)
	clock.Set(start.Add(3*time.Hour + 31*time.Minute))
	b.until("the other goes on", `SELECT count(*) = 2 FROM river_job WHERE kind = 'sync_runs'`)
	require.NoError(t, second.Healthy(t.Context()))
}

func TestTheOriginalsScheduleIsKept(t *testing.T) {
	t.Parallel()
	_, err := jobs.NewScheduler(jobs.SchedulerOptions{Store: dbtest.New(t), Schedule: jobs.DefaultSchedule(config.Default().Retention), Log: zerolog.Nop()})
	require.NoError(t, err)
	_, err = jobs.NewScheduler(jobs.SchedulerOptions{Store: dbtest.New(t), Schedule: []jobs.Periodic{{Name: "x", Spec: "often"}}, Log: zerolog.Nop()})
	require.ErrorContains(t, err, "x")
}

func TestAMiscountedRunIsFoundAndMended(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := uuid.New()
	b.exec(`INSERT INTO runs (id, project_id, start_time, created) VALUES ($1, $2, now() AT TIME ZONE 'UTC', now())`, run, b.project)
	b.exec(`INSERT INTO results (id, project_id, run_id, start_time, result) VALUES (gen_random_uuid(), $2, $1, now(), 'passed')`, run, b.project)
	b.exec(`UPDATE runs SET summary = '{"tests": 9}' WHERE id = $1`, run)
	_, err := b.client.Start(t.Context(), "runs.sync_aborted_runs", nil)
	require.NoError(t, err)
	b.work()
	b.until("mended", `SELECT summary ->> 'tests' = '1' FROM runs WHERE id = $1`, run)
}

func TestWhatDashboardsOftenCountIsLookedAfter(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tended := make(chan struct{}, 1)
	w, err := jobs.NewWorker(jobs.WorkerOptions{Store: b.store, Log: zerolog.Nop(), TallyWishes: func(context.Context) error {
		tended <- struct{}{}
		return nil
	}})
	require.NoError(t, err)
	require.NoError(t, w.Start(t.Context()))
	defer w.Stop(context.Background())
	_, err = b.client.Start(t.Context(), "db.tally_wishes", nil)
	require.NoError(t, err)
	select {
	case <-tended:
	case <-time.After(60 * time.Second):
		t.Fatal("nobody looked")
	}
}

func TestJobsAreThereOnlyWithTheirRows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	err := b.store.InTx(t.Context(), func(tx pgx.Tx) error {
		require.NoError(t, b.client.RunsChanged(t.Context(), tx, []uuid.UUID{uuid.New()}))
		return context.Canceled
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, b.number(`SELECT count(*) FROM river_job`))
}
