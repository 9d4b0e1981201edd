package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Result is the outcome of one test in one run.
type Result struct {
	ID        uuid.UUID
	ProjectID *uuid.UUID
	RunID     *uuid.UUID
	TestID    *string
	// Result is one of passed failed error skipped xpassed xfailed manual blocked, or nil.
	Result *string
	// Data is the metadata: an object, or nil.
	Data json.RawMessage
	// Params are the test's parameters: an object, or nil.
	Params    json.RawMessage
	Duration  *float64 // seconds
	StartTime time.Time
	Source    *string
	Env       *string
	Component *string
}

const resultColumns = "id, project_id, run_id, test_id, result, data, params, duration, start_time, source, env, component"

func scanResult(row pgx.CollectableRow) (Result, error) {
	var r Result
	err := row.Scan(&r.ID, &r.ProjectID, &r.RunID, &r.TestID, &r.Result, &r.Data, &r.Params, &r.Duration, &r.StartTime, &r.Source, &r.Env, &r.Component)
	r.Data, r.Params = object(r.Data), object(r.Params)
	return r, err
}

// importedResults is the name space of ImportedID.
var importedResults = uuid.MustParse("5d0d7c3e-1f6b-5b0a-9a0e-6a3f5a8e2c11")

// ImportedID is the id under which a result of an archive is stored, unless a result has the archive's own id already. It is
// always the same, so that the same archive again is no new data.
func ImportedID(archived uuid.UUID) uuid.UUID { return uuid.NewSHA1(importedResults, archived[:]) }

// Result returns one result, or ErrNotFound. The id by which an archive calls a result finds it too.
func (s *Store) Result(ctx context.Context, id uuid.UUID) (Result, error) {
	rows, _ := s.pool.Query(ctx, "SELECT "+resultColumns+" FROM results WHERE id = $1", id)
	result, err := pgx.CollectExactlyOneRow(rows, scanResult)
	if errors.Is(err, pgx.ErrNoRows) {
		rows, _ = s.pool.Query(ctx, "SELECT "+resultColumns+" FROM results WHERE id = $1", ImportedID(id))
		result, err = pgx.CollectExactlyOneRow(rows, scanResult)
	}
	return result, wrap("result", err)
}

// ResultProject returns the project of a result (nil: none), or ErrNotFound.
func (s *Store) ResultProject(ctx context.Context, id uuid.UUID) (*uuid.UUID, error) {
	var project *uuid.UUID
	err := s.pool.QueryRow(ctx, "SELECT project_id FROM results WHERE id = $1", id).Scan(&project)
	return project, wrap("project of result", err)
}

// ResultProjects returns the projects of results (nil: none); those that are not there are left out.
func (s *Store) ResultProjects(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*uuid.UUID, error) {
	rows, _ := s.pool.Query(ctx, "SELECT id, project_id FROM results WHERE id = ANY($1)", ids)
	found := make(map[uuid.UUID]*uuid.UUID, len(ids))
	var id uuid.UUID
	var project *uuid.UUID
	_, err := pgx.ForEachRow(rows, []any{&id, &project}, func() error {
		found[id] = project
		project = nil
		return nil
	})
	return found, wrap("projects of results", err)
}

// UpdateResult changes a result under its row lock. An error of change is returned as it is, and nothing is written.
func (s *Store) UpdateResult(ctx context.Context, id uuid.UUID, change func(*Result) error) (Result, error) {
	var after Result
	err := s.InTx(ctx, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, "SELECT "+resultColumns+" FROM results WHERE id = $1 FOR NO KEY UPDATE", id)
		r, err := pgx.CollectExactlyOneRow(rows, scanResult)
		if err != nil {
			return wrap("result", err)
		}
		if err := change(&r); err != nil {
			return err
		}
		rows, _ = tx.Query(ctx, `
			UPDATE results SET project_id = $2, run_id = $3, test_id = $4, result = $5, data = $6, params = $7, duration = $8,
			       start_time = $9, source = $10, env = $11, component = $12
			 WHERE id = $1 RETURNING `+resultColumns,
			id, r.ProjectID, r.RunID, r.TestID, r.Result, orNull(r.Data), orNull(r.Params), r.Duration, r.StartTime, r.Source, r.Env, r.Component)
		after, err = pgx.CollectExactlyOneRow(rows, scanResult)
		return wrap("update result", err)
	})
	return after, err
}

// NewestResultOf returns the newest result of a project, or ErrNotFound.
func (s *Store) NewestResultOf(ctx context.Context, project uuid.UUID) (Result, error) {
	rows, _ := s.pool.Query(ctx, "SELECT "+resultColumns+" FROM results WHERE project_id = $1 ORDER BY start_time DESC, id DESC LIMIT 1", project)
	result, err := pgx.CollectExactlyOneRow(rows, scanResult)
	return result, wrap("newest result", err)
}
