package filter_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/filter"
)

func TestParseReadsFieldOperatorAndValue(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]filter.Condition{
		"result=failed":      {Field: "result", Op: filter.Eq, Value: "failed"},
		"result!failed":      {Field: "result", Op: filter.Ne, Value: "failed"},
		"duration>=1":        {Field: "duration", Op: filter.Ge, Value: "1"},
		"duration)1":         {Field: "duration", Op: filter.Ge, Value: "1"},
		"duration<=1":        {Field: "duration", Op: filter.Le, Value: "1"},
		"duration(1":         {Field: "duration", Op: filter.Le, Value: "1"},
		"duration>1":         {Field: "duration", Op: filter.Gt, Value: "1"},
		"duration<1":         {Field: "duration", Op: filter.Lt, Value: "1"},
		"test_id~a.c":        {Field: "test_id", Op: filter.Regex, Value: "a.c"},
		"result*a;b":         {Field: "result", Op: filter.In, Value: "a;b"},
		"title%x":            {Field: "title", Op: filter.Contains, Value: "x"},
		"env@y":              {Field: "env", Op: filter.Exists, Value: "y"},
		"a-b.C_9=x":          {Field: "a-b.C_9", Op: filter.Eq, Value: "x"},
		"env==x":             {Field: "env", Op: filter.Eq, Value: "=x"},
		"env!=x":             {Field: "env", Op: filter.Ne, Value: "=x"},
		`env="qa"`:           {Field: "env", Op: filter.Eq, Value: "qa"},
		`env="c2`:            {Field: "env", Op: filter.Eq, Value: "c2"},
		`env=a"b`:            {Field: "env", Op: filter.Eq, Value: `a"b`},
		"env=":               {Field: "env", Op: filter.Eq, Value: ""},
		"env=one\ntwo":       {Field: "env", Op: filter.Eq, Value: "one"},
		"metadata.x= spaced": {Field: "metadata.x", Op: filter.Eq, Value: " spaced"},
	} {
		set, err := filter.Parse([]string{text})
		require.NoError(t, err)
		want.Text = text
		require.Equal(t, filter.Set{Conditions: []filter.Condition{want}}, set, text)
	}
}

func TestTextsThatAreNoConditionFilterNothing(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"garbage", "=x", "a b=1", " env=qa", "a/b=1", "metadata:x=1", "ä=1", "*", "metadata"} {
		set, err := filter.Parse([]string{text})
		require.NoError(t, err)
		require.Empty(t, set.Conditions, text)
		require.Equal(t, []string{text}, set.Void)
	}
}

func TestRepeatedAndJoinedFiltersAreTheSame(t *testing.T) {
	t.Parallel()
	joined, err := filter.Parse([]string{"result=failed,env=qa", ""})
	require.NoError(t, err)
	repeated, err := filter.Parse([]string{"result=failed", "env=qa"})
	require.NoError(t, err)
	require.Equal(t, repeated, joined)
	require.Equal(t, []string{"result", "env"}, joined.Fields())
}

func TestABackslashKeepsASeparatorInTheValue(t *testing.T) {
	t.Parallel()
	set, err := filter.Parse([]string{`test_id=t[a\,b],env=C:\dir\`, `result*a\;b;c`, `test_id~\d+\\`})
	require.NoError(t, err)
	require.Len(t, set.Conditions, 4)
	require.Equal(t, "t[a,b]", set.Conditions[0].Value)
	require.Equal(t, `C:\dir\`, set.Conditions[1].Value)
	require.Equal(t, []string{"a;b", "c"}, set.Conditions[2].List())
	require.Equal(t, `\d+\\`, set.Conditions[3].Value)
}

func TestParseWholeKeepsCommas(t *testing.T) {
	t.Parallel()
	set, err := filter.ParseWhole([]string{"job_name=a,b"})
	require.NoError(t, err)
	require.Equal(t, "a,b", set.Conditions[0].Value)
}

func TestHasProject(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"project_id=x": true, "project_id@y": true, "metadata.project=x": true, "data.project!x": true,
		"metadata.project_id=x": false, "env=project_id": false, "project=x": false, "": false, "project_id": false,
	} {
		set, err := filter.Parse([]string{"env=qa", text})
		require.NoError(t, err)
		require.Equal(t, want, set.HasProject(), text)
	}
}

func TestASetMovesThatComparesWithTheClock(t *testing.T) {
	t.Parallel()
	for text, moves := range map[string]bool{
		"start_time>today": true, "env=qa,start_time<Now\x20": true, "start_time*2026-01-01;yesterday": true,
		"start_time>2026-01-01,env=qa": false, "env@y": false, "now=1": false,
	} {
		set, err := filter.Parse([]string{text})
		require.NoError(t, err)
		require.Equal(t, moves, set.Moves(), text)
	}
}

func TestParseRefusesWhatNoDatabaseCanHold(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string][]string{
		"NUL":                 {"env=a\x00b"},
		"NUL in no condition": {"a\x00b"},
		"invalid UTF-8":       {"env=\xff"},
		"many":                {strings.Repeat("env=qa,", filter.MaxConditions+1)},
		"long":                {"env=" + strings.Repeat("x", filter.MaxText)},
		"long field":          {strings.Repeat("x", filter.MaxField+1) + "=1"},
	} {
		_, err := filter.Parse(raw)
		var refusal *filter.Error
		require.ErrorAs(t, err, &refusal, name)
		require.NotEmpty(t, refusal.Reason)
		require.Less(t, len(refusal.Error()), 1000, name)
	}
}

func TestASetOfTheLargestSizeIsTaken(t *testing.T) {
	t.Parallel()
	set, err := filter.Parse([]string{strings.Repeat("env=qa,", filter.MaxConditions)})
	require.NoError(t, err)
	require.Len(t, set.Conditions, filter.MaxConditions)
}

func TestRenameAndAndLeaveTheirSetAlone(t *testing.T) {
	t.Parallel()
	set, err := filter.Parse([]string{"job_name=a"})
	require.NoError(t, err)
	renamed := set.Rename(func(field string) string { return "metadata.jenkins." + field }).
		And(filter.Condition{Field: "env", Op: filter.Eq, Value: "qa"})
	require.Equal(t, []string{"metadata.jenkins.job_name", "env"}, renamed.Fields())
	require.Equal(t, []string{"job_name"}, set.Fields())
}
