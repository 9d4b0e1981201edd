package middleware

import (
	"strings"

	"github.com/gofiber/fiber/v2"
)

// Bearer returns the token of a request. scheme says whether there was an Authorization header of that scheme at all.
func Bearer(c *fiber.Ctx) (token string, scheme bool) {
	header := c.Get(fiber.HeaderAuthorization)
	name, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(name, "bearer") {
		return "", false
	}
	return strings.TrimSpace(token), true
}
