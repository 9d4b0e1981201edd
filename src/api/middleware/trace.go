package middleware

import (
	"context"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/ibutsu/ibutsu-go/src/telemetry/tracing"
)

type traceKey struct{}

// traceOf is the context of the request's span. Fiber's own context is made by asking for it, which costs an allocation.
func traceOf(c *fiber.Ctx) (context.Context, bool) {
	ctx, ok := c.Context().UserValue(traceKey{}).(context.Context)
	return ctx, ok
}

// Trace makes a span of each request, below that of the client where it sends one: the route's template and the status,
// nothing that a client has written. Probes and scrapes come every few seconds, and are left out.
func Trace(tracer *tracing.Tracer) fiber.Handler {
	return func(c *fiber.Ctx) error {
		if strings.HasSuffix(c.Path(), "/health") || c.Path() == "/metrics" {
			return c.Next()
		}
		method := known(c.Method())
		// The header's bytes are another request's soon, and the trace goes on in jobs.
		parent := tracing.Parent{Traceparent: strings.Clone(c.Get(tracing.Traceparent)), Tracestate: strings.Clone(c.Get(tracing.Tracestate))}
		ctx, span := tracer.Begin(c.UserContext(), tracing.Server, method, parent)
		defer span.End()
		c.SetUserContext(ctx)
		c.Context().SetUserValue(traceKey{}, ctx)
		err := c.Next()
		route, status := c.Route().Path, c.Response().StatusCode()
		span.Rename(method + " " + route)
		span.Text("http.request.method", method)
		span.Text("http.route", route)
		span.Number("http.response.status_code", int64(status))
		span.Text("ibutsu.request_id", ID(c))
		if status >= fiber.StatusInternalServerError {
			span.Fail(strconv.Itoa(status))
		}
		return err
	}
}
