package store

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrLeaseTaken means that another process holds the lease.
var ErrLeaseTaken = errors.New("another process holds the lease")

// HoldLease takes a lease by name: an advisory lock that lasts as long as the connection, which the caller keeps. PostgreSQL
// drops it when the process dies, however it dies.
func (s *Store) HoldLease(ctx context.Context, name string) (*pgxpool.Conn, error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, wrap("lease", err)
	}
	var got bool
	if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock(hashtextextended($1, 0))`, name).Scan(&got); err != nil {
		conn.Release()
		return nil, wrap("lease", err)
	}
	if !got {
		conn.Release()
		return nil, ErrLeaseTaken
	}
	return conn, nil
}

// RescueJobs makes the jobs of workers that hold no lease available again and returns how many. Being killed is no fault of
// the job, so it does not use up an attempt; but one that was running at many deaths waits longer and longer, since it
// may be what kills its workers, and the others must get their turn. One that was asked to end has ended, and an import says so:
// the worker that would have is dead.
func (s *Store) RescueJobs(ctx context.Context) (int64, error) {
	var n int64
	err := s.pool.QueryRow(ctx, `
		WITH dead AS (
			SELECT id, coalesce((metadata ->> 'deaths')::int, 0) + 1 AS deaths FROM river_job j
			 WHERE state = 'running' AND NOT `+leaseHeld+`j.attempted_by[array_upper(j.attempted_by, 1)], 0))
			   FOR UPDATE SKIP LOCKED),
		rescued AS (
			UPDATE river_job j
			   SET state = CASE WHEN j.metadata ? 'cancel_attempted_at' THEN 'cancelled'
			                    WHEN d.deaths > 150 THEN 'scheduled' ELSE 'available' END::river_job_state,
			       finalized_at = CASE WHEN j.metadata ? 'cancel_attempted_at' THEN now() END,
			       attempt = greatest(j.attempt - 1, 0),
			       scheduled_at = now() + CASE WHEN d.deaths > 150 THEN least(d.deaths - 150, 60) * interval '1 minute' ELSE interval '0' END,
			       metadata = j.metadata || jsonb_build_object('deaths', d.deaths)
			  FROM dead d WHERE j.id = d.id
			RETURNING j.kind, j.args, j.state),
		ended AS (
			UPDATE imports i
			   SET status = 'error', finished = now() AT TIME ZONE 'UTC',
			       data = i.data - 'progress' || jsonb_build_object('error', 'cancelled by ' || coalesce(i.cancelled_by, 'an administrator'))
			  FROM rescued r
			 WHERE r.kind = 'import' AND r.state = 'cancelled' AND i.id = (r.args ->> 'import_id')::uuid AND i.status IN ('pending', 'running'))
		SELECT count(*) FROM rescued`).Scan(&n)
	return n, wrap("rescue jobs", err)
}

// JobCounts returns how many jobs there are in each state.
func (s *Store) JobCounts(ctx context.Context) (map[string]int64, error) {
	rows, _ := s.pool.Query(ctx, `SELECT state::text, count(*) FROM river_job GROUP BY state`)
	counts := map[string]int64{}
	var state string
	var n int64
	_, err := pgx.ForEachRow(rows, []any{&state, &n}, func() error {
		counts["jobs_"+state] = n
		return nil
	})
	return counts, wrap("job counts", err)
}

// CopyStartTimes copies the metadata's starttime to start_time in the results of a run that have none there.
func (s *Store) CopyStartTimes(ctx context.Context, run uuid.UUID) (int64, error) {
	tag, err := s.pool.Exec(ctx, `
		UPDATE results SET data = data || jsonb_build_object('start_time', data -> 'starttime')
		 WHERE data ->> 'run' = $1::text AND run_id = $1 AND jsonb_typeof(data) = 'object'
		   AND data ? 'starttime' AND coalesce(data ->> 'start_time', '') = ''`, run)
	return tag.RowsAffected(), wrap("copy start times", err)
}
