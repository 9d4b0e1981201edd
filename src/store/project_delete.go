package store

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/store/db"
)

// deletedAtOnce bounds one transaction of a project's deletion: new rows of other projects wait for none of them long.
const deletedAtOnce = 2000

// DeleteProject deletes a project with everything in it: results, runs, their artifacts, imports, dashboards, widgets and
// memberships. Results that another project has in one of its runs stay, without the run. It works in pieces that do not
// hold up writers; cut short, it leaves a project with less in it, and can be asked again. ErrNotFound: there is none.
func (s *Store) DeleteProject(ctx context.Context, id uuid.UUID) error {
	if _, err := s.q.GetProject(ctx, id); err != nil {
		return wrap("project", err)
	}
	for {
		if err := emptyProject(ctx, s.q, id); err != nil {
			return wrap("empty project", err)
		}
		err := s.InTx(ctx, func(tx pgx.Tx) error { return removeProject(ctx, s.q.WithTx(tx), id) })
		if err = wrap("delete project", err); !errors.Is(err, ErrReference) {
			return err
		}
		// A client was faster between the two steps; once more. It ends with the client's patience or the caller's.
		if ctx.Err() != nil {
			return err
		}
	}
}

func emptyProject(ctx context.Context, q *db.Queries, id uuid.UUID) error {
	for _, step := range []func() (int64, error){
		func() (int64, error) {
			return q.DeleteResultsOfProject(ctx, db.DeleteResultsOfProjectParams{ProjectID: id, Most: deletedAtOnce})
		},
		func() (int64, error) {
			return q.DeleteResultsOfRunsOfProject(ctx, db.DeleteResultsOfRunsOfProjectParams{ProjectID: id, Most: deletedAtOnce})
		},
		func() (int64, error) {
			return q.ReleaseResultsOfRunsOfProject(ctx, db.ReleaseResultsOfRunsOfProjectParams{ProjectID: id, Most: deletedAtOnce})
		},
		func() (int64, error) {
			return q.DeleteRunsOfProject(ctx, db.DeleteRunsOfProjectParams{ProjectID: id, Most: deletedAtOnce})
		},
	} {
		for {
			n, err := step()
			if err != nil && !errors.Is(Classify(err), ErrReference) {
				return err
			}
			if err == nil && n == 0 {
				break
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
	return nil
}

// removeProject fails with ErrReference when rows came in since the project was emptied.
func removeProject(ctx context.Context, q *db.Queries, id uuid.UUID) error {
	if _, err := q.LockProjectForDelete(ctx, id); err != nil {
		return err
	}
	for _, step := range []func() error{
		func() error { return q.DeleteImportsOfProject(ctx, id) },
		func() error { return q.ClearDefaultDashboards(ctx, id) },
		func() error { return q.DeleteWidgetsOfProject(ctx, id) },
		func() error { return q.DeleteDashboardsOfProject(ctx, id) },
		func() error { return q.DeleteMembershipsOfProject(ctx, id) },
		func() error { _, err := q.DeleteProject(ctx, id); return err },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
