package tracing_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/ibutsu/ibutsu-go/src/telemetry/tracing"
)

type kept struct{ spans []sdktrace.ReadOnlySpan }

func (k *kept) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	k.spans = append(k.spans, spans...)
	return nil
}

func (k *kept) Shutdown(context.Context) error { return nil }

func work(ctx context.Context) {
	ctx, span := tracing.Start(ctx, tracing.Client, "redis GET")
	defer span.End()
	span.Text("key", "value")
	span.Number("n", 1)
	span.Fail("no answer")
	_ = tracing.Current(ctx)
	tracing.IDs(ctx)
}

// Every statement and every look into the cache passes here, mostly without anybody who collects traces.
func TestWithoutATraceNothingIsAllocated(t *testing.T) {
	t.Parallel()
	result := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			work(context.Background())
		}
	})
	require.Zero(t, result.AllocsPerOp())
}

func TestAParentFromElsewhereDecides(t *testing.T) {
	t.Parallel()
	k := &kept{}
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(k))
	tracer := tracing.NewTracer(provider)
	for _, flags := range []string{"00", "01"} {
		parent := tracing.Parent{Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-" + flags, Tracestate: "v=1"}
		ctx, span := tracer.Begin(t.Context(), tracing.Server, "GET", parent)
		work(ctx)
		handedOn := tracing.Current(ctx)
		span.End()
		require.Regexp(t, "^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-"+flags+"$", handedOn.Traceparent)
		require.Equal(t, "v=1", handedOn.Tracestate)
	}
	require.Len(t, k.spans, 2, "of a trace that the client does not want to be collected there is nothing")
	require.Equal(t, "b7ad6b7169203331", k.spans[1].Parent().SpanID().String())

	// What is no parent begins a trace of its own.
	ctx, span := tracer.Begin(t.Context(), tracing.Server, "GET", tracing.Parent{Traceparent: "00-nonsense\r\n"})
	_, spanID, ok := tracing.IDs(ctx)
	require.True(t, ok)
	require.Len(t, spanID, 16)
	span.End()
	require.NoError(t, provider.Shutdown(t.Context()))
}

func TestNobodyCollects(t *testing.T) {
	t.Parallel()
	var none *tracing.Tracer
	ctx, span := none.Begin(t.Context(), tracing.Server, "GET", tracing.Parent{})
	require.False(t, span.Recording())
	span.End()
	require.Zero(t, tracing.Current(ctx))
	_, joint := tracing.Join(ctx, "commit", nil)
	require.False(t, joint.Recording())
}
