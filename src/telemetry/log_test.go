package telemetry

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

func at() time.Time { return time.Date(2026, 5, 4, 12, 11, 12, 131e6, time.FixedZone("", 2*3600)) }

// logger gives a logger and what it has written.
func logger(t *testing.T, o Options) (zerolog.Logger, *bytes.Buffer) {
	t.Helper()
	out := new(bytes.Buffer)
	o.Out, o.Now = out, at
	log, err := New(o)
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
	_, err := New(Options{Level: "loud", Now: at, Out: new(bytes.Buffer)})
	require.ErrorContains(t, err, `"loud"`)
	_, err = New(Options{Format: "xml", Now: at, Out: new(bytes.Buffer)})
	require.ErrorContains(t, err, `"xml"`)
}

func TestLevelMovesWhileLoggersAreUsed(t *testing.T) {
	t.Parallel()
	var level Level
	log, out := logger(t, Options{Level: "warn", Adjust: &level})
	child := log.With().Str("module", "worker").Logger()
	child.Info().Msg("quiet")
	require.Empty(t, out.String())
	require.NoError(t, level.Set("debug"))
	require.Equal(t, "debug", level.String())
	child.Debug().Msg("now")
	child.Trace().Msg("still not")
	require.Equal(t, 1, strings.Count(out.String(), "\n"))
	for _, wrong := range []string{"", "loud", "fatal", "disabled"} {
		require.Error(t, level.Set(wrong))
	}
	require.Equal(t, "debug", level.String())
}

func TestSlogBridge(t *testing.T) {
	t.Parallel()
	log, out := logger(t, Options{})
	river := Slog(log)
	river.Debug("quiet")
	river.WithGroup("job").With("queue", "default").Warn("slow", slog.Int("id", 7), slog.String("token", "hunter2"))
	require.JSONEq(t, `{"level":"warn","job.queue":"default","job.id":7,"job.token":"********","time":"2026-05-04T10:11:12.131Z","message":"slow"}`, out.String())
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
