package middleware

import (
	"errors"
	"io"
	"strconv"

	"github.com/gofiber/fiber/v2"
)

// ErrTooLarge means that a body is longer than it may be.
var ErrTooLarge = errors.New("the body is too large")

type bodyKey struct{}

// body is the request's body as it comes in. It is read through here only: a second reader, or one that goes on after the
// end, would take the next request on the connection for a part of this one.
type body struct {
	from io.Reader
	end  bool
}

func (b *body) Read(p []byte) (int, error) {
	if b.end {
		return 0, io.EOF
	}
	n, err := b.from.Read(p)
	if err != nil {
		b.end = true
	}
	return n, err
}

// leftover is how much of a body that nobody wanted is read, so that the connection can go on being used and the client
// gets to read its answer before it is done with sending.
const leftover = 1 << 20

// Body makes the body available to Reader and ReadBody, and sees that none of it is left when the request is answered.
func Body() fiber.Handler {
	return func(c *fiber.Ctx) error {
		stream := c.Context().RequestBodyStream()
		if stream == nil {
			return c.Next()
		}
		b := &body{from: stream}
		c.Context().SetUserValue(bodyKey{}, b)
		err := c.Next()
		if b.end {
			return err
		}
		if n, _ := io.CopyN(io.Discard, b, leftover); n == leftover || !b.end {
			c.Context().SetConnectionClose()
		}
		return err
	}
}

// Reader returns the body as it comes in, never nil.
func Reader(c *fiber.Ctx) io.Reader {
	if b, ok := c.Context().UserValue(bodyKey{}).(*body); ok {
		return b
	}
	return nothing{}
}

type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, io.EOF }

// ReadBody appends the whole body to buf, which is returned also when there is an error: ErrTooLarge beyond limit bytes,
// or one of the connection.
func ReadBody(c *fiber.Ctx, buf []byte, limit int64) ([]byte, error) {
	length, known := Length(c)
	if known && length > limit {
		return buf, ErrTooLarge
	}
	if known && int64(cap(buf)) <= length && length < 1<<20 {
		buf = make([]byte, 0, length+1)
	}
	r := Reader(c)
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if int64(len(buf)) > limit {
			return buf, ErrTooLarge
		}
		if errors.Is(err, io.EOF) {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
	}
}

// Length returns the length that the request says its body has. Chunked ones do not say.
func Length(c *fiber.Ctx) (int64, bool) {
	n, err := strconv.ParseInt(c.Get(fiber.HeaderContentLength), 10, 64)
	return n, err == nil
}
