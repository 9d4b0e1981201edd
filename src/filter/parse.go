// Package filter is Ibutsu's filter language: conditions such as `result=failed`, `metadata.jenkins.job_name~^nightly`
// or `metadata.tags*smoke;slow`, parsed into a Set and compiled into an SQL condition with parameters only. What a
// person wrote reaches the database as the value of a parameter and never as SQL. The package knows no table: a Model
// says what a field name stands for.
package filter

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of one request. They are far above what the page and the known clients send, and keep a statement within what
// the database plans quickly.
const (
	MaxConditions = 200       // conditions in a set
	MaxText       = 256 << 10 // bytes of all conditions together
	MaxField      = 512       // bytes of a field name
	MaxList       = 5000      // values of one `*`
	MaxRegex      = 1000      // bytes of one `~`
)

// Op is what a condition does with its value, written as the shortest form of its operator.
type Op string

// The operators. Greater-or-equal and less-or-equal have two spellings, `>=` `)` and `<=` `(`.
const (
	Eq       Op = "="
	Ne       Op = "!"
	Gt       Op = ">"
	Lt       Op = "<"
	Ge       Op = ")"
	Le       Op = "("
	Regex    Op = "~"
	In       Op = "*"
	Contains Op = "%"
	Exists   Op = "@"
)

// Condition is one filter: field, operator, value. Text is what was written, Value is without its enclosing quotes.
type Condition struct {
	Text  string
	Field string
	Op    Op
	Value string
}

// List returns the values of an In condition: the value split on `;`, where `\;` is a semicolon that does not split.
func (c Condition) List() []string { return split(c.Value, ';') }

// Set is the conditions of a request, all of which must hold. Void holds the texts that are no condition (no operator, a
// field with other characters than letters, digits, `.`, `_`, `-`): they filter nothing, as clients have come to rely
// on, and are kept so that they can be logged.
type Set struct {
	Conditions []Condition
	Void       []string
}

// Parse reads the values of a request's `filter` parameters. Each is split on `,`; a comma after a backslash belongs to
// the value. The error is an *Error: a limit is exceeded, or a text cannot be stored in a database (NUL, invalid UTF-8).
func Parse(raw []string) (Set, error) {
	var texts []string
	for _, r := range raw {
		texts = append(texts, split(r, ',')...)
	}
	return ParseWhole(texts)
}

// ParseWhole is Parse for values that are one condition each, commas included.
func ParseWhole(texts []string) (Set, error) {
	var set Set
	size := 0
	for _, text := range texts {
		size += len(text)
		if size > MaxText {
			return Set{}, refuse(Condition{Text: text}, "the filters are longer than %d bytes together", MaxText)
		}
		if strings.IndexByte(text, 0) >= 0 || !utf8.ValidString(text) {
			return Set{}, refuse(Condition{Text: text}, "it has a NUL or is not UTF-8")
		}
		condition, ok := parseOne(text)
		if !ok {
			if text != "" {
				set.Void = append(set.Void, text)
			}
			continue
		}
		if len(condition.Field) > MaxField {
			return Set{}, refuse(condition, "a field name is at most %d bytes", MaxField)
		}
		if len(set.Conditions) == MaxConditions {
			return Set{}, refuse(condition, "a request has at most %d filters", MaxConditions)
		}
		set.Conditions = append(set.Conditions, condition)
	}
	return set, nil
}

// HasProject says whether some condition, whatever its operator and value, is on the project: what a list needs of
// people who would otherwise read the rows of every project.
func (s Set) HasProject() bool {
	return slices.ContainsFunc(s.Conditions, func(c Condition) bool {
		return c.Field == "project_id" || c.Field == "data.project" || c.Field == "metadata.project"
	})
}

// Fields returns the field names of the set, each once, in the order of their first condition.
func (s Set) Fields() []string {
	var fields []string
	for _, c := range s.Conditions {
		if !slices.Contains(fields, c.Field) {
			fields = append(fields, c.Field)
		}
	}
	return fields
}

// Moves says whether what the set matches may change with time alone: it compares with now, today or another moment that the
// database finds out when it is asked.
func (s Set) Moves() bool {
	return slices.ContainsFunc(s.Conditions, func(c Condition) bool { return isMoment(c.Value) || slices.ContainsFunc(c.List(), isMoment) })
}

// Rename returns the set with each field name replaced by what rename gives for it.
func (s Set) Rename(rename func(field string) string) Set {
	conditions := slices.Clone(s.Conditions)
	for i := range conditions {
		conditions[i].Field = rename(conditions[i].Field)
	}
	return Set{Conditions: conditions, Void: s.Void}
}

// And returns the set with the given conditions added. Their Text may be empty.
func (s Set) And(more ...Condition) Set {
	return Set{Conditions: append(slices.Clip(s.Conditions), more...), Void: s.Void}
}

func parseOne(text string) (Condition, bool) {
	end := strings.IndexFunc(text, func(r rune) bool { return !isFieldRune(r) })
	if end <= 0 {
		return Condition{}, false
	}
	op, rest, ok := cutOperator(text[end:])
	if !ok {
		return Condition{}, false
	}
	value, _, _ := strings.Cut(rest, "\n")
	return Condition{Text: text, Field: text[:end], Op: op, Value: strings.Trim(value, `"`)}, true
}

func isFieldRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' || r == '-'
}

func cutOperator(s string) (op Op, rest string, ok bool) {
	if rest, ok := strings.CutPrefix(s, ">="); ok {
		return Ge, rest, true
	}
	if rest, ok := strings.CutPrefix(s, "<="); ok {
		return Le, rest, true
	}
	if !strings.ContainsRune("=!><)(~*%@", rune(s[0])) {
		return "", "", false
	}
	return Op(s[:1]), s[1:], true
}

// split cuts s at each separator that has no backslash before it, and takes that backslash away from the others.
func split(s string, separator byte) []string {
	var parts []string
	var part strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == separator:
			i++
			part.WriteByte(separator)
		case s[i] == separator:
			parts = append(parts, part.String())
			part.Reset()
		default:
			part.WriteByte(s[i])
		}
	}
	return append(parts, part.String())
}
