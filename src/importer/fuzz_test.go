package importer

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// To fuzz on: go test -run - -fuzz FuzzJUnit -fuzzminimizetime 5x (the seeds are long, and shortening them takes all the time).

// fuzzLimits are small, so that limits are met too.
func fuzzLimits() Options {
	o := withLimits(Limits{
		Upload: 1 << 20, Unpacked: 1 << 20, Members: 50, Runs: 3, Results: 50, Artifact: 10_000, Document: 5000,
		Text: 5000, Depth: 10, Attributes: 10,
	})
	o.Metadata = []byte(`{"env":"qa","tags":["a"]}`)
	return o
}

// sound imports whatever bytes: it ends with a fault of the file, before which nothing was stored, or with rows that can be
// stored.
func sound(t *testing.T, format Format, f file) {
	t.Helper()
	s := &stored{}
	report, err := format.Import(t.Context(), f, fuzzLimits(), s)
	require.Empty(t, s.broken)
	if err != nil {
		require.True(t, isFault(err), "%v", err)
		require.Empty(t, s.runs)
		return
	}
	require.Equal(t, s.runs, s.ended)
	require.EqualValues(t, len(s.results), report.Results)
	for _, r := range s.runs {
		storableJSON(t, r.Metadata)
		storableText(t, r.Env, r.Component, r.Source)
	}
	for _, r := range s.results {
		storableJSON(t, r.Metadata)
		storableJSON(t, r.Params)
		storableText(t, r.TestID, r.Result, r.Env, r.Component, r.Source)
		require.NotZero(t, r.StartTime)
	}
	for _, a := range s.artifacts {
		storableJSON(t, a.Data)
		storableText(t, &a.Filename)
	}
}

func storableJSON(t *testing.T, raw json.RawMessage) {
	t.Helper()
	var members map[string]any
	require.NoError(t, json.Unmarshal(raw, &members), "%s", raw)
	require.True(t, utf8.Valid(raw))
	require.False(t, bytes.Contains(raw, []byte(`\u0000`)))
}

func storableText(t *testing.T, texts ...*string) {
	t.Helper()
	for _, s := range texts {
		if s != nil {
			require.True(t, utf8.ValidString(*s), "%q", *s)
			require.NotContains(t, *s, "\x00")
			require.LessOrEqual(t, len(*s), maxTestID)
		}
	}
}

func FuzzJUnit(f *testing.F) {
	addFiles(f, "testdata/recorded/*.xml", "testdata/written/*.xml")
	f.Add([]byte("\xff\xfe<\x00a\x00/\x00>\x00"))
	f.Add([]byte(`<testsuites><testsuite><properties><property name="a"/></properties><testcase/><testcase/><properties/></testsuite></testsuites>`))
	f.Fuzz(func(t *testing.T, data []byte) { sound(t, JUnit{}, file{"x.xml", data}) })
}

func FuzzArchive(f *testing.F) {
	addFiles(f, "testdata/written/*.tar.gz", "testdata/*.tar.*")
	for _, result := range []string{oneResult, `{"id":"9f1d1f7e-0f0c-4a55-b3ce-5d7e3b0b1a02","metadata":{"user_properties":{"a":1}}}`} {
		f.Add(tarOf(f,
			entry{name: in(runA, resultA, "a.log"), content: "a"},
			entry{name: in(runA, resultA, "result.json"), content: result},
			entry{name: in(runA, "run.json"), content: `{"summary":{"tests":1}}`},
		))
	}
	f.Fuzz(func(t *testing.T, data []byte) { sound(t, Archive{}, file{"x.tar.gz", data}) })
}

func FuzzSniff(f *testing.F) {
	f.Add("a.xml", []byte("<a/>"))
	f.Add("a.tar.gz", []byte("\x1f\x8b"))
	f.Add("a.tar.gz", []byte("BZh9"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		format, err := Sniff(Builtin(), name, data[:min(len(data), HeadSize)])
		s := &stored{}
		_, importErr := Import(t.Context(), Builtin(), file{name, data}, fuzzLimits(), s)
		if err != nil {
			require.ErrorIs(t, err, ErrUnknownFormat)
			require.ErrorIs(t, importErr, ErrUnknownFormat)
			return
		}
		sound(t, format, file{name, data})
	})
}

func addFiles(f *testing.F, patterns ...string) {
	f.Helper()
	for _, pattern := range patterns {
		names, err := filepath.Glob(pattern)
		require.NoError(f, err)
		require.NotEmpty(f, names)
		for _, name := range names {
			data, err := os.ReadFile(name)
			require.NoError(f, err)
			f.Add(data)
		}
	}
}
