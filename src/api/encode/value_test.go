package encode

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ibutsu/ibutsu-go/src/store"
)

func TestFloatAlwaysLooksLikeOne(t *testing.T) {
	t.Parallel()
	for f, want := range map[float64]string{
		0: "0.0", 5: "5.0", -3: "-3.0", 0.1: "0.1", 10.5: "10.5", 1e-7: "1e-07", 1e20: "100000000000000000000.0", 1e21: "1e+21",
		math.Inf(1): "null", math.Inf(-1): "null",
	} {
		require.Equal(t, want, string(Float(nil, f)))
	}
	require.Equal(t, "null", string(Float(nil, math.NaN())))
	require.Equal(t, "null", string(FloatOrNull(nil, nil)))
}

func TestFloatIsReadBackAsItWas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.Float64().Draw(t, "f")
		var back float64
		require.NoError(t, json.Unmarshal(Float(nil, f), &back))
		require.InDelta(t, f, back, 0)
	})
}

func TestTime(t *testing.T) {
	t.Parallel()
	for want, moment := range map[string]time.Time{
		`"2024-03-01T10:00:00Z"`:        time.Date(2024, 3, 1, 10, 0, 0, 0, time.UTC),
		`"2024-03-01T10:00:00.500000Z"`: time.Date(2024, 3, 1, 10, 0, 0, 5e8, time.UTC),
		`"2024-03-01T10:00:00.000001Z"`: time.Date(2024, 3, 1, 10, 0, 0, 1999, time.UTC),
		`"2024-03-01T08:00:00Z"`:        time.Date(2024, 3, 1, 10, 0, 0, 999, time.FixedZone("", 7200)),
	} {
		require.Equal(t, want, string(Time(nil, moment)))
	}
}

func TestID(t *testing.T) {
	t.Parallel()
	id := uuid.New()
	require.Equal(t, `"`+id.String()+`"`, string(ID(nil, id)))
	require.Equal(t, "null", string(IDOrNull(nil, nil)))
}

func TestPagination(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct {
		page, size int
		total      int64
	}{
		`{"page":1,"pageSize":25,"totalItems":0,"totalPages":0}`:   {1, 25, 0},
		`{"page":-5,"pageSize":25,"totalItems":25,"totalPages":1}`: {-5, 25, 25},
		`{"page":9,"pageSize":2,"totalItems":5,"totalPages":3}`:    {9, 2, 5},
	} {
		require.Equal(t, want, string(Pagination(nil, c.page, c.size, c.total)))
	}
}

// A list is the JSON that its rows are, whatever their columns lack.
func TestRowsAreJSON(t *testing.T) {
	t.Parallel()
	empty := RunList(nil, nil, 1, 25, 0)
	require.JSONEq(t, `{"runs":[],"pagination":{"page":1,"pageSize":25,"totalItems":0,"totalPages":0}}`, string(empty))
	id := uuid.UUID{15: 1}
	at := time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)
	require.JSONEq(t, `{"id":"00000000-0000-0000-0000-000000000001","created":"2024-03-01T00:00:00Z","start_time":"2024-03-01T00:00:00Z","duration":null,
		"component":null,"env":null,"source":null,"project_id":null,"summary":null,"metadata":{}}`, string(Run(nil, &store.Run{ID: id, Created: at, StartTime: at})))
	require.JSONEq(t, `{"id":"00000000-0000-0000-0000-000000000001","test_id":null,"start_time":"2024-03-01T00:00:00Z","duration":null,"result":null,
		"component":null,"env":null,"run_id":null,"project_id":null,"metadata":{},"params":null,"source":null}`, string(Result(nil, &store.Result{ID: id, StartTime: at})))
	require.JSONEq(t, `{"id":"00000000-0000-0000-0000-000000000001","result_id":null,"run_id":null,"filename":null,
		"upload_date":"2024-03-01T00:00:00Z","additional_metadata":{}}`, string(Artifact(nil, &store.Artifact{ID: id, UploadDate: at})))
	for _, data := range []string{``, `{}`, `[]`, `"x"`, `{"run_id":5}`, `{"metadata":5,"project_id":{"a":1}}`} {
		var got map[string]any
		require.NoError(t, json.Unmarshal(Import(nil, &store.Import{ID: id, Created: at, Data: []byte(data)}), &got), data)
		require.Empty(t, got["format"])
	}
}

func FuzzText(f *testing.F) {
	for _, seed := range []string{"", "plain", "quote\"back\\slash", "\x00\x1f\n\r\t", "\u65e5\u672c\U0001f389", "\xff half \xe6\x97", "</script>\u2028"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text := Text([]byte("prefix"), s)
		require.True(t, strings.HasPrefix(string(text), "prefix"))
		var back string
		require.NoError(t, json.Unmarshal(text[len("prefix"):], &back))
		require.True(t, utf8.ValidString(back))
		if utf8.ValidString(s) {
			require.Equal(t, s, back)
		}
	})
}
