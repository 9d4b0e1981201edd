package api_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestOwnersGiveRoles(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	own, second, ana, stranger := h.person(t, false), h.person(t, false), h.person(t, false), h.person(t, false)
	p := h.project(t, &own)
	path := "/api/project/" + p.String() + "/member"
	add := func(who person, whom person, role string) answer {
		return h.call(t, who, http.MethodPost, path, object{"email": whom.email(), "role": role})
	}
	run := func(who person) int {
		return h.call(t, who, http.MethodPost, "/api/run", object{"metadata": object{"project": p.String()}}).status
	}
	a := add(own, ana, "reader")
	require.Equal(t, http.StatusCreated, a.status, string(a.body))
	require.Equal(t, object{"user_id": ana.id.String(), "email": ana.email(), "name": nil, "role": "reader", "is_active": true, "listed": true}, a.object(t))
	require.Equal(t, http.StatusOK, h.get(t, ana, "/api/project/"+p.String()).status)
	require.Equal(t, http.StatusForbidden, run(ana), "a reader changes nothing")
	requireMessage(t, add(ana, stranger, "owner"), http.StatusForbidden)

	put := func(who, whom person, role string) answer {
		return h.call(t, who, http.MethodPut, path+"/"+whom.id.String(), object{"role": role})
	}
	require.Equal(t, "member", put(own, ana, "member").object(t)["role"])
	require.Equal(t, http.StatusCreated, run(ana), "at once")
	requireMessage(t, put(ana, ana, "owner"), http.StatusForbidden)

	require.Equal(t, http.StatusCreated, add(own, second, "owner").status)
	require.Equal(t, http.StatusOK, h.call(t, second, http.MethodPut, "/api/project/"+p.String(), object{"title": "ours"}).status)
	require.Equal(t, http.StatusCreated, add(second, stranger, "reader").status)
	requireBad(t, put(second, own, "reader"))
	requireBad(t, h.call(t, second, http.MethodDelete, path+"/"+own.id.String(), nil))

	roles := map[string]string{}
	for _, m := range h.get(t, ana, path).object(t)["members"].([]any) {
		roles[m.(object)["email"].(string)] = m.(object)["role"].(string)
	}
	require.Equal(t, map[string]string{own.email(): "owner", second.email(): "owner", ana.email(): "member", stranger.email(): "reader"}, roles)

	leave := func(who, whom person) answer {
		return h.call(t, who, http.MethodDelete, path+"/"+whom.id.String(), nil)
	}
	requireMessage(t, leave(ana, stranger), http.StatusForbidden)
	require.Equal(t, http.StatusOK, leave(ana, ana).status, "anybody may leave")
	require.Equal(t, http.StatusForbidden, run(ana))
	require.Equal(t, http.StatusOK, leave(second, stranger).status)
	requireMessage(t, leave(second, stranger), http.StatusNotFound)

	requireBad(t, h.call(t, own, http.MethodPost, path, object{"email": "nobody@example.com", "role": "reader"}))
	requireBad(t, h.call(t, own, http.MethodPost, path, object{"email": ana.email(), "role": "reader", "colour": "red"}))
	requireProblem(t, h.call(t, own, http.MethodPost, path, object{"email": ana.email(), "role": "king"}), http.StatusBadRequest)
	requireMessage(t, h.call(t, own, http.MethodPut, path+"/"+uuid.NewString(), object{"role": "reader"}), http.StatusNotFound)
	requireMessage(t, h.get(t, own, "/api/project/"+uuid.NewString()+"/member"), http.StatusNotFound)
}

// TestReadersChangeNothingInBulk looks at what comes in by a side door.
func TestReadersChangeNothingInBulk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.call(t, w.people[reader], http.MethodPost, "/api/runs/bulk-update?filter=project_id="+w.project.String(), object{"metadata": object{"k": "v"}})
	requireMessage(t, a, http.StatusForbidden)
	require.NotContains(t, string(w.get(t, w.people[member], "/api/run/"+w.run.String()).body), `"k"`)
	name := w.get(t, w.people[member], "/api/project/"+w.project.String()).object(t)["name"]
	a = w.call(t, w.people[reader], http.MethodPost, "/api/import", newForm().text("project", name.(string)).file("importFile", "a.xml", "<testsuites/>"))
	requireMessage(t, a, http.StatusForbidden)
}
