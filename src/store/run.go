package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Run is one test run: what a CI job pushed, and the summary that the database counts from its results.
type Run struct {
	ID        uuid.UUID
	ProjectID *uuid.UUID
	// Data is the metadata: an object, or nil.
	Data      json.RawMessage
	Env       *string
	Component *string
	Source    *string
	StartTime time.Time
	// Duration in seconds: the client's until the first result comes, then the sum of its results.
	Duration *float64
	// Summary is the client's until the first result comes, then counted by the database.
	Summary json.RawMessage
	Created time.Time
}

const runColumns = "id, project_id, data, env, component, source, start_time, duration, summary, created"

func scanRun(row pgx.CollectableRow) (Run, error) {
	var r Run
	err := row.Scan(&r.ID, &r.ProjectID, &r.Data, &r.Env, &r.Component, &r.Source, &r.StartTime, &r.Duration, &r.Summary, &r.Created)
	r.Data, r.Summary = object(r.Data), object(r.Summary)
	return r, err
}

// object makes JSON null what SQL NULL is: nothing. The original writes the one where other writers leave the other.
func object(raw json.RawMessage) json.RawMessage {
	if len(raw) == 4 && string(raw) == "null" {
		return nil
	}
	return raw
}

// Run returns one run, or ErrNotFound.
func (s *Store) Run(ctx context.Context, id uuid.UUID) (Run, error) {
	rows, _ := s.pool.Query(ctx, "SELECT "+runColumns+" FROM runs WHERE id = $1", id)
	run, err := pgx.CollectExactlyOneRow(rows, scanRun)
	return run, wrap("run", err)
}

// RunProject returns the project of a run (nil: none), or ErrNotFound.
func (s *Store) RunProject(ctx context.Context, id uuid.UUID) (*uuid.UUID, error) {
	var project *uuid.UUID
	err := s.pool.QueryRow(ctx, "SELECT project_id FROM runs WHERE id = $1", id).Scan(&project)
	return project, wrap("project of run", err)
}

// UpdateRun changes a run under its row lock: change gets the run as it is and makes it what it shall be. Its summary and
// duration stay counted where the run has results, whatever change says, but for `collected`.
// An error of change is returned as it is, and nothing is written.
func (s *Store) UpdateRun(ctx context.Context, id uuid.UUID, change func(*Run) error, also ...func(context.Context, pgx.Tx, uuid.UUID) error) (Run, error) {
	var after Run
	err := s.InTx(ctx, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, "SELECT "+runColumns+" FROM runs WHERE id = $1 FOR NO KEY UPDATE", id)
		run, err := pgx.CollectExactlyOneRow(rows, scanRun)
		if err != nil {
			return wrap("run", err)
		}
		if err := change(&run); err != nil {
			return err
		}
		run.ID = id
		if after, err = updateRun(ctx, tx, run); err != nil {
			return err
		}
		// At once, not in a job: a client that sees the summary counted may look at the rest of the run too.
		if err := FillRunsTx(ctx, tx, []uuid.UUID{id}); err != nil {
			return err
		}
		for _, f := range also {
			if err := f(ctx, tx, id); err != nil {
				return err
			}
		}
		return nil
	})
	return after, err
}

// updateRun writes a run. What was counted from its results stays; that it was counted to have none does not keep its client
// from saying what it knows.
func updateRun(ctx context.Context, tx pgx.Tx, r Run) (Run, error) {
	rows, _ := tx.Query(ctx, `
		UPDATE runs SET project_id = $2, data = $3, env = $4, component = $5, source = $6, start_time = $7, created = $10,
		       duration = CASE WHEN c.has THEN duration ELSE $8 END,
		       summary = CASE WHEN c.has THEN ibutsu_summary($9::jsonb,
		           ibutsu_counter(summary, 'tests'), ibutsu_counter(summary, 'errors'), ibutsu_counter(summary, 'failures'),
		           ibutsu_counter(summary, 'skips'), ibutsu_counter(summary, 'xfailures'), ibutsu_counter(summary, 'xpasses'))
		         ELSE $9::jsonb END,
		       counted = c.has
		  FROM (SELECT counted AND ibutsu_counter(summary, 'tests') <> 0 AS has FROM runs WHERE id = $1) c
		 WHERE id = $1 RETURNING `+runColumns,
		r.ID, r.ProjectID, orNull(r.Data), r.Env, r.Component, r.Source, r.StartTime, r.Duration, orNull(r.Summary), r.Created)
	run, err := pgx.CollectExactlyOneRow(rows, scanRun)
	return run, wrap("update run", err)
}

// orNull writes JSON null for an absent object, as the original does: its filters count on it.
func orNull(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("null")
	}
	return raw
}

// RecountRun counts a run's summary and duration from its results and gives it what it lacks (FillRunsTx). A run without
// results keeps the summary that its client sent, or gets one of zeros. A run that is gone is no error.
func (s *Store) RecountRun(ctx context.Context, id uuid.UUID) error {
	return wrap("recount run", s.InTx(ctx, func(tx pgx.Tx) error {
		var has bool
		err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM results WHERE run_id = r.id) FROM runs r WHERE id = $1 FOR NO KEY UPDATE`, id).Scan(&has)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if !has {
			_, err := tx.Exec(ctx, `
				UPDATE runs SET summary = ibutsu_summary(summary, 0, 0, 0, 0, 0, 0), duration = 0, counted = true
				 WHERE id = $1 AND (counted AND ibutsu_counter(summary, 'tests') <> 0 OR coalesce(jsonb_typeof(summary), 'null') <> 'object')`, id)
			return err
		}
		if _, err := tx.Exec(ctx, `SELECT ibutsu_recount_runs(ARRAY[$1::uuid])`, id); err != nil {
			return err
		}
		return FillRunsTx(ctx, tx, []uuid.UUID{id})
	}))
}

// FillRunsTx gives runs, from the earliest result of each, what they lack: environment, component, source, project and the
// metadata's jenkins and tags.
func FillRunsTx(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) error {
	_, err := tx.Exec(ctx, `
		UPDATE runs r
		   SET env = f.env, component = f.component, source = f.source, project_id = f.project_id, data = f.data
		  FROM (SELECT w.id, coalesce(nullif(w.env, ''), q.env) AS env, coalesce(nullif(w.component, ''), q.component) AS component,
		               coalesce(nullif(w.source, ''), q.source) AS source, coalesce(w.project_id, q.project_id) AS project_id,
		               CASE WHEN jsonb_typeof(w.data) = 'object' THEN w.data ELSE '{}' END
		               || coalesce((SELECT jsonb_object_agg(key, q.data -> key) FROM unnest(ARRAY['jenkins', 'tags']) AS key
		                             WHERE coalesce(w.data -> key, 'null') IN ('null', '{}', '""', '[]')
		                               AND coalesce(q.data -> key, 'null') <> 'null'), '{}') AS data
		          FROM unnest($1::uuid[]) AS i(id) JOIN runs w ON w.id = i.id
		          JOIN LATERAL (SELECT * FROM results WHERE run_id = w.id ORDER BY start_time, id LIMIT 1) q ON true) f
		 WHERE r.id = f.id
		   AND (r.env, r.component, r.source, r.project_id, r.data) IS DISTINCT FROM (f.env, f.component, f.source, f.project_id, f.data)`, ids)
	return wrap("fill runs", err)
}

// MiscountedRuns returns the runs started since then whose summary and number of results differ.
func (s *Store) MiscountedRuns(ctx context.Context, since time.Time) ([]uuid.UUID, error) {
	rows, _ := s.pool.Query(ctx, `
		SELECT r.id FROM runs r
		 WHERE r.start_time >= $1
		   AND ibutsu_counter(r.summary, 'tests') <> (SELECT count(*) FROM results q WHERE q.run_id = r.id)
		 ORDER BY r.id`, since)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return ids, wrap("miscounted runs", err)
}

// ErrForeign means that a report names the id of a row which belongs to another project. Ids are the sender's choice, so
// without this anyone could overwrite anything.
var ErrForeign = errors.New("belongs to another project")

func sameProject(a, b *uuid.UUID) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}

// MergeRunTx lays a run over the stored one of its id: metadata are merged, all else that r has replaces what is there.
// ErrForeign: the stored one is of another project.
func MergeRunTx(ctx context.Context, tx pgx.Tx, r Run) error {
	rows, _ := tx.Query(ctx, "SELECT "+runColumns+" FROM runs WHERE id = $1 FOR NO KEY UPDATE", r.ID)
	stored, err := pgx.CollectExactlyOneRow(rows, scanRun)
	if err != nil {
		return wrap("run", err)
	}
	if !sameProject(stored.ProjectID, r.ProjectID) {
		return fmt.Errorf("run %s: %w", r.ID, ErrForeign)
	}
	if r.Data, err = MergeMetadata(stored.Data, r.Data); err != nil {
		return err
	}
	if r.Created.IsZero() {
		r.Created = stored.Created
	}
	if len(r.Summary) == 0 {
		r.Summary = stored.Summary
	}
	_, err = updateRun(ctx, tx, r)
	return err
}
