// Package importer turns uploaded test reports into runs, results and artifacts.
//
// A Format reads one kind of report from a Source and hands rows to a Sink. The package knows no database and no HTTP: who
// stores the rows, and under whose rights, is the caller's business. The formats of this package are JUnit and Archive;
// a format of a third party implements the same interface and stands in the same list.
package importer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
)

// Source is an uploaded file. A format may open it several times, one after the other, and reads it from its beginning
// each time: a report is looked through once before its first row is handed on.
type Source interface {
	// Name is the file name that the upload came with; it decides the format.
	Name() string
	// Size is the number of bytes of the file.
	Size() int64
	// Open starts a read from the first byte. The caller closes it.
	Open(ctx context.Context) (io.ReadCloser, error)
}

// Sink stores the rows of one import. Methods are called from one goroutine. An error of the sink ends the import and is
// returned as it is (wrapped), so that the caller can tell a fault of the database from one of the file.
//
// The order is: BeginRun of every run; then results and artifacts, a result always before its artifacts; then EndRun of
// every run. Within one import no id comes twice. Over several imports it does: the same upload, read again after a
// crash or sent again by its author, gives the same ids for the same rows. A sink therefore inserts or replaces: runs
// and results by id (the metadata of a run that exists is merged, the other columns are replaced), artifacts by their
// owner and file name.
//
// Ids come from the upload, so they may be those of rows in a project that its author may not write to. A sink must refuse
// to replace these.
type Sink interface {
	BeginRun(ctx context.Context, run Run) error
	// Result hands over one result. The sink may keep it and everything that it points to.
	Result(ctx context.Context, result Result) error
	// Artifact hands over one file. Its Content can be read only until Artifact returns.
	Artifact(ctx context.Context, artifact Artifact) error
	// EndRun tells that all rows of the run were handed over. Its fields are those of BeginRun: what the report says
	// about the run as a whole, such as a duration that is not the sum of its results, holds over what was counted.
	EndRun(ctx context.Context, run Run) error
	// Progress tells that done of total rows (results, and the artifacts of an archive) were handed over.
	Progress(done, total int64)
}

// Format reads one kind of report.
type Format interface {
	// Name is what the format is called: "junit", "archive".
	Name() string
	// Claims tells whether a file of this name, which begins with these bytes (up to HeadSize; none when they are not
	// known yet), is for this format. It may be wrong: Import looks closely.
	Claims(name string, head []byte) bool
	// Import reads the whole source and hands its rows to the sink. A fault of the file is an *Error, and nothing was
	// handed over by then wherever it can be seen beforehand; any other error is the source's, the sink's or the
	// context's, and the same import may succeed later.
	Import(ctx context.Context, source Source, options Options, sink Sink) (Report, error)
}

// HeadSize is how many bytes from the beginning of a file Claims is shown.
const HeadSize = 512

// Options are what came with the upload, and what bounds the import.
type Options struct {
	// RunID is the id of the run where the upload names none. It must be the same when an import is tried again;
	// DeriveRunID makes one from the id of the import.
	RunID uuid.UUID
	// ProjectID is the project that was given with the upload, nil when none was.
	ProjectID *uuid.UUID
	// Metadata is the JSON object that was given with the upload; nil or null when none was.
	Metadata json.RawMessage
	// Source is the source that was given with the upload, nil when none was.
	Source *string
	// ResolveProject finds the project that a report names, by id or by name, where the upload itself names none. It
	// answers nil for a project that does not exist or that the author of the import may not write to. A nil func
	// finds none.
	ResolveProject func(ctx context.Context, nameOrID string) (*uuid.UUID, error)
	// ImportedAt stands for every time that the report does not give: when the upload was accepted.
	ImportedAt time.Time
	// Limits bound the import. A field that is 0 has its default.
	Limits Limits
}

// project is the project that rows belong to when a report names one: the upload's own, else what is found.
func (o Options) project(ctx context.Context, named string) (*uuid.UUID, error) {
	if o.ProjectID != nil {
		return o.ProjectID, nil
	}
	return o.foreignProject(ctx, named)
}

// foreignProject finds a project that a report names, nil where it is none that may be written to.
func (o Options) foreignProject(ctx context.Context, named string) (*uuid.UUID, error) {
	if named == "" || o.ResolveProject == nil {
		return nil, nil
	}
	id, err := o.ResolveProject(ctx, named)
	if err != nil {
		return nil, fmt.Errorf("find project %q: %w", named, err)
	}
	return id, nil
}

// Report is what came of an import.
type Report struct {
	// Format is the name of the format that read the file.
	Format string
	// Runs are the ids of the runs, in the order in which they were begun.
	Runs []uuid.UUID
	// Results and Artifacts count what was handed over.
	Results, Artifacts int64
	// Notes are sentences about what was left out, for the author of the upload. There are at most maxNotes.
	Notes []string
}

// maxNotes bounds the notes of a report: they end in a column of the import.
const maxNotes = 20

// notef adds a sentence.
func (r *Report) notef(format string, args ...any) {
	switch {
	case len(r.Notes) < maxNotes-1:
		r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
	case len(r.Notes) == maxNotes-1:
		r.Notes = append(r.Notes, "There is more that was left out.")
	}
}

// ErrUnknownFormat means that no format claims a file.
var ErrUnknownFormat = errors.New("no importer reads this kind of file")

// Builtin lists the formats of this package, in the order in which they are asked.
func Builtin() []Format {
	return []Format{JUnit{}, Archive{}}
}

// Sniff finds the format of a file by its name and, where they are known, its first bytes. The first that claims it wins.
func Sniff(formats []Format, name string, head []byte) (Format, error) {
	for _, f := range formats {
		if f.Claims(name, head) {
			return f, nil
		}
	}
	return nil, ErrUnknownFormat
}

// Import sniffs the source and lets its format import it.
func Import(ctx context.Context, formats []Format, source Source, options Options, sink Sink) (Report, error) {
	head, err := readHead(ctx, source)
	if err != nil {
		return Report{}, err
	}
	format, err := Sniff(formats, source.Name(), head)
	if err != nil {
		return Report{}, &Error{Reason: err.Error() + ": " + quote(source.Name()), Err: err}
	}
	report, err := format.Import(ctx, source, options, sink)
	report.Format = format.Name() // of one that failed, too
	return report, err
}

func readHead(ctx context.Context, source Source) ([]byte, error) {
	r, err := source.Open(ctx)
	if err != nil {
		return nil, fmt.Errorf("open the upload: %w", err)
	}
	defer r.Close()
	head := make([]byte, HeadSize)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("read the upload: %w", err)
	}
	return head[:n], nil
}
