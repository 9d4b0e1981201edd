package telemetry

import (
	"context"
	"log/slog"
	"time"

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
