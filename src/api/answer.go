package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/api/encode"
	"github.com/ibutsu/ibutsu-go/src/api/middleware"
	"github.com/ibutsu/ibutsu-go/src/artifact"
	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/ingest"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// refusalError is the answer of an operation that does not do what it was asked for.
type refusalError struct {
	Status  int
	Message string // for a person
	style   style
	cause   error // for the log
	after   int   // seconds until the next try is worth it; 0 says nothing
}

// style is how a refusal is written.
type style int

const (
	asMessage style = iota // a JSON string: what an operation finds
	asProblem              // a problem document: what is found before it starts, and whatever is the server's own fault
	asText                 // bare text: where content was asked for
)

func (r *refusalError) Error() string {
	if r.cause != nil {
		return fmt.Sprintf("%d %s: %v", r.Status, r.Message, r.cause)
	}
	return fmt.Sprintf("%d %s", r.Status, r.Message)
}

func (r *refusalError) Unwrap() error { return r.cause }

// refuse answers with a JSON string.
func refuse(status int, format string, args ...any) error {
	return &refusalError{Status: status, Message: fmt.Sprintf(format, args...)}
}

// problem answers with a problem document.
func problem(status int, format string, args ...any) error {
	return &refusalError{Status: status, Message: fmt.Sprintf(format, args...), style: asProblem}
}

// asContent turns an operation's refusal into the bare text that those get who asked for content.
func asContent(err error) error {
	if err == nil {
		return nil
	}
	r := *refusalOf(err)
	if r.style == asMessage {
		r.style = asText
	}
	return &r
}

// refusalOf finds the answer to an error of any room.
func refusalOf(err error) *refusalError {
	var (
		r         *refusalError
		violation *contract.ViolationError
		tooLarge  *contract.RangeError
		unusable  *filter.Error
		fiberErr  *fiber.Error
		tooMany   *auth.TooManyError
	)
	switch {
	case errors.As(err, &r):
		return r
	case errors.As(err, &violation):
		return &refusalError{Status: violation.Status, Message: violation.Detail, style: asProblem}
	case errors.As(err, &tooLarge):
		// Clients have always been answered this by the operation itself, and so by a text.
		return &refusalError{Status: http.StatusBadRequest, Message: "Bad request, " + tooLarge.Detail}
	case errors.As(err, &unusable):
		return &refusalError{Status: http.StatusBadRequest, Message: unusable.Error(), style: asProblem}
	case errors.As(err, &fiberErr):
		return &refusalError{Status: fiberErr.Code, Message: fiberErr.Message, style: asProblem}
	case errors.Is(err, auth.ErrUnauthenticated):
		return &refusalError{Status: http.StatusUnauthorized, Message: "The token is not valid: it is not one of this server's, or it has expired or been revoked", style: asProblem, cause: err}
	case errors.Is(err, auth.ErrForbidden):
		return &refusalError{Status: http.StatusForbidden, Message: "Forbidden"}
	case errors.As(err, &tooMany):
		return &refusalError{Status: http.StatusTooManyRequests, Message: "Too many attempts", style: asProblem, after: int(tooMany.After.Seconds()) + 1}
	case errors.Is(err, middleware.ErrTooLarge):
		return &refusalError{Status: http.StatusRequestEntityTooLarge, Message: "The body is larger than the server takes", style: asProblem}
	case errors.Is(err, ingest.ErrBusy):
		return &refusalError{Status: http.StatusTooManyRequests, Message: "More is written at the moment than the database takes", style: asProblem, after: 1}
	case errors.Is(err, ingest.ErrClosed):
		return &refusalError{Status: http.StatusServiceUnavailable, Message: "The server is about to end", style: asProblem, after: 2}
	case errors.Is(err, artifact.ErrUnavailable):
		return &refusalError{Status: http.StatusServiceUnavailable, Message: "The store of artifacts does not answer", style: asProblem, cause: err, after: 5}
	case errors.Is(err, store.ErrUnavailable):
		return &refusalError{Status: http.StatusServiceUnavailable, Message: "The database does not answer", style: asProblem, cause: err, after: 2}
	case errors.Is(err, store.ErrTimeout):
		return &refusalError{Status: http.StatusGatewayTimeout, Message: "The database took too long; a filter that matches less may help", style: asProblem, cause: err}
	case errors.Is(err, store.ErrInvalid):
		return &refusalError{Status: http.StatusBadRequest, Message: "Bad request, the database refuses a value: it is too long, out of range or of the wrong kind", cause: err}
	case errors.Is(err, store.ErrReference):
		return &refusalError{Status: http.StatusBadRequest, Message: "Bad request, something that it refers to does not exist", cause: err}
	case errors.Is(err, store.ErrConflict):
		return &refusalError{Status: http.StatusConflict, Message: "There is one with this id or name already", cause: err}
	case errors.Is(err, store.ErrNotFound):
		return &refusalError{Status: http.StatusNotFound, Message: "Not Found", cause: err}
	}
	return &refusalError{Status: http.StatusInternalServerError, style: asProblem, cause: err}
}

// fail answers a request with an error. It is the only place that does.
func (s *Server) fail(c *fiber.Ctx, err error) error {
	r := refusalOf(err)
	if r.Status == http.StatusInternalServerError {
		// What went wrong is for the log alone: the texts of databases and panics tell too much.
		r = &refusalError{Status: r.Status, Message: "Something went wrong; the server's log tells more under the request id " + middleware.ID(c), style: asProblem}
	}
	if status := r.Status; status >= http.StatusInternalServerError && status != http.StatusNotImplemented {
		s.log.Error().Ctx(c.UserContext()).Err(err).Str("request_id", middleware.ID(c)).Str("method", c.Method()).Str("route", c.Route().Path).
			Int("status", status).Msg("request failed")
	}
	if r.Status == http.StatusUnauthorized && r.style == asProblem {
		c.Set(fiber.HeaderWWWAuthenticate, "Bearer")
	}
	if r.after > 0 {
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(r.after))
	}
	// What an operation has set for an answer that did not come to be.
	c.Response().Header.Del(fiber.HeaderContentDisposition)
	c.Response().Header.Del(fiber.HeaderContentEncoding)
	switch r.style {
	case asProblem:
		return sendProblem(c, r.Status, r.Message)
	case asText:
		c.Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
		return c.Status(r.Status).SendString(r.Message)
	}
	return sendMessage(c, r.Status, r.Message)
}

func sendProblem(c *fiber.Ctx, status int, detail string) error {
	title := http.StatusText(status)
	if title == "" {
		title = "Error"
	}
	if detail == "" {
		detail = title
	}
	body := c.Response().SwapBody(nil)[:0]
	body = encode.Text(append(body, `{"type":"about:blank","title":`...), title)
	body = encode.Text(append(body, `,"detail":`...), detail)
	body = strconv.AppendInt(append(body, `,"status":`...), int64(status), 10)
	body = append(body, '}')
	c.Response().SwapBody(body)
	c.Set(fiber.HeaderContentType, "application/problem+json")
	c.Status(status)
	return nil
}

// sendMessage answers with a JSON string.
func sendMessage(c *fiber.Ctx, status int, text string) error {
	return send(c, status, func(dst []byte) []byte { return encode.Text(dst, text) })
}

// send answers with the JSON that write appends to the answer's own buffer.
func send(c *fiber.Ctx, status int, write func(dst []byte) []byte) error {
	body := write(c.Response().SwapBody(nil)[:0])
	c.Response().SwapBody(append(body, '\n'))
	c.Response().Header.SetContentType(fiber.MIMEApplicationJSON)
	c.Status(status)
	return nil
}

// sendJSON answers with a value as encoding/json writes it, for what is small and seldom.
func sendJSON(c *fiber.Ctx, status int, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	return send(c, status, func(dst []byte) []byte { return append(dst, text...) })
}

// maxShown bounds what an answer repeats of a request.
const maxShown = 200

// shown is a text of the request as an answer repeats it.
func shown(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) > maxShown {
		return strings.ToValidUTF8(text[:maxShown], "") + "…"
	}
	return text
}
