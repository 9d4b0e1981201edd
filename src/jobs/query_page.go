package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// QueryPage answers a page of runs or results that is too big for a request.
type QueryPage struct {
	TaskID uuid.UUID `json:"task_id"`
}

// Kind names the job.
func (QueryPage) Kind() string { return "query_page" }

// InsertOpts gives big pages a queue of their own. A page that failed is asked for again by whoever wants it.
func (QueryPage) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueQueries, MaxAttempts: 3}
}

// QueryRequest is the page, with the rights of the one who asks.
type QueryRequest struct {
	// Table is "runs" or "results".
	Table   string   `json:"table"`
	Filters []string `json:"filters"`
	// Scope are the projects that the caller may see; null means all.
	Scope    []uuid.UUID `json:"scope"`
	Page     int         `json:"page"`
	PageSize int         `json:"page_size"`
	// Sort is the order as the request had it; "" means newest first.
	Sort string `json:"sort,omitempty"`
}

// Encoder writes a page as the API answers it: an object with the rows and their pagination.
type Encoder struct {
	Runs    func(rows []store.Run, page, pageSize int, total int64) ([]byte, error)
	Results func(rows []store.Result, page, pageSize int, total int64) ([]byte, error)
}

type queryPage struct {
	river.WorkerDefaults[QueryPage]
	store  *store.Store
	encode Encoder
	log    zerolog.Logger
}

// Timeout bounds a page.
func (w *queryPage) Timeout(*river.Job[QueryPage]) time.Duration { return 5 * time.Minute }

func (w *queryPage) Work(ctx context.Context, job *river.Job[QueryPage]) error {
	task, err := w.store.Task(ctx, job.Args.TaskID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := w.store.StartTask(ctx, task.ID); err != nil {
		return err
	}
	answer, err := w.answer(ctx, task.Request)
	var unusable *filter.Error
	switch {
	case err == nil:
		return w.store.FinishTask(ctx, task.ID, answer, nil)
	case errors.As(err, &unusable):
		said := unusable.Error()
		return w.store.FinishTask(ctx, task.ID, nil, &said)
	case job.Attempt < job.MaxAttempts:
		return err
	}
	w.log.Error().Ctx(ctx).Err(err).Stringer("task", task.ID).Msg("page failed")
	said := "the page could not be read: " + reason(err)
	return w.store.FinishTask(context.WithoutCancel(ctx), task.ID, nil, &said)
}

func (w *queryPage) answer(ctx context.Context, raw json.RawMessage) ([]byte, error) {
	var r QueryRequest
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, fmt.Errorf("request of task: %w", err)
	}
	set, err := filter.Parse(r.Filters)
	if err != nil {
		return nil, err
	}
	q := store.ListQuery{Filter: set, Scope: r.Scope, Page: r.Page, PageSize: r.PageSize}
	order := store.ResultOrder
	if r.Table == "runs" {
		order = store.RunOrder
	}
	if r.Sort != "" {
		if q.Order, err = order(r.Sort); err != nil {
			return nil, err
		}
	}
	if r.Table == "runs" {
		rows, total, err := w.store.Runs(ctx, q)
		if err != nil {
			return nil, err
		}
		return w.encode.Runs(rows, r.Page, r.PageSize, total)
	}
	rows, total, err := w.store.Results(ctx, q)
	if err != nil {
		return nil, err
	}
	return w.encode.Results(rows, r.Page, r.PageSize, total)
}
