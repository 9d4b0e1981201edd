package filter

import (
	"slices"
	"strings"
)

// Kind is the type of a column, which decides how values are read and which operators it has.
type Kind int

// The kinds of columns.
const (
	UUID Kind = iota + 1
	Text
	Int
	Float
	Timestamp
	Bool
	JSON
)

// Column is a column that filters may name.
type Column struct {
	Kind Kind
	// OrNull widens every condition on the column by the rows that have no value there: a list of widget
	// configurations that asks for a project's shows the global ones as well.
	OrNull bool
}

// Document is a JSON column whose contents filters reach by path.
type Document struct {
	Column string
	// Arrays are the keys whose values are lists: `=` asks for an element, `*` for any of several. True for lists whose
	// elements may be objects, which are then found by their "name" too.
	Arrays map[string]bool
	// Numbers are the keys that hold counters; their values are compared as numbers.
	Numbers map[string]bool
}

// Model says what the field names of a filter mean for a table. Only what it names can be reached.
type Model struct {
	Name      string // as in "results have no summary"
	Alias     string // of the table in the statement; may be empty
	Columns   map[string]Column
	Documents map[string]Document // by the first segment of a path: metadata, data, summary
}

// As returns the model with another alias.
func (m Model) As(alias string) Model {
	m.Alias = alias
	return m
}

// Ignored returns the conditions that Compile passes over: unknown fields, and operators that a list in the metadata
// does not have. Saved widgets rely on it that these filter nothing; they are worth a line in the log.
func (m Model) Ignored(set Set) []Condition {
	return slices.DeleteFunc(slices.Clone(set.Conditions), func(c Condition) bool { return !m.ignores(c) })
}

// Effective returns the conditions that Compile does not pass over.
func (m Model) Effective(set Set) []Condition {
	return slices.DeleteFunc(slices.Clone(set.Conditions), m.ignores)
}

func (m Model) ignores(c Condition) bool {
	document, path, ok := m.path(c.Field)
	if !ok {
		_, known := m.Columns[c.Field]
		return !known && !isDocumentName(c.Field)
	}
	return document.isArray(path) && c.Op != Eq && c.Op != In && c.Op != Exists
}

// path resolves a field that leads into a document of the model; ok is false for all others.
func (m Model) path(field string) (document Document, keys []string, ok bool) {
	segments := strings.Split(field, ".")
	if len(segments) < 2 {
		return Document{}, nil, false
	}
	document, ok = m.Documents[segments[0]]
	return document, segments[1:], ok
}

// isDocumentName says whether the field starts like a path into a document, whether or not the model has that document.
func isDocumentName(field string) bool {
	root, _, _ := strings.Cut(field, ".")
	return root == "metadata" || root == "data" || root == "summary"
}

func (d Document) isArray(keys []string) bool {
	if len(keys) != 1 {
		return false
	}
	_, ok := d.Arrays[keys[0]]
	return ok
}

func (d Document) isNumber(keys []string) bool { return len(keys) == 1 && d.Numbers[keys[0]] }

func (m Model) column(name string) string {
	if m.Alias == "" {
		return name
	}
	return m.Alias + "." + name
}
