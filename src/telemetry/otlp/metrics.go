package otlp

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/ibutsu/ibutsu-go/src/telemetry/metrics"
)

// producer gives the library what /metrics shows, so that no instrument is there twice.
type producer struct {
	families func(context.Context) []metrics.Family
	begun    time.Time // since when is counted
	now      func() time.Time
}

// Produce implements [sdkmetric.Producer].
func (p *producer) Produce(ctx context.Context) ([]metricdata.ScopeMetrics, error) {
	scope := metricdata.ScopeMetrics{Scope: instrumentation.Scope{Name: "github.com/ibutsu/ibutsu-go"}}
	now := p.now()
	for _, f := range metrics.Merge(p.families(ctx)) {
		m := metricdata.Metrics{Name: f.Name, Description: f.Help}
		switch f.Type {
		case metrics.TypeCounter:
			m.Data = metricdata.Sum[float64]{DataPoints: p.points(f, now), Temporality: metricdata.CumulativeTemporality, IsMonotonic: true}
		case metrics.TypeHistogram:
			m.Data = metricdata.Histogram[float64]{DataPoints: p.distributions(f, now), Temporality: metricdata.CumulativeTemporality}
		default:
			m.Data = metricdata.Gauge[float64]{DataPoints: p.points(f, now)}
		}
		scope.Metrics = append(scope.Metrics, m)
	}
	return []metricdata.ScopeMetrics{scope}, nil
}

func (p *producer) points(f metrics.Family, now time.Time) []metricdata.DataPoint[float64] {
	points := make([]metricdata.DataPoint[float64], len(f.Samples))
	for i, s := range f.Samples {
		points[i] = metricdata.DataPoint[float64]{Attributes: attributes(s.Labels), StartTime: p.begun, Time: now, Value: s.Value}
	}
	return points
}

func (p *producer) distributions(f metrics.Family, now time.Time) []metricdata.HistogramDataPoint[float64] {
	var points []metricdata.HistogramDataPoint[float64]
	for _, s := range f.Samples {
		if s.Distribution == nil {
			continue
		}
		counts := make([]uint64, len(s.Distribution.Counts))
		for i, n := range s.Distribution.Counts {
			counts[i] = uint64(max(0, n))
		}
		points = append(points, metricdata.HistogramDataPoint[float64]{
			Attributes: attributes(s.Labels), StartTime: p.begun, Time: now, Count: uint64(max(0, s.Distribution.Count())),
			Bounds: s.Distribution.Ends, BucketCounts: counts, Sum: s.Distribution.Sum,
		})
	}
	return points
}

func attributes(labels []metrics.Label) attribute.Set {
	all := make([]attribute.KeyValue, len(labels))
	for i, l := range labels {
		all[i] = attribute.String(l.Name, l.Value)
	}
	return attribute.NewSet(all...)
}
