package filter

import "strconv"

// Args collects the arguments of a statement and numbers their placeholders. The zero value starts at $1.
type Args struct {
	offset int
	values []any
}

// NewArgs returns Args whose first placeholder is $offset+1, for a statement that has arguments of its own before them.
func NewArgs(offset int) *Args { return &Args{offset: offset} }

// Add appends a value and returns its placeholder, `$3` for example.
func (a *Args) Add(value any) string {
	a.values = append(a.values, value)
	return "$" + strconv.Itoa(a.offset+len(a.values))
}

// Values returns what was added, in the order of the placeholders.
func (a *Args) Values() []any { return a.values }
