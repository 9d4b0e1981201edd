// Package tracing follows a request through the rooms and processes: spans that know their parent by the context. Only the
// outermost span of a process (Tracer.Begin) needs to know whether anybody collects traces; within a trace that nobody
// collects, and without one, Start costs a look at the context and nothing else.
package tracing

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// scope names our spans among those of libraries.
const scope = "github.com/ibutsu/ibutsu-go"

// Kind is what a span stands for.
type Kind = trace.SpanKind

// The kinds of spans.
const (
	Internal = trace.SpanKindInternal
	Server   = trace.SpanKindServer   // a request that was asked of us
	Client   = trace.SpanKindClient   // a request that we ask of others
	Producer = trace.SpanKindProducer // adding a job
	Consumer = trace.SpanKindConsumer // working on one
)

// Parent is a span of another process, or of another time, in the form of W3C Trace Context.
type Parent struct{ Traceparent, Tracestate string }

// The names under which a Parent travels.
const (
	Traceparent = "traceparent"
	Tracestate  = "tracestate"
)

// Get implements [propagation.TextMapCarrier].
func (p *Parent) Get(key string) string {
	switch key {
	case Traceparent:
		return p.Traceparent
	case Tracestate:
		return p.Tracestate
	}
	return ""
}

// Set implements [propagation.TextMapCarrier].
func (p *Parent) Set(key, value string) {
	switch key {
	case Traceparent:
		p.Traceparent = value
	case Tracestate:
		p.Tracestate = value
	}
}

// Keys implements [propagation.TextMapCarrier].
func (p *Parent) Keys() []string { return []string{Traceparent, Tracestate} }

// Current is the span of ctx, for another process to go on from; zero where there is none.
func Current(ctx context.Context) Parent {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return Parent{}
	}
	p := new(Parent) // here, so that it costs nothing where there is none
	propagation.TraceContext{}.Inject(ctx, p)
	return *p
}

// IDs are the ids of the trace and the span of ctx as log lines have them; ok is false where there is none.
func IDs(ctx context.Context) (traceID, spanID string, ok bool) {
	c := trace.SpanContextFromContext(ctx)
	if !c.IsValid() {
		return "", "", false
	}
	return c.TraceID().String(), c.SpanID().String(), true
}

// Tracer begins the outermost spans of a process. nil begins none.
type Tracer struct{ tracer trace.Tracer }

// NewTracer makes a tracer whose spans go to the provider, and with them those below.
func NewTracer(provider trace.TracerProvider) *Tracer { return &Tracer{provider.Tracer(scope)} }

// Begin begins a span below one of elsewhere, or a trace where there is none. Whether it is collected is the sampler's
// decision; that it is not goes along with the context, too, so that a job of the request is not collected either.
func (t *Tracer) Begin(ctx context.Context, kind Kind, name string, from Parent) (context.Context, Span) {
	if t == nil {
		return ctx, Span{}
	}
	if from.Traceparent != "" {
		ctx = propagation.TraceContext{}.Extract(ctx, &from)
	}
	ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(kind)) //nolint:spancheck // who begins it ends it
	return ctx, Span{span}                                           //nolint:spancheck
}

// Start begins a span below that of ctx, which is collected. Without one there is none.
func Start(ctx context.Context, kind Kind, name string) (context.Context, Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, Span{}
	}
	ctx, span := parent.TracerProvider().Tracer(scope).Start(ctx, name, trace.WithSpanKind(kind)) //nolint:spancheck // who begins it ends it
	return ctx, Span{span}                                                                        //nolint:spancheck
}

// Join begins one span for what several others wait for: below the first of them, and linked with all. Without any of
// them there is none.
func Join(ctx context.Context, name string, waiting []Span) (context.Context, Span) {
	if len(waiting) == 0 {
		return ctx, Span{}
	}
	ctx, joint := Start(trace.ContextWithSpan(ctx, waiting[0].span), Internal, name)
	for _, w := range waiting {
		joint.span.AddLink(trace.Link{SpanContext: w.span.SpanContext()})
		w.span.AddLink(trace.Link{SpanContext: joint.span.SpanContext()})
	}
	return ctx, joint
}

// Recording tells whether the span of ctx is collected: whether what describes it is worth being made.
func Recording(ctx context.Context) bool { return trace.SpanFromContext(ctx).IsRecording() }

// Of is the span of ctx, if it is collected.
func Of(ctx context.Context) Span {
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		return Span{span}
	}
	return Span{}
}

// Span is a piece of work. The zero Span is none, and takes everything.
type Span struct{ span trace.Span }

// Recording tells whether it is collected.
func (s Span) Recording() bool { return s.span != nil && s.span.IsRecording() }

// Rename gives it another name, which is known only now.
func (s Span) Rename(name string) {
	if s.Recording() {
		s.span.SetName(name)
	}
}

// Text describes it. Secrets, and what users have written, do not belong into a trace.
func (s Span) Text(key, value string) {
	if s.Recording() {
		s.span.SetAttributes(attribute.String(key, value))
	}
}

// Number describes it by a number.
func (s Span) Number(key string, value int64) {
	if s.Recording() {
		s.span.SetAttributes(attribute.Int64(key, value))
	}
}

// Fail says that it failed, and by what kind of error: the text of an error may hold what a trace must not.
func (s Span) Fail(kind string) {
	if s.Recording() {
		s.span.SetAttributes(attribute.String("error.type", kind))
		s.span.SetStatus(codes.Error, "")
	}
}

// End ends it.
func (s Span) End() {
	if s.span != nil {
		s.span.End()
	}
}
