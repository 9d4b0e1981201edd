package widget

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// decimal is a number that is always written with a fraction, as 5.0.
type decimal float64

// rounded rounds to so many digits as a decimal number is rounded by hand: the exact value decides, ties go to even.
func rounded(f float64, digits int) decimal {
	r, err := strconv.ParseFloat(strconv.FormatFloat(f, 'f', digits, 64), 64)
	if err != nil {
		return decimal(f)
	}
	return decimal(r)
}

// timestamp is a time as the API writes it: UTC, microseconds only where there are any.
type timestamp time.Time

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	key   string
	value any
}

// appendJSON writes what computations return. They are made of the types below: a large answer is written once from one
// end to the other, where encoding/json would go over each level of it again.
func appendJSON(dst []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return append(dst, "null"...), nil
	case object:
		return appendObject(dst, v)
	case []object:
		return appendArray(dst, v, appendObject)
	case []any:
		return appendArray(dst, v, appendJSON)
	case [][]any:
		return appendArray(dst, v, func(dst []byte, row []any) ([]byte, error) { return appendArray(dst, row, appendJSON) })
	case []string:
		return appendArray(dst, v, func(dst []byte, s string) ([]byte, error) { return appendText(dst, s), nil })
	case []uuid.UUID:
		return appendArray(dst, v, func(dst []byte, id uuid.UUID) ([]byte, error) { return appendID(dst, id), nil })
	case string:
		return appendText(dst, v), nil
	case *string:
		if v == nil {
			return append(dst, "null"...), nil
		}
		return appendText(dst, *v), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case float64: // a whole one without fraction
		return appendNumber(dst, v, 0), nil
	case decimal:
		return appendNumber(dst, float64(v), 1), nil
	case timestamp:
		return appendTime(dst, time.Time(v)), nil
	case json.RawMessage:
		return append(dst, v...), nil
	}
	return dst, fmt.Errorf("widget: a %T has no place in an answer", value)
}

func appendObject(dst []byte, o object) ([]byte, error) {
	dst = append(dst, '{')
	for i, m := range o {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendText(dst, m.key), ':')
		var err error
		if dst, err = appendJSON(dst, m.value); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

func appendArray[T any](dst []byte, items []T, write func([]byte, T) ([]byte, error)) ([]byte, error) {
	dst = append(dst, '[')
	for i, item := range items {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = write(dst, item); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

// appendID writes an id without a string of its own: a table may list thousands.
func appendID(dst []byte, id uuid.UUID) []byte {
	dst = hex.AppendEncode(append(dst, '"'), id[:4])
	for _, part := range [][]byte{id[4:6], id[6:8], id[8:10], id[10:]} {
		dst = hex.AppendEncode(append(dst, '-'), part)
	}
	return append(dst, '"')
}

// appendText writes a string. What needs more than quotes is left to encoding/json.
func appendText(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= 0x7f {
			quoted, err := json.Marshal(s)
			if err != nil { // a string always marshals
				panic(err)
			}
			return append(dst, quoted...)
		}
	}
	return append(append(append(dst, '"'), s...), '"')
}

// appendNumber writes a number, a whole one with so many digits of a fraction; what JSON has no number for is null.
func appendNumber(dst []byte, f float64, digits int) []byte {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return append(dst, "null"...)
	case f == math.Trunc(f) && math.Abs(f) < 1e16:
		return strconv.AppendFloat(dst, f, 'f', digits, 64)
	}
	return strconv.AppendFloat(dst, f, 'g', -1, 64)
}

func appendTime(dst []byte, t time.Time) []byte {
	layout := `"2006-01-02T15:04:05Z"`
	if t.Nanosecond()/1000 != 0 {
		layout = `"2006-01-02T15:04:05.000000Z"`
	}
	return t.UTC().AppendFormat(dst, layout)
}

// grouped collects values under keys, in the order in which the keys first came.
type grouped[T any] struct {
	keys []string
	of   map[string][]T
}

func (g *grouped[T]) add(key string, value T) {
	if g.of == nil {
		g.of = map[string][]T{}
	}
	if _, ok := g.of[key]; !ok {
		g.keys = append(g.keys, key)
	}
	g.of[key] = append(g.of[key], value)
}
