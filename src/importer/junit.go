package importer

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
)

// JUnit imports JUnit XML, as pytest, Surefire, Gradle, Jest, Playwright, GoogleTest and many others write it: one file is one
// run, each testcase in it one result.
type JUnit struct{}

// Name is "junit".
func (JUnit) Name() string { return "junit" }

// Claims files whose name ends in .xml.
func (JUnit) Claims(name string, _ []byte) bool {
	return strings.HasSuffix(strings.ToLower(name), ".xml")
}

// Import reads the document twice: once to see that it is whole, to count it, and to learn what stands behind the test
// cases to which it applies; then to hand on its rows.
func (j JUnit) Import(ctx context.Context, source Source, options Options, sink Sink) (Report, error) {
	report := Report{Format: j.Name()}
	options.Limits = options.Limits.orDefaults()

	if id, ok := runIDInName(source.Name()); ok {
		options.RunID = id
	}
	survey := newJUnitSurvey(options)
	if err := readJUnit(ctx, source, options.Limits, options.RunID, survey); err != nil {
		return report, err
	}
	run, metadata, err := junitRun(ctx, options, survey)
	if err != nil {
		return report, err
	}
	report.Runs = []uuid.UUID{run.ID}
	if err := sink.BeginRun(ctx, run); err != nil {
		return report, fmt.Errorf("store the run: %w", err)
	}
	emit := newJUnitEmit(options, survey, run, metadata, sink, &report)
	if err := readJUnit(ctx, source, options.Limits, run.ID, emit); err != nil {
		return report, err
	}
	sink.Progress(survey.cases, survey.cases)
	if err := sink.EndRun(ctx, run); err != nil {
		return report, fmt.Errorf("store the run: %w", err)
	}
	survey.noteUnknown(&report)
	return report, nil
}

// junitRun makes the run of a document, and its metadata as an object for the results to build upon.
func junitRun(ctx context.Context, options Options, survey *junitSurvey) (Run, object, error) {
	metadata := survey.root.properties.clone()
	metadata.merge(&survey.given)
	run := Run{
		ID:        options.RunID,
		Component: label(metadata.get("component")),
		Env:       label(metadata.get("env")),
		Source:    options.Source,
		Created:   options.ImportedAt.UTC(),
		StartTime: options.ImportedAt.UTC().Truncate(time.Microsecond),
		Duration:  &survey.duration,
		Metadata:  metadata.json(),
	}
	if t, ok := parseTime(survey.root.timestamp); ok {
		run.StartTime = t
	}
	if run.Source == nil {
		run.Source = label(metadata.get("source"))
	}
	var err error
	run.ProjectID, err = options.project(ctx, text(scalar(metadata.get("project"))))
	return run, metadata, err
}

// uuid4 is how a random UUID looks; others in a file name are ids of something else.
var uuid4 = regexp.MustCompile(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)

// runIDInName finds the run that a file says it is.
func runIDInName(filename string) (uuid.UUID, bool) {
	id, err := uuid.Parse(uuid4.FindString(filename))
	return id, err == nil
}
