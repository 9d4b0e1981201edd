package importer

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// parseSeconds reads a number the way report writers write it: with blanks around it, with separators of thousands
// ("1,234.5", "1 234.5"), with a decimal comma ("0,25"), with an s for seconds. ok is false where it is no finite number.
func parseSeconds(text string) (seconds float64, ok bool) {
	text = strings.TrimSuffix(strings.TrimSpace(text), "s")
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		return finite(f)
	}
	text = strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\u00a0', '\u2009', '\u202f', '\'', '’', '_':
			return -1
		}
		return r
	}, text)
	comma, point := strings.LastIndexByte(text, ','), strings.LastIndexByte(text, '.')
	switch {
	case comma < 0:
	case point > comma, thousands(text):
		text = strings.ReplaceAll(text, ",", "")
	case strings.Count(text, ",") == 1:
		text = strings.ReplaceAll(text, ".", "")
		text = strings.Replace(text, ",", ".", 1)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, false
	}
	return finite(f)
}

// finite keeps a number that a JSON answer can show.
func finite(f float64) (float64, bool) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

// thousands tells whether the commas of a number without a point stand in front of groups of three digits: 1,234,567.
func thousands(text string) bool {
	groups := strings.Split(strings.TrimLeft(text, "+-"), ",")
	if first := groups[0]; first == "" || len(first) > 3 || first[0] == '0' {
		return false
	}
	for _, g := range groups[1:] {
		if len(g) != 3 {
			return false
		}
	}
	return !strings.Contains(text, ".")
}

// timeLayouts are the ways in which times are written that were met in reports, the usual first. A time without a zone is
// UTC. The fraction of a second is read after any of them, with a point or a comma.
var timeLayouts = []string{
	"2006-01-02T15:04:05Z07:00",
	"2006-01-02T15:04:05",
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05Z07",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05",
	"2006-01-02 15:04:05 Z07:00",
	"2006-01-02 15:04:05Z0700",
	"2006-01-02 15:04:05 Z0700",
	"2006-01-02 15:04:05 MST",
	"2006-01-02 15:04:05 -0700 MST",
	"2006-01-02T15:04Z07:00",
	"2006-01-02T15:04",
	"2006-01-02 15:04",
	"2006-01-02",
	"20060102T150405Z07:00",
	"20060102T150405",
	"20060102",
	"2006/01/02 15:04:05",
	"2006/01/02",
	time.RFC1123,
	time.RFC1123Z,
	time.RFC850,
	time.RFC822,
	time.RFC822Z,
	time.ANSIC,
	time.UnixDate,
	time.RubyDate,
	"Mon, 2 Jan 2006 15:04:05 MST",
	"Mon, 2 Jan 2006 15:04:05 -0700",
	"Mon Jan _2 15:04:05 2006 MST",
	"2 Jan 2006 15:04:05",
	"2 Jan 2006 15:04:05 MST",
	"2 January 2006 15:04:05",
	"Jan 2, 2006 3:04:05 PM",
	"Jan 2, 2006, 3:04:05 PM",
	"Jan 2, 2006 15:04:05",
	"January 2, 2006 3:04:05 PM",
	"January 2, 2006 15:04:05",
	"1/2/2006 3:04:05 PM",
	"1/2/2006 15:04:05",
	"1/2/2006",
	"2.1.2006 15:04:05",
}

// parseTime reads a time in any usual form, seconds or milliseconds since 1970 included. It is UTC and has microseconds,
// which is what a column keeps. ok is false for anything else, and for years that are not four digits.
func parseTime(text string) (t time.Time, ok bool) {
	text = strings.TrimSpace(text)
	if len(text) < 6 || len(text) > 64 {
		return t, false
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return storable(t)
		}
	}
	// Seconds of this century have nine or ten digits, milliseconds three more.
	const until2286 = 1e10
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || len(text) < 9 {
		return t, false
	}
	if n >= until2286 {
		n /= 1000
	}
	if 0 < n && n < until2286 {
		return storable(time.UnixMicro(int64(n * 1e6)))
	}
	return t, false
}

func storable(t time.Time) (time.Time, bool) {
	t = t.UTC().Truncate(time.Microsecond)
	if y := t.Year(); y < 1 || y > 9999 {
		return time.Time{}, false
	}
	return t, true
}
