package importer

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// Archive imports what pytest-ibutsu and playwright-ibutsu write: a tar, packed with gzip, of the runs, results and files
// as JSON and as they are.
//
//	<run>/run.json
//	<run>/<file>
//	<run>/<result>/result.json
//	<run>/<result>/<file>
//
// <run> and <result> are UUIDs. The members may come in any order, and run.json may be absent.
type Archive struct{}

// Name is "archive".
func (Archive) Name() string { return "archive" }

// Claims files whose name ends in .tar.gz.
func (Archive) Claims(name string, _ []byte) bool {
	return strings.HasSuffix(strings.ToLower(name), ".tar.gz")
}

// Import reads the archive twice: once to see that it is whole, and to know its runs before their results come; then to
// hand on its rows. Where files stand in front of the result that they belong to, it reads it a third time for these.
func (a Archive) Import(ctx context.Context, source Source, options Options, sink Sink) (Report, error) {
	report := Report{Format: a.Name()}
	options.Limits = options.Limits.orDefaults()
	given, err := givenMetadata(options)
	if err != nil {
		return report, err
	}

	survey := newArchiveSurvey(options.Limits)
	if err := readArchive(ctx, source, options.Limits, survey); err != nil {
		return report, err
	}
	if err := survey.check(&given); err != nil {
		return report, err
	}
	for _, run := range survey.order {
		if run.row, err = archiveRunRow(ctx, run, options, given); err != nil {
			return report, err
		}
	}
	if err := survey.checkRuns(); err != nil {
		return report, err
	}
	for _, run := range survey.order {
		report.Runs = append(report.Runs, run.row.ID)
		if err := sink.BeginRun(ctx, run.row); err != nil {
			return report, fmt.Errorf("store the run: %w", err)
		}
	}
	emit := &archiveEmit{survey: survey, given: given, sink: sink, report: &report}
	if err := readArchive(ctx, source, options.Limits, emit); err != nil {
		return report, err
	}
	if emit.postponed > 0 {
		emit.again = true
		if err := readArchive(ctx, source, options.Limits, emit); err != nil {
			return report, err
		}
	}
	sink.Progress(survey.rows(), survey.rows())
	for _, run := range survey.order {
		if err := sink.EndRun(ctx, run.row); err != nil {
			return report, fmt.Errorf("store the run: %w", err)
		}
	}
	survey.noteLeftOut(&report)
	if emit.orphans > 0 {
		report.notef("%d files lie in folders of results without a result.json and were left out.", emit.orphans)
	}
	return report, nil
}

// archiveRun is a run's folder.
type archiveRun struct {
	folder uuid.UUID
	// path is the name of run.json, document what stands in it; nil where the folder has none.
	path     string
	document []byte
	// earliest is when the first of its results began; zero where none says.
	earliest moment
	row      Run
}

// archiveResultFolder is a result's folder.
type archiveResultFolder struct {
	run *archiveRun
	// document is the number of the member that is its result.json: the last of them counts.
	document int
}

// archiveSurvey is what the first reading of an archive finds out. It keeps some 50 bytes of each member.
type archiveSurvey struct {
	limits Limits
	runs   map[uuid.UUID]*archiveRun
	order  []*archiveRun
	// results are the folders of results that have a result.json.
	results map[uuid.UUID]archiveResultFolder
	// renamed are the ids of results whose folder is called otherwise, by the folder.
	renamed map[uuid.UUID]uuid.UUID
	// files are the numbers of the members that are artifacts, by folder and name: the last of them counts.
	files     map[uint64]int
	documents int64
	links     int
}

func newArchiveSurvey(limits Limits) *archiveSurvey {
	return &archiveSurvey{
		limits: limits, runs: map[uuid.UUID]*archiveRun{}, results: map[uuid.UUID]archiveResultFolder{},
		renamed: map[uuid.UUID]uuid.UUID{}, files: map[uint64]int{},
	}
}

func (v *archiveSurvey) rows() int64 { return int64(len(v.results) + len(v.files)) }

// run finds the run of a folder, or begins it.
func (v *archiveSurvey) run(folder uuid.UUID) (*archiveRun, error) {
	if r, known := v.runs[folder]; known {
		return r, nil
	}
	if len(v.order) == v.limits.Runs {
		return nil, tooMuch("", "the archive has more than %d runs", v.limits.Runs)
	}
	r := &archiveRun{folder: folder}
	v.runs[folder] = r
	v.order = append(v.order, r)
	return r, nil
}

func (v *archiveSurvey) link() { v.links++ }

func (v *archiveSurvey) member(_ context.Context, m *archiveMember) error {
	run, err := v.run(m.run)
	if err != nil {
		return err
	}
	switch m.kind {
	case runDocument:
		return v.runDocument(run, m)
	case resultDocument:
		return v.resultDocument(run, m)
	}
	v.files[m.key()] = m.number
	return nil
}

func (v *archiveSurvey) runDocument(run *archiveRun, m *archiveMember) error {
	document, err := m.document()
	if err != nil {
		return err
	}
	run.path, run.document = m.path, append([]byte(nil), document...)
	if v.documents += int64(len(document)); v.documents > v.limits.Document {
		return tooMuch("", "the run.json files take more than %s", size(v.limits.Document))
	}
	_, err = readRunDocument(run)
	return err
}

func (v *archiveSurvey) resultDocument(run *archiveRun, m *archiveMember) error {
	document, err := m.document()
	if err != nil {
		return err
	}
	result, err := readResultDocument(m.path, document)
	if err != nil {
		return err
	}
	if before, known := v.results[m.result]; known && before.run != run {
		return faulty(m.where(), "the folder of the same result is in the run %s too", before.run.folder)
	}
	v.results[m.result] = archiveResultFolder{run: run, document: m.number}
	delete(v.renamed, m.result)
	if result.id != nil && *result.id != m.result {
		v.renamed[m.result] = *result.id
	}
	run.earliest = run.earliest.first(result.start)
	return nil
}

// resultID is the id of the result of a folder.
func (v *archiveSurvey) resultID(folder uuid.UUID) uuid.UUID {
	if id, renamed := v.renamed[folder]; renamed {
		return id
	}
	return folder
}

// check finds what can be seen only when all members are known.
func (v *archiveSurvey) check(given *object) error {
	if len(v.order) == 0 {
		return faulty("", "the archive holds no run: there is no folder that is named by a UUID and has a run.json or a result.json")
	}
	if sizeOf(given)*int64(len(v.results)) > v.limits.Unpacked {
		return tooMuch("", "the metadata of the upload would take more than %s once every result has its copy", size(v.limits.Unpacked))
	}
	taken := make(map[uuid.UUID]bool, len(v.renamed))
	for folder, id := range v.renamed {
		_, isFolder := v.results[id]
		if taken[id] || isFolder && v.resultID(id) == id {
			return faulty("folder "+folder.String(), "its result.json has the id %s, and so has another folder's", id)
		}
		taken[id] = true
	}
	return nil
}

// checkRuns sees that no two folders are the same run.
func (v *archiveSurvey) checkRuns() error {
	taken := map[uuid.UUID]bool{}
	for _, run := range v.order {
		if taken[run.row.ID] {
			return faulty(memberName(run.path), "it has the id %s, and so has another folder's", run.row.ID)
		}
		taken[run.row.ID] = true
	}
	return nil
}

func (v *archiveSurvey) noteLeftOut(report *Report) {
	if v.links > 0 {
		report.notef("%d links, devices and the like were left out.", v.links)
	}
}

// archiveEmit hands on the rows of an archive.
type archiveEmit struct {
	survey *archiveSurvey
	given  object
	sink   Sink
	report *Report

	done int64
	// postponed counts files in front of their result; in the reading again these are handed on.
	postponed int
	again     bool
	orphans   int
}

func (v *archiveEmit) link() {}

func (v *archiveEmit) member(ctx context.Context, m *archiveMember) error {
	switch m.kind {
	case runDocument:
		return nil
	case resultDocument:
		return v.result(ctx, m)
	}
	if v.survey.files[m.key()] != m.number {
		return nil
	}
	return v.artifact(ctx, m)
}

func (v *archiveEmit) result(ctx context.Context, m *archiveMember) error {
	folder := v.survey.results[m.result]
	if v.again || folder.document != m.number {
		return nil
	}
	document, err := m.document()
	if err != nil {
		return err
	}
	parsed, err := readResultDocument(m.path, document)
	if err != nil {
		return err
	}
	row := archiveResultRow(parsed, &folder.run.row, &v.given)
	row.ID = v.survey.resultID(m.result)
	if err := v.sink.Result(ctx, row); err != nil {
		return fmt.Errorf("store a result: %w", err)
	}
	v.report.Results++
	v.progress()
	return nil
}

func (v *archiveEmit) artifact(ctx context.Context, m *archiveMember) error {
	artifact := artifactOfRun(v.survey.runs[m.run].row.ID, m.filename, m.size, m.content)
	postponed := false
	if m.kind == resultFile {
		folder, known := v.survey.results[m.result]
		if !known {
			if !v.again {
				v.orphans++
				v.progress()
			}
			return nil
		}
		artifact = artifactOfResult(v.survey.resultID(m.result), m.filename, m.size, m.content)
		postponed = m.number < folder.document
	}
	if postponed && !v.again {
		v.postponed++
	}
	if postponed != v.again {
		return nil
	}
	if err := v.sink.Artifact(ctx, artifact); err != nil {
		return fmt.Errorf("store an artifact: %w", err)
	}
	v.report.Artifacts++
	v.progress()
	return nil
}

func (v *archiveEmit) progress() {
	if v.done++; v.done%progressStep == 0 {
		v.sink.Progress(v.done, v.survey.rows())
	}
}
