package api_test

import (
	"maps"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestRunIsMadeReadChangedAndListed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin := h.person(t, true)
	project := h.project(t, &admin, admin).String()

	made := h.call(t, admin, http.MethodPost, "/api/run", object{
		"metadata":   object{"project": project, "component": "login", "env": "qa", "big": 12345678901234567, "nest": object{"a": []int{1}}},
		"start_time": "2024-03-01T10:00:00.5+02:00", "duration": 5, "source": "unit", "summary": object{"tests": 3, "failures": 1},
		"component": "ignored", "env": "ignored",
	})
	require.Equal(t, http.StatusCreated, made.status, string(made.body))
	require.Equal(t, "application/json", made.header.Get("Content-Type"))
	run := made.object(t)
	require.Equal(t, "2024-03-01T08:00:00.500000Z", run["start_time"], "an offset is converted")
	require.Equal(t, "login", run["component"], "the column follows the metadata")
	require.Equal(t, "qa", run["env"])
	require.Equal(t, project, run["project_id"])
	require.Contains(t, string(made.body), `"duration":5.0`, "a duration always has a fraction")
	require.Contains(t, string(made.body), `12345678901234567`, "large integers stay exact")

	path := "/api/run/" + made.id(t)
	changed := h.call(t, admin, http.MethodPut, path, object{
		"metadata": object{"nest": object{"b": 2}, "component": nil, "new": "x"}, "env": "prod", "source": nil, "id": uuid.NewString(), "colour": "red",
		"start_time": "2024-03-02T10:00:00+01:00",
	})
	require.Equal(t, http.StatusOK, changed.status, string(changed.body))
	run = changed.object(t)
	require.Equal(t, made.id(t), run["id"], "an id in the body changes nothing")
	require.Equal(t, "prod", run["env"])
	require.Nil(t, run["source"], "null empties a column")
	require.Equal(t, "2024-03-02T09:00:00Z", run["start_time"], "an update converts offsets too")
	require.Equal(t, object{"a": []any{1.0}, "b": 2.0}, run["metadata"].(object)["nest"], "objects are joined")
	require.Equal(t, "login", run["metadata"].(object)["component"], "null keeps what is there")

	require.Equal(t, run["metadata"], h.get(t, admin, path).object(t)["metadata"])
	list := h.get(t, admin, "/api/run", "project_id="+project).object(t)
	require.Len(t, list["runs"], 1)
	require.Equal(t, object{"page": 1.0, "pageSize": 25.0, "totalItems": 1.0, "totalPages": 1.0}, list["pagination"])
}

func TestRunThatIsSentAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin := h.person(t, true)
	project := h.project(t, &admin, admin).String()
	body := object{"id": uuid.NewString(), "metadata": object{"project": project, "a": 1}, "source": "ci"}
	first := h.call(t, admin, http.MethodPost, "/api/run", body)
	require.Equal(t, http.StatusCreated, first.status)
	again := h.call(t, admin, http.MethodPost, "/api/run", body)
	require.Equal(t, http.StatusCreated, again.status, "the answer to the first may have been lost")
	require.JSONEq(t, string(first.body), string(again.body))

	body["metadata"] = object{"project": project, "a": 2}
	requireMessage(t, h.call(t, admin, http.MethodPost, "/api/run", body), http.StatusConflict)
	require.InDelta(t, 1, h.get(t, admin, "/api/run/"+first.id(t)).object(t)["metadata"].(object)["a"], 0)
}

func TestRunsThatAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin, member, stranger := h.person(t, true), h.person(t, false), h.person(t, false)
	project := h.project(t, &admin, member).String()
	good := func(with object) object {
		body := object{"metadata": object{"project": project}}
		maps.Copy(body, with)
		return body
	}
	post := func(who person, body any) answer { return h.call(t, who, http.MethodPost, "/api/run", body) }

	for name, body := range map[string]object{
		"no metadata":         {},
		"empty metadata":      {"metadata": object{}, "project_id": project},
		"null metadata":       {"metadata": nil, "project_id": project},
		"no project":          {"metadata": object{"a": 1}},
		"unknown project":     {"metadata": object{"project": "nothing"}},
		"unknown project id":  {"metadata": object{"project": uuid.NewString()}},
		"project is no text":  {"metadata": object{"project": 5}},
		"malformed id":        good(object{"id": "17"}),
		"start_time":          good(object{"start_time": "yesterday"}),
		"created":             good(object{"created": "noon"}),
		"unknown field":       good(object{"colour": "red"}),
		"counter":             good(object{"summary": object{"collected": 1e300}}),
		"duration beyond all": good(object{"duration": jsonNumber("1e999")}),
	} {
		a := post(admin, body)
		requireMessage(t, a, http.StatusBadRequest)
		require.NotContains(t, string(a.body), "SQL", name)
	}
	for name, body := range map[string]object{
		"metadata": good(object{"metadata": "x"}), "duration": good(object{"duration": "long"}), "summary": good(object{"summary": []int{1}}), "id": good(object{"id": nil}),
	} {
		a := post(admin, body)
		requireProblem(t, a, http.StatusBadRequest)
		require.Contains(t, a.object(t)["detail"], name+":", "the answer names the field")
	}
	requireMessage(t, post(stranger, good(nil)), http.StatusForbidden)
	require.Equal(t, http.StatusCreated, post(member, good(object{"start_time": ""})).status, "an empty time is none")
	require.Equal(t, http.StatusCreated, post(member, object{"data": object{"x": 1}, "project_id": project, "": 1}).status, "data is metadata too")
}

func TestRunColumnsWithoutMetadata(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin := h.person(t, true)
	project := h.project(t, &admin).String()
	run := h.call(t, admin, http.MethodPost, "/api/run", object{"metadata": object{"x": 1, "env": nil}, "project_id": project, "component": "frontend", "env": "staging"}).object(t)
	require.Equal(t, "frontend", run["component"], "what only the column says is taken")
	require.Nil(t, run["env"], "what the metadata says goes before")
}

// A reporter that sends no results tells at the end what it has counted, long after the server has counted none.
func TestRunWithoutResultsIsWhatItsReporterSays(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin := h.person(t, true)
	project := h.project(t, &admin).String()
	id := h.call(t, admin, http.MethodPost, "/api/run", object{"metadata": object{"project": project}}).id(t)
	require.NoError(t, h.store.RecountRun(t.Context(), uuid.MustParse(id)))
	require.EqualValues(t, 0, h.get(t, admin, "/api/run/"+id).object(t)["summary"].(object)["tests"])

	said := object{"tests": 3.0, "failures": 1.0}
	told := h.call(t, admin, http.MethodPut, "/api/run/"+id, object{"summary": said, "duration": 7.5})
	require.Equal(t, said, told.object(t)["summary"])
	require.NoError(t, h.store.RecountRun(t.Context(), uuid.MustParse(id)))
	kept := h.get(t, admin, "/api/run/"+id).object(t)
	require.Equal(t, said, kept["summary"])
	require.InDelta(t, 7.5, kept["duration"], 0)

	result := object{"metadata": object{"project": project, "run": id}, "result": "passed", "duration": 2}
	require.Equal(t, http.StatusCreated, h.call(t, admin, http.MethodPost, "/api/result", result).status)
	counted := h.call(t, admin, http.MethodPut, "/api/run/"+id, object{"summary": said, "duration": 7.5}).object(t)
	require.EqualValues(t, 1, counted["summary"].(object)["tests"], "results go before what is said of them")
	require.EqualValues(t, 2, counted["duration"])
}

func TestRunIsMovedOnlyWhereOneMay(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin, member := h.person(t, true), h.person(t, false)
	mine, foreign := h.project(t, &admin, member).String(), h.project(t, &admin).String()
	run := h.call(t, member, http.MethodPost, "/api/run", object{"metadata": object{"project": mine}})
	path := "/api/run/" + run.id(t)
	requireMessage(t, h.call(t, member, http.MethodPut, path, object{"project_id": foreign}), http.StatusForbidden)
	requireMessage(t, h.call(t, member, http.MethodPut, path, object{"metadata": object{"project": foreign}}), http.StatusForbidden)
	requireMessage(t, h.call(t, member, http.MethodPut, path, object{"project_id": nil}), http.StatusForbidden)
	requireMessage(t, h.call(t, admin, http.MethodPut, path, object{"metadata": object{"project": "nothing"}}), http.StatusBadRequest)
	require.Equal(t, mine, h.get(t, member, path).object(t)["project_id"])

	require.Equal(t, http.StatusOK, h.call(t, admin, http.MethodPut, path, object{"project_id": foreign}).status)
	requireMessage(t, h.get(t, member, path), http.StatusForbidden)
	requireMessage(t, h.call(t, member, http.MethodPut, path, object{"metadata": object{"a": 1}}), http.StatusForbidden)
	requireMessage(t, h.call(t, member, http.MethodPut, path, object{"metadata": object{"project": "nothing"}}), http.StatusForbidden)
}

// A project that has been renamed since must not keep its runs from being changed: clients send back what they have read.
func TestRunOfARenamedProjectIsChanged(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin := h.person(t, true)
	project := h.project(t, &admin)
	run := h.call(t, admin, http.MethodPost, "/api/run", object{"metadata": object{"project": "project-" + project.String()}})
	h.rename(t, project, "another")
	after := h.call(t, admin, http.MethodPut, "/api/run/"+run.id(t), object{"metadata": object{"project": "project-" + project.String(), "a": 1}})
	require.Equal(t, http.StatusOK, after.status, string(after.body))
	require.Equal(t, project.String(), after.object(t)["project_id"])
}

func TestRunListKeepsToTheProjectsOfWhoAsks(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin, member, owner, stranger := h.person(t, true), h.person(t, false), h.person(t, false), h.person(t, false)
	one, other := h.project(t, &owner, member).String(), h.project(t, &admin).String()
	for _, project := range []string{one, other} {
		require.Equal(t, http.StatusCreated, h.call(t, admin, http.MethodPost, "/api/run", object{"metadata": object{"project": project}}).status)
	}
	total := func(a answer) any {
		require.Equal(t, http.StatusOK, a.status, string(a.body))
		return a.object(t)["pagination"].(object)["totalItems"]
	}
	requireMessage(t, h.get(t, admin, "/api/run"), http.StatusBadRequest)
	requireMessage(t, h.get(t, stranger, "/api/run"), http.StatusBadRequest)
	requireMessage(t, h.get(t, admin, "/api/run?pageSize=501"), http.StatusBadRequest)
	require.InDelta(t, 1, total(h.get(t, member, "/api/run")), 0)
	require.InDelta(t, 0, total(h.get(t, member, "/api/run", "project_id="+other)), 0, "foreign projects are empty, not refused")
	require.InDelta(t, 0, total(h.get(t, stranger, "/api/run", "project_id="+one)), 0)
	require.InDelta(t, 1, total(h.get(t, admin, "/api/run", "project_id="+other)), 0)
	require.InDelta(t, 2, total(h.get(t, admin, "/api/run", "project_id@y")), 0)
	require.Equal(t, http.StatusOK, h.get(t, owner, "/api/run", "project_id="+one).status)
}

func TestRunListSaysWhichFilterIsWrong(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin := h.person(t, true)
	project := "project_id=" + h.project(t, &admin).String()
	for _, f := range []string{"component~[a", "component@", "duration~1", "duration=abc", "metadata=x", "id=abc", "project_id=proj"} {
		a := h.get(t, admin, "/api/run", project, f)
		require.Equal(t, http.StatusBadRequest, a.status, f)
		require.Contains(t, string(a.body), f)
	}
	requireProblem(t, h.get(t, admin, "/api/run?pageSize=200000&filter="+project), http.StatusBadRequest)
}

func TestLargePageIsLeftToATaskUnderTheRightsOfWhoAsks(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin, member, stranger := h.person(t, true), h.person(t, false), h.person(t, false)
	project := h.project(t, &admin, member)
	require.Equal(t, http.StatusCreated, h.get(t, member, "/api/result?pageSize=501").status)
	a := h.get(t, member, "/api/run?pageSize=501&filter=env=qa")
	require.Equal(t, http.StatusCreated, a.status, string(a.body))
	task := a.object(t)["task_id"].(string)
	require.Equal(t, "/task/"+task, a.object(t)["query_endpoint"])
	kept, err := h.store.Task(t.Context(), uuid.MustParse(task))
	require.NoError(t, err)
	require.JSONEq(t, `{"table":"runs","filters":["env=qa"],"scope":["`+project.String()+`"],"page":1,"page_size":501}`, string(kept.Request))

	pending := h.get(t, member, "/api/task/"+task)
	require.Equal(t, http.StatusPartialContent, pending.status)
	require.Equal(t, "PENDING", pending.object(t)["state"])
	requireMessage(t, h.get(t, stranger, "/api/task/"+task), http.StatusForbidden)

	require.NoError(t, h.store.FinishTask(t.Context(), kept.ID, []byte(`{"runs":[],"pagination":{"page":1}}`), nil))
	for _, who := range []person{member, admin} {
		done := h.get(t, who, "/api/task/"+task)
		require.Equal(t, http.StatusOK, done.status)
		require.Equal(t, object{"state": "SUCCESS", "message": "Task has succeeded", "runs": []any{}, "pagination": object{"page": 1.0}}, done.object(t))
	}
	failed := "too many"
	require.NoError(t, h.store.FinishTask(t.Context(), kept.ID, nil, &failed))
	a = h.get(t, member, "/api/task/"+task)
	require.Equal(t, http.StatusNonAuthoritativeInfo, a.status)
	require.Equal(t, []any{"too many"}, a.object(t)["error"])
	requireMessage(t, h.get(t, member, "/api/task/abc"), http.StatusBadRequest)
	require.Equal(t, http.StatusPartialContent, h.get(t, stranger, "/api/task/"+uuid.NewString()).status)
}

func TestBulkUpdate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin, member, stranger := h.person(t, true), h.person(t, false), h.person(t, false)
	project, foreign := h.project(t, &admin, member).String(), h.project(t, &admin).String()
	for i, metadata := range []object{{"x": 1}, {"y": nil}, {"component": "other"}} {
		metadata["project"] = project
		require.Equal(t, http.StatusCreated, h.call(t, member, http.MethodPost, "/api/run", object{"metadata": metadata, "start_time": "2024-03-0" + string(rune('1'+i))}).status)
	}
	post := func(who person, query string, body any) answer {
		return h.call(t, who, http.MethodPost, "/api/runs/bulk-update"+query, body)
	}
	scope := "?filter=project_id=" + project
	added := object{"metadata": object{"x": 2, "y": 3}}

	a := post(member, scope+"&filter=component@n&pageSize=25", added)
	require.Equal(t, http.StatusOK, a.status, string(a.body))
	runs := a.object(t)["runs"].([]any)
	require.Len(t, runs, 2)
	require.Equal(t, object{"project": project, "x": 2.0, "y": 3.0}, runs[0].(object)["metadata"], "null is no value")
	require.Equal(t, object{"project": project, "x": 1.0, "y": 3.0}, runs[1].(object)["metadata"], "what a run has stays")
	require.Len(t, post(member, scope, added).object(t)["runs"], 1, "one, unless more are asked for")

	requireMessage(t, post(member, scope, object{"metadata": object{}}), http.StatusUnauthorized)
	requireMessage(t, post(member, scope, object{"summary": object{}}), http.StatusUnauthorized)
	requireMessage(t, post(member, scope+"&pageSize=26", added), http.StatusMethodNotAllowed)
	requireMessage(t, post(member, scope+"&filter=env=none", added), http.StatusNotFound)
	requireMessage(t, post(member, "", added), http.StatusBadRequest)
	requireMessage(t, post(admin, "?filter=env=qa", added), http.StatusBadRequest)
	requireMessage(t, post(stranger, scope, added), http.StatusNotFound)
	requireMessage(t, post(member, scope, object{"metadata": object{"project": foreign}}), http.StatusForbidden)
	requireProblem(t, post(member, scope+"&pageSize=0", added), http.StatusBadRequest)
}
