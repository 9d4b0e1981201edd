package metrics

import (
	"strconv"
	"time"
)

// Latencies are the upper ends of what is told apart of requests, in seconds.
var Latencies = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}

// Requests counts requests by method, route and status, and how long they took by method and route. Safe for concurrent
// use; a request costs two look-ups and a few additions.
type Requests struct {
	counts  *Counter
	latency *Histogram
}

// NewRequests counts from nought.
func NewRequests() *Requests {
	return &Requests{
		counts:  NewCounter("ibutsu_http_requests_total", "Requests that were answered.", "method", "route", "status"),
		latency: NewHistogram("ibutsu_http_request_duration_seconds", "How long requests took.", Latencies, "method", "route"),
	}
}

// statuses are the texts of all statuses that there are: making one for each request would cost an allocation.
var statuses = func() (texts [600]string) {
	for i := range texts {
		texts[i] = strconv.Itoa(i)
	}
	return texts
}()

// Observe counts a request. route is the template of the route: its number is bounded, that of the paths is not. The
// texts must stay as they are.
func (r *Requests) Observe(method, route string, status int, took time.Duration) {
	r.counts.Add(1, method, route, statuses[min(max(status, 0), len(statuses)-1)])
	r.latency.Observe(took.Seconds(), method, route)
}

// Families are both metrics.
func (r *Requests) Families() []Family { return []Family{r.counts.Family(), r.latency.Family()} }
