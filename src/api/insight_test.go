package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestTriageByHTTP(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	who := h.person(t, false)
	project := h.project(t, &who, who)
	other := h.project(t, nil)
	var runs []string
	for n := range 2 {
		run := h.call(t, who, http.MethodPost, "/api/run", object{
			"start_time": fmt.Sprintf("%sT0%d:00:00", today(), n), "metadata": object{"project": project.String(), "component": "a", "jenkins": object{"job_name": "j", "build_number": fmt.Sprint(n)}},
		})
		runs = append(runs, run.id(t))
		for i, state := range []string{"passed", "failed"} {
			if n == 1 {
				state = "failed"
			}
			a := h.call(t, who, http.MethodPost, "/api/result", object{
				"test_id": fmt.Sprint("t", i), "result": state, "start_time": fmt.Sprintf("%sT0%d:00:01", today(), n),
				"metadata": object{"project": project.String(), "run": runs[n], "component": "a", "exception_name": "KeyError", "short_tb": fmt.Sprintf("E   KeyError: %d", i)},
			})
			require.Equal(t, http.StatusCreated, a.status, string(a.body))
		}
	}
	ask := func(question, more string) answer {
		a := h.get(t, who, "/api/insight/"+question+"?project="+project.String()+more)
		require.Equal(t, http.StatusOK, a.status, string(a.body))
		return a
	}
	series := ask("triage", "&filter=component=a").object(t)["series"].([]any)[0].(object)
	require.Equal(t, runs[1], series["run"])
	require.Equal(t, runs[0], series["previous"])
	require.InDelta(t, 1, series["newly_failing"], 0)
	require.InDelta(t, 1, series["still_failing"], 0)
	require.Empty(t, ask("triage", "&filter=component=b").object(t)["series"])
	require.Equal(t, object{"series": []any{}, "total": 1.0}, ask("triage", "&page=2").object(t))
	require.Equal(t, object{"series": []any{}, "total": 0.0}, ask("triage", "&failures=3").object(t))
	group := ask("failures", "&run="+runs[1]).object(t)["groups"].([]any)[0].(object)
	require.InDelta(t, 2, group["count"], 0)
	require.Len(t, group["results"], 2)
	require.InDelta(t, 3, ask("failures", "").object(t)["failures"], 0)
	require.Equal(t, true, ask("test", "&test=t0").object(t)["streak"].(object)["failing"])
	require.InDelta(t, 1, ask("compare", "&run="+runs[1]).object(t)["counts"].(object)["newly_failing"], 0)
	require.Nil(t, ask("compare", "&run="+runs[0]).object(t)["previous"])
	both := ask("compare", "&run="+runs[0]+"&run="+runs[1]+"&with="+runs[0]).object(t)
	require.InDelta(t, 1, both["counts"].(object)["newly_failing"], 0)
	require.InDelta(t, 1, both["counts"].(object)["still_failing"], 0)
	require.Len(t, ask("values", "&field=component").object(t)["values"], 1)
	require.Empty(t, ask("flaky", "").object(t)["tests"])
	require.InDelta(t, 1, ask("files", "&run="+runs[0]).object(t)["total"], 0)

	for _, wrong := range []string{
		"triage?project=x", "triage?project=" + project.String() + "&days=91", "triage?project=" + project.String() + "&page=10001", "failures?project=" + project.String() + "&limit=1000",
		"compare?project=" + project.String() + "&run=x", "files?project=" + project.String() + "&run=x", "triage?project=" + project.String() + "&failures=-1",
		"values?project=" + project.String() + "&field=metadata.a'b", "triage?project=" + project.String() + "&filter=id~[",
	} {
		require.Equal(t, http.StatusBadRequest, h.get(t, who, "/api/insight/"+wrong).status, wrong)
	}
	require.Equal(t, http.StatusBadRequest, h.get(t, who, "/api/insight/triage").status)
	requireMessage(t, h.get(t, who, "/api/insight/compare?project="+project.String()+"&run="+uuid.NewString()), http.StatusNotFound)
	requireMessage(t, h.get(t, who, "/api/insight/triage?project="+other.String()), http.StatusForbidden)
	// A run is asked for under its own project alone.
	boss := h.person(t, true)
	for _, of := range []string{"failures", "files"} {
		requireMessage(t, h.get(t, boss, "/api/insight/"+of+"?project="+other.String()+"&run="+runs[0]), http.StatusNotFound)
	}
}

func TestSearchByHTTP(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	who := h.person(t, false)
	project := h.project(t, &who, who)
	other := h.project(t, nil)
	run := h.call(t, who, http.MethodPost, "/api/run", object{"metadata": object{"project": project.String(), "jenkins": object{"job_name": "nightly", "build_number": "12"}}}).id(t)
	result := h.call(t, who, http.MethodPost, "/api/result", object{
		"test_id": "test_pay", "result": "failed", "metadata": object{"project": project.String(), "run": run, "short_tb": "E   KeyError: currency of pay"},
	}).id(t)
	search := "/api/project/" + project.String() + "/search?q="
	ask := func(q string) object {
		a := h.get(t, who, search+q)
		require.Equal(t, http.StatusOK, a.status, string(a.body))
		return a.object(t)
	}
	found := ask("pay")
	require.Equal(t, "test_pay", found["tests"].([]any)[0].(object)["test_id"])
	failure := found["failures"].([]any)[0].(object)
	require.Equal(t, []any{result, run, "KeyError"}, []any{failure["result_id"], failure["run_id"], failure["exception"]})
	require.Equal(t, "E   KeyError: currency of pay\n", failure["excerpt"])
	require.Equal(t, []any{[]any{26.0, 29.0}}, failure["highlights"])
	require.Equal(t, run, ask("nightly%20%2312")["runs"].([]any)[0].(object)["id"])
	require.Len(t, ask("pay&run_id=" + run)["failures"], 1)
	require.Empty(t, ask("pay&since=2100-01-01")["failures"])

	for wrong, field := range map[string]string{
		"": "q", "%20": "q", "%3A%3A": "q", strings.Repeat("a", 201): "q", "a%00": "q", "%FF": "q", "a&limit=51": "limit", "a&limit=0": "limit",
		"a&limit=x": "limit", "a&run_id=x": "run_id", "a&since=soon": "since",
	} {
		a := h.get(t, who, search+wrong)
		require.Equal(t, http.StatusBadRequest, a.status, wrong)
		require.Contains(t, string(a.body), field, wrong)
	}
	require.Equal(t, http.StatusBadRequest, h.get(t, who, "/api/project/"+project.String()+"/search").status)
	requireMessage(t, h.get(t, who, "/api/project/"+other.String()+"/search?q=pay"), http.StatusForbidden)
	requireMessage(t, h.get(t, who, "/api/project/"+uuid.NewString()+"/search?q=pay"), http.StatusNotFound)
	requireMessage(t, h.get(t, who, search+"pay&run_id="+uuid.NewString()), http.StatusNotFound)
}

func today() string { return time.Now().UTC().Format(time.DateOnly) }
