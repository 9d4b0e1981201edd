package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// Bulk writes a whole report in one transaction: all of it is there at the end, or nothing. Rows whose id exists already are
// replaced, so that the same report twice is the report once. Not safe for concurrent use.
type Bulk struct {
	tx  pgx.Tx
	ctx context.Context

	results   []store.Result
	files     []store.Artifact
	bytes     int64 // of results that wait
	fileBytes int64 // of artifacts that wait

	// writing tells the outcome of the batch that goes to the database while the next one is being read; nil: none does.
	writing chan error
	spare   []store.Result

	// Keeper makes the contents of artifacts safe outside of the database; nil: they go into it.
	Keeper Keeper

	// Archived says that ids of results are those of an archive: one that a stored result has means that result, and
	// all others are stored under store.ImportedID.
	Archived bool
	kept     map[uuid.UUID]bool

	// replaces says that the report or a part of it was there before, artifacts perhaps included.
	replaces bool

	// Results and Artifacts count what was written.
	Results, Artifacts int64
}

const (
	bulkRows  = 1000
	bulkBytes = 2 << 20
	bulkFiles = 500
)

// InBulk runs f with a Bulk and commits when it returns nil.
func InBulk(ctx context.Context, s *store.Store, f func(*Bulk) error) error {
	return s.InTx(ctx, func(tx pgx.Tx) error {
		b := &Bulk{tx: tx, ctx: ctx}
		if err := f(b); err != nil {
			return errors.Join(err, b.wait())
		}
		return b.Flush()
	})
}

// Tx is the transaction, for what must be there together with the report: the state of its import. Call it after Flush.
func (b *Bulk) Tx() pgx.Tx { return b.tx }

// Run writes a run. Where it exists its metadata are merged, and all else that r has is replaced.
func (b *Bulk) Run(r store.Run) error {
	if err := b.wait(); err != nil {
		return err
	}
	tag, err := b.tx.Exec(b.ctx, `
		INSERT INTO runs (id, project_id, data, env, component, source, start_time, duration, summary, created)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO NOTHING`,
		r.ID, r.ProjectID, objectOr(r.Data), r.Env, r.Component, r.Source, r.StartTime, r.Duration, orNull(r.Summary), r.Created)
	if err != nil {
		return fmt.Errorf("write run: %w", store.Classify(err))
	}
	if tag.RowsAffected() > 0 {
		return nil
	}
	b.replaces = true
	return store.MergeRunTx(b.ctx, b.tx, r)
}

// EndRun sets a run's duration in seconds, where the report says another one than the sum of its results. A run that got no
// results, and of which nobody has said how many it has, is one of zero tests from now on.
func (b *Bulk) EndRun(run uuid.UUID, seconds float64) error {
	if err := b.Flush(); err != nil {
		return err
	}
	_, err := b.tx.Exec(b.ctx, `
		UPDATE runs SET duration = $2,
		       summary = CASE jsonb_typeof(summary) WHEN 'object' THEN summary ELSE ibutsu_summary(NULL, 0, 0, 0, 0, 0, 0) END
		 WHERE id = $1`, run, seconds)
	if err != nil {
		return fmt.Errorf("end run: %w", store.Classify(err))
	}
	return nil
}

// Result writes a result, sooner or later.
func (b *Bulk) Result(r store.Result) error {
	b.results = append(b.results, r)
	b.bytes += resultSize(r)
	if len(b.results) >= bulkRows || b.bytes >= bulkBytes {
		return b.flushResults()
	}
	return nil
}

// Artifact writes an artifact, sooner or later, in place of one that its owner has under this name.
func (b *Bulk) Artifact(a store.Artifact) error {
	b.files = append(b.files, a)
	b.fileBytes += artifactSize(&a)
	if len(b.files) >= bulkFiles || b.fileBytes >= bulkBytes {
		return b.Flush()
	}
	return nil
}

// Flush writes what waits. The results go first: artifacts refer to them.
func (b *Bulk) Flush() error {
	if err := b.flushResults(); err != nil {
		return err
	}
	if err := b.wait(); err != nil {
		return err
	}
	return b.flushArtifacts()
}

// flushResults lets the waiting results go to the database while the caller reads on: parsing and COPY each keep a
// processor busy. There is one batch on its way at most, since a transaction is one connection.
func (b *Bulk) flushResults() error {
	if err := b.wait(); err != nil || len(b.results) == 0 {
		return err
	}
	batch := b.results
	b.results, b.bytes = b.spare[:0], 0
	b.writing = make(chan error, 1)
	go func() { b.writing <- b.writeResults(batch) }()
	b.spare = batch
	return nil
}

// wait waits for the batch on its way.
func (b *Bulk) wait() error {
	if b.writing == nil {
		return nil
	}
	err := <-b.writing
	b.writing = nil
	clear(b.spare[:cap(b.spare)])
	return err
}

var resultCopyColumns = []string{"id", "project_id", "run_id", "test_id", "result", "data", "params", "duration", "start_time", "source", "env", "component"}

func (b *Bulk) writeResults(batch []store.Result) error {
	fresh, known, err := b.part(batch)
	if err != nil {
		return fmt.Errorf("write results: %w", store.Classify(err))
	}
	if len(fresh) > 0 {
		_, err = b.tx.CopyFrom(b.ctx, pgx.Identifier{"results"}, resultCopyColumns, pgx.CopyFromSlice(len(fresh), func(i int) ([]any, error) {
			r := &fresh[i]
			return []any{r.ID, r.ProjectID, r.RunID, r.TestID, r.Result, objectOr(r.Data), objectOr(r.Params), r.Duration, r.StartTime, r.Source, r.Env, r.Component}, nil
		}))
		if err != nil {
			return fmt.Errorf("write results: %w", store.Classify(err))
		}
	}
	if len(known) > 0 {
		_, err = b.tx.Exec(b.ctx, `
			UPDATE results r
			   SET project_id = n.project_id, run_id = n.run_id, test_id = n.test_id, result = n.result, data = n.data, params = n.params,
			       duration = n.duration, start_time = n.start_time, source = n.source, env = n.env, component = n.component
			  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::jsonb[], $7::jsonb[], $8::float8[],
			              $9::timestamp[], $10::text[], $11::text[], $12::text[])
			       AS n(id, project_id, run_id, test_id, result, data, params, duration, start_time, source, env, component)
			 WHERE r.id = n.id`, resultColumns(known)...)
		if err != nil {
			return fmt.Errorf("replace results: %w", store.Classify(err))
		}
	}
	b.Results += int64(len(fresh) + len(known))
	return nil
}

// part tells new rows from those whose id is there, and keeps the last of several rows with one id. store.ErrForeign: a row
// that is there belongs to another project.
func (b *Bulk) part(batch []store.Result) (fresh, known []store.Result, err error) {
	if b.Archived {
		if err := b.rename(batch); err != nil {
			return nil, nil, err
		}
	}
	last := make(map[uuid.UUID]int, len(batch))
	for i, r := range batch {
		last[r.ID] = i
	}
	there, err := b.there(slices.Collect(maps.Keys(last)))
	if err != nil {
		return nil, nil, err
	}
	if len(there) == 0 && len(last) == len(batch) {
		return batch, nil, nil
	}
	b.replaces = b.replaces || len(there) > 0
	for i, r := range batch {
		project, exists := there[r.ID]
		switch {
		case last[r.ID] != i:
		case !exists:
			fresh = append(fresh, r)
		case !store.SameID(project, r.ProjectID):
			return nil, nil, fmt.Errorf("result %s: %w", r.ID, store.ErrForeign)
		default:
			known = append(known, r)
		}
	}
	return fresh, known, nil
}

// rename gives the results of an archive the ids that they are stored under.
func (b *Bulk) rename(batch []store.Result) error {
	archived := make([]uuid.UUID, len(batch))
	for i, r := range batch {
		archived[i] = r.ID
	}
	there, err := b.there(archived)
	if err != nil {
		return err
	}
	for i, r := range batch {
		if _, ok := there[r.ID]; !ok {
			batch[i].ID = store.ImportedID(r.ID)
			continue
		}
		if b.kept == nil {
			b.kept = map[uuid.UUID]bool{}
		}
		b.kept[r.ID] = true
	}
	return nil
}

// there returns which of the ids are stored, with their projects.
func (b *Bulk) there(ids []uuid.UUID) (map[uuid.UUID]*uuid.UUID, error) {
	rows, _ := b.tx.Query(b.ctx, `SELECT id, project_id FROM results WHERE id = ANY($1)`, ids)
	found := map[uuid.UUID]*uuid.UUID{}
	var id uuid.UUID
	var project *uuid.UUID
	_, err := pgx.ForEachRow(rows, []any{&id, &project}, func() error {
		found[id] = project
		return nil
	})
	return found, err
}

// readdress lets the artifacts of an archive's results follow them to the ids that they are stored under.
func (b *Bulk) readdress(files []store.Artifact) {
	for i, a := range files {
		if a.ResultID == nil || b.kept[*a.ResultID] {
			continue
		}
		id := store.ImportedID(*a.ResultID)
		files[i].Data = bytes.ReplaceAll(a.Data, []byte(a.ResultID.String()), []byte(id.String()))
		files[i].ResultID = &id
	}
}

var artifactCopyColumns = []string{"id", "result_id", "run_id", "filename", "data", "upload_date", "content", "blob"}

func (b *Bulk) flushArtifacts() error {
	if len(b.files) == 0 {
		return nil
	}
	n := len(b.files)
	if b.Archived {
		b.readdress(b.files)
	}
	if b.replaces {
		if err := b.dropReplaced(); err != nil {
			return fmt.Errorf("replace artifacts: %w", store.Classify(err))
		}
	}
	if err := b.keep(); err != nil {
		return fmt.Errorf("keep artifacts: %w", err)
	}
	_, err := b.tx.CopyFrom(b.ctx, pgx.Identifier{"artifacts"}, artifactCopyColumns, pgx.CopyFromSlice(n, func(i int) ([]any, error) {
		a := &b.files[i]
		uploaded := a.UploadDate
		if uploaded.IsZero() {
			uploaded = time.Now().UTC()
		}
		return []any{a.ID, a.ResultID, a.RunID, a.Filename, objectOr(a.Data), uploaded, a.Content, hashOf(a.Blob)}, nil
	}))
	if err != nil {
		return fmt.Errorf("write artifacts: %w", store.Classify(err))
	}
	b.Artifacts += int64(n)
	clear(b.files)
	b.files, b.fileBytes = b.files[:0], 0
	return nil
}

// keptAtOnce is how many contents go to their store at a time: each waits for the disk or the network.
const keptAtOnce = 8

// keep makes the contents of the waiting artifacts safe, if that is outside of the database.
func (b *Bulk) keep() error {
	if b.Keeper == nil {
		return nil
	}
	var all sync.WaitGroup
	places := make(chan struct{}, keptAtOnce)
	errs := make([]error, len(b.files))
	for i := range b.files {
		places <- struct{}{}
		all.Go(func() {
			errs[i] = kept(b.ctx, b.Keeper, &b.files[i])
			<-places
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	var blobs []store.Blob
	for i := range b.files {
		if b.files[i].Blob != nil {
			blobs = append(blobs, *b.files[i].Blob)
		}
	}
	return store.PutBlobsTx(b.ctx, b.tx, blobs)
}

func hashOf(b *store.Blob) []byte {
	if b == nil {
		return nil
	}
	return b.Hash
}

// dropReplaced deletes what the owners of the waiting artifacts have under the same names.
func (b *Bulk) dropReplaced() error {
	for _, owner := range []struct {
		column string
		of     func(store.Artifact) *uuid.UUID
	}{
		{"result_id", func(a store.Artifact) *uuid.UUID { return a.ResultID }},
		{"run_id", func(a store.Artifact) *uuid.UUID { return a.RunID }},
	} {
		var owners []uuid.UUID
		var names []*string
		for _, a := range b.files {
			if id := owner.of(a); id != nil {
				owners, names = append(owners, *id), append(names, a.Filename)
			}
		}
		if len(owners) == 0 {
			continue
		}
		_, err := b.tx.Exec(b.ctx, `DELETE FROM artifacts a USING unnest($1::uuid[], $2::text[]) AS n(owner, filename)
			WHERE a.`+owner.column+` = n.owner AND a.filename = n.filename`, owners, names)
		if err != nil {
			return err
		}
	}
	return nil
}
