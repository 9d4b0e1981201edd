package importer

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"
)

// xmlReader reads an XML document as a stream of start and end tags.
//
// Why not encoding/xml: it keeps a text or a tag whole, however long, so one string of a gigabyte takes gigabytes before
// anyone can refuse it; it refuses the control characters that test runners copy from terminals into their reports (&#27;,
// a raw NUL), so a whole report would be lost for one colour code; and a report is read twice here, at five times its
// speed. What encoding/xml accepts means the same here, which FuzzXMLReader holds against it.
//
// It is stricter where a document is hostile (entity declarations, nesting, number of attributes, length of a tag) and
// more lenient in texts: characters that XML forbids are kept where PostgreSQL takes them and are U+FFFD where it does not,
// bytes that are no UTF-8 are U+FFFD, an unknown entity stays as it is written. No text is ever kept unless it is asked for.
type xmlReader struct {
	src    io.Reader // UTF-8
	limits Limits

	buf      []byte // buf[pos:end] is read and not yet consumed
	pos, end int
	err      error // how src ended

	lines   int // line ends in what was dropped from buf
	counted int // and in buf[:counted]

	// Of the tag that next answered with, until the next call.
	name    []byte // without prefix
	attrs   []xmlAttr
	scratch []byte // decoded attribute values

	open     []xmlOpen // elements that are open
	names    []byte    // their names, one after the other
	owed     bool      // the end of an empty element is still to be answered
	rootSeen bool

	// text gets the character data that next comes across, when not nil.
	text *xmlText
}

// xmlAttr is an attribute: its name without prefix, and its value.
type xmlAttr struct{ name, value []byte }

// xmlOpen is an element that is not closed yet.
type xmlOpen struct {
	name int // where its name begins in xmlReader.names
	line int
}

// xmlText takes up character data.
type xmlText struct {
	// discard makes it count only.
	discard bool
	data    []byte
	// raw is the length of the text as it stands in the document, which is what the limit is about.
	raw int
}

func (t *xmlText) reset() {
	t.raw = 0
	if cap(t.data) > keptBuffer {
		t.data = nil
	}
	t.data = t.data[:0]
}

// keptBuffer is the largest buffer that is kept for the next text: one long output must not stay in memory.
const keptBuffer = 1 << 20

// xmlWindow is how much of the document is read at a time.
const xmlWindow = 64 << 10

// maxName is how long the name of an element or a document type may be. The names of all open elements are kept.
const maxName = 4 << 10

type xmlToken int

const (
	xmlEOF xmlToken = iota
	xmlStart
	xmlEnd
)

func newXMLReader(src io.Reader, limits Limits) *xmlReader {
	return &xmlReader{src: src, limits: limits, buf: make([]byte, xmlWindow)}
}

// next goes on to the next tag. Character data on the way goes to x.text. At the end of the document it answers xmlEOF.
func (x *xmlReader) next() (xmlToken, error) {
	if x.owed {
		x.owed = false
		x.close()
		return xmlEnd, nil
	}
	for {
		if err := x.characters(); err != nil {
			return xmlEOF, err
		}
		if x.pos == x.end {
			return xmlEOF, x.finished()
		}
		kind := byte(0)
		if x.has(2) {
			kind = x.buf[x.pos+1]
		}
		switch kind {
		case '/':
			return xmlEnd, x.endTag()
		case '?':
			if err := x.skip("<?", "?>", nil); err != nil {
				return xmlEOF, err
			}
		case '!':
			if err := x.markup(); err != nil {
				return xmlEOF, err
			}
		default:
			return xmlStart, x.startTag()
		}
	}
}

// skipElement goes on to the end of the element that was opened last, over everything in it.
func (x *xmlReader) skipElement() error {
	for depth := len(x.open); len(x.open) >= depth; {
		if _, err := x.next(); err != nil {
			return err
		}
	}
	return nil
}

// readText collects all character data up to the end of the element that was opened last, tags in it left out.
func (x *xmlReader) readText(into *xmlText) error {
	x.text = into
	err := x.skipElement()
	x.text = nil
	return err
}

// attr gives the value of an attribute of the tag that was read last, nil when it has none of that name.
func (x *xmlReader) attr(name string) []byte {
	for i := range x.attrs {
		if string(x.attrs[i].name) == name {
			return x.attrs[i].value
		}
	}
	return nil
}

// where is the line of the document that is being read.
func (x *xmlReader) where() string { return lineNumber(x.line()) }

func lineNumber(n int) string { return "line " + strconv.Itoa(n) }

func (x *xmlReader) line() int {
	x.lines += bytes.Count(x.buf[x.counted:x.pos], newline)
	x.counted = x.pos
	return x.lines + 1
}

var newline = []byte{'\n'}

// more reads on, so that at least one byte is added to the window. It answers false at the end of the document.
func (x *xmlReader) more() bool {
	if x.err != nil {
		return false
	}
	if x.pos > 0 {
		x.line()
		copy(x.buf, x.buf[x.pos:x.end])
		x.end -= x.pos
		x.pos, x.counted = 0, 0
	}
	if x.end == len(x.buf) {
		x.buf = append(x.buf, make([]byte, len(x.buf))...)
	}
	for range 100 {
		n, err := x.src.Read(x.buf[x.end:])
		x.end += n
		x.err = err
		if n > 0 || err != nil {
			return n > 0
		}
	}
	x.err = io.ErrNoProgress
	return false
}

// has tells whether n bytes are left, and reads on as far as needed.
func (x *xmlReader) has(n int) bool {
	for x.end-x.pos < n {
		if !x.more() {
			return false
		}
	}
	return true
}

// finished tells whether the document may end here.
func (x *xmlReader) finished() error {
	switch {
	case !errors.Is(x.err, io.EOF):
		return x.err
	case len(x.open) > 0:
		last := x.open[len(x.open)-1]
		return faulty(lineNumber(last.line), "element %s is not closed", x.names[last.name:])
	case !x.rootSeen:
		return faulty("", "the file is empty")
	}
	return nil
}

// characters goes over character data to the next '<', or to the end of the document.
func (x *xmlReader) characters() error {
	for {
		data := x.buf[x.pos:x.end]
		tag := bytes.IndexByte(data, '<')
		if tag >= 0 {
			data = data[:tag]
		} else if x.err == nil {
			data = data[:wholeCharacters(data)]
		}
		if err := x.take(data, true); err != nil {
			return err
		}
		if tag >= 0 || !x.more() && x.pos == x.end {
			return nil
		}
	}
}

// take consumes character data.
func (x *xmlReader) take(data []byte, references bool) error {
	if len(data) == 0 {
		return nil
	}
	if len(x.open) == 0 {
		if blank := bytes.TrimLeft(data, " \t\r\n"); len(blank) > 0 {
			x.pos += len(data) - len(blank)
			if x.rootSeen {
				return faulty(x.where(), "there is text after the end of the document")
			}
			return faulty(x.where(), "this is not XML: it begins with %s", quote(string(blank[:min(len(blank), 20)])))
		}
	} else if t := x.text; t != nil {
		if t.raw += len(data); t.raw > x.limits.Text {
			return tooMuch(x.where(), "a text is longer than %s", size(int64(x.limits.Text)))
		}
		if !t.discard {
			t.data = appendCharacters(t.data, data, references)
		}
	}
	x.pos += len(data)
	return nil
}

// markup goes over what begins with "<!".
func (x *xmlReader) markup() error {
	switch {
	case x.begins("<!--"):
		return x.skip("<!--", "-->", nil)
	case x.begins("<![CDATA["):
		if len(x.open) == 0 {
			return faulty(x.where(), "there is text outside the document's element")
		}
		return x.skip("<![CDATA[", "]]>", x.takeVerbatim)
	case x.begins("<!DOCTYPE") && !x.rootSeen:
		return x.doctype()
	}
	return faulty(x.where(), "<! begins neither a comment nor a CDATA section")
}

func (x *xmlReader) begins(mark string) bool {
	return x.has(len(mark)) && string(x.buf[x.pos:x.pos+len(mark)]) == mark
}

func (x *xmlReader) takeVerbatim(data []byte) error { return x.take(data, false) }

// skip consumes begin, what follows up to end, and end. What stands between is given to content, when not nil, which
// consumes it.
func (x *xmlReader) skip(begin, end string, content func([]byte) error) error {
	line := x.line()
	x.pos += len(begin)
	for {
		data := x.buf[x.pos:x.end]
		i := bytes.Index(data, []byte(end))
		if i >= 0 {
			data = data[:i]
		} else {
			// The end mark may have begun.
			data = data[:max(0, len(data)-len(end)+1)]
			data = data[:wholeCharacters(data)]
		}
		if content == nil {
			x.pos += len(data)
		} else if err := content(data); err != nil {
			return err
		}
		switch {
		case i >= 0:
			x.pos += len(end)
			return nil
		case x.more():
		case !errors.Is(x.err, io.EOF):
			return x.err
		default:
			return faulty(lineNumber(line), "%s is not closed by %s", begin, end)
		}
	}
}

// doctype goes over a document type that only names an external one, which is never fetched. One that declares anything
// is refused: entities that contain entities grow a file of a kilobyte into gigabytes.
func (x *xmlReader) doctype() error {
	for {
		data := x.buf[x.pos:x.end]
		switch i := bytes.IndexAny(data, "[>"); {
		case i >= 0 && data[i] == '>':
			x.pos += i + 1
			return nil
		case i >= 0:
			return faulty(x.where(), "the document type declares entities or other markup, which is refused")
		case len(data) > maxName:
			return tooMuch(x.where(), "the document type is longer than %s", size(maxName))
		case x.more():
		case !errors.Is(x.err, io.EOF):
			return x.err
		default:
			return faulty(x.where(), "the document type is not closed")
		}
	}
}

// startTag reads <name a="b">.
func (x *xmlReader) startTag() error {
	line := x.line()
	switch {
	case len(x.open) == 0 && x.rootSeen:
		return faulty(lineNumber(line), "there is a second document after the end of the first")
	case len(x.open) == x.limits.Depth:
		return tooMuch(lineNumber(line), "elements are nested more than %d deep", x.limits.Depth)
	}
	tag, err := x.tag(1)
	if err != nil {
		return err
	}
	if n := len(tag); n > 0 && tag[n-1] == '/' {
		x.owed, tag = true, tag[:n-1]
	}
	n := nameLength(tag)
	if n == 0 {
		return faulty(lineNumber(line), "< is not followed by the name of an element")
	}
	if n > maxName {
		return tooMuch(lineNumber(line), "the name of an element is longer than %s", size(maxName))
	}
	x.rootSeen = true
	x.open = append(x.open, xmlOpen{name: len(x.names), line: line})
	x.names = append(x.names, tag[:n]...)
	x.name = local(tag[:n])
	return x.attributes(tag[n:], line)
}

// attributes reads what follows the name in a start tag.
func (x *xmlReader) attributes(rest []byte, line int) error {
	x.attrs, x.scratch = x.attrs[:0], x.scratch[:0]
	if cap(x.scratch) > keptBuffer {
		x.scratch = nil
	}
	for {
		trimmed := bytes.TrimLeft(rest, " \t\r\n")
		if len(trimmed) == 0 {
			return nil
		}
		n := nameLength(trimmed)
		if n == 0 || len(trimmed) == len(rest) {
			return faulty(lineNumber(line), "the attributes of element %s are not well-formed", x.name)
		}
		name := local(trimmed[:n])
		value := bytes.TrimLeft(trimmed[n:], " \t\r\n")
		if len(value) == 0 || value[0] != '=' {
			return faulty(lineNumber(line), "attribute %s has no value", name)
		}
		value = bytes.TrimLeft(value[1:], " \t\r\n")
		if len(value) == 0 || value[0] != '"' && value[0] != '\'' {
			return faulty(lineNumber(line), "the value of attribute %s is not quoted", name)
		}
		// tag has seen to it that the quote is closed.
		end := bytes.IndexByte(value[1:], value[0]) + 1
		rest = value[end+1:]
		value = value[1:end]
		if bytes.IndexByte(value, '<') >= 0 {
			return faulty(lineNumber(line), "there is a < in the value of attribute %s", name)
		}
		if len(x.attrs) == x.limits.Attributes {
			return tooMuch(lineNumber(line), "element %s has more than %d attributes", x.name, x.limits.Attributes)
		}
		if !plainAttribute(value) {
			from := len(x.scratch)
			x.scratch = appendAttribute(x.scratch, value)
			value = x.scratch[from:len(x.scratch):len(x.scratch)]
		}
		x.attrs = append(x.attrs, xmlAttr{name, value})
	}
}

// endTag reads </name>.
func (x *xmlReader) endTag() error {
	line := x.line()
	tag, err := x.tag(2)
	if err != nil {
		return err
	}
	tag = bytes.TrimRight(tag, " \t\r\n")
	if len(x.open) == 0 {
		return faulty(lineNumber(line), "</%s> closes nothing", shown(tag))
	}
	last := x.open[len(x.open)-1]
	if name := x.names[last.name:]; !bytes.Equal(name, tag) {
		return faulty(lineNumber(line), "</%s> stands where element %s of line %d is still open", shown(tag), shown(name), last.line)
	}
	x.close()
	return nil
}

// close takes the innermost element off.
func (x *xmlReader) close() {
	last := x.open[len(x.open)-1]
	x.name = local(x.names[last.name:])
	x.attrs = x.attrs[:0]
	x.names = x.names[:last.name]
	x.open = x.open[:len(x.open)-1]
}

// tag consumes a tag and gives what stands between its first skip bytes and its '>'. It may take up to the limit of a
// text, because failure messages are attributes.
func (x *xmlReader) tag(skip int) ([]byte, error) {
	quote := byte(0)
	for i := skip; ; {
		for x.pos+i < x.end {
			if quote != 0 {
				end := bytes.IndexByte(x.buf[x.pos+i:x.end], quote)
				if end < 0 {
					i = x.end - x.pos
					break
				}
				i, quote = i+end+1, 0
				continue
			}
			switch c := x.buf[x.pos+i]; c {
			case '>':
				if i > x.limits.Text {
					return nil, x.longTag()
				}
				tag := x.buf[x.pos+skip : x.pos+i]
				x.pos += i + 1
				return tag, nil
			case '"', '\'':
				quote = c
			case '<':
				return nil, faulty(x.where(), "a tag is not closed before the next one begins")
			}
			i++
		}
		if i > x.limits.Text {
			return nil, x.longTag()
		}
		if !x.more() {
			if !errors.Is(x.err, io.EOF) {
				return nil, x.err
			}
			return nil, faulty(x.where(), "the file ends within a tag")
		}
	}
}

func (x *xmlReader) longTag() error {
	return tooMuch(x.where(), "a tag is longer than %s", size(int64(x.limits.Text)))
}

// shown is a name as a message shows it.
func shown(name []byte) string {
	const most = 60
	if len(name) > most {
		return string(bytes.ToValidUTF8(name[:most], nil)) + "…"
	}
	return string(bytes.ToValidUTF8(name, nil))
}

// local is a name without its prefix.
func local(name []byte) []byte {
	return name[bytes.LastIndexByte(name, ':')+1:]
}

// nameLength is the length of the name that b begins with.
func nameLength(b []byte) int {
	for i, c := range b {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_', c == ':', c >= utf8.RuneSelf:
		case i > 0 && ('0' <= c && c <= '9' || c == '-' || c == '.'):
		default:
			return i
		}
	}
	return len(b)
}

// wholeCharacters is how much of data can be decoded although more follows: no character, reference or line end is cut.
func wholeCharacters(data []byte) int {
	n := len(data)
	// A reference has at most ten characters: &#1114111;
	if i := bytes.LastIndexByte(data[max(0, n-maxReference):], '&'); i >= 0 {
		i += max(0, n-maxReference)
		if bytes.IndexByte(data[i:], ';') < 0 {
			n = i
		}
	}
	for i := n - 1; i >= 0 && i > n-utf8.UTFMax; i-- {
		if utf8.RuneStart(data[i]) {
			if !utf8.FullRune(data[i:n]) {
				n = i
			}
			break
		}
	}
	if n > 0 && data[n-1] == '\r' {
		n--
	}
	return n
}

// maxReference is the length of the longest reference that is understood, with room for leading zeros.
const maxReference = 16

// appendCharacters appends character data as PostgreSQL can store it: line ends are \n, references are resolved (where they
// count), NUL and what is no UTF-8 become U+FFFD.
func appendCharacters(dst, data []byte, references bool) []byte {
	if plainCharacters(data, references) {
		return append(dst, data...)
	}
	for i := 0; i < len(data); {
		switch c := data[i]; {
		case c == '&' && references:
			r, n := reference(data[i:])
			if n == 0 {
				r, n = '&', 1
			}
			dst = utf8.AppendRune(dst, r)
			i += n
		case c == '\r':
			dst = append(dst, '\n')
			i++
			if i < len(data) && data[i] == '\n' {
				i++
			}
		case c == 0:
			dst = utf8.AppendRune(dst, utf8.RuneError)
			i++
		case c < utf8.RuneSelf:
			dst = append(dst, c)
			i++
		default:
			r, n := utf8.DecodeRune(data[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
		}
	}
	return dst
}

func plainCharacters(data []byte, references bool) bool {
	return bytes.IndexByte(data, '\r') < 0 && bytes.IndexByte(data, 0) < 0 &&
		(!references || bytes.IndexByte(data, '&') < 0) && utf8.Valid(data)
}

// appendAttribute appends the value of an attribute, where each line end and tab that is not written as a reference is a
// blank.
func appendAttribute(dst, value []byte) []byte {
	for len(value) > 0 {
		n := bytes.IndexAny(value, "\t\r\n")
		if n < 0 {
			return appendCharacters(dst, value, true)
		}
		dst = append(appendCharacters(dst, value[:n], true), ' ')
		if value[n] == '\r' && n+1 < len(value) && value[n+1] == '\n' {
			n++
		}
		value = value[n+1:]
	}
	return dst
}

func plainAttribute(value []byte) bool {
	for _, c := range value {
		if c < ' ' || c == '&' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// reference reads an entity or character reference at the beginning of b. n is 0 where there is none that is known.
func reference(b []byte) (r rune, n int) {
	end := bytes.IndexByte(b[:min(len(b), maxReference)], ';')
	if end < 2 {
		return 0, 0
	}
	name := b[1:end]
	if name[0] != '#' {
		switch string(name) {
		case "lt":
			return '<', end + 1
		case "gt":
			return '>', end + 1
		case "amp":
			return '&', end + 1
		case "quot":
			return '"', end + 1
		case "apos":
			return '\'', end + 1
		}
		return 0, 0
	}
	digits, base := name[1:], 10
	if len(digits) > 0 && digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	code, err := strconv.ParseUint(string(digits), base, 32)
	switch {
	case err != nil || digits[0] == '+':
		return 0, 0
	case code == 0 || code > utf8.MaxRune || !utf8.ValidRune(rune(code)):
		return utf8.RuneError, end + 1
	}
	return rune(code), end + 1
}
