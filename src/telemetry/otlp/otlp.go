// Package otlp sends traces and metrics to a collector of OpenTelemetry by OTLP over HTTP. It does so beside the work: a
// collector that is slow or away costs what it would have been sent, and nothing else.
package otlp

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/ibutsu/ibutsu-go/src/telemetry/metrics"
	"github.com/ibutsu/ibutsu-go/src/telemetry/tracing"
)

// Options say what goes where. The variables OTEL_* of the environment are the library's own settings, and keep the meaning
// that its documentation gives them.
type Options struct {
	// Endpoint is the root of the collector, as OTEL_EXPORTER_OTLP_ENDPOINT.
	Endpoint string
	// Service is the name of this process where OTEL_SERVICE_NAME gives none, Version that of the program.
	Service, Version string
	// Families are what this process counts.
	Families func(context.Context) []metrics.Family
	Log      zerolog.Logger
	Now      func() time.Time
}

// Exporter sends what this process tells. nil sends nothing.
type Exporter struct {
	traces *sdktrace.TracerProvider // nil: none are sent
	meters *sdkmetric.MeterProvider // nil: none are sent
	spans  *gate
	errors *metrics.Counter
}

// Open begins to send; nil where nobody collects anything.
func Open(ctx context.Context, o Options) (*Exporter, error) {
	// Not a setting of ours: the library asks for these variables by itself, and we ask for those that it leaves to us.
	traces, measures := endpointOf("TRACES", o.Endpoint), endpointOf("METRICS", o.Endpoint)
	if disabled, _ := strconv.ParseBool(os.Getenv("OTEL_SDK_DISABLED")); disabled || traces == "" && measures == "" {
		return nil, nil
	}
	about, err := describe(ctx, o)
	if err != nil {
		return nil, err
	}
	e := newExporter(o.Log, o.Now)
	if traces != "" {
		err = e.openTraces(ctx, traces, about)
	}
	if err == nil && measures != "" {
		err = e.openMetrics(ctx, measures, about, o)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sending telemetry to %s: %w", o.Endpoint, err), e.Close(ctx))
	}
	o.Log.Info().Str("traces", traces).Str("metrics", measures).Msg("telemetry is sent by OTLP")
	return e, nil
}

// endpointOf is where a kind of signal goes; "" means nowhere.
func endpointOf(signal, root string) string {
	if exporter := os.Getenv("OTEL_" + signal + "_EXPORTER"); exporter != "" && exporter != "otlp" {
		return "" // none; the others are not linked in
	}
	if own := os.Getenv("OTEL_EXPORTER_OTLP_" + signal + "_ENDPOINT"); own != "" {
		return own
	}
	if root == "" {
		return ""
	}
	endpoint, err := url.JoinPath(root, "v1", strings.ToLower(signal))
	if err != nil {
		return ""
	}
	return endpoint
}

func newExporter(log zerolog.Logger, now func() time.Time) *Exporter {
	e := &Exporter{spans: newGate(queueSize()), errors: metrics.NewCounter("ibutsu_otlp_errors_total", "How often telemetry could not be delivered.")}
	// The library knows one handler for the whole process.
	otel.SetErrorHandler(&complaints{log: log, now: now, errors: e.errors})
	return e
}

func (e *Exporter) openTraces(ctx context.Context, endpoint string, about *resource.Resource) error {
	client, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint))
	if err != nil {
		return err
	}
	e.spans.open(client)
	e.traces = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(e.spans), sdktrace.WithResource(about))
	return nil
}

func (e *Exporter) openMetrics(ctx context.Context, endpoint string, about *resource.Resource, o Options) error {
	client, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(endpoint))
	if err != nil {
		return err
	}
	p := &producer{families: o.Families, begun: o.Now(), now: o.Now}
	e.meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(client, sdkmetric.WithProducer(p))), sdkmetric.WithResource(about))
	return nil
}

// describe says which process this is. What the environment says wins.
func describe(ctx context.Context, o Options) (*resource.Resource, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	pid := os.Getpid()
	about, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(
		attribute.String("service.name", o.Service), attribute.String("service.version", o.Version),
		attribute.String("service.instance.id", host+":"+strconv.Itoa(pid)),
		attribute.String("host.name", host), attribute.Int("process.pid", pid),
	), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	return about, nil
}

// Tracer begins the traces of this process; nil where none are sent.
func (e *Exporter) Tracer() *tracing.Tracer {
	if e == nil || e.traces == nil {
		return nil
	}
	return tracing.NewTracer(e.traces)
}

// Families are what became of what was to be sent.
func (e *Exporter) Families() []metrics.Family {
	if e == nil {
		return nil
	}
	return []metrics.Family{e.spans.outcomes.Family(), e.errors.Family()}
}

// farewell is how long the end of a process may take for what was not sent yet.
const farewell = time.Second

// Close sends what is left, within a second: the end of a process is not delayed by a collector that is away.
func (e *Exporter) Close(ctx context.Context) error {
	if e == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	var err error
	if e.traces != nil {
		err = e.traces.Shutdown(ctx)
	}
	if e.meters != nil {
		err = errors.Join(err, e.meters.Shutdown(ctx))
	}
	return err
}

// complaints puts the library's errors into the log: one a minute, since a collector that is away makes many.
type complaints struct {
	log    zerolog.Logger
	now    func() time.Time
	errors *metrics.Counter
	last   atomic.Int64 // unix seconds
}

// Handle implements [otel.ErrorHandler].
func (c *complaints) Handle(err error) {
	c.errors.Add(1)
	now := c.now().Unix()
	if last := c.last.Load(); now-last >= 60 && c.last.CompareAndSwap(last, now) {
		c.log.Warn().Err(err).Msg("telemetry cannot be delivered")
	}
}
