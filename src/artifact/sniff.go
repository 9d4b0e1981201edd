package artifact

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// HeadLength is how many bytes of a content tell its type. More make no difference, so that a part of a content has the
// type that the whole has.
const HeadLength = 64 << 10

// The types that content is told to have beside those of the signatures.
const (
	typeEmpty  = "application/x-empty"
	typeBinary = "application/octet-stream"
	typeText   = "text/plain"
	typeHTML   = "text/html"
	typeXML    = "text/xml"
	typeSVG    = "image/svg+xml"
	typeJSON   = "application/json"
)

// ContentType tells the media type of a content from its first HeadLength bytes, and whether there are more. What a client
// calls its file does not matter: names lie, and a page under the name of a picture would run in the reader's browser.
// The answers are those of libmagic, as clients know them; text has no charset.
func ContentType(head []byte, more bool) string {
	if len(head) > HeadLength {
		head, more = head[:HeadLength], true
	}
	switch {
	case len(head) == 0:
		return typeEmpty
	case len(head) == 1:
		return typeBinary
	}
	for _, s := range signatures {
		if s.matches(head) {
			return s.mediaType
		}
	}
	if isUTF16(head) {
		return typeText
	}
	if !isText(head) {
		return typeBinary
	}
	return textType(head, more)
}

// signature is a run of bytes that all contents of a type have at one place.
type signature struct {
	offset    int
	bytes     string
	also      string // a second one, anywhere behind the first within near bytes
	mediaType string
}

// near is how far behind a signature its second part may be.
const near = 64

var signatures = []signature{
	{0, "\x89PNG\r\n\x1a\n", "", "image/png"},
	{0, "\xff\xd8\xff", "", "image/jpeg"},
	{0, "GIF87a", "", "image/gif"},
	{0, "GIF89a", "", "image/gif"},
	{0, "RIFF", "WEBP", "image/webp"},
	{0, "RIFF", "WAVE", "audio/x-wav"},
	{0, "RIFF", "AVI ", "video/x-msvideo"},
	{0, "II*\x00", "", "image/tiff"},
	{0, "MM\x00*", "", "image/tiff"},
	{0, "\x00\x00\x01\x00", "", "image/vnd.microsoft.icon"},
	{4, "ftypavif", "", "image/avif"},
	{4, "ftypheic", "", "image/heic"},
	{4, "ftypqt", "", "video/quicktime"},
	{4, "ftyp", "", "video/mp4"},
	{0, "\x1a\x45\xdf\xa3", "webm", "video/webm"},
	{0, "\x1a\x45\xdf\xa3", "", "video/x-matroska"},
	{0, "OggS", "", "application/ogg"},
	{0, "ID3", "", "audio/mpeg"},
	{0, "fLaC", "", "audio/flac"},
	{0, "%PDF-", "", "application/pdf"},
	{0, "\x1f\x8b", "", "application/gzip"},
	{0, "PK\x03\x04", "", "application/zip"},
	{0, "PK\x05\x06", "", "application/zip"},
	{0, "BZh", "1AY&SY", "application/x-bzip2"},
	{0, "\xfd7zXZ\x00", "", "application/x-xz"},
	{0, "\x28\xb5\x2f\xfd", "", "application/zstd"},
	{0, "7z\xbc\xaf\x27\x1c", "", "application/x-7z-compressed"},
	{0, "Rar!\x1a\x07", "", "application/x-rar"},
	{257, "ustar", "", "application/x-tar"},
	{0, "\x7fELF", "", "application/x-executable"},
	{0, "\x00asm", "", "application/wasm"},
	{0, "SQLite format 3\x00", "", "application/vnd.sqlite3"},
	{0, "wOFF", "", "font/woff"},
	{0, "wOF2", "", "font/woff2"},
}

func (s signature) matches(head []byte) bool {
	end := s.offset + len(s.bytes)
	if len(head) < end || string(head[s.offset:end]) != s.bytes {
		return false
	}
	return s.also == "" || bytes.Contains(head[end:min(len(head), end+near)], []byte(s.also))
}

func isUTF16(head []byte) bool {
	return len(head)%2 == 0 && (bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")))
}

// isText says that there are only characters that text has: UTF-8, or one of the encodings of eight bits.
func isText(head []byte) bool {
	for _, c := range head {
		if c >= 0x20 && c != 0x7f {
			continue
		}
		switch c {
		case '\a', '\b', '\t', '\n', '\v', '\f', '\r', 0x1b:
		default:
			return false
		}
	}
	return true
}

// textType tells the kinds of text apart.
func textType(head []byte, more bool) string {
	start := bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	start = bytes.TrimLeft(start, " \t\r\n\f")
	if len(start) == 0 {
		return typeText
	}
	switch start[0] {
	case '{', '[':
		if isJSON(start, more) {
			return typeJSON
		}
	case '<':
		return markupType(start)
	}
	return typeText
}

// isJSON says that an object or a list is JSON, as far as it is there.
func isJSON(text []byte, more bool) bool {
	if !more {
		return utf8.Valid(text) && json.Valid(text)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	for {
		_, err := d.Token()
		if err != nil {
			return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) && d.InputOffset() > 0
		}
		if d.InputOffset() == int64(len(text)) {
			return true
		}
	}
}

// pageTags are what pages start with.
var pageTags = []string{"!doctype html", "html", "head", "title", "body", "script", "style", "table", "h1", "h2", "h3", "div", "p", "a", "img", "iframe", "meta", "link", "br", "ul", "ol", "form", "center", "font", "span", "pre"}

// markupType tells the kinds of text in angle brackets apart. Comments and declarations before the first tag are passed over.
func markupType(text []byte) string {
	declared := false
	for {
		text = bytes.TrimLeft(text, " \t\r\n\f")
		end := []byte(">")
		switch {
		case hasTag(text, "svg"):
			return typeSVG
		case bytes.HasPrefix(text, []byte("<!--")):
			end = []byte("-->")
		case bytes.HasPrefix(text, []byte("<?xml")):
			declared = true
		case bytes.HasPrefix(text, []byte("<?")), hasPrefixFold(text, "<!doctype") && !hasPrefixFold(text, "<!doctype html"):
		default:
			return tagType(text, declared)
		}
		at := bytes.Index(text, end)
		if at < 0 {
			return tagType(nil, declared)
		}
		text = text[at+len(end):]
	}
}

func tagType(text []byte, declared bool) string {
	for _, tag := range pageTags {
		if hasTag(text, tag) && !declared {
			return typeHTML
		}
	}
	if declared {
		return typeXML
	}
	return typeText
}

// hasTag says that the text starts with this tag, and not only with its letters.
func hasTag(text []byte, name string) bool {
	if !hasPrefixFold(text, "<"+name) {
		return false
	}
	rest := text[len(name)+1:]
	return len(rest) == 0 || strings.IndexByte(" \t\r\n\f/>", rest[0]) >= 0
}

func hasPrefixFold(text []byte, prefix string) bool {
	return len(text) >= len(prefix) && bytes.EqualFold(text[:len(prefix)], []byte(prefix))
}
