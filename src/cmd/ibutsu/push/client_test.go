package push

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func upload(content string) Upload {
	return Upload{
		Name: "report.xml", Size: int64(len(content)), Project: "shop", Source: "ci", Metadata: map[string]any{"env": "qa"},
		Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil },
	}
}

func nothing(int64) {}

func TestSendSendsTheFormOfTheContract(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	client, _, _ := s.client(t)
	var sent []int64
	record, err := client.Send(t.Context(), upload("<testsuite/>"), func(n int64) { sent = append(sent, n) })
	require.NoError(t, err)
	require.Equal(t, Import{ID: "import-1", Filename: "report.xml", Status: "pending"}, record)
	require.Equal(t, []arrival{{"report.xml", "<testsuite/>", "shop", "ci", `{"env":"qa"}`}}, s.arrivals())
	require.Equal(t, int64(12), sent[len(sent)-1])
}

func TestSendTriesAgainWhatMayPass(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		trouble func(http.ResponseWriter, *http.Request)
		pause   time.Duration
	}{
		"429 with seconds": {status(429, `"busy"`, "Retry-After", "7"), 7 * time.Second},
		"429 with a date":  {status(429, ``, "Retry-After", "Mon, 04 May 2026 10:11:21 GMT"), 9 * time.Second},
		"429 without":      {status(429, ``), firstPause},
		"408":              {status(408, ``), firstPause},
		"500":              {status(500, `{"title": "Internal Server Error"}`), firstPause},
		"502 of a proxy":   {status(502, `<html>`), firstPause},
		"503 Retry-After":  {status(503, ``, "Retry-After", "2"), 2 * time.Second},
		"hangs up after":   {hangUp, firstPause},
		"hangs up at once": {slam, firstPause},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.next(tc.trouble)
			client, clock, show := s.client(t)
			_, err := client.Send(t.Context(), upload("<testsuite/>"), nothing)
			require.NoError(t, err)
			require.Equal(t, []time.Duration{tc.pause}, clock.pauses())
			require.Len(t, s.arrivals(), 1)
			require.Len(t, show.lines, 1)
			require.Contains(t, show.lines[0], "next try in")
		})
	}
}

func TestPausesGrowAndEnd(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for range 100 {
		s.next(status(503, ``))
	}
	client, clock, _ := s.client(t)
	client.Patience = 2 * time.Minute
	_, err := client.Send(t.Context(), upload("x"), nothing)
	require.ErrorIs(t, err, ErrUnreachable)
	require.ErrorContains(t, err, "HTTP 503 Service Unavailable")
	require.Equal(t, []time.Duration{
		500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 30 * time.Second, 30 * time.Second,
	}, clock.pauses())
}

func TestARetryAfterBeyondThePatienceEndsAtOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.next(status(429, ``, "Retry-After", "3600"))
	client, clock, _ := s.client(t)
	_, err := client.Send(t.Context(), upload("x"), nothing)
	require.ErrorIs(t, err, ErrUnreachable)
	require.Empty(t, clock.pauses())
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.Close()
	client, _, _ := s.client(t)
	client.Patience = time.Second
	_, err := client.Send(t.Context(), upload("x"), nothing)
	require.ErrorIs(t, err, ErrUnreachable)
	require.ErrorContains(t, err, "connection refused")
	require.NotContains(t, err.Error(), "Post ")
}

func TestSendDoesNotRepeatWhatIsFinal(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		trouble  func(http.ResponseWriter, *http.Request)
		sentinel error
		text     string
	}{
		"400 string":      {status(400, `"Project shop doesn't exist"`), ErrRefused, "Project shop doesn't exist (HTTP 400)"},
		"400 problem":     {status(400, `{"detail": "'importFile' is\n a required property", "title": "Bad Request"}`), ErrRefused, "'importFile' is a required property (HTTP 400)"},
		"401":             {status(401, `{"detail": "expired"}`), ErrUnauthorized, "expired (HTTP 401)"},
		"403":             {status(403, `"Forbidden"`), ErrUnauthorized, "Forbidden (HTTP 403)"},
		"413":             {status(413, ``), ErrRefused, "HTTP 413 Request Entity Too Large"},
		"415":             {status(415, `"Unsupported Media Type"`), ErrRefused, "Unsupported Media Type (HTTP 415)"},
		"501":             {status(501, `x`), ErrRefused, "HTTP 501"},
		"redirect":        {status(301, ``, "Location", "https://other.example/"), ErrRefused, "redirects to https://other.example/; give that address as --server"},
		"another service": {status(200, `<html>`), nil, "this is not the API of Ibutsu"},
		"no id":           {status(200, `{}`), nil, "this is not the API of Ibutsu"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.next(tc.trouble)
			client, clock, _ := s.client(t)
			_, err := client.Send(t.Context(), upload("x"), nothing)
			require.ErrorContains(t, err, tc.text)
			require.NotErrorIs(t, err, ErrUnreachable)
			if tc.sentinel != nil {
				require.ErrorIs(t, err, tc.sentinel)
			}
			require.Empty(t, clock.pauses())
			require.NotContains(t, err.Error(), goodToken)
		})
	}
}

func TestAFileThatCannotBeReadIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	client, clock, _ := s.client(t)
	broken := upload("x")
	broken.Open = func() (io.ReadCloser, error) { return nil, errors.New("gone") }
	_, err := client.Send(t.Context(), broken, nothing)
	require.EqualError(t, err, "gone")
	require.Empty(t, clock.pauses())
}

func TestALongMessageIsCut(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.next(status(400, `"`+strings.Repeat("ä", 5000)+`"`))
	client, _, _ := s.client(t)
	_, err := client.Send(t.Context(), upload("x"), nothing)
	require.Less(t, len([]rune(err.Error())), 400)
}

func TestSendEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.next(status(503, ``))
	client, clock, _ := s.client(t)
	why := errors.New("told to stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	clock.before = func(int) { cancel(why) }
	_, err := client.Send(ctx, upload("x"), nothing)
	require.ErrorIs(t, err, why)
}

func TestAServerThatHangsIsLeft(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() { // accepts, and never reads
		defer close(done)
		conn, err := listener.Accept()
		if err == nil {
			defer func() { _ = conn.Close() }()
			_, _ = listener.Accept() // until the listener is closed
		}
	}()
	s := &server{}
	s.Server = newServer(t).Server
	client, _, _ := s.client(t)
	client.Server, client.Stall, client.Patience = "http://"+listener.Addr().String(), 50*time.Millisecond, 0
	endless := upload("")
	endless.Size = 1 << 40
	endless.Open = func() (io.ReadCloser, error) { return io.NopCloser(zeros{}), nil }
	_, err = client.Send(t.Context(), endless, nothing)
	require.ErrorIs(t, err, ErrUnreachable)
	require.ErrorIs(t, err, errStalled)
	require.NoError(t, listener.Close())
	<-done
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestWait(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.looks = 3
	client, clock, _ := s.client(t)
	sent, err := client.Send(t.Context(), upload("x"), nothing)
	require.NoError(t, err)
	s.next(slam, nil, status(503, ``)) // trouble on the way is passed over
	var seen []string
	record, err := client.Wait(t.Context(), sent.ID, time.Minute, func(i Import) { seen = append(seen, i.Status) })
	require.NoError(t, err)
	require.Equal(t, []string{"running", "running", "running", "done"}, seen)
	require.Equal(t, []string{"run-report.xml"}, record.Metadata.RunID)
	require.NotEmpty(t, clock.pauses())
}

func TestWaitTellsTheReasonOfAFailure(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]string{"line 3: not XML": "line 3: not XML", "": "gives no reason"} {
		s := newServer(t)
		var end Import
		end.Status, end.Metadata.Error = "error", reason
		s.outcomes["report.xml"] = end
		client, _, _ := s.client(t)
		sent, err := client.Send(t.Context(), upload("x"), nothing)
		require.NoError(t, err)
		_, err = client.Wait(t.Context(), sent.ID, time.Minute, func(Import) {})
		require.ErrorIs(t, err, ErrImport)
		require.ErrorContains(t, err, want)
	}
}

func TestWaitHasALimit(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.looks = 1e9
	client, _, _ := s.client(t)
	sent, err := client.Send(t.Context(), upload("x"), nothing)
	require.NoError(t, err)
	_, err = client.Wait(t.Context(), sent.ID, time.Minute, func(Import) {})
	require.ErrorIs(t, err, ErrTimeout)
	require.ErrorContains(t, err, "still running after 1m0s")
}

func TestParseServer(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://i.example.com":         "https://i.example.com",
		"https://i.example.com/api/":    "https://i.example.com",
		"http://h:8080/ibutsu/api":      "http://h:8080/ibutsu",
		" i.example.com ":               "http://i.example.com",
		"i. example.com":                "",
		"i.example.com":                 "http://i.example.com",
		"127.0.0.1:8080":                "http://127.0.0.1:8080",
		"ftp://h":                       "",
		"http://":                       "",
		"http://u:p@h":                  "",
		"https://h/?x=1":                "",
		"https://i.example.com/api/api": "https://i.example.com/api",
	} {
		got, err := ParseServer(text)
		if want == "" {
			require.Error(t, err, text)
			continue
		}
		require.NoError(t, err, text)
		require.Equal(t, want, got)
	}
}
