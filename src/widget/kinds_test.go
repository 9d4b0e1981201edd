package widget_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/widget"
)

// The page builds its forms from these, and saved configurations are cleaned by them.
const advertised = `
compare-runs-view view: additional_filters list true
jenkins-heatmap widget: job_name string true, builds integer true 5, group_field string true component, count_skips boolean false true, project string false, additional_filters string false
filter-heatmap widget: additional_filters string true, builds integer true 5, group_field string true component, project string false
run-aggregator widget: group_field string true component, weeks integer true 4, project string false, additional_filters string false
result-summary widget: source string false, env string false, job_name string false, project string false, additional_filters string false
result-aggregator widget: group_field string true result, days float false 90, run_id string false, project string false, for_filter boolean false false, additional_filters string false
importance-component widget: job_name string true "", group_field string true component, env string false "", components string true "", builds integer false 5, count_skips boolean false false, project string false
accessibility-dashboard-view view:
accessibility-analysis-view view: run_list list, project string false
accessibility-bar-chart widget: run_list list true
jenkins-job-view view: additional_filters list, page integer, page_size integer, run_limit integer, project string false
jenkins-analysis-view view: job_name string, builds integer, project string false
jenkins-bar-chart widget: job_name string true, builds integer true 30, project string false
jenkins-line-chart widget: job_name string true, builds integer false 30, project string false`

func TestTheTypesAreThoseThatThePageKnows(t *testing.T) {
	t.Parallel()
	var lines []string
	for _, kind := range widget.Types("") {
		var params []string
		for _, p := range kind.Params {
			words := []string{p.Name, p.Type}
			if p.Required != nil {
				words = append(words, fmt.Sprint(*p.Required))
			}
			if p.Default != nil {
				word := fmt.Sprint(p.Default)
				if word == "" {
					word = `""`
				}
				words = append(words, word)
			}
			require.NotEmpty(t, p.Description)
			params = append(params, strings.Join(words, " "))
		}
		lines = append(lines, strings.TrimSpace(kind.ID+" "+kind.Kind+": "+strings.Join(params, ", ")))
		require.NotEmpty(t, kind.Title)
		require.True(t, widget.Known(kind.ID))
	}
	require.Equal(t, strings.Split(strings.TrimSpace(advertised), "\n"), lines)
	require.Len(t, widget.Types("widget"), 9)
	require.Len(t, widget.Types("view"), 5)
	require.Empty(t, widget.Types("nosuch"))
	text, err := json.Marshal(widget.Types("nosuch"))
	require.NoError(t, err)
	require.Equal(t, "[]", string(text))
	require.False(t, widget.Known("nosuch"))
}

func TestCleanTranslatesOldNamesAndDropsUnknownOnes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ id, params, clean, dropped string }{
		{"jenkins-heatmap", `{"jenkins_job_name": "old", "builds": 3, "sort_field": "x", "nosuch": 1}`, `{"builds": 3, "job_name": "old"}`, "nosuch sort_field"},
		{"jenkins-heatmap", `{"jenkins_job_name": "old", "job_name": "new"}`, `{"job_name": "new"}`, ""},
		{"filter-heatmap", `{"filters": "a=b", "builds": 1}`, `{"additional_filters": "a=b", "builds": 1}`, ""},
		{"compare-runs-view", `{"filters": ["a=b", "c=d"], "project_id": "x"}`, `{"additional_filters": ["a=b", "c=d"]}`, "project_id"},
		{"jenkins-job-view", `{"filter": "a=b"}`, `{"additional_filters": "a=b"}`, ""},
		{"run-aggregator", `{"weeks": 4, "chart_type": "bar", "filter": "x"}`, `{"weeks": 4}`, "chart_type filter"},
		{"accessibility-dashboard-view", `{"project": "x"}`, `{}`, "project"},
		{"result-summary", `{}`, `{}`, ""},
	} {
		var params map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(c.params), &params))
		clean, dropped := widget.Clean(c.id, params)
		text, err := json.Marshal(clean)
		require.NoError(t, err)
		require.JSONEq(t, c.clean, string(text))
		require.Equal(t, c.dropped, strings.Join(dropped, " "))
	}
}
