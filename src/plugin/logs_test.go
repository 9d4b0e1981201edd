package plugin

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

func TestLinesOfAModule(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"hclog":               {`{"@level":"warn","@message":"m","@timestamp":"x","n":1}`, `{"level":"warn","n":1,"message":"m"}`},
		"zerolog":             {`{"level":"debug","message":"m","time":"x","s":"t"}`, `{"level":"debug","s":"t","message":"m"}`},
		"no level":            {`{"message":"m"}`, `{"level":"info","message":"m"}`},
		"a level that ends":   {`{"level":"fatal","message":"m"}`, `{"level":"error","message":"m"}`},
		"text":                {"plain", `{"level":"info","cut":false,"message":"plain"}`},
		"text like an object": {"{plain", `{"level":"info","cut":false,"message":"{plain"}`},
		"nothing":             {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			b := &logBridge{logger: zerolog.New(&out)}
			for _, piece := range strings.SplitAfter(c.in+"\n", "e") { // lines come in pieces
				_, err := b.Write([]byte(piece))
				require.NoError(t, err)
			}
			require.Equal(t, c.want, strings.TrimSpace(out.String()))
		})
	}
}

func TestLongLinesOfAModuleAreCut(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	b := &logBridge{logger: zerolog.New(&out)}
	_, err := b.Write(append(bytes.Repeat([]byte("x"), 10*maxLogLine), "\nnext\n"...))
	require.NoError(t, err)
	require.Less(t, out.Len(), maxLogLine+200)
	require.Contains(t, out.String(), `"cut":true`)
	require.Contains(t, out.String(), `"cut":false,"message":"next"`)
}

func TestCrashOfAModuleIsOneLine(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	b := &logBridge{logger: zerolog.New(&out)}
	_, err := b.Write([]byte("panic: at the disco\n\ngoroutine 1 [running]:\nmain.main()\n" + strings.Repeat("more\n", maxTrace)))
	require.NoError(t, err)
	require.Zero(t, out.Len())
	b.finish()
	require.Equal(t, 1, strings.Count(out.String(), "\n"))
	require.Contains(t, out.String(), "goroutine 1 [running]")
	require.Less(t, out.Len(), 2*maxTrace)
	require.Equal(t, "panic: at the disco", b.panicked())
}
