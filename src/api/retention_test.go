package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestRunsArePinnedByTheirPeople(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ana, stranger := h.person(t, false), h.person(t, false)
	p := h.project(t, nil, ana)
	run := uuid.New()
	h.exec(t, `INSERT INTO runs (id, project_id, start_time, created) VALUES ($1, $2, now(), now())`, run, p)
	path := "/api/run/" + run.String() + "/pin"
	require.Equal(t, false, h.get(t, ana, path).object(t)["pinned"])
	a := h.call(t, ana, http.MethodPut, path, object{"reason": "the release of May"})
	require.Equal(t, http.StatusOK, a.status, string(a.body))
	require.Equal(t, "the release of May", h.get(t, ana, path).object(t)["reason"])
	require.Equal(t, true, h.get(t, ana, path).object(t)["pinned"])
	require.Equal(t, ana.id.String(), h.get(t, ana, path).object(t)["user_id"])
	requireMessage(t, h.get(t, stranger, path), http.StatusForbidden)
	requireMessage(t, h.call(t, ana, http.MethodPut, path, object{"reason": strings.Repeat("x", 2001)}), http.StatusBadRequest)
	requireMessage(t, h.call(t, ana, http.MethodPut, path, object{"colour": "red"}), http.StatusBadRequest)
	require.Equal(t, http.StatusOK, h.call(t, ana, http.MethodDelete, path, nil).status)
	requireMessage(t, h.call(t, ana, http.MethodDelete, path, nil), http.StatusNotFound)
	requireMessage(t, h.call(t, ana, http.MethodPut, "/api/run/"+uuid.NewString()+"/pin", object{}), http.StatusNotFound)
}

func TestRetentionIsSetForProjects(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	super := h.person(t, true)
	p := h.project(t, nil)
	path := "/api/admin/retention/" + p.String()
	put := func(body object) answer { return h.call(t, super, http.MethodPut, path, body) }
	h.exec(t, `INSERT INTO results (id, project_id, start_time) VALUES (gen_random_uuid(), $1, now() - interval '20 days')`, p)
	preview := func(query string) object { return h.get(t, super, "/api/admin/retention/preview"+query).object(t) }
	require.Empty(t, preview("")["projects"])
	require.Equal(t, http.StatusOK, put(object{"results_days": 14, "artifacts_days": nil}).status)
	lose := preview("")["projects"].([]any)
	require.Len(t, lose, 1)
	require.Equal(t, p.String(), lose[0].(object)["project"])
	require.EqualValues(t, 1, preview("?kind=results")["deleted"].(object)["results"])
	require.Empty(t, preview("?kind=artifacts")["projects"])
	requireProblem(t, h.get(t, super, "/api/admin/retention/preview?kind=users"), http.StatusBadRequest)

	rules := h.get(t, super, "/api/admin/retention").object(t)
	require.EqualValues(t, 90*24, rules["artifacts_hours"])
	require.Len(t, rules["projects"], 1)
	require.EqualValues(t, 14, rules["projects"].([]any)[0].(object)["results_days"])
	for _, body := range []object{{"results_days": -1}, {"results_days": 1.5}, {"results_days": 1e9}, {"results_days": "x"}, {"days": 1}} {
		requireBad(t, put(body))
	}
	requireProblem(t, h.call(t, super, http.MethodPut, "/api/admin/retention/"+uuid.NewString(), object{}), http.StatusNotFound)
	require.Equal(t, http.StatusOK, h.call(t, super, http.MethodDelete, path, nil).status)
	requireProblem(t, h.call(t, super, http.MethodDelete, path, nil), http.StatusNotFound)
}
