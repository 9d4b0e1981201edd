package store

import (
	"context"
	"errors"
	"sort"
	"time"

	"github.com/jackc/pgx/v5"
)

// hour is one hour of the tally.
type hour struct {
	start time.Time
	n     int64 // matches within
	newer int64 // matches in all newer hours
}

// end is the first moment after the hour.
func (h hour) end() time.Time { return h.start.Add(time.Hour) }

// hours sums the tally for a condition, newest first.
func (s *Store) hours(ctx context.Context, c condition) ([]hour, error) {
	rows, _ := s.reads.Query(ctx, "SELECT bucket, sum(n)::bigint FROM result_tally WHERE "+c.where+" GROUP BY bucket HAVING sum(n) <> 0 ORDER BY bucket DESC",
		append([]any{dynamic}, c.args...)...)
	hours, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (hour, error) {
		var h hour
		err := row.Scan(&h.start, &h.n)
		return h, err
	})
	var newer int64
	for i := range hours {
		hours[i].newer = newer
		newer += hours[i].n
	}
	return hours, err
}

// seek finds the hour in which the row at the offset is, and how many rows of that hour come before it.
func (k known) seek(offset int64) (h hour, skip int64, ok bool) {
	if offset < deepPage || len(k.hours) == 0 {
		return hour{}, 0, false
	}
	i := sort.Search(len(k.hours), func(i int) bool { return k.hours[i].newer > offset }) - 1
	return k.hours[i], offset - k.hours[i].newer, true
}

// CompactRollups folds the deltas of the rollups and returns how many rows that saved.
func (s *Store) CompactRollups(ctx context.Context) (int64, error) {
	var saved int64
	err := s.pool.QueryRow(ctx, `SELECT ibutsu_compact_rollups()`).Scan(&saved)
	return saved, wrap("compact rollups", err)
}

// errRehearsed ends a transaction whose changes were only to be counted.
var errRehearsed = errors.New("rehearsed")

// RebuildRollups counts the tally anew from the results and returns how many of its sums were wrong. Writers wait meanwhile.
func (s *Store) RebuildRollups(ctx context.Context) (int64, error) {
	return s.rebuildRollups(ctx, false)
}

// WrongRollups is RebuildRollups without its effect.
func (s *Store) WrongRollups(ctx context.Context) (int64, error) { return s.rebuildRollups(ctx, true) }

func (s *Store) rebuildRollups(ctx context.Context, rehearse bool) (int64, error) {
	// Who asks about failures waits for the count where some are not settled yet: few are, when it begins.
	if err := s.FoldFailures(ctx); err != nil {
		return 0, err
	}
	var wrong int64
	err := s.InTx(ctx, func(tx pgx.Tx) error {
		// The whole table is read: the timeout of requests does not fit.
		if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = 0`); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, `SELECT ibutsu_rebuild_rollups()`).Scan(&wrong); err != nil {
			return err
		}
		if rehearse {
			return errRehearsed
		}
		// What made a tally wrong may have changed rows without a trace, too.
		_, err := tx.Exec(ctx, `DELETE FROM counted_days`)
		return err
	})
	if errors.Is(err, errRehearsed) {
		err = nil
	}
	return wrong, wrap("rebuild rollups", err)
}
