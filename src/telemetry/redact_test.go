package telemetry

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const aJWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl-_x"

func redacted(t *testing.T, line string, secrets ...string) string {
	t.Helper()
	out := new(bytes.Buffer)
	n, err := newRedactor(out, secrets).Write([]byte(line))
	require.NoError(t, err)
	require.Len(t, line, n)
	return out.String()
}

func TestRedactFields(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`{"pass_on":"https://x/reset-password/abc123","path":"/reset-password/abc123"}`: `{"pass_on":"https://x/reset-password/abc123","path":"/reset-password/********"}`,
		`{"password":"hunter2"}`:                           `{"password":"********"}`,
		`{"old_passwd":"hunter2","a":1}`:                   `{"old_passwd":"********","a":1}`,
		`{"JWT_SECRET":"a\"b"}`:                            `{"JWT_SECRET":"********"}`,
		`{"token":"x","tokens":3,"token_id":"y"}`:          `{"token":"********","tokens":3,"token_id":"y"}`,
		`{"accessToken":"x"}`:                              `{"accessToken":"********"}`,
		`{"headers":{"Authorization":["Bearer x"]},"b":1}`: `{"headers":{"Authorization":"********"},"b":1}`,
		`{"set-cookie":"a=b","x":[1,2]}`:                   `{"set-cookie":"********","x":[1,2]}`,
		`{"secret":{"a":{"b":"]}"}},"c":2}`:                `{"secret":"********","c":2}`,
		`{"secret":12345}`:                                 `{"secret":"********"}`,
		`{"password":"","secret":null,"token":false}`:      `{"password":"","secret":null,"token":false}`,
		`{"api_key":"k","activation_code":"c"}`:            `{"api_key":"********","activation_code":"********"}`,
		`{"message":"plain","path":"/api/run"}`:            `{"message":"plain","path":"/api/run"}`,
	} {
		require.Equal(t, want+"\n", redacted(t, line+"\n"))
	}
}

func TestRedactTexts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Authorization: Bearer abcdefghijklmnop":  "Authorization: Bearer ********",
		"bearer  " + aJWT:                         "bearer ********",
		"got\n" + aJWT + " here":                  "got\n******** here",
		"postgres://u:hunter2@h/d failed":         "postgres://u:********@h/d failed",
		"redis://:hunter2@h:6379":                 "redis://:********@h:6379",
		"http://host:8080/path":                   "http://host:8080/path",
		"password=hunter2 host=h":                 "password=******** host=h",
		"GET /x?api_key=abc&b=1":                  "GET /x?api_key=********&b=1",
		`body {"password":"hunter2","b":1}`:       `body {"password":"********","b":1}`,
		`nested {\"token\": \"hunter2\"}`:         `nested {\"token\": \"********\"}`,
		"the token has expired":                   "the token has expired",
		"missing bearer token":                    "missing bearer token",
		"/api/login/activate/abc123":              "/api/login/activate/********",
		"https://x/reset-password/abc123 is open": "https://x/reset-password/******** is open",
	} {
		line := new(bytes.Buffer)
		encoder := json.NewEncoder(line)
		encoder.SetEscapeHTML(false) // as zerolog does
		require.NoError(t, encoder.Encode(map[string]string{"message": text}))
		var got map[string]string
		require.NoError(t, json.Unmarshal([]byte(redacted(t, line.String())), &got), text)
		require.Equal(t, want, got["message"])
		require.Equal(t, want, Redact(text))
	}
}

func TestRedactKnownSecrets(t *testing.T) {
	t.Parallel()
	got := redacted(t, `{"message":"wrong key long\"secret and s3cr3t99 and ibutsu"}`, `long"secret`, "s3cr3t99", "ibutsu")
	require.JSONEq(t, `{"message":"wrong key ******** and ******** and ibutsu"}`, got)
}

func TestRedactWhatIsNotJSON(t *testing.T) {
	t.Parallel()
	require.Equal(t, "plain password=********", redacted(t, "plain password=hunter2"))
	require.NotContains(t, redacted(t, `{"password":"hunter2`), "hunter2")
}

// FuzzRedact: a valid line stays valid, and a secret field is masked whatever is around it.
func FuzzRedact(f *testing.F) {
	f.Add("message", "Bearer "+aJWT, "x")
	f.Add("a\"b\\", `\"token\":\"`, "://:@")
	f.Fuzz(func(t *testing.T, key, text, secret string) {
		line, err := json.Marshal([]any{map[string]any{key: text, "list": []any{text, map[string]any{"password": "hunter2" + secret}}}})
		if err != nil {
			return
		}
		got := redact(line)
		require.True(t, json.Valid(got), "%s became %s", line, got)
		if !strings.Contains(key+text, "hunter2") {
			require.NotContains(t, string(got), "hunter2")
		}
	})
}

func BenchmarkRedactAccessLine(b *testing.B) {
	line := []byte(`{"level":"info","request_id":"0b8f4a52-6e0c-4c55-8a4c-4f0d6d6a1f10","method":"POST","path":"/api/result","route":"/api/result","status":201,"bytes":412,"ms":4.5,"client":"192.0.2.1","user":"0b8f4a52-6e0c-4c55-8a4c-4f0d6d6a1f10","time":"2026-05-04T10:11:12.131Z","message":"request"}` + "\n")
	r := newRedactor(discard{}, []string{"a-secret-of-some-length", "another-secret"})
	b.ReportAllocs()
	for b.Loop() {
		_, _ = r.Write(line)
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
