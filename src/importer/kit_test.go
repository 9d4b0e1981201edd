package importer

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

var (
	testProject    = uuid.MustParse("7c1e0f1a-3a6b-4b0e-9a55-0d4b8f0f2b11")
	testImport     = uuid.MustParse("0b8f4a52-6e0c-4c55-8a4c-4f0d6d6a1f10")
	testImportedAt = time.Date(2026, 5, 4, 10, 11, 12, 131415000, time.UTC)

	runA    = uuid.MustParse("5f0f6c1e-6a39-4f0c-9a41-8f4c2f6f7a10")
	resultA = uuid.MustParse("9f1d1f7e-0f0c-4a55-b3ce-5d7e3b0b1a01")
	resultB = uuid.MustParse("9f1d1f7e-0f0c-4a55-b3ce-5d7e3b0b1a02")
)

// file is an upload in memory.
type file struct {
	name string
	data []byte
}

func (f file) Name() string { return f.name }
func (f file) Size() int64  { return int64(len(f.data)) }
func (f file) Open(context.Context) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(f.data)), nil
}

func xmlFile(name, content string) file { return file{name, []byte(content)} }

// options are those of an upload without anything.
func options() Options {
	return Options{RunID: DeriveRunID(testImport), ImportedAt: testImportedAt}
}

// stored is what a sink was given, and a check of what a sink is promised.
type stored struct {
	runs      []Run
	ended     []Run
	results   []Result
	artifacts []storedArtifact
	progress  [][2]int64
	ids       map[uuid.UUID]bool
	broken    []string
	// fail is what Result answers.
	fail error
}

type storedArtifact struct {
	Artifact
	content string
}

func (s *stored) once(id uuid.UUID) {
	if s.ids == nil {
		s.ids = map[uuid.UUID]bool{}
	}
	if s.ids[id] {
		s.broken = append(s.broken, fmt.Sprintf("id %s came twice", id))
	}
	s.ids[id] = true
	if len(s.ended) > 0 {
		s.broken = append(s.broken, fmt.Sprintf("row %s came after the end of a run", id))
	}
}

func (s *stored) known(id *uuid.UUID, what string) {
	if id != nil && !s.ids[*id] {
		s.broken = append(s.broken, what+" came before what it belongs to")
	}
}

func (s *stored) BeginRun(_ context.Context, r Run) error {
	s.once(r.ID)
	s.runs = append(s.runs, r)
	return nil
}

func (s *stored) Result(_ context.Context, r Result) error {
	s.once(r.ID)
	s.known(&r.RunID, "a result")
	s.results = append(s.results, r)
	return s.fail
}

func (s *stored) Artifact(_ context.Context, a Artifact) error {
	s.once(a.ID)
	s.known(a.ResultID, "an artifact")
	s.known(a.RunID, "an artifact")
	content, err := io.ReadAll(a.Content)
	if err != nil {
		return err
	}
	if int64(len(content)) != a.Size {
		s.broken = append(s.broken, a.Filename+" has another size than was said")
	}
	s.artifacts = append(s.artifacts, storedArtifact{a, string(content)})
	return nil
}

func (s *stored) EndRun(_ context.Context, r Run) error {
	s.ended = append(s.ended, r)
	return nil
}

func (s *stored) Progress(done, total int64) { s.progress = append(s.progress, [2]int64{done, total}) }

// doImport imports a file and sees that the sink was treated as promised.
func doImport(tb testing.TB, f file, o Options) (*stored, Report) {
	tb.Helper()
	s := &stored{}
	report, err := Import(tb.Context(), Builtin(), f, o, s)
	require.NoError(tb, err)
	require.Empty(tb, s.broken)
	require.Equal(tb, s.runs, s.ended)
	require.Len(tb, report.Runs, len(s.runs))
	require.EqualValues(tb, len(s.results), report.Results)
	require.EqualValues(tb, len(s.artifacts), report.Artifacts)
	for _, r := range s.results {
		require.True(tb, json.Valid(r.Metadata), "metadata of %s: %s", r.ID, r.Metadata)
	}
	require.NotEmpty(tb, s.progress)
	last := s.progress[len(s.progress)-1]
	require.Equal(tb, last[1], last[0], "progress ends at its total")
	return s, report
}

// failImport imports a file that is at fault: the error is one for its author, and nothing was stored.
func failImport(tb testing.TB, f file, o Options) *Error {
	tb.Helper()
	s := &stored{}
	_, err := Import(tb.Context(), Builtin(), f, o, s)
	var fault *Error
	require.ErrorAs(tb, err, &fault)
	require.Empty(tb, s.runs, "nothing is stored of a file that is at fault")
	return fault
}

// result finds the result of a test.
func (s *stored) result(tb testing.TB, testID string) Result {
	tb.Helper()
	for _, r := range s.results {
		if r.TestID != nil && *r.TestID == testID {
			return r
		}
	}
	require.Fail(tb, "no result", "of %s", testID)
	return Result{}
}

// files are the artifacts of a result or a run, by name.
func (s *stored) files(owner uuid.UUID) map[string]string {
	files := map[string]string{}
	for _, a := range s.artifacts {
		if a.ResultID != nil && *a.ResultID == owner || a.RunID != nil && *a.RunID == owner {
			files[a.Filename] = a.content
		}
	}
	return files
}

// metadata is a JSON object as Go values.
func metadata(tb testing.TB, raw json.RawMessage) map[string]any {
	tb.Helper()
	var m map[string]any
	require.NoError(tb, json.Unmarshal(raw, &m))
	return m
}

// testIDs are the ids of all results, in their order.
func (s *stored) testIDs() []string {
	var ids []string
	for _, r := range s.results {
		ids = append(ids, *r.TestID)
	}
	return ids
}

// entry is a member of an archive to be made.
type entry struct {
	name    string
	content string
	header  tar.Header // what is not usual
}

// tarOf makes a tar.
func tarOf(tb testing.TB, entries ...entry) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := e.header
		if h.Name = e.name; h.Typeflag != tar.TypeXGlobalHeader {
			h.Mode = 0o644
		}
		if h.Typeflag == 0 || h.Typeflag == tar.TypeReg {
			h.Typeflag, h.Size = tar.TypeReg, int64(len(e.content))
		}
		require.NoError(tb, w.WriteHeader(&h))
		if h.Typeflag == tar.TypeReg {
			_, err := io.WriteString(w, e.content)
			require.NoError(tb, err)
		}
	}
	require.NoError(tb, w.Close())
	return b.Bytes()
}

func gzipped(tb testing.TB, data []byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(data)
	require.NoError(tb, err)
	require.NoError(tb, w.Close())
	return b.Bytes()
}

// archiveOf makes an archive of members in their order.
func archiveOf(tb testing.TB, entries ...entry) file {
	tb.Helper()
	return file{"upload.tar.gz", gzipped(tb, tarOf(tb, entries...))}
}

// in is the path of a member in the folders of a run and a result.
func in(parts ...any) string {
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = fmt.Sprint(p)
	}
	return strings.Join(names, "/")
}

func sorted(list []string) []string {
	sort.Strings(list)
	return list
}
