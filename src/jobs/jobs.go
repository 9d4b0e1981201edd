// Package jobs is the work that is done behind a request's back: one file for each kind of job, its arguments and its work.
// Jobs are rows of PostgreSQL (River), added in the transaction of the rows that need them, so that neither is there alone.
package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// The queues. Each has its own workers, so that a heavy import never keeps a run's summary waiting.
const (
	queueDefault     = river.QueueDefault
	queueImports     = "imports"
	queueQueries     = "queries"
	queueMaintenance = "maintenance"
	queueMail        = "mail"
)

// settle is how long a run's job waits for more of its results.
const settle = 5 * time.Second

// Client adds jobs. It works on none.
type Client struct {
	river *river.Client[pgx.Tx]
	store *store.Store
	now   func() time.Time
	plan  []planned
	keep  config.Retention
}

// NewClient makes a client for those who only add jobs, under the retention that the settings have by default.
func NewClient(s *store.Store) (*Client, error) {
	return NewClientKeeping(s, config.Default().Retention)
}

// NewClientKeeping is NewClient under another retention.
func NewClientKeeping(s *store.Store, keep config.Retention) (*Client, error) {
	c, err := river.NewClient(riverpgxv5.New(s.Pool()), &river.Config{Logger: slog.New(slog.DiscardHandler), Middleware: []rivertype.Middleware{&adding{}}})
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	all, err := plan(DefaultSchedule(keep))
	if err != nil {
		return nil, err
	}
	return &Client{river: c, store: s, now: time.Now, plan: all, keep: keep}, nil
}

// RunsChanged adds, for each run, the job that counts it and fills in what it lacks, a few seconds from now.
func (c *Client) RunsChanged(ctx context.Context, tx pgx.Tx, runs []uuid.UUID) error {
	at := c.now().Add(settle)
	return c.addRuns(ctx, tx, runs, at)
}

func (c *Client) addRuns(ctx context.Context, tx pgx.Tx, runs []uuid.UUID, at time.Time) error {
	if len(runs) == 0 {
		return nil
	}
	jobs := make([]river.InsertManyParams, len(runs))
	for i, id := range runs {
		jobs[i] = river.InsertManyParams{Args: UpdateRun{RunID: id}, InsertOpts: &river.InsertOpts{ScheduledAt: at}}
	}
	if _, err := c.river.InsertManyFastTx(ctx, tx, jobs); err != nil {
		return fmt.Errorf("add job: %w", err)
	}
	return nil
}

// RunChanged is RunsChanged for one run, in the shape that store.UpdateRun takes.
func (c *Client) RunChanged(ctx context.Context, tx pgx.Tx, run uuid.UUID) error {
	return c.RunsChanged(ctx, tx, []uuid.UUID{run})
}

// Import adds the job of an import, in the transaction of its upload.
func (c *Client) Import(id, user uuid.UUID) func(context.Context, pgx.Tx) error {
	return func(ctx context.Context, tx pgx.Tx) error {
		_, err := c.river.InsertTx(ctx, tx, Import{ImportID: id, UserID: user}, nil)
		return err
	}
}

// QueryPage adds a task that answers a page too big for a request, and returns the task's id.
func (c *Client) QueryPage(ctx context.Context, task uuid.UUID, user uuid.UUID, page QueryRequest) error {
	raw, err := json.Marshal(page)
	if err != nil {
		return err
	}
	return c.store.InTx(ctx, func(tx pgx.Tx) error {
		if err := c.store.InsertTaskTx(ctx, tx, store.Task{ID: task, UserID: user, Request: raw}); err != nil {
			return err
		}
		_, err := c.river.InsertTx(ctx, tx, QueryPage{TaskID: task}, nil)
		return err
	})
}

var (
	// ErrUnknownTask means that no task of that name may be started by hand.
	ErrUnknownTask = errors.New("unknown task")
	// ErrParams means that the task's parameters are not what it takes.
	ErrParams = errors.New("wrong parameters")
)

// Start adds a job by the name and the parameters that the original's /admin/run-task takes, and returns the job's id.
func (c *Client) Start(ctx context.Context, task string, params json.RawMessage) (int64, error) {
	args, err := c.taskArgs(task, params)
	if err != nil {
		return 0, err
	}
	job, err := c.river.Insert(ctx, args, nil)
	if err != nil {
		return 0, fmt.Errorf("jobs: start %s: %w", task, err)
	}
	return job.Job.ID, nil
}
