// Package middleware is what every request passes on its way to an operation and back.
package middleware

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"sync/atomic"

	"github.com/gofiber/fiber/v2"
)

// HeaderRequestID is the header that carries the id of a request, in and out.
const HeaderRequestID = "X-Request-Id"

// maxRequestID bounds an id that a client or a proxy sends.
const maxRequestID = 128

type requestIDKey struct{}

// RequestID gives each request an id: the one that it comes with, if that is fit for a log line, else a new one.
func RequestID(newID func() string) fiber.Handler {
	return func(c *fiber.Ctx) error {
		id := c.Get(HeaderRequestID)
		if usable(id) {
			id = string([]byte(id)) // the header's bytes are reused for the next request
		} else {
			id = newID()
		}
		c.Context().SetUserValue(requestIDKey{}, id)
		c.Set(HeaderRequestID, id)
		return c.Next()
	}
}

// ID returns the id of the request, "" where RequestID did not run.
func ID(c *fiber.Ctx) string {
	id, _ := c.Context().UserValue(requestIDKey{}).(string)
	return id
}

// usable keeps control characters, quotes and novels out of the log and of the answer's header.
func usable(id string) bool {
	if len(id) == 0 || len(id) > maxRequestID {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == ':', c == '/', c == '+', c == '=':
		default:
			return false
		}
	}
	return true
}

// RequestIDs returns a source of ids that are unique among all processes: a random start, counted up.
func RequestIDs() func() string {
	var start [8]byte
	_, _ = rand.Read(start[:]) // never fails
	var next atomic.Uint64
	next.Store(binary.BigEndian.Uint64(start[:]))
	return func() string {
		var id [8]byte
		binary.BigEndian.PutUint64(id[:], next.Add(1))
		return hex.EncodeToString(id[:])
	}
}
