package importer

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// archiveResult is a result.json.
type archiveResult struct {
	id       *uuid.UUID
	testID   *string
	outcome  *string
	start    moment
	duration *float64
	source   *string
	metadata object
	params   []byte
}

// moment is a time that may be unknown (zero).
type moment struct{ time.Time }

// first is the earlier one.
func (m moment) first(other moment) moment {
	if m.IsZero() || !other.IsZero() && other.Before(m.Time) {
		return other
	}
	return m
}

// or is the moment, or the other where it is unknown.
func (m moment) or(other time.Time) time.Time {
	if m.IsZero() {
		return other
	}
	return m.Time
}

// readResultDocument reads a result.json. Members that are no fields of a result are left out.
func readResultDocument(path string, clean []byte) (archiveResult, error) {
	var r archiveResult
	o, err := parseObject(clean)
	if err != nil {
		return r, faulty(memberName(path), "%v", err)
	}
	if o.get("test_id") == nil && serializationFailed(&o) {
		return r, faulty(memberName(path), "the test runner could not write this result (serialization_failed)")
	}
	d := fields{path: path, object: &o}
	r.id = d.id("id")
	r.testID = scalar(o.get("test_id"))
	if r.testID != nil {
		*r.testID = fit(*r.testID, maxTestID)
	}
	r.outcome = d.outcome("result")
	r.start = d.time("start_time")
	r.duration = d.number("duration")
	r.source = label(o.get("source"))
	r.metadata = d.objectOf("metadata")
	r.params = d.raw("params")
	return r, d.err
}

// archiveResultRow makes the row of a result. given is the metadata of the upload.
func archiveResultRow(r archiveResult, run *Run, given *object) Result {
	metadata := r.metadata
	metadata.merge(given)
	if properties, err := parseObject(metadata.get("user_properties")); err == nil {
		metadata.remove("user_properties")
		metadata.merge(&properties)
	}
	return Result{
		RunID: run.ID, ProjectID: run.ProjectID,
		TestID: r.testID, Result: r.outcome,
		StartTime: r.start.or(run.StartTime), Duration: r.duration, Source: r.source,
		// From the metadata alone, as those of a result that is posted: what the document itself calls env or component does
		// not count, and never did.
		Component: label(metadata.get("component")), Env: label(metadata.get("env")),
		// document is used again for the next member, so nothing of it may be kept.
		Metadata: metadata.json(), Params: append([]byte(nil), r.params...),
	}
}

// runDocumentFields is a run.json.
type runDocumentFields struct {
	id             *uuid.UUID
	created, start moment
	duration       *float64
	component, env *string
	source         *string
	project        *string
	metadata       object
	summary        []byte
}

// readRunDocument reads a run.json. One that the test runner could not write is as good as none.
func readRunDocument(run *archiveRun) (runDocumentFields, error) {
	var r runDocumentFields
	o, err := parseObject(run.document)
	if err != nil {
		return r, faulty(memberName(run.path), "%v", err)
	}
	d := fields{path: run.path, object: &o}
	r.id = d.id("id")
	r.created, r.start = d.time("created"), d.time("start_time")
	r.duration = d.number("duration")
	r.component, r.env, r.source = label(o.get("component")), label(o.get("env")), label(o.get("source"))
	r.project = scalar(o.get("project_id"))
	r.metadata = d.objectOf("metadata")
	r.summary = d.summary("summary")
	return r, d.err
}

// archiveRunRow makes the row of a run. Where it has no run.json, the folder and the results tell all there is.
func archiveRunRow(ctx context.Context, run *archiveRun, options Options, given object) (Run, error) {
	r, err := readRunDocument(run)
	if err != nil {
		return Run{}, err
	}
	metadata := r.metadata
	metadata.merge(&given)
	row := Run{
		ID:        run.folder,
		Component: r.component, Env: r.env, Source: r.source,
		Duration: r.duration, Metadata: metadata.json(), Summary: r.summary,
	}
	if r.id != nil {
		row.ID = *r.id
	}
	if env := label(metadata.get("env")); env != nil {
		row.Env = env
	}
	if component := label(metadata.get("component")); component != nil {
		row.Component = component
	}
	if options.Source != nil {
		row.Source = options.Source
	}
	known := run.earliest.or(options.ImportedAt.UTC().Truncate(time.Microsecond))
	row.StartTime = r.start.or(r.created.or(known))
	row.Created = r.created.or(row.StartTime)
	if row.ProjectID, err = options.project(ctx, text(scalar(metadata.get("project")))); err != nil {
		return row, err
	}
	if row.ProjectID == nil {
		row.ProjectID, err = options.project(ctx, text(r.project))
	}
	return row, err
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// serializationFailed tells whether pytest-ibutsu wrote a note of its failure in place of a document.
func serializationFailed(o *object) bool {
	return text(scalar(o.get("error"))) == "serialization_failed"
}

// fields reads the members of a document, and remembers the first that is not what it should be.
type fields struct {
	path   string
	object *object
	err    error
}

func (d *fields) wrongf(name, format string, args ...any) {
	if d.err == nil {
		d.err = faulty(memberName(d.path), "%s %s", name, fmt.Sprintf(format, args...))
	}
}

// id reads a UUID; what is none is as good as nothing, for then the folder tells.
func (d *fields) id(name string) *uuid.UUID {
	id, err := uuid.Parse(text(scalar(d.object.get(name))))
	if err != nil {
		return nil
	}
	return &id
}

func (d *fields) time(name string) moment {
	s := scalar(d.object.get(name))
	if s == nil || strings.TrimSpace(*s) == "" {
		return moment{}
	}
	t, ok := parseTime(*s)
	if !ok {
		d.wrongf(name, "is %s, which is not a time", quote(*s))
	}
	return moment{t}
}

func (d *fields) number(name string) *float64 {
	s := scalar(d.object.get(name))
	if s == nil || strings.TrimSpace(*s) == "" {
		return nil
	}
	f, ok := parseSeconds(*s)
	if !ok {
		d.wrongf(name, "is %s, which is not a number", quote(*s))
	}
	return &f
}

func (d *fields) outcome(name string) *string {
	s := scalar(d.object.get(name))
	if s == nil {
		return nil
	}
	known := outcome(*s)
	if known == nil {
		d.wrongf(name, "is %s; it can be %s", quote(*s), strings.Join(outcomes[:], ", "))
	}
	return known
}

func (d *fields) objectOf(name string) object {
	o, err := parseObject(d.object.get(name))
	if err != nil {
		d.wrongf(name, "is not an object")
	}
	return o
}

// raw reads an object as it is written.
func (d *fields) raw(name string) []byte {
	value := d.object.get(name)
	if len(value) == 0 || string(value) == "null" {
		return noParams
	}
	if value[0] != '{' {
		d.wrongf(name, "is not an object")
	}
	return value
}

// summary reads an object of counts, nil where there is none. What is no whole number is left out: the database has an
// index on one of the counts, and refuses a row where it is something else.
func (d *fields) summary(name string) []byte {
	o := d.objectOf(name)
	if len(o.members) == 0 {
		return nil
	}
	var counts object
	for _, m := range o.members {
		n, err := strconv.ParseInt(string(m.value), 10, 32)
		if err == nil || errors.Is(err, strconv.ErrRange) {
			counts.set(m.key, strconv.AppendInt(nil, n, 10))
		}
	}
	return counts.json()
}
