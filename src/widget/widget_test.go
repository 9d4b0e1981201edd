package widget_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/cache"
	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
	"github.com/ibutsu/ibutsu-go/src/widget"
)

// clock is a time that tests move.
type clock struct{ atomic.Pointer[time.Time] }

func newClock(t time.Time) *clock {
	c := &clock{}
	c.Store(&t)
	return c
}

func (c *clock) Now() time.Time { return *c.Load() }

func (c *clock) set(t time.Time) { c.Store(&t) }

// counting counts what is put into a cache: each answer that was computed.
type counting struct {
	widget.Cache
	sets atomic.Int64
}

func (c *counting) Set(ctx context.Context, key string, value []byte, ttl time.Duration) {
	c.sets.Add(1)
	c.Cache.Set(ctx, key, value, ttl)
}

// wait lets so many answers be kept: that is done after they are out.
func (c *counting) wait(t testing.TB, sets int64) {
	t.Helper()
	require.Eventually(t, func() bool { return c.sets.Load() >= sets }, 10*time.Second, 100*time.Microsecond)
}

func exec(t testing.TB, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	_, err := pool.Exec(context.Background(), sql, args...)
	require.NoError(t, err)
}

func answer(t testing.TB, w *widget.Widgets, id string, values widget.Values, scope []uuid.UUID) string {
	t.Helper()
	raw, err := w.Answer(context.Background(), id, values, scope)
	require.NoError(t, err)
	return string(raw)
}

func addResult(t testing.TB, pool *pgxpool.Pool, project uuid.UUID, result string, start time.Time) {
	t.Helper()
	exec(t, pool, `INSERT INTO results (id, project_id, result, start_time) VALUES ($1, $2, $3, $4)`, uuid.New(), project, result, start)
}

func TestCallersSeeNothingOfProjectsOutsideTheirScope(t *testing.T) {
	t.Parallel()
	s := dbtest.New(t)
	insertProjects(t, s.Pool())
	addResult(t, s.Pool(), projects[0], "passed", now)
	addResult(t, s.Pool(), projects[1], "failed", now)
	clock := newClock(now)
	w := widget.New(widget.Options{Store: s, Now: clock.Now, Cache: cache.NewMemory(1<<20, clock.Now)})
	byResult := widget.Values{"group_field": {"result"}}
	// Both projects are at the same version, and the question is the same: the answers must not be shared.
	require.JSONEq(t, `[{"_id": "passed", "count": 1}]`, answer(t, w, "result-aggregator", byResult, projects[:1]))
	require.JSONEq(t, `[{"_id": "failed", "count": 1}]`, answer(t, w, "result-aggregator", byResult, projects[1:2]))
	require.JSONEq(t, `[]`, answer(t, w, "result-aggregator", byResult, []uuid.UUID{}))
	require.JSONEq(t, `[{"_id": "failed", "count": 1}, {"_id": "passed", "count": 1}]`, answer(t, w, "result-aggregator", byResult, nil))

	foreign := widget.Values{"group_field": {"result"}, "project": {projects[1].String()}}
	require.JSONEq(t, `[]`, answer(t, w, "result-aggregator", foreign, projects[:1]))
	foreign["project"] = []string{"project-1"}
	_, err := w.Answer(context.Background(), "result-aggregator", foreign, projects[:1])
	require.ErrorAs(t, err, new(*widget.ParamError), "the name of a foreign project is as unknown as any")
	require.JSONEq(t, `[{"_id": "failed", "count": 1}]`, answer(t, w, "result-aggregator", foreign, projects[:2]))
	for _, none := range []string{"", "undefined", "null"} {
		require.JSONEq(t, `[{"_id": "passed", "count": 1}]`,
			answer(t, w, "result-aggregator", widget.Values{"group_field": {"result"}, "project": {none}}, projects[:1]))
	}
}

func TestAWriteIsInTheNextAnswer(t *testing.T) {
	t.Parallel()
	s := dbtest.New(t)
	insertProjects(t, s.Pool())
	clock := newClock(now)
	kept := &counting{Cache: cache.NewMemory(1<<20, clock.Now)}
	w := widget.New(widget.Options{Store: s, Now: clock.Now, Cache: kept})
	ask := func() string {
		return answer(t, w, "result-aggregator", widget.Values{"group_field": {"result"}, "project": {projects[0].String()}}, nil)
	}
	require.JSONEq(t, `[]`, ask())
	kept.wait(t, 1)
	for i := range 5 {
		addResult(t, s.Pool(), projects[0], "passed", now)
		want := fmt.Sprintf(`[{"_id": "passed", "count": %d}]`, i+1)
		require.JSONEq(t, want, ask())
		kept.wait(t, int64(i)+2)
		require.JSONEq(t, want, ask())
	}
	require.EqualValues(t, 6, kept.sets.Load(), "each answer is computed once")
	addResult(t, s.Pool(), projects[1], "passed", now)
	require.JSONEq(t, `[{"_id": "passed", "count": 5}]`, ask())
	require.EqualValues(t, 6, kept.sets.Load(), "a write to another project changes nothing")
}

// "Since midnight" means something else after the next one, without any write.
func TestAnswersThatMoveWithTheClockAreNotKept(t *testing.T) {
	t.Parallel()
	s := dbtest.New(t)
	insertProjects(t, s.Pool())
	clock := newClock(now)
	kept := &counting{Cache: cache.NewMemory(1<<20, clock.Now)}
	w := widget.New(widget.Options{Store: s, Now: clock.Now, Cache: kept})
	ask := func(filters string) {
		answer(t, w, "result-summary", widget.Values{"project": {projects[0].String()}, "additional_filters": {filters}}, nil)
	}
	ask("start_time>today")
	ask("env=qa,start_time<NOW")
	ask("env=qa,start_time>2026-01-01")
	kept.wait(t, 1)
	require.EqualValues(t, 1, kept.sets.Load())
}

func TestAKeptAnswerEndsWhenARowLeavesTheWindow(t *testing.T) {
	t.Parallel()
	s := dbtest.New(t)
	insertProjects(t, s.Pool())
	addResult(t, s.Pool(), projects[0], "failed", now.Add(-89*day))
	addResult(t, s.Pool(), projects[0], "passed", now)
	exec(t, s.Pool(), `INSERT INTO runs (id, project_id, component, start_time, created, summary) VALUES ($1, $2, 'login', $3, $3, '{"tests": 2}')`,
		uuid.New(), projects[0], now.Add(-6*day))
	clock := newClock(now)
	kept := &counting{Cache: cache.NewMemory(1<<20, clock.Now)}
	w := widget.New(widget.Options{Store: s, Now: clock.Now, Cache: kept})
	results := func() string {
		return answer(t, w, "result-aggregator", widget.Values{"group_field": {"result"}}, projects[:1])
	}
	runs := func() string {
		return answer(t, w, "run-aggregator", widget.Values{"group_field": {"component"}, "weeks": {"1"}}, projects[:1])
	}
	require.Contains(t, results(), "failed")
	require.Contains(t, runs(), "login")
	kept.wait(t, 2)
	clock.set(now.Add(day - time.Microsecond))
	require.Contains(t, results(), "failed")
	require.Contains(t, runs(), "login")
	clock.set(now.Add(day))
	require.NotContains(t, results(), "failed")
	require.Contains(t, results(), "passed")
	require.NotContains(t, runs(), "login")
}

func TestEqualQuestionsAtTheSameTimeAreOneQuery(t *testing.T) {
	t.Parallel()
	s := dbtest.New(t)
	insertProjects(t, s.Pool())
	clock := newClock(now)
	kept := &counting{Cache: cache.NewMemory(1<<20, clock.Now)}
	w := widget.New(widget.Options{Store: s, Now: clock.Now, Cache: kept})
	values := widget.Values{"job_name": {"nightly"}, "builds": {"5"}, "group_field": {"component"}}
	// Nobody can read the runs until the lock is released, so all questions are there before the first is answered.
	lock, err := s.Pool().Begin(context.Background())
	require.NoError(t, err)
	_, err = lock.Exec(context.Background(), `LOCK TABLE runs IN ACCESS EXCLUSIVE MODE`)
	require.NoError(t, err)
	var started, wg sync.WaitGroup
	answers := make([]string, 20)
	given, giveUp := context.WithCancel(context.Background())
	for i := range answers {
		started.Add(1)
		wg.Go(func() {
			started.Done()
			ctx := context.Background()
			if i == 0 {
				ctx = given // whoever gives up takes nobody along
			}
			raw, err := w.Answer(ctx, "jenkins-heatmap", values, projects[:1])
			if i > 0 && err == nil {
				answers[i] = string(raw)
			}
		})
	}
	started.Wait()
	require.Eventually(t, func() bool {
		var waiting int
		require.NoError(t, lock.QueryRow(context.Background(), `SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'runs'::regclass`).Scan(&waiting))
		return waiting > 0
	}, 10*time.Second, time.Millisecond)
	giveUp()
	require.NoError(t, lock.Rollback(context.Background()))
	wg.Wait()
	for _, a := range answers[1:] {
		require.JSONEq(t, `{"heatmap": {}}`, a)
	}
	require.LessOrEqual(t, kept.sets.Load(), int64(2), "those that came in time share one answer")
}

// A query that nobody waits for any more does not go on.
func TestWhoGivesUpAloneEndsTheQuery(t *testing.T) {
	t.Parallel()
	s := dbtest.New(t)
	insertProjects(t, s.Pool())
	clock := newClock(now)
	w := widget.New(widget.Options{Store: s, Now: clock.Now, Cache: cache.NewMemory(1<<20, clock.Now)})
	lock, err := s.Pool().Begin(context.Background())
	require.NoError(t, err)
	_, err = lock.Exec(context.Background(), `LOCK TABLE runs IN ACCESS EXCLUSIVE MODE`)
	require.NoError(t, err)
	ctx, giveUp := context.WithCancel(context.Background())
	gone := make(chan error, 1)
	go func() {
		_, err := w.Answer(ctx, "result-summary", widget.Values{}, projects[:1])
		gone <- err
	}()
	waiting := func() (n int) {
		require.NoError(t, lock.QueryRow(context.Background(), `SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'runs'::regclass`).Scan(&n))
		return n
	}
	require.Eventually(t, func() bool { return waiting() == 1 }, 10*time.Second, time.Millisecond)
	giveUp()
	require.ErrorIs(t, <-gone, context.Canceled)
	require.Eventually(t, func() bool { return waiting() == 0 }, 10*time.Second, time.Millisecond)
	require.NoError(t, lock.Rollback(context.Background()))
	require.JSONEq(t, `{"error":0,"skipped":0,"failed":0,"passed":0,"total":0,"xfailed":0,"xpassed":0}`, answer(t, w, "result-summary", widget.Values{}, projects[:1]))
}

func TestTheNewestRunOfABuildIsShownBesideAllOfThem(t *testing.T) {
	t.Parallel()
	s := dbtest.New(t)
	insertProjects(t, s.Pool())
	old, retried := uuid.New(), uuid.New()
	for i, id := range []uuid.UUID{old, retried} {
		exec(t, s.Pool(), `INSERT INTO runs (id, project_id, component, start_time, created, data, summary)
			VALUES ($1, $2, 'login', $3, $3, '{"jenkins": {"job_name": "nightly", "build_number": "7"}}', $4)`,
			id, projects[0], now.Add(time.Duration(i)*time.Hour), map[string]int{"tests": 4, "failures": 2 - 2*i})
	}
	w := widget.New(widget.Options{Store: s})
	asked := widget.Values{"job_name": {"nightly"}, "builds": {"3"}, "group_field": {"component"}}
	require.JSONEq(t, fmt.Sprintf(`{"heatmap": {"login": [[0.0, 0], [100.0, %q, null, "7"]]}}`, retried), answer(t, w, "jenkins-heatmap", asked, nil))
	asked["together"] = []string{"true"}
	require.JSONEq(t, fmt.Sprintf(`{"heatmap": {"login": [[0.0, 0], [100.0, %q, null, "7", {"runs": 2, "rate": 75.0}]]}}`, retried),
		answer(t, w, "jenkins-heatmap", asked, nil))
}

func TestAWrongParameterIsNamed(t *testing.T) {
	t.Parallel()
	s := dbtest.New(t)
	w := widget.New(widget.Options{Store: s})
	many := make([]string, 1001)
	for _, c := range []struct {
		id     string
		values widget.Values
		param  string
	}{
		{"result-summary", widget.Values{"nosuch": {"1"}, "also": {""}}, "also, nosuch"},
		{"jenkins-heatmap", widget.Values{}, "job_name"},
		{"jenkins-heatmap", widget.Values{"job_name": {"x"}}, "builds"},
		{"jenkins-heatmap", widget.Values{"job_name": {"x"}, "builds": {"5"}}, "group_field"},
		{"jenkins-heatmap", widget.Values{"job_name": {"x"}, "builds": {"five"}, "group_field": {"env"}}, "builds"},
		{"jenkins-heatmap", widget.Values{"job_name": {"x"}, "builds": {"0.25"}, "group_field": {"env"}}, "builds"},
		{"jenkins-heatmap", widget.Values{"job_name": {"x"}, "builds": {"-1"}, "group_field": {"env"}}, "builds"},
		{"jenkins-heatmap", widget.Values{"job_name": {"x"}, "builds": {"5"}, "group_field": {"env"}, "count_skips": {""}}, "count_skips"},
		{"jenkins-heatmap", widget.Values{"job_name": {"x"}, "builds": {"5"}, "group_field": {"start_time"}}, "group_field"},
		{"jenkins-heatmap", widget.Values{"job_name": {"x"}, "builds": {"5"}, "group_field": {"metadata.tags"}}, "group_field"},
		{"jenkins-heatmap", widget.Values{"job_name": {"x\x00"}, "builds": {"5"}, "group_field": {"env"}}, "job_name"},
		{"filter-heatmap", widget.Values{"builds": {"5"}, "group_field": {"env"}}, "additional_filters"},
		{"run-aggregator", widget.Values{"weeks": {"undefined"}, "group_field": {"env"}}, "weeks"},
		{"run-aggregator", widget.Values{"weeks": {"NaN"}, "group_field": {"env"}}, "weeks"},
		{"run-aggregator", widget.Values{"weeks": {"1"}}, "group_field"},
		{"result-aggregator", widget.Values{}, "group_field"},
		{"result-aggregator", widget.Values{"group_field": {"result"}, "days": {""}}, "days"},
		{"result-aggregator", widget.Values{"group_field": {"result"}, "project": {"nosuch"}}, "project"},
		{"importance-component", widget.Values{"project": {"name"}}, "project"},
		{"importance-component", widget.Values{"group_field": {"env"}}, "group_field"},
		{"jenkins-job-view", widget.Values{"page": {"0"}}, "page"},
		{"jenkins-job-view", widget.Values{"page_size": {"0"}}, "page_size"},
		{"jenkins-job-view", widget.Values{"run_limit": {"-1"}}, "run_limit"},
		{"jenkins-analysis-view", widget.Values{"builds": {"3"}}, "job_name"},
		{"jenkins-bar-chart", widget.Values{"job_name": {"x"}}, "builds"},
		{"jenkins-line-chart", widget.Values{"job_name": {"x"}, "builds": {"99999999999999999999"}}, "builds"},
		{"compare-runs-view", widget.Values{"filters": {"env=qa"}}, "additional_filters"},
		{"compare-runs-view", widget.Values{"filters": many}, "additional_filters"},
		{"accessibility-bar-chart", widget.Values{}, "run_list"},
		{"accessibility-bar-chart", widget.Values{"run_list": {"x"}}, "run_list"},
		{"accessibility-analysis-view", widget.Values{}, "run_list"},
		{"result-summary", widget.Values{"params": {"x"}}, "params"},
		{"result-summary", widget.Values{"params": {`{"env": {"a": 1}}`}}, "env"},
		{"result-summary", widget.Values{"params[nosuch]": {"x"}}, "nosuch"},
	} {
		_, err := w.Answer(context.Background(), c.id, c.values, nil)
		var wrong *widget.ParamError
		require.ErrorAs(t, err, &wrong, "%s %v", c.id, c.values)
		require.Equal(t, c.id, wrong.Widget)
		require.Equal(t, c.param, wrong.Param, "%s %v", c.id, c.values)
		require.NotEmpty(t, wrong.Reason)
	}
	for _, values := range []widget.Values{
		{"additional_filters": {"duration=abc"}}, {"additional_filters": {"env=qa", "metadata=x"}}, {"additional_filters": {"env~("}},
	} {
		_, err := w.Answer(context.Background(), "result-summary", values, nil)
		require.ErrorAs(t, err, new(*filter.Error), "%v", values)
	}
	exec(t, s.Pool(), `INSERT INTO runs (id, env, start_time, created) VALUES ($1, 'qa', $2, $2)`, uuid.New(), now)
	_, err := w.Answer(context.Background(), "result-summary", widget.Values{"additional_filters": {"env~((a{255}){255}){255}"}}, nil)
	require.ErrorAs(t, err, new(*filter.Error), "what only the database finds out")
	_, err = w.Answer(context.Background(), "run-aggregator", widget.Values{"weeks": {"1"}, "group_field": {"metadata"}}, nil)
	require.ErrorAs(t, err, new(*filter.Error))
	_, err = w.Answer(context.Background(), "nosuch", nil, nil)
	require.ErrorIs(t, err, widget.ErrUnknown)
}

func TestParametersComeInEverySpellingThatClientsUse(t *testing.T) {
	t.Parallel()
	s := dbtest.New(t)
	w := widget.New(widget.Options{Store: s})
	want := `{"barchart_params":{"job_name":"j","builds":50},"heatmap_params":{"job_name":"j","builds":40,"group_field":"component","count_skips":true},` +
		`"linechart_params":{"job_name":"j","builds":50}}`
	for _, values := range []widget.Values{
		{"job_name": {"j"}, "builds": {"50"}},
		{"job_name": {"j", "ignored"}, "builds": {" 50 "}},
		{"params[job_name]": {"j"}, "params[builds]": {"50"}},
		{"params": {`{"job_name": "j", "builds": 50, "project": null}`}},
		{"params": {`{"job_name": "j"}`}, "builds": {"50"}},
	} {
		require.JSONEq(t, want, answer(t, w, "jenkins-analysis-view", values, nil), "%v", values)
	}
	require.JSONEq(t, `["a","b","c"]`, answer(t, w, "accessibility-analysis-view", widget.Values{"params": {`{"run_list": ["a,b", "c"]}`}, "project": {""}}, nil))
	require.JSONEq(t, `{"heatmap":{}}`, answer(t, w, "filter-heatmap", widget.Values{"filters": {"env=qa"}, "builds": {"1"}, "group_field": {"env"}}, nil))
	require.JSONEq(t, `{"heatmap":{}}`, answer(t, w, "jenkins-heatmap", widget.Values{"jenkins_job_name": {"x"}, "builds": {"1"}, "group_field": {"env"}}, nil))
	require.JSONEq(t, `{"jobs":[],"pagination":{"page":1,"pageSize":25,"totalItems":0,"totalPages":0}}`, answer(t, w, "jenkins-job-view", widget.Values{"filter": {"x"}}, nil))
	require.JSONEq(t, `{"results":[],"pagination":{"totalItems":0}}`,
		answer(t, w, "compare-runs-view", widget.Values{"filters": {"env=qa", "component=x", "source=ci"}, "project_id": {uuid.NewString()}}, nil))
	require.Empty(t, answer(t, w, "accessibility-dashboard-view", widget.Values{"project": {uuid.NewString()}}, nil))
}

func TestRepeatedFiltersAllHold(t *testing.T) {
	t.Parallel()
	s := dbtest.New(t)
	insertProjects(t, s.Pool())
	for _, env := range []string{"qa", "prod"} {
		exec(t, s.Pool(), `INSERT INTO results (id, project_id, result, env, component, start_time) VALUES ($1, $2, 'passed', $3, 'login', $4)`, uuid.New(), projects[0], env, now)
	}
	w := widget.New(widget.Options{Store: s, Now: newClock(now).Now})
	require.JSONEq(t, `[{"_id": "passed", "count": 1}]`, answer(t, w, "result-aggregator",
		widget.Values{"group_field": {"result"}, "additional_filters": {"component=login", "env=qa"}}, nil))
}

// A page with one filter bar sends each condition by itself: the last two runs that match all of them are compared.
func TestSingleConditionsCompareTheLastTwoRuns(t *testing.T) {
	t.Parallel()
	s := dbtest.New(t)
	insertProjects(t, s.Pool())
	for i, outcome := range []string{"error", "passed", "failed"} {
		run := uuid.New()
		exec(t, s.Pool(), `INSERT INTO runs (id, project_id, start_time, created) VALUES ($1, $2, $3, $3)`, run, projects[0], now)
		exec(t, s.Pool(), `INSERT INTO results (id, project_id, run_id, test_id, result, env, source, component, start_time) VALUES ($1, $2, $3, 'test_a', $4, 'qa', 'ci', 'login', $5)`,
			uuid.New(), projects[0], run, outcome, now.Add(time.Duration(i)*time.Minute))
	}
	w := widget.New(widget.Options{Store: s})
	raw, err := w.Answer(context.Background(), "compare-runs-view", widget.Values{"filters": {"env=qa", "source=ci", "component=login"}}, nil)
	require.NoError(t, err)
	var got struct {
		Results    [][]struct{ Result string }
		Pagination struct{ TotalItems int }
	}
	require.NoError(t, json.Unmarshal(raw, &got))
	require.Equal(t, 1, got.Pagination.TotalItems)
	require.Equal(t, [][]struct{ Result string }{{{"failed"}, {"passed"}}}, got.Results)
}

func TestAccessibilityCountsComeFromTheRunsOfTheScope(t *testing.T) {
	t.Parallel()
	s := dbtest.New(t)
	insertProjects(t, s.Pool())
	run := func(project uuid.UUID, files ...string) string {
		id := uuid.New()
		exec(t, s.Pool(), `INSERT INTO runs (id, project_id, start_time, created) VALUES ($1, $2, $3, $3)`, id, project, now)
		for i, content := range files {
			exec(t, s.Pool(), `INSERT INTO artifacts (id, run_id, filename, content, upload_date) VALUES ($1, $2, 'axe_run_data.yaml', $3, $4)`,
				uuid.New(), id, []byte(content), now.Add(time.Duration(i)*time.Second))
		}
		return id.String()
	}
	full, empty := run(projects[0], "passes: 1\nviolations: 1\n", "passes: 30\nviolations: 10\nincomplete: 2\n", "violations: 5"), run(projects[0])
	zero, broken := run(projects[0], "{passes: 0, violations: 0}"), run(projects[0], "passes: [", "passes: many", "&a [*a]", "\xff\x00")
	foreign := run(projects[1], "passes: 7")
	w := widget.New(widget.Options{Store: s})
	const shown = `[{"x":"passes","y":30,"ratio":75},{"x":"violations","y":10,"ratio":25},{"total":40}]`
	chart := func(runs ...string) string {
		return answer(t, w, "accessibility-bar-chart", widget.Values{"run_list": runs}, projects[:1])
	}
	require.JSONEq(t, shown, chart(full))
	require.JSONEq(t, shown, chart(full+","+empty))
	require.JSONEq(t, shown, chart(full, empty, broken, foreign))
	require.JSONEq(t, `[{"x":"passes","y":0,"ratio":0},{"x":"violations","y":0,"ratio":0},{"total":0}]`, chart(full, zero))
	require.Empty(t, chart(empty))
	require.Empty(t, chart(broken, foreign, uuid.NewString()))
}
