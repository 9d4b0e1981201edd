package middleware

import (
	"slices"

	"github.com/gofiber/fiber/v2"
)

// CORS lets pages of other origins use the API: all of them, or those that are named. Requests carry their token in a
// header, never in a cookie, so that an open door lets nobody act for somebody else.
func CORS(origins []string) fiber.Handler {
	all := len(origins) == 0 || slices.Contains(origins, "*")
	return func(c *fiber.Ctx) error {
		origin := c.Get(fiber.HeaderOrigin)
		if origin == "" {
			return c.Next()
		}
		// Before the operation runs, so that errors have the headers too: without them a browser shows its page a
		// network error instead of a 401.
		switch {
		case all:
			c.Set(fiber.HeaderAccessControlAllowOrigin, "*")
		case slices.Contains(origins, origin):
			c.Set(fiber.HeaderAccessControlAllowOrigin, origin)
			c.Vary(fiber.HeaderOrigin)
		default:
			c.Vary(fiber.HeaderOrigin)
			return c.Next()
		}
		c.Set(fiber.HeaderAccessControlExposeHeaders, "Content-Disposition, Retry-After, "+HeaderRequestID)
		if c.Method() != fiber.MethodOptions || c.Get(fiber.HeaderAccessControlRequestMethod) == "" {
			return c.Next()
		}
		c.Set(fiber.HeaderAccessControlAllowMethods, "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT")
		c.Set(fiber.HeaderAccessControlMaxAge, "600")
		if headers := c.Get(fiber.HeaderAccessControlRequestHeaders); headers != "" {
			c.Set(fiber.HeaderAccessControlAllowHeaders, headers)
			c.Vary(fiber.HeaderAccessControlRequestHeaders)
		}
		c.Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
		return c.Status(fiber.StatusOK).SendString("OK")
	}
}
