package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Limits of a JSON text. PostgreSQL reads what is nested by recursion and keeps numbers of a bounded size: a text beyond
// these would come back from it as an error of a whole batch of rows.
const (
	maxDepth       = 512
	maxNumber      = 4096  // bytes of one number
	maxExponent    = 10000 // of ten
	unterminated   = "it ends too early"
	notUTF8        = "it is not UTF-8"
	badEscape      = "a string has an escape that JSON does not know"
	halfCharacter  = "a string has half of a surrogate pair"
	nulCharacter   = "a string has a NUL character, which cannot be stored"
	controlInText  = "a string has a control character that is not escaped"
	numberTooLarge = "a number is too large to be stored"
)

// Object is a JSON object, taken apart once: its members point into the text that it was read from, and are good for as
// long as that is.
type Object struct {
	members []member
}

type member struct {
	key   []byte // without quotes and escapes
	value json.RawMessage
}

// SyntaxError says where a JSON text stops being one, or what in it cannot be stored.
type SyntaxError struct {
	Offset int // bytes from the start
	Reason string
}

func (e *SyntaxError) Error() string {
	return "not usable JSON at byte " + strconv.Itoa(e.Offset) + ": " + e.Reason
}

// errNotObject means that the text is JSON, but something else than an object.
var errNotObject = errors.New("not a JSON object")

// ParseObject takes an object apart and checks the whole text on the way: it is JSON to the letter, and can be stored.
// The error is a *SyntaxError, or errNotObject.
func ParseObject(text []byte) (Object, error) {
	s := scanner{text: text}
	if !utf8.Valid(text) {
		return Object{}, s.fail(notUTF8)
	}
	s.space()
	if s.peek() != '{' {
		if err := s.whole(); err != nil {
			return Object{}, err
		}
		return Object{}, errNotObject
	}
	members := make([]member, 0, 16)
	err := s.object(1, func(key []byte, escaped bool, value []byte) error {
		if escaped {
			var plain string
			if err := json.Unmarshal(append(append([]byte{'"'}, key...), '"'), &plain); err != nil {
				return err
			}
			key = []byte(plain)
		}
		members = append(members, member{key, value})
		return nil
	})
	if err != nil {
		return Object{}, err
	}
	if err := s.end(); err != nil {
		return Object{}, err
	}
	return Object{members}, nil
}

// CheckJSON says whether a text is one JSON value that can be stored. The error is a *SyntaxError.
func CheckJSON(text []byte) error {
	s := scanner{text: text}
	if !utf8.Valid(text) {
		return s.fail(notUTF8)
	}
	s.space()
	return s.whole()
}

// Get returns the value of a member. Of several with one name the last counts.
func (o Object) Get(name string) (json.RawMessage, bool) {
	for _, m := range slices.Backward(o.members) {
		if string(m.key) == name {
			return m.value, true
		}
	}
	return nil, false
}

// Len is the number of members.
func (o Object) Len() int { return len(o.members) }

// All goes through the members in their order.
func (o Object) All() iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		for _, m := range o.members {
			if !yield(string(m.key), m.value) {
				return
			}
		}
	}
}

// Text returns the value of a member that is a string, as a copy; ok is false where there is none, or one of another kind.
func (o Object) Text(name string) (text string, ok bool) {
	raw, ok := o.Get(name)
	if !ok {
		return "", false
	}
	return Text(raw)
}

// Text returns the string that a JSON value is, as a copy; ok is false for all other values.
func Text(raw json.RawMessage) (text string, ok bool) {
	if len(raw) < 2 || raw[0] != '"' {
		return "", false
	}
	inner := raw[1 : len(raw)-1]
	if slices.Contains(inner, '\\') {
		err := json.Unmarshal(raw, &text)
		return text, err == nil
	}
	return string(inner), true
}

// IsNull says whether a JSON value is null.
func IsNull(raw json.RawMessage) bool { return len(raw) == 4 && raw[0] == 'n' }

// IsObject says whether a JSON value is an object.
func IsObject(raw json.RawMessage) bool { return len(raw) > 0 && raw[0] == '{' }

// scanner walks over a JSON text once. encoding/json would do so three times, and lets pass what the database refuses.
type scanner struct {
	text []byte
	pos  int
}

func (s *scanner) fail(reason string) error { return &SyntaxError{s.pos, reason} }

func (s *scanner) peek() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

func (s *scanner) space() {
	for s.pos < len(s.text) {
		switch s.text[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

func (s *scanner) whole() error {
	if err := s.value(0); err != nil {
		return err
	}
	return s.end()
}

func (s *scanner) end() error {
	s.space()
	if s.pos < len(s.text) {
		return s.fail("more follows where it should end")
	}
	return nil
}

func (s *scanner) value(depth int) error {
	if s.pos == len(s.text) {
		return s.fail(unterminated)
	}
	switch c := s.text[s.pos]; {
	case c == '{':
		return s.object(depth+1, nil)
	case c == '[':
		return s.array(depth + 1)
	case c == '"':
		_, _, err := s.string()
		return err
	case c == 't':
		return s.word("true")
	case c == 'f':
		return s.word("false")
	case c == 'n':
		return s.word("null")
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	}
	return s.fail(fmt.Sprintf("%q is no value", s.text[s.pos]))
}

func (s *scanner) word(word string) error {
	if len(s.text)-s.pos < len(word) || string(s.text[s.pos:s.pos+len(word)]) != word {
		return s.fail("true, false or null is misspelt")
	}
	s.pos += len(word)
	return nil
}

// object walks over an object, and hands out its members when asked to.
func (s *scanner) object(depth int, each func(key []byte, escaped bool, value []byte) error) error {
	if depth > maxDepth {
		return s.fail(fmt.Sprintf("it is nested more than %d deep", maxDepth))
	}
	s.pos++
	s.space()
	if s.peek() == '}' {
		s.pos++
		return nil
	}
	for {
		if s.peek() != '"' {
			return s.fail("a member's name is missing")
		}
		key, escaped, err := s.string()
		if err != nil {
			return err
		}
		s.space()
		if s.peek() != ':' {
			return s.fail("a colon is missing")
		}
		s.pos++
		s.space()
		start := s.pos
		if err := s.value(depth); err != nil {
			return err
		}
		if each != nil {
			if err := each(key, escaped, s.text[start:s.pos:s.pos]); err != nil {
				return err
			}
		}
		more, err := s.next('}')
		if err != nil || !more {
			return err
		}
	}
}

func (s *scanner) array(depth int) error {
	if depth > maxDepth {
		return s.fail(fmt.Sprintf("it is nested more than %d deep", maxDepth))
	}
	s.pos++
	s.space()
	if s.peek() == ']' {
		s.pos++
		return nil
	}
	for {
		if err := s.value(depth); err != nil {
			return err
		}
		more, err := s.next(']')
		if err != nil || !more {
			return err
		}
	}
}

// next goes on behind a member or an item: to the one after it, or to the end.
func (s *scanner) next(end byte) (more bool, err error) {
	s.space()
	switch s.peek() {
	case ',':
		s.pos++
		s.space()
		return true, nil
	case end:
		s.pos++
		return false, nil
	}
	if s.pos == len(s.text) {
		return false, s.fail(unterminated)
	}
	return false, s.fail(fmt.Sprintf("a comma or %q is missing", end))
}

// string walks over a string and returns what is between its quotes, and whether it has escapes.
func (s *scanner) string() (inner []byte, escaped bool, err error) {
	s.pos++
	start := s.pos
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; {
		case c == '"':
			inner = s.text[start:s.pos:s.pos]
			s.pos++
			return inner, escaped, nil
		case c == '\\':
			escaped = true
			if err := s.escape(); err != nil {
				return nil, false, err
			}
		case c < 0x20:
			return nil, false, s.fail(controlInText)
		default:
			s.pos++
		}
	}
	return nil, false, s.fail(unterminated)
}

func (s *scanner) escape() error {
	if s.pos+1 == len(s.text) {
		return s.fail(unterminated)
	}
	switch s.text[s.pos+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos += 2
		return nil
	case 'u':
		return s.unicode()
	}
	return s.fail(badEscape)
}

func (s *scanner) unicode() error {
	first, ok := s.hex(s.pos)
	switch {
	case !ok:
		return s.fail(badEscape)
	case first == 0:
		return s.fail(nulCharacter)
	case first >= 0xdc00 && first <= 0xdfff:
		return s.fail(halfCharacter)
	case first < 0xd800 || first > 0xdbff:
		s.pos += 6
		return nil
	}
	second, ok := s.hex(s.pos + 6)
	if !ok || second < 0xdc00 || second > 0xdfff {
		return s.fail(halfCharacter)
	}
	s.pos += 12
	return nil
}

// hex reads \uXXXX.
func (s *scanner) hex(at int) (rune, bool) {
	if at+6 > len(s.text) || s.text[at] != '\\' || s.text[at+1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range s.text[at+2 : at+6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

func (s *scanner) number() error {
	start := s.pos
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if s.digits() == 0 {
		return s.fail("a digit is missing")
	}
	if s.peek() == '.' {
		s.pos++
		if s.digits() == 0 {
			return s.fail("a digit is missing")
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		at := s.pos
		n := s.digits()
		if n == 0 {
			return s.fail("a digit is missing")
		}
		if power, err := strconv.Atoi(string(s.text[at : at+n])); err != nil || power > maxExponent {
			return s.fail(numberTooLarge)
		}
	}
	if s.pos-start > maxNumber {
		return s.fail(numberTooLarge)
	}
	return nil
}

func (s *scanner) digits() int {
	start := s.pos
	for s.pos < len(s.text) && s.text[s.pos] >= '0' && s.text[s.pos] <= '9' {
		s.pos++
	}
	return s.pos - start
}
