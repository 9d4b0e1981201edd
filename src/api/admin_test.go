package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func jsonOf(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}

func TestAdministratorsMakeAndChangeUsers(t *testing.T) {
	t.Parallel()
	h := lodge(t)
	super := h.person(t, true)
	p := h.project(t, nil)
	post := func(body object) answer { return h.call(t, super, http.MethodPost, "/api/admin/user", body) }
	id := uuid.New()
	a := post(object{"id": id, "email": "ana@example.com", "password": "secret", "is_active": true, "projects": []any{object{"id": p}}})
	require.Equal(t, http.StatusCreated, a.status, string(a.body))
	require.Equal(t, object{"id": id.String(), "email": "ana@example.com", "name": nil, "is_superadmin": false, "is_active": true, "group_id": nil}, a.object(t))
	ana := h.signIn(t, "ana@example.com", "secret")
	require.Equal(t, http.StatusOK, h.get(t, ana, "/api/project/"+p.String()).status)

	path := "/api/admin/user/" + id.String()
	put := func(body object) answer { return h.call(t, super, http.MethodPut, path, body) }
	require.Equal(t, "Ana", put(object{"email": "ana@example.com", "name": "Ana", "password": "other", "projects": []any{object{"id": p, "name": "x"}}}).object(t)["name"])
	requireProblem(t, h.get(t, ana, "/api/user"), http.StatusUnauthorized) // what began with the old password
	ana = h.signIn(t, "ana@example.com", "other")
	require.Equal(t, http.StatusOK, h.get(t, ana, "/api/project/"+p.String()).status)
	require.Equal(t, "Ana", put(object{"email": "ana@example.com"}).object(t)["name"])
	requireMessage(t, h.get(t, ana, "/api/project/"+p.String()), http.StatusUnauthorized) // projects that are not named are taken away

	requireMessage(t, post(object{"email": "ana@example.com"}), http.StatusBadRequest)
	requireMessage(t, post(object{"id": id, "email": "bo@example.com"}), http.StatusConflict)
	requireMessage(t, put(object{"email": super.email()}), http.StatusConflict)
	for _, body := range []object{
		{"group_id": "x"}, {"group_id": uuid.New()}, {"projects": "x"}, {"projects": []any{"x"}}, {"projects": []any{object{"name": "x"}}},
		{"projects": []any{object{"id": uuid.New()}}}, {"password": ""}, {"password": strings.Repeat("x", 73)},
	} {
		body["email"] = "new@example.com"
		requireBad(t, post(body))
		requireBad(t, put(body))
	}
	requireBad(t, post(object{"email": "new@example.com", "_password": "x"}))
	requireBad(t, post(object{"email": "new@example.com", "colour": "red"}))
	requireProblem(t, h.call(t, super, http.MethodPut, "/api/admin/user/"+uuid.NewString(), object{"email": "x@example.com"}), http.StatusNotFound)
	requireMessage(t, h.get(t, super, "/api/admin/user/x"), http.StatusBadRequest)
}

func TestSomebodyIsAlwaysLeftToAdminister(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	super, user := h.person(t, true), h.person(t, false)
	path := "/api/admin/user/" + super.id.String()
	requireProblem(t, h.call(t, super, http.MethodDelete, path, nil), http.StatusBadRequest)
	for _, body := range []object{{"is_superadmin": false}, {"is_active": false}} {
		body["email"] = super.email()
		requireProblem(t, h.call(t, super, http.MethodPut, path, body), http.StatusBadRequest)
	}
	raise := object{"email": user.email(), "is_superadmin": true}
	require.Equal(t, http.StatusOK, h.call(t, super, http.MethodPut, "/api/admin/user/"+user.id.String(), raise).status)
	require.Equal(t, http.StatusOK, h.get(t, user, "/api/admin/user").status, "at once")
	require.Equal(t, http.StatusOK, h.call(t, super, http.MethodPut, path, object{"email": super.email(), "is_superadmin": false}).status)
	requireProblem(t, h.get(t, super, "/api/admin/user"), http.StatusForbidden)
}

func TestProjectsOfADeletedUserGoToTheAdministrator(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	super, gone := h.person(t, true), h.person(t, false)
	p := h.project(t, &gone, gone)
	require.Equal(t, http.StatusOK, h.call(t, super, http.MethodDelete, "/api/admin/user/"+gone.id.String(), nil).status)
	o := h.get(t, super, "/api/admin/project/"+p.String()).object(t)
	require.Equal(t, super.id.String(), o["owner"].(object)["id"])
	require.Empty(t, o["users"])
	requireProblem(t, h.call(t, super, http.MethodDelete, "/api/admin/user/"+gone.id.String(), nil), http.StatusNotFound)
}

func TestAdministratorsGiveProjectsAnOwner(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	super, ana, bo := h.person(t, true), h.person(t, false), h.person(t, false)
	post := func(body object) answer { return h.call(t, super, http.MethodPost, "/api/admin/project", body) }
	a := post(object{"name": "shop", "owner_id": ana.id})
	require.Equal(t, http.StatusCreated, a.status, string(a.body))
	require.Equal(t, ana.id.String(), a.object(t)["owner_id"])
	require.Equal(t, []string{ana.email()}, emails(t, a.object(t)))
	require.Equal(t, super.id.String(), post(object{"name": "other", "owner_id": nil}).object(t)["owner_id"])

	path := "/api/admin/project/" + a.id(t)
	o := h.call(t, super, http.MethodPut, path, object{"owner_id": bo.id, "owner": object{"id": super.id, "email": super.email()}}).object(t)
	require.Equal(t, bo.id.String(), o["owner_id"])
	require.ElementsMatch(t, []string{ana.email(), bo.email()}, emails(t, o))
	list := h.get(t, super, "/api/admin/project", "name=shop").object(t)["projects"].([]any)
	require.Equal(t, bo.email(), list[0].(object)["owner"].(object)["email"])

	requireMessage(t, post(object{"owner_id": uuid.New()}), http.StatusBadRequest)
	requireMessage(t, post(object{"owner_id": "x"}), http.StatusBadRequest)
	requireMessage(t, post(object{"group_id": uuid.New()}), http.StatusBadRequest)
	requireMessage(t, h.call(t, super, http.MethodPut, path, object{"owner_id": uuid.New()}), http.StatusBadRequest)
	requireProblem(t, h.call(t, super, http.MethodPut, "/api/admin/project/"+uuid.NewString(), object{}), http.StatusNotFound)
	requireMessage(t, h.call(t, super, http.MethodPut, "/api/admin/project/54e5b6a0c1b2d3e4f5a6b7c8", object{}), http.StatusBadRequest)
}

func TestDeletedProjectIsGoneWithItsResults(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	super := h.person(t, true)
	id := h.project(t, nil)
	result := h.call(t, super, http.MethodPost, "/api/result", object{"project_id": id})
	require.Equal(t, http.StatusCreated, result.status, string(result.body))
	path := "/api/admin/project/" + id.String()
	require.Equal(t, "\"OK\"\n", string(h.call(t, super, http.MethodDelete, path, nil).body))
	requireMessage(t, h.get(t, super, "/api/result/"+result.id(t)), http.StatusNotFound)
	requireMessage(t, h.call(t, super, http.MethodPost, "/api/result", object{"project_id": id}), http.StatusBadRequest)
	requireProblem(t, h.call(t, super, http.MethodDelete, path, nil), http.StatusNotFound)
}

// TestSecretsOfAccountsNeverLeave reads whatever shows users, in every way.
func TestSecretsOfAccountsNeverLeave(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	super, member := h.person(t, true), h.person(t, false)
	id := h.project(t, &member, super, member)
	h.exec(t, `UPDATE users SET _password = '$2b$04$the-hash', activation_code = 'the-code'`)
	for _, path := range []string{
		"/api/user", "/api/project", "/api/project/" + id.String(), "/api/admin/user", "/api/admin/user/" + member.id.String(),
		"/api/admin/project", "/api/admin/project/" + id.String(),
	} {
		a := h.get(t, super, path)
		require.Equal(t, http.StatusOK, a.status, path)
		for _, secret := range []string{"the-hash", "the-code", "_password", "password", "activation_code"} {
			require.NotContains(t, string(a.body), secret, path)
		}
	}
	for _, body := range []object{{"email": member.email(), "name": "x"}, {"email": member.email(), "password": "y"}} {
		a := h.call(t, super, http.MethodPut, "/api/admin/user/"+member.id.String(), body)
		require.NotContains(t, string(a.body), "password")
	}
}

// TestSecretsCannotBeGuessedByFilters: a filter that finds users by their hash would tell it piece by piece.
func TestSecretsCannotBeGuessedByFilters(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	super := h.person(t, true)
	h.exec(t, `UPDATE users SET _password = 'a', activation_code = 'b'`)
	for _, filter := range []string{"_password=zzz", "_password~^z", "activation_code=zzz", "_password@n", "password=zzz"} {
		a := h.get(t, super, "/api/admin/user", filter)
		require.Equal(t, http.StatusOK, a.status, string(a.body))
		require.Len(t, a.object(t)["users"], 1, filter)
	}
}

func TestUserListShowsEachProjectWithItsMembers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	super, ana, bo := h.person(t, true), h.person(t, false), h.person(t, false)
	p, q := h.project(t, nil, ana, bo), h.project(t, nil, ana)
	projects := map[string][]string{}
	for _, u := range h.get(t, super, "/api/admin/user").object(t)["users"].([]any) {
		email, _ := u.(object)["email"].(string)
		for _, project := range u.(object)["projects"].([]any) {
			id, _ := project.(object)["id"].(string)
			projects[email] = append(projects[email], id)
			if id == p.String() {
				require.ElementsMatch(t, []string{ana.email(), bo.email()}, emails(t, project.(object)))
			}
		}
	}
	require.Len(t, projects, 2)
	require.ElementsMatch(t, []string{p.String(), q.String()}, projects[ana.email()])
	require.Equal(t, []string{p.String()}, projects[bo.email()])
}

func TestNamesOfSeveralProjects(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	super, ana := h.person(t, true), h.person(t, false)
	mine, other := h.project(t, nil, ana), h.project(t, nil)
	h.rename(t, mine, "twin")
	h.rename(t, other, "twin")
	a := h.call(t, ana, http.MethodPost, "/api/result", object{"metadata": object{"project": "twin"}})
	require.Equal(t, http.StatusCreated, a.status, string(a.body))
	require.Equal(t, mine.String(), a.object(t)["project_id"])
	requireMessage(t, h.call(t, super, http.MethodPost, "/api/result", object{"metadata": object{"project": "twin"}}), http.StatusBadRequest)
	byID := h.call(t, super, http.MethodPost, "/api/result", object{"metadata": object{"project": other}})
	require.Equal(t, other.String(), byID.object(t)["project_id"], "an id always says which")
}
