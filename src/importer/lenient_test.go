package importer

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseSeconds(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]float64{
		"1.5": 1.5, " 1.5\n": 1.5, "1.5s": 1.5, "0": 0, "1e-3": 0.001, "-2": -2,
		"1,234.5": 1234.5, "1,234": 1234, "1,234,567.8": 1234567.8, "12,345": 12345,
		"0,25": 0.25, "1,5": 1.5, "1.234,5": 1234.5, "0,123": 0.123, "1234,567": 1234.567,
		"1 234.5": 1234.5, "1\u00a0234,5": 1234.5, "1'234.5": 1234.5,
	} {
		got, ok := parseSeconds(in)
		require.True(t, ok, in)
		require.InDelta(t, want, got, 1e-9, in)
	}
	for _, in := range []string{"", " ", "s", "NaN", "inf", "-Infinity", "1e999", "fast", "1:30", "1,2,3", "1.2.3", ","} {
		_, ok := parseSeconds(in)
		require.False(t, ok, in)
	}
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 5, 4, 10, 11, 12, 0, time.UTC)
	for _, in := range []string{
		"2026-05-04T10:11:12", "2026-05-04T10:11:12Z", " 2026-05-04T10:11:12Z\n", "2026-05-04T12:11:12+02:00", "2026-05-04T12:11:12+0200",
		"2026-05-04T12:11:12+02", "2026-05-04 10:11:12", "2026-05-04 10:11:12 UTC", "2026-05-04 12:11:12 +0200", "2026-05-04 10:11:12 +0000 UTC",
		"20260504T101112", "20260504T101112Z", "2026/05/04 10:11:12", "Mon, 04 May 2026 10:11:12 GMT", "Mon, 4 May 2026 12:11:12 +0200",
		"Mon May  4 10:11:12 2026", "Mon May  4 10:11:12 UTC 2026", "4 May 2026 10:11:12", "May 4, 2026 10:11:12 AM", "May 4, 2026, 10:11:12 AM",
		"5/4/2026 10:11:12 AM", "4.5.2026 10:11:12", "1777889472", "1777889472000", "1777889472.0",
	} {
		got, ok := parseTime(in)
		require.True(t, ok, in)
		require.Equal(t, want, got, in)
	}
	for in, want := range map[string]time.Time{
		"2026-05-04T10:11:12.131415926Z": want.Add(131415 * time.Microsecond),
		"2026-05-04T10:11:12,5":          want.Add(500 * time.Millisecond),
		"2026-05-04 10:11:12.25+00:00":   want.Add(250 * time.Millisecond),
		"2026-05-04":                     time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC),
		"20260504":                       time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC),
		"2026-05-04T10:11":               time.Date(2026, 5, 4, 10, 11, 0, 0, time.UTC),
	} {
		got, ok := parseTime(in)
		require.True(t, ok, in)
		require.Equal(t, want, got, in)
	}
	for _, in := range []string{"", "now", "yesterday", "2026-13-01", "0000-01-01T00:00:00Z", "12345", "-1777889472", "NaN", "99999999999999999999", "9999-12-31T23:59:59-10:00"} {
		_, ok := parseTime(in)
		require.False(t, ok, in)
	}
}
