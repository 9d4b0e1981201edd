package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"
)

// Job is a row of the job queue.
type Job struct {
	ID    int64
	Kind  string
	Queue string
	// State is the queue's own word: available, pending, scheduled, running, retryable, completed, cancelled or discarded.
	State                string
	Args                 json.RawMessage
	Attempt, MaxAttempts int
	Created, Scheduled   time.Time
	Started, Finished    *time.Time
	// Worker is who began it last, nil where nobody has.
	Worker *string
	// Errors is a list of objects, oldest first; nil where nothing went wrong.
	Errors json.RawMessage
	// Metadata is an object: progress, output, cancel_attempted_at and what else the queue keeps.
	Metadata json.RawMessage
}

const jobColumns = `id, kind, queue, state::text, args, attempt, max_attempts, created_at, scheduled_at, attempted_at, finalized_at,
	attempted_by[array_upper(attempted_by, 1)], to_jsonb(errors), metadata`

func scanJob(row pgx.CollectableRow) (Job, error) {
	var j Job
	err := row.Scan(&j.ID, &j.Kind, &j.Queue, &j.State, &j.Args, &j.Attempt, &j.MaxAttempts, &j.Created, &j.Scheduled, &j.Started, &j.Finished,
		&j.Worker, &j.Errors, &j.Metadata)
	return j, err
}

// Job returns one job, or ErrNotFound.
func (s *Store) Job(ctx context.Context, id int64) (Job, error) {
	rows, _ := s.pool.Query(ctx, `SELECT `+jobColumns+` FROM river_job WHERE id = $1`, id)
	j, err := pgx.CollectExactlyOneRow(rows, scanJob)
	return j, wrap("job", err)
}

// JobQuery asks for a page of jobs, newest first.
type JobQuery struct {
	// States, Queue and Kind narrow it where they are given.
	States         []string
	Queue, Kind    string
	Page, PageSize int
}

// Jobs returns a page of jobs and how many there are in all.
func (s *Store) Jobs(ctx context.Context, q JobQuery) ([]Job, int64, error) {
	const from = ` FROM river_job WHERE ($1::text[] IS NULL OR state = ANY($1::text[]::river_job_state[]))
		AND ($2 = '' OR queue = $2) AND ($3 = '' OR kind = $3)`
	var total int64
	if err := s.pool.QueryRow(ctx, `SELECT count(*)`+from, dynamic, q.States, q.Queue, q.Kind).Scan(&total); err != nil {
		return nil, 0, wrap("count jobs", err)
	}
	offset, fits := ListQuery{Page: q.Page, PageSize: q.PageSize}.offset()
	if !fits || offset >= total {
		return []Job{}, total, nil
	}
	rows, _ := s.pool.Query(ctx, `SELECT `+jobColumns+from+` ORDER BY id DESC OFFSET $4 LIMIT $5`,
		dynamic, q.States, q.Queue, q.Kind, offset, q.PageSize)
	jobs, err := pgx.CollectRows(rows, scanJob)
	return jobs, total, wrap("list jobs", err)
}

// SetJobProgress notes how far a running job is, for whoever looks and for the worker that takes it over.
func (s *Store) SetJobProgress(ctx context.Context, id int64, progress json.RawMessage) error {
	_, err := s.pool.Exec(ctx, `UPDATE river_job SET metadata = metadata || jsonb_build_object('progress', $2::jsonb) WHERE id = $1`, id, progress)
	return wrap("progress of job", err)
}

// Queue is how a queue stands.
type Queue struct {
	Name   string
	Paused bool
	// Workers is how many of its jobs all living workers together run at a time.
	Workers int64
	// Waiting could run now, Scheduled only later; Retrying failed before, Dead for good.
	Waiting, Scheduled, Running, Retrying, Dead int64
	// Oldest is how long the oldest job that could run has waited.
	Oldest time.Duration
}

// Queues returns all queues: those that workers work on, and those that have jobs.
func (s *Store) Queues(ctx context.Context) ([]Queue, error) {
	rows, _ := s.pool.Query(ctx, `
		WITH jobs AS (
			SELECT queue, count(*) FILTER (WHERE state IN ('available', 'pending')) AS waiting, count(*) FILTER (WHERE state = 'scheduled') AS scheduled,
			       count(*) FILTER (WHERE state = 'running') AS running, count(*) FILTER (WHERE state = 'retryable') AS retrying,
			       count(*) FILTER (WHERE state = 'discarded') AS dead,
			       min(scheduled_at) FILTER (WHERE state IN ('available', 'scheduled', 'retryable') AND scheduled_at <= now()) AS oldest
			  FROM river_job WHERE state IN ('available', 'pending', 'scheduled', 'running', 'retryable', 'discarded') GROUP BY queue),
		room AS (
			SELECT q.key AS queue, sum(q.value::int) AS workers FROM workers w CROSS JOIN LATERAL jsonb_each_text(w.queues) q
			 WHERE `+alive+` GROUP BY 1)
		SELECT name, (SELECT paused_at IS NOT NULL FROM river_queue q WHERE q.name = n.name) IS TRUE, coalesce(workers, 0)::bigint,
		       coalesce(waiting, 0), coalesce(scheduled, 0), coalesce(running, 0), coalesce(retrying, 0), coalesce(dead, 0),
		       greatest(0, coalesce(extract(epoch FROM now() - oldest), 0))::float8
		  FROM (SELECT name FROM river_queue UNION SELECT queue FROM jobs UNION SELECT queue FROM room) n
		  LEFT JOIN jobs ON jobs.queue = n.name LEFT JOIN room ON room.queue = n.name
		 ORDER BY name`)
	queues, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (q Queue, err error) {
		var oldest float64
		err = row.Scan(&q.Name, &q.Paused, &q.Workers, &q.Waiting, &q.Scheduled, &q.Running, &q.Retrying, &q.Dead, &oldest)
		q.Oldest = time.Duration(oldest * float64(time.Second))
		return q, err
	})
	return queues, wrap("queues", err)
}
