package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/term"

	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/telemetry"
)

// console is what a command sees of the world around it.
type console struct {
	in       io.Reader
	out, err io.Writer
	// inTerminal, outTerminal and errTerminal tell which of them a person sits at.
	inTerminal, outTerminal, errTerminal bool
	environ                              []string
	width                                int
	now                                  func() time.Time
	// readPassword reads a line from the terminal without showing it.
	readPassword func() (string, error)
	// level and access are what is logged; a signal or an administrator changes them while the command runs.
	level  telemetry.Level
	access atomic.Bool
}

func systemConsole() *console {
	terminal := func(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
	c := &console{
		in: os.Stdin, out: os.Stdout, err: os.Stderr,
		inTerminal: terminal(os.Stdin), outTerminal: terminal(os.Stdout), errTerminal: terminal(os.Stderr),
		environ: os.Environ(), now: time.Now,
	}
	c.width = helpWidth(int(os.Stdout.Fd()), c.getenv("COLUMNS"))
	c.readPassword = func() (string, error) {
		text, err := term.ReadPassword(int(os.Stdin.Fd()))
		fmt.Fprintln(os.Stderr)
		return string(text), err
	}
	return c
}

// helpWidth is the width of help texts: that of the terminal, or what COLUMNS says, within what reads well.
func helpWidth(out int, columns string) int {
	n, _, err := term.GetSize(out)
	if err != nil {
		n, err = strconv.Atoi(columns)
	}
	if err != nil {
		n = 96
	}
	return min(max(n, 60), 110)
}

// getenv reads the environment that the command was given.
func (c *console) getenv(name string) string {
	for _, entry := range c.environ {
		if text, ok := strings.CutPrefix(entry, name+"="); ok {
			return text
		}
	}
	return ""
}

// colour tells whether escape codes may be written to a stream of that kind.
func (c *console) colour(terminal bool) bool {
	return terminal && c.getenv("NO_COLOR") == "" && c.getenv("TERM") != "dumb"
}

// requestLog is the log of the API: without access_log, the lines of requests that went well are left out.
func (c *console) requestLog(log zerolog.Logger) zerolog.Logger {
	return log.Hook(zerolog.HookFunc(func(e *zerolog.Event, level zerolog.Level, message string) {
		if level < zerolog.WarnLevel && message == "request" && !c.access.Load() {
			e.Discard()
		}
	}))
}

// logger makes the log of a command, on standard error, and says what the configuration has to say.
func (c *console) logger(loaded *config.Loaded) (zerolog.Logger, error) {
	log, err := telemetry.New(telemetry.Options{
		Out: c.err, Terminal: c.errTerminal, NoColor: !c.colour(c.errTerminal),
		Format: telemetry.Format(loaded.Config.Log.Format), Level: loaded.Config.Log.Level,
		Now: c.now, Location: c.now().Location(), Secrets: loaded.Config.Secrets(), Adjust: &c.level,
	})
	c.access.Store(loaded.Config.Log.Access)
	if err != nil {
		return log, err
	}
	for _, warning := range loaded.Warnings {
		log.Warn().Msg(warning)
	}
	return log, nil
}
