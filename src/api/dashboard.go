package api

import (
	"errors"
	"net/http"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/api/encode"
	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// GetDashboardList answers a page of the dashboards that who asks may see: those of a project, or of all that list them.
func (s *Server) GetDashboardList(c *fiber.Ctx, params contract.GetDashboardListParams) error {
	number, size, err := page(params.Page, params.PageSize)
	if err != nil {
		return err
	}
	_, set, err := filters(params.Filter, filter.Dashboard())
	if err != nil {
		return err
	}
	q := store.DashboardQuery{Filter: set, Scope: identity(c).Scope(), Page: number, PageSize: size}
	if q.ProjectID, err = queryIDOrNone("project_id", params.ProjectId); err != nil {
		return err
	}
	if q.ProjectID != nil {
		if err := s.allow(c, "get_dashboard_list", q.ProjectID); err != nil {
			return err
		}
		q.Scope = nil // an owner who is no member sees the project's own, too
	}
	dashboards, total, err := s.store.Dashboards(c.UserContext(), q)
	if err != nil {
		return filter.Refused(set, err)
	}
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.DashboardList(dst, dashboards, number, size, total) })
}

// AddDashboard makes a dashboard.
func (s *Server) AddDashboard(c *fiber.Ctx) error {
	body := object(c)
	if err := onlyKnown(body, "id", "title", "description", "filters", "project_id", "user_id"); err != nil {
		return err
	}
	id, err := idField(body, "id")
	if err != nil {
		return err
	}
	d := store.Dashboard{ID: s.idOr(id)}
	change, err := s.dashboardChange(c, "add_dashboard", body)
	if err != nil {
		return err
	}
	change(&d)
	none := ""
	if d.Description == nil {
		d.Description = &none
	}
	if d.Filters == nil {
		d.Filters = &none
	}
	if err := s.allow(c, "add_dashboard", d.ProjectID); err != nil {
		return err
	}
	if err := s.store.InsertDashboard(c.UserContext(), d); err != nil {
		return noReference(err, d.ProjectID)
	}
	return send(c, http.StatusCreated, func(dst []byte) []byte { return encode.Dashboard(dst, &d) })
}

// noReference answers 400 where a row refers to a project that does not exist.
func noReference(err error, id *uuid.UUID) error {
	if errors.Is(err, store.ErrReference) && id != nil {
		return badField("project_id", "there is no project %s", *id)
	}
	return err
}

// dashboardChange reads the columns of a dashboard, and returns what they do to it. The project that it is to belong to has
// to be open to who asks.
func (s *Server) dashboardChange(c *fiber.Ctx, operation string, body contract.Object) (func(*store.Dashboard), error) {
	project, err := idField(body, "project_id")
	if err != nil {
		return nil, err
	}
	if project != nil {
		if err := s.allow(c, operation, project); err != nil {
			return nil, err
		}
	}
	user, err := idField(body, "user_id")
	if err != nil {
		return nil, err
	}
	if user != nil {
		users, err := s.store.UsersByID(c.UserContext(), []uuid.UUID{*user})
		if err != nil {
			return nil, err
		}
		if _, ok := users[*user]; !ok {
			return nil, refuse(http.StatusBadRequest, "User with ID %s doesn't exist", *user)
		}
	}
	return func(d *store.Dashboard) {
		setText(body, "title", &d.Title)
		setPlain(body, "description", &d.Description)
		setText(body, "filters", &d.Filters)
		setID(body, "project_id", project, &d.ProjectID)
		setID(body, "user_id", user, &d.UserID)
	}, nil
}

// setPlain changes a column of text, whose kind the contract leaves open, when the body has it.
func setPlain(body contract.Object, name string, column **string) {
	if _, ok := body.Get(name); ok {
		*column = plainText(body, name)
	}
}

// GetDashboard answers one dashboard.
func (s *Server) GetDashboard(c *fiber.Ctx, text contract.Id) error {
	id, err := pathID(text)
	if err != nil {
		return err
	}
	d, err := s.store.Dashboard(c.UserContext(), id)
	if err != nil {
		return missing(err, "Dashboard not found")
	}
	if err := s.allow(c, "get_dashboard", d.ProjectID); err != nil {
		return err
	}
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.Dashboard(dst, &d) })
}

// UpdateDashboard changes a dashboard.
func (s *Server) UpdateDashboard(c *fiber.Ctx, text contract.Id) error {
	id, err := pathID(text)
	if err != nil {
		return err
	}
	before, err := s.store.Dashboard(c.UserContext(), id)
	if err != nil {
		return missing(err, "Dashboard not found")
	}
	if err := s.allow(c, "update_dashboard", before.ProjectID); err != nil {
		return err
	}
	// A dashboard has no metadata. Clients that send some are asked whether they may work in its project, no more.
	m, err := parseMetadata(objectField(object(c), "metadata"))
	if err != nil {
		return err
	}
	if err := s.allowNamed(c, "update_dashboard", m); err != nil {
		return err
	}
	change, err := s.dashboardChange(c, "update_dashboard", object(c))
	if err != nil {
		return err
	}
	after, err := s.store.UpdateDashboard(c.UserContext(), id, func(d *store.Dashboard) error {
		if err := s.allow(c, "update_dashboard", d.ProjectID); err != nil {
			return err
		}
		change(d)
		return nil
	})
	if err != nil {
		return missing(noReference(err, after.ProjectID), "Dashboard not found")
	}
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.Dashboard(dst, &after) })
}

// DeleteDashboard deletes a dashboard with its widgets.
func (s *Server) DeleteDashboard(c *fiber.Ctx, text contract.Id) error {
	id, err := pathID(text)
	if err != nil {
		return err
	}
	err = s.store.DeleteDashboard(c.UserContext(), id, func(d store.Dashboard) error {
		return s.permissions.Allow("delete_dashboard", identity(c), auth.Object{Project: d.ProjectID, User: d.UserID})
	})
	if err != nil {
		return err
	}
	return sendMessage(c, http.StatusOK, "OK")
}
