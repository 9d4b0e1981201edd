package api_test

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/store"
)

func (h *house) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	_, err := h.store.Pool().Exec(context.Background(), statement, args...)
	require.NoError(t, err, statement)
}

// emails are the addresses of a project's members.
func emails(t *testing.T, project object) (emails []string) {
	t.Helper()
	users, ok := project["users"].([]any)
	require.True(t, ok, project)
	for _, u := range users {
		email, ok := u.(object)["email"].(string)
		require.True(t, ok, u)
		emails = append(emails, email)
	}
	return emails
}

func (p person) email() string { return p.id.String() + "@example.com" }

func TestMakerOfAProjectOwnsIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	who, friend := h.person(t, false), h.person(t, false)
	id := uuid.New()
	a := h.call(t, who, http.MethodPost, "/api/project", object{
		"id": id, "name": "shop", "title": "Shop", "owner_id": friend.id, "users": []string{friend.email(), "ghost@example.com"},
	})
	require.Equal(t, http.StatusCreated, a.status, string(a.body))
	p := a.object(t)
	require.Equal(t, who.id.String(), p["owner_id"], "nobody makes projects in the name of others")
	require.ElementsMatch(t, []string{who.email(), friend.email()}, emails(t, p))
	require.Equal(t, p, h.get(t, friend, "/api/project/"+id.String()).object(t))
	require.Equal(t, []any{p}, h.get(t, who, "/api/project", "name=shop").object(t)["projects"])
	requireMessage(t, h.call(t, who, http.MethodPost, "/api/project", object{"id": id}), http.StatusBadRequest)
	// At once, by name: the directory has been told.
	require.Equal(t, http.StatusCreated, h.call(t, who, http.MethodPost, "/api/result", object{"metadata": object{"project": "shop"}}).status)
}

func TestProjectsThatCannotBe(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	who := h.person(t, false)
	mine := h.project(t, &who, who)
	foreign := h.project(t, nil)
	board := uuid.New()
	h.exec(t, `INSERT INTO dashboards (id, title, project_id) VALUES ($1, 'secret plans', $2)`, board, foreign)
	bodies := []object{
		{"group_id": "abc"}, {"group_id": uuid.New()}, {"default_dashboard_id": "x"}, {"default_dashboard_id": uuid.New()},
		{"default_dashboard_id": board}, {"users": "ana@example.com"}, {"users": []any{5}}, {"users": []any{object{"id": 1}}},
	}
	for _, body := range bodies {
		requireBad(t, h.call(t, who, http.MethodPost, "/api/project", body))
		requireBad(t, h.call(t, who, http.MethodPut, "/api/project/"+mine.String(), body))
	}
	requireBad(t, h.call(t, who, http.MethodPost, "/api/project", object{"nonsense": 1}))
	requireBad(t, h.call(t, who, http.MethodPost, "/api/project", object{"id": "x"}))
	requireBad(t, h.call(t, who, http.MethodPut, "/api/project/"+mine.String(), object{"owner_id": uuid.New()}))
	require.Equal(t, http.StatusOK, h.call(t, who, http.MethodPut, "/api/project/"+mine.String(), object{"nonsense": 1}).status)
}

func requireBad(t *testing.T, a answer) {
	t.Helper()
	require.Equal(t, http.StatusBadRequest, a.status, string(a.body))
}

func TestOwnersChangeTheirProjects(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	own, member, heir := h.person(t, false), h.person(t, false), h.person(t, false)
	id := h.project(t, &own, member)
	path := "/api/project/" + id.String()
	board := uuid.New()
	h.exec(t, `INSERT INTO dashboards (id, title, project_id) VALUES ($1, 'first', $2)`, board, id)
	put := func(who person, body object) answer { return h.call(t, who, http.MethodPut, path, body) }

	p := put(own, object{"title": "Better", "default_dashboard_id": board, "users": []any{heir.email()}}).object(t)
	require.Equal(t, "Better", p["title"])
	require.Equal(t, "first", p["defaultDashboard"].(object)["title"])
	require.ElementsMatch(t, []string{member.email(), heir.email()}, emails(t, p))
	p = put(own, object{"default_dashboard_id": nil, "users": p["users"]}).object(t)
	require.NotContains(t, p, "defaultDashboard")
	require.ElementsMatch(t, []string{member.email(), heir.email()}, emails(t, p), "members are added, never taken away")
	requireMessage(t, put(member, object{"title": "mine"}), http.StatusForbidden)
	require.Equal(t, heir.id.String(), put(own, object{"owner_id": heir.id}).object(t)["owner_id"])
	requireMessage(t, put(own, object{"title": "mine again"}), http.StatusForbidden)
	require.Equal(t, http.StatusOK, put(heir, object{"title": "now mine"}).status)
}

func TestDashboardOfAnotherProjectIsNotShown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	who := h.person(t, false)
	mine, foreign, board := h.project(t, &who, who), h.project(t, nil), uuid.New()
	h.exec(t, `INSERT INTO dashboards (id, title, project_id) VALUES ($1, 'secret plans', $2)`, board, foreign)
	h.exec(t, `UPDATE projects SET default_dashboard_id = $1 WHERE id = $2`, board, mine) // as the original lets anyone
	a := h.get(t, who, "/api/project/"+mine.String())
	require.Equal(t, http.StatusOK, a.status)
	require.NotContains(t, string(a.body), "secret plans")
}

func TestOrphanedProjectIsClosedToStrangers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	who, id := h.person(t, false), h.project(t, nil)
	requireMessage(t, h.get(t, who, "/api/project/"+id.String()), http.StatusUnauthorized)
	requireMessage(t, h.call(t, who, http.MethodPut, "/api/project/"+id.String(), object{"title": "x"}), http.StatusForbidden)
	requireMessage(t, h.call(t, who, http.MethodPost, "/api/result", object{"project_id": id}), http.StatusForbidden)
}

func TestFieldsToFilterBy(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	who := h.person(t, false)
	id := h.project(t, &who, who)
	path := "/api/project/filter-params/" + id.String()
	require.JSONEq(t, `[]`, string(h.get(t, who, path).body))
	h.exec(t, `INSERT INTO results (id, project_id, start_time, data, params) VALUES
		(gen_random_uuid(), $1, '2024-01-01', '{"old": 1}', 'null'),
		(gen_random_uuid(), $1, '2024-01-02', '{"jenkins": {"job_name": "j"}, "tags": ["a"], "empty": {}, "none": null}', '{"p": {"q": 1}}')`, id)
	columns := []any{"component", "duration", "env", "id", "project_id", "result", "run_id", "source", "start_time", "test_id"}
	require.ElementsMatch(t, slices.Concat(columns, []any{"data.jenkins.job_name", "data.tags", "data.none", "params.p.q"}), h.get(t, who, path).json(t))
	h.exec(t, `DELETE FROM results WHERE start_time > '2024-01-01'`)
	require.ElementsMatch(t, slices.Concat(columns, []any{"data.old", "params"}), h.get(t, who, path).json(t))
}

func TestProjectListIsNarrowed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	super, own := h.person(t, true), h.person(t, false)
	g := store.Group{ID: uuid.New()}
	require.NoError(t, h.store.InsertGroup(context.Background(), g))
	owned, grouped := h.project(t, &own), h.project(t, nil)
	h.exec(t, `UPDATE projects SET group_id = $1 WHERE id = $2`, g.ID, grouped)
	ids := func(query string) (ids []string) {
		for _, p := range h.get(t, super, "/api/project"+query).object(t)["projects"].([]any) {
			ids = append(ids, p.(object)["id"].(string))
		}
		return ids
	}
	require.Len(t, ids(""), 2)
	require.Equal(t, []string{owned.String()}, ids("?ownerId="+own.id.String()))
	require.Equal(t, []string{grouped.String()}, ids("?groupId="+g.ID.String()))
	require.Len(t, ids("?pageSize=1&page=2"), 1)
	requireMessage(t, h.get(t, super, "/api/project?ownerId=x"), http.StatusBadRequest)
	requireProblem(t, h.get(t, super, "/api/project", "name~("), http.StatusBadRequest)
	requireMessage(t, h.get(t, super, "/api/project?page=99999999999999999999"), http.StatusBadRequest)
	requireMessage(t, h.get(t, super, "/api/project?page=9223372036854775807"), http.StatusBadRequest)
	require.Empty(t, ids("?page=9223372036854775807&pageSize=1"))
}

func TestGroups(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	super, who := h.person(t, true), h.person(t, false)
	a := h.call(t, who, http.MethodPost, "/api/group", object{"name": "team", "metadata": object{"a": object{"b": 1}}})
	require.Equal(t, http.StatusCreated, a.status, string(a.body))
	path := "/api/group/" + a.id(t)
	requireMessage(t, h.call(t, who, http.MethodPut, path, object{"name": "ours"}), http.StatusForbidden)
	g := h.call(t, super, http.MethodPut, path, object{"name": "ours", "metadata": object{"a": object{"c": 2}}}).object(t)
	require.Equal(t, object{"id": a.id(t), "name": "ours", "metadata": object{"a": object{"b": 1.0, "c": 2.0}}}, g)
	require.Equal(t, g, h.get(t, who, path).object(t))
	require.Equal(t, []any{g}, h.get(t, who, "/api/group").object(t)["groups"])
	requireMessage(t, h.call(t, who, http.MethodPost, "/api/group", object{"id": a.id(t)}), http.StatusBadRequest)
	requireMessage(t, h.call(t, who, http.MethodPost, "/api/group", object{"colour": "red"}), http.StatusBadRequest)
	requireMessage(t, h.call(t, who, http.MethodPost, "/api/group", object{"id": "x"}), http.StatusBadRequest)
	requireMessage(t, h.get(t, who, "/api/group/"+uuid.NewString()), http.StatusNotFound)
	require.JSONEq(t, `{}`, jsonOf(t, h.call(t, who, http.MethodPost, "/api/group", object{"metadata": nil}).object(t)["metadata"]))
}
