package middleware

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/ibutsu/ibutsu-go/src/telemetry/metrics"
)

// Measure counts requests by the template of their route.
func Measure(requests *metrics.Requests, now func() time.Time) fiber.Handler {
	return func(c *fiber.Ctx) error {
		begin := now()
		err := c.Next()
		requests.Observe(known(c.Method()), c.Route().Path, c.Response().StatusCode(), now().Sub(begin))
		return err
	}
}

// known is a method as a text of its own: that of the request is gone with it, and clients may make up any.
func known(method string) string {
	for _, m := range []string{fiber.MethodGet, fiber.MethodPost, fiber.MethodPut, fiber.MethodDelete, fiber.MethodHead, fiber.MethodOptions, fiber.MethodPatch} {
		if m == method {
			return m
		}
	}
	return "other"
}
