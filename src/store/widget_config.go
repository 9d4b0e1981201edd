package store

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/store/db"
)

// WidgetConfig is a widget on a dashboard, or a view in the menu, with its parameters.
type WidgetConfig struct {
	ID uuid.UUID
	// ProjectID is nil for one that all projects show.
	ProjectID   *uuid.UUID
	DashboardID *uuid.UUID
	Title       *string
	// Type is "widget" or "view".
	Type *string
	// Widget is the kind of widget.
	Widget *string
	// Weight orders the widgets of a dashboard, the lightest first.
	Weight *int32
	// Params are the widget's parameters: an object, or nil.
	Params json.RawMessage
	// Navigable says whether a view is in the menu.
	Navigable *bool
	// DashboardProjectID is the project of its dashboard. It is read, never written.
	DashboardProjectID *uuid.UUID
}

// Belongs returns the project whose members may see and change it: its own, else its dashboard's; nil for neither.
func (w WidgetConfig) Belongs() *uuid.UUID {
	if w.ProjectID != nil {
		return w.ProjectID
	}
	return w.DashboardProjectID
}

// widgetConfigProject is Belongs in SQL.
const widgetConfigProject = "coalesce(project_id, (SELECT d.project_id FROM dashboards d WHERE d.id = dashboard_id))"

const widgetConfigColumns = "id, project_id, dashboard_id, title, type, widget, weight, params, navigable"

func scanWidgetConfig(row pgx.CollectableRow) (WidgetConfig, error) {
	var w WidgetConfig
	err := row.Scan(&w.ID, &w.ProjectID, &w.DashboardID, &w.Title, &w.Type, &w.Widget, &w.Weight, &w.Params, &w.Navigable)
	w.Params = object(w.Params)
	return w, err
}

// WidgetConfig returns one widget configuration, or ErrNotFound.
func (s *Store) WidgetConfig(ctx context.Context, id uuid.UUID) (WidgetConfig, error) {
	row, err := s.q.GetWidgetConfig(ctx, id)
	w := WidgetConfig(row)
	w.Params = object(w.Params)
	return w, wrap("widget configuration", err)
}

// WidgetConfigQuery asks for a page of widget configurations, the lightest first.
type WidgetConfigQuery struct {
	Filter filter.Set
	// Scope are the projects whose configurations the caller may see, beside those of none; nil means all.
	Scope []uuid.UUID
	// Page counts from 1; lower means 1. PageSize is the number of rows.
	Page, PageSize int
}

// WidgetConfigs returns a page of widget configurations and how many match in all. A filter that cannot be used is a
// *filter.Error.
func (s *Store) WidgetConfigs(ctx context.Context, q WidgetConfigQuery) ([]WidgetConfig, int64, error) {
	args := filter.NewArgs(0)
	where, err := filter.Compile(filter.WidgetConfig(), q.Filter, args)
	if err != nil {
		return nil, 0, err
	}
	c := condition{where, args.Values()}
	if q.Scope != nil {
		c = c.and("("+widgetConfigProject+" IS NULL OR "+widgetConfigProject+" = ANY(%s::uuid[]))", q.Scope)
	}
	l := shortList[WidgetConfig]{table: "widget_configs", columns: widgetConfigColumns, order: `weight, title COLLATE "C", id`, scan: scanWidgetConfig}
	return l.page(ctx, s, c, q.Page, q.PageSize)
}

// InsertWidgetConfig adds a widget configuration. ErrConflict: the id is taken; ErrReference: there is no such project or
// dashboard.
func (s *Store) InsertWidgetConfig(ctx context.Context, w WidgetConfig) error {
	return wrap("add widget configuration", s.change(ctx, func(q *db.Queries) error {
		return q.InsertWidgetConfig(ctx, db.InsertWidgetConfigParams{
			ID: w.ID, ProjectID: w.ProjectID, DashboardID: w.DashboardID, Title: w.Title, Type: w.Type, Widget: w.Widget, Weight: w.Weight,
			Params: orNull(w.Params), Navigable: w.Navigable,
		})
	}))
}

// UpdateWidgetConfig changes a widget configuration under its row lock. An error of change is returned as it is, and
// nothing is written.
func (s *Store) UpdateWidgetConfig(ctx context.Context, id uuid.UUID, change func(*WidgetConfig) error) (WidgetConfig, error) {
	var after WidgetConfig
	err := s.InTx(ctx, func(tx pgx.Tx) error {
		q := s.q.WithTx(tx)
		row, err := q.LockWidgetConfig(ctx, id)
		if err != nil {
			return wrap("widget configuration", err)
		}
		after = WidgetConfig(row)
		after.Params = object(after.Params)
		if err := change(&after); err != nil {
			return err
		}
		after.ID = id
		return wrap("update widget configuration", q.UpdateWidgetConfig(ctx, db.UpdateWidgetConfigParams{
			ID: id, ProjectID: after.ProjectID, DashboardID: after.DashboardID, Title: after.Title, Type: after.Type, Widget: after.Widget,
			Weight: after.Weight, Params: orNull(after.Params), Navigable: after.Navigable,
		}))
	})
	return after, err
}

// DeleteWidgetConfig deletes a widget configuration, or returns ErrNotFound.
func (s *Store) DeleteWidgetConfig(ctx context.Context, id uuid.UUID) error {
	return wrap("delete widget configuration", s.change(ctx, func(q *db.Queries) error {
		n, err := q.DeleteWidgetConfig(ctx, id)
		if err == nil && n == 0 {
			err = pgx.ErrNoRows
		}
		return err
	}))
}
