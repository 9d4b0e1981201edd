package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/store"
)

func TestUsersChangeWhatIsTheirs(t *testing.T) {
	t.Parallel()
	h := lodge(t)
	h.account(t, "ana@example.com", "first")
	h.account(t, "bo@example.com", "x")
	who := h.signIn(t, "ana@example.com", "first")
	put := func(body any) answer { return h.call(t, who, http.MethodPut, "/api/user", body) }

	whole := h.get(t, who, "/api/user").object(t)
	whole["name"] = "Ana"
	require.Equal(t, "Ana", put(whole).object(t)["name"], "a page sends back the whole user")
	require.Equal(t, "new@example.com", put(object{"email": "new@example.com"}).object(t)["email"])
	require.Equal(t, http.StatusOK, put(object{"password": "second"}).status)
	h.signIn(t, "new@example.com", "second")
	require.Nil(t, put(object{"name": nil}).object(t)["name"])
	require.Equal(t, "new@example.com", put(object{}).object(t)["email"])
	requireMessage(t, put(object{"email": "bo@example.com"}), http.StatusConflict)
}

func TestUsersCannotRaiseThemselves(t *testing.T) {
	t.Parallel()
	h := lodge(t)
	before := h.account(t, "ana@example.com", "secret")
	g := store.Group{ID: uuid.New()}
	require.NoError(t, h.store.InsertGroup(context.Background(), g))
	who := h.signIn(t, "ana@example.com", "secret")
	a := h.call(t, who, http.MethodPut, "/api/user", object{"id": uuid.New(), "is_superadmin": true, "is_active": false, "group_id": g.ID, "colour": "red"})
	require.Equal(t, http.StatusOK, a.status, string(a.body))
	for _, body := range []object{
		{"_password": "x"}, {"activation_code": "x"}, {"owned_projects": "x"}, {"projects": []any{}}, {"tokens": []any{}},
		{"email": "no address"}, {"email": nil}, {"email": 5}, {"name": 5}, {"password": ""}, {"password": 5}, {"password": strings.Repeat("x", 73)},
	} {
		requireMessage(t, h.call(t, who, http.MethodPut, "/api/user", body), http.StatusBadRequest)
	}
	after, err := h.store.Account(context.Background(), "ana@example.com")
	require.NoError(t, err)
	require.Equal(t, before, after)
}

func TestUpdateOfAUserNeedsAJSONObject(t *testing.T) {
	t.Parallel()
	h := lodge(t)
	who := h.person(t, false)
	put := func(body, mediaType string) answer {
		return h.call(t, who, http.MethodPut, "/api/user", body, header{"Content-Type": mediaType})
	}
	requireMessage(t, h.call(t, who, http.MethodPut, "/api/user", nil), http.StatusBadRequest)
	requireMessage(t, put("name=x", "application/x-www-form-urlencoded"), http.StatusBadRequest)
	for _, body := range []string{"", "{", "null", "[]", `{"name": "a\u0000b"}`, "{\"name\": \"\xff\"}"} {
		requireProblem(t, put(body, "application/json; charset=utf-8"), http.StatusBadRequest)
	}
}

func TestDeletedTokenIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	h := lodge(t)
	who := h.person(t, false)
	a := h.call(t, who, http.MethodPost, "/api/user/token", object{"name": "ci", "expires": "2038-01-01T01:00:00+01:00"})
	require.Equal(t, http.StatusCreated, a.status, string(a.body))
	made := a.object(t)
	require.Equal(t, "2038-01-01T00:00:00Z", made["expires"])
	require.Equal(t, who.id.String(), made["user_id"])
	text, _ := made["token"].(string)
	ci := person{token: text}
	require.Equal(t, http.StatusOK, h.get(t, ci, "/api/user").status)
	list := h.get(t, who, "/api/user/token").object(t)
	require.Equal(t, []any{made}, list["tokens"])

	path := "/api/user/token/" + a.id(t)
	require.Equal(t, made, h.get(t, ci, path).object(t))
	require.Equal(t, "\"OK\"\n", string(h.call(t, who, http.MethodDelete, path, nil).body))
	requireProblem(t, h.get(t, ci, "/api/user"), http.StatusUnauthorized)
	requireMessage(t, h.get(t, who, path), http.StatusNotFound)
	requireMessage(t, h.call(t, who, http.MethodDelete, path, nil), http.StatusNotFound)
	requireMessage(t, h.get(t, who, "/api/user/token/x"), http.StatusBadRequest)
}

func TestTokensThatCannotBeMade(t *testing.T) {
	t.Parallel()
	h := lodge(t)
	who := h.person(t, false)
	post := func(body object) answer { return h.call(t, who, http.MethodPost, "/api/user/token", body) }
	later := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	id := uuid.New()
	require.Equal(t, http.StatusCreated, post(object{"id": id, "name": "ci", "expires": later, "token": "mine", "user_id": uuid.New()}).status)
	requireMessage(t, post(object{"id": id, "name": "ci", "expires": later}), http.StatusConflict)
	for _, body := range []object{
		{"name": "login-token", "expires": later}, {"name": "ci", "expires": "next tuesday"}, {"name": "ci", "expires": ""}, {"name": "ci", "expires": nil},
		{"name": "ci", "expires": later, "id": "x"}, {"name": "ci", "expires": later, "scope": "all"},
	} {
		requireMessage(t, post(body), http.StatusBadRequest)
	}
	for _, body := range []object{{"name": "ci"}, {"expires": later}, {"name": 5, "expires": later}, {"name": "ci", "expires": 5}} {
		requireProblem(t, post(body), http.StatusBadRequest)
	}
	past := post(object{"name": "past", "expires": "2020-01-01T00:00:00"})
	require.Equal(t, http.StatusCreated, past.status)
	text, _ := past.object(t)["token"].(string)
	requireProblem(t, h.get(t, person{token: text}, "/api/user"), http.StatusUnauthorized)
}

func TestSuspendedUserIsOutAtOnce(t *testing.T) {
	t.Parallel()
	h := lodge(t)
	super, who := h.person(t, true), h.person(t, false)
	require.Equal(t, http.StatusOK, h.get(t, who, "/api/user").status)
	a := h.call(t, super, http.MethodPut, "/api/admin/user/"+who.id.String(), object{"email": "x@example.com", "is_active": false})
	require.Equal(t, http.StatusOK, a.status, string(a.body))
	requireProblem(t, h.get(t, who, "/api/user"), http.StatusUnauthorized)
	require.Equal(t, http.StatusOK, h.call(t, super, http.MethodDelete, "/api/admin/user/"+who.id.String(), nil).status)
	requireProblem(t, h.get(t, who, "/api/run"), http.StatusUnauthorized)
}
