package widget

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// decimal is a number that is always written with a fraction, as 5.0.
type decimal float64

// MarshalJSON writes the number; what JSON has no number for becomes null.
func (d decimal) MarshalJSON() ([]byte, error) {
	f := float64(d)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return []byte("null"), nil
	}
	if f == math.Trunc(f) && math.Abs(f) < 1e16 {
		return strconv.AppendFloat(nil, f, 'f', 1, 64), nil
	}
	return strconv.AppendFloat(nil, f, 'g', -1, 64), nil
}

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

// MarshalJSON writes the time.
func (t timestamp) MarshalJSON() ([]byte, error) {
	layout := `"2006-01-02T15:04:05Z"`
	if time.Time(t).Nanosecond()/1000 != 0 {
		layout = `"2006-01-02T15:04:05.000000Z"`
	}
	return time.Time(t).UTC().AppendFormat(nil, layout), nil
}

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	key   string
	value any
}

// MarshalJSON writes the members in their order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(m.key)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
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
