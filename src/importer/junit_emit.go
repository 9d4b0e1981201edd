package importer

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// junitEmit hands on the rows of a JUnit document, in its second reading.
type junitEmit struct {
	options  Options
	survey   *junitSurvey
	run      Run
	metadata object // of the run
	sink     Sink
	report   *Report

	content  bytes.Reader
	outputs  map[string]int // files of the run, by name
	unkept   int            // outputs of suites that were left out
	projects map[string]*uuid.UUID
}

func newJUnitEmit(options Options, survey *junitSurvey, run Run, metadata object, sink Sink, report *Report) *junitEmit {
	return &junitEmit{
		options: options, survey: survey, run: run, metadata: metadata, sink: sink, report: report,
		outputs: map[string]int{}, projects: map[string]*uuid.UUID{},
	}
}

func (v *junitEmit) countsOnly() bool { return false }

func (v *junitEmit) unknown(string) {}

func (v *junitEmit) leave(s *junitSuite) error {
	if s.parent == nil && v.unkept > 0 {
		v.report.notef("The output of %d suites was left out: a run has at most %d such files.", v.unkept, maxOutputs)
	}
	return nil
}

func (v *junitEmit) enter(s *junitSuite) error {
	if late, ok := v.survey.late[s.number]; ok {
		s.properties = late
	}
	return nil
}

// junitBase is what the results of a suite have in common.
type junitBase struct {
	metadata object
	// json are the members of metadata as JSON, without braces.
	json    []byte
	has     [len(junitFound)]bool
	project *uuid.UUID
	source  *string
}

// junitFound are the members of the metadata that an importer finds out by itself. What a report or an upload says by the
// same name is written in their place.
var junitFound = [...]string{"run", "fspath", "line", "classname", "name", "exception_name", "skip_reason", "xfail_reason"}

const (
	foundRun = iota
	foundPath
	foundLine
	foundClassname
	foundName
	foundException
	foundSkip
	foundXfail
)

// base makes what the cases of a suite have in common, at the first of them.
func (v *junitEmit) base(ctx context.Context, s *junitSuite) (*junitBase, error) {
	if s.base != nil {
		return s.base, nil
	}
	b := &junitBase{}
	switch {
	case s.parent == nil && s.group:
		// Its properties are in the run's metadata, under those of the upload.
		b.metadata = v.metadata.clone()
	case s.parent == nil:
		b.metadata = v.metadata.clone()
		b.metadata.merge(&s.properties)
	default:
		above, err := v.base(ctx, s.parent)
		if err != nil {
			return nil, err
		}
		b.metadata = above.metadata.clone()
		b.metadata.merge(&s.properties)
	}
	for _, m := range b.metadata.members {
		if len(b.json) > 0 {
			b.json = append(b.json, ',')
		}
		b.json = appendMember(b.json, m)
	}
	for i, key := range junitFound {
		b.has[i] = b.metadata.get(key) != nil
	}
	var err error
	if b.project, err = v.project(ctx, b.metadata.get("project_id"), v.run.ProjectID); err != nil {
		return nil, err
	}
	b.source = label(b.metadata.get("source"))
	if b.source == nil {
		b.source = v.options.Source
	}
	if b.source == nil && s.name.set {
		name := fit(string(s.name.value), maxLabel)
		b.source = &name
	}
	s.base = b
	return b, nil
}

// project finds the project that a project_id property names. One that is not found changes nothing.
func (v *junitEmit) project(ctx context.Context, property []byte, standard *uuid.UUID) (*uuid.UUID, error) {
	named := scalar(property)
	if named == nil {
		return standard, nil
	}
	id, known := v.projects[*named]
	if !known {
		var err error
		if id, err = v.options.foreignProject(ctx, *named); err != nil {
			return nil, err
		}
		const kept = 1000
		if len(v.projects) < kept {
			v.projects[*named] = id
		}
		if id == nil {
			v.report.notef("The property project_id names %s, which is no project of yours; it was not used.", quote(*named))
		}
	}
	if id == nil {
		return standard, nil
	}
	return id, nil
}

func (v *junitEmit) testcase(ctx context.Context, s *junitSuite, c *junitCase) error {
	base, err := v.base(ctx, s)
	if err != nil {
		return err
	}
	if n, repeated := v.survey.repeated[junitKey(c.id)]; repeated {
		v.survey.repeated[junitKey(c.id)]++
		if n > 0 {
			c.id = derive(c.id, strconv.Itoa(n))
		}
	}
	row := struct {
		testID   string
		duration float64
	}{fit(testID(c), maxTestID), c.time}
	result := Result{
		ID: c.id, RunID: v.run.ID, ProjectID: base.project,
		TestID: &row.testID, Result: c.outcome(),
		StartTime: v.run.StartTime, Duration: &row.duration,
		Component: v.run.Component, Env: v.run.Env, Source: base.source,
		Metadata: v.caseMetadata(base, s, c), Params: noParams,
	}
	if len(c.properties.members) > 0 {
		if result.ProjectID, err = v.project(ctx, c.properties.get("project_id"), base.project); err != nil {
			return err
		}
		if own := label(c.properties.get("source")); own != nil {
			result.Source = own
		}
	}
	if err := v.sink.Result(ctx, result); err != nil {
		return fmt.Errorf("store a result: %w", err)
	}
	v.report.Results++
	if err := v.artifacts(ctx, c); err != nil {
		return err
	}
	if v.report.Results%progressStep == 0 {
		v.sink.Progress(v.report.Results, v.survey.cases)
	}
	return nil
}

// progressStep is after how many rows progress is told.
const progressStep = 1000

// noParams is the value of params where a report has none.
var noParams = []byte("{}")

// testID is how Ibutsu names a test: the last part of its class and the last part of its name. What follows the first [ is
// a parameter, whose dots are no parts.
func testID(c *junitCase) string {
	name := lastPart(c.name.value)
	if len(c.classname.value) == 0 {
		return string(name)
	}
	class := lastPart(c.classname.value)
	var space [128]byte
	return string(append(append(append(space[:0], class...), '.'), name...))
}

func lastPart(name []byte) []byte {
	plain, _, _ := bytes.Cut(name, []byte{'['})
	return name[bytes.LastIndexByte(plain, '.')+1:]
}

// outcome is the result of a case. Where there are several, it is the first in this order.
func (c *junitCase) outcome() *string {
	name := "passed"
	switch {
	case c.failure.seen:
		name = "failed"
	case c.fault.seen:
		name = "error"
	case c.skipped.seen:
		// pytest writes an expected failure as skipped, and it stays that: so Ibutsu always counted it.
		name = "skipped"
	case c.xfailed:
		name = "xfailed"
	case c.xpassed:
		name = "xpassed"
	}
	return outcome(name)
}

// trouble is the element that tells why a case failed, nil where it did not.
func (c *junitCase) trouble() *junitOutcome {
	switch {
	case c.failure.seen:
		return &c.failure
	case c.fault.seen:
		return &c.fault
	}
	return nil
}

// caseMetadata writes the metadata of a result: what was found out, what its suite has, its own properties. It is written by hand
// because it is most of what an import does.
func (v *junitEmit) caseMetadata(base *junitBase, s *junitSuite, c *junitCase) []byte {
	w := junitMetadata{base: base, own: &c.properties}
	w.json = make([]byte, 0, 160+len(base.json)+len(c.classname.value)+len(c.name.value)+len(c.classname.value))
	w.json = append(w.json, '{')
	if w.begin(foundRun) {
		w.json = append(w.json, '"')
		w.json = append(appendUUID(w.json, v.run.ID), '"')
	}
	if w.begin(foundPath) {
		w.json = appendPath(w.json, s, c)
	}
	if w.begin(foundLine) {
		w.json = appendOptional(w.json, c.line)
	}
	if c.classname.set && w.begin(foundClassname) {
		w.json = appendJSON(w.json, c.classname.value)
	}
	if c.name.set && w.begin(foundName) {
		w.json = appendJSON(w.json, c.name.value)
	}
	if t := c.trouble(); t != nil {
		if len(t.kind.value) > 0 && w.begin(foundException) {
			w.json = appendJSON(w.json, fit(string(t.kind.value), maxLabel))
		}
	} else if reason := c.skipped.explanation(); reason != nil {
		found := foundSkip
		if string(c.skipped.kind.value) == "pytest.xfail" {
			found = foundXfail
		}
		if w.begin(found) {
			w.json = appendJSON(w.json, reason)
		}
	}
	w.rest()
	return append(w.json, '}')
}

// junitMetadata is the metadata of a result on its way.
type junitMetadata struct {
	base *junitBase
	own  *object
	json []byte
}

// begin writes the key of a member that was found out, unless the report says it itself.
func (w *junitMetadata) begin(found int) bool {
	if w.base.has[found] || len(w.own.members) > 0 && w.own.get(junitFound[found]) != nil {
		return false
	}
	w.comma()
	w.json = append(w.json, '"')
	w.json = append(w.json, junitFound[found]...)
	w.json = append(w.json, '"', ':')
	return true
}

func (w *junitMetadata) comma() {
	if len(w.json) > 1 {
		w.json = append(w.json, ',')
	}
}

// rest writes the members that come from the suite and from the case itself.
func (w *junitMetadata) rest() {
	if len(w.own.members) == 0 {
		if len(w.base.json) > 0 {
			w.comma()
			w.json = append(w.json, w.base.json...)
		}
		return
	}
	for _, m := range w.base.metadata.members {
		if w.own.get(m.key) == nil {
			w.comma()
			w.json = appendMember(w.json, m)
		}
	}
	for _, m := range w.own.members {
		w.comma()
		w.json = appendMember(w.json, m)
	}
}

// appendPath writes the file of a test: the file of the suite, of the case, of the suites around, else the class without its
// last part as a path.
func appendPath(dst []byte, s *junitSuite, c *junitCase) []byte {
	switch {
	case len(s.file.value) > 0:
		return appendJSON(dst, s.file.value)
	case len(c.file.value) > 0:
		return appendJSON(dst, c.file.value)
	}
	for up := s.parent; up != nil; up = up.parent {
		if len(up.file.value) > 0 {
			return appendJSON(dst, up.file.value)
		}
	}
	class := c.classname.value
	if len(class) == 0 {
		return append(dst, "null"...)
	}
	class = class[:max(0, bytes.LastIndexByte(class, '.'))]
	return appendJSON(dst, bytes.ReplaceAll(class, []byte{'.'}, []byte{'/'}))
}

func appendOptional(dst []byte, o optional) []byte {
	if !o.set {
		return append(dst, "null"...)
	}
	return appendJSON(dst, o.value)
}

// artifacts hands on the files of a case.
func (v *junitEmit) artifacts(ctx context.Context, c *junitCase) error {
	if t := c.trouble(); t != nil {
		if err := v.artifact(ctx, c.id, "traceback.log", t.explanation()); err != nil {
			return err
		}
	}
	if err := v.artifact(ctx, c.id, "system-out.log", c.stdout.data); err != nil {
		return err
	}
	return v.artifact(ctx, c.id, "system-err.log", c.stderr.data)
}

// artifact hands on one file of a case, unless it is empty.
func (v *junitEmit) artifact(ctx context.Context, result uuid.UUID, filename string, content []byte) error {
	if len(content) == 0 {
		return nil
	}
	v.content.Reset(content)
	if err := v.sink.Artifact(ctx, artifactOfResult(result, filename, int64(len(content)), &v.content)); err != nil {
		return fmt.Errorf("store an artifact: %w", err)
	}
	v.report.Artifacts++
	return nil
}

// maxOutputs is the number of files that the outputs of suites make.
const maxOutputs = 1000

// output hands on what a whole suite has written as a file of the run, unless it is blank, as most are.
func (v *junitEmit) output(ctx context.Context, s *junitSuite, element string, text []byte) error {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	if len(v.outputs) == maxOutputs {
		v.unkept++
		return nil
	}
	filename := element + ".log"
	if s.parent != nil && s.name.set {
		filename = fit(strings.ReplaceAll(string(s.name.value), "/", "_"), maxFilename) + "." + filename
	}
	if v.outputs[filename]++; v.outputs[filename] > 1 {
		filename = strings.TrimSuffix(filename, ".log") + "-" + strconv.Itoa(v.outputs[filename]) + ".log"
	}
	v.content.Reset(text)
	if err := v.sink.Artifact(ctx, artifactOfRun(v.run.ID, filename, int64(len(text)), &v.content)); err != nil {
		return fmt.Errorf("store an artifact: %w", err)
	}
	v.report.Artifacts++
	return nil
}
