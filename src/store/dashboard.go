package store

import (
	"context"

	"github.com/google/uuid"
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
