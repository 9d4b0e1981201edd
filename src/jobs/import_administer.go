package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/rivertype"

	"github.com/ibutsu/ibutsu-go/src/store"
)

var (
	// ErrNotFailed means that an import has not failed, and so is not tried again.
	ErrNotFailed = errors.New("the import has not failed")
	// ErrFileGone means that the file of an import is no longer kept.
	ErrFileGone = errors.New("the file of the import is no longer kept")
)

// RetryImport lets a failed import begin anew under the rights of who sent it, or of the user where nobody knows who did.
// ErrNotFailed: it waits, runs or is done. ErrFileGone: there is nothing to read any more. ErrRunning: the job that failed is just
// ending.
func (c *Client) RetryImport(ctx context.Context, id, user uuid.UUID) error {
	return c.store.InTx(ctx, func(tx pgx.Tx) error {
		uploader, err := c.reopen(ctx, tx, id)
		if err != nil {
			return err
		}
		job, err := store.ImportJobTx(ctx, tx, id)
		if !errors.Is(err, store.ErrNotFound) {
			if err != nil {
				return err
			}
			return c.retry(ctx, tx, job)
		}
		// What is long over is not in the queue any more.
		if uploader != nil {
			user = *uploader
		}
		return c.Import(id, user)(ctx, tx)
	})
}

func (c *Client) reopen(ctx context.Context, tx pgx.Tx, id uuid.UUID) (uploader *uuid.UUID, err error) {
	uploader, err = c.store.ReopenImportTx(ctx, tx, id)
	switch {
	case errors.Is(err, store.ErrConflict):
		return nil, fmt.Errorf("retry import %s: %w", id, ErrNotFailed)
	case errors.Is(err, store.ErrNotFound):
		return nil, fmt.Errorf("retry import %s: %w", id, ErrFileGone)
	}
	return uploader, err
}

// CancelImport ends an import in the name of somebody, "" for whoever rules the database: at once if it waits, else when its
// worker has heard of it. ErrOver: it has ended.
func (c *Client) CancelImport(ctx context.Context, id uuid.UUID, by string) error {
	if by == "" {
		by = "an administrator"
	}
	return c.store.InTx(ctx, func(tx pgx.Tx) error {
		err := c.store.CancelImportTx(ctx, tx, id, by)
		if errors.Is(err, store.ErrConflict) {
			return fmt.Errorf("cancel import %s: %w", id, ErrOver)
		}
		if err != nil {
			return err
		}
		job, err := store.ImportJobTx(ctx, tx, id)
		if err == nil {
			var row *rivertype.JobRow
			row, err = c.river.JobCancelTx(ctx, tx, job)
			if err == nil && row.State == rivertype.JobStateRunning {
				return nil // it says so itself
			}
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		merge, err := json.Marshal(map[string]string{"error": "cancelled by " + by})
		if err != nil {
			return err
		}
		return c.store.SetImportStateTx(ctx, tx, id, store.ImportError, merge)
	})
}

// importOf is the import that a job is about; ok is false for one of another kind.
func importOf(row *rivertype.JobRow) (id uuid.UUID, ok bool) {
	var args Import
	if row.Kind != args.Kind() || json.Unmarshal(row.EncodedArgs, &args) != nil {
		return uuid.Nil, false
	}
	return args.ImportID, true
}
