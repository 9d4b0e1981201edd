package api

import (
	"bytes"
	"context"
	"crypto/subtle"
	"io"
	"net/http"

	"github.com/gofiber/fiber/v2"

	"github.com/ibutsu/ibutsu-go/src/api/middleware"
)

// metricsPath is where Prometheus looks by itself.
const metricsPath = "/metrics"

// Measurements write what a server counts in the text form of Prometheus.
type Measurements func(ctx context.Context, w io.Writer) error

// metrics answers who has the token for it, and superadmins: routes and queues tell much about an organisation.
func (s *Server) metrics(write Measurements, secret string) fiber.Handler {
	return func(c *fiber.Ctx) error {
		token, _ := middleware.Bearer(c)
		if secret == "" || subtle.ConstantTimeCompare([]byte(token), []byte(secret)) == 0 {
			who, err := s.authenticate(c)
			if err != nil {
				return err
			}
			if !who.IsSuperadmin() {
				return problem(http.StatusForbidden, "Only superadmins may do this")
			}
		}
		var text bytes.Buffer
		if err := write(c.UserContext(), &text); err != nil {
			return err
		}
		c.Set(fiber.HeaderContentType, "text/plain; version=0.0.4; charset=utf-8")
		return c.Send(text.Bytes())
	}
}
