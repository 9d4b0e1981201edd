package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/store/db"
)

// The states of a task, as clients know them.
const (
	TaskPending = "PENDING"
	TaskStarted = "STARTED"
	TaskRetry   = "RETRY"
	TaskSuccess = "SUCCESS"
	TaskFailure = "FAILURE"
)

// Task is a long answer that a user asked for and fetches later.
type Task struct {
	ID     uuid.UUID
	UserID uuid.UUID
	State  string
	// Request is what was asked, in the words of the job that works on it.
	Request json.RawMessage
	// Answer is the JSON object of a task that succeeded.
	Answer  []byte
	Error   *string
	Created time.Time
}

// Task returns one task, or ErrNotFound.
func (s *Store) Task(ctx context.Context, id uuid.UUID) (Task, error) {
	t, err := s.q.GetTask(ctx, id)
	return Task{t.ID, t.UserID, t.State, t.Request, t.Answer, t.Error, t.Created}, wrap("task", err)
}

// InsertTaskTx adds a pending task in the transaction of its job.
func (s *Store) InsertTaskTx(ctx context.Context, tx pgx.Tx, t Task) error {
	return wrap("task", s.q.WithTx(tx).InsertTask(ctx, db.InsertTaskParams{ID: t.ID, UserID: t.UserID, Request: t.Request}))
}

// StartTask marks a task as started.
func (s *Store) StartTask(ctx context.Context, id uuid.UUID) error {
	_, err := s.q.StartTask(ctx, id)
	return wrap("start task", err)
}

// FinishTask keeps the answer of a task, or its failure.
func (s *Store) FinishTask(ctx context.Context, id uuid.UUID, answer []byte, failure *string) error {
	state := TaskSuccess
	if failure != nil {
		state = TaskFailure
	}
	_, err := s.q.FinishTask(ctx, db.FinishTaskParams{ID: id, State: state, Answer: answer, Error: failure})
	return wrap("finish task", err)
}

// DeleteTasksBefore deletes the tasks created before then.
func (s *Store) DeleteTasksBefore(ctx context.Context, then time.Time) (int64, error) {
	n, err := s.q.DeleteTasksBefore(ctx, then)
	return n, wrap("delete tasks", err)
}
