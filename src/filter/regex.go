package filter

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The faults of a regular expression. Their texts end in an answer to the person who wrote it.
var (
	errRegexLong      = errors.New("it is longer than " + strconv.Itoa(MaxRegex) + " bytes")
	errRegexParens    = errors.New("a parenthesis has no partner")
	errRegexBrackets  = errors.New("a bracket [ is not closed")
	errRegexBraces    = errors.New("a brace { is not closed")
	errRegexCount     = errors.New("a repetition {m,n} needs m <= n <= 255")
	errRegexOperand   = errors.New("there is nothing to repeat before *, +, ? or {")
	errRegexEscape    = errors.New("a backslash is followed by nothing it could escape")
	errRegexRange     = errors.New("a range in [ ] runs backwards")
	errRegexClass     = errors.New("a class [:name:] is unknown")
	errRegexReference = errors.New("a back reference has no group")
	errRegexOption    = errors.New("an option in (?...) is unknown")

	// What the database would try at each place of a text anew, and so for minutes on a long one.
	errRegexFar  = errors.New("it takes too long: a look-around with *, + or {m,} has to stand at the start, right after ^")
	errRegexTwin = errors.New("it takes too long: a back reference beside *, + or {m,}")
)

// checkRegex reports faults of an expression in PostgreSQL's advanced syntax, so that they become an answer with a reason
// instead of a failed statement. It passes everything that the database accepts in good time, and a little that it does not:
// other syntaxes (`(?q)`, `***=`, expanded) and collating elements are left to the database.
func checkRegex(expression string) error {
	if len(expression) > MaxRegex {
		return errRegexLong
	}
	rest, checked, err := cutRegexPrefix(expression)
	if err != nil || !checked {
		return err
	}
	r := regexReader{rest: rest}
	if err := r.alternatives(); err != nil {
		return err
	}
	switch {
	case len(r.open) > 0:
		return errRegexParens
	case r.far:
		return errRegexFar
	case r.refers && r.endless:
		return errRegexTwin
	}
	return nil
}

// cutRegexPrefix takes off the director and the embedded options. checked is false when they choose another syntax.
func cutRegexPrefix(s string) (rest string, checked bool, err error) {
	if strings.HasPrefix(s, "***=") {
		return "", false, nil
	}
	s = strings.TrimPrefix(s, "***:")
	if len(s) < 3 || !strings.HasPrefix(s, "(?") || !isLetter(s[2]) {
		return s, true, nil
	}
	end := 2
	for end < len(s) && isLetter(s[end]) {
		end++
	}
	options := s[2:end]
	if end == len(s) || s[end] != ')' || strings.Trim(options, "bceimnpqstwx") != "" {
		return "", false, errRegexOption
	}
	return s[end+1:], !strings.ContainsAny(options, "beqx"), nil
}

func isLetter(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }
func isDigit(b byte) bool  { return b >= '0' && b <= '9' }

// regexReader walks over an expression once.
type regexReader struct {
	rest       string
	open       []regexGroup
	groups     int
	repeatable bool // what was just read may be repeated

	start   bool // only the start of the text fits here: ^ was read, and nothing since that takes a character
	endless bool // there is a repetition without end
	far     bool // there is one in a look-around that is tried at each place of the text
	refers  bool // there is a back reference
}

// regexGroup is a parenthesis that is open. A look-around at the start of the text is tried once.
type regexGroup struct{ lookAround, once bool }

func (r *regexReader) alternatives() error {
	for r.rest != "" {
		if err := r.one(); err != nil {
			return err
		}
	}
	return nil
}

func (r *regexReader) one() error {
	switch c := r.rest[0]; {
	case c == '(':
		return r.group()
	case c == ')':
		return r.close()
	case c == '|' || c == '^' || c == '$':
		r.rest = r.rest[1:]
		r.start = c == '^' || c == '$' && r.start
		r.repeatable = false
		return nil
	case c == '*' || c == '+' || c == '?':
		r.rest = r.rest[1:]
		return r.repeat(c != '?')
	case c == '{' && len(r.rest) > 1 && isDigit(r.rest[1]):
		endless, err := r.bound()
		if err != nil {
			return err
		}
		return r.repeat(endless)
	case c == '[':
		constraint := strings.HasPrefix(r.rest, "[[:<:]]") || strings.HasPrefix(r.rest, "[[:>:]]")
		r.atom(constraint)
		return r.bracket()
	case c == '\\':
		first := strings.HasPrefix(r.rest, `\A`)
		constraint, err := r.escape()
		r.atom(constraint)
		r.start = r.start || first
		return err
	}
	_, size := utf8.DecodeRuneInString(r.rest)
	r.rest = r.rest[size:]
	r.atom(false)
	return nil
}

// atom is called for what stands for a character, or, a constraint, for a place between two.
func (r *regexReader) atom(constraint bool) {
	r.repeatable = !constraint
	r.start = r.start && constraint
}

func (r *regexReader) group() error {
	if strings.HasPrefix(r.rest, "(?#") {
		_, r.rest, _ = strings.Cut(r.rest, ")")
		return nil
	}
	r.repeatable = false
	for _, start := range []string{"(?=", "(?!", "(?<=", "(?<!"} {
		if rest, ok := strings.CutPrefix(r.rest, start); ok {
			r.rest = rest
			r.open = append(r.open, regexGroup{lookAround: true, once: r.start})
			return nil
		}
	}
	r.open = append(r.open, regexGroup{})
	if rest, ok := strings.CutPrefix(r.rest, "(?:"); ok {
		r.rest = rest
		return nil
	}
	r.groups++
	r.rest = r.rest[1:]
	return nil
}

func (r *regexReader) close() error {
	r.rest = r.rest[1:]
	last := len(r.open) - 1
	if last < 0 {
		return errRegexParens
	}
	r.start = r.open[last].once // a look-around takes no character
	r.open = r.open[:last]
	// A look-around cannot be repeated; that fault is the database's to find.
	r.repeatable = true
	return nil
}

// repeat is called when a quantifier has been read.
func (r *regexReader) repeat(endless bool) error {
	if !r.repeatable {
		return errRegexOperand
	}
	r.repeatable, r.start = false, false
	r.endless = r.endless || endless
	tried := func(g regexGroup) bool { return g.lookAround && !g.once }
	r.far = r.far || endless && slices.ContainsFunc(r.open, tried)
	r.rest = strings.TrimPrefix(r.rest, "?") // the reluctant form
	return nil
}

// bound reads {m}, {m,} or {m,n}; the second has no end.
func (r *regexReader) bound() (endless bool, err error) {
	body, rest, closed := strings.Cut(r.rest[1:], "}")
	if !closed {
		return false, errRegexBraces
	}
	r.rest = rest
	low, high, hasHigh := strings.Cut(body, ",")
	m, ok := repetitions(low)
	if !ok {
		return false, errRegexCount
	}
	if !hasHigh || high == "" {
		return hasHigh, nil
	}
	n, ok := repetitions(high)
	if !ok || m > n {
		return false, errRegexCount
	}
	return false, nil
}

func repetitions(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n <= 255 && isDigit(s[0])
}

// bracket reads a set of characters.
func (r *regexReader) bracket() error {
	r.rest = r.rest[1:]
	r.rest = strings.TrimPrefix(r.rest, "^")
	for first := true; ; first = false {
		if r.rest == "" {
			return errRegexBrackets
		}
		if r.rest[0] == ']' && !first {
			r.rest = r.rest[1:]
			return nil
		}
		low, plain, err := r.element()
		if err != nil {
			return err
		}
		if len(r.rest) < 2 || r.rest[0] != '-' || r.rest[1] == ']' {
			continue
		}
		r.rest = r.rest[1:]
		high, plainHigh, err := r.element()
		if err != nil {
			return err
		}
		if plain && plainHigh && low > high {
			return errRegexRange
		}
	}
}

var regexClasses = []string{
	"alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "xdigit", "word",
	"<", ">",
}

// element reads one member of a bracket; plain says that it is the character returned.
func (r *regexReader) element() (c rune, plain bool, err error) {
	for _, kind := range []string{".", "=", ":"} {
		inner, ok := strings.CutPrefix(r.rest, "["+kind)
		if !ok {
			continue
		}
		name, rest, closed := strings.Cut(inner, kind+"]")
		if !closed {
			return 0, false, errRegexBrackets
		}
		if kind == ":" && !slices.Contains(regexClasses, name) {
			return 0, false, errRegexClass
		}
		r.rest = rest
		return 0, false, nil
	}
	if r.rest[0] == '\\' {
		_, err := r.escape()
		return 0, false, err
	}
	c, size := utf8.DecodeRuneInString(r.rest)
	r.rest = r.rest[size:]
	return c, true, nil
}

// escape reads a backslash and what it escapes; constraint says that it matches a place rather than a character.
func (r *regexReader) escape() (constraint bool, err error) {
	if len(r.rest) == 1 {
		return false, errRegexEscape
	}
	c := r.rest[1]
	if !isLetter(c) && !isDigit(c) {
		_, size := utf8.DecodeRuneInString(r.rest[1:])
		r.rest = r.rest[1+size:]
		return false, nil
	}
	r.rest = r.rest[2:]
	switch {
	case strings.IndexByte("AmMyYZ", c) >= 0:
		return true, nil
	case strings.IndexByte("abBdDefnrsStvwW0", c) >= 0:
		return false, nil
	case c == 'c':
		if r.rest == "" {
			return false, errRegexEscape
		}
		_, size := utf8.DecodeRuneInString(r.rest)
		r.rest = r.rest[size:]
		return false, nil
	case c == 'x':
		return false, r.hex(1)
	case c == 'u':
		return false, r.hex(4)
	case c == 'U':
		return false, r.hex(8)
	case isDigit(c):
		if int(c-'0') > r.groups && (r.rest == "" || !isDigit(r.rest[0])) {
			return false, errRegexReference
		}
		r.refers = true
		return false, nil
	}
	return false, errRegexEscape
}

func (r *regexReader) hex(digits int) error {
	if len(r.rest) < digits || strings.Trim(r.rest[:digits], "0123456789abcdefABCDEF") != "" {
		return errRegexEscape
	}
	r.rest = r.rest[digits:]
	return nil
}
