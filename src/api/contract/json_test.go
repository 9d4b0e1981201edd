package contract

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseObject(t *testing.T) {
	t.Parallel()
	o, err := ParseObject([]byte(" {\"a\": 1, \"b\\u0063\":\t\"x\\ny\", \"a\" : [1, {\"c\": null}] }\n"))
	require.NoError(t, err)
	require.Equal(t, 3, o.Len())
	a, ok := o.Get("a")
	require.True(t, ok)
	require.Equal(t, `[1, {"c": null}]`, string(a), "of two members with one name the last counts")
	text, ok := o.Text("bc")
	require.True(t, ok, "escapes in a name are read")
	require.Equal(t, "x\ny", text)
	_, ok = o.Text("a")
	require.False(t, ok, "a list is no text")
	_, ok = o.Get("nothing")
	require.False(t, ok)
	var names []string
	for name := range o.All() {
		names = append(names, name)
	}
	require.Equal(t, []string{"a", "bc", "a"}, names)
}

func TestParseObjectRefuses(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth)
	for text, reason := range map[string]string{
		``:                       "too early",
		`{`:                      "name is missing",
		`{"a"`:                   "colon",
		`{"a":`:                  "too early",
		`{"a":1`:                 "too early",
		`{"a":1,}`:               "name is missing",
		`{"a":1}}`:               "more follows",
		`{"a":1 "b":2}`:          "comma",
		`{"a":[1,]}`:             "is no value",
		`{"a":tru}`:              "misspelt",
		`{"a":NaN}`:              "is no value",
		`{"a":Infinity}`:         "is no value",
		`{"a":-}`:                "digit",
		`{"a":01}`:               "comma",
		`{"a":1.}`:               "digit",
		`{"a":1e}`:               "digit",
		`{"a":1e10001}`:          "too large",
		`{"a":1e99999999999999}`: "too large",
		`{"a":` + strings.Repeat("9", maxNumber+1) + `}`: "too large",
		`{"a":` + deep + `}`:                             "deep",
		`{"a":"\u0000"}`:                                 "NUL",
		`{"a\u0000":1}`:                                  "NUL",
		"{\"a\":\"\x00\"}":                               "control",
		"{\"a\":\"line\nbreak\"}":                        "control",
		`{"a":"\x"}`:                                     "escape",
		`{"a":"\u12g4"}`:                                 "escape",
		`{"a":"\ud83c"}`:                                 "surrogate",
		`{"a":"\ud83c\u0041"}`:                           "surrogate",
		`{"a":"\udf89"}`:                                 "surrogate",
		"{\"a\":\"\xff\"}":                               "UTF-8",
		"\xef\xbb\xbf{}":                                 "is no value",
		`{"a":"` + "open":                                "too early",
	} {
		_, err := ParseObject([]byte(text))
		require.ErrorContains(t, err, reason, text)
	}
	for _, text := range []string{`[1]`, `null`, `"x"`, `5`} {
		_, err := ParseObject([]byte(text))
		require.ErrorIs(t, err, errNotObject, text)
	}
}

func TestDeepestNestingThatIsTaken(t *testing.T) {
	t.Parallel()
	_, err := ParseObject([]byte(`{"a":` + strings.Repeat("[", maxDepth-1) + strings.Repeat("]", maxDepth-1) + `}`))
	require.NoError(t, err)
}

// What passes is JSON for everyone else too, and its members are those that encoding/json finds.
func FuzzParseObject(f *testing.F) {
	for _, seed := range []string{`{"a":1}`, `{"a":{"b":[true,null,-1.5e3]},"ä":"\u00e4\ud83c\udf89"}`, `[]`, `{"a":"\\"}`, `{"a":1,"a":2}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		o, err := ParseObject(text)
		if err != nil {
			return
		}
		var want map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(text, &want))
		for name, value := range want {
			got, ok := o.Get(name)
			require.True(t, ok, name)
			require.Equal(t, string(value), string(got))
		}
		require.LessOrEqual(t, len(want), o.Len())
	})
}

func BenchmarkParseObject(b *testing.B) {
	text := []byte(`{"id": "2584ab5a-96e1-4e65-97d6-031c154d1ab0", "test_id": "test_pass", "start_time": "2026-05-04T10:11:12.687551+00:00",
		"duration": 0.0006, "result": "passed", "metadata": {"statuses": {"setup": ["passed", false], "call": ["passed", false]},
		"run": "ad69366b-dec6-47b9-8855-197b070bdafb", "durations": {"setup": 0.0002, "call": 0.0002}, "fspath": "test_sample.py",
		"markers": [{"name": "area", "args": ["login"], "kwargs": {"owner": "team-a"}}], "project": "shop"}, "params": {}, "source": "local"}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := ParseObject(text); err != nil {
			b.Fatal(err)
		}
	}
}
