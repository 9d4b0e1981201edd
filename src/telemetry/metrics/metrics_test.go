package metrics_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/telemetry/metrics"
)

func TestRequestsInTheFormOfPrometheus(t *testing.T) {
	t.Parallel()
	var r metrics.Requests
	r.Observe("GET", "/api/run/:id", 200, 3*time.Millisecond)
	r.Observe("GET", "/api/run/:id", 404, time.Minute)
	var out strings.Builder
	require.NoError(t, r.Write(&out))
	for _, line := range []string{
		`ibutsu_http_requests_total{method="GET",route="/api/run/:id",status="200"} 1`,
		`ibutsu_http_requests_total{method="GET",route="/api/run/:id",status="404"} 1`,
		`ibutsu_http_request_duration_seconds_bucket{method="GET",route="/api/run/:id",le="0.0025"} 0`,
		`ibutsu_http_request_duration_seconds_bucket{method="GET",route="/api/run/:id",le="0.005"} 1`,
		`ibutsu_http_request_duration_seconds_bucket{method="GET",route="/api/run/:id",le="+Inf"} 2`,
		`ibutsu_http_request_duration_seconds_sum{method="GET",route="/api/run/:id"} 60.003`,
		`ibutsu_http_request_duration_seconds_count{method="GET",route="/api/run/:id"} 2`,
	} {
		require.Contains(t, out.String(), line+"\n")
	}
}

func TestFamiliesEscapeWhatTheyQuote(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, metrics.Write(&out, []metrics.Family{{"a", "Help.", "gauge", []metrics.Sample{{[]metrics.Label{{"x", "q\"\\\n"}, {"y", ""}}, 1.5}}}}))
	require.Equal(t, "# HELP a Help.\n# TYPE a gauge\na{x=\"q\\\"\\\\\\n\",y=\"\"} 1.5\n", out.String())
	require.Len(t, metrics.Runtime(), 5)
}
