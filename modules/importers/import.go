package importers

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/importer"
	"github.com/ibutsu/ibutsu-go/src/plugin"
	"github.com/ibutsu/ibutsu-go/src/plugin/proto"
)

// Import implements importer.Format.
func (f *format) Import(ctx context.Context, source importer.Source, options importer.Options, sink importer.Sink) (importer.Report, error) {
	given, err := object(options.Metadata, "metadata of the upload")
	if err != nil {
		return importer.Report{}, err
	}
	t := &translation{options: options, limits: bounds(options.Limits), sink: sink, given: given, report: importer.Report{Format: f.name}}
	content, err := source.Open(ctx)
	if err != nil {
		return t.report, fmt.Errorf("open the upload: %w", err)
	}
	defer func() { _ = content.Close() }()
	p, err := f.start(ctx)
	if err != nil {
		return t.report, err
	}
	defer p.Close()
	about := plugin.UploadInfo{FileName: source.Name(), Size: source.Size(), ImportedAt: options.ImportedAt}
	err = p.Import(ctx, about, content, func(row *proto.Row) error { return t.row(ctx, row) })
	if err != nil {
		return t.report, fmt.Errorf("importer %s: %w", f.name, err)
	}
	return t.report, t.end(ctx)
}

// bounds fills in the limits that are not set.
func bounds(l importer.Limits) importer.Limits {
	d := importer.DefaultLimits()
	if l.Results == 0 {
		l.Results = d.Results
	}
	if l.Artifact == 0 {
		l.Artifact = d.Artifact
	}
	return l
}

// translation turns the rows of an importer into those of a sink. Nothing that comes from the importer is trusted.
type translation struct {
	options importer.Options
	limits  importer.Limits
	sink    importer.Sink
	given   fields // metadata of the upload
	report  importer.Report

	run    *importer.Run    // nil until it is begun
	result *importer.Result // sent last
	file   *file            // an artifact that goes on
	files  map[string]bool  // names of the artifacts of the result, or run, at hand
	over   bool
}

func (t *translation) row(ctx context.Context, row *proto.Row) error {
	if t.over {
		return broken("it sends more after a fault")
	}
	if a := row.GetArtifact(); t.file != nil && a == nil {
		return broken("artifact %q has %d bytes less than it said", t.file.artifact.Filename, t.file.left)
	}
	switch kind := row.GetRow().(type) {
	case *proto.Row_Run:
		if t.run != nil {
			return broken("what it says about the run comes twice, or after a result")
		}
		return t.begin(ctx, kind.Run)
	case *proto.Row_Result:
		return t.addResult(ctx, kind.Result)
	case *proto.Row_Artifact:
		return t.addArtifact(ctx, kind.Artifact)
	case *proto.Row_Progress:
		t.sink.Progress(max(0, kind.Progress.GetDone()), max(0, kind.Progress.GetTotal()))
	case *proto.Row_Note:
		t.note(kind.Note)
	case *proto.Row_Fault:
		t.over = true
		return &importer.Error{Where: shown(kind.Fault.GetWhere()), Reason: shown(kind.Fault.GetReason())}
	}
	return nil // a kind that a later version has
}

// note keeps as many notes as a record of an import takes.
func (t *translation) note(text string) {
	const most = 20
	if len(t.report.Notes) < most {
		t.report.Notes = append(t.report.Notes, shown(text))
	}
}

// broken is a fault of the importer, which no author of an upload can mend: it is logged and tried again like a crash.
func broken(format string, args ...any) error {
	return fmt.Errorf("it does not keep to the contract: "+format, args...)
}

func tooMuch(format string, args ...any) error {
	return &importer.Error{Reason: fmt.Sprintf(format, args...), Err: importer.ErrLimit}
}

func (t *translation) begin(ctx context.Context, r *proto.Run) error {
	metadata, err := object(r.GetMetadataJson(), "metadata of a run")
	if err != nil {
		return err
	}
	metadata.merge(t.given)
	start := moment(r.GetStartTime(), t.options.ImportedAt)
	run := importer.Run{
		ID:        t.options.RunID,
		ProjectID: t.options.ProjectID,
		Component: metadata.or("component", label(r.GetComponent())),
		Env:       metadata.or("env", label(r.GetEnv())),
		Source:    t.source(r.GetSource()),
		Created:   start,
		StartTime: start,
		Duration:  seconds(r.Duration != nil, r.GetDuration()),
		Metadata:  metadata.json(),
	}
	if run.ProjectID == nil {
		if run.ProjectID, err = t.project(ctx, metadata, r.GetProject()); err != nil {
			return err
		}
	}
	t.run = &run
	t.report.Runs = []uuid.UUID{run.ID}
	return t.sink.BeginRun(ctx, run)
}

// ready begins the run that the importer has said nothing about.
func (t *translation) ready(ctx context.Context) error {
	if t.run != nil {
		return nil
	}
	return t.begin(ctx, &proto.Run{})
}

// project finds the project that the report names, in its metadata or by itself.
func (t *translation) project(ctx context.Context, metadata fields, named string) (*uuid.UUID, error) {
	for _, name := range []string{metadata.text("project"), clean(named)} {
		if name == "" || t.options.ResolveProject == nil {
			continue
		}
		id, err := t.options.ResolveProject(ctx, name)
		if err != nil || id != nil {
			return id, err
		}
	}
	return nil, nil
}

func (t *translation) source(own string) *string {
	if t.options.Source != nil {
		return t.options.Source
	}
	return label(own)
}

func (t *translation) addResult(ctx context.Context, r *proto.Result) error {
	if err := t.ready(ctx); err != nil {
		return err
	}
	if t.report.Results == int64(t.limits.Results) {
		return tooMuch("the report has more than %d results", t.limits.Results)
	}
	outcome, err := outcome(r.GetResult())
	if err != nil {
		return err
	}
	metadata, err := object(r.GetMetadataJson(), "metadata of a result")
	if err != nil {
		return err
	}
	params, err := object(r.GetParamsJson(), "params of a result")
	if err != nil {
		return err
	}
	metadata.merge(t.given)
	run := t.run
	testID := fit(clean(r.GetTestId()), maxTestID)
	result := importer.Result{
		ID:        derive(run.ID, "result", t.report.Results),
		RunID:     run.ID,
		ProjectID: run.ProjectID,
		TestID:    &testID,
		Result:    outcome,
		StartTime: moment(r.GetStartTime(), run.StartTime),
		Duration:  seconds(r.Duration != nil, r.GetDuration()),
		Component: metadata.or("component", orOf(label(r.GetComponent()), run.Component)),
		Env:       metadata.or("env", orOf(label(r.GetEnv()), run.Env)),
		Source:    orOf(t.source(r.GetSource()), run.Source),
		Metadata:  metadata.json(),
		Params:    params.json(),
	}
	t.report.Results++
	t.result, t.files = &result, nil
	return t.sink.Result(ctx, result)
}

// addArtifact gathers an artifact and hands it over when it is whole. It is kept in memory, which the limit bounds: the
// sink reads it in one go, while its messages come in between.
func (t *translation) addArtifact(ctx context.Context, a *proto.Artifact) error {
	if t.file == nil {
		if err := t.ready(ctx); err != nil {
			return err
		}
		file, err := t.beginArtifact(a)
		if err != nil {
			return err
		}
		t.file = file
	}
	file := t.file
	if int64(len(a.GetContent())) > file.left {
		return broken("artifact %q has more bytes than it said", file.artifact.Filename)
	}
	file.left -= int64(len(a.GetContent()))
	file.content.Write(a.GetContent())
	if file.left > 0 {
		if len(a.GetContent()) == 0 {
			return broken("artifact %q does not go on", file.artifact.Filename)
		}
		return nil
	}
	t.file = nil
	t.report.Artifacts++
	file.artifact.Content = io.Reader(&file.content)
	return t.sink.Artifact(ctx, file.artifact)
}

type file struct {
	artifact importer.Artifact
	content  bytes.Buffer
	left     int64
}

func (t *translation) beginArtifact(a *proto.Artifact) (*file, error) {
	name := fit(clean(a.GetFileName()), maxLabel)
	switch {
	case name == "":
		return nil, broken("an artifact has no name")
	case a.GetSize() < 0 || t.files[name]:
		return nil, broken("artifact %q comes twice, or has no size", name)
	case a.GetSize() > t.limits.Artifact:
		return nil, tooMuch("the file %q has %d bytes, more than the %d that are allowed", shown(name), a.GetSize(), t.limits.Artifact)
	}
	if t.files == nil {
		t.files = map[string]bool{}
	}
	t.files[name] = true
	artifact := importer.Artifact{Filename: name, Size: a.GetSize()}
	data := fields{"contentType": "text/plain"}
	if t.result != nil {
		owner := t.result.ID
		artifact.ResultID, data["resultId"] = &owner, owner.String()
		artifact.ID = derive(owner, "artifact "+name, 0)
	} else {
		owner := t.run.ID
		artifact.RunID, data["runId"] = &owner, owner.String()
		artifact.ID = derive(owner, "artifact "+name, 0)
	}
	artifact.Data = data.json()
	return &file{artifact: artifact, left: a.GetSize()}, nil
}

// end tells the sink that everything was handed over.
func (t *translation) end(ctx context.Context) error {
	if t.file != nil {
		return broken("artifact %q has %d bytes less than it said", t.file.artifact.Filename, t.file.left)
	}
	if err := t.ready(ctx); err != nil {
		return err
	}
	return t.sink.EndRun(ctx, *t.run)
}

// derive makes an id that is the same each time the same upload is read.
func derive(owner uuid.UUID, kind string, number int64) uuid.UUID {
	return uuid.NewSHA1(owner, fmt.Appendf(nil, "plugin %s %d", kind, number))
}

// instant is a time of the contract.
type instant interface {
	IsValid() bool
	AsTime() time.Time
}

func moment(at instant, fallback time.Time) time.Time {
	if !at.IsValid() || at.AsTime().Year() > 9999 || at.AsTime().Year() < 1 {
		return fallback.UTC().Truncate(time.Microsecond)
	}
	return at.AsTime().Truncate(time.Microsecond)
}
