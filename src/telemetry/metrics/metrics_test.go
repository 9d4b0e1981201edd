package metrics_test

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/telemetry/metrics"
)

func text(t *testing.T, families ...metrics.Family) string {
	t.Helper()
	var out strings.Builder
	require.NoError(t, metrics.Write(&out, families))
	return out.String()
}

func TestRequestsInTheFormOfPrometheus(t *testing.T) {
	t.Parallel()
	r := metrics.NewRequests()
	r.Observe("GET", "/api/run/:id", 200, 3*time.Millisecond)
	r.Observe("GET", "/api/run/:id", 404, time.Minute)
	out := text(t, r.Families()...)
	for _, line := range []string{
		"# TYPE ibutsu_http_requests_total counter",
		"# TYPE ibutsu_http_request_duration_seconds histogram",
		`ibutsu_http_requests_total{method="GET",route="/api/run/:id",status="200"} 1`,
		`ibutsu_http_requests_total{method="GET",route="/api/run/:id",status="404"} 1`,
		`ibutsu_http_request_duration_seconds_bucket{method="GET",route="/api/run/:id",le="0.0025"} 0`,
		`ibutsu_http_request_duration_seconds_bucket{method="GET",route="/api/run/:id",le="0.005"} 1`,
		`ibutsu_http_request_duration_seconds_bucket{method="GET",route="/api/run/:id",le="+Inf"} 2`,
		`ibutsu_http_request_duration_seconds_sum{method="GET",route="/api/run/:id"} 60.003`,
		`ibutsu_http_request_duration_seconds_count{method="GET",route="/api/run/:id"} 2`,
	} {
		require.Contains(t, out, line+"\n")
	}
}

func TestFamiliesEscapeWhatTheyQuote(t *testing.T) {
	t.Parallel()
	out := text(t, metrics.Family{Name: "a", Help: "Help.", Type: metrics.TypeGauge, Samples: []metrics.Sample{
		{Labels: []metrics.Label{{Name: "x", Value: "q\"\\\n"}, {Name: "y", Value: ""}}, Value: 1.5},
	}})
	require.Equal(t, "# HELP a Help.\n# TYPE a gauge\na{x=\"q\\\"\\\\\\n\",y=\"\"} 1.5\n", out)
	require.Len(t, metrics.Runtime(), 5)
}

// Prometheus refuses a page on which a metric comes twice.
func TestWhatSeveralProcessesCountStandsTogether(t *testing.T) {
	t.Parallel()
	one := []metrics.Family{metrics.One("a", "A.", metrics.TypeGauge, 1), metrics.One("b", "B.", metrics.TypeCounter, 2)}
	other := metrics.WithLabel(append(one, metrics.One("b", "Not the same.", metrics.TypeGauge, 3)), metrics.Label{Name: "module", Value: "worker"})
	require.Equal(t, "# HELP a A.\n# TYPE a gauge\na 1\na{module=\"worker\"} 1\n# HELP b B.\n# TYPE b counter\nb 2\nb{module=\"worker\"} 2\n",
		text(t, metrics.Merge(append(one, other...))...))
}

func TestNothingIsLostAmongManyAndNothingGrowsWithoutEnd(t *testing.T) {
	t.Parallel()
	c := metrics.NewCounter("c_total", "C.", "name")
	h := metrics.NewHistogram("h", "H.", []float64{1, 2})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 5000 {
				c.Add(1, strconv.Itoa(i))
				h.Observe(0.5)
			}
		})
	}
	all.Wait()
	samples := c.Family().Samples
	require.Len(t, samples, 2001)
	total := 0.0
	for _, s := range samples {
		total += s.Value
	}
	require.InEpsilon(t, 40000, total, 1e-9)
	d := h.Family().Samples[0].Distribution
	require.Equal(t, []int64{40000, 0, 0}, d.Counts)
	require.Equal(t, int64(40000), d.Count())
	require.InEpsilon(t, 20000, d.Sum, 1e-9)
}

// Each request is counted: that must cost no memory.
func TestCountingAllocatesNothing(t *testing.T) {
	t.Parallel()
	r := metrics.NewRequests()
	require.Zero(t, allocations(func() { r.Observe("GET", "/api/run/:id", 200, time.Millisecond) }))
}

func allocations(f func()) int64 {
	return testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f()
		}
	}).AllocsPerOp()
}
