package filter

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// ParseUUID reads an id in any of the spellings that clients use: with or without dashes, in any case, in braces, or as
// urn:uuid:.
func ParseUUID(s string) (uuid.UUID, bool) {
	if inner, ok := strings.CutPrefix(s, "{"); ok {
		inner, ok = strings.CutSuffix(inner, "}")
		if !ok {
			return uuid.UUID{}, false
		}
		s = inner
	}
	if len(s) > 36 && !strings.EqualFold(s[:min(9, len(s))], "urn:uuid:") {
		return uuid.UUID{}, false
	}
	id, err := uuid.Parse(s)
	return id, err == nil
}

// A decimal number. Go would also read hexadecimal, infinity and digits in groups; no client means these.
var decimal = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$`)

func parseFloat(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	if !decimal.MatchString(s) {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

// The exponent and the length are bounded so that the database's numeric type holds every value.
var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$`)

const maxNumber = 100

// isJSONNumber says whether s is a number as JSON spells it, so that it may equal a stored JSON number.
func isJSONNumber(s string) bool { return len(s) <= maxNumber && jsonNumber.MatchString(s) }

func parseBool(s string) (value, ok bool) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "t", "true", "y", "yes", "on", "1":
		return true, true
	case "f", "false", "n", "no", "off", "0":
		return false, true
	}
	return false, false
}

// The offset is read and ignored: the columns hold UTC wall time, and filters always meant that.
var (
	dateTime = regexp.MustCompile(`(?i)^([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})(?:[t ] *([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]{1,12})?)?)? *` + offset + `$`)
	compact  = regexp.MustCompile(`(?i)^([0-9]{4})([0-9]{2})([0-9]{2})[t ]([0-9]{2})([0-9]{2})([0-9]{2})(\.[0-9]{1,12})? *` + offset + `$`)
)

const offset = `(?:z|utc|gmt|[+-][0-9]{1,2}(?::?[0-9]{2}(?::?[0-9]{2})?)?)?`

func parseTime(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	match := dateTime.FindStringSubmatch(s)
	if match == nil {
		match = compact.FindStringSubmatch(s)
	}
	if match == nil {
		return time.Time{}, false
	}
	var n [6]int
	for i := range n {
		n[i], _ = strconv.Atoi(match[i+1]) // digits or nothing, by the pattern
	}
	fraction, _ := strconv.ParseFloat("0"+match[7], 64)
	year, month, day, hour, minute, second := n[0], n[1], n[2], n[3], n[4], n[5]
	date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if year == 0 || int(date.Month()) != month || date.Day() != day {
		return time.Time{}, false
	}
	// 24:00:00 and a leap second are times of the next minute, as the database reads them.
	if hour > 24 || minute > 59 || second > 60 || hour == 24 && (minute > 0 || second > 0 || fraction > 0) {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, int(fraction*1e9), time.UTC)
	return t.Round(time.Microsecond), true
}

// isMoment says whether s is one of the database's names for a time, which it reads when the statement runs.
func isMoment(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "now", "today", "yesterday", "tomorrow", "epoch", "infinity", "-infinity":
		return true
	}
	return false
}

func jsonString(s string) string {
	b, err := json.Marshal(s)
	if err != nil { // a string always marshals
		panic(err)
	}
	return string(b)
}
