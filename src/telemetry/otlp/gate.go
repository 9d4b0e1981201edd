package otlp

import (
	"context"
	"os"
	"strconv"
	"sync/atomic"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/ibutsu/ibutsu-go/src/telemetry/metrics"
)

// What becomes of a span.
const (
	delivered = "delivered"
	dropped   = "dropped" // too many waited
	refused   = "refused" // the collector did not take it, or was away
)

// gate lets so many spans wait for the collector, and drops what is more. The library's own queue does the same, and does
// not tell how many it drops; behind the gate it is never full.
type gate struct {
	sdktrace.SpanProcessor
	most     int64
	waiting  atomic.Int64
	outcomes *metrics.Counter
}

func newGate(most int) *gate {
	g := &gate{most: int64(most), outcomes: metrics.NewCounter("ibutsu_trace_spans_total", "Spans by what became of them: delivered, dropped, refused.", "outcome")}
	for _, outcome := range []string{delivered, dropped, refused} {
		g.outcomes.Add(0, outcome)
	}
	return g
}

func (g *gate) open(to sdktrace.SpanExporter) {
	g.SpanProcessor = sdktrace.NewBatchSpanProcessor(counted{to, g}, sdktrace.WithMaxQueueSize(int(g.most)))
}

// OnEnd implements [sdktrace.SpanProcessor].
func (g *gate) OnEnd(s sdktrace.ReadOnlySpan) {
	if !s.SpanContext().IsSampled() {
		return
	}
	if g.waiting.Add(1) > g.most {
		g.waiting.Add(-1)
		g.outcomes.Add(1, dropped)
		return
	}
	g.SpanProcessor.OnEnd(s)
}

// counted notes what the collector took.
type counted struct {
	sdktrace.SpanExporter
	gate *gate
}

// ExportSpans implements [sdktrace.SpanExporter].
func (c counted) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := c.SpanExporter.ExportSpans(ctx, spans)
	c.gate.waiting.Add(-int64(len(spans)))
	outcome := delivered
	if err != nil {
		outcome = refused
	}
	c.gate.outcomes.Add(int64(len(spans)), outcome)
	return err
}

// queueSize is how many spans may wait, by the library's own variable.
func queueSize() int {
	const usual = 2048
	n, err := strconv.Atoi(os.Getenv("OTEL_BSP_MAX_QUEUE_SIZE"))
	if err != nil || n <= 0 {
		return usual
	}
	return n
}
