package api

import (
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/filter"
)

// The kinds of the members below are checked against the contract before an operation starts: what is left is their values.

// badField answers a member whose value cannot be used.
func badField(name, format string, args ...any) error {
	return refuse(http.StatusBadRequest, "Bad request, "+name+": "+format, args...)
}

// onlyKnown refuses a body with members that the resource does not have. A misspelt one would be lost otherwise.
func onlyKnown(o contract.Object, known ...string) error {
	for name := range o.All() {
		if name != "" && !slices.Contains(known, name) {
			return refuse(http.StatusBadRequest, "Bad request, unknown field %q", shown(name))
		}
	}
	return nil
}

// textField returns a member that is a string; nil for null, or where there is none.
func textField(o contract.Object, name string) *string {
	if text, ok := o.Text(name); ok {
		return &text
	}
	return nil
}

// idField returns a member that is an id; nil for null, or where there is none.
func idField(o contract.Object, name string) (*uuid.UUID, error) {
	text := textField(o, name)
	if text == nil {
		return nil, nil
	}
	id, ok := filter.ParseUUID(*text)
	if !ok {
		return nil, badField(name, "%q is not a valid UUID", shown(*text))
	}
	return &id, nil
}

// timeField returns a member that is a time; nil where there is none, or an empty one.
func timeField(o contract.Object, name string) (*time.Time, error) {
	text := textField(o, name)
	if text == nil || *text == "" {
		return nil, nil
	}
	t, err := parseTime(*text)
	if err != nil {
		return nil, badField(name, "%q is not a time in ISO 8601", shown(*text))
	}
	return &t, nil
}

// numberField returns a member that is a number; nil for null, or where there is none.
func numberField(o contract.Object, name string) (*float64, error) {
	raw, ok := o.Get(name)
	if !ok || contract.IsNull(raw) {
		return nil, nil
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return nil, badField(name, "%s is out of range", shown(string(raw)))
	}
	return &f, nil
}

// objectField returns a member that is an object, as it came; nil for null, or where there is none. It is part of the
// request's body.
func objectField(o contract.Object, name string) json.RawMessage {
	raw, ok := o.Get(name)
	if !ok || contract.IsNull(raw) {
		return nil
	}
	return raw
}

// counters are the members of a summary that the database counts with.
var counters = []string{"tests", "errors", "failures", "skips", "xfailures", "xpasses", "passes", "collected", "not_run", "pass_percent"}

// maxCounter is far beyond what a run can have, and within what the database can add up.
const maxCounter = 1e15

// summaryField returns the summary of a run.
func summaryField(o contract.Object) (json.RawMessage, error) {
	raw := objectField(o, "summary")
	if raw == nil {
		return nil, nil
	}
	summary, err := contract.ParseObject(raw)
	if err != nil {
		return nil, badField("summary", "it cannot be read")
	}
	for _, name := range counters {
		if count, err := numberField(summary, name); err != nil || count != nil && math.Abs(*count) > maxCounter {
			return nil, badField("summary."+name, "it is out of range")
		}
	}
	return raw, nil
}

// plainText returns the text of a scalar; nil for null, lists and objects, which a column of text cannot hold.
func plainText(o contract.Object, name string) *string {
	raw, ok := o.Get(name)
	if !ok || len(raw) == 0 || strings.IndexByte("{[n", raw[0]) >= 0 {
		return nil
	}
	if text, ok := contract.Text(raw); ok {
		return &text
	}
	text := string(raw)
	return &text
}
