package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/api"
	"github.com/ibutsu/ibutsu-go/src/ingest"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/telemetry/health"
)

func TestAddressesThatAreNone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin := h.person(t, true)
	nobody := person{}
	for _, path := range []string{"/api/nothing-here", "/api/runs", "/api", "/api/run/x/results", "/nothing", "/admin", "/api//run"} {
		for _, who := range []person{admin, nobody} {
			requireProblem(t, h.get(t, who, path), http.StatusNotFound)
		}
	}
	for request, allow := range map[string]string{
		"DELETE /api/run": "GET, HEAD, POST", "PATCH /api/project/x": "GET, HEAD, PUT", "GET /api/runs/bulk-update": "POST", "GET /api/login": "POST",
		"POST /api/widget/types": "GET, HEAD", "POST /api/health": "GET, HEAD", "GET /admin/run-task": "POST", "OPTIONS /api/run": "GET, HEAD, POST",
	} {
		method, path, _ := strings.Cut(request, " ")
		a := h.call(t, nobody, method, path, nil)
		requireProblem(t, a, http.StatusMethodNotAllowed)
		require.Equal(t, allow, a.header.Get("Allow"), request)
	}
	slash := h.get(t, admin, "/api/run/?filter=a")
	require.Equal(t, http.StatusTemporaryRedirect, slash.status)
	require.Equal(t, "http://example.com/api/run?filter=a", slash.header.Get("Location"))
}

func TestHEADIsGETWithoutABody(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	head := h.call(t, person{}, http.MethodHead, "/api/health", nil)
	require.Equal(t, http.StatusOK, head.status)
	require.Equal(t, "application/json", head.header.Get("Content-Type"))
	require.Empty(t, head.body)
	require.Equal(t, http.StatusUnauthorized, h.call(t, person{}, http.MethodHead, "/api/run", nil).status, "a token is asked for all the same")
}

func TestDocumentsArePublic(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, path := range []string{"/", "/api/ui"} {
		a := h.get(t, person{}, path)
		require.Contains(t, a.header.Get("Content-Type"), "text/html")
		require.True(t, strings.HasSuffix(a.header.Get("Location"), "/api/ui/"), a.header.Get("Location"))
	}
	require.Equal(t, http.StatusFound, h.get(t, person{}, "/").status)
	require.Equal(t, "/api/ui/", h.get(t, person{}, "/").header.Get("Location"))
	require.Equal(t, http.StatusTemporaryRedirect, h.get(t, person{}, "/api/ui").status)

	var document struct {
		OpenAPI string
		Servers []object
	}
	a := h.get(t, person{}, "/api/openapi.json")
	require.Equal(t, "application/json", a.header.Get("Content-Type"))
	require.NoError(t, json.Unmarshal(a.body, &document))
	require.Equal(t, "3.0.0", document.OpenAPI)
	require.Equal(t, []object{{"url": "/api"}}, document.Servers)
	a = h.get(t, person{}, "/api/openapi.yaml")
	require.Equal(t, "text/yaml; charset=utf-8", a.header.Get("Content-Type"))
	require.True(t, strings.HasPrefix(string(a.body), "openapi: 3.0.0\n"))
}

// The page works without any other server: everything that it loads is here, and its policy allows nothing else.
func TestPageOfTheAPIIsWhole(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	page := h.get(t, person{}, "/api/ui/")
	require.Equal(t, http.StatusOK, page.status)
	require.Contains(t, page.header.Get("Content-Type"), "text/html")
	require.Contains(t, page.header.Get("Content-Security-Policy"), "default-src 'none'")
	require.NotContains(t, string(page.body), "//", "no foreign addresses")
	for _, attribute := range []string{`href="`, `src="`} {
		for _, part := range strings.Split(string(page.body), attribute)[1:] {
			name, _, _ := strings.Cut(part, `"`)
			path := "/api/ui/" + name
			if rest, ok := strings.CutPrefix(name, "../"); ok {
				path = "/api/" + rest
			}
			file := h.get(t, person{}, path)
			require.Equal(t, http.StatusOK, file.status, path)
			packed := h.call(t, person{}, http.MethodGet, path, nil, header{"Accept-Encoding": "gzip"})
			require.Equal(t, http.StatusOK, packed.status)
			require.Equal(t, file.header.Get("Content-Type"), packed.header.Get("Content-Type"))
			if packed.header.Get("Content-Encoding") == "gzip" {
				require.Less(t, len(packed.body), len(file.body))
			}
		}
	}
}

func TestCORS(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin := h.person(t, true)
	origin := header{"Origin": "http://ui.example"}
	for name, a := range map[string]answer{
		"200": h.call(t, person{}, http.MethodGet, "/api/health", nil, origin),
		"400": h.call(t, admin, http.MethodGet, "/api/run", nil, origin),
		"401": h.call(t, person{}, http.MethodGet, "/api/run", nil, origin),
		"404": h.call(t, person{}, http.MethodGet, "/api/nothing", nil, origin),
		"405": h.call(t, person{}, http.MethodDelete, "/api/run", nil, origin),
		"415": h.call(t, admin, http.MethodPost, "/api/run", "x", origin, header{"Content-Type": "text/plain"}),
	} {
		require.Equal(t, "*", a.header.Get("Access-Control-Allow-Origin"), "a browser shows its page a network error instead of a %s", name)
	}
	require.Empty(t, h.get(t, person{}, "/api/health").header.Get("Access-Control-Allow-Origin"))

	preflight := h.call(t, person{}, http.MethodOptions, "/api/anything", nil, origin,
		header{"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization, content-type"})
	require.Equal(t, http.StatusOK, preflight.status)
	require.Equal(t, "OK", string(preflight.body))
	require.Equal(t, "text/plain; charset=utf-8", preflight.header.Get("Content-Type"))
	require.Equal(t, "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT", preflight.header.Get("Access-Control-Allow-Methods"))
	require.Equal(t, "600", preflight.header.Get("Access-Control-Max-Age"))
	require.Equal(t, "authorization, content-type", preflight.header.Get("Access-Control-Allow-Headers"))
}

func TestCORSForNamedOrigins(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *api.Options) { o.Origins = []string{"https://ui.example"} })
	known := h.call(t, person{}, http.MethodGet, "/api/health", nil, header{"Origin": "https://ui.example"})
	require.Equal(t, "https://ui.example", known.header.Get("Access-Control-Allow-Origin"))
	require.Contains(t, known.header.Get("Vary"), "Origin")
	other := h.call(t, person{}, http.MethodGet, "/api/health", nil, header{"Origin": "https://evil.example"})
	require.Empty(t, other.header.Get("Access-Control-Allow-Origin"))
}

func TestTokens(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin := h.person(t, true)
	for _, authorization := range []string{"", "Basic YWRtaW46YWRtaW4=", admin.token, "Bearer", "Bearer ", "Bearer garbage", "Bearer eyJhbGciOiJIUzI1NiJ9.e30.AAAA"} {
		a := h.call(t, person{}, http.MethodGet, "/api/health/info", nil, header{"Authorization": authorization})
		requireProblem(t, a, http.StatusUnauthorized)
		require.Equal(t, "Bearer", a.header.Get("WWW-Authenticate"))
	}
	requireProblem(t, h.get(t, person{}, "/api/health/info?token="+admin.token), http.StatusUnauthorized)
	require.Equal(t, http.StatusOK, h.call(t, person{}, http.MethodGet, "/api/health/info", nil, header{"Authorization": "bearer " + admin.token}).status)

	gone := h.person(t, false)
	require.Equal(t, http.StatusOK, h.get(t, gone, "/api/health/info").status)
	_, err := h.store.UpdateAccount(t.Context(), gone.id, func(a *store.Account) error { a.IsActive = false; return nil })
	require.NoError(t, err)
	h.directory.Flush()
	requireProblem(t, h.get(t, gone, "/api/health/info"), http.StatusUnauthorized)
}

// No operation lets anybody in by mistake: whatever is not public in the contract answers 401 without a token.
func TestEveryOperationAsksForAToken(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for path, item := range h.verifier.Document().Paths.Map() {
		for method, o := range item.Operations() {
			if o.Security != nil {
				continue
			}
			path := "/api" + strings.NewReplacer("{id}", uuid.NewString()).Replace(path)
			requireProblem(t, h.call(t, person{}, method, path, nil), http.StatusUnauthorized)
		}
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *api.Options) {
		o.Limits = api.DefaultLimits()
		o.Limits.JSONBody = 1000
	})
	admin := h.person(t, true)
	project := h.project(t, &admin).String()
	post := func(body string, headers ...header) answer {
		return h.call(t, admin, http.MethodPost, "/api/run", body, headers...)
	}
	isJSON := header{"Content-Type": "application/json"}
	good := `{"metadata":{"project":"` + project + `"}}`
	requireProblem(t, post("", isJSON), http.StatusBadRequest)
	requireProblem(t, post(""), http.StatusBadRequest)
	requireProblem(t, post("null", isJSON), http.StatusBadRequest)
	requireProblem(t, post("[1, 2]", isJSON), http.StatusBadRequest)
	requireProblem(t, post(`{"metadata": `, isJSON), http.StatusBadRequest)
	requireProblem(t, post(good, header{"Content-Type": "text/plain"}), http.StatusUnsupportedMediaType)
	requireProblem(t, post(good, isJSON, header{"Content-Encoding": "gzip"}), http.StatusUnsupportedMediaType)
	requireMessage(t, post(good), http.StatusBadRequest)
	require.Equal(t, http.StatusCreated, post(good, header{"Content-Type": "Application/JSON; charset=utf-8"}).status)
	require.Equal(t, http.StatusCreated, post(good+strings.Repeat(" ", 1000-len(good)), isJSON).status, "exactly as long as may be")
	requireProblem(t, post(good+strings.Repeat(" ", 1001-len(good)), isJSON), http.StatusRequestEntityTooLarge)
	requireProblem(t, h.call(t, person{}, http.MethodPost, "/api/run", strings.Repeat("x", 5000)), http.StatusUnauthorized)
}

func TestHealth(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin := h.person(t, true)
	want := object{"status": "OK", "message": "Service is running"}
	require.Equal(t, want, h.get(t, person{}, "/api/health?verbose=1").object(t))
	require.Equal(t, "no-store", h.get(t, person{}, "/api/health").header.Get("Cache-Control"), "a health that was kept is none")
	require.Equal(t, want, h.get(t, admin, "/api/health/database").object(t))
	require.Equal(t, object{"frontend": "http://frontend", "backend": "http://backend", "api_ui": "http://backend/api/ui/"}, h.get(t, admin, "/api/health/info").object(t))
	h.store.Close()
	require.Equal(t, http.StatusOK, h.get(t, person{}, "/api/health").status, "the process is well")
	down := h.get(t, admin, "/api/health/database")
	require.Equal(t, http.StatusServiceUnavailable, down.status)
	require.Equal(t, "Error", down.object(t)["status"])
}

// failing is a write path with a fault.
type failing struct {
	api.Writer
	err error
}

func (f failing) Run(context.Context, store.Run) error {
	if f.err == nil {
		panic("SELECT secret FROM users")
	}
	return f.err
}

func TestFaultsOfTheServer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err    error
		status int
		after  string
	}{
		"panic":       {nil, http.StatusInternalServerError, ""},
		"unknown":     {errors.New("SELECT secret FROM users"), http.StatusInternalServerError, ""},
		"busy":        {ingest.ErrBusy, http.StatusTooManyRequests, "1"},
		"closed":      {ingest.ErrClosed, http.StatusServiceUnavailable, "2"},
		"unavailable": {fmt.Errorf("secret: %w", store.ErrUnavailable), http.StatusServiceUnavailable, "2"},
		"timeout":     {fmt.Errorf("secret: %w", store.ErrTimeout), http.StatusGatewayTimeout, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, func(o *api.Options) { o.Writer = failing{o.Writer, c.err} })
			admin := h.person(t, true)
			body := object{"metadata": object{"project": h.project(t, &admin).String()}}
			a := h.call(t, admin, http.MethodPost, "/api/run", body, header{"X-Request-ID": "the-id"})
			requireProblem(t, a, c.status)
			require.NotContains(t, string(a.body), "secret", "what went wrong is for the log alone")
			require.Equal(t, c.after, a.header.Get("Retry-After"))
			require.Equal(t, "the-id", a.header.Get("X-Request-ID"))
			if c.status == http.StatusInternalServerError {
				require.Contains(t, string(a.body), "the-id")
				require.Contains(t, h.log.String(), "SELECT secret FROM users")
			}
			require.Equal(t, http.StatusOK, h.get(t, admin, "/api/health/info").status, "and goes on")
		})
	}
}

func TestRefusedValuesAreTheCallersMistake(t *testing.T) {
	t.Parallel()
	for err, status := range map[error]int{store.ErrInvalid: http.StatusBadRequest, store.ErrReference: http.StatusBadRequest} {
		h := newHouse(t, func(o *api.Options) { o.Writer = failing{o.Writer, fmt.Errorf("secret: %w", err)} })
		admin := h.person(t, true)
		a := h.call(t, admin, http.MethodPost, "/api/run", object{"metadata": object{"project": h.project(t, &admin).String()}})
		requireMessage(t, a, status)
		require.NotContains(t, string(a.body), "secret")
	}
}

func TestAccessLog(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin := h.person(t, true)
	a := h.get(t, admin, "/api/task/"+uuid.NewString()+"?token=sesame&page=2&CODE=sesame")
	require.Equal(t, http.StatusPartialContent, a.status)
	h.get(t, person{}, "/api/login/activate/sesame")
	h.get(t, person{}, "/api/health")
	logged := strings.Split(strings.TrimSpace(h.log.String()), "\n")
	require.Len(t, logged, 2, "probes that go well are not logged: %s", h.log)
	var line object
	require.NoError(t, json.Unmarshal([]byte(logged[0]), &line))
	require.Equal(t, a.header.Get("X-Request-ID"), line["request_id"])
	require.Equal(t, "GET", line["method"])
	require.Equal(t, "/api/task/:id", line["route"])
	require.InDelta(t, http.StatusPartialContent, line["status"], 0)
	require.InDelta(t, len(a.body), line["bytes"], 0)
	require.Equal(t, admin.id.String(), line["user"])
	require.Contains(t, line["path"], "token=…&page=2&CODE=…")
	require.Contains(t, line, "duration")
	require.Contains(t, line, "client")
	require.NotContains(t, h.log.String(), "sesame")
	require.NotContains(t, h.log.String(), admin.token)
}

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	one, other := h.get(t, person{}, "/api/health").header.Get("X-Request-ID"), h.get(t, person{}, "/api/health").header.Get("X-Request-ID")
	require.NotEmpty(t, one)
	require.NotEqual(t, one, other)
	for sent, taken := range map[string]bool{"abc-123": true, `"><script>`: false, strings.Repeat("x", 200): false, "two words": false} {
		got := h.call(t, person{}, http.MethodGet, "/api/health", nil, header{"X-Request-ID": sent}).header.Get("X-Request-ID")
		require.Equal(t, taken, got == sent, sent)
	}
}

func TestTasksStartedByHand(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin, member := h.person(t, true), h.person(t, false)
	const prune = "db.prune_old_files"
	for name, c := range map[string]struct {
		body   any
		status int
	}{
		"nothing":        {"", http.StatusBadRequest},
		"no JSON":        {"task", http.StatusBadRequest},
		"empty":          {object{}, http.StatusBadRequest},
		"no token":       {object{"task": prune}, http.StatusUnauthorized},
		"not superadmin": {object{"token": member.token, "task": prune}, http.StatusForbidden},
		"no task":        {object{"token": admin.token}, http.StatusBadRequest},
		"no dot":         {object{"token": admin.token, "task": "nodot"}, http.StatusBadRequest},
		"two dots":       {object{"token": admin.token, "task": "a.b.c"}, http.StatusBadRequest},
		"unknown":        {object{"token": admin.token, "task": "db.no_such_task"}, http.StatusNotFound},
		"wrong params":   {object{"token": admin.token, "task": prune, "params": object{"weeks": 1}}, http.StatusBadRequest},
		"good":           {object{"token": admin.token, "task": prune, "params": object{"months": 1}}, http.StatusAccepted},
	} {
		a := h.call(t, person{}, http.MethodPost, "/admin/run-task", c.body)
		require.Equal(t, c.status, a.status, name)
		require.Equal(t, "text/html; charset=utf-8", a.header.Get("Content-Type"), name)
		require.Equal(t, http.StatusText(c.status), string(a.body), name)
		require.Equal(t, c.status == http.StatusAccepted, a.header.Get("X-Job-Id") != "", name)
	}
	requireProblem(t, h.call(t, person{}, http.MethodPost, "/admin/run-task", object{"token": "garbage", "task": prune}), http.StatusUnauthorized)
	require.Equal(t, 1, h.rows(t, `SELECT count(*) FROM river_job`))
}

// listening is the API on a socket.
func (h *house) listening(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan error, 1)
	front := api.NewFront(h.limits, health.NewBoard(time.Now), h.base)
	front.Open(h.app)
	go func() { ended <- front.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(t, front.Drain(ctx))
		require.NoError(t, <-ended)
	})
	return l.Addr().String()
}

// What is left of a body that nobody wanted must not be taken for the next request of the connection.
func TestBodyThatNobodyWantsIsNoRequest(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	address := h.listening(t)
	smuggled := "GET /api/health?smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
	for name, request := range map[string]string{
		"refused": fmt.Sprintf("POST /api/run HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", 20000+len(smuggled), strings.Repeat("x", 20000)+smuggled),
		"chunked": "POST /api/run HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" +
			fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(smuggled), smuggled),
		"of a GET": fmt.Sprintf("GET /api/run HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(smuggled), smuggled),
	} {
		conn, err := net.Dial("tcp", address)
		require.NoError(t, err)
		_, err = io.WriteString(conn, request+"GET /api/nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		require.NoError(t, err)
		require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
		text, err := io.ReadAll(conn)
		require.NoError(t, err, name)
		require.NoError(t, conn.Close())
		r := bufio.NewReader(strings.NewReader(string(text)))
		var statuses []int
		for {
			resp, err := http.ReadResponse(r, nil)
			if err != nil {
				break
			}
			_, err = io.Copy(io.Discard, resp.Body)
			require.NoError(t, err)
			statuses = append(statuses, resp.StatusCode)
		}
		require.Equal(t, []int{http.StatusUnauthorized, http.StatusNotFound}, statuses, name)
	}
}

func TestMoreOfABodyThanIsReadEndsTheConnection(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	conn, err := net.Dial("tcp", h.listening(t))
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	go func() {
		_, _ = io.WriteString(conn, "POST /api/run HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000000\r\n\r\n")
		_, _ = conn.Write(make([]byte, 2<<20))
	}()
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Equal(t, http.StatusUnauthorized, resp.StatusCode)
	require.True(t, resp.Close)
}

func TestARequestThatCannotBeReadIsNotRepeated(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	conn, err := net.Dial("tcp", h.listening(t))
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, "POST /api/run HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret-token\r\nContent-Length: -1\r\n\r\n{}")
	require.NoError(t, err)
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Equal(t, http.StatusBadRequest, resp.StatusCode)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NotContains(t, string(body), "secret-token")
	require.Contains(t, string(body), "cannot be read")
}

func TestLimitsOfTheConnection(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *api.Options) {
		o.Limits = api.DefaultLimits()
		o.Limits.Read, o.Limits.Headers = 200*time.Millisecond, 4096
	})
	address := h.listening(t)
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"headers too large": {"GET /api/health HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("a", 8000) + "\r\n\r\n", http.StatusRequestHeaderFieldsTooLarge},
		"headers stop":      {"GET /api/health HTTP/1.1\r\nHost: ", http.StatusRequestTimeout},
	} {
		conn, err := net.Dial("tcp", address)
		require.NoError(t, err)
		_, err = io.WriteString(conn, c.request)
		require.NoError(t, err)
		require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err, name)
		require.Equal(t, c.status, resp.StatusCode, name)
		require.NoError(t, resp.Body.Close())
		require.NoError(t, conn.Close())
	}
}

// A large file on a slow line may take longer than any other request, as long as something comes.
func TestSlowImportIsTakenAsLongAsItComes(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *api.Options) {
		o.Limits = api.DefaultLimits()
		o.Limits.Read = 400 * time.Millisecond
	})
	admin := h.person(t, true)
	content, mediaType := newForm().file("importFile", "slow.xml", strings.Repeat("x", 9000)).close(t)
	post := func(pause time.Duration) (int, error) {
		conn, err := net.Dial("tcp", h.listening(t))
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
		_, err = fmt.Fprintf(conn, "POST /api/import HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n", admin.token, mediaType)
		require.NoError(t, err)
		for rest := content; len(rest) > 0; {
			piece := rest[:min(len(rest), 1000)]
			rest = rest[len(piece):]
			if _, err := fmt.Fprintf(conn, "%x\r\n%s\r\n", len(piece), piece); err != nil {
				return 0, err
			}
			time.Sleep(pause) // the pause is what is tested
		}
		if _, err := io.WriteString(conn, "0\r\n\r\n"); err != nil {
			return 0, err
		}
		require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return 0, err
		}
		defer func() { _ = resp.Body.Close() }()
		return resp.StatusCode, nil
	}
	status, err := post(100 * time.Millisecond)
	require.NoError(t, err)
	require.Equal(t, http.StatusAccepted, status)
}
