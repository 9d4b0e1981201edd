package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/plugin"
)

// echo is a module of a third party: it tells what it was given.
type echo struct{}

var (
	echoConfig  = make(chan string, 1)
	echoDrained = make(chan struct{}, 1)
)

func (echo) Configure(_ context.Context, settings []byte) error {
	echoConfig <- string(settings)
	return nil
}

func (echo) Run(ctx context.Context, emit func(plugin.Event)) error {
	emit(plugin.Event{Level: zerolog.InfoLevel, Message: "echo runs", Fields: map[string]string{
		"config": <-echoConfig, "greeting": os.Getenv("GREETING"), "database": os.Getenv("DATABASE_URL") + os.Getenv("IBUTSU_JWT_SECRET"),
	}})
	select {
	case <-echoDrained:
		emit(plugin.Event{Level: zerolog.InfoLevel, Message: "echo is done"})
	case <-ctx.Done():
	}
	return nil
}

func (echo) Drain(context.Context) error {
	echoDrained <- struct{}{}
	return nil
}

func (echo) Health(context.Context) plugin.Health { return plugin.Health{OK: true, Detail: "echoing"} }
func (echo) Stats(context.Context) plugin.Stats   { return plugin.Stats{} }

// A program in the plugin folder is hosted as the worker is, and learns nothing of our settings.
func TestAModuleOfAThirdParty(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	plugins := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(plugins, "modules"), 0o755))
	require.NoError(t, os.Symlink(self, filepath.Join(plugins, "modules", "echo")))
	settings := filepath.Join(t.TempDir(), "echo.json")
	require.NoError(t, os.WriteFile(settings, []byte(`{"every": "1d"}`), 0o600))
	heard := t.TempDir() + "/notify"
	systemd, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: heard, Net: "unixgram"})
	require.NoError(t, err)
	defer systemd.Close()

	p := start(t, []string{
		"DATABASE_URL=postgres://secret@db/ibutsu", "IBUTSU_JWT_SECRET=secret, too", "GREETING=hello", "NOTIFY_SOCKET=" + heard,
		"IBUTSU_PLUGIN_DIR=" + plugins,
	}, "module", "echo", "--module-config", settings, "--log-format", "json")
	p.await(t, "its line", func() bool { return strings.Contains(p.out.String(), `"message":"echo runs"`) })
	require.Contains(t, p.out.String(), `"greeting":"hello"`)
	require.Contains(t, p.out.String(), `"database":""`)
	require.Contains(t, p.out.String(), `"config":"{\"every\": \"1d\"}"`)
	word := make([]byte, 200)
	for said := ""; said != "READY=1"; {
		n, err := systemd.Read(word)
		require.NoError(t, err)
		said = string(word[:n])
	}

	require.NoError(t, p.Process.Signal(syscall.SIGTERM))
	<-p.ended
	require.True(t, p.ProcessState.Success())
	require.Contains(t, p.out.String(), "echo is done")
}

func TestModulesThatThereAreNot(t *testing.T) {
	t.Parallel()
	open := filepath.Join(t.TempDir(), "open")
	require.NoError(t, os.WriteFile(open, []byte("#!/bin/sh\n"), 0o700))
	require.NoError(t, os.Chmod(open, 0o777)) // that is what is refused
	for want, args := range map[string][]string{
		"there are worker and scheduler": {"digest"},
		"names have a-z":                 {"../digest", "--plugin-dir", "/usr"},
		"no such file":                   {"digest", "--plugin-dir", "/nonexistent"},
		"is no program":                  {"digest", "--program", "/usr"},
		"others may write to it":         {"digest", "--program", open},
	} {
		d := newDesk()
		require.Equal(t, exitUsage, d.call(t, append([]string{"module"}, args...)...))
		require.Contains(t, d.stderr.String(), want)
	}
}
