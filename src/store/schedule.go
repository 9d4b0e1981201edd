package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// ScheduleRow is what the database knows of a periodic job.
type ScheduleRow struct {
	Name    string
	Enabled bool
	// Spec is when it runs where an administrator has changed it; nil as by default.
	Spec             *string
	LastRun, NextRun *time.Time
	// LastJob is the job that was added last.
	LastJob *int64
}

// Schedules returns what is known of the periodic jobs, by name.
func (s *Store) Schedules(ctx context.Context) (map[string]ScheduleRow, error) {
	rows, _ := s.pool.Query(ctx, `SELECT name, enabled, spec, last_run, next_run, last_job FROM schedules`)
	known := map[string]ScheduleRow{}
	var r ScheduleRow
	_, err := pgx.ForEachRow(rows, []any{&r.Name, &r.Enabled, &r.Spec, &r.LastRun, &r.NextRun, &r.LastJob}, func() error {
		known[r.Name] = r
		r = ScheduleRow{}
		return nil
	})
	return known, wrap("schedules", err)
}

// ChangeSchedule sets whether and when a periodic job runs. next is its next time under the new rule.
func (s *Store) ChangeSchedule(ctx context.Context, name string, enabled bool, spec *string, next time.Time) error {
	_, err := s.pool.Exec(ctx, `
		INSERT INTO schedules (name, enabled, spec, next_run) VALUES ($1, $2, $3, $4)
		ON CONFLICT (name) DO UPDATE SET enabled = $2, spec = $3, next_run = $4`, name, enabled, spec, next)
	return wrap("change schedule", err)
}

// DueTx says whether a periodic job is due, and notes its run and the next one. One that was never seen is not due: its
// first time is the next in its plan.
func (s *Store) DueTx(ctx context.Context, tx pgx.Tx, name string, now, next time.Time) (bool, error) {
	var planned time.Time
	err := tx.QueryRow(ctx, `
		INSERT INTO schedules AS s (name, next_run) VALUES ($1, $2)
		-- A plan that was changed to come earlier takes effect at once.
		ON CONFLICT (name) DO UPDATE SET next_run = least(s.next_run, $2)
		RETURNING next_run`, name, next).Scan(&planned)
	if err != nil || planned.After(now) {
		return false, wrap("schedule", err)
	}
	_, err = tx.Exec(ctx, `UPDATE schedules SET last_run = $2, next_run = $3 WHERE name = $1`, name, now, next)
	return err == nil, wrap("schedule", err)
}

// NoteRunTx notes the job that a periodic job has become, at its time or by hand.
func (s *Store) NoteRunTx(ctx context.Context, tx pgx.Tx, name string, now, next time.Time, job int64) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO schedules (name, last_run, next_run, last_job) VALUES ($1, $2, $3, $4)
		ON CONFLICT (name) DO UPDATE SET last_run = $2, last_job = $4`, name, now, next, job)
	return wrap("schedule", err)
}
