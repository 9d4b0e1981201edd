package tracing

import (
	"net/http"
	"strconv"
)

// Transport makes a span of each request that a client sends, and hands the trace on.
type Transport struct{ Base http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (t Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, span := Start(r.Context(), Client, r.Method)
	if !span.Recording() {
		return t.Base.RoundTrip(r)
	}
	defer span.End()
	span.Text("http.request.method", r.Method)
	span.Text("server.address", r.URL.Host)
	r = r.Clone(ctx)
	from := Current(ctx)
	r.Header.Set(Traceparent, from.Traceparent) //nolint:canonicalheader // as the standard spells it
	if from.Tracestate != "" {
		r.Header.Set(Tracestate, from.Tracestate) //nolint:canonicalheader // as the standard spells it
	}
	answer, err := t.Base.RoundTrip(r)
	if err != nil {
		span.Fail("no answer")
		return nil, err
	}
	span.Number("http.response.status_code", int64(answer.StatusCode))
	if answer.StatusCode >= http.StatusInternalServerError {
		span.Fail(strconv.Itoa(answer.StatusCode))
	}
	return answer, nil
}
