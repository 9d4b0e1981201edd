package artifact

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"mime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestContentType(t *testing.T) {
	t.Parallel()
	png, err := base64.StdEncoding.DecodeString("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
	require.NoError(t, err)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err = w.Write([]byte("log"))
	require.NoError(t, err)
	require.NoError(t, w.Close())

	for name, c := range map[string]struct {
		content string
		want    string
	}{
		"nothing":              {"", "application/x-empty"},
		"one byte":             {"s", "application/octet-stream"},
		"two bytes":            {"ok", "text/plain"},
		"text":                 {"hello artifact", "text/plain"},
		"UTF-8":                {"Grüße aus \u65e5\u672c\n", "text/plain"},
		"Latin-1":              {"Gr\xfc\xdfe\n", "text/plain"},
		"UTF-16":               {"\xff\xfeh\x00i\x00", "text/plain"},
		"terminal colours":     {"\x1b[31mFAILED\x1b[0m tests/a.py::b\r\n", "text/plain"},
		"Python":               {"import os\n\n\ndef test_a():\n    assert os.name == 'x'\n", "text/plain"},
		"shell":                {"#!/bin/sh\necho\n", "text/plain"},
		"YAML":                 {"passes: 3\nviolations: 1\n", "text/plain"},
		"HTML":                 {"<!DOCTYPE html><html><head><title>t</title></head><body>x</body></html>", "text/html"},
		"HTML, no doctype":     {"\n  <HTML lang=en>\n<body>", "text/html"},
		"HTML behind comment":  {"<!-- saved -->\n<script>alert(1)</script>", "text/html"},
		"log that quotes HTML": {"E   AssertionError: <html><title>502</title>", "text/plain"},
		"XML":                  {`<?xml version="1.0"?><a/>`, "text/xml"},
		"XML with a title":     {`<?xml version="1.0"?><title>x</title>`, "text/xml"},
		"SVG":                  {`<svg xmlns="http://www.w3.org/2000/svg"/>`, "image/svg+xml"},
		"SVG declared":         {"<?xml version=\"1.0\"?>\n<!-- x -->\n<!DOCTYPE svg PUBLIC \"x\">\n<svg/>", "image/svg+xml"},
		"angle bracket":        {"<lambda> at 0x7f", "text/plain"},
		"open comment":         {"<!-- never closed", "text/plain"},
		"JSON":                 {`{"a": [1, 2, 3]}`, "application/json"},
		"JSON list":            {" \n[1, 2]", "application/json"},
		"not quite JSON":       {`{"a": [1, 2, 3]`, "text/plain"},
		"JSON lines":           {"{\"a\": 1}\n{\"a\": 2}\n", "text/plain"},
		"JSON scalar":          {"12345", "text/plain"},
		"PNG":                  {string(png), "image/png"},
		"JPEG":                 {"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"},
		"WebP":                 {"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"},
		"gzip":                 {packed.String(), "application/gzip"},
		"zip":                  {"PK\x03\x04\x14\x00", "application/zip"},
		"WebM":                 {"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", "video/webm"},
		"tar":                  {strings.Repeat("\x00", 257) + "ustar\x00", "application/x-tar"},
		"bytes":                {"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09", "application/octet-stream"},
		"text with a NUL":      {"text\x00text", "application/octet-stream"},
	} {
		require.Equal(t, c.want, ContentType([]byte(c.content), false), name)
	}
}

// The type of a part is that of the whole, however long the content is.
func TestContentTypeOfALongContent(t *testing.T) {
	t.Parallel()
	long := []byte(`{"log": "` + strings.Repeat("ü", HeadLength) + `"}`)
	require.Equal(t, "application/json", ContentType(long, false))
	require.Equal(t, "application/json", ContentType(long[:HeadLength], true))
	require.Equal(t, "text/plain", ContentType([]byte(`{"log": `+strings.Repeat("x", HeadLength)), true))
	text := []byte("ü" + strings.Repeat("\u65e5\u672c", HeadLength))
	require.Equal(t, "text/plain", ContentType(text, false))
	require.Equal(t, ContentType(text, false), ContentType(text[:HeadLength], true))
}

func FuzzContentType(f *testing.F) {
	for _, seed := range []string{"", "x", "<?xml?><svg>", "<!--", `{"a":1}`, "\x1f\x8b", "\xff\xfe\x00", "<!doctype x><p>"} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, content []byte, more bool) {
		told := ContentType(content, more)
		mediaType, parameters, err := mime.ParseMediaType(told)
		require.NoError(t, err)
		require.Equal(t, mediaType, told)
		require.Empty(t, parameters)
		if bytes.IndexByte(content, 0) >= 0 && !isUTF16(content[:min(len(content), HeadLength)]) {
			require.NotContains(t, []string{typeText, typeHTML, typeXML, typeJSON}, told)
		}
	})
}
