package api

import (
	"html"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
)

// unknown answers a request that no route is for: the page to a browser outside the API, a redirect where only a slash at the end is too much, 405 where the path
// has other methods, else 404.
func (s *Server) unknown(c *fiber.Ctx) error {
	if s.wantsPage(c) {
		return s.page(c)
	}
	path := strings.Clone(c.Path())
	below, ours := strings.CutPrefix(path, contract.BasePath)
	if ours && strings.HasSuffix(below, "/") && s.contract.Knows(strings.TrimSuffix(below, "/")) {
		to := c.BaseURL() + s.base + strings.TrimSuffix(path, "/")
		if query := string(c.Request().URI().QueryString()); query != "" {
			to += "?" + query
		}
		return redirect(c, to, http.StatusTemporaryRedirect)
	}
	if allowed := s.methods(path, below, ours); allowed != "" {
		c.Set(fiber.HeaderAllow, allowed)
		return problem(http.StatusMethodNotAllowed, "Method %s is not allowed here", c.Method())
	}
	return problem(http.StatusNotFound, "Nothing is found at this address")
}

// methods lists the methods of a path.
func (s *Server) methods(path, below string, ours bool) string {
	if ours {
		return strings.Join(s.contract.Methods(below), ", ")
	}
	if path == runTaskPath {
		return fiber.MethodPost
	}
	return ""
}

// redirect sends a client on. The body is for those who read it.
func redirect(c *fiber.Ctx, to string, status int) error {
	c.Set(fiber.HeaderLocation, to)
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	return c.Status(status).SendString("<!doctype html><title>Redirect</title><p>Go on to " + html.EscapeString(to) + "</p>\n")
}
