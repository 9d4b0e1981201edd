package filter_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/filter"
)

func TestAFieldToGroupByIsSpelledAsAFilterSpellsIt(t *testing.T) {
	t.Parallel()
	for field, want := range map[string]filter.Expression{
		"component":                 {SQL: "r.component", Kind: filter.Text},
		"duration":                  {SQL: "r.duration", Kind: filter.Float},
		"start_time":                {SQL: "r.start_time", Kind: filter.Timestamp},
		"metadata.jenkins.job_name": {SQL: "(r.data -> 'jenkins' ->> 'job_name')", Kind: filter.Text},
		"data.tags":                 {SQL: "(r.data -> 'tags')", Kind: filter.JSON},
		"summary.collected":         {SQL: "(r.summary ->> 'collected')", Kind: filter.Text},
	} {
		got, ok, err := filter.Run().As("r").Expression(field)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, want, got)
	}
	counter, ok, err := filter.Run().Expression("summary.tests")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, filter.Float, counter.Kind)
	require.Contains(t, counter.SQL, "(summary -> 'tests')::numeric")
}

func TestAnUnknownFieldGroupsNothingAndAnUnusablePathIsRefused(t *testing.T) {
	t.Parallel()
	for _, field := range []string{"", "nosuch", "component.x", "artifacts", "result; DROP TABLE runs"} {
		_, ok, err := filter.Run().Expression(field)
		require.NoError(t, err)
		require.False(t, ok, field)
	}
	for _, field := range []string{"metadata", "summary", "metadata..x", "metadata.x'y", "data.ä"} {
		_, _, err := filter.Run().Expression(field)
		require.ErrorAs(t, err, new(*filter.Error), field)
	}
	_, _, err := filter.Result().Expression("summary.tests")
	require.ErrorAs(t, err, new(*filter.Error))
}
