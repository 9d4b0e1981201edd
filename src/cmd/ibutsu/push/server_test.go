package push

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

const goodToken = "good-token"

// server is a small Ibutsu that misbehaves on demand: it keeps imports by id, and runs by the id in a file's name, so that
// a test sees whether something arrived twice.
type server struct {
	*httptest.Server

	mu       sync.Mutex
	trouble  []func(http.ResponseWriter, *http.Request) // for the next requests, in order; nil lets one pass
	arrived  []arrival
	imports  map[string]Import
	outcomes map[string]Import // by file name: what its import ends as
	looks    int               // how often an import is pending or running before it ends
	seen     map[string]int
	requests []string
}

// arrival is an upload that was answered with 202.
type arrival struct {
	name, content, project, source, metadata string
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{imports: map[string]Import{}, outcomes: map[string]Import{}, seen: map[string]int{}, looks: 1}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

// next says what becomes of the next requests.
func (s *server) next(trouble ...func(http.ResponseWriter, *http.Request)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = append(s.trouble, trouble...)
}

// status answers with a status and a body.
func status(code int, body string, header ...string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

// hangUp closes the connection without an answer, after reading the request or at once.
func hangUp(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	slam(w, r)
}

func slam(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
}

// loseAnswer takes the upload in, and loses the answer.
func (s *server) loseAnswer(w http.ResponseWriter, r *http.Request) {
	s.handle(httptest.NewRecorder(), r)
	slam(w, r)
}

// loseAnswerLater takes the upload in; the caller loses the answer.
func (s *server) loseAnswerLater(r *http.Request) { s.handle(httptest.NewRecorder(), r) }

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r.Method+" "+r.URL.Path)
	var trouble func(http.ResponseWriter, *http.Request)
	if len(s.trouble) > 0 {
		trouble = s.trouble[0]
		s.trouble = s.trouble[1:]
	}
	s.mu.Unlock()
	if trouble != nil {
		trouble(w, r)
		return
	}
	s.handle(w, r)
}

func (s *server) handle(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.Header.Get("Authorization") != "Bearer "+goodToken {
		status(http.StatusUnauthorized, `{"detail": "No authorization token provided", "status": 401, "title": "Unauthorized"}`)(w, r)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.URL.Path == "/api/health/info":
		_, _ = fmt.Fprintf(w, `{"frontend": "https://page.example/", "backend": "x"}`)
	case r.Method == http.MethodPost && r.URL.Path == "/api/import":
		s.upload(w, r)
	default:
		s.look(w, r.URL.Path[len("/api/import/"):])
	}
}

func (s *server) upload(w http.ResponseWriter, r *http.Request) {
	part, header, err := r.FormFile("importFile")
	if err != nil {
		status(http.StatusBadRequest, `{"detail": "'importFile' is a required property"}`)(w, r)
		return
	}
	content, err := io.ReadAll(part)
	if err != nil || r.ContentLength < int64(len(content)) {
		status(http.StatusBadRequest, `"cut off"`)(w, r)
		return
	}
	s.arrived = append(s.arrived, arrival{header.Filename, string(content), r.FormValue("project"), r.FormValue("source"), r.FormValue("metadata")})
	record := Import{ID: "import-" + strconv.Itoa(len(s.arrived)), Filename: header.Filename, Status: "pending"}
	s.imports[record.ID] = record
	w.WriteHeader(http.StatusAccepted)
	answer(w, record)
}

func (s *server) look(w http.ResponseWriter, id string) {
	record, ok := s.imports[id]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `"Not Found"`)
		return
	}
	if s.seen[id]++; s.seen[id] <= s.looks {
		record.Status = "running"
		record.Metadata.Progress.Done, record.Metadata.Progress.Total = 1, 2
	} else if end, ok := s.outcomes[record.Filename]; ok {
		end.ID = id
		record = end
	} else {
		record.Status = "done"
		record.Metadata.ProjectID = "project-1"
		record.Metadata.RunID = []string{"run-" + record.Filename}
	}
	answer(w, record)
}

func answer(w io.Writer, record Import) {
	text, err := json.Marshal(record)
	if err == nil {
		_, _ = w.Write(text)
	}
}

func (s *server) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.imports)
}

func (s *server) arrivals() []arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.arrived)
}

func (s *server) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// client is a client of the server with a clock of its own.
func (s *server) client(t *testing.T) (*Client, *clock, *shown) {
	t.Helper()
	clock, show := newClock(), new(shown)
	transport := &http.Transport{DisableKeepAlives: true}
	return &Client{
		Server: s.URL, Token: goodToken, Patience: time.Minute, Clock: clock, Notice: show.Note, UserAgent: "test",
		HTTP: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}, clock, show
}
