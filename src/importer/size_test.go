package importer

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// synthetic is a JUnit file that is made while it is read: as CI writes it, one case of twenty fails, one is skipped, one
// has output.
type synthetic struct {
	cases int
	// looks is told the memory in use now and then, when not nil.
	looks *uint64
}

func (s synthetic) Name() string { return "synthetic.xml" }
func (s synthetic) Size() int64  { return 0 }
func (s synthetic) Open(context.Context) (io.ReadCloser, error) {
	return io.NopCloser(&syntheticReader{synthetic: s}), nil
}

type syntheticReader struct {
	synthetic
	n    int
	left bytes.Buffer
}

func (r *syntheticReader) Read(p []byte) (int, error) {
	for r.left.Len() < len(p) && r.n <= r.cases+1 {
		r.write()
		r.n++
	}
	return r.left.Read(p)
}

func (r *syntheticReader) write() {
	b, i := &r.left, r.n-1
	switch {
	case r.n == 0:
		b.WriteString(`<?xml version="1.0" encoding="utf-8"?><testsuites time="7" timestamp="2026-05-04T10:11:12"><testsuite name="load">`)
		return
	case i == r.cases:
		b.WriteString("</testsuite></testsuites>")
		return
	}
	if r.looks != nil && i%20_000 == 0 {
		*r.looks = max(*r.looks, heapInUse())
	}
	fmt.Fprintf(b, `<testcase classname="tests.load.test_%03d.TestLoad" name="test_%05d" time="0.25">`, i%100, i)
	switch i % 20 {
	case 7:
		fmt.Fprintf(b, `<failure message="assert %d == 0">def test(): step %d&#10;E   AssertionError: %s</failure>`, i, i, strings.Repeat("detail ", 40))
	case 13:
		b.WriteString(`<skipped message="later">not now</skipped>`)
	case 3:
		b.WriteString(`<system-out>some output</system-out>`)
	}
	b.WriteString("</testcase>\n")
}

// dropped is a sink that keeps nothing.
type dropped struct{ results, artifacts int }

func (d *dropped) BeginRun(context.Context, Run) error { return nil }
func (d *dropped) Result(context.Context, Result) error {
	d.results++
	return nil
}
func (d *dropped) Artifact(_ context.Context, a Artifact) error {
	d.artifacts++
	_, err := io.Copy(io.Discard, a.Content)
	return err
}
func (d *dropped) EndRun(context.Context, Run) error { return nil }
func (d *dropped) Progress(int64, int64)             {}

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A report of 200,000 cases (24 MB) takes eight bytes for each case, and nothing else that grows. Not parallel: it measures
// what the process holds.
func TestJUnitMemoryStaysFlat(t *testing.T) {
	peak := func(cases int) uint64 {
		var most uint64
		sink := &dropped{}
		before := heapInUse()
		report, err := JUnit{}.Import(t.Context(), synthetic{cases, &most}, options(), sink)
		require.NoError(t, err)
		require.EqualValues(t, cases, report.Results)
		require.Equal(t, cases/10, sink.artifacts)
		return most - min(most, before)
	}
	const cases = 200_000
	small, large := peak(cases/10), peak(cases)
	require.Less(t, small, uint64(2<<20))
	require.Less(t, large, small+cases*8*2+(1<<20), "a list that grows holds up to twice what is in it")
}

// A text of gigabytes ends with a reason before it is in memory.
func TestJUnitEndlessTextIsRefused(t *testing.T) {
	before := heapInUse()
	for _, c := range []struct{ begin, want string }{
		{"<testsuite>\n<testcase name='", "line 2: a tag is longer than 16 MiB"},
		{"<testsuite>\n<testcase><system-out>", "line 2: a text is longer than 16 MiB"},
		{"<testsuite><testcase><failure><![CDATA[", "line 1: a text is longer than 16 MiB"},
		{"<testsuite><properties><property name='a'>", "line 1: a text is longer than 16 MiB"},
		{"<", "line 1: a tag is longer than 16 MiB"},
		{"<testsuite><testcase/>", "the file has more than the 64 MiB that an import may have"},
	} {
		endless := &endless{begin: c.begin, size: 1 << 30}
		_, err := JUnit{}.Import(t.Context(), endless, withLimits(Limits{Upload: 64 << 20}), &dropped{})
		require.True(t, isFault(err), "%v", err)
		require.ErrorContains(t, err, c.want)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	require.Less(t, m.HeapAlloc, before+(128<<20))
}

// endless is a file that goes on with one letter.
type endless struct {
	begin string
	size  int64
}

func (e *endless) Name() string { return "endless.xml" }
func (e *endless) Size() int64  { return 0 }
func (e *endless) Open(context.Context) (io.ReadCloser, error) {
	return io.NopCloser(io.MultiReader(strings.NewReader(e.begin), io.LimitReader(letters{}, e.size))), nil
}

type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func BenchmarkJUnit(b *testing.B) {
	data, err := io.ReadAll(&syntheticReader{synthetic: synthetic{50_000, nil}})
	require.NoError(b, err)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		sink := &dropped{}
		_, err := JUnit{}.Import(b.Context(), file{"r.xml", data}, options(), sink)
		require.NoError(b, err)
		require.Equal(b, 50_000, sink.results)
	}
	b.ReportMetric(50_000*float64(b.N)/b.Elapsed().Seconds(), "cases/s")
}

func BenchmarkArchive(b *testing.B) {
	const results = 5000
	var entries []entry
	run := DeriveRunID(testImport)
	for i := range results {
		id := derive(run, strconv.Itoa(i))
		entries = append(entries, entry{name: in(run, id, "result.json"), content: fmt.Sprintf(
			`{"test_id": "TestCart.test_total[%d]", "component": null, "env": null, "result": "passed", "id": "%s", "metadata": {"statuses": {"setup": ["passed", false], "call": ["passed", false], "teardown": ["passed", false]}, "run": "%s", "durations": {"setup": 0.001, "call": 0.25, "teardown": 0.0004}, "fspath": "tests/test_cart.py", "markers": [{"name": "smoke", "args": [], "kwargs": {}}], "project": "shop", "node_id": "tests/test_cart.py::TestCart::test_total[2-EUR]", "env": "qa", "component": "cart", "user_properties": {"requirement": "REQ-7"}}, "params": {"count": "2", "currency": "EUR"}, "run_id": "%s", "source": "local", "start_time": "2026-05-04T10:11:12.200000+00:00", "duration": 0.2514}`,
			i, id, run, run)})
		if i%2 == 0 {
			entries = append(entries, entry{name: in(run, id, "traceback.log"), content: noise(2000)})
		}
	}
	f := archiveOf(b, entries...)
	b.SetBytes(int64(len(f.data)))
	b.ReportAllocs()
	for b.Loop() {
		sink := &dropped{}
		_, err := Archive{}.Import(b.Context(), f, options(), sink)
		require.NoError(b, err)
		require.Equal(b, results, sink.results)
	}
	b.ReportMetric(results*float64(b.N)/b.Elapsed().Seconds(), "results/s")
}
