package telemetry

import (
	"context"
	"io"
	"log"
	"log/slog"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/rs/zerolog"
)

// Slog brings the log of a library that speaks slog (River) into ours.
func Slog(to zerolog.Logger) *slog.Logger {
	return slog.New(slogHandler{zerolog.NewSlogHandler(to)})
}

// slogHandler drops the time of a record: the logger stamps the event by its own clock, and would do so twice.
type slogHandler struct{ slog.Handler }

// Handle implements [slog.Handler].
func (h slogHandler) Handle(ctx context.Context, record slog.Record) error {
	record.Time = time.Time{}
	return h.Handler.Handle(ctx, record)
}

// WithAttrs implements [slog.Handler].
func (h slogHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return slogHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements [slog.Handler].
func (h slogHandler) WithGroup(name string) slog.Handler {
	return slogHandler{h.Handler.WithGroup(name)}
}

// HCLog brings the log of a library that speaks hclog (go-plugin) into ours. What it calls info is debug to us: it tells
// of each start and handshake of a module, of which our own lines tell already.
func HCLog(to zerolog.Logger) hclog.Logger { return hcLogger{log: to} }

type hcLogger struct {
	log  zerolog.Logger
	name string
	args []any
}

func (l hcLogger) Log(level hclog.Level, msg string, args ...any) {
	if level == hclog.Off {
		return
	}
	event := l.log.WithLevel(fromHCLevel(level))
	if l.name != "" {
		event = event.Str("module", l.name)
	}
	event.Fields(pairs(l.args)).Fields(pairs(args)).Msg(msg)
}

// pairs makes the list even: an odd one is a mistake of the library, and would lose the whole line.
func pairs(args []any) []any {
	if len(args)%2 == 0 {
		return args
	}
	return append(append([]any{}, args[:len(args)-1]...), "extra", args[len(args)-1])
}

func fromHCLevel(level hclog.Level) zerolog.Level {
	switch level {
	case hclog.Trace:
		return zerolog.TraceLevel
	case hclog.Debug, hclog.Info:
		return zerolog.DebugLevel
	case hclog.Warn:
		return zerolog.WarnLevel
	default:
		return zerolog.ErrorLevel
	}
}

func (l hcLogger) Trace(msg string, args ...any) { l.Log(hclog.Trace, msg, args...) }
func (l hcLogger) Debug(msg string, args ...any) { l.Log(hclog.Debug, msg, args...) }
func (l hcLogger) Info(msg string, args ...any)  { l.Log(hclog.Info, msg, args...) }
func (l hcLogger) Warn(msg string, args ...any)  { l.Log(hclog.Warn, msg, args...) }
func (l hcLogger) Error(msg string, args ...any) { l.Log(hclog.Error, msg, args...) }

func (l hcLogger) IsTrace() bool { return l.log.GetLevel() <= zerolog.TraceLevel }
func (l hcLogger) IsDebug() bool { return l.log.GetLevel() <= zerolog.DebugLevel }
func (l hcLogger) IsInfo() bool  { return l.IsDebug() }
func (l hcLogger) IsWarn() bool  { return l.log.GetLevel() <= zerolog.WarnLevel }
func (l hcLogger) IsError() bool { return l.log.GetLevel() <= zerolog.ErrorLevel }

func (l hcLogger) ImpliedArgs() []any { return l.args }
func (l hcLogger) Name() string       { return l.name }

func (l hcLogger) With(args ...any) hclog.Logger {
	l.args = append(append([]any{}, pairs(l.args)...), pairs(args)...)
	return l
}

func (l hcLogger) Named(name string) hclog.Logger {
	if l.name != "" {
		name = l.name + "." + name
	}
	return l.ResetNamed(name)
}

func (l hcLogger) ResetNamed(name string) hclog.Logger {
	l.name = name
	return l
}

// SetLevel does nothing: the level is the logger's.
func (l hcLogger) SetLevel(hclog.Level) {}

func (l hcLogger) GetLevel() hclog.Level {
	switch level := l.log.GetLevel(); {
	case level <= zerolog.TraceLevel:
		return hclog.Trace
	case level <= zerolog.DebugLevel:
		return hclog.Debug
	case level <= zerolog.WarnLevel:
		return hclog.Warn
	default:
		return hclog.Error
	}
}

func (l hcLogger) StandardLogger(*hclog.StandardLoggerOptions) *log.Logger {
	return log.New(l.StandardWriter(nil), "", 0)
}

func (l hcLogger) StandardWriter(*hclog.StandardLoggerOptions) io.Writer {
	return NewRelay(io.Discard, l.log, zerolog.DebugLevel)
}
