package importers_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/ibutsu/ibutsu-go/modules/importers"
	"github.com/ibutsu/ibutsu-go/src/importer"
	"github.com/ibutsu/ibutsu-go/src/plugin"
	"github.com/ibutsu/ibutsu-go/src/plugin/proto"
)

// TestMain lets the test binary play the importers. Which one it is, it is told by the name under which it is called.
func TestMain(m *testing.M) {
	if os.Getenv("IBUTSU_IMPORTER") == "" {
		goleak.VerifyTestMain(m)
		return
	}
	name := filepath.Base(os.Args[0])
	if name == "crash" {
		fmt.Fprintln(os.Stderr, "the importer has lost its mind")
		os.Exit(9)
	}
	plugin.ServeImporter(scripted{name})
}

// scripted sends the rows that its name stands for.
type scripted struct{ name string }

func (s scripted) Describe() *proto.DescribeResponse {
	d := &proto.DescribeResponse{Name: s.name, Claims: []*proto.Claim{{NameSuffix: "." + s.name}, {HeadPrefix: []byte("#!" + s.name)}}}
	switch s.name {
	case "greedy":
		d.Claims = append(d.Claims, &proto.Claim{})
	case "nameless":
		d.Name = "../x"
	case "idle":
		d.Claims = nil
	}
	return d
}

func (s scripted) Import(_ context.Context, upload plugin.Upload, send func(*proto.Row) error) error {
	run := func(r *proto.Run) { _ = send(&proto.Row{Row: &proto.Row_Run{Run: r}}) }
	result := func(r *proto.Result) error { return send(&proto.Row{Row: &proto.Row_Result{Result: r}}) }
	artifact := func(a *proto.Artifact) { _ = send(&proto.Row{Row: &proto.Row_Artifact{Artifact: a}}) }
	switch s.name {
	case "whole":
		content, err := io.ReadAll(upload)
		if err != nil {
			return err
		}
		run(&proto.Run{Component: "cart", Env: "qa", Project: "shop", Duration: new(9.0), MetadataJson: []byte(`{"own":1,"both":"run"}`)})
		artifact(&proto.Artifact{FileName: "run.log", Size: 3, Content: []byte("log")})
		_ = send(&proto.Row{Row: &proto.Row_Progress{Progress: &proto.Progress{Done: 1, Total: 2}}})
		_ = result(&proto.Result{TestId: "a\x00b", Result: "passed", StartTime: timestamppb.New(time.Unix(1700000000, 0)),
			MetadataJson: []byte(`{"nul":"a\u0000b","number":1.10}`), ParamsJson: []byte(`{"p":[1]}`)})
		artifact(&proto.Artifact{FileName: "out.txt", Size: int64(len(content)), Content: content[:2]})
		artifact(&proto.Artifact{Content: content[2:]})
		_ = send(&proto.Row{Row: &proto.Row_Note{Note: "something was left out"}})
		_ = result(&proto.Result{TestId: strings.Repeat("long", 1000), Result: "failed", Env: "own", Duration: new(-1.0)})
	case "bare":
		_ = result(&proto.Result{TestId: "t", Result: "passed"})
	case "faulty":
		_ = result(&proto.Result{TestId: "t", Result: "passed"})
		return &plugin.FaultError{Where: "line 3", Reason: "this is nonsense"}
	case "failing":
		return errors.New("no space left")
	case "panic":
		_ = result(&proto.Result{TestId: "t", Result: "passed"})
		panic("at the disco")
	case "endless":
		for result(&proto.Result{TestId: "t", Result: "passed"}) == nil {
		}
	case "hung":
		select {}
	case "deaf": // ends without having read anything
	case "odd":
		_ = result(&proto.Result{TestId: "t", Result: "great"})
	case "huge":
		artifact(&proto.Artifact{FileName: "f", Size: 1 << 40})
	case "short":
		artifact(&proto.Artifact{FileName: "f", Size: 10, Content: []byte("x")})
	case "liar":
		artifact(&proto.Artifact{FileName: "f", Size: 1, Content: []byte("xyz")})
	case "late":
		_ = result(&proto.Result{TestId: "t", Result: "passed"})
		run(&proto.Run{})
	case "list":
		_ = result(&proto.Result{TestId: "t", Result: "passed", MetadataJson: []byte(`[1]`)})
	case "wide":
		_ = result(&proto.Result{TestId: "t", Result: "passed", MetadataJson: bytes.Repeat([]byte(" "), 5<<20)})
	}
	return nil
}

// folder is a plugin folder with importers of these names.
func folder(t *testing.T, names ...string) importers.Options {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	dir, sockets := t.TempDir(), filepath.Join(os.TempDir(), "ibutsu-"+uuid.NewString()[:8])
	require.NoError(t, os.Mkdir(sockets, 0o700))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(sockets)) })
	for _, name := range names {
		require.NoError(t, os.Symlink(self, filepath.Join(dir, name)))
	}
	return importers.Options{Dir: dir, RuntimeDir: sockets, Log: zerolog.Nop()}
}

func format(t *testing.T, name string) importer.Format {
	t.Helper()
	formats, err := importers.Discover(t.Context(), folder(t, name))
	require.NoError(t, err)
	require.Len(t, formats, 1)
	require.Equal(t, name, formats[0].Name())
	return formats[0]
}

// upload is a source.
type upload struct {
	name, content string
	fault         error // after the content
}

func (u upload) Name() string { return u.name }
func (u upload) Size() int64  { return int64(len(u.content)) }
func (u upload) Open(context.Context) (io.ReadCloser, error) {
	var r io.Reader = strings.NewReader(u.content)
	if u.fault != nil {
		r = io.MultiReader(r, readError{u.fault})
	}
	return io.NopCloser(r), nil
}

type readError struct{ error }

func (e readError) Read([]byte) (int, error) { return 0, e.error }

// gathered is a sink that keeps everything.
type gathered struct {
	begun, ended []importer.Run
	results      []importer.Result
	artifacts    []importer.Artifact
	contents     []string
	progress     []int64
	fault        error // of Result
}

func (g *gathered) BeginRun(_ context.Context, r importer.Run) error {
	g.begun = append(g.begun, r)
	return nil
}

func (g *gathered) Result(_ context.Context, r importer.Result) error {
	g.results = append(g.results, r)
	return g.fault
}

func (g *gathered) Artifact(_ context.Context, a importer.Artifact) error {
	content, err := io.ReadAll(a.Content)
	g.artifacts, g.contents = append(g.artifacts, a), append(g.contents, string(content))
	return err
}

func (g *gathered) EndRun(_ context.Context, r importer.Run) error {
	g.ended = append(g.ended, r)
	return nil
}

func (g *gathered) Progress(done, total int64) { g.progress = append(g.progress, done, total) }

func options() importer.Options {
	return importer.Options{RunID: uuid.MustParse("11111111-1111-4111-8111-111111111111"), ImportedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

func TestImporterReadsAnUpload(t *testing.T) {
	t.Parallel()
	f := format(t, "whole")
	o := options()
	o.Metadata = []byte(`{"both":"upload","env":"given"}`)
	project := uuid.New()
	o.ResolveProject = func(_ context.Context, name string) (*uuid.UUID, error) {
		require.Equal(t, "shop", name)
		return &project, nil
	}
	content := strings.Repeat("content", 30_000) // more than one chunk
	var g gathered
	report, err := f.Import(t.Context(), upload{name: "x.whole", content: content}, o, &g)
	require.NoError(t, err)
	require.Equal(t, importer.Report{Format: "whole", Runs: []uuid.UUID{o.RunID}, Results: 2, Artifacts: 2, Notes: []string{"something was left out"}}, report)

	require.Len(t, g.begun, 1)
	run := g.begun[0]
	require.Equal(t, g.begun, g.ended)
	require.Equal(t, o.RunID, run.ID)
	require.Equal(t, &project, run.ProjectID)
	require.Equal(t, "given", *run.Env, "what came with the upload wins")
	require.Equal(t, "cart", *run.Component)
	require.InDelta(t, 9, *run.Duration, 0)
	require.Equal(t, o.ImportedAt, run.StartTime)
	require.JSONEq(t, `{"own":1,"both":"upload","env":"given"}`, string(run.Metadata))

	first, second := g.results[0], g.results[1]
	require.Equal(t, "ab", *first.TestID)
	require.Equal(t, "cart", *first.Component, "as the run")
	require.JSONEq(t, `{"nul":"ab","number":1.10,"both":"upload","env":"given"}`, string(first.Metadata))
	require.JSONEq(t, `{"p":[1]}`, string(first.Params))
	require.Equal(t, time.Unix(1700000000, 0).UTC(), first.StartTime)
	require.Equal(t, &project, first.ProjectID)
	require.Len(t, *second.TestID, 2560)
	require.Nil(t, second.Duration)
	require.NotEqual(t, first.ID, second.ID)

	require.Equal(t, []string{"log", content}, g.contents)
	require.Equal(t, &run.ID, g.artifacts[0].RunID)
	require.Equal(t, &first.ID, g.artifacts[1].ResultID)
	require.Equal(t, int64(len(content)), g.artifacts[1].Size)
	require.Equal(t, []int64{1, 2}, g.progress)

	var again gathered
	_, err = f.Import(t.Context(), upload{name: "x.whole", content: content}, o, &again)
	require.NoError(t, err)
	require.Equal(t, g.results, again.results, "an import that is tried again makes nothing twice")
}

func TestImporterMaySayNothingAboutTheRun(t *testing.T) {
	t.Parallel()
	var g gathered
	_, err := format(t, "bare").Import(t.Context(), upload{name: "x.bare"}, options(), &g)
	require.NoError(t, err)
	require.Len(t, g.begun, 1)
	require.Len(t, g.results, 1)
}

func TestImporterThatReadsNothing(t *testing.T) {
	t.Parallel()
	var g gathered
	_, err := format(t, "deaf").Import(t.Context(), upload{name: "x.deaf", content: strings.Repeat("x", 10<<20)}, options(), &g)
	require.NoError(t, err)
	require.Len(t, g.ended, 1)
}

func TestFaultsOfTheFileAreToldToItsAuthor(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"faulty": "line 3: this is nonsense",
		"odd":    `a result is "great"; it can be passed, failed, error, skipped, xpassed, xfailed, manual, blocked`,
		"list":   "the metadata of a result is no JSON object",
		"huge":   `the file "f" has 1099511627776 bytes, more than the 1000 that are allowed`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options()
			o.Limits.Artifact = 1000
			_, err := format(t, name).Import(t.Context(), upload{name: "x." + name}, o, &gathered{})
			var fault *importer.Error
			require.ErrorAs(t, err, &fault)
			require.Equal(t, want, fault.Error())
		})
	}
}

func TestFaultsOfTheImporterAreTriedAgain(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"failing": "importer failing: no space left",
		"panic":   "importer panic: the importer's process ended: exit status 2: panic: at the disco",
		"short":   "does not keep to the contract",
		"liar":    "does not keep to the contract",
		"late":    "does not keep to the contract",
		"wide":    "larger than max",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := format(t, name).Import(t.Context(), upload{name: "x." + name}, options(), &gathered{})
			require.ErrorContains(t, err, want)
			var fault *importer.Error
			require.NotErrorAs(t, err, &fault)
		})
	}
}

func TestEndlessReportIsStopped(t *testing.T) {
	t.Parallel()
	o := options()
	o.Limits.Results = 100
	_, err := format(t, "endless").Import(t.Context(), upload{name: "x.endless"}, o, &gathered{})
	require.ErrorIs(t, err, importer.ErrLimit)
}

func TestErrorsOfSourceAndSinkAreGivenBack(t *testing.T) {
	t.Parallel()
	gone := errors.New("the database is gone")
	_, err := format(t, "whole").Import(t.Context(), upload{name: "x.whole", content: "xyz", fault: gone}, options(), &gathered{})
	require.ErrorIs(t, err, gone)
	_, err = format(t, "endless").Import(t.Context(), upload{name: "x.endless"}, options(), &gathered{fault: gone})
	require.ErrorIs(t, err, gone)
}

func TestHungImporterEndsWithItsJob(t *testing.T) {
	t.Parallel()
	f := format(t, "hung")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := f.Import(ctx, upload{name: "x.hung"}, options(), &gathered{})
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestClaims(t *testing.T) {
	t.Parallel()
	f := format(t, "bare")
	require.True(t, f.Claims("REPORT.BARE", nil))
	require.True(t, f.Claims("report", []byte("#!bare and more")))
	require.False(t, f.Claims("report.xml", nil))
	require.False(t, f.Claims("report.xml", []byte("<x/>")))
}

func TestImportersThatCannotBeTrustedAreLeftOut(t *testing.T) {
	t.Parallel()
	o := folder(t, "bare", "crash", "greedy", "nameless", "idle")
	var log bytes.Buffer
	o.Log = zerolog.New(&log)
	require.NoError(t, os.WriteFile(filepath.Join(o.Dir, "README"), []byte("no program"), 0o600))
	for _, name := range []string{"open", "script"} {
		require.NoError(t, os.WriteFile(filepath.Join(o.Dir, name), []byte("#!/bin/sh\n"), 0o700))
	}
	require.NoError(t, os.Chmod(filepath.Join(o.Dir, "open"), 0o777))
	formats, err := importers.Discover(t.Context(), o)
	require.NoError(t, err)
	require.Len(t, formats, 1)
	require.Equal(t, "bare", formats[0].Name())
	for _, reason := range []string{
		"the importer has lost its mind", "others may write to it", "it claims every upload", "its name", "it claims no uploads",
		`starting script: exit status 0`,
	} {
		require.Contains(t, log.String(), reason)
	}
	require.NotContains(t, log.String(), "README")
}

func TestNoPluginFolder(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"", filepath.Join(t.TempDir(), "none")} {
		formats, err := importers.Discover(t.Context(), importers.Options{Dir: dir})
		require.NoError(t, err)
		require.Empty(t, formats)
	}
}
