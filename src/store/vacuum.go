package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Disk is what a table takes up, in bytes: its rows, its large values kept apart, its indexes.
type Disk struct {
	Table   int64 `json:"table"`
	Indexes int64 `json:"indexes"`
}

// DiskOf returns what a table takes up.
func (s *Store) DiskOf(ctx context.Context, table string) (d Disk, err error) {
	err = s.pool.QueryRow(ctx, `SELECT pg_table_size($1::regclass), pg_indexes_size($1::regclass)`, table).Scan(&d.Table, &d.Indexes)
	return d, wrap("disk of "+table, err)
}

// Vacuum makes the room of deleted rows usable again, and gives what is free at the end of the table back to the machine.
// Readers and writers go on.
func (s *Store) Vacuum(ctx context.Context, table string) error {
	return s.maintain(ctx, "VACUUM (ANALYZE) "+pgx.Identifier{table}.Sanitize())
}

// Reindex makes the indexes of a table anew, beside the old ones, which then go: their room is given back to the machine.
// Readers and writers go on.
func (s *Store) Reindex(ctx context.Context, table string) error {
	rows, _ := s.pool.Query(ctx, `SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = $1::regclass AND indisvalid ORDER BY 1`, table)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return wrap("reindex "+table, err)
	}
	for _, name := range names {
		if err := s.dropLeftovers(ctx, table); err != nil {
			return err
		}
		if err := s.maintain(ctx, "REINDEX INDEX CONCURRENTLY "+name); err != nil {
			return err
		}
	}
	return s.dropLeftovers(ctx, table)
}

// dropLeftovers removes the halves that a broken REINDEX CONCURRENTLY leaves, which cost every write.
func (s *Store) dropLeftovers(ctx context.Context, table string) error {
	rows, _ := s.pool.Query(ctx, `
		SELECT c.oid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
		 WHERE i.indrelid = $1::regclass AND NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$'`, table)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, name := range names {
		err = errors.Join(err, s.maintain(ctx, "DROP INDEX CONCURRENTLY IF EXISTS "+name))
	}
	return wrap("drop leftovers", err)
}

// Rewrite writes a table anew, without its free room, which is given back to the machine. Nobody can read or write it
// meanwhile, so it is for a time when nobody wants to; it gives up when it has to wait for the table for more than ten
// seconds. ErrTimeout: so it did.
func (s *Store) Rewrite(ctx context.Context, table string) error {
	return s.maintain(ctx, "VACUUM (FULL, ANALYZE) "+pgx.Identifier{table}.Sanitize(), `SET lock_timeout = '10s'`)
}

// maintain runs a statement that cannot be in a transaction, without the statement timeout of requests.
func (s *Store) maintain(ctx context.Context, statement string, settings ...string) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return wrap("maintain", err)
	}
	// Not given back: the next user would find the settings changed.
	raw := conn.Hijack()
	defer func() { _ = raw.Close(context.WithoutCancel(ctx)) }()
	for _, set := range append([]string{`SET statement_timeout = 0`}, settings...) {
		if _, err := raw.Exec(ctx, set); err != nil {
			return wrap("maintain", err)
		}
	}
	_, err = raw.Exec(ctx, statement)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "55P03" {
		return fmt.Errorf("store: %s: %w (%w)", statement, ErrTimeout, err)
	}
	return wrap(statement, err)
}
