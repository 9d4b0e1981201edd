package auth_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// standIn answers as GitHub, GitLab, Facebook, Google and Keycloak document that they do. It gives a code to whoever asks, and a
// token for the code to whoever knows the secret and the verifier of the challenge.
type standIn struct {
	*httptest.Server
	t   *testing.T
	key *rsa.PrivateKey

	mu        sync.Mutex
	challenge string
	nonce     string
	// user is what it says of the person, claims what its ID token says besides.
	user   map[string]any
	emails []any
	claims jwt.MapClaims
}

const standInSecret = "hush"

func newStandIn(t *testing.T) *standIn {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	s := &standIn{t: t, key: key, user: map[string]any{}, claims: jwt.MapClaims{}}
	mux := http.NewServeMux()
	issuer := func() string { return s.URL + "/realms/all" }
	mux.HandleFunc("GET /realms/all/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, map[string]any{"issuer": issuer(), "authorization_endpoint": s.URL + "/authorize", "token_endpoint": s.URL + "/token",
			"jwks_uri": s.URL + "/keys", "userinfo_endpoint": s.URL + "/userinfo", "id_token_signing_alg_values_supported": []string{"RS256"}})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		text := base64.RawURLEncoding
		answerJSON(w, map[string]any{"keys": []any{map[string]any{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1",
			"n": text.EncodeToString(key.N.Bytes()), "e": text.EncodeToString(big.NewInt(int64(key.E)).Bytes())}}})
	})
	for _, path := range []string{"POST /token", "POST /oauth/token"} {
		mux.HandleFunc(path, s.token)
	}
	for _, path := range []string{"GET /user", "GET /api/v4/user", "GET /me"} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { s.whoIs(w, r, s.user) })
	}
	mux.HandleFunc("GET /userinfo", func(w http.ResponseWriter, r *http.Request) {
		said := object{"sub": "subject"}
		maps.Copy(said, s.user)
		s.whoIs(w, r, said)
	})
	mux.HandleFunc("GET /user/emails", func(w http.ResponseWriter, r *http.Request) { s.whoIs(w, r, s.emails) })
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func answerJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value) //nolint:errchkjson // the client sees that nothing came
}

func (s *standIn) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	verifier := r.FormValue("code_verifier")
	proven := s.challenge == "" && verifier == "" || verifier != "" && oauth2.S256ChallengeFromVerifier(verifier) == s.challenge
	_, basic, _ := r.BasicAuth()
	if r.FormValue("code") != "code" || r.FormValue("grant_type") != "authorization_code" || !proven ||
		r.FormValue("client_secret") != standInSecret && basic != standInSecret || !strings.HasPrefix(r.FormValue("redirect_uri"), "https://api.example.com/api/login/auth/") {
		w.WriteHeader(http.StatusBadRequest)
		answerJSON(w, map[string]any{"error": "invalid_grant"})
		return
	}
	answerJSON(w, map[string]any{"access_token": "of-the-provider", "token_type": "bearer", "id_token": s.idToken()})
}

func (s *standIn) idToken() string {
	claims := jwt.MapClaims{"iss": s.URL + "/realms/all", "aud": "client", "sub": "subject", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(), "nonce": s.nonce}
	maps.Copy(claims, s.claims)
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = "1"
	text, err := token.SignedString(s.key)
	if err != nil {
		s.t.Error(err)
	}
	return text
}

func (s *standIn) whoIs(w http.ResponseWriter, r *http.Request, answer any) {
	if r.Header.Get("Authorization") != "Bearer of-the-provider" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	answerJSON(w, answer)
}

// sent notes with what a browser was sent to the provider, and returns the state.
func (s *standIn) sent(t *testing.T, to string) (state string) {
	t.Helper()
	address, err := url.Parse(to)
	require.NoError(t, err)
	query := address.Query()
	require.Equal(t, "S256", query.Get("code_challenge_method"))
	require.Equal(t, "code", query.Get("response_type"))
	require.GreaterOrEqual(t, len(query.Get("state")), 43)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.challenge, s.nonce = query.Get("code_challenge"), query.Get("nonce")
	require.NotEmpty(t, s.challenge)
	return query.Get("state")
}

// desk is a bureau with providers.
type desk struct {
	*bureau
	*auth.Flow
	at *standIn
}

func newDesk(t *testing.T, change ...func(*config.Providers)) *desk {
	t.Helper()
	at := newStandIn(t)
	client := config.Provider{ClientID: "client", ClientSecret: standInSecret}
	providers := config.Providers{
		Keycloak: config.Keycloak{ClientID: "client", ClientSecret: standInSecret, BaseURL: at.URL, Realm: "all", VerifySSL: true},
		OpenID:   config.OpenID{ClientID: "client", ClientSecret: standInSecret, IssuerURL: at.URL + "/realms/all", Scopes: []string{"email"}},
		Google:   client, GitHub: client, GitLab: client, Facebook: client,
	}
	providers.Google.BaseURL = at.URL + "/realms/all"
	providers.GitHub.TokenURL, providers.GitHub.UserURL = at.URL+"/token", at.URL+"/user"
	providers.GitLab.BaseURL = at.URL
	providers.Facebook.TokenURL, providers.Facebook.UserURL = at.URL+"/token", at.URL+"/me"
	for _, f := range change {
		f(&providers)
	}
	// The clock of the provider's tokens is the machine's.
	b := newBureau(t, func(o *auth.AccountsOptions) { o.Providers = providers })
	flow, err := auth.NewFlow(b.Accounts, "the key of the tests")
	require.NoError(t, err)
	return &desk{b, flow, at}
}

// in goes through a whole sign-in.
func (d *desk) in(t *testing.T, provider string) (auth.Session, error) {
	t.Helper()
	ctx := context.Background()
	verifier := oauth2.GenerateVerifier()
	to, cookie, err := d.Begin(ctx, provider, oauth2.S256ChallengeFromVerifier(verifier), from("c"))
	require.NoError(t, err)
	state := d.at.sent(t, to)
	require.NotContains(t, cookie, state)
	ticket, err := d.Return(ctx, provider, "code", state, cookie, from("c"))
	if err != nil {
		return auth.Session{}, err
	}
	return d.Redeem(ctx, ticket, verifier, from("c"))
}

func TestEveryProviderSignsIn(t *testing.T) {
	t.Parallel()
	verified := jwt.MapClaims{"email": "ana@example.com", "email_verified": true, "name": "Ana"}
	for _, c := range []struct {
		provider string
		user     map[string]any
		emails   []any
		claims   jwt.MapClaims
	}{
		{provider: auth.Keycloak, claims: verified},
		{provider: auth.OpenID, claims: verified},
		{provider: auth.OpenID, user: map[string]any{"email": "ana@example.com", "email_verified": "true", "name": "Ana"}},
		{provider: auth.Google, claims: verified},
		{
			provider: auth.GitHub, user: map[string]any{"id": 17, "login": "ana", "name": "Ana", "email": nil},
			emails: []any{object{"email": "other@example.com", "verified": true}, object{"email": "ana@example.com", "primary": true, "verified": true}},
		},
		{provider: auth.GitLab, user: map[string]any{"id": 17, "username": "ana", "name": "Ana", "email": "ana@example.com", "confirmed_at": "2026-01-01T00:00:00Z", "state": "active"}},
		{provider: auth.Facebook, user: map[string]any{"id": "1717", "name": "Ana", "email": "ana@example.com"}},
	} {
		t.Run(c.provider, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.at.user, d.at.emails = c.user, c.emails
			if c.claims != nil {
				d.at.claims = c.claims
			}
			session, err := d.in(t, c.provider)
			require.NoError(t, err)
			require.Equal(t, "ana@example.com", session.Email)
			require.Equal(t, "Ana", *session.Name)
			account, err := d.bureau.store.Account(context.Background(), "ana@example.com")
			require.NoError(t, err)
			require.True(t, account.IsActive)
			require.Nil(t, account.PasswordHash)

			// The address changes there; the account stays.
			_, err = d.bureau.store.UpdateAccount(context.Background(), account.ID, func(a *store.Account) error {
				a.Email = "ana.b@example.com"
				return nil
			})
			require.NoError(t, err)
			again, err := d.in(t, c.provider)
			require.NoError(t, err)
			require.Equal(t, "ana.b@example.com", again.Email)
		})
	}
}

type object = map[string]any

func TestAddressesThatNobodyVouchesForOpenNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.add(t, "ana@example.com", "secret")
	for _, c := range []struct {
		provider string
		user     map[string]any
		emails   []any
		claims   jwt.MapClaims
	}{
		{provider: auth.Keycloak, claims: jwt.MapClaims{"email": "ana@example.com", "email_verified": false}},
		{provider: auth.OpenID, claims: jwt.MapClaims{"email": "ana@example.com"}},
		{provider: auth.Google, claims: jwt.MapClaims{}},
		{provider: auth.GitHub, user: map[string]any{"id": 17, "email": "ana@example.com"}, emails: []any{object{"email": "ana@example.com", "primary": true}}},
		{provider: auth.GitLab, user: map[string]any{"id": 17, "email": "ana@example.com", "confirmed_at": nil}},
		{provider: auth.Facebook, user: map[string]any{"id": "17", "name": "Ana"}},
		{provider: auth.GitLab, user: map[string]any{"email": "ana@example.com", "confirmed_at": "2026-01-01T00:00:00Z"}}, // no id
	} {
		d.at.user, d.at.emails, d.at.claims = c.user, c.emails, c.claims
		_, err := d.in(t, c.provider)
		require.ErrorIs(t, err, auth.ErrUnverified, c)
	}
	trusting := newDesk(t, func(p *config.Providers) { p.Keycloak.TrustEmail = true })
	trusting.at.claims = jwt.MapClaims{"email": "ana@example.com"}
	_, err := trusting.in(t, auth.Keycloak)
	require.NoError(t, err)
}

func TestAccountsThatAProviderMeetsHere(t *testing.T) {
	t.Parallel()
	d, ctx := newDesk(t), context.Background()
	d.at.claims = jwt.MapClaims{"email": "ana@example.com", "email_verified": true}
	there := d.add(t, "ana@example.com", "secret")
	session, err := d.in(t, auth.Keycloak)
	require.NoError(t, err)
	claims, err := d.Tokens.Read(session.Token)
	require.NoError(t, err)
	require.Equal(t, there.ID, claims.UserID)
	require.NoError(t, d.signIn("ana@example.com", "secret"), "the password stays")

	d.change(t, there.ID, func(a *store.Account) { a.IsActive = false })
	_, err = d.in(t, auth.Keycloak)
	require.ErrorIs(t, err, auth.ErrInactive)

	// Registered by somebody who does not own the address, and waits for its owner.
	require.NoError(t, d.Register(ctx, "bo@example.com", "of-the-attacker", from("c")))
	d.at.user = object{"sub": "bo"}
	d.at.claims = jwt.MapClaims{"sub": "bo", "email": "bo@example.com", "email_verified": true}
	_, err = d.in(t, auth.Keycloak)
	require.NoError(t, err)
	require.ErrorIs(t, d.signIn("bo@example.com", "of-the-attacker"), auth.ErrInvalid)
}

func (b *bureau) change(t *testing.T, id uuid.UUID, change func(*store.Account)) {
	t.Helper()
	_, err := b.store.UpdateAccount(context.Background(), id, func(a *store.Account) error {
		change(a)
		return nil
	})
	require.NoError(t, err)
}

func TestSignInsThatAreNotWhatTheySay(t *testing.T) {
	t.Parallel()
	d, ctx := newDesk(t), context.Background()
	d.at.claims = jwt.MapClaims{"email": "ana@example.com", "email_verified": true}
	verifier := oauth2.GenerateVerifier()
	challenge := oauth2.S256ChallengeFromVerifier(verifier)
	begin := func(provider string) (state, cookie string) {
		to, cookie, err := d.Begin(ctx, provider, challenge, from("c"))
		require.NoError(t, err)
		return d.at.sent(t, to), cookie
	}
	state, cookie := begin(auth.Keycloak)
	other, otherCookie := begin(auth.Keycloak)
	for name, c := range map[string][3]string{
		"no cookie":              {auth.Keycloak, state, ""},
		"no base64":              {auth.Keycloak, state, "!"},
		"another sign-in's":      {auth.Keycloak, state, otherCookie},
		"another state":          {auth.Keycloak, "x", cookie},
		"no state":               {auth.Keycloak, "", cookie},
		"another provider":       {auth.GitHub, state, cookie},
		"another key's, or torn": {auth.Keycloak, state, cookie[:len(cookie)-4] + "AAAA"},
	} {
		_, err := d.Return(ctx, c[0], "code", c[1], c[2], from("c"))
		require.ErrorIs(t, err, auth.ErrState, name)
		require.False(t, d.Expected(c[0], c[1], c[2]), name)
	}
	_, err := d.Return(ctx, auth.Keycloak, "guessed", other, otherCookie, from("c"))
	require.ErrorIs(t, err, auth.ErrProvider)
	_, err = d.Return(ctx, auth.Keycloak, "code", state, cookie, from("c"))
	require.ErrorIs(t, err, auth.ErrProvider, "the code is for the challenge of the later sign-in")

	state, cookie = begin(auth.Keycloak)
	d.clock.pass(15*time.Minute + time.Second)
	_, err = d.Return(ctx, auth.Keycloak, "code", state, cookie, from("c"))
	require.ErrorIs(t, err, auth.ErrState, "too late")

	d.at.claims = jwt.MapClaims{}
	d.at.user = object{"sub": "somebody else", "email": "ana@example.com", "email_verified": true}
	_, err = d.in(t, auth.Keycloak)
	require.ErrorIs(t, err, auth.ErrProvider, "the ID token is for one, the answer about another")
	d.at.user = nil
	for name, claims := range map[string]jwt.MapClaims{
		"another sign-in's token": {"nonce": "x"}, "another client's token": {"aud": "x"}, "another issuer's": {"iss": "https://x.example.com"},
		"an old token": {"exp": time.Now().Add(-time.Hour).Unix()},
	} {
		d.at.claims = jwt.MapClaims{"email": "ana@example.com", "email_verified": true}
		maps.Copy(d.at.claims, claims)
		_, err := d.in(t, auth.Keycloak)
		require.ErrorIs(t, err, auth.ErrProvider, name)
	}

	_, _, err = d.Begin(ctx, "other", challenge, from("c"))
	require.ErrorIs(t, err, auth.ErrNoProvider)
	_, _, err = d.Begin(ctx, auth.GitHub, "short", from("c"))
	require.ErrorIs(t, err, auth.ErrChallenge)
	_, err = d.ReturnToOriginal(ctx, auth.GitHub, "code", from("c"))
	require.ErrorIs(t, err, auth.ErrState, "the original's page is let in only where that is said")
}

func TestTheOriginalsPageWhereItIsAllowed(t *testing.T) {
	t.Parallel()
	d, ctx := newDesk(t, func(p *config.Providers) { p.OriginalPage = true }), context.Background()
	d.at.user = map[string]any{"id": 17, "name": "Ana"}
	d.at.emails = []any{object{"email": "ana@example.com", "primary": true, "verified": true}}
	d.at.claims = jwt.MapClaims{"email": "ana@example.com", "email_verified": true, "name": "Ana"}
	for _, provider := range []string{auth.Keycloak, auth.GitHub} {
		session, err := d.ReturnToOriginal(ctx, provider, "code", from("c"))
		require.NoError(t, err, provider)
		require.Equal(t, "ana@example.com", session.Email)
	}
	session, err := d.ReturnToOriginal(ctx, auth.Google, d.at.idToken(), from("c"))
	require.NoError(t, err, "its code is the ID token")
	require.Equal(t, "ana@example.com", session.Email)
	_, err = d.ReturnToOriginal(ctx, auth.Google, "code", from("c"))
	require.ErrorIs(t, err, auth.ErrProvider)
}

func TestTicketsEnd(t *testing.T) {
	t.Parallel()
	d, ctx := newDesk(t), context.Background()
	d.at.claims = jwt.MapClaims{"email": "ana@example.com", "email_verified": true}
	verifier := oauth2.GenerateVerifier()
	to, cookie, err := d.Begin(ctx, auth.OpenID, oauth2.S256ChallengeFromVerifier(verifier), from("c"))
	require.NoError(t, err)
	ticket, err := d.Return(ctx, auth.OpenID, "code", d.at.sent(t, to), cookie, from("c"))
	require.NoError(t, err)
	d.clock.pass(time.Minute + time.Second)
	_, err = d.Redeem(ctx, ticket, verifier, from("c"))
	require.ErrorIs(t, err, auth.ErrTicket)
	_, err = d.Redeem(ctx, "", "", from("c"))
	require.ErrorIs(t, err, auth.ErrTicket)
}
