package store

import (
	"context"

	"github.com/google/uuid"
)

const (
	// settledAtOnce is how many changed failures are looked at in one transaction: others who settle wait for it.
	settledAtOnce = 1000
	// indexedAtOnce is the same for words, of which a traceback has thousands.
	indexedAtOnce = 200
)

// SettleFailures brings what is known of a project's failures up to date with its results. Whoever reads result_failures calls it
// before: writers only note what there is to look at.
func (s *Store) SettleFailures(ctx context.Context, project uuid.UUID) error {
	return wrap("settle failures", s.settleFailures(ctx, &project))
}

func (s *Store) settleFailures(ctx context.Context, project *uuid.UUID) error {
	return s.inBatches(ctx, settledAtOnce, `SELECT ibutsu_settle_failures($1, $2)`, project, settledAtOnce)
}

// FoldFailures settles the failures of all projects, and lets searches find them by their words and tests by their names.
func (s *Store) FoldFailures(ctx context.Context) error {
	err := s.settleFailures(ctx, nil)
	if err == nil {
		err = s.inBatches(ctx, indexedAtOnce, `SELECT ibutsu_index_failures($1)`, indexedAtOnce)
	}
	return wrap("fold failures", err)
}

// inBatches runs a statement that tells how many rows it has worked on, until these are fewer than it may work on at once.
func (s *Store) inBatches(ctx context.Context, most int64, statement string, args ...any) error {
	for {
		var done int64
		if err := s.pool.QueryRow(ctx, statement, args...).Scan(&done); err != nil || done < most {
			return err
		}
	}
}
