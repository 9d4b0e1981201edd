package filter_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/filter"
)

func TestTheRecordedFiltersFindTheRecordedRows(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	labels := insertRecorded(t, conn)
	scopes := map[string]string{
		"run-filter": "project_id=${project}", "run-filter-number": "project_id=${counted}",
		"run-filter-summary": "project_id=${counted}", "result-filter": "project_id=${project}",
	}
	for name, cases := range recorded {
		area := areaOf(name)
		scope, ok := scopes[name]
		if !ok {
			scope = scopes[area+"-filter"]
		}
		for _, c := range cases {
			t.Run(name+"/"+c.filters, func(t *testing.T) {
				raw := strings.Split(scope+"&"+c.filters, "&")
				for i := range raw {
					raw[i] = expand(raw[i])
				}
				rows, err := list(conn, everyTable()[area], raw, labels)
				if c.rows == "refused" {
					var refusal *filter.Error
					require.ErrorAs(t, err, &refusal)
					require.Equal(t, expand(c.filters), refusal.Filter)
					require.NotEmpty(t, refusal.Reason)
					return
				}
				require.NoError(t, err)
				require.Equal(t, c.rows, rows)
			})
		}
	}
}

func areaOf(name string) string {
	for area := range everyTable() {
		if strings.HasPrefix(name, area+"-") {
			return area
		}
	}
	return ""
}

// expand puts ids in the place of ${label}.
func expand(s string) string {
	return os.Expand(s, func(label string) string {
		if label == "" { // a lone $, the end of a regular expression
			return "$"
		}
		return id(label).String()
	})
}

func list(conn *pgx.Conn, in table, raw []string, labels map[uuid.UUID]string) (string, error) {
	set, err := filter.Parse(raw)
	if err != nil {
		return "", err
	}
	var args filter.Args
	where, err := filter.Compile(in.model, set, &args)
	if err != nil {
		return "", err
	}
	rows, err := conn.Query(context.Background(), fmt.Sprintf(in.query, where), args.Values()...)
	if err != nil {
		return "", filter.Refused(set, err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return "", filter.Refused(set, err)
	}
	found := make([]string, len(ids))
	for i, id := range ids {
		label, ok := labels[id]
		if !ok {
			return "", errors.New("found a row that no one put there")
		}
		found[i] = label
	}
	return strings.Join(found, " "), nil
}

// insertRecorded puts the rows of the conformance cases into the tables and returns the ids' labels.
func insertRecorded(t *testing.T, conn *pgx.Conn) map[uuid.UUID]string {
	t.Helper()
	labels := map[uuid.UUID]string{}
	insert := func(into, label, columns string, values ...any) {
		labels[id(label)] = label
		marks := make([]string, len(values)+1)
		for i := range marks {
			marks[i] = fmt.Sprintf("$%d", i+1)
		}
		_, err := conn.Exec(context.Background(),
			"INSERT INTO "+into+" (id, "+columns+") VALUES ("+strings.Join(marks, ", ")+")", append([]any{id(label)}, values...)...)
		require.NoError(t, err)
	}

	const run = "project_id, component, env, source, start_time, duration, summary, data"
	project := id("project")
	metadata := func(json string) string {
		return strings.Replace(json, "{", fmt.Sprintf(`{"project": %q, `, project), 1)
	}
	insert("runs", "r1", run, project, "login", "qa", "api", "2024-03-01T10:00:00", 10.5,
		`{"tests": 10, "failures": 1, "errors": 0, "skips": 2, "xpasses": 0, "xfailures": 0}`,
		metadata(`{"jenkins": {"job_name": "nightly", "build_number": "41"}, "tags": ["smoke", "fast"], "flag": true, "level": 3}`))
	insert("runs", "r2", run, project, "cart", "qa", "ui", "2024-03-01T11:00:00", 20.25,
		`{"tests": 20, "failures": 0, "errors": 2, "skips": 0, "xpasses": 1, "xfailures": 1}`,
		metadata(`{"jenkins": {"job_name": "nightly", "build_number": "42"}, "tags": ["slow"], "version": "6.10.3"}`))
	insert("runs", "r3", run, project, "login", "prod", "api", "2024-03-02T10:00:00", 0.75,
		`{"tests": 3, "failures": 3, "errors": 0, "skips": 0, "xpasses": 0, "xfailures": 0}`,
		metadata(`{"env": "prod", "jenkins": {"job_name": "weekly", "build_number": "7"}, "tags": ["smoke", "slow"], "version": "6.9.1"}`))
	insert("runs", "r4", run, project, nil, "prod", "ui", "2024-03-03T10:00:00", 100, `{"tests": 0, "failures": 0}`,
		metadata(`{"env": "prod", "annotations": [{"name": "n1", "value": "v"}], "text": "50% of_it, all"}`))
	insert("runs", "r5", run, project, "Grüße", "", "7", "2024-03-04T10:00:00", nil, `null`,
		metadata(`{"level": 12, "nested": {"deep": {"x": "alpha"}}}`))

	counted := id("counted")
	for label, c := range map[string]struct {
		time     string
		duration float64
		summary  string
	}{
		"c1": {"2024-03-01T10:00:00", 10.5, `{"errors": 0, "failures": 1, "pass_percent": 25, "passes": 1, "skips": 2, "tests": 4, "xfailures": 0, "xpasses": 0}`},
		"c2": {"2024-03-01T11:00:00", 20.25, `{"errors": 2, "failures": 0, "pass_percent": 20, "passes": 1, "skips": 0, "tests": 5, "xfailures": 1, "xpasses": 1}`},
		"c3": {"2024-03-02T10:00:00", 0.75, `{"errors": 0, "failures": 3, "pass_percent": 0, "passes": 0, "skips": 0, "tests": 3, "xfailures": 0, "xpasses": 0}`},
		"c4": {"2024-03-03T10:00:00", 0, `{"errors": 0, "failures": 0, "pass_percent": 0, "passes": 0, "skips": 0, "tests": 0, "xfailures": 0, "xpasses": 0}`},
		"c5": {"2024-03-04T10:00:00", 100, `{"errors": 0, "failures": 0, "pass_percent": 100, "passes": 1, "skips": 0, "tests": 1, "xfailures": 0, "xpasses": 0}`},
	} {
		insert("runs", label, run, counted, "login", "qa", "conf", c.time, c.duration, c.summary, `{}`)
	}

	const result = "project_id, run_id, test_id, result, component, env, source, duration, start_time, params, data"
	inRun := func(json string) string {
		return strings.Replace(metadata(json), "{", fmt.Sprintf(`{"run": %q, `, id("run")), 1)
	}
	insert("results", "a1", result, project, id("run"), "test_login_ok", "passed", "login", "qa", "api", 0.5, "2024-03-01T10:00:00",
		`{"browser": "ff"}`, inRun(`{"jenkins": {"job_name": "nightly", "build_number": "41"}, "tags": ["smoke", "fast"],
		"importance": "high", "statuses": {"call": "passed"}, "count": 5}`))
	insert("results", "a2", result, project, id("run"), "test_login_bad", "failed", "login", "prod", "api", 2.25, "2024-03-01T10:05:00",
		`null`, inRun(`{"jenkins": {"job_name": "nightly", "build_number": "42"}, "tags": ["smoke"],
		"exception_name": "AssertionError", "classification": "product_failure"}`))
	insert("results", "a3", result, project, id("run"), "test_cart[a-1]", "error", "cart", "qa", "ui", 10, "2024-03-01T10:10:00",
		`null`, inRun(`{"markers": ["slow", "db"], "exception_name": "KeyError", "version": "6.10.3", "requirements": ["R1", "R2"]}`))
	insert("results", "a4", result, project, nil, "test_cart_empty", "skipped", "cart", nil, "ui", 0, "2024-03-01T10:15:00",
		`null`, metadata(`{"skip_reason": "not today", "count": 12}`))
	insert("results", "a5", result, project, nil, "TEST_Upper, comma", "passed", nil, "qa", "9", 3.5, "2024-03-02T08:00:00",
		`null`, metadata(`{"deep": {"er": {"x": "alpha"}}, "assignee": "ann@example.com"}`))

	insert("projects", "alpha", "name, title", "alpha-u", "First of u")
	insert("projects", "beta", "name, title, group_id", "beta-u", "Second of u", id("group"))
	insert("projects", "gamma", "name, title", "gamma-u", "Third")

	insert("dashboards", "zeta-board", "title, description", "Zeta u", "one")
	insert("dashboards", "alpha-board", "title, description", "Alpha u", "two")
	insert("dashboards", "mid-board", "title, description", "mid u", "two")

	const widget = "project_id, dashboard_id, title, type, widget, weight, navigable"
	insert("widget_configs", "wid-heavy", widget, project, id("zeta-board"), "wid-heavy", "widget", "result-summary", 30, nil)
	insert("widget_configs", "view-mid", widget, project, id("zeta-board"), "view-mid", "view", "jenkins-job-view", 20, true)
	insert("widget_configs", "wid-light", widget, project, id("zeta-board"), "wid-light", "widget", "run-aggregator", 1, nil)
	insert("widget_configs", "view-global", widget, nil, nil, "view-global", "view", "jenkins-analysis-view", 40, true)

	for i, label := range []string{"aa", "bb", "cc"} {
		insert("imports", label, "filename, status, created, data", label+"-u.xml", "pending", fmt.Sprintf("2024-03-01T10:00:0%d", i),
			fmt.Sprintf(`{"project_id": %q, "metadata": null}`, project))
	}
	for _, label := range []string{"bo", "al", "cy"} {
		insert("users", label, "email, name, _password, is_active", label+"-u@example.com", strings.ToUpper(label), "$2b$12$hash", label != "cy")
	}
	return labels
}
