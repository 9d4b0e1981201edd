package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/modules/importers"
	"github.com/ibutsu/ibutsu-go/src/importer"
)

// TestMain lets the test binary be the program that is tested.
func TestMain(m *testing.M) {
	if os.Getenv("IBUTSU_IMPORTER") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

type upload string

func (upload) Name() string  { return "report.TAP" }
func (u upload) Size() int64 { return int64(len(u)) }
func (u upload) Open(context.Context) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(string(u))), nil
}

// results is a sink that keeps the results.
type results struct {
	importer.Sink
	rows []importer.Result
}

func (*results) BeginRun(context.Context, importer.Run) error { return nil }
func (*results) EndRun(context.Context, importer.Run) error   { return nil }
func (r *results) Result(_ context.Context, row importer.Result) error {
	r.rows = append(r.rows, row)
	return nil
}

// read lets the worker's own code find the importer in a plugin folder and read the file with it.
func read(t *testing.T, content string) ([]importer.Result, error) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.Symlink(self, filepath.Join(dir, "tap")))
	sockets, err := os.MkdirTemp("", "ibutsu-") //nolint:usetesting // a short path, for sockets
	require.NoError(t, err)
	defer func() { require.NoError(t, os.RemoveAll(sockets)) }()
	formats, err := importers.Discover(t.Context(), importers.Options{Dir: dir, RuntimeDir: sockets, Log: zerolog.Nop()})
	require.NoError(t, err)
	var sink results
	_, err = importer.Import(t.Context(), formats, upload(content), importer.Options{RunID: uuid.New(), ImportedAt: time.Now()}, &sink)
	return sink.rows, err
}

func TestReportBecomesResults(t *testing.T) {
	t.Parallel()
	rows, err := read(t, `TAP version 13
1..6
ok 1 - addition # of numbers
not ok 2 - subtraction
  ---
  message: 'off by one'
  ...
ok 3 division # SKIP no zero here
not ok 4 - roots # TODO not written
ok 5 # todo
ok
`)
	require.NoError(t, err)
	var got []string
	for _, r := range rows {
		got = append(got, *r.TestID+": "+*r.Result)
	}
	require.Equal(t, []string{
		"addition: passed", "subtraction: failed", "division: skipped", "roots: xfailed", "test 5: xpassed", "test 6: passed",
	}, got)
	require.JSONEq(t, `{"tap_number":"3","reason":"no zero here"}`, string(rows[2].Metadata))
}

func TestReportThatIsNotWholeIsRefused(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"1..3\nok 1\n":                       "3 tests were planned, and there are 1",
		"ok 1\nBail out! no database\n":      "line 2: the tests bailed out: no database",
		"ok 1 " + strings.Repeat("x", 2<<20): "line 1: the line is longer than 1 MiB",
		"1..99999999999999999999\n":          "line 1: the plan is no number",
	} {
		_, err := read(t, content)
		var fault *importer.Error
		require.ErrorAs(t, err, &fault)
		require.Equal(t, want, fault.Error())
	}
}
