package importer

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

const oneResult = `{"test_id":"t","result":"passed","duration":1.5,"start_time":"2024-03-01T10:00:00+01:00","metadata":{}}`

func TestArchiveOfPytestIbutsu(t *testing.T) {
	t.Parallel()
	const run = "b7618385-2ab0-4388-a2ec-aa4269804ad3"
	data, err := os.ReadFile("testdata/written/" + run + ".tar.gz")
	require.NoError(t, err)
	o := options()
	o.ResolveProject = func(_ context.Context, named string) (*uuid.UUID, error) {
		require.Equal(t, "shop", named)
		return &testProject, nil
	}
	got, report := doImport(t, file{run + ".tar.gz", data}, o)
	require.Equal(t, "archive", report.Format)
	require.Empty(t, report.Notes)
	r := got.runs[0]
	require.Equal(t, run, r.ID.String())
	require.Equal(t, testProject, *r.ProjectID)
	require.Equal(t, "qa", *r.Env)
	require.Equal(t, "cart", *r.Component)
	require.Equal(t, "local", *r.Source)
	require.Equal(t, r.StartTime, r.Created)
	require.Equal(t, 2026, r.StartTime.Year())
	require.JSONEq(t, `{"failures":2,"errors":2,"xfailures":1,"xpasses":1,"skips":1,"tests":14,"collected":14,"not_run":0}`, string(r.Summary))
	require.Equal(t, "77", metadata(t, r.Metadata)["jenkins"].(map[string]any)["build_number"])
	require.Equal(t, map[string]string{"run notes.txt": "notes of the run\n"}, got.files(r.ID))

	require.Len(t, got.results, 14)
	outcomes := map[string]int{}
	for _, r := range got.results {
		outcomes[*r.Result]++
		require.Equal(t, run, r.RunID.String())
		require.Equal(t, testProject, *r.ProjectID)
		require.Equal(t, "qa", *r.Env)
		require.Equal(t, "local", *r.Source)
		require.Equal(t, run, metadata(t, r.Metadata)["run"])
		require.NotContains(t, metadata(t, r.Metadata), "user_properties")
	}
	require.Equal(t, map[string]int{"passed": 7, "failed": 2, "error": 2, "skipped": 1, "xfailed": 1, "xpassed": 1}, outcomes)
	add := metadata(t, got.result(t, "test_add").Metadata)
	require.Equal(t, "ann", add["owner"])
	require.EqualValues(t, 2, add["tier"])
	require.Contains(t, got.files(got.result(t, "test_price").ID)["traceback.log"], "the apple's price")

	again, _ := doImport(t, file{run + ".tar.gz", data}, o)
	require.Equal(t, got.results, again.results)
	require.Equal(t, got.artifacts[0].ID, again.artifacts[0].ID)
}

func TestArchiveOfPlaywrightIbutsu(t *testing.T) {
	t.Parallel()
	result := func(title string) string {
		return `{
  "id": "` + resultA.String() + `",
  "test_id": "chromium:: › chromium › login.spec.ts › ` + title + `",
  "result": "failed",
  "duration": 1.25,
  "start_time": "2026-05-04T10:11:13.000Z",
  "metadata": {"title": "` + title + `", "project": "chromium", "retries": 0, "tags": ["@smoke"], "titlePath": ["", "chromium"]}
}`
	}
	o := options()
	o.ResolveProject = func(_ context.Context, named string) (*uuid.UUID, error) {
		require.Fail(t, "the project of Playwright is looked for", named)
		return nil, nil
	}
	got, _ := doImport(t, archiveOf(t,
		entry{name: runA.String() + "/", header: tar.Header{Typeflag: tar.TypeDir}},
		entry{name: in(runA, resultA) + "/", header: tar.Header{Typeflag: tar.TypeDir}},
		entry{name: in(runA, resultA, "error.log"), content: "it broke"},
		entry{name: in(runA, resultA, "login/after sign-in.png"), content: "\x89PNG"},
		entry{name: in(runA, resultA, "result.json"), content: result("signs in")},
		entry{name: in(runA, resultA, "trace.zip"), content: "PK"},
		entry{name: in(runA, "run.json"), content: `{
  "id": "` + runA.String() + `", "component": "frontend", "env": "staging",
  "metadata": {"team": "qa", "playwright": {"version": "1.50.0", "workers": 2, "projects": ["chromium"]}},
  "source": "my-suite", "start_time": "2026-05-04T10:11:12.131Z", "duration": 4.211,
  "summary": {"failures": 1, "errors": 0, "xfailures": 0, "xpasses": 0, "skips": 0, "tests": 1, "collected": 1, "not_run": 0}
}`},
	), o)
	require.Equal(t, "frontend", *got.runs[0].Component)
	require.Equal(t, "staging", *got.runs[0].Env)
	require.Equal(t, "my-suite", *got.runs[0].Source)
	require.InDelta(t, 4.211, *got.runs[0].Duration, 1e-9)
	r := got.results[0]
	require.Equal(t, resultA, r.ID)
	require.Nil(t, r.ProjectID)
	require.Nil(t, r.Source)
	require.Nil(t, r.Env)
	require.JSONEq(t, `{}`, string(r.Params))
	require.Equal(t, map[string]string{
		"error.log": "it broke", "login/after sign-in.png": "\x89PNG", "trace.zip": "PK",
	}, got.files(resultA))
}

func TestArchiveMembersInAnyOrder(t *testing.T) {
	t.Parallel()
	members := []entry{
		{name: in(runA, "run.json"), content: `{"source":"s","start_time":"2024-03-01T08:00:00Z"}`},
		{name: in(runA, "notes.txt"), content: "notes"},
		{name: in(runA, resultA, "result.json"), content: oneResult},
		{name: in(runA, resultA, "a.log"), content: "a"},
		{name: "./" + in(runA, resultB, "result.json"), content: oneResult},
		{name: "./" + in(runA, resultB, "b.log"), content: "b"},
	}
	for i := range members {
		var turned []entry
		for j := range members {
			turned = append(turned, members[(len(members)*2+i-j)%len(members)])
		}
		got, report := doImport(t, archiveOf(t, turned...), options())
		require.Len(t, got.results, 2)
		require.Equal(t, "s", *got.runs[0].Source)
		require.Equal(t, map[string]string{"notes.txt": "notes"}, got.files(runA))
		require.Equal(t, map[string]string{"a.log": "a"}, got.files(resultA))
		require.Equal(t, map[string]string{"b.log": "b"}, got.files(resultB))
		require.Empty(t, report.Notes)
	}
}

func TestArchiveRunDocument(t *testing.T) {
	t.Parallel()
	other := uuid.MustParse("11111111-2222-4333-8444-555555555555")
	six, eight, nine := time.Date(2024, 3, 1, 6, 0, 0, 123456000, time.UTC), time.Date(2024, 3, 1, 8, 0, 0, 0, time.UTC), time.Date(2024, 3, 1, 9, 0, 0, 0, time.UTC)
	times := func(r Run) any { return []time.Time{r.StartTime, r.Created} }
	id := func(r Run) any { return r.ID }
	for name, c := range map[string]struct {
		run  string
		got  func(r Run) any
		want any
	}{
		"start only":    {`{"start_time":"2024-03-01T08:00:00.1234567+02:00"}`, times, []time.Time{six, six}},
		"created only":  {`{"created":"2024-03-01T08:00:00"}`, times, []time.Time{eight, eight}},
		"both":          {`{"created":"2024-03-01T08:00:00","start_time":"2024-03-01T09:00:00"}`, times, []time.Time{nine, eight}},
		"no times":      {`{"start_time":"","created":null}`, times, []time.Time{nine, nine}}, // of the earliest result
		"no id":         {`{}`, id, runA},
		"no UUID":       {`{"id":"seven"}`, id, runA},
		"another id":    {`{"id":"` + other.String() + `"}`, id, other},
		"not written":   {`{"error":"serialization_failed","run_id":"x"}`, id, runA},
		"unknown key":   {`{"extra":1,"duration":2}`, func(r Run) any { return *r.Duration }, 2.0},
		"metadata wins": {`{"env":"own","component":"own","metadata":{"env":"m"}}`, func(r Run) any { return []string{*r.Env, *r.Component} }, []string{"m", "own"}},
		"odd summary":   {`{"summary":{"tests":2,"pass_percent":85.5,"note":"x"}}`, func(r Run) any { return string(r.Summary) }, `{"tests":2}`},
		"no metadata":   {`{"metadata":null}`, func(r Run) any { return string(r.Metadata) }, `{}`},
		"no summary":    {`{"summary":{}}`, func(r Run) any { return r.Summary == nil && r.Duration == nil }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, _ := doImport(t, archiveOf(t,
				entry{name: in(runA, "run.json"), content: c.run},
				entry{name: in(runA, resultA, "result.json"), content: oneResult},
				entry{name: in(runA, resultB, "result.json"), content: strings.Replace(oneResult, "T10", "T11", 1)},
			), options())
			require.Equal(t, c.want, c.got(got.runs[0]))
			require.Equal(t, got.runs[0].ID, got.results[0].RunID)
		})
	}
}

func TestArchiveUploadWins(t *testing.T) {
	t.Parallel()
	source := "nightly"
	o := options()
	o.ProjectID, o.Source, o.Metadata = &testProject, &source, []byte(`{"env":"given","build":"mine"}`)
	got, _ := doImport(t, archiveOf(t,
		entry{name: in(runA, "run.json"), content: `{"source":"own","metadata":{"project":"shop","env":"file","build":1,"kept":true}}`},
		entry{name: in(runA, resultA, "result.json"), content: `{"test_id":"t","source":"own","env":"lost","metadata":{"env":"file","user_properties":{"build":"property"}}}`},
	), o)
	require.JSONEq(t, `{"project":"shop","env":"given","build":"mine","kept":true}`, string(got.runs[0].Metadata))
	require.Equal(t, "given", *got.runs[0].Env)
	require.Equal(t, "nightly", *got.runs[0].Source)
	require.Equal(t, testProject, *got.runs[0].ProjectID)
	require.JSONEq(t, `{"env":"given","build":"property"}`, string(got.results[0].Metadata), "properties of a test win over all else")
	require.Equal(t, "given", *got.results[0].Env)
	require.Equal(t, "own", *got.results[0].Source, "a result keeps its source")
	require.Equal(t, testProject, *got.results[0].ProjectID)
}

func TestArchiveResultDocument(t *testing.T) {
	t.Parallel()
	id := func(r Result) any { return r.ID }
	asMetadata := func(r Result) any { return string(r.Metadata) }
	for name, c := range map[string]struct {
		result string
		got    func(r Result) any
		want   any
	}{
		"text as Python writes it":    {`{"test_id":"x\ud83c\udf89\udcff\u0000"}`, func(r Result) any { return *r.TestID }, "x🎉\ufffd\ufffd"},
		"numbers as Python does":      {`{"metadata":{"n":[NaN,Infinity,1e999]}}`, asMetadata, `{"n":[null,null,"1e999"]}`},
		"duration that is no number":  {`{"duration":NaN}`, func(r Result) any { return r.Duration == nil }, true},
		"duration as text":            {`{"duration":"1,5"}`, func(r Result) any { return *r.Duration }, 1.5},
		"no id":                       {`{}`, id, resultA},
		"another id":                  {`{"id":"` + resultB.String() + `"}`, id, resultB},
		"nothing":                     {`{}`, func(r Result) any { return r.TestID == nil && r.Result == nil && r.Source == nil && r.Env == nil }, true},
		"no time":                     {`{}`, func(r Result) any { return r.StartTime }, testImportedAt},
		"no metadata":                 {`{"metadata":null}`, asMetadata, `{}`},
		"no params":                   {`{"params":null}`, func(r Result) any { return string(r.Params) }, `{}`},
		"own env":                     {`{"env":"e","component":"c"}`, func(r Result) any { return r.Env == nil && r.Component == nil }, true},
		"env of the metadata":         {`{"env":"e","metadata":{"env":"m"}}`, func(r Result) any { return *r.Env }, "m"},
		"properties that are a list":  {`{"metadata":{"user_properties":["x"]}}`, asMetadata, `{"user_properties":["x"]}`},
		"properties that are nothing": {`{"metadata":{"user_properties":null,"a":1}}`, asMetadata, `{"a":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, _ := doImport(t, archiveOf(t,
				entry{name: in(runA, resultA, "a.log"), content: "a"},
				entry{name: in(runA, resultA, "result.json"), content: c.result},
			), options())
			require.Equal(t, c.want, c.got(got.results[0]))
			require.Equal(t, map[string]string{"a.log": "a"}, got.files(got.results[0].ID))
		})
	}
}

func TestArchiveLastOfTwoMembersCounts(t *testing.T) {
	t.Parallel()
	got, _ := doImport(t, archiveOf(t,
		entry{name: in(runA, "run.json"), content: `{"source":"first"}`},
		entry{name: in(runA, resultA, "result.json"), content: `{"test_id":"first"}`},
		entry{name: in(runA, resultA, "a.log"), content: "first"},
		entry{name: in(runA, resultA, "a.log"), content: "last"},
		entry{name: in(runA, resultA, "result.json"), content: `{"test_id":"last"}`},
		entry{name: in(runA, "run.json"), content: `{"source":"last"}`},
	), options())
	require.Equal(t, "last", *got.runs[0].Source)
	require.Equal(t, []string{"last"}, got.testIDs())
	require.Equal(t, map[string]string{"a.log": "last"}, got.files(resultA))
}

func TestArchiveOfSeveralRuns(t *testing.T) {
	t.Parallel()
	got, report := doImport(t, archiveOf(t,
		entry{name: in(runA, resultA, "result.json"), content: oneResult},
		entry{name: in(testProject, resultB, "result.json"), content: oneResult},
		entry{name: in(testProject, "run.json"), content: `{}`},
	), options())
	require.Equal(t, []uuid.UUID{runA, testProject}, report.Runs)
	require.Equal(t, runA, got.results[0].RunID)
	require.Equal(t, testProject, got.results[1].RunID)
}

func TestArchiveLeavesOut(t *testing.T) {
	t.Parallel()
	got, report := doImport(t, archiveOf(t,
		entry{name: "pax_global_header", header: tar.Header{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": "x"}}},
		entry{name: "./._" + runA.String(), content: "finder"},
		entry{name: in(runA, ".DS_Store"), content: "finder"},
		entry{name: in(runA, "run.json"), content: `{}`},
		entry{name: in(runA, "passwd"), header: tar.Header{Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}},
		entry{name: in(runA, "hard"), header: tar.Header{Typeflag: tar.TypeLink, Linkname: "/etc/passwd"}},
		entry{name: in(runA, "null"), header: tar.Header{Typeflag: tar.TypeChar}},
		entry{name: in(runA, "pipe"), header: tar.Header{Typeflag: tar.TypeFifo}},
		entry{name: in(runA, resultA, "a.log"), content: "a"},
		entry{name: in(runA, "my-run.json"), content: "not the run"},
		entry{name: in(runA, resultB, "my-result.json"), content: "not the result"},
		entry{name: in(runA, resultB, "result.json"), content: oneResult},
	), options())
	require.Equal(t, map[string]string{"my-run.json": "not the run"}, got.files(runA))
	require.Equal(t, map[string]string{"my-result.json": "not the result"}, got.files(resultB))
	require.Len(t, got.artifacts, 2)
	require.Equal(t, []string{
		"4 links, devices and the like were left out.",
		"1 files lie in folders of results without a result.json and were left out.",
	}, report.Notes)
}

func TestArchiveFaults(t *testing.T) {
	t.Parallel()
	member := func(name, content string) file { return archiveOf(t, entry{name: name, content: content}) }
	whole := archiveOf(t, entry{name: in(runA, resultA, "result.json"), content: oneResult}, entry{name: in(runA, "noise"), content: noise(100_000)})
	named := func(data []byte) file { return file{"x.tar.gz", data} }
	wrongSum := append([]byte(nil), whole.data...)
	wrongSum[len(wrongSum)-6] ^= 1
	resultAt := "member " + in(runA, resultA, "result.json")
	small := withLimits(Limits{Upload: 200_000, Unpacked: 150_000, Members: 3, Runs: 1, Artifact: 120_000, Document: 1000, Depth: 5})
	for name, c := range map[string]struct {
		file    file
		options Options
		want    string
	}{
		"empty file":        {named(nil), options(), "the file is empty"},
		"no archive":        {named([]byte("this is no archive")), options(), "this is no archive"},
		"XML":               {named([]byte("<testsuite/>")), options(), "this looks like XML"},
		"zip":               {named([]byte("PK\x03\x04")), options(), "this is a zip file"},
		"xz":                {named([]byte("\xfd7zXZ\x00\x00")), options(), "packed with xz, which is not supported"},
		"zstd":              {named([]byte("\x28\xb5\x2f\xfd")), options(), "packed with zstd, which is not supported"},
		"packed text":       {named(gzipped(t, []byte(strings.Repeat("text ", 500)))), options(), "what is packed in the file is not a tar"},
		"nothing in it":     {archiveOf(t), options(), "the archive holds no run"},
		"only a folder":     {archiveOf(t, entry{name: runA.String() + "/", header: tar.Header{Typeflag: tar.TypeDir}}), options(), "the archive holds no run"},
		"cut short":         {named(whole.data[:len(whole.data)/2]), options(), "after member " + in(runA, "noise") + ": the archive is cut short"},
		"checksum cut off":  {named(whole.data[:len(whole.data)-4]), options(), "the archive is cut short"},
		"checksum wrong":    {named(wrongSum), options(), "the archive is damaged"},
		"only the magic":    {named([]byte("\x1f\x8b")), options(), "the archive is cut short"},
		"run is no UUID":    {member("not-a-uuid/run.json", "{}"), options(), `member not-a-uuid/run.json: the folder "not-a-uuid" is not a UUID`},
		"result is no UUID": {member(in(runA, "abc/result.json"), "{}"), options(), `the folder "abc" is not a UUID, which the folder of a result is`},
		"no folder":         {member(runA.String(), "x"), options(), "it is a file where the folder of a run is expected"},
		"out of it":         {member(in(runA, resultA, "../../../etc/passwd"), "x"), options(), "its path leads out of the archive"},
		"absolute":          {member("/"+in(runA, "x"), "x"), options(), "its path is absolute"},
		"control character": {member("a\n\x1b[31m/run.json", "x"), options(), "member a??[31m/run.json: "},
		"run not JSON":      {member(in(runA, "run.json"), `{"id":}`), options(), "member " + in(runA, "run.json") + ": not JSON: unexpected '}' at byte 7"},
		"run a list":        {member(in(runA, "run.json"), `[]`), options(), "run.json: it is not an object"},
		"run's metadata":    {member(in(runA, "run.json"), `{"metadata":[]}`), options(), "run.json: metadata is not an object"},
		"run's time":        {member(in(runA, "run.json"), `{"start_time":"yesterday"}`), options(), `start_time is "yesterday", which is not a time`},
		"result not JSON":   {member(in(runA, resultA, "result.json"), `{"a":1`), options(), resultAt + ": not JSON: it ends too early"},
		"result's time":     {member(in(runA, resultA, "result.json"), `{"start_time":"noon"}`), options(), resultAt + `: start_time is "noon", which is not a time`},
		"result's outcome":  {member(in(runA, resultA, "result.json"), `{"result":"great"}`), options(), resultAt + `: result is "great"; it can be passed, failed, error`},
		"result's duration": {member(in(runA, resultA, "result.json"), `{"duration":"long"}`), options(), `duration is "long", which is not a number`},
		"result's params":   {member(in(runA, resultA, "result.json"), `{"params":3}`), options(), "params is not an object"},
		"result not written": {
			member(in(runA, resultA, "result.json"), `{"error":"serialization_failed","result_id":"x"}`), options(),
			resultAt + ": the test runner could not write this result",
		},
		"same result in two runs": {archiveOf(t,
			entry{name: in(runA, resultA, "result.json"), content: oneResult},
			entry{name: in(testProject, resultA, "result.json"), content: oneResult},
		), options(), "the folder of the same result is in the run " + runA.String()},
		"same result in two folders": {archiveOf(t,
			entry{name: in(runA, resultA, "result.json"), content: oneResult},
			entry{name: in(runA, resultB, "result.json"), content: `{"id":"` + resultA.String() + `"}`},
		), options(), "its result.json has the id " + resultA.String() + ", and so has another folder's"},
		"same run in two folders": {archiveOf(t,
			entry{name: in(runA, "run.json"), content: `{}`},
			entry{name: in(testProject, "run.json"), content: `{"id":"` + runA.String() + `"}`},
		), options(), "it has the id " + runA.String() + ", and so has another folder's"},
		"many runs": {archiveOf(t,
			entry{name: in(runA, "run.json"), content: `{}`}, entry{name: in(testProject, "run.json"), content: `{}`},
		), small, "the archive has more than 1 runs"},
		"many members": {archiveOf(t,
			entry{name: in(runA, "1")}, entry{name: in(runA, "2")}, entry{name: in(runA, "3")}, entry{name: in(runA, "4")},
		), small, "the archive has more than 3 members"},
		"large file":   {member(in(runA, "big"), strings.Repeat("x", 120_001)), small, "member " + in(runA, "big") + ": it has 117.2 KiB, more than the 117.2 KiB that a file may have"},
		"large result": {member(in(runA, resultA, "result.json"), `{"a":"`+strings.Repeat("x", 1000)+`"}`), small, resultAt + ": it has 1008 bytes, more than the 1000 bytes"},
		"deep result":  {member(in(runA, resultA, "result.json"), strings.Repeat(`{"a":`, 6)), small, "values are nested too deep"},
		"large":        {archiveOf(t, entry{name: in(runA, "1"), content: strings.Repeat("x", 90_000)}, entry{name: in(runA, "2"), content: strings.Repeat("x", 90_000)}), small, "the archive unpacks to more than 146.5 KiB"},
		"large upload": {named(bytes.Repeat([]byte{0}, 200_001)), small, "the file has 195.3 KiB, more than the 195.3 KiB"},
		"padded bomb":  {named(gzipped(t, append(tarOf(t, entry{name: in(runA, "run.json"), content: "{}"}), make([]byte, 200_000)...))), small, "the archive unpacks to more than 146.5 KiB"},
		"multiplied": {
			archiveOf(t, entry{name: in(runA, resultA, "result.json"), content: oneResult}, entry{name: in(runA, resultB, "result.json"), content: oneResult}),
			Options{Metadata: []byte(`{"a":"` + strings.Repeat("x", 5000) + `"}`), Limits: Limits{Unpacked: 10_000}},
			"the metadata of the upload would take more than 9.8 KiB",
		},
		"its metadata":  {whole, Options{Metadata: []byte(`[1]`)}, "metadata of the upload: it is not an object"},
		"its metadata?": {whole, Options{Metadata: []byte(`{`)}, "metadata of the upload: it ends too early"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, failImport(t, c.file, c.options).Error(), c.want)
		})
	}
}

// noise is a text that packs badly.
func noise(n int) string {
	var b strings.Builder
	x := uint32(1)
	for b.Len() < n {
		x = x*1664525 + 1013904223
		b.WriteByte(byte(x >> 24))
	}
	return b.String()
}

func TestArchivePackedOtherwise(t *testing.T) {
	t.Parallel()
	plain := tarOf(t, entry{name: in(runA, resultA, "result.json"), content: oneResult})
	bzip2, err := os.ReadFile("testdata/packed.tar.bz2")
	require.NoError(t, err)
	for name, data := range map[string][]byte{
		"plain":               plain,
		"bzip2":               bzip2,
		"gzip":                gzipped(t, plain),
		"gzip in two streams": append(gzipped(t, plain[:700]), gzipped(t, plain[700:])...),
		"gzip and padding":    append(gzipped(t, plain), make([]byte, 1000)...),
		"gzip and garbage":    append(gzipped(t, plain), "\r\n"...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, _ := doImport(t, file{"UPLOAD.TAR.GZ", data}, options())
			require.Equal(t, []string{"t"}, got.testIDs())
		})
	}
}

// A few kilobytes that unpack to gigabytes end before they did.
func TestArchiveBomb(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	require.NoError(t, err)
	w := tar.NewWriter(z)
	for i := range 2 {
		const half = 36 << 20
		require.NoError(t, w.WriteHeader(&tar.Header{Name: in(runA, i), Typeflag: tar.TypeReg, Size: half}))
		_, err := io.CopyN(w, zeros{}, half)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	require.NoError(t, z.Close())

	fault := failImport(t, file{"bomb.tar.gz", packed.Bytes()}, withLimits(Limits{Ratio: 50}))
	require.ErrorIs(t, fault, ErrLimit)
	require.Contains(t, fault.Error(), "the archive unpacks to more than 50 times its size")
}

// zeros reads as zeros without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// A sparse file takes no place in the archive, whatever its size.
func TestArchiveSparseFile(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/sparse.tar.gz")
	require.NoError(t, err)
	fault := failImport(t, file{"sparse.tar.gz", data}, options())
	require.ErrorIs(t, fault, ErrLimit)
	require.Contains(t, fault.Error(), "member "+in(runA, "sparse")+": it has 1 GiB")
}

func TestArchiveForeignFaults(t *testing.T) {
	t.Parallel()
	whole := archiveOf(t, entry{name: in(runA, resultA, "result.json"), content: oneResult}, entry{name: in(runA, "noise"), content: noise(100_000)})
	full := errors.New("disk full")
	_, err := Import(t.Context(), Builtin(), whole, options(), &stored{fail: full})
	require.ErrorIs(t, err, full)
	require.False(t, isFault(err))

	lost := errors.New("connection lost")
	_, err = Archive{}.Import(t.Context(), failing{whole, 50_000, lost}, options(), &stored{})
	require.ErrorIs(t, err, lost)
	require.False(t, isFault(err))

	_, err = Archive{}.Import(t.Context(), whole, options(), unreadSink{full})
	require.ErrorIs(t, err, full)
	require.False(t, isFault(err))
}

// unreadSink fails at the first file, without reading it.
type unreadSink struct{ err error }

func (unreadSink) BeginRun(context.Context, Run) error  { return nil }
func (unreadSink) Result(context.Context, Result) error { return nil }
func (s unreadSink) Artifact(_ context.Context, a Artifact) error {
	_, _ = io.CopyN(io.Discard, a.Content, 10)
	return s.err
}
func (unreadSink) EndRun(context.Context, Run) error { return nil }
func (unreadSink) Progress(int64, int64)             {}

func TestSniff(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"a.xml": "junit", "A.XML": "junit", "a.tar.gz": "archive", "A.Tar.GZ": "archive",
		"a.tgz": "", "a.tar": "", "a.zip": "", "a.json": "", "xml": "", "blob": "", "a.xml.gz": "", "": "",
	} {
		f, err := Sniff(Builtin(), name, nil)
		if want == "" {
			require.ErrorIs(t, err, ErrUnknownFormat, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, want, f.Name())
	}
	_, err := Import(t.Context(), Builtin(), xmlFile("x.zip", "PK"), options(), &stored{})
	require.ErrorIs(t, err, ErrUnknownFormat)
	require.True(t, isFault(err))
}

// A third party's format that stands first gets what it claims by the content.
func TestSniffAsksInOrder(t *testing.T) {
	t.Parallel()
	formats := append([]Format{xunit{}}, Builtin()...)
	report, err := Import(t.Context(), formats, xmlFile("a.xml", "<assemblies/>"), options(), &stored{})
	require.NoError(t, err)
	require.Equal(t, "xunit", report.Format)
	report, err = Import(t.Context(), formats, xmlFile("a.xml", "<testsuites/>"), options(), &stored{})
	require.NoError(t, err)
	require.Equal(t, "junit", report.Format)
}

type xunit struct{}

func (xunit) Name() string                      { return "xunit" }
func (xunit) Claims(_ string, head []byte) bool { return bytes.HasPrefix(head, []byte("<assemblies")) }
func (xunit) Import(context.Context, Source, Options, Sink) (Report, error) {
	return Report{Format: "xunit"}, nil
}
