package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"
)

// WorkerRow is a process that works on jobs or adds the periodic ones.
type WorkerRow struct {
	// ID is the name of a worker's lease too.
	ID string
	// Role is worker or scheduler.
	Role, Version, Host string
	PID                 int
	Started, Seen       time.Time
	// Queues says how many jobs of each it works on at a time; empty for a scheduler.
	Queues map[string]int
	// Suffixes are the ends of file names that its third-party importers read; "" is any name.
	Suffixes []string
	// Leads says that it is the scheduler that works.
	Leads bool
	// Memory is what its Go runtime holds, in bytes.
	Memory     int64
	Goroutines int

	// Alive says that a worker holds its lease, or that a scheduler was seen in the last seconds. Running is how many jobs it
	// works on. Both are set on the way out only.
	Alive   bool
	Running int64
}

// leaseHeld is a condition on a name: somebody holds the lease of that name.
const leaseHeld = `EXISTS (SELECT 1 FROM pg_locks l
	WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
	  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
	  AND (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended(`

// alive is a condition on the row w of workers.
const alive = `(w.role = 'scheduler' AND w.seen > (now() AT TIME ZONE 'UTC') - interval '20 seconds'
	OR w.role = 'worker' AND ` + leaseHeld + `w.id, 0)))`

// BeatWorker renews the row of a worker or scheduler.
func (s *Store) BeatWorker(ctx context.Context, w WorkerRow) error {
	queues, err := json.Marshal(w.Queues)
	if err != nil {
		return err
	}
	if w.Queues == nil {
		queues = json.RawMessage("{}")
	}
	_, err = s.pool.Exec(ctx, `
		INSERT INTO workers (id, role, version, host, pid, started, seen, queues, leads, memory, goroutines, suffixes)
		VALUES ($1, $2, $3, $4, $5, $6, now() AT TIME ZONE 'UTC', $7, $8, $9, $10, coalesce($11, '{}'::text[]))
		ON CONFLICT (id) DO UPDATE SET seen = excluded.seen, leads = excluded.leads, memory = excluded.memory, goroutines = excluded.goroutines`,
		w.ID, w.Role, w.Version, w.Host, w.PID, w.Started, queues, w.Leads, w.Memory, w.Goroutines, w.Suffixes)
	return wrap("heart-beat", err)
}

// ImportSuffixes returns the ends of file names that the third-party importers of living workers read; "" is any name.
func (s *Store) ImportSuffixes(ctx context.Context) ([]string, error) {
	rows, _ := s.pool.Query(ctx, `SELECT DISTINCT unnest(w.suffixes) FROM workers w WHERE w.suffixes <> '{}' AND `+alive)
	suffixes, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return suffixes, wrap("what importers read", err)
}

// ForgetWorker deletes the row of a process that ends.
func (s *Store) ForgetWorker(ctx context.Context, id string) error {
	_, err := s.pool.Exec(ctx, `DELETE FROM workers WHERE id = $1`, id)
	return wrap("forget worker", err)
}

// ForgetWorkersSeenBefore deletes the rows of processes that died.
func (s *Store) ForgetWorkersSeenBefore(ctx context.Context, then time.Time) error {
	_, err := s.pool.Exec(ctx, `DELETE FROM workers WHERE seen < $1`, then)
	return wrap("forget workers", err)
}

// Workers returns the workers and schedulers, those that live first.
func (s *Store) Workers(ctx context.Context) ([]WorkerRow, error) {
	rows, _ := s.pool.Query(ctx, `
		SELECT id, role, version, host, pid, started, seen, queues, leads AND alive, memory, goroutines, alive,
		       (SELECT count(*) FROM river_job j WHERE j.state = 'running' AND j.attempted_by[array_upper(j.attempted_by, 1)] = v.id)
		  FROM (SELECT w.*, `+alive+` AS alive FROM workers w) v
		 ORDER BY alive DESC, role DESC, started, id`)
	workers, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (w WorkerRow, err error) {
		var queues json.RawMessage
		err = row.Scan(&w.ID, &w.Role, &w.Version, &w.Host, &w.PID, &w.Started, &w.Seen, &queues, &w.Leads, &w.Memory, &w.Goroutines, &w.Alive, &w.Running)
		if err == nil {
			err = json.Unmarshal(queues, &w.Queues)
		}
		return w, err
	})
	return workers, wrap("workers", err)
}
