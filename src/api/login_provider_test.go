package api_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/api"
	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/config"
)

// gitHub answers as GitHub does, for one person whose address is verified unless told otherwise.
func gitHub(t *testing.T, verified bool) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	answer := func(value any) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(value)
		}
	}
	mux.HandleFunc("POST /token", answer(object{"access_token": "x", "token_type": "bearer"}))
	mux.HandleFunc("GET /user", answer(object{"id": 17, "name": "Ana </script>", "login": "ana"}))
	mux.HandleFunc("GET /user/emails", answer([]any{object{"email": "ana@example.com", "primary": true, "verified": verified}}))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// agency is a house whose people sign in by GitHub.
func agency(t *testing.T, verified, original bool) *house {
	t.Helper()
	at := gitHub(t, verified)
	return lodgeWith(t, func(o *api.Options) {
		o.Accounts.Providers.GitHub = config.Provider{ClientID: "id", ClientSecret: "hush", TokenURL: at.URL + "/token", UserURL: at.URL + "/user"}
		o.Accounts.Providers.OriginalPage = original
		flow, err := auth.NewFlow(o.Accounts, "key")
		require.NoError(t, err)
		o.Flow = flow
	})
}

// begin starts a sign-in and returns the cookie and the state.
func (h *house) begin(t *testing.T, verifier string) (cookie *http.Cookie, state string) {
	t.Helper()
	sum := sha256.Sum256([]byte(verifier))
	a := h.get(t, person{}, "/api/login/start/github?challenge="+base64.RawURLEncoding.EncodeToString(sum[:]))
	require.Equal(t, http.StatusFound, a.status, string(a.body))
	to, err := url.Parse(a.header.Get("Location"))
	require.NoError(t, err)
	require.Equal(t, "github.com", to.Host)
	require.Equal(t, "http://backend/api/login/auth/github", to.Query().Get("redirect_uri"))
	cookies := (&http.Response{Header: a.header}).Cookies()
	require.Len(t, cookies, 1)
	require.True(t, cookies[0].HttpOnly)
	require.Equal(t, http.SameSiteLaxMode, cookies[0].SameSite)
	require.Equal(t, "/api/login/auth/", cookies[0].Path)
	return cookies[0], to.Query().Get("state")
}

func (h *house) comeBack(t *testing.T, query string, cookie *http.Cookie) answer {
	t.Helper()
	headers := header{}
	if cookie != nil {
		headers["Cookie"] = cookie.Name + "=" + cookie.Value
	}
	return h.call(t, person{}, http.MethodGet, "/api/login/auth/github?"+query, nil, headers)
}

func TestSignInByAProviderEndsInATicket(t *testing.T) {
	t.Parallel()
	h := agency(t, true, false)
	cookie, state := h.begin(t, "the page's secret")
	a := h.comeBack(t, "code=x&state="+state, cookie)
	require.Equal(t, http.StatusFound, a.status, string(a.body))
	ticket, ok := strings.CutPrefix(a.header.Get("Location"), "http://frontend/login?ticket=")
	require.True(t, ok, a.header)
	require.Contains(t, a.header.Get("Set-Cookie"), "expires=Tue, 10 Nov 2009", "the cookie has served its purpose")
	session := h.post(t, "/api/login/ticket", object{"ticket": ticket, "verifier": "the page's secret"})
	require.Equal(t, http.StatusOK, session.status, string(session.body))
	require.Equal(t, "ana@example.com", session.object(t)["email"])
	me := person{token: session.object(t)["token"].(string)}
	require.Equal(t, "ana@example.com", h.get(t, me, "/api/user").object(t)["email"])
	require.Equal(t, "github", h.get(t, me, "/api/user/session").object(t)["sessions"].([]any)[0].(object)["method"])
	over := h.post(t, "/api/login/ticket", object{"ticket": ticket, "verifier": "the page's secret"})
	require.Equal(t, http.StatusUnauthorized, over.status)
	require.Equal(t, "INVALID", over.object(t)["code"])
}

func TestSignInByAProviderThatIsNone(t *testing.T) {
	t.Parallel()
	h := agency(t, false, false)
	cookie, state := h.begin(t, "secret")
	failed := func(a answer) {
		t.Helper()
		require.Equal(t, http.StatusFound, a.status, string(a.body))
		require.True(t, strings.HasPrefix(a.header.Get("Location"), "http://frontend/login?st=error&msg="), a.header)
	}
	requireMessage(t, h.comeBack(t, "code=x&state="+state, nil), http.StatusUnauthorized)
	requireMessage(t, h.comeBack(t, "code=x", nil), http.StatusUnauthorized)
	requireMessage(t, h.comeBack(t, "error=access_denied", nil), http.StatusBadRequest)
	failed(h.comeBack(t, "error=access_denied&state="+state, cookie))
	failed(h.comeBack(t, "code=x&state="+state, cookie)) // the address is not verified
	requireMessage(t, h.get(t, person{}, "/api/login/start/gitlab?challenge="+strings.Repeat("x", 43)), http.StatusNotFound)
	requireBad(t, h.get(t, person{}, "/api/login/start/github?challenge=x"))
	requireProblem(t, h.get(t, person{}, "/api/login/start/github"), http.StatusBadRequest)
	require.NotContains(t, h.log.String(), "hush")
}

func TestWindowOfTheOriginalsPage(t *testing.T) {
	t.Parallel()
	h := agency(t, true, true)
	a := h.comeBack(t, "code=x", nil)
	require.Equal(t, http.StatusOK, a.status, string(a.body))
	require.Contains(t, a.header.Get("Content-Type"), "text/html")
	page := string(a.body)
	require.Contains(t, page, `e.origin === "http://frontend"`, "no other page gets the token")
	require.Contains(t, page, "deliverResult")
	require.Contains(t, page, "ana@example.com")
	require.Equal(t, 1, strings.Count(page, "</script>"), "a name is text")
	require.Contains(t, a.header.Get("Content-Security-Policy"), "script-src 'nonce-")
}
