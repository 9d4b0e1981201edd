package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"
)

// ViolationError is a request that is not what the document asks for. Its status is 400 or 415.
type ViolationError struct {
	Status int
	Detail string // which part and why, for a person
}

func (v *ViolationError) Error() string { return v.Detail }

func violation(format string, args ...any) *ViolationError {
	return &ViolationError{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// RangeError is an integer in a query string that nobody can count to.
type RangeError struct{ Detail string }

func (e *RangeError) Error() string { return e.Detail }

type parameter struct {
	name    string
	kind    string // integer, boolean, string, array or object
	minimum *int64
}

type body struct {
	mediaType  string
	required   []string
	properties []property
}

type property struct {
	name     string
	kind     string // "" for any
	email    bool
	nullable bool
	enum     []string
	minimum  *int64
}

func sortProperties(ps []property) {
	slices.SortFunc(ps, func(a, b property) int { return strings.Compare(a.name, b.name) })
}

// CheckPath checks a path parameter.
func (o *Operation) CheckPath(name, value string) error {
	if enum := o.enums[name]; enum != nil && !slices.Contains(enum, value) {
		return violation("%s: %q is none of %s", name, shorten(value), strings.Join(enum, ", "))
	}
	return nil
}

// CheckQuery checks the parameters of a query string and returns it in the form that any parser reads alike: of a
// parameter that is no list the last value alone, booleans in lower case, no raw semicolons or stray percent signs.
// Parameters that the operation does not have are left as they are.
func (o *Operation) CheckQuery(query []byte) ([]byte, error) {
	if len(query) == 0 {
		return query, nil
	}
	args := fasthttp.AcquireArgs()
	defer fasthttp.ReleaseArgs(args)
	args.ParseBytes(query)
	rewrite := !plainQuery(query)
	for i := range o.query {
		p := &o.query[i]
		if p.kind == "array" || p.kind == "object" {
			continue
		}
		var value string
		n := 0
		for _, v := range args.PeekMulti(p.name) {
			value = string(v)
			n++
		}
		if n == 0 {
			continue
		}
		canonical, err := p.check(value)
		if err != nil {
			return nil, err
		}
		if n > 1 || canonical != value {
			args.Del(p.name)
			args.Add(p.name, canonical)
			rewrite = true
		}
	}
	if rewrite {
		return args.AppendBytes(nil), nil
	}
	return query, nil
}

// plainQuery says that all parsers of a query string agree on this one.
func plainQuery(query []byte) bool {
	for i := range query {
		switch query[i] {
		case ';':
			return false
		case '%':
			if i+2 >= len(query) || !isHex(query[i+1]) || !isHex(query[i+2]) {
				return false
			}
		}
	}
	return true
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func (p *parameter) check(value string) (canonical string, err error) {
	switch p.kind {
	case "integer":
		n, err := strconv.ParseInt(value, 10, 64)
		switch {
		case errors.Is(err, strconv.ErrRange):
			return "", &RangeError{fmt.Sprintf("%s: %s is out of range", p.name, shorten(value))}
		case err != nil:
			return "", violation("%s: %q is not an integer", p.name, shorten(value))
		}
		if p.minimum != nil && n < *p.minimum {
			return "", violation("%s: %d is less than the minimum of %d", p.name, n, *p.minimum)
		}
		return strconv.FormatInt(n, 10), nil
	case "boolean":
		switch {
		case strings.EqualFold(value, "true"):
			return "true", nil
		case strings.EqualFold(value, "false"):
			return "false", nil
		}
		return "", violation("%s: %q is neither true nor false", p.name, shorten(value))
	}
	return value, nil
}

// CheckMediaType checks the Content-Type of a request. Without one the body is taken for what the operation expects;
// given says whether there was one.
func (o *Operation) CheckMediaType(contentType string) (given bool, err error) {
	if o.body == nil {
		return contentType != "", nil
	}
	if contentType == "" {
		return false, nil
	}
	mediaType, _, _ := strings.Cut(contentType, ";")
	if strings.EqualFold(strings.TrimSpace(mediaType), o.body.mediaType) {
		return true, nil
	}
	return true, &ViolationError{http.StatusUnsupportedMediaType,
		fmt.Sprintf("Content-Type: %q where %s is expected", shorten(mediaType), o.body.mediaType)}
}

// BodyType is the media type of the operation's body, "" if it has none.
func (o *Operation) BodyType() string {
	if o.body == nil {
		return ""
	}
	return o.body.mediaType
}

// ParseBody takes a JSON body apart and checks its members against the document.
func (o *Operation) ParseBody(text []byte) (Object, error) {
	if len(text) == 0 {
		return Object{}, violation("the request has no body")
	}
	object, err := ParseObject(text)
	var syntax *SyntaxError
	switch {
	case errors.Is(err, errNotObject):
		return Object{}, violation("the body is not a JSON object")
	case errors.As(err, &syntax):
		return Object{}, violation("the body is %s", syntax.Error())
	case err != nil:
		return Object{}, violation("the body cannot be read as JSON")
	}
	if o.body == nil {
		return object, nil
	}
	return object, o.body.check(object)
}

func (b *body) check(object Object) error {
	for i := range b.properties {
		p := &b.properties[i]
		if raw, ok := object.Get(p.name); ok {
			if err := p.check(raw); err != nil {
				return err
			}
		}
	}
	for _, name := range b.required {
		if _, ok := object.Get(name); !ok {
			return violation("%s: it is required", name)
		}
	}
	return nil
}

func (p *property) check(raw json.RawMessage) error {
	if IsNull(raw) {
		if p.nullable || p.kind == "" {
			return nil
		}
		return violation("%s: it is null; leave it out instead", p.name)
	}
	if p.kind == "" {
		return nil
	}
	if !isKind(raw, p.kind) {
		return violation("%s: %s is not of type %s", p.name, shorten(string(raw)), p.kind)
	}
	if p.enum == nil && !p.email && p.minimum == nil {
		return nil
	}
	return p.checkValue(raw)
}

func (p *property) checkValue(raw json.RawMessage) error {
	text, _ := Text(raw)
	switch {
	case p.enum != nil && !slices.Contains(p.enum, text):
		return violation("%s: %q is none of %s", p.name, shorten(text), strings.Join(p.enum, ", "))
	case p.email && !strings.Contains(text, "@"):
		return violation("%s: %q is no e-mail address", p.name, shorten(text))
	case p.minimum != nil:
		if n, err := strconv.ParseFloat(string(raw), 64); err == nil && n < float64(*p.minimum) {
			return violation("%s: %s is less than the minimum of %d", p.name, shorten(string(raw)), *p.minimum)
		}
	}
	return nil
}

func isKind(raw json.RawMessage, kind string) bool {
	c := raw[0]
	switch kind {
	case "string":
		return c == '"'
	case "object":
		return c == '{'
	case "array":
		return c == '['
	case "boolean":
		return c == 't' || c == 'f'
	case "number":
		return c == '-' || c >= '0' && c <= '9'
	case "integer":
		return (c == '-' || c >= '0' && c <= '9') && !strings.ContainsAny(string(raw), ".eE")
	}
	return true
}

const quoted = 100

// shorten keeps an answer readable when what it speaks of is not.
func shorten(s string) string {
	if len(s) <= quoted {
		return s
	}
	return strings.ToValidUTF8(s[:quoted], "") + "…"
}
