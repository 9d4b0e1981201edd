package filter_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/filter"
)

const someID = "1f0c2a4e-8d3b-4c5a-9e7f-001122334455"

func compile(t *testing.T, model filter.Model, text string) (string, []any, error) {
	t.Helper()
	set, err := filter.Parse([]string{text})
	require.NoError(t, err)
	var args filter.Args
	where, err := filter.Compile(model, set, &args)
	return where, args.Values(), err
}

func TestCompileSpellsWhatIndexesServe(t *testing.T) {
	t.Parallel()
	result, run := filter.Result(), filter.Run()
	for _, c := range []struct {
		model  filter.Model
		filter string
		where  string
		args   []any
	}{
		{result, "", `TRUE`, nil},
		{result, "nosuch=1", `TRUE`, nil},
		{result, "result=failed", `result = $1`, []any{"failed"}},
		{result, "source=9", `source = $1`, []any{"9"}},
		{result, "result!failed", `result <> $1`, []any{"failed"}},
		{result, "result*failed;error", `result = ANY($1::text[])`, []any{[]string{"failed", "error"}}},
		{result, "result*", `result = ANY($1::text[])`, []any{[]string{""}}},
		{result, "test_id>a", `test_id COLLATE "C" > $1`, []any{"a"}},
		{result, "test_id~^a", `test_id ~ $1`, []any{"^a"}},
		{result, "test_id%a_b", `test_id ILIKE $1`, []any{"%a_b%"}},
		{result, "env@y", `env IS NOT NULL`, nil},
		{result, "env@n", `env IS NULL`, nil},
		{result.As("r"), "env=qa,metadata.x=1", `r.env = $1 AND (r.data ->> 'x') = $2`, []any{"qa", "1"}},
		{result, "run_id={" + strings.ToUpper(someID) + "}", `run_id = $1::uuid`, []any{someID}},
		{result, "run_id*" + someID, `run_id = ANY($1::text[]::uuid[])`, []any{[]string{someID}}},
		{result, "run_id~^1f", `run_id::text ~ $1`, []any{"^1f"}},
		{result, "duration>=1.50", `duration >= $1::float8`, []any{"1.5"}},
		{result, "duration*1;2", `duration = ANY($1::text[]::float8[])`, []any{[]string{"1", "2"}}},
		{result, "start_time>2024-03-01T10:00:00+02:00", `start_time > $1::timestamp`, []any{"2024-03-01T10:00:00"}},
		{result, "start_time<yesterday", `start_time < $1::timestamp`, []any{"yesterday"}},
		{result, "params=x", `params = $1::jsonb`, []any{`"x"`}},
		{result, "metadata.jenkins.job_name=nightly", `(data -> 'jenkins' ->> 'job_name') = $1`, []any{"nightly"}},
		{result, "data.exception_name@y", `(data ->> 'exception_name') IS NOT NULL`, nil},
		{result, "metadata.n=5", `(data ->> 'n') = $1`, []any{"5"}},
		{result, "metadata.n>5", `CASE WHEN jsonb_typeof(data -> 'n') = 'number' THEN (data -> 'n')::numeric > $2::numeric` +
			` ELSE (data ->> 'n') COLLATE "C" > $1 END`, []any{"5", "5"}},
		{result, "metadata.n>5x", `(data ->> 'n') COLLATE "C" > $1`, []any{"5x"}},
		{result, "metadata.=x", `(data ->> '') = $1`, []any{"x"}},
		{result, "metadata.tags=smoke", `(data -> 'tags') @> $1::jsonb`, []any{`"smoke"`}},
		{result, "data.tags=7", `((data -> 'tags') @> $1::jsonb OR (data -> 'tags') @> $2::jsonb)`, []any{`"7"`, `7`}},
		{result, "metadata.tags*a;b", `(data -> 'tags') ?| $1::text[]`, []any{[]string{"a", "b"}}},
		{result, "metadata.tags@n", `(data -> 'tags') IS NULL`, nil},
		{result, "metadata.tags!smoke", `TRUE`, nil},
		{result, "metadata.markers=db", `((data -> 'markers') @> $1::jsonb OR (data -> 'markers') @> $2::jsonb)`,
			[]any{`"db"`, `[{"name":"db"}]`}},
		{result, "metadata.markers*db", `((data -> 'markers') ?| $1::text[] OR (data -> 'markers') @> ANY($2::text[]::jsonb[]))`,
			[]any{[]string{"db"}, []string{`[{"name":"db"}]`}}},
		{run, "summary.failures>0", `CASE jsonb_typeof(summary -> 'failures') WHEN 'number' THEN (summary -> 'failures')::numeric` +
			` WHEN 'string' THEN CASE WHEN (summary ->> 'failures') ~ '^[+-]?[0-9]{1,18}$' THEN (summary ->> 'failures')::numeric END END` +
			` > $1::numeric`, []any{"0"}},
		{run, "summary.collected@y", `(summary ->> 'collected') IS NOT NULL`, nil},
		{filter.WidgetConfig(), "project_id=" + someID, `(project_id IS NULL OR project_id = $1::uuid)`, []any{someID}},
		{filter.WidgetConfig(), "weight>5", `weight > $1::float8`, []any{"5"}},
		{filter.WidgetConfig(), "navigable=T", `navigable = $1::bool`, []any{"true"}},
	} {
		where, args, err := compile(t, c.model, c.filter)
		require.NoError(t, err, c.filter)
		require.Equal(t, c.where, where, c.filter)
		require.Equal(t, c.args, args, c.filter)
	}
}

func TestPlaceholdersContinueAfterTheCallers(t *testing.T) {
	t.Parallel()
	set, err := filter.Parse([]string{"env=qa,component=login"})
	require.NoError(t, err)
	args := filter.NewArgs(3)
	where, err := filter.Compile(filter.Run(), set, args)
	require.NoError(t, err)
	require.Equal(t, "env = $4 AND component = $5", where)
	require.Equal(t, []any{"qa", "login"}, args.Values())
	require.Equal(t, "$6", args.Add(10))
}

func TestAnUnusableFilterIsRefusedWithItsFieldAndReason(t *testing.T) {
	t.Parallel()
	for text, reason := range map[string]string{
		"run_id=17":               `"17" is not a UUID`,
		"run_id=":                 `"" is not a UUID`,
		"run_id%1":                `% works on text, and this is an id`,
		"run_id*" + someID + ";":  `"" is not a UUID`,
		"run_id=x" + someID + "x": `"x` + someID + `x" is not a UUID`,
		"duration=abc":            `"abc" is not a number`,
		"duration=0x10":           `"0x10" is not a number`,
		"duration=1e999":          `"1e999" is not a number`,
		"duration=nan":            `"nan" is not a number`,
		"duration~1":              `~ works on text, and this is a number`,
		"duration%1":              `% works on text, and this is a number`,
		"start_time>2024":         `"2024" is not a time such as 2024-03-01 or 2024-03-01T10:00:00`,
		"start_time>2024-02-30":   `"2024-02-30" is not a time such as 2024-03-01 or 2024-03-01T10:00:00`,
		"start_time>0000-01-01":   `"0000-01-01" is not a time such as 2024-03-01 or 2024-03-01T10:00:00`,
		"start_time~1":            `~ works on text, and this is a time`,
		"env@":                    `@ needs a value: y, t or 1 for rows that have the field, anything else for rows that do not`,
		`metadata.tags@""`:        `@ needs a value: y, t or 1 for rows that have the field, anything else for rows that do not`,
		"metadata=x":              `it needs a path, as in metadata.name`,
		"metadata..x=1":           `the path has an empty segment`,
		"summary.failures>0":      `results have no summary`,
		"summary=1":               `results have no summary`,
		"params~x":                `~ works on text, and this is JSON`,
		"test_id~(":               `the regular expression is unusable: a parenthesis has no partner`,
		"metadata.x~[a":           `the regular expression is unusable: a bracket [ is not closed`,
		"env*" + strings.Repeat(";", filter.MaxList):        `* takes at most 5000 values`,
		"test_id~" + strings.Repeat("x", filter.MaxRegex+1): `the regular expression is unusable: it is longer than 1000 bytes`,
	} {
		_, _, err := compile(t, filter.Result(), text)
		var refusal *filter.Error
		require.ErrorAs(t, err, &refusal, text)
		require.Equal(t, reason, refusal.Reason)
		require.Equal(t, text[:strings.IndexAny(text, "=%*~>@")], refusal.Field)
		require.True(t, strings.HasPrefix(text, strings.TrimSuffix(refusal.Filter, "…")), refusal.Filter)
	}
	for text, model := range map[string]filter.Model{
		"metadata.x=1": filter.Project(), "data=1": filter.User(), "summary.tests>a": filter.Run(), "summary.tests~1": filter.Run(),
		"weight=heavy": filter.WidgetConfig(), "navigable=perhaps": filter.WidgetConfig(), "navigable>": filter.WidgetConfig(),
	} {
		_, _, err := compile(t, model, text)
		require.ErrorAs(t, err, new(*filter.Error), text)
	}
}

func TestAConditionMadeByHandCannotCarrySQL(t *testing.T) {
	t.Parallel()
	set := filter.Set{}.And(filter.Condition{Field: "metadata.x' OR 'a", Op: filter.Eq, Value: "1"})
	_, err := filter.Compile(filter.Result(), set, new(filter.Args))
	require.ErrorAs(t, err, new(*filter.Error))
}

func TestSecretsAndRelationsAreNoFields(t *testing.T) {
	t.Parallel()
	for text, model := range map[string]filter.Model{
		"_password~^.2b": filter.User(), "activation_code@y": filter.User(), "users=x": filter.Project(),
		"artifacts@y": filter.Result(), "query=1": filter.Run(), "params.browser=ff": filter.Result(), "result=failed": filter.Run(),
	} {
		where, args, err := compile(t, model, text)
		require.NoError(t, err)
		require.Equal(t, "TRUE", where, text)
		require.Empty(t, args)
	}
}

func TestIgnoredNamesWhatFiltersNothing(t *testing.T) {
	t.Parallel()
	set, err := filter.Parse([]string{"nosuch=1,env=qa,metadata.tags!x,metadata.tags=y,component.x=1,metadata=1"})
	require.NoError(t, err)
	var texts []string
	for _, c := range filter.Result().Ignored(set) {
		texts = append(texts, c.Text)
	}
	require.Equal(t, []string{"nosuch=1", "metadata.tags!x", "component.x=1"}, texts)
}

type stateError string

func (e stateError) Error() string    { return "refused" }
func (e stateError) SQLState() string { return string(e) }

func TestOnlyTheDatabasesWordOnARegexIsTheCallersFault(t *testing.T) {
	t.Parallel()
	set, err := filter.Parse([]string{"env=qa,test_id~((a{255}){255}){255},component~x"})
	require.NoError(t, err)
	var refusal *filter.Error
	require.ErrorAs(t, filter.Refused(set, fmt.Errorf("list: %w", stateError("2201B"))), &refusal)
	require.Equal(t, "test_id, component", refusal.Field)
	require.Equal(t, "test_id~((a{255}){255}){255},component~x", refusal.Filter)

	timeout := fmt.Errorf("list: %w", stateError("57014"))
	require.Equal(t, timeout, filter.Refused(set, timeout))
	require.Equal(t, errors.ErrUnsupported, filter.Refused(set, errors.ErrUnsupported))
	none, err := filter.Parse([]string{"env=qa"})
	require.NoError(t, err)
	require.Equal(t, error(stateError("2201B")), filter.Refused(none, stateError("2201B")))
}

func TestEverySpellingOfATimeAndAnID(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2024-03-01":                    "2024-03-01T00:00:00",
		"2024/3/1":                      "2024-03-01T00:00:00",
		" 2024-03-01 ":                  "2024-03-01T00:00:00",
		"2024-03-01 9:05":               "2024-03-01T09:05:00",
		"2024-03-01t10:00:00z":          "2024-03-01T10:00:00",
		"2024-03-01 10:00:00 UTC":       "2024-03-01T10:00:00",
		"2024-03-01T10:00:00.123456789": "2024-03-01T10:00:00.123457",
		"2024-03-01T10:00:00-0330":      "2024-03-01T10:00:00",
		"2024-03-01T10:00:00 +02":       "2024-03-01T10:00:00",
		"2024-03-01T24:00:00":           "2024-03-02T00:00:00",
		"2024-12-31T23:59:60":           "2025-01-01T00:00:00",
		"20240301T100000":               "2024-03-01T10:00:00",
		"20240301 100000.5Z":            "2024-03-01T10:00:00.5",
	} {
		_, args, err := compile(t, filter.Run(), "created="+text)
		require.NoError(t, err, text)
		require.Equal(t, []any{want}, args, text)
	}
	for _, text := range []string{
		someID, strings.ToUpper(someID), strings.ReplaceAll(someID, "-", ""), "{" + someID + "}",
		"{" + strings.ReplaceAll(someID, "-", "") + "}", "urn:uuid:" + someID,
	} {
		got, ok := filter.ParseUUID(text)
		require.True(t, ok, text)
		require.Equal(t, someID, got.String())
	}
	for _, text := range []string{"", "{" + someID, "(" + someID + ")", someID + "0", "{urn:uuid:" + someID + "}}", strings.Repeat("g", 32)} {
		_, ok := filter.ParseUUID(text)
		require.False(t, ok, text)
	}
}
