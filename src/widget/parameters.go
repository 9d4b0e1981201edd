package widget

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/filter"
)

// Values are the parameters of a request as they came: each key of the query string with all its values.
type Values map[string][]string

// ParamError says which parameter of which widget cannot be used and why. It is the caller's mistake: a 400.
type ParamError struct {
	Widget string
	Param  string // of several, joined by ", "
	Reason string
}

func (e *ParamError) Error() string { return fmt.Sprintf("%s: %s: %s", e.Widget, e.Param, e.Reason) }

func (k *kind) wrong(param, reason string, args ...any) *ParamError {
	return &ParamError{Widget: k.ID, Param: param, Reason: fmt.Sprintf(reason, args...)}
}

// Limits of the parameters.
const (
	maxValues = 1000     // values of one parameter
	maxValue  = 64 << 10 // bytes of one value
)

// arrange brings values into the form that the widget reads: params[key]=value and params={"key": value} are taken apart,
// as generated clients send them, old names are translated, and a name that the widget does not have is refused.
func (k *kind) arrange(values Values) (Values, error) {
	arranged := Values{}
	add := func(key string, more ...string) {
		if name, ok := k.renames[key]; ok {
			key = name
		}
		arranged[key] = append(arranged[key], more...)
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if key == "params" {
			for _, text := range values[key] {
				if err := k.unfold(text, add); err != nil {
					return nil, err
				}
			}
			continue
		}
		if inner, ok := strings.CutPrefix(key, "params["); ok && strings.HasSuffix(inner, "]") {
			add(strings.TrimSuffix(inner, "]"), values[key]...)
			continue
		}
		add(key, values[key]...)
	}
	var unknown []string
	for _, key := range slices.Sorted(maps.Keys(arranged)) {
		switch {
		case !k.takes(key):
			unknown = append(unknown, shorten(key))
		case len(arranged[key]) > maxValues:
			return nil, k.wrong(key, "it has more than %d values", maxValues)
		}
		for _, v := range arranged[key] {
			if len(v) > maxValue || !utf8.ValidString(v) || strings.IndexByte(v, 0) >= 0 {
				return nil, k.wrong(shorten(key), "a value is longer than %d bytes, or not text", maxValue)
			}
		}
	}
	if len(unknown) > 0 {
		return nil, k.wrong(strings.Join(unknown, ", "), "the widget has no such parameter")
	}
	return arranged, nil
}

// unfold takes a JSON object of parameters apart.
func (k *kind) unfold(text string, add func(string, ...string)) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		return k.wrong("params", "%q is not a JSON object", shorten(text))
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		values, ok := texts(object[key])
		if !ok {
			return k.wrong(shorten(key), "%s is neither text, number, boolean nor a list of these", shorten(string(object[key])))
		}
		if len(values) > 0 {
			add(key, values...)
		}
	}
	return nil
}

// texts spells a JSON value as a query string would: one text, or one for each item of a list; none for null.
func texts(raw json.RawMessage) ([]string, bool) {
	raw = bytes.TrimSpace(raw)
	switch raw[0] {
	case 'n':
		return nil, true
	case '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return []string{s}, err == nil
	case '{':
		return nil, false
	case '[':
		var items []json.RawMessage
		if json.Unmarshal(raw, &items) != nil {
			return nil, false
		}
		var all []string
		for _, item := range items {
			one, ok := texts(item)
			if !ok || len(one) != 1 {
				return nil, false
			}
			all = append(all, one[0])
		}
		return all, true
	}
	return []string{string(raw)}, true
}

// reader turns the values into typed parameters and keeps the first fault.
type reader struct {
	kind   *kind
	values Values
	err    error
}

func (r *reader) fail(param, reason string, args ...any) {
	if r.err == nil {
		r.err = r.kind.wrong(param, reason, args...)
	}
}

func (r *reader) given(name string) bool { return len(r.values[name]) > 0 }

// text returns the first value, "" if there is none.
func (r *reader) text(name string) string {
	if !r.given(name) {
		return ""
	}
	return r.values[name][0]
}

func (r *reader) requiredText(name string) string {
	if !r.given(name) {
		r.fail(name, "it is required")
	}
	return r.text(name)
}

// integer returns the first value, or the default where there is none.
func (r *reader) integer(name string, otherwise, low, high int) int {
	if !r.given(name) {
		return otherwise
	}
	n, err := strconv.Atoi(strings.TrimSpace(r.text(name)))
	if err != nil {
		r.fail(name, "%q is not a whole number", shorten(r.text(name)))
		return otherwise
	}
	if n < low || n > high {
		r.fail(name, "it has to be from %d to %d", low, high)
		return otherwise
	}
	return n
}

func (r *reader) requiredInteger(name string, low, high int) int {
	if !r.given(name) {
		r.fail(name, "it is required")
	}
	return r.integer(name, low, low, high)
}

// maxBuilds bounds how many builds one may ask for; the page offers 150.
const maxBuilds = 1000

func (r *reader) builds() int { return r.requiredInteger("builds", 0, maxBuilds) }

func (r *reader) number(name string, otherwise float64) float64 {
	if !r.given(name) {
		return otherwise
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(r.text(name)), 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		r.fail(name, "%q is not a number", shorten(r.text(name)))
		return otherwise
	}
	return f
}

func (r *reader) requiredNumber(name string) float64 {
	if !r.given(name) {
		r.fail(name, "it is required")
	}
	return r.number(name, 0)
}

// boolean is true for what starts with y, t or 1.
func (r *reader) boolean(name string) bool {
	if !r.given(name) {
		return false
	}
	text := r.text(name)
	if text == "" {
		r.fail(name, "it is empty; true or false is expected")
		return false
	}
	return strings.IndexByte("yYtT1", text[0]) >= 0
}

// list returns all values.
func (r *reader) list(name string) []string { return r.values[name] }

// ids reads a list of ids, which may also be separated by commas.
func (r *reader) ids(name string) []uuid.UUID {
	var ids []uuid.UUID
	for _, text := range r.split(name) {
		id, ok := filter.ParseUUID(text)
		if !ok {
			r.fail(name, "%q is not a UUID", shorten(text))
			return nil
		}
		ids = append(ids, id)
	}
	return ids
}

func (r *reader) split(name string) []string {
	var all []string
	for _, value := range r.values[name] {
		all = append(all, strings.Split(value, ",")...)
	}
	return all
}

// filters reads additional filters: lists separated by commas, in one value or several.
func (r *reader) filters() filter.Set {
	set, err := filter.Parse(r.values["additional_filters"])
	return r.set(set, err)
}

// wholeFilters reads additional filters of which each value is one.
func (r *reader) wholeFilters() filter.Set {
	set, err := filter.ParseWhole(r.values["additional_filters"])
	return r.set(set, err)
}

func (r *reader) set(set filter.Set, err error) filter.Set {
	if err != nil && r.err == nil {
		r.err = err
	}
	return set
}

func (r *reader) projectText() string { return r.text("project") }
