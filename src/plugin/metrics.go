package plugin

import (
	"maps"
	"slices"

	"github.com/ibutsu/ibutsu-go/src/plugin/proto"
	"github.com/ibutsu/ibutsu-go/src/telemetry/metrics"
)

const (
	// mostMetrics and mostSamples bound what a module may add to the page of its host.
	mostMetrics = 200
	mostSamples = 1000
)

func metricsToProto(families []metrics.Family) []*proto.Metric {
	all := make([]*proto.Metric, len(families))
	for i, f := range families {
		m := &proto.Metric{Name: f.Name, Help: f.Help, Type: f.Type}
		for _, s := range f.Samples {
			sample := &proto.Sample{Value: s.Value, Labels: map[string]string{}}
			for _, l := range s.Labels {
				sample.Labels[l.Name] = l.Value
			}
			if d := s.Distribution; d != nil {
				sample.Buckets = &proto.Distribution{Ends: d.Ends, Counts: d.Counts, Sum: d.Sum}
			}
			m.Samples = append(m.Samples, sample)
		}
		all[i] = m
	}
	return all
}

// metricsFromProto reads what a module counts, and leaves out what Prometheus would not read: one wrong line would hide
// the whole page.
func metricsFromProto(given []*proto.Metric) []metrics.Family {
	var all []metrics.Family
	for _, m := range given[:min(len(given), mostMetrics)] {
		f := metrics.Family{Name: m.GetName(), Help: m.GetHelp(), Type: m.GetType()}
		for _, s := range m.GetSamples()[:min(len(m.GetSamples()), mostSamples)] {
			sample := metrics.Sample{Value: s.GetValue()}
			for _, name := range slices.Sorted(maps.Keys(s.GetLabels())) {
				sample.Labels = append(sample.Labels, metrics.Label{Name: name, Value: s.GetLabels()[name]})
			}
			if d := s.GetBuckets(); d != nil {
				sample.Distribution = &metrics.Distribution{Ends: d.GetEnds(), Counts: d.GetCounts(), Sum: d.GetSum()}
			}
			f.Samples = append(f.Samples, sample)
		}
		if f.Valid() {
			all = append(all, f)
		}
	}
	return all
}
