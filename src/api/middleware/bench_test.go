package middleware_test

import (
	"io"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/ibutsu/ibutsu-go/src/api/middleware"
	"github.com/ibutsu/ibutsu-go/src/telemetry"
	"github.com/ibutsu/ibutsu-go/src/telemetry/metrics"
	"github.com/ibutsu/ibutsu-go/src/telemetry/tracing"
)

// around is a request with everything around it that is measured, logged and traced, and nothing in it.
func around(tb testing.TB, tracer *tracing.Tracer) func() {
	tb.Helper()
	log, err := telemetry.New(telemetry.Options{Out: io.Discard, Now: time.Now})
	require.NoError(tb, err)
	app := fiber.New()
	app.Use(middleware.RequestID(middleware.RequestIDs()))
	if tracer != nil {
		app.Use(middleware.Trace(tracer))
	}
	app.Use(middleware.Measure(metrics.NewRequests(), time.Now), middleware.AccessLog(log, time.Now, func(*fiber.Ctx) string { return "" }), middleware.Recover(zerolog.Nop()))
	app.Get("/api/run/:id", func(c *fiber.Ctx) error { return c.SendStatus(fiber.StatusOK) })
	handler := app.Handler()
	var request fasthttp.Request
	request.SetRequestURI("/api/run/1")
	return func() {
		var c fasthttp.RequestCtx
		c.Init(&request, nil, nil)
		handler(&c)
	}
}

// BenchmarkAroundARequest shows what traces cost: nothing where nobody collects them (21 allocations with and without).
func BenchmarkAroundARequest(b *testing.B) {
	never := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample()))
	always := sdktrace.NewTracerProvider()
	for name, tracer := range map[string]*tracing.Tracer{"off": nil, "not sampled": tracing.NewTracer(never), "sampled": tracing.NewTracer(always)} {
		b.Run(name, func(b *testing.B) {
			f := around(b, tracer)
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
}
