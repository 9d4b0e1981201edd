package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Pruned counts what a retention rule deleted.
type Pruned struct {
	Imports, Artifacts, Results, Runs int64
}

// pruneBatch is how many rows go in one transaction: few enough that no reader or writer waits for it.
const pruneBatch = 2000

// PruneArtifacts deletes the artifacts uploaded before then.
func (s *Store) PruneArtifacts(ctx context.Context, then time.Time) (Pruned, error) {
	var p Pruned
	for {
		tag, err := s.pool.Exec(ctx, `
			DELETE FROM artifacts WHERE id IN (SELECT id FROM artifacts WHERE upload_date < $1 LIMIT $2)`, then, pruneBatch)
		p.Artifacts += tag.RowsAffected()
		if err != nil || tag.RowsAffected() == 0 {
			return p, wrap("prune artifacts", err)
		}
	}
}

// PruneResults deletes the results started before then, with their artifacts, however young those are.
func (s *Store) PruneResults(ctx context.Context, then time.Time) (Pruned, error) {
	var p Pruned
	for {
		var n int
		err := s.InTx(ctx, func(tx pgx.Tx) error {
			ids, err := pruneIDs(ctx, tx, `SELECT id FROM results WHERE start_time < $1 LIMIT $2 FOR UPDATE SKIP LOCKED`, then)
			if n = len(ids); err != nil || n == 0 {
				return err
			}
			return p.results(ctx, tx, ids)
		})
		if err != nil || n == 0 {
			return p, wrap("prune results", err)
		}
	}
}

// PruneRuns deletes the runs started before then, with their results and artifacts.
func (s *Store) PruneRuns(ctx context.Context, then time.Time) (Pruned, error) {
	var p Pruned
	rows, _ := s.pool.Query(ctx, `SELECT id FROM runs WHERE start_time < $1 ORDER BY start_time`, then)
	runs, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return p, wrap("prune runs", err)
	}
	for _, run := range runs {
		for n := pruneBatch; n == pruneBatch; {
			err := s.InTx(ctx, func(tx pgx.Tx) error {
				ids, err := pruneIDs(ctx, tx, `SELECT id FROM results WHERE run_id = $1 LIMIT $2`, run)
				if n = len(ids); err != nil {
					return err
				}
				if err := p.results(ctx, tx, ids); err != nil || n == pruneBatch {
					return err
				}
				return p.run(ctx, tx, run)
			})
			if err != nil {
				return p, wrap("prune runs", err)
			}
		}
	}
	return p, nil
}

// PruneImports deletes the records of imports created before then, with their files.
func (s *Store) PruneImports(ctx context.Context, then time.Time) (Pruned, error) {
	n, err := s.DeleteImportsBefore(ctx, then)
	return Pruned{Imports: n}, err
}

func pruneIDs(ctx context.Context, tx pgx.Tx, query string, by any) ([]uuid.UUID, error) {
	rows, _ := tx.Query(ctx, query, by, pruneBatch)
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

func (p *Pruned) results(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) error {
	if len(ids) == 0 {
		return nil
	}
	tag, err := tx.Exec(ctx, `DELETE FROM artifacts WHERE result_id = ANY($1)`, ids)
	if err != nil {
		return err
	}
	p.Artifacts += tag.RowsAffected()
	tag, err = tx.Exec(ctx, `DELETE FROM results WHERE id = ANY($1)`, ids)
	p.Results += tag.RowsAffected()
	return err
}

func (p *Pruned) run(ctx context.Context, tx pgx.Tx, run uuid.UUID) error {
	tag, err := tx.Exec(ctx, `DELETE FROM artifacts WHERE run_id = $1`, run)
	if err != nil {
		return err
	}
	p.Artifacts += tag.RowsAffected()
	tag, err = tx.Exec(ctx, `DELETE FROM runs WHERE id = $1`, run)
	p.Runs += tag.RowsAffected()
	return err
}
