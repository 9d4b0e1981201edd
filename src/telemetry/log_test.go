package telemetry

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

func at() time.Time { return time.Date(2026, 5, 4, 12, 11, 12, 131e6, time.FixedZone("", 2*3600)) }

// logger gives a logger and what it has written.
func logger(t *testing.T, o Options) (zerolog.Logger, *bytes.Buffer) {
	t.Helper()
	out := new(bytes.Buffer)
	o.Out, o.Now = out, at
	log, _, err := New(o)
	require.NoError(t, err)
	return log, out
}

func TestJSONInService(t *testing.T) {
	t.Parallel()
	log, out := logger(t, Options{})
	log.Info().Str("run", "r1").Msg("hello")
	log.Debug().Msg("not at this level")
	require.JSONEq(t, `{"level":"info","run":"r1","time":"2026-05-04T10:11:12.131Z","message":"hello"}`, out.String())
}

func TestPrettyOnATerminal(t *testing.T) {
	t.Parallel()
	log, out := logger(t, Options{Terminal: true, NoColor: true, Level: "debug"})
	log.Debug().Str("run", "r1").Str("password", "hunter2").Msg("hello")
	require.Contains(t, out.String(), "DBG hello password=******** run=r1")
	require.NotContains(t, out.String(), "\x1b[")

	log, out = logger(t, Options{Terminal: true})
	log.Info().Msg("hello")
	require.Contains(t, out.String(), "\x1b[")

	log, out = logger(t, Options{Format: FormatPretty})
	log.Info().Msg("hello")
	require.NotContains(t, out.String(), "\x1b[", "no colour in a file")

	log, out = logger(t, Options{Format: FormatJSON, Terminal: true})
	log.Info().Msg("hello")
	require.True(t, json.Valid(out.Bytes()))
}

func TestWrongOptionsAreTold(t *testing.T) {
	t.Parallel()
	_, _, err := New(Options{Level: "loud", Now: at, Out: new(bytes.Buffer)})
	require.ErrorContains(t, err, `"loud"`)
	_, _, err = New(Options{Format: "xml", Now: at, Out: new(bytes.Buffer)})
	require.ErrorContains(t, err, `"xml"`)
}

func TestRequestLine(t *testing.T) {
	t.Parallel()
	log, out := logger(t, Options{})
	Request{
		ID: "q1", Method: "GET", Route: "/api/run/{id}", Path: "/api/run/7?filter=x", Status: 200, Bytes: 12,
		Duration: 1500 * time.Microsecond, Client: "192.0.2.1", User: "u1",
	}.Log(&log)
	require.JSONEq(t, `{"level":"info","request_id":"q1","method":"GET","path":"/api/run/7","route":"/api/run/{id}","status":200,
		"bytes":12,"ms":1.5,"client":"192.0.2.1","user":"u1","time":"2026-05-04T10:11:12.131Z","message":"request"}`, out.String())

	out.Reset()
	Request{Status: 503, Err: errors.New("database gone")}.Log(&log)
	require.Contains(t, out.String(), `"level":"error"`)
	require.Contains(t, out.String(), "database gone")

	out.Reset()
	Request{Path: "/api/login/activate/c0de", Status: 302}.Log(&log)
	require.NotContains(t, out.String(), "c0de")
	require.NotContains(t, out.String(), `"user"`)

	quiet, out := logger(t, Options{Level: "warn"})
	Request{Status: 200}.Log(&quiet)
	require.Empty(t, out.String())
}

func TestSlogBridge(t *testing.T) {
	t.Parallel()
	log, out := logger(t, Options{})
	river := Slog(log)
	river.Debug("quiet")
	river.WithGroup("job").With("queue", "default").Warn("slow", slog.Int("id", 7), slog.String("token", "hunter2"))
	require.JSONEq(t, `{"level":"warn","job.queue":"default","job.id":7,"job.token":"********","time":"2026-05-04T10:11:12.131Z","message":"slow"}`, out.String())
}

func TestHCLogBridge(t *testing.T) {
	t.Parallel()
	log, out := logger(t, Options{})
	plugin := HCLog(log).Named("host").Named("worker").With("pid", 7)
	plugin.Info("plugin started")
	require.Empty(t, out.String(), "go-plugin's info is our debug")
	plugin.Warn("exited", "error", "killed", "odd")
	require.JSONEq(t, `{"level":"warn","module":"host.worker","pid":7,"error":"killed","extra":"odd","time":"2026-05-04T10:11:12.131Z","message":"exited"}`, out.String())
	require.Equal(t, "host.worker", plugin.Name())
	require.Equal(t, []any{"pid", 7}, plugin.ImpliedArgs())
	require.False(t, plugin.IsInfo())
	require.True(t, plugin.IsWarn())
	require.Equal(t, hclog.Warn, plugin.GetLevel())

	out.Reset()
	plugin.ResetNamed("x").Error("boom")
	require.Contains(t, out.String(), `"module":"x"`)
	plugin.Log(hclog.Off, "never")
	require.NotContains(t, out.String(), "never")

	debug, out := logger(t, Options{Level: "debug"})
	HCLog(debug).StandardLogger(nil).Print("from the standard logger")
	require.Contains(t, out.String(), `"message":"from the standard logger"`)
	require.Contains(t, out.String(), `"level":"debug"`)
}

func TestRelay(t *testing.T) {
	t.Parallel()
	log, out := logger(t, Options{})
	_, sink, err := New(Options{Out: out, Now: at})
	require.NoError(t, err)
	relay := NewRelay(sink, log, zerolog.WarnLevel)
	for _, piece := range []string{`{"level":"info","module":"wor`, `ker","token":"hunter2","time":"t","message":"hi"}` + "\r\n\n", "panic: boom\n{\"level\":1}\ngorou"} {
		n, err := relay.Write([]byte(piece))
		require.NoError(t, err)
		require.Len(t, piece, n)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 3)
	require.JSONEq(t, `{"level":"info","module":"worker","token":"********","time":"t","message":"hi"}`, lines[0])
	require.Contains(t, lines[1], `"level":"warn"`)
	require.Contains(t, lines[1], `"message":"panic: boom"`)
	require.Contains(t, lines[2], `"message":"{\"level\":1}"`, "JSON of somebody else")
	relay.Flush()
	require.Contains(t, out.String(), `"message":"gorou"`)
}

func TestRelayCutsEndlessLines(t *testing.T) {
	t.Parallel()
	log, out := logger(t, Options{})
	relay := NewRelay(out, log, zerolog.InfoLevel)
	for range 100 {
		_, err := relay.Write(bytes.Repeat([]byte("x"), 10<<10))
		require.NoError(t, err)
	}
	require.GreaterOrEqual(t, strings.Count(out.String(), "\n"), 10)
	require.LessOrEqual(t, cap(relay.pending), 4*maxRelayed)
}

func TestLinesOfManyGoroutinesStayWhole(t *testing.T) {
	t.Parallel()
	log, out := logger(t, Options{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				log.Info().Str("password", "hunter2").Msg("x")
			}
		})
	}
	wg.Wait()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 400)
	for _, line := range lines {
		require.True(t, json.Valid([]byte(line)), line)
	}
}
