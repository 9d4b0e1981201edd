package ingest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/ingest"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
)

var day = time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)

type bench struct {
	*testing.T
	store   *store.Store
	writer  *ingest.Writer
	project uuid.UUID
	mu      sync.Mutex
	queued  map[uuid.UUID]int
}

func setup(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t, store: dbtest.New(t), project: uuid.New(), queued: map[uuid.UUID]int{}}
	b.writer = ingest.NewWriter(b.store, func(_ context.Context, _ pgx.Tx, runs []uuid.UUID) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, r := range runs {
			b.queued[r]++
		}
		return nil
	})
	t.Cleanup(b.writer.Close)
	b.exec(`INSERT INTO projects (id, name) VALUES ($1, 'p')`, b.project)
	return b
}

func (b *bench) exec(sql string, args ...any) {
	b.Helper()
	_, err := b.store.Pool().Exec(context.Background(), sql, args...)
	require.NoError(b, err)
}

func (b *bench) number(sql string, args ...any) (n int64) {
	b.Helper()
	require.NoError(b, b.store.Pool().QueryRow(context.Background(), sql, args...).Scan(&n))
	return n
}

func (b *bench) run() uuid.UUID {
	b.Helper()
	r := store.Run{ID: uuid.New(), ProjectID: &b.project, StartTime: day, Created: day, Data: json.RawMessage(`{"a": 1}`)}
	require.NoError(b, b.writer.Run(b.Context(), r))
	return r.ID
}

func (b *bench) result(run uuid.UUID, outcome string) store.Result {
	return store.Result{ID: uuid.New(), ProjectID: &b.project, RunID: &run, TestID: new("t"), Result: &outcome, Duration: new(0.25),
		StartTime: day.Add(time.Duration(rand.IntN(300)) * time.Minute), Env: new("qa"), Data: json.RawMessage(`{}`)}
}

// requireExact holds every rollup against a recount of the rows.
func (b *bench) requireExact() {
	b.Helper()
	require.Zero(b, b.number(`
		SELECT count(*) FROM (
			SELECT project_id, bucket, result, component, env, source FROM (
				SELECT project_id, date_trunc('hour', start_time) AS bucket, result, component, env, source, 1 AS n FROM results
				UNION ALL SELECT project_id, bucket, result, component, env, source, -n FROM result_tally) d
			GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(n) <> 0) wrong`), "tally")
	require.Zero(b, b.number(`
		SELECT count(*) FROM runs r
		  LEFT JOIN LATERAL (SELECT count(*) AS tests, count(*) FILTER (WHERE result = 'failed') AS failures,
		            count(*) FILTER (WHERE result = 'skipped') AS skips, coalesce(sum(duration), 0) AS duration
		            FROM results WHERE run_id = r.id) c ON true
		 WHERE (c.tests > 0 OR r.counted)
		   AND ((r.summary ->> 'tests')::int, (r.summary ->> 'failures')::int, (r.summary ->> 'skips')::int,
		        (r.summary ->> 'passes')::int, round(r.duration::numeric, 6))
		    IS DISTINCT FROM (c.tests, c.failures, c.skips, c.tests - c.failures - c.skips, round(c.duration::numeric, 6))`), "summaries")
}

func TestRollupsStayExactUnderManyWriters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	runs := []uuid.UUID{b.run(), b.run(), b.run()}
	outcomes := []string{"passed", "failed", "skipped"}
	var wait sync.WaitGroup
	for seed := range 8 {
		wait.Go(func() {
			random := rand.New(rand.NewPCG(uint64(seed), 7))
			var mine []store.Result
			for range 60 {
				switch n := random.IntN(10); {
				case n < 6 || len(mine) == 0:
					r := b.result(runs[random.IntN(3)], outcomes[random.IntN(3)])
					require.NoError(t, b.writer.Result(t.Context(), r))
					mine = append(mine, r)
				case n < 8:
					_, err := b.store.UpdateResult(t.Context(), mine[random.IntN(len(mine))].ID, func(r *store.Result) error {
						r.Result, r.RunID = &outcomes[random.IntN(3)], &runs[random.IntN(3)]
						r.Duration, r.Component = new(random.Float64()), new(fmt.Sprint("c", random.IntN(2)))
						return nil
					})
					require.NoError(t, err)
				case n < 9:
					i := random.IntN(len(mine))
					_, err := b.store.Pool().Exec(t.Context(), `DELETE FROM results WHERE id = $1`, mine[i].ID)
					require.NoError(t, err)
					mine = append(mine[:i], mine[i+1:]...)
				default:
					_, err := b.store.CompactRollups(t.Context())
					require.NoError(t, err)
				}
			}
		})
	}
	wait.Wait()
	b.requireExact()
	wrong, err := b.store.RebuildRollups(t.Context())
	require.NoError(t, err)
	require.Zero(t, wrong)
}

func TestARecountFindsAndRepairsADifference(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.writer.Result(t.Context(), b.result(b.run(), "passed")))
	b.exec(`UPDATE result_tally SET n = 5`)
	wrong, err := b.store.RebuildRollups(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, wrong)
	b.requireExact()
}

func TestOneBadRowDoesNotTakeTheOthersDown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.run()
	errs := make([]error, 40)
	var wait sync.WaitGroup
	for i := range errs {
		r := b.result(run, "passed")
		switch i {
		case 7:
			r.RunID = new(uuid.New()) // of no run
		case 11:
			r.Data = json.RawMessage(`{"a": "\ud800"}`) // half a character, which jsonb refuses
		}
		wait.Go(func() { errs[i] = b.writer.Result(t.Context(), r) })
	}
	wait.Wait()
	for i, err := range errs {
		switch i {
		case 7:
			require.ErrorIs(t, err, store.ErrReference)
		case 11:
			require.ErrorIs(t, err, store.ErrInvalid)
		default:
			require.NoError(t, err)
		}
	}
	require.EqualValues(t, 38, b.number(`SELECT count(*) FROM results`))
	b.requireExact()
}

func TestTheSameIDIsStoredOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.result(b.run(), "passed")
	var stored, refused int
	var mu sync.Mutex
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			err := b.writer.Result(t.Context(), r)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				stored++
			} else {
				require.ErrorIs(t, err, store.ErrConflict)
				refused++
			}
		})
	}
	wait.Wait()
	require.Equal(t, 1, stored)
	require.Equal(t, 19, refused)
	b.requireExact()
}

func TestTheClientsSummaryHoldsUntilTheFirstResult(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := store.Run{ID: uuid.New(), ProjectID: &b.project, StartTime: day, Created: day, Duration: new(99.0),
		Summary: json.RawMessage(`{"tests": 18, "collected": 20, "pass_percent": 85.5}`)}
	require.NoError(t, b.writer.Run(t.Context(), r))
	require.NoError(t, b.store.RecountRun(t.Context(), r.ID))
	stored, err := b.store.Run(t.Context(), r.ID)
	require.NoError(t, err)
	require.JSONEq(t, string(r.Summary), string(stored.Summary))
	require.NoError(t, b.writer.Result(t.Context(), b.result(r.ID, "failed")))
	stored, err = b.store.Run(t.Context(), r.ID)
	require.NoError(t, err)
	require.JSONEq(t, `{"tests":1,"failures":1,"errors":0,"skips":0,"xfailures":0,"xpasses":0,"passes":0,"pass_percent":0,"collected":20,"not_run":19}`, string(stored.Summary))
	require.InDelta(t, 0.25, *stored.Duration, 0)
	// A client that sends its own counts again at the end of its session does not undo ours.
	after, err := b.store.UpdateRun(t.Context(), r.ID, func(u *store.Run) error {
		u.Summary, u.Duration = json.RawMessage(`{"tests": 18, "collected": 3}`), new(99.0)
		return nil
	})
	require.NoError(t, err)
	require.JSONEq(t, `{"tests":1,"failures":1,"errors":0,"skips":0,"xfailures":0,"xpasses":0,"passes":0,"pass_percent":0,"collected":3,"not_run":2}`, string(after.Summary))
	require.InDelta(t, 0.25, *after.Duration, 0)
}

func TestARunGetsWhatItLacksFromItsFirstResult(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.run()
	late, early := b.result(run, "passed"), b.result(run, "passed")
	late.StartTime, early.StartTime = day.Add(time.Hour), day
	late.Env, early.Env, early.Component = new("prod"), new("stage"), new("cart")
	early.Data = json.RawMessage(`{"jenkins": {"job_name": "j"}, "tags": ["x"], "other": 1}`)
	require.NoError(t, b.writer.Result(t.Context(), early))
	require.NoError(t, b.writer.Result(t.Context(), late))
	require.Equal(t, 2, b.queued[run], "the job of the new run, and the one of its first results")
	r, err := b.store.Run(t.Context(), run)
	require.NoError(t, err)
	require.Equal(t, "stage", *r.Env)
	require.Equal(t, "cart", *r.Component)
	require.JSONEq(t, `{"a": 1, "jenkins": {"job_name": "j"}, "tags": ["x"]}`, string(r.Data))
}

func TestTheSameArtifactAgainIsTheSameArtifact(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.run()
	send := func(content string) uuid.UUID {
		a := &store.Artifact{ID: uuid.New(), RunID: &run, Filename: new("log"), Content: []byte(content), UploadDate: day}
		require.NoError(t, b.writer.Artifact(t.Context(), a))
		return a.ID
	}
	first := send("one")
	require.Equal(t, first, send("one"))
	require.NotEqual(t, first, send("two"))
	require.EqualValues(t, 2, b.number(`SELECT count(*) FROM artifacts`))
}

func TestAReportIsThereWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := store.Run{ID: uuid.New(), ProjectID: &b.project, StartTime: day, Created: day}
	results := make([]store.Result, 4500)
	for i := range results {
		results[i] = b.result(run.ID, "passed")
	}
	write := func(end error) error {
		return ingest.InBulk(t.Context(), b.store, func(bulk *ingest.Bulk) error {
			require.NoError(t, bulk.Run(run))
			for i, r := range results {
				require.NoError(t, bulk.Result(r))
				if i%1000 == 0 {
					require.NoError(t, bulk.Artifact(store.Artifact{ID: uuid.New(), ResultID: &r.ID, Filename: new("log"), Content: []byte("x")}))
				}
			}
			return end
		})
	}
	require.ErrorIs(t, write(context.Canceled), context.Canceled)
	require.Zero(t, b.number(`SELECT count(*) FROM results`))
	b.requireExact()
	for range 2 { // the same report again replaces itself
		require.NoError(t, write(nil))
		require.EqualValues(t, 4500, b.number(`SELECT count(*) FROM results`))
		require.EqualValues(t, 5, b.number(`SELECT count(*) FROM artifacts`))
		b.requireExact()
	}
}

func TestCountsAndDeepPagesAreExact(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := store.Run{ID: uuid.New(), ProjectID: &b.project, StartTime: day, Created: day}
	require.NoError(t, ingest.InBulk(t.Context(), b.store, func(bulk *ingest.Bulk) error {
		require.NoError(t, bulk.Run(run))
		for i := range 3000 {
			r := b.result(run.ID, []string{"passed", "failed"}[i%2])
			r.Data = json.RawMessage(fmt.Sprintf(`{"n": "%d"}`, i%1000))
			require.NoError(t, bulk.Result(r))
		}
		return nil
	}))
	for _, text := range []string{"", ",result=failed", ",result!failed,env=qa", ",metadata.n=7", ",test_id~^t$", ",result=blocked", ",start_time>2026-05-04T12:00:00"} {
		set, err := filter.Parse([]string{"project_id=" + b.project.String() + text})
		require.NoError(t, err)
		args := filter.NewArgs(0)
		where, err := filter.Compile(filter.Result(), set, args)
		require.NoError(t, err)
		rows, _ := b.store.Pool().Query(t.Context(), `SELECT id FROM results WHERE `+where+` ORDER BY start_time DESC, id DESC`, args.Values()...)
		want, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		require.NoError(t, err)
		for _, size := range []int{7, 400} {
			for page := 1; page < 500; page += 1 + page/3 {
				got, total, err := b.store.Results(t.Context(), store.ListQuery{Filter: set, Page: page, PageSize: size})
				require.NoError(t, err)
				require.EqualValues(t, len(want), total, text)
				from, to := min((page-1)*size, len(want)), min(page*size, len(want))
				ids := make([]uuid.UUID, len(got))
				for i, r := range got {
					ids[i] = r.ID
				}
				require.Equal(t, append([]uuid.UUID{}, want[from:to]...), ids, "%s page %d of %d", text, page, size)
			}
		}
	}
	// A write is in the very next count.
	set, _ := filter.Parse([]string{"project_id=" + b.project.String() + ",metadata.n=7"})
	extra := b.result(run.ID, "passed")
	extra.Data = json.RawMessage(`{"n": "7"}`)
	require.NoError(t, b.writer.Result(t.Context(), extra))
	_, total, err := b.store.Results(t.Context(), store.ListQuery{Filter: set, Page: 1, PageSize: 1})
	require.NoError(t, err)
	require.EqualValues(t, 4, total)
}

func TestAReportCannotTouchAnotherProject(t *testing.T) {
	t.Parallel()
	b := setup(t)
	theirs, ours := uuid.New(), uuid.New()
	b.exec(`INSERT INTO projects (id, name) VALUES ($1, 'theirs')`, theirs)
	r := b.result(b.run(), "passed")
	require.NoError(t, b.writer.Result(t.Context(), r))
	err := ingest.InBulk(t.Context(), b.store, func(bulk *ingest.Bulk) error {
		return bulk.Run(store.Run{ID: *r.RunID, ProjectID: &theirs, StartTime: day, Created: day})
	})
	require.ErrorIs(t, err, store.ErrForeign)
	err = ingest.InBulk(t.Context(), b.store, func(bulk *ingest.Bulk) error {
		if err := bulk.Run(store.Run{ID: ours, ProjectID: &theirs, StartTime: day, Created: day}); err != nil {
			return err
		}
		stolen := r
		stolen.ProjectID, stolen.RunID = &theirs, &ours
		return bulk.Result(stolen)
	})
	require.ErrorIs(t, err, store.ErrForeign)
	b.requireExact()
}

func TestResultsOfAnArchiveAreStoredOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	pushed, archived := b.result(b.run(), "passed"), b.result(b.run(), "failed")
	archived.RunID = pushed.RunID
	require.NoError(t, b.writer.Result(t.Context(), pushed)) // the client sent it, and then its archive with the same
	for range 2 {
		require.NoError(t, ingest.InBulk(t.Context(), b.store, func(bulk *ingest.Bulk) error {
			bulk.Archived = true
			for _, r := range []store.Result{pushed, archived} {
				require.NoError(t, bulk.Result(r))
				data := json.RawMessage(`{"resultId": "` + r.ID.String() + `"}`)
				require.NoError(t, bulk.Artifact(store.Artifact{ID: uuid.New(), ResultID: &r.ID, Filename: new("log"), Data: data, Content: []byte("x")}))
			}
			return nil
		}))
		require.EqualValues(t, 2, b.number(`SELECT count(*) FROM results`))
		require.EqualValues(t, 2, b.number(`SELECT count(*) FROM artifacts WHERE data ->> 'resultId' = result_id::text`))
	}
	found, err := b.store.Result(t.Context(), archived.ID)
	require.NoError(t, err)
	require.Equal(t, store.ImportedID(archived.ID), found.ID)
	b.requireExact()
}

func TestARunWithoutResultsGetsASummaryOfZerosUnlessItHasOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.run()
	require.NoError(t, b.store.RecountRun(t.Context(), run))
	r, err := b.store.Run(t.Context(), run)
	require.NoError(t, err)
	require.JSONEq(t, `{"tests":0,"failures":0,"errors":0,"skips":0,"xfailures":0,"xpasses":0,"passes":0,"pass_percent":0,"collected":0,"not_run":0}`, string(r.Summary))
	require.InDelta(t, 0.0, *r.Duration, 0)
	only := b.result(run, "failed")
	require.NoError(t, b.writer.Result(t.Context(), only))
	b.exec(`DELETE FROM results WHERE id = $1`, only.ID)
	b.requireExact()
}

func TestAnAbsurdCounterDoesNotStopARun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := store.Run{ID: uuid.New(), ProjectID: &b.project, StartTime: day, Created: day, Summary: json.RawMessage(`{"collected": 1e300, "tests": -5, "errors": "x"}`)}
	require.NoError(t, b.writer.Run(t.Context(), r))
	require.NoError(t, b.writer.Result(t.Context(), b.result(r.ID, "passed")))
	b.requireExact()
}
