package middleware

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/rs/zerolog"
)

// AccessLog writes a line for each request once it is answered. user says who asked, "" where nobody is known. A probe
// of the health that went well is logged at debug level: orchestrators send one every few seconds.
func AccessLog(log zerolog.Logger, now func() time.Time, user func(*fiber.Ctx) string) fiber.Handler {
	return func(c *fiber.Ctx) error {
		start := now()
		err := c.Next()
		if err != nil {
			// Only the error handler knows the status of an error.
			if err := c.App().ErrorHandler(c, err); err != nil {
				return err
			}
		}
		status := c.Response().StatusCode()
		level := zerolog.InfoLevel
		if status < fiber.StatusBadRequest && strings.HasSuffix(c.Path(), "/health") {
			level = zerolog.DebugLevel
		}
		event := log.WithLevel(level)
		if !event.Enabled() {
			return nil
		}
		route := c.Route().Path
		if ctx, traced := traceOf(c); traced {
			event.Ctx(ctx) // for the ids
		}
		event.Str("request_id", ID(c)).
			Str("method", c.Method()).
			Str("route", route).
			Str("path", loggable(c, route)).
			Int("status", status).
			Int("bytes", written(c)).
			Dur("duration", now().Sub(start)).
			Str("client", c.IP())
		if user := user(c); user != "" {
			event.Str("user", user)
		}
		event.Msg("request")
		return nil
	}
}

func written(c *fiber.Ctx) int {
	if c.Response().IsBodyStream() {
		return max(0, c.Response().Header.ContentLength())
	}
	return len(c.Response().Body())
}

// maxPath bounds a path in the log.
const maxPath = 2048

// secretParameters are the keys of a query string whose values open a door.
var secretParameters = []string{"access_token", "activation_code", "api_key", "authorization", "code", "id_token", "password", "secret", "state", "token"}

// secretRoutes carry a secret in the path itself.
var secretRoutes = []string{":activation_code"}

// loggable returns the path and query of a request without what must not stand in a log.
func loggable(c *fiber.Ctx, route string) string {
	path := string(c.Request().URI().PathOriginal())
	if slices.ContainsFunc(secretRoutes, func(s string) bool { return strings.Contains(route, s) }) {
		path = route
	}
	if query := string(c.Request().URI().QueryString()); query != "" {
		path += "?" + withoutSecrets(query)
	}
	if len(path) > maxPath {
		path = path[:maxPath] + "…"
	}
	return strings.ToValidUTF8(path, "�")
}

func withoutSecrets(query string) string {
	parts := strings.Split(query, "&")
	for i, part := range parts {
		key, _, found := strings.Cut(part, "=")
		name, err := url.QueryUnescape(key)
		if found && (err != nil || slices.Contains(secretParameters, strings.ToLower(name))) {
			parts[i] = key + "=…"
		}
	}
	return strings.Join(parts, "&")
}
