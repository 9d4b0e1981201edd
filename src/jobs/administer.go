package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/rivertype"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// ErrRunning means that a job runs, and cannot be deleted or run again meanwhile.
var ErrRunning = errors.New("the job is running")

// ErrOver means that a job is over, and cannot be cancelled.
var ErrOver = errors.New("the job is over")

// Query asks for a page of jobs, newest first.
type Query struct {
	// State, Queue and Kind narrow it where they are given.
	State, Queue, Kind string
	Page, PageSize     int
}

// List returns a page of jobs and how many there are in all.
func (c *Client) List(ctx context.Context, q Query) ([]Job, int64, error) {
	rows, total, err := c.store.Jobs(ctx, store.JobQuery{States: queueStates[q.State], Queue: q.Queue, Kind: q.Kind, Page: q.Page, PageSize: q.PageSize})
	if err != nil {
		return nil, 0, err
	}
	views := make([]Job, len(rows))
	for i, row := range rows {
		if views[i], err = viewOf(row); err != nil {
			return nil, 0, fmt.Errorf("job %d: %w", row.ID, err)
		}
	}
	return views, total, nil
}

// Job returns one job, or store.ErrNotFound.
func (c *Client) Job(ctx context.Context, id int64) (Job, error) {
	row, err := c.store.Job(ctx, id)
	if err != nil {
		return Job{}, err
	}
	return viewOf(row)
}

// Retry lets a job run again now, one that is over too. ErrRunning: it runs. ErrFileGone: it is that of an import whose file is
// gone. store.ErrNotFound: there is none.
func (c *Client) Retry(ctx context.Context, id int64) (Job, error) {
	row, err := c.river.JobGet(ctx, id)
	if err != nil {
		return Job{}, missingJob(id, err)
	}
	err = c.store.InTx(ctx, func(tx pgx.Tx) error {
		if imported, ok := importOf(row); ok {
			// An import that has not failed goes on as it is: its job sees that by itself.
			if _, err := c.reopen(ctx, tx, imported); err != nil && !errors.Is(err, ErrNotFailed) {
				return err
			}
		}
		return c.retry(ctx, tx, id)
	})
	if err != nil {
		return Job{}, err
	}
	return c.Job(ctx, id)
}

func (c *Client) retry(ctx context.Context, tx pgx.Tx, id int64) error {
	row, err := c.river.JobRetryTx(ctx, tx, id)
	if err != nil {
		return missingJob(id, err)
	}
	if row.State == rivertype.JobStateRunning {
		return fmt.Errorf("retry job %d: %w", id, ErrRunning)
	}
	return nil
}

// Cancel ends a job: at once if it waits, else when its work has heard of it. ErrOver: it has ended. store.ErrNotFound: there
// is none.
func (c *Client) Cancel(ctx context.Context, id int64) (Job, error) {
	row, err := c.river.JobGet(ctx, id)
	if err != nil {
		return Job{}, missingJob(id, err)
	}
	if imported, ok := importOf(row); ok {
		if err := c.CancelImport(ctx, imported, store.ActorOf(ctx).Name); !errors.Is(err, ErrOver) {
			if err != nil {
				return Job{}, err
			}
			return c.Job(ctx, id)
		}
	}
	if row, err = c.river.JobCancel(ctx, id); err != nil {
		return Job{}, missingJob(id, err)
	}
	if row.State == rivertype.JobStateCompleted || row.State == rivertype.JobStateDiscarded {
		return Job{}, fmt.Errorf("cancel job %d: %w", id, ErrOver)
	}
	return c.Job(ctx, id)
}

// Delete forgets a job. ErrRunning: it runs. store.ErrNotFound: there is none.
func (c *Client) Delete(ctx context.Context, id int64) error {
	_, err := c.river.JobDelete(ctx, id)
	if errors.Is(err, rivertype.ErrJobRunning) {
		return fmt.Errorf("delete job %d: %w", id, ErrRunning)
	}
	return missingJob(id, err)
}

func missingJob(id int64, err error) error {
	if errors.Is(err, rivertype.ErrNotFound) {
		return fmt.Errorf("job %d: %w", id, store.ErrNotFound)
	}
	return err
}

// Queues returns all queues.
func (c *Client) Queues(ctx context.Context) ([]Queue, error) {
	rows, err := c.store.Queues(ctx)
	if err != nil {
		return nil, err
	}
	queues := make([]Queue, len(rows))
	for i, q := range rows {
		queues[i] = Queue{Name: q.Name, Paused: q.Paused, Workers: q.Workers, Waiting: q.Waiting, Scheduled: q.Scheduled, Running: q.Running,
			Retrying: q.Retrying, Dead: q.Dead, OldestSeconds: q.Oldest.Seconds()}
	}
	return queues, nil
}

// PauseQueue keeps workers from a queue, or lets them go on. store.ErrNotFound: no worker ever worked on it.
func (c *Client) PauseQueue(ctx context.Context, name string, paused bool) (Queue, error) {
	// The library takes "*" for all queues; here a name is a name.
	if _, err := c.river.QueueGet(ctx, name); err != nil {
		if errors.Is(err, rivertype.ErrNotFound) {
			err = store.ErrNotFound
		}
		return Queue{}, fmt.Errorf("queue %q: %w", name, err)
	}
	change := c.river.QueueResume
	if paused {
		change = c.river.QueuePause
	}
	if err := change(ctx, name, nil); err != nil {
		return Queue{}, fmt.Errorf("queue %q: %w", name, err)
	}
	queues, err := c.Queues(ctx)
	for _, q := range queues {
		if q.Name == name {
			return q, nil
		}
	}
	return Queue{}, err
}

// Workers returns the workers and schedulers, those that live first.
func (c *Client) Workers(ctx context.Context) ([]WorkerInfo, error) {
	rows, err := c.store.Workers(ctx)
	if err != nil {
		return nil, err
	}
	workers := make([]WorkerInfo, len(rows))
	for i, w := range rows {
		capacity := 0
		for _, n := range w.Queues {
			capacity += n
		}
		workers[i] = WorkerInfo{ID: w.ID, Role: w.Role, Version: w.Version, Host: w.Host, PID: w.PID, Started: w.Started.UTC(), Seen: w.Seen.UTC(),
			Alive: w.Alive, Leads: w.Leads, Running: w.Running, Capacity: capacity, Memory: w.Memory, Goroutines: w.Goroutines}
	}
	return workers, nil
}

// StartTask adds a job by the name of a maintenance task and its parameters. With dryRun the job only says what it would do;
// ErrParams: the task cannot, or its parameters are wrong. ErrUnknownTask: there is none of that name.
func (c *Client) StartTask(ctx context.Context, task string, params json.RawMessage, dryRun bool) (Job, error) {
	args, err := c.taskArgs(task, params)
	if err != nil {
		return Job{}, err
	}
	if dryRun {
		rehearsed, ok := args.(rehearsal)
		if !ok {
			return Job{}, fmt.Errorf("%w: %s has no dry run", ErrParams, task)
		}
		args = rehearsed.rehearse()
	}
	added, err := c.river.Insert(ctx, args, nil)
	if err != nil {
		return Job{}, fmt.Errorf("jobs: start %s: %w", task, err)
	}
	return c.Job(ctx, added.Job.ID)
}
