package filter

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error says which filter cannot be used and why. It is the caller's mistake: a 400.
type Error struct {
	Filter string // the filter as it was written, cut to a readable length
	Field  string // its field; empty when the fault lies in no single field
	Reason string // a phrase without full stop
}

func (e *Error) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("filter %q: %s", e.Filter, e.Reason)
	}
	return fmt.Sprintf("filter %q: %s: %s", e.Filter, e.Field, e.Reason)
}

const maxQuoted = 200

func refuse(c Condition, reason string, args ...any) *Error {
	field := c.Field
	if len(field) > MaxField {
		field = ""
	}
	return &Error{Filter: shorten(c.Text), Field: field, Reason: fmt.Sprintf(reason, args...)}
}

// shorten keeps an answer and a log line readable when the filter is not.
func shorten(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= maxQuoted {
		return s
	}
	end := maxQuoted
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

// invalidRegex is PostgreSQL's code for a regular expression that it refuses, or gives up on because it is too complex.
const invalidRegex = "2201B"

// Refused turns the database's refusal of a regular expression of the set into an *Error, and returns every other error
// as it is. Compile finds almost all faulty expressions; the ones left (too complex, say) only the database knows.
func Refused(set Set, err error) error {
	var state interface{ SQLState() string }
	if !errors.As(err, &state) || state.SQLState() != invalidRegex {
		return err
	}
	var texts, fields []string
	for _, c := range set.Conditions {
		if c.Op == Regex {
			texts = append(texts, c.Text)
			fields = append(fields, c.Field)
		}
	}
	if len(texts) == 0 {
		return err
	}
	return &Error{
		Filter: shorten(strings.Join(texts, ",")),
		Field:  strings.Join(fields, ", "),
		Reason: "the database refuses the regular expression as invalid or too complex",
	}
}
