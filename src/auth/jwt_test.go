package auth_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/auth"
)

func signed(t testing.TB, method jwt.SigningMethod, key any, claims string) string {
	t.Helper()
	var c jwt.MapClaims
	decoder := json.NewDecoder(strings.NewReader(claims))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&c))
	text, err := jwt.NewWithClaims(method, c).SignedString(key)
	require.NoError(t, err)
	return text
}

// payload is the claims of a token, with numbers as they are written.
func payload(t *testing.T, token string) map[string]any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	require.NoError(t, err)
	var claims map[string]any
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&claims))
	return claims
}

func TestTokensHaveTheFormOfTheOriginal(t *testing.T) {
	t.Parallel()
	c, user := newClock(), uuid.New()
	tokens := tokensAt(t, c.Now)
	login, err := tokens.Login(user)
	require.NoError(t, err)
	header, err := base64.RawURLEncoding.DecodeString(strings.Split(login, ".")[0])
	require.NoError(t, err)
	require.JSONEq(t, `{"alg": "HS256", "typ": "JWT"}`, string(header))
	now := c.Now().Unix()
	require.Equal(t, map[string]any{
		"iss": "org.ibutsu-project.server", "sub": user.String(),
		"iat": json.Number(fmt.Sprint(now)), "exp": json.Number(fmt.Sprint(now + 2592000)),
	}, payload(t, login))

	for moment, want := range map[time.Time]string{
		time.Date(2038, 1, 1, 0, 0, 0, 0, time.UTC):          "2145916800.0",
		time.Date(2038, 12, 31, 23, 59, 59, 999e6, time.UTC): "2177452799.999",
		time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC):     "-1.0",
	} {
		api, err := tokens.API(user, &moment)
		require.NoError(t, err)
		require.Equal(t, json.Number(want), payload(t, api)["exp"])
	}
	forever, err := tokens.API(user, nil)
	require.NoError(t, err)
	require.Equal(t, json.Number("253402300799.0"), payload(t, forever)["exp"], "pytest-ibutsu dies of a token without")
}

func TestTokensAreRead(t *testing.T) {
	t.Parallel()
	c, user := newClock(), uuid.New()
	tokens := tokensAt(t, c.Now)
	login, err := tokens.Login(user)
	require.NoError(t, err)
	claims, err := tokens.Read(login)
	require.NoError(t, err)
	require.Equal(t, auth.Claims{UserID: user, Issued: time.Unix(c.Now().Unix(), 0), Expires: time.Unix(c.Now().Unix()+2592000, 0), Login: true}, claims)

	moment := time.Date(2038, 12, 31, 23, 59, 59, 0, time.UTC)
	api, err := tokens.API(user, &moment)
	require.NoError(t, err)
	claims, err = tokens.Read(api)
	require.NoError(t, err)
	require.False(t, claims.Login)
	require.True(t, claims.Expires.Equal(moment))
	forever, err := tokens.API(user, nil)
	require.NoError(t, err)
	claims, err = tokens.Read(forever)
	require.NoError(t, err)
	require.Equal(t, auth.Claims{UserID: user, Issued: time.Unix(c.Now().Unix(), 0)}, claims)
}

func TestTokensOfTheOriginalAreRead(t *testing.T) {
	t.Parallel()
	tokens := tokensAt(t, newClock().Now)
	for name, token := range fixtureTokens(t) {
		claims, err := tokens.Read(token)
		require.NoError(t, err, name)
		require.Equal(t, name == "login-token", claims.Login, name)
	}
}

func TestTokensThatAreRefused(t *testing.T) {
	t.Parallel()
	c := newClock()
	tokens, now := tokensAt(t, c.Now), c.Now().Unix()
	key := []byte(fixtureSecret)
	claims := func(format string, args ...any) string {
		return signed(t, jwt.SigningMethodHS256, key, fmt.Sprintf(`{"sub": "7e8a0f8e-34d4-4c12-9f17-5b5be1f2f0a7", "iat": %d%s}`, now, fmt.Sprintf(format, args...)))
	}
	good := claims(`, "exp": %d`, now+60)
	_, err := tokens.Read(good)
	require.NoError(t, err)
	head, rest, _ := strings.Cut(good, ".")
	body, signature, _ := strings.Cut(rest, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`))

	for name, token := range map[string]string{
		"empty": "", "garbage": "garbage", "dots": "..", "forged": "eyJhbGciOiJIUzI1NiJ9.e30.AAAA",
		"no signature": head + "." + body + ".", "two parts": head + "." + body, "four parts": good + ".x",
		"another body": head + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"7e8a0f8e-34d4-4c12-9f17-5b5be1f2f0a8"}`)) + "." + signature,
		"none":         none + "." + body + ".", "none, signed": none + "." + body + "." + signature,
		"another key":       signed(t, jwt.SigningMethodHS256, []byte("other"), `{"sub": "7e8a0f8e-34d4-4c12-9f17-5b5be1f2f0a7"}`),
		"another algorithm": signed(t, jwt.SigningMethodHS512, key, `{"sub": "7e8a0f8e-34d4-4c12-9f17-5b5be1f2f0a7"}`),
		"expired":           claims(`, "exp": %d`, now), "expired a moment ago": claims(`, "exp": %d.5`, now-1),
		"from the future": claims(`, "iat": %d`, now+60), "not valid yet": claims(`, "nbf": %d`, now+60),
		"for others": claims(`, "aud": "x"`), "for some others": claims(`, "aud": ["x", "y"]`), "for nobody": claims(`, "aud": []`),
		"no number": claims(`, "exp": "soon"`), "a list": claims(`, "exp": [1]`),
		"no subject": signed(t, jwt.SigningMethodHS256, key, `{}`), "no id": signed(t, jwt.SigningMethodHS256, key, `{"sub": "me"}`),
		"a number": signed(t, jwt.SigningMethodHS256, key, `{"sub": 5}`),
		"too long": claims(`, "x": %q`, strings.Repeat("x", 5000)),
	} {
		_, err := tokens.Read(token)
		require.ErrorIs(t, err, auth.ErrToken, name)
	}
	for name, token := range map[string]string{
		"clocks that differ a little": claims(`, "iat": %d`, now+5), "null": claims(`, "exp": null, "aud": null`),
		"for ever": claims(`, "exp": 1e300`), "another issuer": claims(`, "iss": "x"`), "valid by now": claims(`, "nbf": %d`, now),
	} {
		_, err := tokens.Read(token)
		require.NoError(t, err, name)
	}
}

func TestTokensNeedAKey(t *testing.T) {
	t.Parallel()
	_, err := auth.NewTokens("", auth.DefaultIssuer, time.Hour, time.Now)
	require.Error(t, err)
	_, err = auth.NewTokens("x", auth.DefaultIssuer, 0, time.Now)
	require.Error(t, err)
}

func FuzzReadToken(f *testing.F) {
	for _, token := range fixtureTokens(f) {
		f.Add(token)
	}
	for _, token := range []string{"", "..", "a.b.c", "eyJhbGciOiJIUzI1NiJ9.e30.AAAA", "eyJhbGciOiJub25lIn0.e30."} {
		f.Add(token)
	}
	for _, claims := range []string{
		`{"sub":"7e8a0f8e-34d4-4c12-9f17-5b5be1f2f0a7","exp":1e400}`, `{"sub":"7e8a0f8e-34d4-4c12-9f17-5b5be1f2f0a7","iat":-1e300,"exp":99999999999999999999}`,
		`{"sub":"{7e8a0f8e-34d4-4c12-9f17-5b5be1f2f0a7}","aud":[null]}`, `{"exp":true}`, `[]`, `null`,
	} {
		f.Add(claims)
	}
	tokens := tokensAt(f, newClock().Now)
	f.Fuzz(func(t *testing.T, text string) {
		// As it is: hardly ever a token. Signed: whatever a holder of the key may write.
		if claims, err := tokens.Read(text); err != nil {
			require.ErrorIs(t, err, auth.ErrToken)
			require.Zero(t, claims)
		}
		body := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(text))
		signature, err := jwt.SigningMethodHS256.Sign(body, []byte(fixtureSecret))
		require.NoError(t, err)
		claims, err := tokens.Read(body + "." + base64.RawURLEncoding.EncodeToString(signature))
		if err != nil {
			require.ErrorIs(t, err, auth.ErrToken)
			return
		}
		require.True(t, claims.Expires.IsZero() || claims.Expires.After(newClock().Now()))
	})
}
