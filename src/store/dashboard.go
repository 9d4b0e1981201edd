package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/store/db"
)

// Dashboard is a page of widgets.
type Dashboard struct {
	ID          uuid.UUID
	Title       *string
	Description *string
	// Filters are laid over those of the widgets.
	Filters   *string
	ProjectID *uuid.UUID
	// UserID is who made it.
	UserID *uuid.UUID
}

const dashboardColumns = "id, title, description, filters, project_id, user_id"

func scanDashboard(row pgx.CollectableRow) (Dashboard, error) {
	var d Dashboard
	err := row.Scan(&d.ID, &d.Title, &d.Description, &d.Filters, &d.ProjectID, &d.UserID)
	return d, err
}

// Dashboard returns one dashboard, or ErrNotFound.
func (s *Store) Dashboard(ctx context.Context, id uuid.UUID) (Dashboard, error) {
	d, err := s.q.GetDashboard(ctx, id)
	return Dashboard(d), wrap("dashboard", err)
}

// DashboardsByID returns those of the dashboards that exist.
func (s *Store) DashboardsByID(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]Dashboard, error) {
	dashboards := make(map[uuid.UUID]Dashboard, len(ids))
	if len(ids) == 0 {
		return dashboards, nil
	}
	rows, err := s.q.GetDashboards(ctx, ids)
	for _, d := range rows {
		dashboards[d.ID] = Dashboard(d)
	}
	return dashboards, wrap("dashboards", err)
}

// DashboardQuery asks for a page of dashboards, in the order of their titles, those without one last.
type DashboardQuery struct {
	Filter filter.Set
	// Scope are the projects whose dashboards the caller may see, beside those without project; nil means all.
	Scope []uuid.UUID
	// ProjectID keeps those of one project.
	ProjectID *uuid.UUID
	// Page counts from 1; lower means 1. PageSize is the number of rows.
	Page, PageSize int
}

// Dashboards returns a page of dashboards and how many match in all. A filter that cannot be used is a *filter.Error.
func (s *Store) Dashboards(ctx context.Context, q DashboardQuery) ([]Dashboard, int64, error) {
	args := filter.NewArgs(0)
	where, err := filter.Compile(filter.Dashboard(), q.Filter, args)
	if err != nil {
		return nil, 0, err
	}
	c := condition{where, args.Values()}
	if q.Scope != nil {
		c = c.and("(project_id = ANY(%s::uuid[]) OR project_id IS NULL)", q.Scope)
	}
	if q.ProjectID != nil {
		c = c.and("project_id = %s::uuid", *q.ProjectID)
	}
	// By bytes, so that the order does not depend on the database's locale.
	l := shortList[Dashboard]{table: "dashboards", columns: dashboardColumns, order: `title COLLATE "C", id`, scan: scanDashboard}
	return l.page(ctx, s, c, q.Page, q.PageSize)
}

// InsertDashboard adds a dashboard. ErrConflict: the id is taken; ErrReference: there is no such project or user.
func (s *Store) InsertDashboard(ctx context.Context, d Dashboard) error {
	return wrap("add dashboard", s.change(ctx, func(q *db.Queries) error { return q.InsertDashboard(ctx, db.InsertDashboardParams(d)) }))
}

// UpdateDashboard changes a dashboard under its row lock. An error of change is returned as it is, and nothing is written.
func (s *Store) UpdateDashboard(ctx context.Context, id uuid.UUID, change func(*Dashboard) error) (Dashboard, error) {
	var after Dashboard
	err := s.InTx(ctx, func(tx pgx.Tx) error {
		q := s.q.WithTx(tx)
		before, err := q.LockDashboard(ctx, id)
		if err != nil {
			return wrap("dashboard", err)
		}
		after = Dashboard(before)
		if err := change(&after); err != nil {
			return err
		}
		after.ID = id
		return wrap("update dashboard", q.UpdateDashboard(ctx, db.UpdateDashboardParams(after)))
	})
	return after, err
}

// DeleteDashboard deletes a dashboard with its widgets, if allowed has nothing against it; no project opens it first any
// more. An error of allowed is returned as it is.
func (s *Store) DeleteDashboard(ctx context.Context, id uuid.UUID, allowed func(Dashboard) error) error {
	return s.InTx(ctx, func(tx pgx.Tx) error {
		q := s.q.WithTx(tx)
		d, err := q.LockDashboard(ctx, id)
		if err != nil {
			return wrap("dashboard", err)
		}
		if err := allowed(Dashboard(d)); err != nil {
			return err
		}
		if err := q.UnsetDefaultDashboard(ctx, id); err != nil {
			return wrap("unset default dashboard", err)
		}
		if err := q.DeleteWidgetsOfDashboard(ctx, id); err != nil {
			return wrap("delete widgets of dashboard", err)
		}
		return wrap("delete dashboard", q.DeleteDashboard(ctx, id))
	})
}
