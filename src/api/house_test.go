package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/api"
	"github.com/ibutsu/ibutsu-go/src/api/contract/contracttest"
	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/ingest"
	"github.com/ibutsu/ibutsu-go/src/jobs"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
)

// house is the API on a database of its own. Whatever it answers is held against the contract.
type house struct {
	app       *fiber.App
	store     *store.Store
	directory *auth.Directory
	tokens    *auth.Tokens
	verifier  *contracttest.Verifier
	limits    api.Limits
	base      string
	log       *lines
}

func newHouse(tb testing.TB, change ...func(*api.Options)) *house {
	tb.Helper()
	h := &house{store: dbtest.New(tb), verifier: contracttest.New(tb), log: &lines{}}
	var err error
	h.tokens, err = auth.NewTokens("the key of the tests", "tests", time.Hour, time.Now)
	require.NoError(tb, err)
	passwords, err := auth.NewPasswords(4)
	require.NoError(tb, err)
	queue, err := jobs.NewClient(h.store)
	require.NoError(tb, err)
	writer := ingest.NewWriter(h.store, queue.RunsChanged)
	tb.Cleanup(writer.Close)
	h.directory = auth.NewDirectory(h.store, h.tokens, time.Now)
	log := zerolog.New(h.log).Level(zerolog.InfoLevel)
	o := api.Options{
		Store: h.store, Writer: writer, Jobs: queue, Directory: h.directory, Log: log,
		Accounts: auth.NewAccounts(auth.AccountsOptions{
			Store: h.store, Passwords: passwords, Tokens: h.tokens, Limiter: auth.NewLocalLimiter(time.Now), Log: log, Now: time.Now,
			NewID: uuid.New, Changed: h.directory.Flush, UserLogin: true, BackendURL: "http://backend", FrontendURL: "http://frontend",
		}),
		FrontendURL: "http://frontend", BackendURL: "http://backend",
	}
	for _, f := range change {
		f(&o)
	}
	h.limits, h.base = o.Limits, api.BasePath(o.BackendURL)
	if h.limits == (api.Limits{}) {
		h.limits = api.DefaultLimits()
	}
	h.app, err = api.New(o)
	require.NoError(tb, err)
	return h
}

// lines are what was logged.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// person is somebody with a token.
type person struct {
	id    uuid.UUID
	token string
}

func (h *house) person(tb testing.TB, superadmin bool) person {
	tb.Helper()
	a := store.Account{User: store.User{ID: uuid.New(), IsActive: true, IsSuperadmin: superadmin}}
	a.Email = a.ID.String() + "@example.com"
	require.NoError(tb, h.store.InsertAccount(context.Background(), a))
	token, err := h.tokens.Login(a.ID)
	require.NoError(tb, err)
	return person{a.ID, token}
}

// project makes a project with an owner and members.
func (h *house) project(tb testing.TB, owner *person, members ...person) uuid.UUID {
	tb.Helper()
	p := store.Project{ID: uuid.New()}
	name := "project-" + p.ID.String()
	p.Name, p.Title = &name, &name
	if owner != nil {
		p.OwnerID = &owner.id
	}
	ids := make([]uuid.UUID, len(members))
	for i, m := range members {
		ids[i] = m.id
	}
	require.NoError(tb, h.store.InsertProject(context.Background(), p, ids...))
	h.directory.Flush()
	return p.ID
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

// json returns the body as encoding/json reads it.
func (a answer) json(tb testing.TB) any {
	tb.Helper()
	var value any
	require.NoError(tb, json.Unmarshal(a.body, &value), string(a.body))
	return value
}

// object returns the body, which is a JSON object.
func (a answer) object(tb testing.TB) map[string]any {
	tb.Helper()
	o, ok := a.json(tb).(map[string]any)
	require.True(tb, ok, string(a.body))
	return o
}

func (a answer) id(tb testing.TB) string {
	tb.Helper()
	id, ok := a.object(tb)["id"].(string)
	require.True(tb, ok, string(a.body))
	return id
}

type header map[string]string

// call sends a request. body is nil, a string or bytes as they are, a form, or anything else as JSON.
func (h *house) call(tb testing.TB, who person, method, path string, body any, headers ...header) answer {
	tb.Helper()
	var content []byte
	mediaType := ""
	switch b := body.(type) {
	case nil:
	case string:
		content = []byte(b)
	case []byte:
		content = b
	case *form:
		content, mediaType = b.close(tb)
	default:
		var err error
		content, err = json.Marshal(b)
		require.NoError(tb, err)
		mediaType = "application/json"
	}
	r := httptest.NewRequest(method, path, bytes.NewReader(content))
	if mediaType != "" {
		r.Header.Set("Content-Type", mediaType)
	}
	if who.token != "" {
		r.Header.Set("Authorization", "Bearer "+who.token)
	}
	for _, hs := range headers {
		for name, value := range hs {
			r.Header.Set(name, value)
		}
	}
	resp, err := h.app.Test(r, -1)
	require.NoError(tb, err)
	defer func() { _ = resp.Body.Close() }()
	a := answer{status: resp.StatusCode, header: resp.Header}
	a.body, err = io.ReadAll(resp.Body)
	require.NoError(tb, err)
	h.verifier.Verify(tb, contracttest.Exchange{Request: r, RequestBody: content, Response: resp, ResponseBody: a.body})
	return a
}

func (h *house) get(tb testing.TB, who person, path string, filters ...string) answer {
	tb.Helper()
	query := url.Values{}
	for _, f := range filters {
		query.Add("filter", f)
	}
	if len(filters) > 0 {
		path += "?" + query.Encode()
	}
	return h.call(tb, who, http.MethodGet, path, nil)
}

// requireMessage says that the answer is a JSON string.
func requireMessage(tb testing.TB, a answer, status int) {
	tb.Helper()
	require.Equal(tb, status, a.status, string(a.body))
	require.Equal(tb, "application/json", a.header.Get("Content-Type"))
	text, ok := a.json(tb).(string)
	require.True(tb, ok, string(a.body))
	require.NotEmpty(tb, text)
	require.Equal(tb, byte('\n'), a.body[len(a.body)-1])
}

// requireProblem says that the answer is a problem document with these four members and no others.
func requireProblem(tb testing.TB, a answer, status int) {
	tb.Helper()
	require.Equal(tb, status, a.status, string(a.body))
	require.Equal(tb, "application/problem+json", a.header.Get("Content-Type"))
	o := a.object(tb)
	require.Len(tb, o, 4)
	require.Equal(tb, "about:blank", o["type"])
	require.Equal(tb, http.StatusText(status), o["title"])
	require.InDelta(tb, status, o["status"], 0)
	require.NotEmpty(tb, o["detail"])
}

// form is a multipart body.
type form struct {
	buf bytes.Buffer
	w   *multipart.Writer
}

func newForm() *form {
	f := &form{}
	f.w = multipart.NewWriter(&f.buf)
	return f
}

func (f *form) text(name, value string) *form {
	_ = f.w.WriteField(name, value)
	return f
}

func (f *form) file(name, filename, content string) *form {
	part, _ := f.w.CreateFormFile(name, filename)
	_, _ = io.WriteString(part, content)
	return f
}

// blob is JSON as browsers send it: a part with a file name.
func (f *form) blob(name, content string) *form {
	h := textproto.MIMEHeader{}
	h.Set("Content-Disposition", `form-data; name="`+name+`"; filename="blob"`)
	h.Set("Content-Type", "application/json")
	part, _ := f.w.CreatePart(h)
	_, _ = io.WriteString(part, content)
	return f
}

func (f *form) close(tb testing.TB) ([]byte, string) {
	tb.Helper()
	require.NoError(tb, f.w.Close())
	return f.buf.Bytes(), f.w.FormDataContentType()
}

type object = map[string]any

// jsonNumber is a number that Go has no value for.
type jsonNumber string

func (n jsonNumber) MarshalJSON() ([]byte, error) { return []byte(n), nil }

func (h *house) rename(tb testing.TB, project uuid.UUID, name string) {
	tb.Helper()
	_, err := h.store.UpdateProject(context.Background(), project, func(p *store.Project) error {
		p.Name = &name
		return nil
	})
	require.NoError(tb, err)
	h.directory.Flush()
}
