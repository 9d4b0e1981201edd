package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/api/middleware"
)

const (
	// maxParts bounds the parts of a form. The largest known has five.
	maxParts = 64
	// maxText bounds a part that is a text, maxJSONPart one that is JSON.
	maxText     = 64 << 10
	maxJSONPart = 4 << 20
)

// form reads a multipart body part by part, as it comes in.
type form struct {
	parts *multipart.Reader
	n     int
	// texts are the parts that were read as text, by name; the last of several counts.
	texts map[string]string
}

// readForm starts to read the form that the request has. Its files may be large and the line slow: the form may come for as
// long as longest, unless the client falls silent.
func (s *Server) readForm(c *fiber.Ctx, longest time.Duration) (*form, error) {
	mediaType, params, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	if err != nil || mediaType != fiber.MIMEMultipartForm || params["boundary"] == "" {
		return nil, problem(http.StatusBadRequest, "The body is not a form: it has no Content-Type multipart/form-data with a boundary")
	}
	in := &patient{from: middleware.Reader(c), conn: c.Context().Conn(), silence: s.limits.Read, end: time.Now().Add(longest)}
	return &form{parts: multipart.NewReader(in, strings.Clone(params["boundary"])), texts: map[string]string{}}, nil
}

// patient gives a client time as long as it sends.
type patient struct {
	from    io.Reader
	conn    net.Conn
	silence time.Duration
	end     time.Time
}

func (p *patient) Read(b []byte) (int, error) {
	// By the machine's clock, as the deadlines of sockets are.
	deadline := time.Now().Add(p.silence)
	if deadline.After(p.end) {
		deadline = p.end
	}
	if err := p.conn.SetReadDeadline(deadline); err != nil {
		return 0, err
	}
	return p.from.Read(b)
}

// next returns the next part, nil at the end.
func (f *form) next() (*multipart.Part, error) {
	part, err := f.parts.NextPart()
	switch {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, formError(err)
	}
	if f.n++; f.n > maxParts {
		return nil, problem(http.StatusBadRequest, "The form has more than %d parts", maxParts)
	}
	return part, nil
}

// keep reads a part as text. JSON may come as a file too: that is how browsers send a blob.
func (f *form) keep(part *multipart.Part) error {
	name := part.FormName()
	limit := int64(maxText)
	if jsonParts[name] {
		limit = maxJSONPart
	}
	text, err := io.ReadAll(io.LimitReader(part, limit+1))
	switch {
	case err != nil:
		return formError(err)
	case int64(len(text)) > limit:
		return problem(http.StatusBadRequest, "%s: it is longer than %d bytes", shown(name), limit)
	case !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0:
		return problem(http.StatusBadRequest, "%s: it is not text in UTF-8", shown(name))
	}
	f.texts[name] = string(text)
	return nil
}

// jsonParts hold JSON.
var jsonParts = map[string]bool{"metadata": true, "additionalMetadata": true, "additional_metadata": true}

// text returns the first of these parts that is there and not empty.
func (f *form) text(names ...string) string {
	for _, name := range names {
		if text := f.texts[name]; text != "" {
			return text
		}
	}
	return ""
}

// object returns the first of these parts that is there, which has to be a JSON object; nil where there is none, or null.
func (f *form) object(names ...string) (json.RawMessage, error) {
	for _, name := range names {
		text, ok := f.texts[name]
		if !ok || text == "" {
			continue
		}
		raw := json.RawMessage(strings.TrimSpace(text))
		if contract.IsNull(raw) {
			return nil, nil
		}
		if err := contract.CheckJSON(raw); err != nil {
			return nil, refuse(http.StatusBadRequest, "Bad request, %s: %s", name, err)
		}
		if !contract.IsObject(raw) {
			return nil, problem(http.StatusBadRequest, "%s: %s is not of type object", name, shown(text))
		}
		return raw, nil
	}
	return nil, nil
}

// formError is the answer to a form that cannot be read to its end.
func formError(err error) error {
	if errors.Is(err, middleware.ErrTooLarge) {
		return err
	}
	return problem(http.StatusBadRequest, "The form cannot be read to its end")
}
