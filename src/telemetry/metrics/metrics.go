// Package metrics counts what a server does and writes it in the text form that Prometheus reads.
package metrics

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Sample is one value of a metric.
type Sample struct {
	Labels []Label
	Value  float64
}

// Label is a name and a value.
type Label struct{ Name, Value string }

// Family is a metric with its samples at this moment.
type Family struct {
	Name, Help string
	Type       string // counter or gauge
	Samples    []Sample
}

// Write writes families in the text form.
func Write(w io.Writer, families []Family) error {
	var b strings.Builder
	for _, f := range families {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", f.Name, f.Help, f.Name, f.Type)
		for _, s := range f.Samples {
			writeSample(&b, f.Name, s.Labels, strconv.FormatFloat(s.Value, 'g', -1, 64))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

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

// Buckets are the upper ends of the latencies that are told apart, in seconds.
var Buckets = [...]float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}

// Requests counts requests by method, route and status, and how long they took by method and route. Safe for concurrent
// use; a request costs one look-up and a few additions.
type Requests struct {
	counts  sync.Map // requestKey → *atomic.Int64
	latency sync.Map // routeKey → *histogram
}

type requestKey struct {
	method, route string
	status        int
}

type routeKey struct{ method, route string }

type histogram struct {
	buckets [len(Buckets) + 1]atomic.Int64
	nanos   atomic.Int64
}

// Observe counts a request. route is the template of the route: its number is bounded, that of the paths is not. The
// texts must stay as they are.
func (r *Requests) Observe(method, route string, status int, took time.Duration) {
	key := requestKey{method, route, status}
	n, ok := r.counts.Load(key)
	if !ok {
		n, _ = r.counts.LoadOrStore(key, new(atomic.Int64))
	}
	n.(*atomic.Int64).Add(1)
	of := routeKey{method, route}
	h, ok := r.latency.Load(of)
	if !ok {
		h, _ = r.latency.LoadOrStore(of, new(histogram))
	}
	seconds, bucket := took.Seconds(), 0
	for bucket < len(Buckets) && seconds > Buckets[bucket] {
		bucket++
	}
	h.(*histogram).buckets[bucket].Add(1)
	h.(*histogram).nanos.Add(int64(took))
}

// Write writes both metrics in the text form.
func (r *Requests) Write(w io.Writer) error {
	var lines []string
	r.counts.Range(func(k, v any) bool {
		key := k.(requestKey)
		var b strings.Builder
		writeSample(&b, "ibutsu_http_requests_total",
			[]Label{{"method", key.method}, {"route", key.route}, {"status", strconv.Itoa(key.status)}}, strconv.FormatInt(v.(*atomic.Int64).Load(), 10))
		lines = append(lines, b.String())
		return true
	})
	slices.Sort(lines)
	var histograms []string
	r.latency.Range(func(k, v any) bool {
		histograms = append(histograms, v.(*histogram).text(k.(routeKey)))
		return true
	})
	slices.Sort(histograms)
	_, err := io.WriteString(w, "# HELP ibutsu_http_requests_total Requests that were answered.\n# TYPE ibutsu_http_requests_total counter\n"+strings.Join(lines, "")+
		"# HELP ibutsu_http_request_duration_seconds How long requests took.\n# TYPE ibutsu_http_request_duration_seconds histogram\n"+strings.Join(histograms, ""))
	return err
}

func (h *histogram) text(key routeKey) string {
	var b strings.Builder
	const name = "ibutsu_http_request_duration_seconds"
	labels := []Label{{"method", key.method}, {"route", key.route}}
	total := int64(0)
	for i := range h.buckets {
		total += h.buckets[i].Load()
		end := "+Inf"
		if i < len(Buckets) {
			end = strconv.FormatFloat(Buckets[i], 'g', -1, 64)
		}
		writeSample(&b, name+"_bucket", append(slices.Clone(labels), Label{"le", end}), strconv.FormatInt(total, 10))
	}
	writeSample(&b, name+"_sum", labels, strconv.FormatFloat(time.Duration(h.nanos.Load()).Seconds(), 'g', -1, 64))
	writeSample(&b, name+"_count", labels, strconv.FormatInt(total, 10))
	return b.String()
}
