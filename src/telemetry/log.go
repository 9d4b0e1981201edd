// Package telemetry sets up the log: zerolog with one line for each event, JSON in service and readable on a terminal,
// with secrets masked on the way out; and the bridges that bring the logs of libraries into it.
package telemetry

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/telemetry/tracing"
)

// Format is the form of the lines.
type Format string

const (
	// FormatAuto is FormatPretty on a terminal, else FormatJSON.
	FormatAuto Format = "auto"
	// FormatJSON is one JSON object on a line.
	FormatJSON Format = "json"
	// FormatPretty is for people's eyes.
	FormatPretty Format = "pretty"
)

// Options say where lines go and which.
type Options struct {
	// Out gets the lines, one Write for each.
	Out io.Writer
	// Terminal tells whether Out is one.
	Terminal bool
	// NoColor turns colour off on a terminal, too (https://no-color.org).
	NoColor bool
	Format  Format
	// Level is trace, debug, info, warn or error; info when empty.
	Level string
	// Adjust, if given, is set to Level, and moves the level of this logger and of all that come from it from then on.
	Adjust *Level
	// Location is the time zone of pretty lines; JSON is in UTC. Nil means UTC.
	Location *time.Location
	// Now is the clock.
	Now func() time.Time
	// Secrets are texts that must not appear anywhere. Those shorter than eight bytes are left out: masking every
	// "ibutsu" because it is also a password would ruin the log.
	Secrets []string
}

// New makes the logger. Its error is about Level or Format.
func New(o Options) (zerolog.Logger, error) {
	if o.Level == "" {
		o.Level = zerolog.LevelInfoValue
	}
	level, err := zerolog.ParseLevel(o.Level)
	if err != nil {
		return zerolog.Nop(), fmt.Errorf("log level %q is none of trace, debug, info, warn, error", o.Level)
	}
	sink, err := newSink(o)
	if err != nil {
		return zerolog.Nop(), err
	}
	log := zerolog.New(sink).Hook(clock{o.Now}, traced{})
	if o.Adjust == nil {
		return log.Level(level), nil
	}
	o.Adjust.level.Store(int32(level))
	return log.Level(zerolog.TraceLevel).Sample(o.Adjust), nil
}

// Level is the least level that loggers write, changed while they are used. Safe for concurrent use.
type Level struct{ level atomic.Int32 }

// Set changes it to trace, debug, info, warn or error.
func (l *Level) Set(name string) error {
	level, err := zerolog.ParseLevel(name)
	if err != nil || name == "" || level < zerolog.TraceLevel || level > zerolog.ErrorLevel {
		return fmt.Errorf("log level %q is none of trace, debug, info, warn, error", name)
	}
	l.level.Store(int32(level))
	return nil
}

// String is the name of the level.
func (l *Level) String() string { return zerolog.Level(l.level.Load()).String() }

// Sample implements [zerolog.Sampler]: it is asked before an event is made.
func (l *Level) Sample(level zerolog.Level) bool { return level >= zerolog.Level(l.level.Load()) }

func newSink(o Options) (io.Writer, error) {
	out := zerolog.SyncWriter(o.Out)
	switch {
	case o.Format == FormatJSON, (o.Format == FormatAuto || o.Format == "") && !o.Terminal:
		return newRedactor(out, o.Secrets), nil
	case o.Format == FormatPretty, o.Format == FormatAuto, o.Format == "":
		return newRedactor(zerolog.ConsoleWriter{
			Out: out, NoColor: o.NoColor || !o.Terminal, TimeFormat: "15:04:05.000", TimeLocation: o.Location,
		}, o.Secrets), nil
	default:
		return nil, fmt.Errorf("log format %q is none of auto, json, pretty", o.Format)
	}
}

// clock stamps every event in UTC with milliseconds. zerolog's own stamp takes its clock and form from globals.
type clock struct{ now func() time.Time }

const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// Run implements [zerolog.Hook].
func (c clock) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	e.Str(zerolog.TimestampFieldName, c.now().UTC().Format(timeFormat))
}

// traced adds the ids of the trace and the span to the events that know their context.
type traced struct{}

// Run implements [zerolog.Hook].
func (traced) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	if traceID, spanID, ok := tracing.IDs(e.GetCtx()); ok {
		e.Str("trace_id", traceID).Str("span_id", spanID)
	}
}
