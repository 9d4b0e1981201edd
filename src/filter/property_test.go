package filter_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ibutsu/ibutsu-go/src/filter"
)

// odd are values that clients, imports and old versions have left in JSON columns, or could.
var odd = []string{
	`null`, `5`, `"text"`, `true`, `[]`, `["tags", 1]`, `{}`, `{"": "empty key"}`,
	`{"n": 5}`, `{"n": 5.50}`, `{"n": -1e400}`, `{"n": "12"}`, `{"n": "x"}`, `{"n": null}`, `{"n": true}`, `{"n": {"n": 1}}`, `{"n": [1]}`,
	`{"tags": "smoke"}`, `{"tags": ["smoke", 7, "7", null, {"name": "smoke"}]}`, `{"tags": {"smoke": 1}}`, `{"tags": null}`, `{"tags": 7}`,
	`{"markers": [{"name": "db", "args": []}, "slow", {"name": 7}]}`, `{"markers": {"name": "db"}}`,
	`{"failures": 3, "tests": 10}`, `{"failures": "3", "tests": "99999999999999999999"}`, `{"failures": " 3"}`, `{"failures": 85.5, "tests": 1e300}`,
	`{"failures": {}, "tests": []}`, `{"failures": true, "tests": null}`, `{"pass_percent": "x"}`, `{"pass_percent": ""}`,
}

func insertOdd(t testing.TB, conn *pgx.Conn) map[uuid.UUID]string {
	t.Helper()
	ctx := context.Background()
	labels := map[uuid.UUID]string{}
	for i, json := range append(slices.Clone(odd), "") {
		labels[id(json)] = json
		var value *string
		if json != "" { // and one row without any JSON
			value = &json
		}
		start := fmt.Sprintf("2024-03-01T10:00:%02d", 59-i)
		_, err := conn.Exec(ctx, `INSERT INTO runs (id, data, summary, start_time) VALUES ($1, $2, $2, $3)`, id(json), value, start)
		require.NoError(t, err)
		_, err = conn.Exec(ctx, `INSERT INTO results (id, data, params, test_id, start_time) VALUES ($1, $2, $2, $3, $4)`,
			id(json), value, json, start)
		require.NoError(t, err)
		_, err = conn.Exec(ctx, `INSERT INTO imports (id, data, filename) VALUES ($1, $2, $3)`, id(json), value, json)
		require.NoError(t, err)
		_, err = conn.Exec(ctx, `INSERT INTO widget_configs (id, params, weight, navigable, title) VALUES ($1, $2, $3, $4, $5)`,
			id(json), value, i, i%2 == 0, json)
		require.NoError(t, err)
	}
	_, err := conn.Exec(ctx, `
		UPDATE results SET duration = 'NaN', start_time = 'infinity' WHERE data = '{}';
		UPDATE runs SET duration = '-Infinity', start_time = '-infinity', created = 'infinity' WHERE data = '{}';
		INSERT INTO projects (id, name, title) SELECT id, test_id, test_id FROM results;
		INSERT INTO dashboards (id, title, description) SELECT id, test_id, test_id FROM results;
		INSERT INTO users (id, email, name) SELECT id, test_id, test_id FROM results`)
	require.NoError(t, err)
	return labels
}

func TestOddRowsAreMatchedOrPassedOver(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	labels := insertOdd(t, conn)
	for _, c := range []struct {
		area, filter string
		want         []string
	}{
		{"run", "summary.failures=3", []string{`{"failures": 3, "tests": 10}`, `{"failures": "3", "tests": "99999999999999999999"}`}},
		{"run", "summary.failures>3", []string{`{"failures": 85.5, "tests": 1e300}`}},
		{"run", "summary.failures*85.5;4", []string{`{"failures": 85.5, "tests": 1e300}`}},
		{"run", "summary.tests>1000", []string{`{"failures": 85.5, "tests": 1e300}`}},
		{"run", "metadata.n=5", []string{`{"n": 5}`}},
		{"run", "metadata.n>5", []string{`{"n": 5.50}`, `{"n": "x"}`, `{"n": true}`, `{"n": {"n": 1}}`, `{"n": [1]}`}},
		{"run", "metadata.n<10", []string{`{"n": 5}`, `{"n": 5.50}`, `{"n": -1e400}`}},
		{"run", "metadata.n)12", []string{`{"n": "12"}`, `{"n": "x"}`, `{"n": true}`, `{"n": {"n": 1}}`, `{"n": [1]}`}},
		{"run", "metadata.n@n,metadata.=empty key", []string{`{"": "empty key"}`}},
		{"result", "metadata.tags=7", []string{`{"tags": ["smoke", 7, "7", null, {"name": "smoke"}]}`, `{"tags": 7}`}},
		{"result", "data.tags*smoke", []string{`{"tags": "smoke"}`, `{"tags": ["smoke", 7, "7", null, {"name": "smoke"}]}`, `{"tags": {"smoke": 1}}`}},
		{"result", "metadata.markers=db", []string{`{"markers": [{"name": "db", "args": []}, "slow", {"name": 7}]}`}},
		{"result", "metadata.markers*db;nosuch", []string{`{"markers": [{"name": "db", "args": []}, "slow", {"name": 7}]}`}},
		{"result", "metadata.markers*slow,metadata.markers=db", []string{`{"markers": [{"name": "db", "args": []}, "slow", {"name": 7}]}`}},
		{"result", "metadata.tags@y,metadata.tags@t", []string{
			`{"tags": "smoke"}`, `{"tags": ["smoke", 7, "7", null, {"name": "smoke"}]}`, `{"tags": {"smoke": 1}}`, `{"tags": null}`, `{"tags": 7}`,
		}},
		{"run", "metadata.n>1e999999999,metadata.n@y", []string{`{"n": 5}`, `{"n": 5.50}`, `{"n": "x"}`, `{"n": true}`, `{"n": {"n": 1}}`, `{"n": [1]}`}},
		{"run", "metadata.n<1" + strings.Repeat("0", 200_000), []string{`{"n": -1e400}`}},
		{"result", "params=text", []string{`"text"`}},
		{"result", "duration@y", []string{`{}`}},
		{"result", "start_time>infinity", nil},
	} {
		rows, err := list(conn, everyTable()[c.area], []string{c.filter}, labels)
		require.NoError(t, err, c.filter)
		require.Equal(t, strings.Join(c.want, " "), rows, c.filter)
	}
}

// conditions draws filters of all sorts: known and unknown fields, every operator, values of every type and of none.
func conditions(model filter.Model) *rapid.Generator[string] {
	fields := append(slices.Sorted(maps.Keys(model.Columns)),
		"metadata.n", "data.n.n", "metadata.tags", "metadata.markers", "data.annotations", "metadata.", "metadata..n", "metadata",
		"summary.failures", "summary.tests", "summary.pass_percent", "summary.collected", "summary", "nosuch", "env.x", "-", "metadata.-",
		"metadata.jenkins.build_number")
	values := []string{
		"", "5", "-5", "+5", ".5", "5.", "5.50", "1e3", "1e-400", "1e400", "-1e308", "9999999999999999999999", "0x1", "NaN", "inf", "007", "abc",
		"passed", "smoke;7", "db", ";", "true", "T", "yes", "0", "on", someID, strings.ToUpper(someID), "{" + someID + "}", someID + ";" + someID,
		"2024-03-01", "2024-03-01T10:00:00Z", "2024-02-30", "0000-01-01", "9999-12-31 24:00:00", "9999-12-31T23:59:60", "now", "infinity",
		"^a", "(", "[", "a{2,1}", "(?i)A", `\`, "%", "_", "'", "\"", "$1", "a'b", "--", "/*", "💥", "\\;", "((a{255}){255}){255}",
	}
	return rapid.Custom(func(r *rapid.T) string {
		value := rapid.OneOf(rapid.SampledFrom(values), rapid.String(), rapid.StringMatching(`[0-9:.eE+ TZ-]{1,20}`)).Draw(r, "value")
		return rapid.SampledFrom(fields).Draw(r, "field") +
			rapid.SampledFrom([]string{"=", "!", ">", "<", ">=", "<=", ")", "(", "~", "*", "%", "@"}).Draw(r, "op") + value
	})
}

// Whatever is filtered by, the answer is rows or a refusal that names the filter, never an error of the database.
func TestCompiledFiltersAlwaysRun(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	labels := insertOdd(t, conn)
	tables := everyTable()
	areas := slices.Sorted(maps.Keys(tables))
	rapid.Check(t, func(r *rapid.T) {
		in := tables[rapid.SampledFrom(areas).Draw(r, "table")]
		raw := rapid.SliceOfN(conditions(in.model), 1, 3).Draw(r, "filters")
		_, err := list(conn, in, raw, labels)
		if err != nil {
			require.ErrorAs(r, err, new(*filter.Error))
		}
	})
}

// A regular expression that is refused before the query is one that the database refuses too, or would be at for ever.
func TestTheCheckOfARegexIsNeverStricterThanTheDatabase(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	piece := rapid.SampledFrom([]string{
		"a", "b", "ä", "-", "z", "0", "5", "(", ")", "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?#c)", "(?i)", "(?x)", "(?", "|", "^", "$", ".", "*", "+", "?",
		"{", "}", "{2}", "{2,}", "{1,3}", "{3,1}", "{256}", "{,2}", "[", "]", "[^", "[a-z]", "[z-a]", "[[:alpha:]]", "[[:nosuch:]]", "[[.a.]]", "[[=a=]]",
		"[[:<:]]", ":", "=", "\\", `\d`, `\D`, `\w`, `\y`, `\Z`, `\A`, `\m`, `\1`, `\2`, `\10`, `\x41`, `\u00e4`, `\u1`, `\q`, `\e`, `\c`, `\.`, `\\`, "***:", "***=",
	})
	rapid.Check(t, func(r *rapid.T) {
		expression := strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(r, "pieces"), "")
		set, err := filter.ParseWhole([]string{"test_id~" + expression})
		require.NoError(r, err)
		_, checked := filter.Compile(filter.Result(), set, new(filter.Args))
		if strings.Trim(expression, `"`) != expression || checked == nil || strings.Contains(checked.Error(), "takes too long") {
			return
		}
		var matches bool
		err = conn.QueryRow(context.Background(), `SELECT 'aab' ~ $1`, expression).Scan(&matches)
		require.ErrorAs(r, filter.Refused(set, err), new(*filter.Error), "the database takes %q, the check says %v", expression, checked)
	})
}

func TestCommonMistakesInARegexAreFoundBeforeTheQuery(t *testing.T) {
	t.Parallel()
	for _, expression := range []string{
		"(", ")", "a)", "(a", "[", "[a", "[]", "[^]", "[[:alpha:]", "*", "*a", "a**", "^*", "|*", "(*a)", "a{1", "a{2,1}", "a{256}", "a{1a}", "{1}",
		"a{1}{2}", "[z-a]", "[[:foo:]]", `a\`, `\q`, `[\q]`, `\1`, `(?:a)\1`, `\u12`, `\x`, `\c`, "(?Z)a", "(?i", "(?", "(?a", `\y+`, "***a",
	} {
		_, _, err := compile(t, filter.Result(), "test_id~"+strings.ReplaceAll(expression, ",", `\,`))
		require.ErrorAs(t, err, new(*filter.Error), expression)
	}
	for _, expression := range []string{
		"", "a|", "()", "||", "a{", "a{,3}", "a}", "a]", "[]a]", "[^]a]", "[a-]", "[-a]", "[--a]", `[\d-]`, `[a\]]`, "(?i)a", "(?#c)a", "a(?#c)*", "a(?#c",
		"(?<=a)b", "(?<!a)b", "(?=a)", "(|a)", `\x4`, `\cA`, `\10`, `(a)\1`, "***=(", "***:a", "(?q)(", `(?e)\q`, "a{0,255}", "a{2,2}", "a*?", "a{2}?", `\U0010ffff`,
		"[[.a.]]", "[[:<:]]a", "^test_(login|cart)$", `tests/.*\.py::\w+\[[a-z]+\]`,
	} {
		_, _, err := compile(t, filter.Result(), "test_id~"+strings.ReplaceAll(expression, ",", `\,`))
		require.NoError(t, err, expression)
	}
}

// Each of the first kind keeps the database busy for seconds on one text of 20 kB.
func TestARegexThatTakesForeverIsRefused(t *testing.T) {
	t.Parallel()
	for _, expression := range []string{
		"(?=.*b)", "(?!.*b)a", "a(?=.*c)", "(?=[^c]*c)", "(?=.*b)(?=.*c).*d", "^.(?=.*b)", "^a|(?=.*b)", "(^)?(?=.*b)", "^(?=.(?=.*b))", "(?=a{2,})",
		"(^|x)(?=.*b)", "x*(?=.+b)", `^(a*)(a*)b\1\2$`, `(a)\1+`, `(a){2,}\1`,
	} {
		_, _, err := compile(t, filter.Result(), "test_id~"+strings.ReplaceAll(expression, ",", `\,`))
		require.ErrorContains(t, err, "takes too long", expression)
	}
	for _, expression := range []string{
		"^(?!.*slow)", "^(?=.*b)(?=.*c).*d", `\A(?!.*b)`, "^(?=.*b)|x+", "a(?!b).*", "(?<!a)b+", "(?=a{1,20})b", "^(?:(?=.*b))", `(a|b)\1`, `(.)\1{3}`, "((a+)+)+b",
	} {
		_, _, err := compile(t, filter.Result(), "test_id~"+strings.ReplaceAll(expression, ",", `\,`))
		require.NoError(t, err, expression)
	}
}
