package api_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/api"
	"github.com/ibutsu/ibutsu-go/src/auth"
)

func TestPeopleSeeAndEndTheirSignIns(t *testing.T) {
	t.Parallel()
	h := lodge(t)
	h.account(t, "ana@example.com", "secret")
	other := h.person(t, false)
	in := func() person { return h.signIn(t, "ana@example.com", "secret") }
	laptop, phone := in(), in()
	list := func(who person) []any { return h.get(t, who, "/api/user/session").object(t)["sessions"].([]any) }
	sessions := list(laptop)
	require.Len(t, sessions, 2)
	var phones object
	for _, s := range sessions {
		require.Equal(t, "password", s.(object)["method"])
		if s.(object)["current"] == false {
			phones = s.(object)
		}
	}
	require.NotEmpty(t, phones)
	path := "/api/user/session/" + phones["id"].(string)
	requireMessage(t, h.call(t, other, http.MethodDelete, path, nil), http.StatusNotFound)
	require.Equal(t, http.StatusOK, h.call(t, laptop, http.MethodDelete, path, nil).status)
	requireProblem(t, h.get(t, phone, "/api/user"), http.StatusUnauthorized)
	requireMessage(t, h.call(t, laptop, http.MethodDelete, path, nil), http.StatusNotFound)
	requireMessage(t, h.call(t, laptop, http.MethodDelete, "/api/user/session/x", nil), http.StatusBadRequest)

	third, fourth := in(), in()
	require.Equal(t, object{"ended": 2.0}, h.call(t, laptop, http.MethodDelete, "/api/user/session", nil).object(t))
	requireProblem(t, h.get(t, third, "/api/user"), http.StatusUnauthorized)
	requireProblem(t, h.get(t, fourth, "/api/user"), http.StatusUnauthorized)
	require.Len(t, list(laptop), 1)
	require.Equal(t, http.StatusOK, h.call(t, laptop, http.MethodPut, "/api/user", object{"password": "better"}).status, "changing the password keeps this one")
	require.Equal(t, http.StatusOK, h.call(t, laptop, http.MethodDelete, "/api/user/session/current", nil).status)
	requireProblem(t, h.get(t, laptop, "/api/user"), http.StatusUnauthorized)

	super := h.person(t, true)
	ana := h.signIn(t, "ana@example.com", "better")
	id := h.get(t, ana, "/api/user").id(t)
	require.Len(t, h.get(t, super, "/api/admin/user/"+id+"/session").object(t)["sessions"], 1)
	require.Equal(t, object{"ended": 1.0}, h.call(t, super, http.MethodDelete, "/api/admin/user/"+id+"/session", nil).object(t))
	requireProblem(t, h.get(t, ana, "/api/user"), http.StatusUnauthorized)
	requireProblem(t, h.get(t, super, "/api/admin/user/"+uuid.NewString()+"/session"), http.StatusNotFound)
}

func TestTokensTellWhenTheyWereUsed(t *testing.T) {
	t.Parallel()
	var uses *auth.Uses
	h := newHouse(t, func(o *api.Options) {
		uses = auth.NewUses(o.Store, time.Now, uuid.New, zerolog.Nop())
		o.Uses = uses
	})
	ana := h.person(t, false)
	made := h.call(t, ana, http.MethodPost, "/api/user/token", object{"name": "ci", "expires": "2099-01-01T00:00:00Z"})
	require.Equal(t, http.StatusCreated, made.status, string(made.body))
	use := func() object {
		return h.get(t, ana, "/api/user/token-use").object(t)["tokens"].([]any)[0].(object)
	}
	require.Nil(t, use()["last_used"])
	require.NotNil(t, use()["created"])
	h.call(t, person{token: made.object(t)["token"].(string)}, http.MethodGet, "/api/user", nil, header{"User-Agent": "pytest-ibutsu/3"})
	uses.Write(context.Background())
	require.NotNil(t, use()["last_used"])
	require.Equal(t, "pytest-ibutsu/3", use()["agent"])
	require.Equal(t, "ci", use()["name"])
}

func TestTokensShownOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *api.Options) { o.Accounts.TokensOnce = true })
	ana := h.person(t, false)
	made := h.call(t, ana, http.MethodPost, "/api/user/token", object{"name": "ci", "expires": "2099-01-01T00:00:00Z"}).object(t)
	token := made["token"].(string)
	require.Equal(t, http.StatusOK, h.get(t, person{token: token}, "/api/user").status)
	require.Empty(t, h.get(t, ana, "/api/user/token/"+made["id"].(string)).object(t)["token"])
	require.NotContains(t, string(h.get(t, ana, "/api/user/token").body), token[len(token)-20:])
}
