package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// cleanJSON appends one JSON value to dst, compact and as PostgreSQL's jsonb takes it. What Python writes and other parsers
// refuse is mended instead of losing the whole import: NaN and Infinity become null; NUL and lone surrogates (how Python
// writes bytes that are no text) become U+FFFD; a number that no float can hold becomes its text.
func cleanJSON(dst, src []byte, depth int) ([]byte, error) {
	c := jsonCleaner{src: bytes.TrimPrefix(src, []byte("\xef\xbb\xbf")), dst: dst, depth: depth}
	if err := c.value(); err != nil {
		return dst, err
	}
	if c.blanks(); c.i < len(c.src) {
		return dst, c.unexpected()
	}
	return c.dst, nil
}

type jsonCleaner struct {
	src   []byte
	i     int
	dst   []byte
	depth int // levels left
}

var errJSONEnd = errors.New("it ends too early")

func (c *jsonCleaner) unexpected() error {
	if c.i >= len(c.src) {
		return errJSONEnd
	}
	r, _ := utf8.DecodeRune(c.src[c.i:])
	return fmt.Errorf("unexpected %q at byte %d", r, c.i+1)
}

func (c *jsonCleaner) blanks() {
	for c.i < len(c.src) {
		switch c.src[c.i] {
		case ' ', '\t', '\r', '\n':
			c.i++
		default:
			return
		}
	}
}

// peek is the next byte that is no blank, 0 at the end.
func (c *jsonCleaner) peek() byte {
	c.blanks()
	if c.i < len(c.src) {
		return c.src[c.i]
	}
	return 0
}

func (c *jsonCleaner) value() error {
	switch b := c.peek(); {
	case b == '{':
		return c.list('}', c.member)
	case b == '[':
		return c.list(']', c.value)
	case b == '"':
		return c.text()
	case b == '-' && c.word("-Infinity", "null"), b == 'N' && c.word("NaN", "null"), b == 'I' && c.word("Infinity", "null"),
		b == 't' && c.word("true", "true"), b == 'f' && c.word("false", "false"), b == 'n' && c.word("null", "null"):
		return nil
	case b == '-' || '0' <= b && b <= '9':
		return c.number()
	}
	return c.unexpected()
}

// word takes a literal and writes what stands for it.
func (c *jsonCleaner) word(literal, written string) bool {
	if !bytes.HasPrefix(c.src[c.i:], []byte(literal)) {
		return false
	}
	c.i += len(literal)
	c.dst = append(c.dst, written...)
	return true
}

// list takes an object or an array.
func (c *jsonCleaner) list(end byte, item func() error) error {
	if c.depth == 0 {
		return fmt.Errorf("%w: values are nested too deep at byte %d", ErrLimit, c.i+1)
	}
	c.depth--
	c.dst = append(c.dst, c.src[c.i])
	c.i++
	for first := true; ; first = false {
		b := c.peek()
		if b == end {
			break
		}
		if !first {
			if b != ',' {
				return c.unexpected()
			}
			c.i++
			c.dst = append(c.dst, ',')
			if c.peek() == end {
				return c.unexpected()
			}
		}
		if err := item(); err != nil {
			return err
		}
	}
	c.depth++
	c.i++
	c.dst = append(c.dst, end)
	return nil
}

func (c *jsonCleaner) member() error {
	if c.peek() != '"' {
		return c.unexpected()
	}
	if err := c.text(); err != nil {
		return err
	}
	if c.peek() != ':' {
		return c.unexpected()
	}
	c.i++
	c.dst = append(c.dst, ':')
	return c.value()
}

func (c *jsonCleaner) number() error {
	from := c.i
	if c.src[c.i] == '-' {
		c.i++
	}
	whole := c.digits()
	if whole == 0 || whole > 1 && c.src[c.i-whole] == '0' {
		return c.unexpected()
	}
	if c.i < len(c.src) && c.src[c.i] == '.' {
		c.i++
		if c.digits() == 0 {
			return c.unexpected()
		}
	}
	exponent := false
	if c.i < len(c.src) && (c.src[c.i] == 'e' || c.src[c.i] == 'E') {
		exponent = true
		c.i++
		if c.i < len(c.src) && (c.src[c.i] == '+' || c.src[c.i] == '-') {
			c.i++
		}
		if c.digits() == 0 {
			return c.unexpected()
		}
	}
	number := c.src[from:c.i]
	if (exponent || len(number) > 100) && !holdable(number) {
		c.dst = append(append(append(c.dst, '"'), number...), '"')
		return nil
	}
	c.dst = append(c.dst, number...)
	return nil
}

func (c *jsonCleaner) digits() int {
	from := c.i
	for c.i < len(c.src) && '0' <= c.src[c.i] && c.src[c.i] <= '9' {
		c.i++
	}
	return c.i - from
}

// holdable tells whether a float can hold a number, and jsonb with it: 1e-99999 is no error to a float, but to jsonb it is.
func holdable(number []byte) bool {
	const longest = 1000
	f, err := strconv.ParseFloat(string(number), 64)
	return err == nil && len(number) <= longest && (f != 0 || !bytes.ContainsAny(number, "eE"))
}

// text takes a string.
func (c *jsonCleaner) text() error {
	c.dst = append(c.dst, '"')
	c.i++
	for {
		rest := c.src[c.i:]
		n := plainJSON(rest)
		c.dst = append(c.dst, rest[:n]...)
		if c.i += n; c.i == len(c.src) {
			return errJSONEnd
		}
		switch b := c.src[c.i]; {
		case b == '"':
			c.i++
			c.dst = append(c.dst, '"')
			return nil
		case b == '\\':
			if err := c.escape(); err != nil {
				return err
			}
		case b < ' ':
			c.dst = appendEscaped(c.dst, rune(b))
			c.i++
		default:
			r, size := utf8.DecodeRune(c.src[c.i:])
			c.dst = utf8.AppendRune(c.dst, r)
			c.i += size
		}
	}
}

// plainJSON is how much of b can stand in a JSON text as it is: ASCII, up to the first quote, backslash or control character.
func plainJSON[T string | []byte](b T) int {
	for i := range len(b) {
		if c := b[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return i
		}
	}
	return len(b)
}

// escape takes what begins with a backslash.
func (c *jsonCleaner) escape() error {
	if c.i+1 == len(c.src) {
		return errJSONEnd
	}
	switch b := c.src[c.i+1]; b {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		c.dst = append(c.dst, '\\', b)
		c.i += 2
		return nil
	case 'u':
	default:
		c.i++
		return c.unexpected()
	}
	r, err := c.unit()
	if err != nil {
		return err
	}
	if utf16.IsSurrogate(r) && bytes.HasPrefix(c.src[c.i:], []byte(`\u`)) {
		second := c.i
		low, err := c.unit()
		if err != nil {
			return err
		}
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			r = pair
		} else {
			c.i = second
		}
	}
	c.dst = appendEscaped(c.dst, r)
	return nil
}

// unit takes one \uXXXX.
func (c *jsonCleaner) unit() (rune, error) {
	c.i += 2
	if len(c.src)-c.i < 4 {
		return 0, errJSONEnd
	}
	n, err := strconv.ParseUint(string(c.src[c.i:c.i+4]), 16, 32)
	if err != nil {
		return 0, c.unexpected()
	}
	c.i += 4
	return rune(n), nil
}

// appendEscaped appends one character of a JSON text. NUL, which jsonb refuses, and what is no character are U+FFFD.
func appendEscaped(dst []byte, r rune) []byte {
	switch {
	case r == '"' || r == '\\':
		return append(dst, '\\', byte(r))
	case r == '\n':
		return append(dst, '\\', 'n')
	case r == '\t':
		return append(dst, '\\', 't')
	case r == 0:
		return utf8.AppendRune(dst, utf8.RuneError)
	case r < ' ':
		const hex = "0123456789abcdef"
		return append(dst, '\\', 'u', '0', '0', hex[r>>4], hex[r&0xf])
	}
	return utf8.AppendRune(dst, r)
}

// appendJSON appends a text as a JSON string.
func appendJSON[T string | []byte](dst []byte, text T) []byte {
	dst = append(dst, '"')
	for {
		n := plainJSON(text)
		dst = append(dst, text[:n]...)
		if text = text[n:]; len(text) == 0 {
			return append(dst, '"')
		}
		r, size := decodeRune(text)
		dst = appendEscaped(dst, r)
		text = text[size:]
	}
}

func decodeRune[T string | []byte](text T) (rune, int) {
	return utf8.DecodeRune([]byte(text[:min(len(text), utf8.UTFMax)]))
}

// object is a JSON object whose members are set one after the other: a later value replaces an earlier one. The values
// are clean JSON.
type object struct {
	members []member
	// index finds a member by its key, once there are too many to look through.
	index map[string]int
}

// member is a key and its value; the value is nil where it was removed.
type member struct {
	key   string
	value []byte
}

const fewMembers = 16

func (o *object) find(key string) int {
	if o.index != nil {
		if i, ok := o.index[key]; ok {
			return i
		}
		return -1
	}
	for i := range o.members {
		if o.members[i].key == key {
			return i
		}
	}
	return -1
}

func (o *object) set(key string, value []byte) {
	if i := o.find(key); i >= 0 {
		o.members[i].value = value
		return
	}
	o.members = append(o.members, member{key, value})
	switch {
	case o.index != nil:
		o.index[key] = len(o.members) - 1
	case len(o.members) > fewMembers:
		o.index = make(map[string]int, 2*len(o.members))
		for i := range o.members {
			o.index[o.members[i].key] = i
		}
	}
}

// get gives the value of a key, nil where there is none.
func (o *object) get(key string) []byte {
	if i := o.find(key); i >= 0 {
		return o.members[i].value
	}
	return nil
}

// merge sets all members of another object over those of this one.
func (o *object) merge(other *object) {
	for _, m := range other.members {
		if m.value != nil {
			o.set(m.key, m.value)
		}
	}
}

// remove takes a member out.
func (o *object) remove(key string) {
	if i := o.find(key); i >= 0 {
		o.members[i].value = nil
	}
}

func (o *object) clone() object {
	var c object
	c.members = slices.Grow(c.members, len(o.members))
	c.merge(o)
	return c
}

// json writes the object.
func (o *object) json() []byte {
	dst := []byte{'{'}
	first := true
	for _, m := range o.members {
		if m.value == nil {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = appendMember(dst, m)
	}
	return append(dst, '}')
}

func appendMember(dst []byte, m member) []byte {
	return append(append(appendJSON(dst, m.key), ':'), m.value...)
}

// errNoObject means that a JSON value is something else than an object.
var errNoObject = errors.New("it is not an object")

// parseObject reads an object from clean JSON, whose bytes its values share. null and nothing are an empty object.
func parseObject(clean []byte) (object, error) {
	var o object
	if len(clean) == 0 || string(clean) == "null" {
		return o, nil
	}
	if clean[0] != '{' {
		return o, errNoObject
	}
	o.members = make([]member, 0, fewMembers)
	for i := 1; clean[i] != '}'; {
		if clean[i] == ',' {
			i++
		}
		keyEnd := i + valueLength(clean[i:])
		end := keyEnd + 1 + valueLength(clean[keyEnd+1:])
		o.set(jsonText(clean[i:keyEnd]), clean[keyEnd+1:end:end])
		i = end
	}
	return o, nil
}

// valueLength is the length of the value that clean JSON begins with.
func valueLength(clean []byte) int {
	depth := 0
	for i := 0; i < len(clean); i++ {
		switch clean[i] {
		case '"':
			for i++; clean[i] != '"'; i++ {
				if clean[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
		case ',', ':':
			if depth == 0 {
				return i
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(clean)
}

// jsonText is the text of a clean JSON string.
func jsonText(clean []byte) string {
	inner := clean[1 : len(clean)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	var s string
	// A clean string is always valid.
	_ = json.Unmarshal(clean, &s)
	return s
}

// scalar is a JSON value as a text: a string is its text, a number or a boolean is as it is written; null, objects,
// arrays and nothing are nil.
func scalar(clean []byte) *string {
	if len(clean) == 0 || clean[0] == '{' || clean[0] == '[' || string(clean) == "null" {
		return nil
	}
	s := string(clean)
	if clean[0] == '"' {
		s = jsonText(clean)
	}
	return &s
}

// label is a scalar that is kept in an indexed column. An empty one is none.
func label(clean []byte) *string {
	s := scalar(clean)
	if s == nil || *s == "" {
		return nil
	}
	*s = fit(*s, maxLabel)
	return s
}
