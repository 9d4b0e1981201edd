// Package metrics counts what a process does, and writes it in the text form that Prometheus reads. The same families go
// out by OTLP (otlp), so that nothing is counted twice.
package metrics

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The types of families.
const (
	TypeCounter   = "counter"
	TypeGauge     = "gauge"
	TypeHistogram = "histogram"
)

// Family is a metric with its samples at this moment.
type Family struct {
	Name, Help string
	Type       string // counter, gauge or histogram
	Samples    []Sample
}

// Sample is one value of a metric, or one distribution of a histogram.
type Sample struct {
	Labels       []Label
	Value        float64
	Distribution *Distribution // of histograms, nil of others
}

// Label is a name and a value.
type Label struct{ Name, Value string }

// Distribution is how many observations fell between which ends.
type Distribution struct {
	Ends   []float64 // the upper ends of the buckets; one more has none
	Counts []int64   // of each bucket by itself: one more than ends
	Sum    float64
}

// Count is the number of all observations.
func (d *Distribution) Count() int64 {
	var all int64
	for _, n := range d.Counts {
		all += n
	}
	return all
}

// name is what Prometheus reads as the name of a metric or a label.
var name = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// Valid tells whether Prometheus can read the family: one that comes from elsewhere need not be.
func (f Family) Valid() bool {
	if !name.MatchString(f.Name) || strings.Contains(f.Help, "\n") || !slices.Contains([]string{TypeCounter, TypeGauge, TypeHistogram}, f.Type) {
		return false
	}
	for _, s := range f.Samples {
		wrong := func(l Label) bool { return !name.MatchString(l.Name) || l.Name == "module" || l.Name == "le" }
		d := s.Distribution
		if slices.ContainsFunc(s.Labels, wrong) || (d != nil) != (f.Type == TypeHistogram) || d != nil && len(d.Counts) != len(d.Ends)+1 {
			return false
		}
	}
	return true
}

// One is a family of a single sample without labels.
func One(name, help, kind string, value float64) Family {
	return Family{Name: name, Help: help, Type: kind, Samples: []Sample{{Value: value}}}
}

// WithLabel returns the families with one more label on each sample.
func WithLabel(families []Family, label Label) []Family {
	labelled := make([]Family, len(families))
	for i, f := range families {
		samples := make([]Sample, len(f.Samples))
		for j, s := range f.Samples {
			samples[j] = Sample{append(slices.Clone(s.Labels), label), s.Value, s.Distribution}
		}
		labelled[i] = Family{f.Name, f.Help, f.Type, samples}
	}
	return labelled
}

// Merge brings samples of one name together, as Prometheus wants to read them: several processes count the same things.
func Merge(families []Family) []Family {
	var merged []Family
	at := map[string]int{}
	for _, f := range families {
		i, ok := at[f.Name]
		if !ok {
			at[f.Name] = len(merged)
			merged = append(merged, Family{f.Name, f.Help, f.Type, slices.Clone(f.Samples)})
			continue
		}
		if merged[i].Type == f.Type { // a module of somebody else may call something else by this name
			merged[i].Samples = append(merged[i].Samples, f.Samples...)
		}
	}
	return merged
}

// Write writes families in the text form.
func Write(w io.Writer, families []Family) error {
	var b strings.Builder
	for _, f := range families {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", f.Name, f.Help, f.Name, f.Type)
		for _, s := range f.Samples {
			if s.Distribution != nil {
				writeDistribution(&b, f.Name, s)
				continue
			}
			writeSample(&b, f.Name, s.Labels, number(s.Value))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeDistribution(b *strings.Builder, name string, s Sample) {
	var total int64
	for i, n := range s.Distribution.Counts {
		total += n
		end := "+Inf"
		if i < len(s.Distribution.Ends) {
			end = number(s.Distribution.Ends[i])
		}
		writeSample(b, name+"_bucket", append(slices.Clone(s.Labels), Label{"le", end}), strconv.FormatInt(total, 10))
	}
	writeSample(b, name+"_sum", s.Labels, number(s.Distribution.Sum))
	writeSample(b, name+"_count", s.Labels, strconv.FormatInt(total, 10))
}

func number(value float64) string { return strconv.FormatFloat(value, 'g', -1, 64) }

func writeSample(b *strings.Builder, name string, labels []Label, value string) {
	b.WriteString(name)
	for i, l := range labels {
		b.WriteByte("{,"[min(i, 1)])
		b.WriteString(l.Name + "=" + quote(l.Value))
	}
	if len(labels) > 0 {
		b.WriteByte('}')
	}
	b.WriteString(" " + value + "\n")
}

var escapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func quote(text string) string { return `"` + escapes.Replace(text) + `"` }
