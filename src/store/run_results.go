package store

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Place is where in a run's results, from the first to the last, a reader has come to. The zero value is before all of them.
type Place struct {
	Start time.Time
	ID    uuid.UUID
}

// ResultsOfRun returns the next results of a run in the order in which they began, so many at most.
func (s *Store) ResultsOfRun(ctx context.Context, run uuid.UUID, after Place, limit int) ([]Result, error) {
	rows, _ := s.pool.Query(ctx, "SELECT "+resultColumns+` FROM results
		 WHERE run_id = $1 AND start_time >= $2 AND (start_time, id) > ($2, $3)
		 ORDER BY start_time, id LIMIT $4`, dynamic, run, after.Start, after.ID, limit)
	results, err := pgx.CollectRows(rows, scanResult)
	return results, wrap("results of run", err)
}

// DeleteRun deletes a run with its results and their artifacts, in pieces that do not hold up writers: cut short, it leaves a run
// with less in it, and can be asked again. ErrNotFound: there is none. ErrPinned: it is to be kept.
func (s *Store) DeleteRun(ctx context.Context, id uuid.UUID) error {
	for more := true; more; {
		err := s.InTx(ctx, func(tx pgx.Tx) error {
			if err := lockUnpinned(ctx, tx, id); err != nil {
				return err
			}
			rows, _ := tx.Query(ctx, `SELECT id FROM results WHERE run_id = $1 LIMIT $2 FOR UPDATE`, dynamic, id, deletedAtOnce)
			results, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
			if err != nil {
				return err
			}
			if _, err := deleteResults(ctx, tx, results); err != nil {
				return err
			}
			if more = len(results) == deletedAtOnce; more {
				return nil
			}
			if _, err := deleteArtifacts(ctx, tx, `run_id = ANY($1)`, []uuid.UUID{id}); err != nil {
				return err
			}
			_, err = tx.Exec(ctx, `DELETE FROM runs WHERE id = $1`, id)
			return err
		})
		if err != nil {
			return wrap("delete run", err)
		}
	}
	return nil
}

// ErrPinned means that somebody wants a run to be kept.
var ErrPinned = errors.New("it is pinned")

// lockUnpinned keeps a run from being pinned until the transaction ends.
func lockUnpinned(ctx context.Context, tx pgx.Tx, run uuid.UUID) error {
	var pinned bool
	err := tx.QueryRow(ctx, `
		SELECT EXISTS (SELECT 1 FROM pinned_runs p WHERE p.run_id = r.id) FROM runs r WHERE r.id = $1 FOR UPDATE OF r`, run).Scan(&pinned)
	if err == nil && pinned {
		return ErrPinned
	}
	return err
}
