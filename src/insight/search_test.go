package insight_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/insight"
)

// fail writes a failure of the world's project that says so, and returns its id.
func (w *world) fail(test string, start time.Time, data map[string]any) uuid.UUID {
	w.t.Helper()
	text, err := json.Marshal(data)
	require.NoError(w.t, err)
	id := uuid.New()
	w.exec(`INSERT INTO results (id, project_id, test_id, result, start_time, data) VALUES ($1, $2, $3, 'failed', $4, $5)`, id, w.project, test, start, text)
	return id
}

func (w *world) search(q insight.SearchQuery) insight.Found {
	w.t.Helper()
	if q.Limit == 0 {
		q.Limit = 8
	}
	raw, err := w.insight.Search(context.Background(), w.project, q)
	return decode[insight.Found](w.t, raw, err)
}

// highlighted returns what a failure's excerpt has highlighted, as JavaScript cuts it.
func highlighted(f insight.FoundFailure) []string {
	units := utf16.Encode([]rune(f.Excerpt))
	all := []string{}
	for _, h := range f.Highlights {
		all = append(all, string(utf16.Decode(units[h[0]:h[1]])))
	}
	return all
}

func TestFailuresAreFoundByWhatTheySay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	trace := "conftest.py:10: in client\n    return requests.get(url, timeout=30)\nE   requests.exceptions.ReadTimeout: the pool of 10.0.0.7 went wrong\n"
	first := w.fail("t1", today.Add(-time.Hour), map[string]any{"exception_name": "ReadTimeout", "short_tb": strings.Repeat("x.py:1: in f\n", 80) + trace})
	second := w.fail("t2", today, map[string]any{"message": "Größe stimmt nicht: 😀 żółć → Привет", "traceback": "wrong went the other way"})
	w.exec(`INSERT INTO results (id, project_id, test_id, result, start_time, data) VALUES (gen_random_uuid(), $1, 't3', 'passed', $2, '{"message": "timeout 30 went wrong"}')`, w.project, today)
	elsewhere := uuid.New()
	w.exec(`INSERT INTO projects (id, name) VALUES ($1, 'q')`, elsewhere)
	w.exec(`INSERT INTO results (id, project_id, test_id, result, start_time, data) VALUES (gen_random_uuid(), $1, 't1', 'failed', $2, '{"message": "timeout 30 went wrong"}')`, elsewhere, today)

	for _, c := range []struct {
		text        string
		found       []uuid.UUID // the newest first
		highlighted string      // of the newest
	}{
		{"timeout", []uuid.UUID{first}, "timeout"},
		{"readtime", []uuid.UUID{first}, "ReadTimeout"},
		{"requests.exceptions.Read", []uuid.UUID{first}, "requests.exceptions.ReadTimeout"},
		{"went wrong", []uuid.UUID{second, first}, "wrong|went"},
		{`"went wrong"`, []uuid.UUID{first}, "went wrong"},
		{`"went wrong`, []uuid.UUID{first}, "went wrong"},
		{`"went wron"`, nil, ""},
		{"timeout=30", []uuid.UUID{first}, "timeout=30"},
		{"10.0.0.7 POOL", []uuid.UUID{first}, "pool|10.0.0.7"},
		{"größe", []uuid.UUID{second}, "Größe"},
		{"привет żółć", []uuid.UUID{second}, "żółć|Привет"},
		{"conftest went", []uuid.UUID{first}, "conftest|went"},
		{"way timeout", nil, ""},
		{"nothing", nil, ""},
		{"' <-> | & ! :* went", []uuid.UUID{second, first}, "went"},
	} {
		found := w.search(insight.SearchQuery{Text: c.text}).Failures
		var ids []uuid.UUID
		for _, f := range found {
			ids = append(ids, f.ResultID)
		}
		require.Equal(t, c.found, ids, c.text)
		if len(found) > 0 {
			require.Equal(t, c.highlighted, strings.Join(highlighted(found[0]), "|"), "%s: %s", c.text, found[0].Excerpt)
		}
	}

	found := w.search(insight.SearchQuery{Text: "pool"}).Failures
	require.Equal(t, "the pool of 10.0.0.7 went wrong", found[0].Message)
	require.True(t, strings.HasPrefix(found[0].Excerpt, "…E   requests"), found[0].Excerpt)
	require.Empty(t, w.search(insight.SearchQuery{Text: "pool", Since: new(today.Add(-time.Minute))}).Failures)
	require.Len(t, w.search(insight.SearchQuery{Text: "went", Limit: 1}).Failures, 1)
	require.Empty(t, w.search(insight.SearchQuery{Text: "pool", Run: new(uuid.New())}).Failures)
	_, err := w.insight.Search(t.Context(), w.project, insight.SearchQuery{Text: "::", Limit: 8})
	require.ErrorIs(t, err, insight.ErrNoWord)
}

func TestRunsAreFoundByWhatPeopleCallThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	add := func(component, job, build string, age time.Duration) uuid.UUID {
		id := uuid.New()
		w.exec(`INSERT INTO runs (id, project_id, start_time, created, component, env, source, summary, data)
			VALUES ($1, $2, $3, $3, $4, 'qa_1', 'ci', '{"tests": 3}', jsonb_build_object('jenkins', jsonb_build_object('job_name', $5::text, 'build_number', $6::text)))`,
			id, w.project, today.Add(-age), component, job, build)
		return id
	}
	old := add("login", "nightly", "12", 3*time.Hour)
	long := add("login", "nightly", "121", 2*time.Hour)
	other := add("cart", "weekly", "7", time.Hour)
	elsewhere := uuid.New()
	w.exec(`INSERT INTO projects (id, name) VALUES ($1, 'q')`, elsewhere)
	w.exec(`INSERT INTO runs (id, project_id, start_time, created, component) VALUES (gen_random_uuid(), $1, $2, $2, 'login')`, elsewhere, today)

	for text, want := range map[string][]uuid.UUID{
		"login":                 {long, old},
		"LOG nightly":           {long, old},
		"nightly #12":           {old, long},
		"12":                    {old, long},
		"#121":                  {long},
		"qa_1":                  {other, long, old},
		"qa%1":                  nil,
		"cart nightly":          nil,
		other.String():          {other},
		other.String()[:9]:      {other},
		"weekly " + "\"ci\" #7": {other},
	} {
		var ids []uuid.UUID
		for _, r := range w.search(insight.SearchQuery{Text: text}).Runs {
			ids = append(ids, r.ID)
			require.NotEmpty(t, r.Summary)
		}
		require.Equal(t, want, ids, text)
	}
	require.Len(t, w.search(insight.SearchQuery{Text: "qa_1", Limit: 2}).Runs, 2)
	require.Len(t, w.search(insight.SearchQuery{Text: "login", Since: new(today.Add(-150 * time.Minute))}).Runs, 1)
	require.Empty(t, w.search(insight.SearchQuery{Text: "login", Run: &old}).Runs)
}

func TestTestsAreFoundByTheirId(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	add := func(project uuid.UUID, test string, start time.Time) uuid.UUID {
		id := uuid.New()
		w.exec(`INSERT INTO results (id, project_id, test_id, result, start_time) VALUES ($1, $2, $3, 'passed', $4)`, id, project, test, start)
		return id
	}
	for n, test := range []string{"tests/a.py::test_login", "test_login", "test_login[x]", "tests/b.py::Test_Login_again", "other", "täst_50%"} {
		add(w.project, test, today.Add(time.Duration(n)*time.Minute))
		add(w.project, test, today.Add(-time.Hour))
	}
	elsewhere := uuid.New()
	w.exec(`INSERT INTO projects (id, name) VALUES ($1, 'q')`, elsewhere)
	add(elsewhere, "test_login", today.Add(time.Hour))
	names := func(q insight.SearchQuery) []string {
		all := []string{}
		for _, f := range w.search(q).Tests {
			all = append(all, f.TestID)
		}
		return all
	}
	require.Equal(t, []string{"test_login", "test_login[x]", "tests/a.py::test_login", "tests/b.py::Test_Login_again"}, names(insight.SearchQuery{Text: "test_login"}))
	require.Equal(t, []string{"test_login", "test_login[x]"}, names(insight.SearchQuery{Text: "test_login", Limit: 2}))
	require.Equal(t, []string{"tests/b.py::Test_Login_again"}, names(insight.SearchQuery{Text: "again b.py"}))
	require.Equal(t, []string{"täst_50%"}, names(insight.SearchQuery{Text: "täst 50%"}))
	require.Empty(t, names(insight.SearchQuery{Text: "test%login"}))
	require.Equal(t, []string{"täst_50%", "other"}, names(insight.SearchQuery{Text: "t", Since: new(today.Add(4 * time.Minute))}))
	require.True(t, today.Add(4*time.Minute).Equal(w.search(insight.SearchQuery{Text: "other"}).Tests[0].LastSeen))

	// A test is found as long as it has a result, and at once.
	gone := add(w.project, "brief", today)
	require.Equal(t, []string{"brief"}, names(insight.SearchQuery{Text: "brief"}))
	w.exec(`DELETE FROM results WHERE id = $1`, gone)
	require.Empty(t, names(insight.SearchQuery{Text: "brief"}))
}
