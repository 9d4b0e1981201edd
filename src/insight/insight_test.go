package insight_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/insight"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
)

var today = time.Date(2026, 3, 20, 15, 0, 0, 0, time.UTC)

// world is a project that changes at random, and what is in it by heart.
type world struct {
	t        *testing.T
	store    *store.Store
	insight  *insight.Insight
	project  uuid.UUID
	random   *rand.Rand
	runs     []run
	results  map[uuid.UUID]result
	messages []string
}

type run struct {
	id                  uuid.UUID
	start               time.Time
	component, env, job string
	build               string
}

type result struct {
	id, run         uuid.UUID
	test, state     string
	start           time.Time
	seconds         float64
	exception, said string
	class           string
}

// unknown is the duration of a result that has none.
const unknown = -1

func (r result) failing() bool { return r.state == "failed" || r.state == "error" }
func (r result) good() bool {
	return r.state == "passed" || r.state == "xfailed" || r.state == "xpassed"
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, store: dbtest.New(t), project: uuid.New(), random: rand.New(rand.NewPCG(seed, 1)), results: map[uuid.UUID]result{}}
	w.insight = insight.New(insight.Options{Store: w.store, Now: func() time.Time { return today }})
	w.messages = []string{"waited %d s", "lost 10.0.0.%d", "no file /tmp/x%d/y", "refused"}
	w.exec(`INSERT INTO projects (id, name) VALUES ($1, 'p')`, w.project)
	return w
}

func (w *world) exec(statement string, args ...any) {
	w.t.Helper()
	_, err := w.store.Pool().Exec(context.Background(), statement, args...)
	require.NoError(w.t, err, statement)
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

func (w *world) addRun() {
	// Many begin at the same time, and some say nothing of where they ran.
	r := run{id: uuid.New(), start: today.Add(-time.Duration(w.random.IntN(10)) * 48 * time.Hour),
		component: pick(w.random, "a", "b", ""), env: pick(w.random, "x", "y", ""), job: pick(w.random, "nightly", ""), build: pick(w.random, "", "7", "8")}
	w.runs = append(w.runs, r)
	w.exec(`INSERT INTO runs (id, project_id, start_time, created, component, env, source, data) VALUES ($1, $2, $3, $3, nullif($4, ''), nullif($5, ''), 'ci', jsonb_build_object('jenkins', jsonb_build_object('job_name', $6::text, 'build_number', $7::text)))`,
		r.id, w.project, r.start, r.component, r.env, r.job, r.build)
}

func (w *world) someResult() result {
	in := pick(w.random, w.runs...)
	r := result{id: uuid.New(), run: in.id, test: fmt.Sprint("t", w.random.IntN(6)), start: in.start.Add(time.Duration(w.random.IntN(4)) * time.Minute),
		state: pick(w.random, "passed", "passed", "failed", "error", "skipped", "xpassed"), seconds: float64(w.random.IntN(50)) / 10}
	if w.random.IntN(10) == 0 {
		r.test = "" // which is none
	}
	if w.random.IntN(10) == 0 {
		r.seconds = unknown
	}
	if r.failing() {
		r.exception, r.said = pick(w.random, "KeyError", "TimeoutError"), pick(w.random, w.messages...)
		if strings.Contains(r.said, "%d") {
			r.said = fmt.Sprintf(r.said, w.random.IntN(90))
		}
		r.class = pick(w.random, "", "product")
	}
	return r
}

func (w *world) put(r result) {
	in := w.runs[slices.IndexFunc(w.runs, func(o run) bool { return o.id == r.run })]
	data := map[string]any{"short_tb": "a.py:3: in f\nE   " + r.exception + ": " + r.said, "exception_name": r.exception, "classification": r.class}
	text, err := json.Marshal(data)
	require.NoError(w.t, err)
	w.exec(`INSERT INTO results (id, project_id, run_id, test_id, result, start_time, duration, data, component, env) VALUES ($1, $2, $3, nullif($4, ''), $5, $6, nullif($7::float8, -1), $8, nullif($9, ''), nullif($10, ''))
		ON CONFLICT (id) DO UPDATE SET run_id = excluded.run_id, test_id = excluded.test_id, result = excluded.result, start_time = excluded.start_time,
		duration = excluded.duration, data = excluded.data, component = excluded.component, env = excluded.env`,
		r.id, w.project, r.run, r.test, r.state, r.start, r.seconds, text, in.component, in.env)
	w.results[r.id] = r
}

func (w *world) some() result { return pick(w.random, w.all()...) }

func (w *world) all() []result {
	var all []result
	for _, r := range w.results {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b result) int { return cmp.Or(a.start.Compare(b.start), slices.Compare(a.id[:], b.id[:])) })
	return all
}

// change does anything that anybody may do to the rows.
func (w *world) change() {
	switch n := w.random.IntN(10); {
	case n < 6 || len(w.results) == 0:
		w.put(w.someResult())
	case n < 9:
		r := w.someResult()
		r.id = w.some().id
		w.put(r)
	default:
		r := w.some()
		w.exec(`DELETE FROM results WHERE id = $1`, r.id)
		delete(w.results, r.id)
	}
}

// key is what a fingerprint stands for, made by hand.
func (r result) key() string {
	said := r.said
	for _, kind := range []string{"waited", "lost", "no file"} {
		if strings.HasPrefix(said, kind) {
			said = kind
		}
	}
	return r.exception + " " + said
}

func decode[T any](t *testing.T, raw json.RawMessage, err error) T {
	t.Helper()
	require.NoError(t, err)
	var value T
	require.NoError(t, json.Unmarshal(raw, &value), string(raw))
	return value
}

// Whatever is written, changed and deleted, each answer is what counting by hand gives.
func TestAnswersAreExact(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		w := newWorld(t, seed)
		for range 8 {
			w.addRun()
		}
		for range 4 {
			for range 40 {
				w.change()
				if w.random.IntN(20) == 0 {
					require.NoError(t, w.store.FoldFailures(t.Context()))
				}
			}
			w.requireFailures()
			w.requireTriage()
			w.requireTests()
			w.requireComparison()
			w.requireFlaky()
			w.requireSearch()
			w.requireTestList()
			wrong, err := w.store.WrongRollups(t.Context())
			require.NoError(t, err)
			require.Zero(t, wrong)
		}
	}
}

func (w *world) requireFailures() {
	t := w.t
	raw, err := w.insight.Failures(t.Context(), w.project, 7, 100)
	found := decode[insight.Groups](t, raw, err)
	from := today.Truncate(24*time.Hour).AddDate(0, 0, -6)
	counts, tests, first, spark, total := map[string]int64{}, map[string]map[string]bool{}, map[string]time.Time{}, map[string][]int64{}, int64(0)
	for _, r := range w.all() {
		if !r.failing() {
			continue
		}
		k := r.key()
		if _, ok := first[k]; !ok {
			first[k], tests[k], spark[k] = r.start, map[string]bool{}, make([]int64, insight.SparkDays)
		}
		if day := int(today.Truncate(24*time.Hour).Sub(r.start.Truncate(24*time.Hour)) / (24 * time.Hour)); day >= 0 && day < insight.SparkDays {
			spark[k][insight.SparkDays-1-day]++
		}
		if !r.start.Before(from) {
			counts[k]++
			total++
			if r.test != "" {
				tests[k][r.test] = true
			}
		}
	}
	require.Equal(t, total, found.Failures)
	require.Len(t, found.Groups, len(counts))
	for _, g := range found.Groups {
		k := w.results[g.Example].key()
		require.Equal(t, counts[k], g.Count, k)
		require.EqualValues(t, len(tests[k]), g.Tests, k)
		require.True(t, first[k].Equal(g.FirstSeen), k)
		require.Equal(t, spark[k], g.Spark, k)
		require.Equal(t, w.results[g.Example].exception, g.Exception)
		require.Equal(t, w.results[g.Example].said, g.Message)
	}
	in := pick(w.random, w.runs...)
	raw, err = w.insight.FailuresOf(t.Context(), w.project, in.id)
	n := 0
	for _, g := range decode[insight.Groups](t, raw, err).Groups {
		require.EqualValues(t, len(g.Results), g.Count)
		for _, f := range g.Results {
			require.Equal(t, in.id, w.results[f.ID].run)
			require.Equal(t, w.results[g.Example].key(), w.results[f.ID].key())
			n++
		}
	}
	require.Equal(t, n, w.count(func(r result) bool { return r.run == in.id && r.failing() }))
}

func (w *world) count(is func(result) bool) (n int) {
	for _, r := range w.results {
		if is(r) {
			n++
		}
	}
	return n
}

// in tells each test of some runs by its worst outcome, and whether any of its results passed.
func (w *world) in(runs ...uuid.UUID) (failing, passed map[string]bool) {
	failing, passed = map[string]bool{}, map[string]bool{}
	for _, r := range w.results {
		if slices.Contains(runs, r.run) && r.test != "" {
			failing[r.test] = failing[r.test] || r.failing()
			passed[r.test] = passed[r.test] || r.state == "passed" || r.state == "xpassed"
		}
	}
	return failing, passed
}

// builds are the runs of a series build by build, the newest first.
func builds(runs []run) [][]uuid.UUID {
	var found [][]uuid.UUID
	of := map[string]int{}
	for _, r := range runs {
		n, ok := of[r.build]
		if !ok || r.build == "" {
			n = len(found)
			found, of[r.build] = append(found, nil), n
		}
		found[n] = append(found[n], r.id)
	}
	return found
}

func (w *world) newestFirst() []run {
	runs := slices.Clone(w.runs)
	slices.SortFunc(runs, func(a, b run) int { return cmp.Or(b.start.Compare(a.start), slices.Compare(b.id[:], a.id[:])) })
	return runs
}

func (w *world) requireSearch() {
	t := w.t
	for _, word := range []string{"KeyError", "waited", "refused", "TimeoutError lost"} {
		var want []uuid.UUID
		for _, r := range slices.Backward(w.all()) {
			has := func(word string) bool { return strings.Contains(r.exception+" "+r.said, word) }
			if r.failing() && !slices.ContainsFunc(strings.Fields(word), func(word string) bool { return !has(word) }) {
				want = append(want, r.id)
			}
		}
		var got []uuid.UUID
		for _, f := range w.search(insight.SearchQuery{Text: word, Limit: insight.MaxFound}).Failures {
			got = append(got, f.ResultID)
		}
		require.Equal(t, want[:min(len(want), insight.MaxFound)], got, word)
	}
	for _, found := range w.search(insight.SearchQuery{Text: "t"}).Tests {
		require.NotZero(t, w.count(func(r result) bool { return r.test == found.TestID }), found.TestID)
	}
}

func (w *world) requireTriage() {
	t := w.t
	least := w.random.IntN(3)
	raw, err := w.insight.Triage(t.Context(), w.project, insight.TriageQuery{Days: 30, Failures: least, Page: 1})
	answer := decode[insight.Triage](t, raw, err)
	found := answer.Series
	series := map[string][]run{}
	var order []string
	for _, r := range w.newestFirst() {
		k := r.component + r.env + r.job
		if series[k] == nil {
			order = append(order, k)
		}
		series[k] = append(series[k], r)
	}
	of := func(runs []uuid.UUID, is func(result) bool) int {
		return w.count(func(r result) bool { return slices.Contains(runs, r.run) && is(r) })
	}
	order = slices.DeleteFunc(order, func(k string) bool { return of(builds(series[k])[0], result.failing) < least })
	require.EqualValues(t, len(order), answer.Total)
	require.Len(t, found, len(order))
	for n, s := range found {
		require.True(t, n == 0 || !s.StartTime.After(found[n-1].StartTime))
		k := order[slices.IndexFunc(order, func(k string) bool { return series[k][0].id == s.Run })]
		all := builds(series[k])
		require.Equal(t, all[0], s.Runs)
		require.Len(t, s.Past, min(12, len(all)))
		now, passed := w.in(all[0]...)
		before := map[string]bool{}
		if len(all) > 1 {
			require.Equal(t, all[1][0], *s.Previous)
			require.Equal(t, all[1], s.PreviousRuns)
			before, _ = w.in(all[1]...)
		}
		var fresh, still, fixed int64
		for test := range now {
			switch {
			case now[test] && before[test]:
				still++
			case now[test]:
				fresh++
			case before[test] && passed[test]:
				fixed++
			}
		}
		require.Equal(t, []int64{fresh, still, fixed}, []int64{s.NewlyFailing, s.StillFailing, s.Fixed})
		require.EqualValues(t, of(all[0], func(r result) bool { return r.failing() && r.class == "" }), s.Unclassified)
		require.EqualValues(t, of(all[0], func(result) bool { return true }), s.Counts.Tests)
		runs, previous, err := w.insight.Builds(t.Context(), w.project, s.Run)
		require.NoError(t, err)
		require.Equal(t, s.Runs, runs)
		require.Equal(t, s.PreviousRuns, previous)
	}
}

func (w *world) requireTests() {
	t := w.t
	for n := range 6 {
		test := fmt.Sprint("t", n)
		raw, err := w.insight.Test(t.Context(), w.project, insight.TestQuery{Test: test, Last: 30})
		h := decode[insight.History](t, raw, err)
		var mine []result
		for _, r := range w.all() {
			if r.test == test {
				mine = append(mine, r)
			}
		}
		slices.Reverse(mine)
		require.Len(t, h.Outcomes, min(30, len(mine)))
		for n, o := range h.Outcomes {
			require.Equal(t, mine[n].id, o.ID)
			require.Equal(t, mine[n].failing(), o.Fingerprint != nil)
		}
		length, began, failing, over := int64(0), uuid.Nil, false, false
		for _, r := range mine {
			if !r.failing() && !r.good() || over {
				continue
			}
			if length == 0 {
				failing = r.failing()
			}
			if over = failing != r.failing(); !over {
				length, began = length+1, r.id
			}
		}
		require.Equal(t, length, h.Streak.Length)
		require.Equal(t, failing, h.Streak.Failing)
		if length > 0 {
			require.Equal(t, began, h.Streak.First.ID)
		}
	}
}

func (w *world) requireComparison() {
	t := w.t
	a, b := pick(w.random, w.runs...), pick(w.random, w.runs...)
	if a.id == b.id {
		return
	}
	raw, err := w.insight.Compare(t.Context(), w.project, []uuid.UUID{b.id}, []uuid.UUID{a.id}, nil, 0, 100)
	c := decode[insight.Comparison](t, raw, err)
	before, _ := w.in(a.id)
	after, _ := w.in(b.id)
	changes := map[string]insight.Change{}
	for _, test := range c.Tests {
		changes[test.TestID] = test.Change
		c.Counts[test.Change]--
	}
	for change, left := range c.Counts {
		require.Zero(t, left, change)
	}
	for n := range 6 {
		test := fmt.Sprint("t", n)
		was, had := before[test]
		is, has := after[test]
		switch got := changes[test]; {
		case is && was:
			require.Equal(t, insight.StillFailing, got)
		case is:
			require.Equal(t, insight.NewlyFailing, got)
		case had && !has:
			require.Equal(t, insight.Gone, got)
		case has && !had:
			require.Equal(t, insight.Appeared, got)
		case was:
			require.Contains(t, []insight.Change{insight.Fixed, ""}, got)
		default:
			require.Contains(t, []insight.Change{insight.Slower, ""}, got)
		}
	}
	raw, err = w.insight.Compare(t.Context(), w.project, []uuid.UUID{b.id}, []uuid.UUID{a.id}, []insight.Change{insight.Gone}, 0, 1)
	some := decode[insight.Comparison](t, raw, err)
	require.LessOrEqual(t, len(some.Tests), 1)
	for _, test := range some.Tests {
		require.Equal(t, insight.Gone, test.Change)
	}
}

func (w *world) requireFlaky() {
	t := w.t
	raw, err := w.insight.Flaky(t.Context(), w.project, 10, 100)
	found := decode[map[string][]insight.Flaky](t, raw, err)["tests"]
	from := today.Truncate(24*time.Hour).AddDate(0, 0, -9)
	last, changes := map[string]bool{}, map[string]int64{}
	for _, r := range w.all() {
		if r.test == "" || r.start.Before(from) || !r.failing() && !r.good() {
			continue
		}
		in := w.runs[slices.IndexFunc(w.runs, func(o run) bool { return o.id == r.run })]
		k := r.test + in.env + in.component
		if before, ok := last[k]; ok && before != r.failing() {
			changes[r.test]++
		}
		last[k] = r.failing()
	}
	for test, n := range changes {
		if n < 2 {
			delete(changes, test)
		}
	}
	require.Len(t, found, len(changes))
	for _, f := range found {
		require.Equal(t, changes[f.TestID], f.Changes, f.TestID)
	}
}

// listed is what a list of tests tells of one, counted by hand.
func (w *world) listed(test string, from time.Time) (told insight.ListedTest, good int) {
	told.TestID = test
	last := map[[2]string]bool{}
	pairs, timed, seconds := 0, 0, 0.0
	for _, r := range w.all() {
		if r.test != test || r.start.Before(from) {
			continue
		}
		told.Outcomes, told.Newest, told.StartTime, told.Result = told.Outcomes+1, r.id, r.start, &r.state
		if r.seconds != unknown {
			timed, seconds = timed+1, seconds+r.seconds
		}
		if r.failing() {
			told.Failing++
			if told.Streak++; told.Streak == 1 {
				began := r.start
				told.FailingSince = &began
			}
		}
		if r.good() {
			good++
			told.Streak, told.FailingSince = 0, nil
		}
		if !r.failing() && !r.good() {
			continue
		}
		in := w.runs[slices.IndexFunc(w.runs, func(o run) bool { return o.id == r.run })]
		at := [2]string{in.env, in.component}
		if before, ok := last[at]; ok {
			pairs++
			if before != r.failing() {
				told.Changes++
			}
		}
		last[at] = r.failing()
	}
	if pairs > 0 {
		share := float64(told.Changes) / float64(pairs)
		told.Flakiness = &share
	}
	if timed > 0 {
		mean := seconds / float64(timed)
		told.Duration = &mean
	}
	return told, good
}

func (w *world) requireTestList() {
	t := w.t
	from := today.Truncate(24*time.Hour).AddDate(0, 0, -9)
	wanted := map[insight.Only]map[string]insight.ListedTest{insight.AllTests: {}, insight.FlakyTests: {}, insight.FailingTests: {}, insight.NewlyFailed: {}}
	for n := range 6 {
		told, good := w.listed(fmt.Sprint("t", n), from)
		for only, is := range map[insight.Only]bool{
			insight.AllTests: told.Outcomes > 0, insight.FlakyTests: told.Changes >= 2, insight.FailingTests: told.FailingSince != nil,
			insight.NewlyFailed: told.FailingSince != nil && good > 0,
		} {
			if is {
				wanted[only][told.TestID] = told
			}
		}
	}
	for only, tests := range wanted {
		for _, order := range []string{"failures", "flakiness", "duration", "since", "name"} {
			var found []insight.ListedTest
			q := insight.TestsQuery{Days: 10, Only: only, Order: order, Limit: 1 + w.random.IntN(4)}
			for {
				raw, err := w.insight.Tests(t.Context(), w.project, q)
				page := decode[insight.Tests](t, raw, err)
				found = append(found, page.Tests...)
				if len(page.Tests) > 0 {
					require.EqualValues(t, len(tests), page.Total)
				}
				if page.Next == nil {
					break
				}
				q.After, err = insight.ParseTestPlace(*page.Next)
				require.NoError(t, err)
			}
			require.Len(t, found, len(tests), "%s by %s", only, order)
			for n, f := range found {
				w := tests[f.TestID]
				require.Equal(t, w.Duration == nil, f.Duration == nil)
				if w.Duration != nil {
					require.InDelta(t, *w.Duration, *f.Duration, 1e-6)
				}
				require.True(t, w.StartTime.Equal(f.StartTime))
				require.Equal(t, w.FailingSince == nil, f.FailingSince == nil)
				if w.FailingSince != nil {
					require.True(t, w.FailingSince.Equal(*f.FailingSince), f.TestID)
				}
				f.Duration, f.StartTime, f.FailingSince = w.Duration, w.StartTime, w.FailingSince
				require.Equal(t, w, f)
				require.True(t, n == 0 || inTestOrder(order, found[n-1], f), "%s by %s: %s before %s", only, order, found[max(0, n-1)].TestID, f.TestID)
			}
		}
	}
}

// inTestOrder says whether one test of a list may come before another.
func inTestOrder(order string, a, b insight.ListedTest) bool {
	key := func(l insight.ListedTest) float64 {
		switch {
		case order == "failures":
			return float64(l.Failing)
		case order == "flakiness" && l.Flakiness != nil:
			return *l.Flakiness
		case order == "duration" && l.Duration != nil:
			return *l.Duration
		case order == "since" && l.FailingSince != nil:
			return float64(l.FailingSince.Unix())
		case order == "name":
			return 0
		}
		return -1
	}
	return key(a) > key(b)-1e-5 && (key(a) > key(b)+1e-5 || order == "duration" || a.TestID < b.TestID)
}

func TestFailuresThatDifferInWhatDoesNotMatterAreOne(t *testing.T) {
	t.Parallel()
	s := dbtest.New(t)
	fingerprint := func(data string) (exception, message string, id uuid.UUID) {
		require.NoError(t, s.Pool().QueryRow(t.Context(), `SELECT exception, message, fingerprint FROM ibutsu_failure('failed', $1::jsonb)`, data).Scan(&exception, &message, &id))
		return exception, message, id
	}
	trace := func(message string) string {
		text, err := json.Marshal(map[string]string{"short_tb": "a/b.py:12: in test\n    f()\nE   " + message + "\nE   more"})
		require.NoError(t, err)
		return string(text)
	}
	for _, same := range [][2]string{
		{trace("TimeoutError: waited 30 s"), trace("TimeoutError: waited 31.5 s")},
		{trace("KeyError: no row 3f2b0c1e-aaaa-bbbb-cccc-1234567890ab"), trace("KeyError: no row 00000000-aaaa-bbbb-cccc-1234567890ab")},
		{trace("OSError: <f at 0x7f00a1>"), trace("OSError: <f at 0x1>")},
		{trace("OSError: no /tmp/pytest-1/a.txt there"), trace("OSError: no /home/b/c there")},
		{trace("E: at 2026-01-02T10:11:12Z"), trace("E: at 2025-11-12 00:00:00.123")},
		{trace("E: get https://a.example/b?c=1 failed"), trace("E: get http://other:80/ failed")},
		{trace("E: commit 3f2b0c1e9a"), trace("E: commit aabbccdd11")},
		{trace("a.b.TimeoutError: waited"), `{"exception_name": "TimeoutError", "message": "waited"}`},
		{`{"fspath": "a.py"}`, `{"fspath": "a.py", "exception_name": "Failure"}`},
	} {
		_, a, one := fingerprint(same[0])
		_, b, other := fingerprint(same[1])
		require.Equal(t, one, other, "%q %q", a, b)
	}
	for _, different := range [][2]string{
		{trace("KeyError: 'currency'"), trace("KeyError: 'amount'")},
		{trace("KeyError: x"), trace("ValueError: x")},
		{`{"fspath": "a.py"}`, `{"fspath": "b.py"}`},
		{trace("assert a == b"), trace("assert a is b")},
	} {
		_, a, one := fingerprint(different[0])
		_, b, other := fingerprint(different[1])
		require.NotEqual(t, one, other, "%q %q", a, b)
	}
	exception, message, _ := fingerprint(`{"message": "java.lang.NullPointerException: gone\n\tat a.B.c(B.java:3)"}`)
	require.Equal(t, []string{"NullPointerException", "gone"}, []string{exception, message})
	exception, message, _ = fingerprint(`{"short_tb": "Traceback (most recent call last):\n  File \"x\", line 3\nValueError: bad"}`)
	require.Equal(t, []string{"ValueError", "bad"}, []string{exception, message})
	for _, odd := range []string{`[]`, `null`, `3`, `{"message": 3, "short_tb": {"a": 1}, "exception_name": []}`} {
		exception, _, _ = fingerprint(odd)
		require.NotEmpty(t, exception)
	}
}

func TestValuesAreSuggested(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 9)
	w.addRun()
	for range 30 {
		w.put(w.someResult())
	}
	values := func(table, field, text string) []insight.Value {
		raw, err := w.insight.Values(t.Context(), w.project, table, field, text)
		return decode[map[string][]insight.Value](t, raw, err)["values"]
	}
	require.Equal(t, int64(w.count(func(r result) bool { return r.state == "failed" })), values("results", "result", "FAIL")[0].Count)
	require.NotEmpty(t, values("results", "metadata.exception_name", ""))
	require.NotEmpty(t, values("results", "test_id", "t"))
	require.Empty(t, values("results", "test_id", "%"))
	require.Empty(t, values("results", "nothing", ""))
	require.NotEmpty(t, values("runs", "env", ""))
	require.Empty(t, values("results", "metadata.tags", ""))
	_, err := w.insight.Values(t.Context(), w.project, "runs", "metadata.a'b", "")
	var unusable *filter.Error
	require.ErrorAs(t, err, &unusable)
}
