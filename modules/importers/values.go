package importers

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ibutsu/ibutsu-go/src/importer"
)

// What fits into an index entry of PostgreSQL: one longer value would make it refuse the whole import.
const (
	maxTestID = 2560
	maxLabel  = 1024
	maxShown  = 500
	maxDepth  = 100
)

// fields is a JSON object.
type fields map[string]any

// object reads a JSON object; nothing and null are an empty one. What PostgreSQL cannot keep (NUL, broken UTF-8) is left
// out of its texts.
func object(text []byte, what string) (fields, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return fields{}, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // a number is kept as it is written
	var o map[string]any
	if err := decoder.Decode(&o); err != nil {
		return nil, &importer.Error{Reason: "the " + what + " is no JSON object", Err: err}
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, &importer.Error{Reason: "the " + what + " is more than one JSON object"}
	}
	cleaned, err := cleanValue(o, maxDepth)
	if err != nil {
		return nil, &importer.Error{Reason: "the " + what + " " + err.Error()}
	}
	if o, _ = cleaned.(map[string]any); o == nil {
		return fields{}, nil
	}
	return o, nil
}

func cleanValue(v any, depth int) (any, error) {
	if depth == 0 {
		return nil, errors.New("is nested too deep")
	}
	switch v := v.(type) {
	case string:
		return clean(v), nil
	case json.Number:
		if f, err := v.Float64(); err != nil || math.IsInf(f, 0) {
			return nil, errors.New("has a number that is too large")
		}
	case []any:
		for i := range v {
			item, err := cleanValue(v[i], depth-1)
			if err != nil {
				return nil, err
			}
			v[i] = item
		}
	case map[string]any:
		cleaned := make(map[string]any, len(v))
		for key, value := range v {
			item, err := cleanValue(value, depth-1)
			if err != nil {
				return nil, err
			}
			cleaned[clean(key)] = item
		}
		return cleaned, nil
	}
	return v, nil
}

// merge puts the other's members over these.
func (f fields) merge(other fields) {
	maps.Copy(f, other)
}

// text is a member that is text, else empty.
func (f fields) text(key string) string {
	s, _ := f[key].(string)
	return s
}

// or is a member that is text, else the fallback.
func (f fields) or(key string, fallback *string) *string {
	if s := label(f.text(key)); s != nil {
		return s
	}
	return fallback
}

func (f fields) json() json.RawMessage {
	text, err := json.Marshal(map[string]any(f))
	if err != nil {
		return json.RawMessage("{}") // of values that were read from JSON nothing can fail
	}
	return text
}

// clean leaves out what PostgreSQL cannot keep in a text.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// fit cuts a text to at most that many bytes. What is cut off stays as a hash, so that two long texts that differ only at
// their ends stay different.
func fit(s string, most int) string {
	if len(s) <= most {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	tail := "…" + hex.EncodeToString(sum[:8])
	end := most - len(tail)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + tail
}

// label is the value of a column, nil for an empty text.
func label(s string) *string {
	if s = fit(clean(s), maxLabel); s == "" {
		return nil
	}
	return &s
}

func orOf(a, b *string) *string {
	if a != nil {
		return a
	}
	return b
}

// shown is a text of the importer in a message.
func shown(s string) string { return fit(clean(s), maxShown) }

// seconds is a duration that is set and makes sense.
func seconds(set bool, d float64) *float64 {
	if !set || math.IsNaN(d) || math.IsInf(d, 0) || d < 0 {
		return nil
	}
	return &d
}

func outcome(s string) (*string, error) {
	known := []string{"passed", "failed", "error", "skipped", "xpassed", "xfailed", "manual", "blocked"}
	if !slices.Contains(known, s) {
		return nil, &importer.Error{Reason: "a result is " + `"` + shown(s) + `"` + "; it can be " + strings.Join(known, ", ")}
	}
	return &s, nil
}
