package api

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/ibutsu/ibutsu-go/src/artifact"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// contentPolicy keeps what was uploaded from running anything, or sending anything anywhere, in the browser of its reader.
const contentPolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:; font-src data:"

// sendContent answers the content of an artifact, or the part of it that is asked for. Its type is told from the content;
// the name may say anything.
func (s *Server) sendContent(c *fiber.Ctx, a store.Artifact) error {
	tag := `"` + a.ID.String() + `"` // a content never changes
	c.Set(fiber.HeaderETag, tag)
	c.Set(fiber.HeaderCacheControl, "private, no-cache")
	c.Set(fiber.HeaderAcceptRanges, "bytes")
	c.Set(fiber.HeaderContentSecurityPolicy, contentPolicy)
	if matchesTag(c.Get(fiber.HeaderIfNoneMatch), tag) {
		c.Status(http.StatusNotModified)
		return nil
	}
	part := span{0, a.Size}
	if asked := c.Get(fiber.HeaderRange); asked != "" && ifRange(c, tag) {
		var ok bool
		if part, ok = readRange(asked, a.Size); !ok {
			c.Set(fiber.HeaderContentRange, "bytes */"+strconv.FormatInt(a.Size, 10))
			return problem(http.StatusRequestedRangeNotSatisfiable, "Range: %s is not within the %d bytes of the content", shown(asked), a.Size)
		}
	}
	content, err := s.contents.Content(c.UserContext(), a, part.first, wanted(part, a.Size))
	if err != nil {
		return missing(err, "Not Found")
	}
	head := content
	if part.first > 0 || part.length < min(a.Size, artifact.HeadLength) {
		if head, err = s.contents.Content(c.UserContext(), a, 0, artifact.HeadLength); err != nil {
			return missing(err, "Not Found")
		}
	}
	head = head[:min(len(head), artifact.HeadLength)]
	c.Response().Header.SetContentType(artifact.ContentType(head, a.Size > int64(len(head))))
	if part.length < a.Size {
		c.Status(http.StatusPartialContent)
		c.Set(fiber.HeaderContentRange, part.of(a.Size))
	}
	c.Response().SetBodyRaw(content)
	return nil
}

// wanted is the length to ask the store for: everything, where it is everything.
func wanted(part span, size int64) int64 {
	if part.length == size {
		return -1
	}
	return part.length
}

// span is a part of a content.
type span struct{ first, length int64 }

func (s span) of(size int64) string {
	return "bytes " + strconv.FormatInt(s.first, 10) + "-" + strconv.FormatInt(s.first+s.length-1, 10) + "/" + strconv.FormatInt(size, 10)
}

// readRange reads a Range header. One that is not understood, or asks for several parts, means the whole; ok is false for one
// that lies outside.
func readRange(header string, size int64) (part span, ok bool) {
	whole := span{0, size}
	text, isBytes := strings.CutPrefix(header, "bytes=")
	from, to, isRange := strings.Cut(strings.TrimSpace(text), "-")
	if !isBytes || !isRange {
		return whole, true
	}
	first, errFirst := strconv.ParseUint(from, 10, 62)
	last, errLast := strconv.ParseUint(to, 10, 62)
	switch {
	case from == "" && errLast == nil: // the last n bytes
		n := min(int64(last), size)
		return span{size - n, n}, n > 0
	case errFirst != nil, to != "" && (errLast != nil || last < first):
		return whole, true
	case int64(first) >= size:
		return span{}, false
	case to == "" || int64(last) >= size:
		return span{int64(first), size - int64(first)}, true
	}
	return span{int64(first), int64(last-first) + 1}, true
}

// ifRange says that a part may be answered: the client has the rest of the same content, or does not ask.
func ifRange(c *fiber.Ctx, tag string) bool {
	known := c.Get("If-Range")
	return known == "" || known == tag
}

func matchesTag(header, tag string) bool {
	for known := range strings.SplitSeq(header, ",") {
		known = strings.TrimPrefix(strings.TrimSpace(known), "W/")
		if known == tag || known == "*" {
			return true
		}
	}
	return false
}
