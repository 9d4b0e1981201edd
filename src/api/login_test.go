package api_test

import (
	"context"
	"crypto/rand"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/api"
	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// lodge is a house whose accounts are complete.
func lodge(t *testing.T, change ...func(*auth.Accounts)) *house {
	t.Helper()
	return newHouse(t, func(o *api.Options) {
		o.Accounts.Random = rand.Reader
		for _, f := range change {
			f(o.Accounts)
		}
	})
}

// lodgeWith is a lodge with other options.
func lodgeWith(t *testing.T, change func(*api.Options)) *house {
	t.Helper()
	return newHouse(t, func(o *api.Options) {
		o.Accounts.Random = rand.Reader
		change(o)
	})
}

func (h *house) post(t *testing.T, path string, body any) answer {
	t.Helper()
	return h.call(t, person{}, http.MethodPost, path, body)
}

// link is the path of the last link that was logged in place of a mail.
func (h *house) link(t *testing.T) string {
	t.Helper()
	links := regexp.MustCompile(`"pass_on":"http://[a-z]+(/[^"]+)"`).FindAllStringSubmatch(h.log.String(), -1)
	require.NotEmpty(t, links, h.log.String())
	return links[len(links)-1][1]
}

// account makes an account with a password.
func (h *house) account(t *testing.T, email, password string, change ...func(*store.Account)) store.Account {
	t.Helper()
	passwords, err := auth.NewPasswords(4)
	require.NoError(t, err)
	hash, err := passwords.Hash(context.Background(), password)
	require.NoError(t, err)
	a := store.Account{User: store.User{ID: uuid.New(), Email: email, IsActive: true}, PasswordHash: &hash}
	for _, f := range change {
		f(&a)
	}
	require.NoError(t, h.store.InsertAccount(context.Background(), a))
	return a
}

// signIn returns who has signed in.
func (h *house) signIn(t *testing.T, email, password string) person {
	t.Helper()
	a := h.post(t, "/api/login", object{"email": email, "password": password})
	require.Equal(t, http.StatusOK, a.status, string(a.body))
	token, ok := a.object(t)["token"].(string)
	require.True(t, ok)
	return person{token: token}
}

func TestSignInGivesAToken(t *testing.T) {
	t.Parallel()
	h := lodge(t)
	h.account(t, "ana@example.com", "secret")
	a := h.post(t, "/api/login", object{"email": "ana@example.com", "password": "secret", "remember": true})
	require.Equal(t, http.StatusOK, a.status, string(a.body))
	o := a.object(t)
	require.Len(t, o, 3)
	require.Equal(t, "ana@example.com", o["email"])
	require.Nil(t, o["name"])
	me := h.get(t, h.signIn(t, "ana@example.com", "secret"), "/api/user")
	require.Equal(t, "ana@example.com", me.object(t)["email"])
	require.NotContains(t, h.log.String(), "secret")
}

func TestSignInSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	h := lodge(t)
	h.account(t, "ana@example.com", "secret")
	h.account(t, "gone@example.com", "secret", func(a *store.Account) { a.IsActive = false })
	provider := "8a7f-provider-id"
	h.account(t, "oauth@example.com", "x", func(a *store.Account) { a.PasswordHash = &provider })
	for _, c := range []struct{ email, password, code string }{
		{"ana@example.com", "", "EMPTY"},
		{"ana@example.com", "wrong", "INVALID"},
		{"nobody@example.com", "secret", "INVALID"},
		{"nobody@example.com", strings.Repeat("p", 100), "INVALID"},
		{"oauth@example.com", provider, "INVALID"},
		{"gone@example.com", "secret", "INACTIVE"},
	} {
		a := h.post(t, "/api/login", object{"email": c.email, "password": c.password})
		require.Equal(t, http.StatusUnauthorized, a.status)
		require.Equal(t, "application/json", a.header.Get("Content-Type"))
		require.Equal(t, c.code, a.object(t)["code"], c)
		require.NotEmpty(t, a.object(t)["message"])
	}
}

func TestGuessersAreToldToWait(t *testing.T) {
	t.Parallel()
	h := lodge(t)
	h.account(t, "ana@example.com", "secret")
	for range 10 {
		require.Equal(t, http.StatusUnauthorized, h.post(t, "/api/login", object{"email": "ana@example.com", "password": "guess"}).status)
	}
	a := h.post(t, "/api/login", object{"email": "ana@example.com", "password": "secret"})
	requireProblem(t, a, http.StatusTooManyRequests)
	require.NotEmpty(t, a.header.Get("Retry-After"))
}

func TestRegistrationFromFormToFirstSignIn(t *testing.T) {
	t.Parallel()
	h := lodge(t)
	form := object{"email": "new@example.com", "password": "a-secret"}
	require.JSONEq(t, `{}`, string(h.post(t, "/api/login/register", form).body))
	require.Equal(t, "INACTIVE", h.post(t, "/api/login", form).object(t)["code"])
	link := h.link(t)
	require.True(t, strings.HasPrefix(link, "/api/login/activate/"))
	a := h.call(t, person{}, http.MethodGet, link, nil)
	require.Equal(t, http.StatusFound, a.status)
	require.True(t, strings.HasPrefix(a.header.Get("Location"), "http://frontend/login?st=success&msg=Your+account+"), a.header)
	h.signIn(t, "new@example.com", "a-secret")

	again := h.call(t, person{}, http.MethodGet, link, nil)
	require.Equal(t, "http://frontend/login?st=error&msg=Invalid+activation+code,+please+check+the+link+in+your+email.", again.header.Get("Location"))
	requireMessage(t, h.call(t, person{}, http.MethodGet, "/api/login/activate/x", nil), http.StatusBadRequest)
	requireMessage(t, h.post(t, "/api/login/register", form), http.StatusBadRequest)
	require.Equal(t, "EMPTY", h.post(t, "/api/login/register", object{"email": "x@example.com", "password": ""}).object(t)["code"])
	long := h.post(t, "/api/login/register", object{"email": "x@example.com", "password": strings.Repeat("x", 73)})
	require.Equal(t, http.StatusBadRequest, long.status)
	require.Equal(t, "INVALID", long.object(t)["code"])
	require.NotContains(t, h.log.String(), "a-secret")
}

func TestForgottenPassword(t *testing.T) {
	t.Parallel()
	h := lodge(t)
	h.account(t, "ana@example.com", "forgotten")
	requireMessage(t, h.post(t, "/api/login/recover", object{"email": "nobody@example.com"}), http.StatusBadRequest)
	require.Equal(t, http.StatusCreated, h.post(t, "/api/login/recover", object{"email": "ana@example.com"}).status)
	code, ok := strings.CutPrefix(h.link(t), "/reset-password/")
	require.True(t, ok, h.link(t))
	reset := func(code, password string) answer {
		return h.post(t, "/api/login/reset-password", object{"activation_code": code, "password": password})
	}
	requireMessage(t, reset("", "n"), http.StatusNotFound)
	requireMessage(t, reset("!", "n"), http.StatusBadRequest)
	requireMessage(t, reset("YWJjZGVm", "n"), http.StatusBadRequest)
	require.Equal(t, "EMPTY", reset(code, "").object(t)["code"])
	require.Equal(t, "INVALID", reset(code, strings.Repeat("x", 73)).object(t)["code"])
	require.Equal(t, http.StatusCreated, reset(code, "remembered").status)
	h.signIn(t, "ana@example.com", "remembered")
	requireMessage(t, reset(code, "again"), http.StatusBadRequest)
}

func TestProvidersAreDescribedAndUnknownOnesRefused(t *testing.T) {
	t.Parallel()
	h := lodge(t, func(a *auth.Accounts) { a.Providers.GitHub = config.Provider{ClientID: "id", ClientSecret: "hush"} })
	require.JSONEq(t, `{"user": true, "github": true, "gitlab": false, "google": false, "facebook": false, "keycloak": false}`,
		string(h.get(t, person{}, "/api/login/support").body))
	require.JSONEq(t, `{"client_id": "id", "scope": "user", "redirect_uri": "http://backend/api/login/auth/github",
		"authorization_url": "https://github.com/login/oauth/authorize", "start_url": "http://backend/api/login/start/github"}`, string(h.get(t, person{}, "/api/login/config/github").body))
	require.JSONEq(t, `{}`, string(h.get(t, person{}, "/api/login/config/keycloak").body))
	requireMessage(t, h.get(t, person{}, "/api/login/auth/github"), http.StatusBadRequest)
	requireMessage(t, h.get(t, person{}, "/api/login/auth/gitlab?code=x"), http.StatusNotFound)
	requireMessage(t, h.get(t, person{}, "/api/login/auth/other?code=x"), http.StatusNotFound)
}
