package api_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestResultIsMadeReadChangedAndListed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin := h.person(t, true)
	project := h.project(t, &admin, admin).String()
	run := h.call(t, admin, http.MethodPost, "/api/run", object{"metadata": object{"project": project}}).id(t)

	made := h.call(t, admin, http.MethodPost, "/api/result", object{
		"metadata": object{"project": project, "run": run, "component": "login", "env": 5, "text": "Grüße 🎉 <b>\u0001"},
		"test_id":  "test_one", "result": "passed", "duration": 0.1, "start_time": "2024-03-01T10:00:00", "source": "conf",
		"params": object{"browser": "ff"}, "run_id": uuid.NewString(), "env": "ignored",
	})
	require.Equal(t, http.StatusCreated, made.status, string(made.body))
	result := made.object(t)
	require.Equal(t, run, result["run_id"], "the run is the metadata's")
	require.Equal(t, "5", result["env"])
	require.Equal(t, "Grüße 🎉 <b>\u0001", result["metadata"].(object)["text"])

	path := "/api/result/" + made.id(t)
	require.Equal(t, result, h.get(t, admin, path).object(t))
	changed := h.call(t, admin, http.MethodPut, path, object{
		"result": "failed", "metadata": object{"env": "prod", "user_properties": object{"owner": "me", "env": "loses"}},
		"component": "ignored", "params": object{"p": []any{1, nil}}, "duration": 7.125,
	})
	require.Equal(t, http.StatusOK, changed.status, string(changed.body))
	result = changed.object(t)
	require.Equal(t, "prod", result["env"], "derived from the metadata again")
	require.Equal(t, "login", result["component"])
	require.Equal(t, "me", result["metadata"].(object)["owner"])
	require.NotContains(t, result["metadata"], "user_properties")
	require.Equal(t, object{"p": []any{1.0, nil}}, result["params"])
	require.Equal(t, "test_one", result["test_id"])

	list := h.get(t, admin, "/api/result", "project_id="+project, "result=failed").object(t)
	require.Len(t, list["results"], 1)
}

func TestResultWithLittle(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin := h.person(t, true)
	project := h.project(t, &admin).String()
	result := h.call(t, admin, http.MethodPost, "/api/result", object{"project_id": project}).object(t)
	for _, name := range []string{"test_id", "result", "duration", "component", "env", "run_id", "params", "source"} {
		require.Contains(t, result, name)
		require.Nil(t, result[name], name)
	}
	require.Equal(t, object{}, result["metadata"])
	require.NotEmpty(t, result["start_time"])

	promoted := h.call(t, admin, http.MethodPost, "/api/result", object{"metadata": object{
		"project": project, "env": "wins", "nest": object{"a": 1}, "empty": nil,
		"user_properties": object{"env": "loses", "nest": object{"a": 2, "b": 3}, "empty": "filled", "component": "c"},
	}}).object(t)
	require.Equal(t, object{"project": project, "env": "wins", "nest": object{"a": 1.0, "b": 3.0}, "empty": "filled", "component": "c"}, promoted["metadata"])
	require.Equal(t, "c", promoted["component"])
}

func TestResultThatIsSentAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin := h.person(t, true)
	project := h.project(t, &admin).String()
	run := h.call(t, admin, http.MethodPost, "/api/run", object{"metadata": object{"project": project}}).id(t)
	body := object{
		"id": uuid.NewString(), "test_id": "a", "result": "passed", "duration": 1, "start_time": "2024-03-01T10:00:00",
		"metadata": object{"project": project, "run": run, "n": 1.0, "list": []int{1, 2}}, "params": object{},
	}
	first := h.call(t, admin, http.MethodPost, "/api/result", body)
	require.Equal(t, http.StatusCreated, first.status, string(first.body))
	again := h.call(t, admin, http.MethodPost, "/api/result", body)
	require.Equal(t, http.StatusCreated, again.status, "the answer to the first may have been lost")
	require.JSONEq(t, string(first.body), string(again.body))
	summary := h.get(t, admin, "/api/run/"+run).object(t)["summary"].(object)
	require.InDelta(t, 1, summary["tests"], 0, "it counts once")

	for name, value := range map[string]any{
		"test_id": "b", "result": "failed", "duration": 2, "start_time": "2024-03-01T10:00:01", "params": object{"p": 1},
		"metadata": object{"project": project, "run": run, "n": 2}, "source": "x",
	} {
		other := maps.Clone(body)
		other[name] = value
		requireMessage(t, h.call(t, admin, http.MethodPost, "/api/result", other), http.StatusBadRequest)
	}
}

func TestResultsThatAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin, member, stranger := h.person(t, true), h.person(t, false), h.person(t, false)
	project := h.project(t, &admin, member).String()
	post := func(who person, body any) answer { return h.call(t, who, http.MethodPost, "/api/result", body) }
	in := func(metadata object) object {
		metadata["project"] = project
		return object{"metadata": metadata}
	}
	for name, body := range map[string]object{
		"no project":       {"test_id": "x"},
		"unknown project":  {"metadata": object{"project": "nothing"}},
		"unknown run":      in(object{"run": uuid.NewString()}),
		"malformed run":    in(object{"run": "17"}),
		"empty run":        in(object{"run": ""}),
		"run is no text":   in(object{"run": 5}),
		"user_properties":  in(object{"user_properties": "x"}),
		"start_time":       {"project_id": project, "start_time": "noon"},
		"unknown field":    {"project_id": project, "colour": "red"},
		"malformed id":     {"project_id": project, "id": "x"},
		"duration too big": {"project_id": project, "duration": jsonNumber("1e999")},
	} {
		for _, who := range []person{admin, member} {
			a := post(who, body)
			require.Equal(t, http.StatusBadRequest, a.status, "%s: %s", name, a.body)
			requireMessage(t, a, http.StatusBadRequest)
		}
	}
	for name, body := range map[string]string{
		"result": `{"result":"great"}`, "test_id": `{"test_id":5}`, "duration": `{"duration":"1"}`, "NUL": `{"test_id":"nul\u0000byte"}`,
		"NUL ": `{"metadata":{"m":["nul\u0000byte"]}}`, "deep": `{"metadata":{"a":` + strings.Repeat("[", 600) + strings.Repeat("]", 600) + `}}`,
		"surrogate": `{"test_id":"\ud800"}`, "UTF-8": "{\"test_id\":\"\xff\"}", "is no value": `{"duration":NaN}`,
	} {
		a := h.call(t, admin, http.MethodPost, "/api/result", body, header{"Content-Type": "application/json"})
		requireProblem(t, a, http.StatusBadRequest)
		require.Contains(t, a.object(t)["detail"], strings.TrimSpace(name))
	}
	requireMessage(t, post(stranger, in(object{})), http.StatusForbidden)
	require.Equal(t, http.StatusCreated, post(member, in(object{"run": nil})).status, "null is no run")
}

// Results count into the summary of their run, which others look at.
func TestResultCountsOnlyIntoRunsThatAreOpen(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin, member := h.person(t, true), h.person(t, false)
	mine, foreign := h.project(t, &admin, member).String(), h.project(t, &admin).String()
	theirs := h.call(t, admin, http.MethodPost, "/api/run", object{"metadata": object{"project": foreign}}).id(t)
	own := h.call(t, member, http.MethodPost, "/api/run", object{"metadata": object{"project": mine}}).id(t)

	requireMessage(t, h.call(t, member, http.MethodPost, "/api/result", object{"metadata": object{"project": mine, "run": theirs}}), http.StatusForbidden)
	result := h.call(t, member, http.MethodPost, "/api/result", object{"metadata": object{"project": mine, "run": own}})
	require.Equal(t, http.StatusCreated, result.status)
	path := "/api/result/" + result.id(t)
	requireMessage(t, h.call(t, member, http.MethodPut, path, object{"run_id": theirs}), http.StatusForbidden)
	requireMessage(t, h.call(t, member, http.MethodPut, path, object{"run_id": uuid.NewString()}), http.StatusBadRequest)
	requireMessage(t, h.call(t, member, http.MethodPut, path, object{"run_id": "x"}), http.StatusBadRequest)
	requireMessage(t, h.call(t, member, http.MethodPut, path, object{"project_id": foreign}), http.StatusForbidden)
	require.Nil(t, h.call(t, member, http.MethodPut, path, object{"run_id": nil}).object(t)["run_id"])
	require.Equal(t, own, h.call(t, member, http.MethodPut, path, object{"run_id": own, "metadata": object{"run": theirs}}).object(t)["run_id"],
		"the metadata's run is not looked at in an update")
}
