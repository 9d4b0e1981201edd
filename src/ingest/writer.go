// Package ingest is the write path. Single rows are gathered and committed together (Writer), whole reports go in by COPY in
// one transaction (Bulk). Summaries and tallies are kept by the database in the same transaction, whoever writes.
package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/store"
)

var (
	// ErrBusy means that more rows wait than may; the client comes again in a moment (429).
	ErrBusy = errors.New("too many writes wait")
	// ErrClosed means that the server is about to end (503).
	ErrClosed = errors.New("the server is shutting down")
)

// Writer commits single rows in groups. Each method returns when its row is committed, so what was answered is never lost.
type Writer struct {
	store   *store.Store
	enqueue RunChanged
	results *batcher[store.Result]
	runs    *batcher[store.Run]
	files   *batcher[*store.Artifact]
	seen    *seenRuns
	keeper  Keeper

	measures *measures
}

// Keeper makes contents of artifacts safe outside of the database (artifact.Library). nil means that they go into the database.
type Keeper interface {
	Keep(ctx context.Context, content []byte) (*store.Blob, error)
}

// kept lets an artifact have its content where the keeper has put it.
func kept(ctx context.Context, k Keeper, a *store.Artifact) error {
	if k == nil {
		return nil
	}
	blob, err := k.Keep(ctx, a.Content)
	if err != nil || blob == nil {
		return err
	}
	a.Size, a.Blob, a.Content = int64(len(a.Content)), blob, nil
	return nil
}

// RunChanged adds the jobs that look after runs that came or grew, in the transaction of their rows.
type RunChanged func(ctx context.Context, tx pgx.Tx, runs []uuid.UUID) error

// NewWriter starts the writers; Close ends them. All goes into the database.
func NewWriter(s *store.Store, enqueue RunChanged) *Writer { return NewWriterKeeping(s, enqueue, nil) }

// NewWriterKeeping is NewWriter with a keeper of the contents of artifacts.
func NewWriterKeeping(s *store.Store, enqueue RunChanged, keeper Keeper) *Writer {
	w := &Writer{store: s, enqueue: enqueue, seen: newSeenRuns(4096), keeper: keeper, measures: newMeasures()}
	w.results = newBatcher("results", limits{writers: 1, rows: 256, bytes: 8 << 20, queue: 8192, waiting: 64 << 20}, w.measures, resultSize, w.writeResults)
	w.runs = newBatcher("runs", limits{writers: 1, rows: 128, bytes: 8 << 20, queue: 2048, waiting: 32 << 20}, w.measures, runSize, w.writeRuns)
	w.files = newBatcher("artifacts", limits{writers: 2, rows: 64, bytes: 16 << 20, queue: 1024, waiting: 64 << 20}, w.measures, artifactSize, w.writeArtifacts)
	return w
}

// Close writes what waits and ends.
func (w *Writer) Close() {
	var all sync.WaitGroup
	all.Go(w.results.close)
	all.Go(w.runs.close)
	all.Go(w.files.close)
	all.Wait()
}

// Result commits a result. store.ErrConflict: the id exists; store.ErrReference: run or project does not.
func (w *Writer) Result(ctx context.Context, r store.Result) error { return w.results.add(ctx, r) }

// Run commits a run. store.ErrConflict: the id exists; store.ErrReference: the project does not.
func (w *Writer) Run(ctx context.Context, r store.Run) error { return w.runs.add(ctx, r) }

// Artifact commits an artifact. When its owner has one of the same name, metadata and content already, as after an answer
// that got lost, nothing is added and a becomes that one. store.ErrReference: result or run does not exist.
// A content that is kept outside of the database is safe there before its row is written.
func (w *Writer) Artifact(ctx context.Context, a *store.Artifact) error {
	if err := kept(ctx, w.keeper, a); err != nil {
		return err
	}
	return w.files.add(ctx, a)
}

func resultSize(r store.Result) int64 { return int64(len(r.Data)+len(r.Params)) + 512 }
func runSize(r store.Run) int64       { return int64(len(r.Data)+len(r.Summary)) + 512 }
func artifactSize(a *store.Artifact) int64 {
	return int64(len(a.Content)+len(a.Data)) + 512
}

const insertResults = `
	INSERT INTO results (id, project_id, run_id, test_id, result, data, params, duration, start_time, source, env, component)
	SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::jsonb[], $7::jsonb[], $8::float8[],
	                     $9::timestamp[], $10::text[], $11::text[], $12::text[])
	ON CONFLICT (id) DO NOTHING RETURNING id`

func (w *Writer) writeResults(ctx context.Context, rows []store.Result) ([]error, error) {
	c := resultColumns(rows)
	fresh := w.seen.fresh(rows)
	var inserted []uuid.UUID
	insert := func(db querier) error {
		var err error
		inserted, err = ids(db.Query(ctx, insertResults, c...))
		return err
	}
	if len(fresh) == 0 {
		// One statement is a transaction of its own, and saves two round trips.
		if err := insert(w.store.Pool()); err != nil {
			return nil, err
		}
		return outcomes(rows, func(r store.Result) uuid.UUID { return r.ID }, inserted), nil
	}
	err := w.store.InTx(ctx, func(tx pgx.Tx) error {
		if err := insert(tx); err != nil {
			return err
		}
		// With its first results, so that whoever sees the run counted sees the rest of it too. The trigger of the
		// insert has locked these runs already.
		if err := store.FillRunsTx(ctx, tx, fresh); err != nil {
			return err
		}
		return w.enqueue(ctx, tx, fresh)
	})
	if err != nil {
		return nil, err
	}
	w.seen.add(fresh)
	return outcomes(rows, func(r store.Result) uuid.UUID { return r.ID }, inserted), nil
}

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func ids(rows pgx.Rows, _ error) ([]uuid.UUID, error) {
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

func resultColumns(rows []store.Result) []any {
	n := len(rows)
	var (
		id                                   = make([]uuid.UUID, n)
		project, run                         = make([]*uuid.UUID, n), make([]*uuid.UUID, n)
		test, result, source, env, component = make([]*string, n), make([]*string, n), make([]*string, n), make([]*string, n), make([]*string, n)
		data, params                         = make([]json.RawMessage, n), make([]json.RawMessage, n)
		duration                             = make([]*float64, n)
		start                                = make([]time.Time, n)
	)
	for i, r := range rows {
		id[i], project[i], run[i], test[i], result[i] = r.ID, r.ProjectID, r.RunID, r.TestID, r.Result
		data[i], params[i], duration[i], start[i] = orNull(r.Data), orNull(r.Params), r.Duration, r.StartTime
		source[i], env[i], component[i] = r.Source, r.Env, r.Component
	}
	return []any{id, project, run, test, result, data, params, duration, start, source, env, component}
}

// orNull writes JSON null for an absent object, as the original does: `params@y` finds such rows.
func orNull(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("null")
	}
	return raw
}

// outcomes tells for each row whether it was inserted; of two rows of one batch with the same id the first was.
func outcomes[T any](rows []T, id func(T) uuid.UUID, inserted []uuid.UUID) []error {
	there := make(map[uuid.UUID]bool, len(inserted))
	for _, i := range inserted {
		there[i] = true
	}
	out := make([]error, len(rows))
	for i, r := range rows {
		if !there[id(r)] {
			out[i] = store.ErrConflict
		}
		delete(there, id(r))
	}
	return out
}

const insertRuns = `
	INSERT INTO runs (id, project_id, data, env, component, source, start_time, duration, summary, created)
	SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::jsonb[], $4::text[], $5::text[], $6::text[], $7::timestamp[], $8::float8[],
	                     $9::jsonb[], $10::timestamp[])
	ON CONFLICT (id) DO NOTHING RETURNING id`

func (w *Writer) writeRuns(ctx context.Context, rows []store.Run) ([]error, error) {
	n := len(rows)
	var (
		id                     = make([]uuid.UUID, n)
		project                = make([]*uuid.UUID, n)
		data, summary          = make([]json.RawMessage, n), make([]json.RawMessage, n)
		env, component, source = make([]*string, n), make([]*string, n), make([]*string, n)
		duration               = make([]*float64, n)
		start, created         = make([]time.Time, n), make([]time.Time, n)
	)
	for i, r := range rows {
		id[i], project[i], data[i], summary[i], duration[i] = r.ID, r.ProjectID, orNull(r.Data), orNull(r.Summary), r.Duration
		env[i], component[i], source[i], start[i], created[i] = r.Env, r.Component, r.Source, r.StartTime, r.Created
	}
	var inserted []uuid.UUID
	err := w.store.InTx(ctx, func(tx pgx.Tx) error {
		var err error
		inserted, err = ids(tx.Query(ctx, insertRuns, id, project, data, env, component, source, start, duration, summary, created))
		if err != nil || len(inserted) == 0 {
			return err
		}
		return w.enqueue(ctx, tx, inserted)
	})
	if err != nil {
		return nil, err
	}
	return outcomes(rows, func(r store.Run) uuid.UUID { return r.ID }, inserted), nil
}

const insertArtifacts = `
	WITH sent AS (
		SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::jsonb[], $6::timestamp[], $7::bytea[], $8::bytea[])
			AS s(id, result_id, run_id, filename, data, upload_date, content, blob)),
	-- One look-up for each, which the index of its owner's few files answers: a join of both sides would read, and hash,
	-- every artifact there is.
	there AS (
		SELECT s.id AS sent, a.id, a.upload_date FROM sent s CROSS JOIN LATERAL (
			SELECT id, upload_date FROM artifacts
			 WHERE result_id = s.result_id AND filename = s.filename AND data = s.data AND (content = s.content OR blob = s.blob)
			 ORDER BY upload_date, id LIMIT 1) a
		UNION ALL
		SELECT s.id, a.id, a.upload_date FROM sent s CROSS JOIN LATERAL (
			SELECT id, upload_date FROM artifacts
			 WHERE run_id = s.run_id AND filename = s.filename AND data = s.data AND (content = s.content OR blob = s.blob)
			 ORDER BY upload_date, id LIMIT 1) a),
	put AS (
		INSERT INTO artifacts (id, result_id, run_id, filename, data, upload_date, content, blob)
		SELECT s.id, s.result_id, s.run_id, s.filename, s.data, s.upload_date, s.content, s.blob FROM sent s
		 WHERE NOT EXISTS (SELECT 1 FROM there t WHERE t.sent = s.id))
	SELECT sent, id, upload_date FROM there`

func (w *Writer) writeArtifacts(ctx context.Context, rows []*store.Artifact) ([]error, error) {
	n := len(rows)
	var (
		id          = make([]uuid.UUID, n)
		result, run = make([]*uuid.UUID, n), make([]*uuid.UUID, n)
		filename    = make([]*string, n)
		data        = make([]json.RawMessage, n)
		uploaded    = make([]time.Time, n)
		content     = make([][]byte, n)
		hash        = make([][]byte, n)
		blobs       []store.Blob
	)
	for i, a := range rows {
		id[i], result[i], run[i], filename[i], data[i], uploaded[i], content[i] = a.ID, a.ResultID, a.RunID, a.Filename, objectOr(a.Data), a.UploadDate, a.Content
		if a.Blob != nil {
			hash[i] = a.Blob.Hash
			blobs = append(blobs, *a.Blob)
		}
	}
	type existing struct {
		sent, id uuid.UUID
		uploaded time.Time
	}
	var there []existing
	insert := func(db querier) error {
		found, _ := db.Query(ctx, insertArtifacts, id, result, run, filename, data, uploaded, content, hash)
		var err error
		there, err = pgx.CollectRows(found, func(row pgx.CollectableRow) (e existing, err error) {
			err = row.Scan(&e.sent, &e.id, &e.uploaded)
			return e, err
		})
		return err
	}
	var err error
	if len(blobs) == 0 {
		// One statement is a transaction of its own, and saves two round trips.
		err = insert(w.store.Pool())
	} else {
		err = w.store.InTx(ctx, func(tx pgx.Tx) error {
			if err := store.PutBlobsTx(ctx, tx, blobs); err != nil {
				return err
			}
			return insert(tx)
		})
	}
	if err != nil {
		return nil, fmt.Errorf("insert artifacts: %w", err)
	}
	for _, e := range there {
		for _, a := range rows {
			if a.ID == e.sent {
				a.ID, a.UploadDate = e.id, e.uploaded
				break
			}
		}
	}
	return make([]error, n), nil
}

func objectOr(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("{}")
	}
	return raw
}

// seenRuns remembers the runs whose job was added lately, so that a run of a thousand results gets a job, not a thousand.
type seenRuns struct {
	mu   sync.Mutex
	max  int
	runs map[uuid.UUID]time.Time
}

func newSeenRuns(most int) *seenRuns { return &seenRuns{max: most, runs: map[uuid.UUID]time.Time{}} }

// again is how long a run is left alone after its job was added; the job itself waits a few seconds for more results.
const again = time.Minute

func (s *seenRuns) fresh(rows []store.Result) []uuid.UUID {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []uuid.UUID
	var in map[uuid.UUID]bool
	now := time.Now()
	for _, r := range rows {
		if r.RunID == nil || in[*r.RunID] {
			continue
		}
		if at, ok := s.runs[*r.RunID]; ok && now.Sub(at) < again {
			continue
		}
		if in == nil {
			in = map[uuid.UUID]bool{}
		}
		in[*r.RunID] = true
		out = append(out, *r.RunID)
	}
	return out
}

func (s *seenRuns) add(runs []uuid.UUID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.runs)+len(runs) > s.max {
		clear(s.runs) // costs at most one more job for each run
	}
	for _, id := range runs {
		s.runs[id] = time.Now()
	}
}
