package api

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestParseTime(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2024-03-01":                           "2024-03-01T00:00:00Z",
		"20240301":                             "2024-03-01T00:00:00Z",
		"2024-W09-5":                           "2024-03-01T00:00:00Z",
		"2024W095":                             "2024-03-01T00:00:00Z",
		"2024-W09":                             "2024-02-26T00:00:00Z",
		"2026-W53-7":                           "2027-01-03T00:00:00Z",
		"2024-03-01T10":                        "2024-03-01T10:00:00Z",
		"2024-03-01T10:11":                     "2024-03-01T10:11:00Z",
		"2024-03-01 10:11:12":                  "2024-03-01T10:11:12Z",
		"20240301T101112":                      "2024-03-01T10:11:12Z",
		"2024-03-01T10:11:12Z":                 "2024-03-01T10:11:12Z",
		"2024-03-01T10:11:12.5":                "2024-03-01T10:11:12.5Z",
		"2024-03-01T10:11:12,25+00:00":         "2024-03-01T10:11:12.25Z",
		"2024-03-01T10:11:12.123456789Z":       "2024-03-01T10:11:12.123456Z",
		"2024-03-01T10:00:00.123456+02:00":     "2024-03-01T08:00:00.123456Z",
		"2024-03-01T01:00:00+0530":             "2024-02-29T19:30:00Z",
		"2024-03-01T10:00-08":                  "2024-03-01T18:00:00Z",
		"2024-03-01T10:00:00+01:02:03.5":       "2024-03-01T08:57:56.5Z",
		"2024-03-01T24:00:00":                  "2024-03-02T00:00:00Z",
		"0001-01-01T00:00:00":                  "0001-01-01T00:00:00Z",
		"2000-02-29":                           "2000-02-29T00:00:00Z",
		"2026-05-04T10:11:12.687551+00:00":     "2026-05-04T10:11:12.687551Z",
		"2024-03-01\u00a010:11:12"[:10] + "t9": "",
	} {
		got, err := parseTime(text)
		if want == "" {
			require.Error(t, err, text)
			continue
		}
		require.NoError(t, err, text)
		require.Equal(t, want, got.Format(time.RFC3339Nano), text)
	}
}

func TestParseTimeRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "noon", "yesterday", "2024", "2024-03", "2024-3-1", "2024-13-01", "2024-00-10", "2024-02-30", "1900-02-29",
		"0000-01-01", "2024-03-01T", "2024-03-01T1", "2024-03-01T25:00", "2024-03-01T10:60", "2024-03-01T10:11:60",
		"2024-03-01T10:11:12.", "2024-03-01T10:11:12x", "2024-03-01T10:11:12+", "2024-03-01T10:11:12+24:00",
		"2024-03-01T24:00:01", "2024-W54-1", "2024-W53-1", "2024-W09-8", "2024-W00-1", "1704067200", "2024-03-01T10:1112",
	} {
		_, err := parseTime(text)
		require.Error(t, err, text)
	}
}

// What the server writes it reads back, whatever the offset that a client adds.
func TestParseTimeReadsWhatIsWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		micros := rapid.Int64Range(time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC).UnixMicro(), time.Date(9999, 12, 30, 0, 0, 0, 0, time.UTC).UnixMicro()).Draw(t, "time")
		offset := rapid.IntRange(-23*60, 23*60).Draw(t, "offset")
		want := time.UnixMicro(micros).UTC()
		text := want.In(time.FixedZone("", offset*60)).Format("2006-01-02T15:04:05.999999Z07:00")
		got, err := parseTime(text)
		require.NoError(t, err)
		require.True(t, want.Equal(got), "%s became %s", text, got)
	})
}

func FuzzParseTime(f *testing.F) {
	for _, seed := range []string{"2024-03-01T10:11:12.5+02:00", "2024-W09-5", "20240301T1011", "24"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseTime(text)
		if err == nil {
			require.Equal(t, time.UTC, got.Location())
			require.Zero(t, got.Nanosecond()%1000)
		}
	})
}
