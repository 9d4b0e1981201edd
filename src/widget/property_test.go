package widget_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/cache"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
	"github.com/ibutsu/ibutsu-go/src/widget"
)

// now is in the middle of an hour and of a day, so that windows have ragged ends.
var now = time.Date(2026, 3, 15, 10, 37, 12, 345678000, time.UTC)

var projects = []uuid.UUID{uuid.NewSHA1(uuid.Nil, []byte("one")), uuid.NewSHA1(uuid.Nil, []byte("two")), uuid.NewSHA1(uuid.Nil, []byte("three"))}

func insertProjects(t testing.TB, pool *pgxpool.Pool) {
	t.Helper()
	for i, id := range projects {
		_, err := pool.Exec(context.Background(), `INSERT INTO projects (id, name, title) VALUES ($1, $2, $2)`, id, fmt.Sprintf("project-%d", i))
		require.NoError(t, err)
	}
}

// client writes at random, as one of several.
type client struct {
	*rand.Rand
	store *store.Store
	pool  *pgxpool.Pool
}

func newClient(seed, stream uint64, s *store.Store) *client {
	return &client{rand.New(rand.NewPCG(seed, stream)), s, s.Pool()}
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// maybe is nil for "-".
func maybe(r *rand.Rand, from ...string) *string {
	if s := pick(r, from...); s != "-" {
		return &s
	}
	return nil
}

func (c *client) id() uuid.UUID {
	var id uuid.UUID
	for i := range id {
		id[i] = byte(c.Uint32())
	}
	return id
}

// moment is often just at the edge of a window, an hour or a day.
func (c *client) moment() time.Time {
	switch c.IntN(5) {
	case 0, 1:
		edges := []time.Duration{7 * day, 28 * day, 3*day + 12*time.Hour, 90 * day, 10 * day}
		return now.Add(-pick(c.Rand, edges...)).Add(pick(c.Rand, -time.Microsecond, 0, time.Microsecond, time.Second))
	case 2:
		return now.Add(-time.Duration(c.IntN(100)) * day).Truncate(pick(c.Rand, time.Hour, day)).Add(pick(c.Rand, -time.Microsecond, 0, time.Microsecond))
	}
	return now.Add(-time.Duration(c.Int64N(int64(100 * day)))).Truncate(time.Microsecond)
}

func (c *client) project() *uuid.UUID {
	if c.IntN(12) == 0 {
		return nil
	}
	return &projects[c.IntN(2)]
}

func (c *client) metadata(result bool) map[string]any {
	data := map[string]any{"team": pick[any](c.Rand, "red", "blue", nil, 7, true)}
	if c.IntN(4) > 0 {
		data["jenkins"] = pick[any](c.Rand,
			map[string]any{"job_name": pick(c.Rand, "nightly", "nightly", "weekly"), "build_number": pick[any](c.Rand, "1", "2", "10", 9, "007"), "build_url": pick(c.Rand, "http://a", "http://b")},
			map[string]any{"job_name": pick(c.Rand, "nightly", "mixed"), "build_number": pick[any](c.Rand, "1", "x1", nil, "20")},
			map[string]any{"build_number": "5"}, "no object")
	}
	if !result {
		if c.IntN(3) == 0 {
			data["annotations"] = []any{map[string]any{"name": "deploy", "value": "v1"}}
		}
		return data
	}
	data["importance"] = pick[any](c.Rand, "critical", "high", "medium", "low", "odd", nil)
	data["fspath"] = pick[any](c.Rand, "tests/a.py", "tests/b.py", nil)
	if c.IntN(3) == 0 {
		data["exception_name"] = pick[any](c.Rand, "KeyError", "ValueError", nil, 5)
	}
	return data
}

func (c *client) summary() any {
	odd := pick[any](c.Rand, 3, 0, 12, 85.5, "x", nil, -1, 1e12)
	return pick[any](c.Rand, nil, map[string]any{}, map[string]any{"tests": 10, "failures": 2, "skips": 1},
		map[string]any{"tests": odd, "errors": odd}, map[string]any{"tests": 20, "xpasses": 1, "xfailures": 4})
}

// step is one thing that somebody does: by a statement of their own, as the API does it, by retention, or with psql.
func (c *client) step(ctx context.Context) error {
	switch c.IntN(20) {
	case 0:
		return c.classify(ctx)
	case 1:
		return c.prune(ctx)
	case 2:
		return c.copyText(ctx)
	case 3, 4:
		_, err := c.pool.Exec(ctx, `SELECT ibutsu_compact_rollups(), ibutsu_settle_failures(NULL, 5), ibutsu_index_failures(5)`)
		return err
	case 5, 6, 7:
		return c.runs(ctx)
	}
	return c.statement(ctx)
}

// runs makes, changes or takes away a run, whatever its results.
func (c *client) runs(ctx context.Context) error {
	return pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
		switch c.IntN(4) {
		case 0:
			_, err := tx.Exec(ctx, `UPDATE runs SET env = $1, component = $2, data = $3, start_time = $4, project_id = $5
				WHERE id IN (SELECT id FROM runs ORDER BY md5(id::text || $6) LIMIT 2)`, maybe(c.Rand, envs...), maybe(c.Rand, components...),
				c.metadata(false), c.moment(), c.project(), strconv.Itoa(c.Int()))
			return err
		case 1:
			_, err := tx.Exec(ctx, `WITH gone AS (SELECT id FROM runs ORDER BY md5(id::text || $1) LIMIT 1),
				results_gone AS (DELETE FROM results WHERE run_id IN (SELECT id FROM gone))
				DELETE FROM runs WHERE id IN (SELECT id FROM gone)`, strconv.Itoa(c.Int()))
			return err
		}
		return c.insertRun(ctx, tx)
	})
}

func (c *client) statement(ctx context.Context) error {
	return pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
		switch c.IntN(12) {
		case 0, 1, 2, 3, 4:
			return c.insertResults(ctx, tx)
		case 5:
			_, err := tx.Exec(ctx, `UPDATE results SET result = $1, component = $2, start_time = $3, data = $4, project_id = $5
				WHERE id IN (SELECT id FROM results ORDER BY md5(id::text || $6) LIMIT $7)`, maybe(c.Rand, outcomes...), maybe(c.Rand, components...),
				c.moment(), c.metadata(true), c.project(), strconv.Itoa(c.Int()), c.IntN(8))
			return err
		case 6:
			_, err := tx.Exec(ctx, `UPDATE results SET run_id = (SELECT id FROM runs ORDER BY md5(id::text || $1) LIMIT 1), duration = $2
				WHERE id IN (SELECT id FROM results ORDER BY md5(id::text || $1) LIMIT $3)`, strconv.Itoa(c.Int()), float64(c.IntN(40))/8, c.IntN(6))
			return err
		case 7:
			_, err := tx.Exec(ctx, `DELETE FROM results WHERE id IN (SELECT id FROM results ORDER BY md5(id::text || $1) LIMIT $2)`, strconv.Itoa(c.Int()), c.IntN(6))
			return err
		case 8:
			// Two change places in one statement, and no sum tells.
			_, err := tx.Exec(ctx, `WITH two AS (SELECT id, result, lead(result) OVER w AS next, lag(result) OVER w AS last
				FROM (SELECT id, result FROM results ORDER BY md5(id::text || $1) LIMIT 2) drawn WINDOW w AS (ORDER BY id))
				UPDATE results r SET result = coalesce(two.next, two.last) FROM two WHERE r.id = two.id`, strconv.Itoa(c.Int()))
			return err
		case 9:
			// A result is taken away and put back otherwise: the day has as many as before.
			_, err := tx.Exec(ctx, `WITH gone AS (DELETE FROM results WHERE id = (SELECT id FROM results ORDER BY md5(id::text || $1) LIMIT 1) RETURNING *)
				INSERT INTO results (id, project_id, result, component, env, source, start_time, data)
				SELECT $2, project_id, result, component, env, source, start_time, $3 FROM gone`, strconv.Itoa(c.Int()), c.id(), c.metadata(true))
			return err
		}
		return c.insertRun(ctx, tx)
	})
}

// classify changes the metadata of results alone, as the bulk update of the API does. No count of rows tells of it.
func (c *client) classify(ctx context.Context) error {
	rows, _ := c.pool.Query(ctx, `SELECT id FROM results ORDER BY md5(id::text || $1) LIMIT $2`, strconv.Itoa(c.Int()), 1+c.IntN(6))
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil || len(ids) == 0 {
		return err
	}
	members := map[string]json.RawMessage{"team": json.RawMessage(pick(c.Rand, `"green"`, `"red"`, "null")), "importance": json.RawMessage(pick(c.Rand, `"low"`, "null"))}
	_, err = c.store.UpdateResultsMetadata(ctx, ids, members, func(*uuid.UUID) error { return nil })
	if errors.Is(err, store.ErrNotFound) { // another client was faster
		return nil
	}
	return err
}

// prune deletes what is old, as retention does.
func (c *client) prune(ctx context.Context) error {
	kind := pick(c.Rand, store.KindResults, store.KindResults, store.KindRuns)
	_, err := c.store.Prune(ctx, store.Rule{Kind: kind, Before: now.Add(-time.Duration(60+c.IntN(60)) * day)}, nil)
	return err
}

// copyText writes results as psql does, which knows nothing of this server.
func (c *client) copyText(ctx context.Context) error {
	var lines strings.Builder
	for range 1 + c.IntN(8) {
		data, err := json.Marshal(c.metadata(true))
		if err != nil {
			return err
		}
		project := `\N`
		if id := c.project(); id != nil {
			project = id.String()
		}
		fmt.Fprintf(&lines, "%s\t%s\t%s\t%s\t%s\t%s\n", c.id(), project, pick(c.Rand, "passed", "failed", `\N`), pick(c.Rand, "login", "cart", `\N`), data,
			c.moment().Format("2006-01-02 15:04:05.999999"))
	}
	conn, err := c.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	_, err = conn.Conn().PgConn().CopyFrom(ctx, strings.NewReader(lines.String()), `COPY results (id, project_id, result, component, data, start_time) FROM STDIN`)
	return err
}

const day = 24 * time.Hour

var (
	outcomes   = []string{"passed", "passed", "passed", "failed", "error", "skipped", "xfailed", "xpassed", "blocked", "-"}
	components = []string{"login", "cart", "", "Grüße", "-"}
	envs       = []string{"qa", "prod", "-"}
	sources    = []string{"ci", "local", "-"}
)

func (c *client) insertRun(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `INSERT INTO runs (id, project_id, data, env, component, source, start_time, duration, summary, created)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $7)`,
		c.id(), c.project(), c.metadata(false), maybe(c.Rand, envs...), maybe(c.Rand, components...), maybe(c.Rand, sources...), c.moment(),
		pick[any](c.Rand, nil, 0.0, float64(c.IntN(9000))/8), c.summary())
	return err
}

func (c *client) insertResults(ctx context.Context, tx pgx.Tx) error {
	var run *uuid.UUID
	err := tx.QueryRow(ctx, `SELECT id FROM runs WHERE $2 ORDER BY md5(id::text || $1) LIMIT 1`, strconv.Itoa(c.Int()), c.IntN(6) > 0).Scan(&run)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	project, component, env, source, metadata := c.project(), maybe(c.Rand, components...), maybe(c.Rand, envs...), maybe(c.Rand, sources...), c.metadata(true)
	start := c.moment()
	rows := make([][]any, 1+c.IntN(12))
	for i := range rows {
		if c.IntN(4) == 0 {
			component, metadata = maybe(c.Rand, components...), c.metadata(true)
		}
		rows[i] = []any{c.id(), project, run, maybe(c.Rand, "test_a", "test_b", "test_c", "-"), maybe(c.Rand, outcomes...), metadata,
			float64(c.IntN(80)) / 8, start.Add(time.Duration(i) * time.Second), source, env, component}
	}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{"results"},
		[]string{"id", "project_id", "run_id", "test_id", "result", "data", "duration", "start_time", "source", "env", "component"}, pgx.CopyFromRows(rows))
	return err
}

// write lets clients work at the same time, each on its own.
func write(t testing.TB, s *store.Store, seed uint64, clients, steps int) {
	var wg sync.WaitGroup
	faults := make([]error, clients)
	for i := range clients {
		wg.Go(func() {
			c := newClient(seed, uint64(i), s)
			for range steps {
				if err := c.step(context.Background()); err != nil && !conflicted(err) {
					faults[i] = err
					return
				}
			}
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(faults...))
}

// conflicted says that two clients got into each other's way, and the database sent one of them back.
func conflicted(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40P01" || pg.Code == "23503")
}

type check struct {
	id       string
	values   widget.Values
	scope    []uuid.UUID
	expected any
	pairs    bool // compare the ids of pairs
}

// checks draws questions for every widget, and what the naive ones answer.
func checks(r *rand.Rand, all rows) []check {
	var out []check
	for range 3 {
		a := asked{now: now, builds: 1 + r.IntN(6), countSkips: r.IntN(2) == 0, together: r.IntN(2) == 0, job: pick(r, "nightly", "weekly", "mixed", "nosuch"),
			page: 1 + r.IntN(2), pageSize: 1 + r.IntN(5), env: pick(r, "", "qa"), source: pick(r, "", "ci"), components: []string{"login", "cart", ""}}
		values := widget.Values{}
		var scope []uuid.UUID
		switch r.IntN(4) {
		case 0: // all projects
		case 1:
			scope = projects[:1+r.IntN(3)]
			a.projects = scope
		default:
			i := r.IntN(3)
			a.projects = projects[i : i+1]
			values["project"] = []string{pick(r, projects[i].String(), fmt.Sprintf("project-%d", i))}
		}
		with := func(more widget.Values) widget.Values {
			v := widget.Values{}
			maps.Copy(v, values)
			maps.Copy(v, more)
			return v
		}
		filtered := func(from ...string) []string {
			var some []string
			for _, f := range from {
				if r.IntN(3) == 0 {
					some = append(some, f)
				}
			}
			return some
		}
		runs := a
		runs.filters = filtered("env=qa", "component!cart", "metadata.team=red", "source@y", "metadata.jenkins.job_name*nightly;weekly", "metadata.team~^r", "start_time<2026-03-10T00:00:00.000000")
		switch r.IntN(4) { // none, or one that a rollup knows
		case 0, 1:
			runs.filters = nil
		case 2:
			runs.filters = []string{pick(r, "env=qa", "component=cart", "source=ci", "data.jenkins.job_name=nightly", "metadata.jenkins.job_name=nightly")}
		}
		runFilters := []string{strings.Join(runs.filters, ",")}

		out = append(out, check{"result-summary", with(widget.Values{"additional_filters": runFilters, "env": {a.env}, "source": {a.source}, "job_name": {pick(r, "", a.job)}}), scope, nil, false})
		summary := runs
		summary.job = out[len(out)-1].values["job_name"][0]
		out[len(out)-1].expected = naiveResultSummary(all, summary)

		weeks := pick(r, 4, 1, 0.5, 10/7.0, 2000)
		runs.group = pick(r, "component", "env", "source", "metadata.jenkins.job_name", "metadata.team", "metadata.nosuch", "project_id")
		runs.span = time.Duration(weeks * float64(7*day))
		out = append(out, check{"run-aggregator", with(widget.Values{"weeks": {fmt.Sprint(weeks)}, "group_field": {runs.group}, "additional_filters": runFilters}), scope, naiveRunAggregator(all, runs), false})

		heat := with(widget.Values{"builds": {fmt.Sprint(a.builds)}, "group_field": {runs.group}, "additional_filters": runFilters})
		out = append(out, check{"filter-heatmap", heat, scope, naiveFilterHeatmap(all, runs), false})
		jenkins := with(widget.Values{"job_name": {a.job}, "builds": {fmt.Sprint(a.builds)}, "group_field": {runs.group}, "additional_filters": runFilters, "count_skips": {fmt.Sprint(a.countSkips)}, "together": {fmt.Sprint(a.together)}})
		out = append(out, check{"jenkins-heatmap", jenkins, scope, naiveJenkinsHeatmap(all, runs), false})

		view := runs
		view.runLimit = pick(r, 0, 5)
		out = append(out, check{"jenkins-job-view", with(widget.Values{"page": {fmt.Sprint(a.page)}, "page_size": {fmt.Sprint(a.pageSize)}, "run_limit": {fmt.Sprint(view.runLimit)}, "additional_filters": runs.filters}), scope, naiveJobView(all, view), false})
		chart := with(widget.Values{"job_name": {a.job}, "builds": {fmt.Sprint(a.builds)}})
		out = append(out, check{"jenkins-bar-chart", chart, scope, naiveBarChart(all, a), false}, check{"jenkins-line-chart", chart, scope, naiveLineChart(all, a), false})

		if a.projects != nil && len(values["project"]) > 0 {
			imp := with(widget.Values{"project": {a.projects[0].String()}, "job_name": {a.job}, "components": {"login,cart,"}, "builds": {fmt.Sprint(a.builds)}, "count_skips": {fmt.Sprint(a.countSkips)}, "env": {a.env}})
			out = append(out, check{"importance-component", imp, scope, naiveImportance(all, a), false})
		}

		for range 4 {
			results := a
			results.group = pick(r, "result", "component", "env", "source", "metadata.exception_name", "metadata.jenkins.job_name", "metadata.team", "test_id", "project_id", "data.importance", "metadata.fspath", "metadata.nosuch")
			results.filters = filtered("env=qa", "result!passed", "metadata.team=red", "component*login;cart", "run_id@y", "duration>4.5", "test_id~_[ab]$", "metadata.importance%I", "start_time>2026-02-01T00:00:00.000000")
			if r.IntN(2) == 0 {
				results.filters = nil
			}
			results.forFilter = r.IntN(4) == 0
			v := with(widget.Values{"group_field": {results.group}, "additional_filters": {strings.Join(append(slices.Clone(results.filters), "nosuch=1"), ",")}, "for_filter": {fmt.Sprint(results.forFilter)}})
			switch r.IntN(5) {
			case 0:
				results.unbounded = true
				v["days"] = []string{"0"}
			case 1:
				results.span = 90 * day
			case 2:
				results.unbounded = true
				run := uuid.New()
				if len(all.runs) > 0 {
					run = all.runs[r.IntN(len(all.runs))].id
				}
				results.run = &run
				v["run_id"] = []string{run.String()}
			default:
				days := pick(r, 7, 28, 3.5, 10, 0.01, 3000)
				results.span = time.Duration(days * float64(day))
				v["days"] = []string{fmt.Sprint(days)}
			}
			out = append(out, check{"result-aggregator", v, scope, naiveResultAggregator(all, results), false})
		}

		left, right := a, a
		left.filters, right.filters = []string{pick(r, "env=qa", "component=login", "metadata.team=red")}, []string{pick(r, "env=prod", "source=ci", "env=nosuch")}
		out = append(out, check{"compare-runs-view", with(widget.Values{"additional_filters": {left.filters[0], right.filters[0]}}), scope, naiveCompare(all, left, right), true})
	}
	return out
}

func (c check) ask(t require.TestingT, w *widget.Widgets) {
	raw, err := w.Answer(context.Background(), c.id, c.values, c.scope)
	require.NoError(t, err, "%s %v", c.id, c.values)
	var got any
	require.NoError(t, json.Unmarshal(raw, &got))
	if c.pairs {
		require.EqualValues(t, len(c.expected.([]any)), got.(m)["pagination"].(m)["totalItems"])
		ids := []any{}
		for _, pair := range got.(m)["results"].([]any) {
			ids = append(ids, []any{pair.([]any)[0].(m)["id"], pair.([]any)[1].(m)["id"]})
		}
		got = ids
	}
	if c.id == "result-aggregator" {
		sortById(got.([]any))
		sortById(c.expected.([]any))
	}
	require.Equal(t, settled(c.expected), settled(got), "%s %v of %v", c.id, c.values, c.scope)
}

func sortById(groups []any) {
	slices.SortFunc(groups, func(l, r any) int { return strings.Compare(l.(m)["_id"].(string), r.(m)["_id"].(string)) })
}

// settled rounds away what only the order of additions makes.
func settled(v any) any {
	switch v := v.(type) {
	case float64:
		return math.Round(v*1e6) / 1e6
	case int:
		return float64(v)
	case json.Number:
		f, _ := v.Float64()
		return f
	case m:
		out := m{}
		for k, x := range v {
			out[k] = settled(x)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = settled(x)
		}
		return out
	}
	return v
}

// After whatever several clients wrote, changed and deleted at the same time, every widget shows what reading all rows
// would, with answers kept from before as well as without.
func TestEveryWidgetEqualsANaiveComputation(t *testing.T) {
	t.Parallel()
	s := dbtest.New(t)
	insertProjects(t, s.Pool())
	ctx := context.Background()
	clock := func() time.Time { return now }
	fresh := widget.New(widget.Options{Store: s, Now: clock})
	byDays := widget.New(widget.Options{Store: s, Now: clock, Slow: -1}) // keeps every day that it counts
	keeping := widget.New(widget.Options{Store: s, Now: clock, Cache: cache.NewMemory(8<<20, clock)})
	for seed := range uint64(12) {
		for _, table := range []string{"results", "runs"} {
			_, err := s.Pool().Exec(ctx, "DELETE FROM "+table)
			require.NoError(t, err)
		}
		for round := range uint64(3) {
			if seed == 3 && round == 1 {
				require.NoError(t, widget.TallyField(ctx, s, "metadata.team"))
			}
			write(t, s, 10*seed+round, 3, 25)
			all, err := readRows(ctx, s.Pool())
			require.NoError(t, err)
			// The same questions in each round, so that those of the rounds before are in the cache.
			for _, c := range checks(rand.New(rand.NewPCG(seed, 0)), all) {
				c.ask(t, byDays)
				c.ask(t, fresh)
				c.ask(t, keeping)
			}
		}
		wrong, err := s.RebuildRollups(ctx)
		require.NoError(t, err)
		require.Zero(t, wrong)
	}
}
