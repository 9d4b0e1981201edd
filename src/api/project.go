package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/api/encode"
	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// GetProjectList answers a page of the projects that list who asks; to superadmins, of all.
func (s *Server) GetProjectList(c *fiber.Ctx, params contract.GetProjectListParams) error {
	return s.projectList(c, contract.AdminGetProjectListParams(params), identity(c).Scope(), false)
}

func (s *Server) projectList(c *fiber.Ctx, params contract.AdminGetProjectListParams, scope []uuid.UUID, withOwner bool) error {
	number, size, err := page(params.Page, params.PageSize)
	if err != nil {
		return err
	}
	_, set, err := filters(params.Filter, filter.Project())
	if err != nil {
		return err
	}
	q := store.ProjectQuery{Filter: set, Scope: scope, Page: number, PageSize: size}
	if q.OwnerID, err = queryIDOrNone("ownerId", params.OwnerId); err != nil {
		return err
	}
	if q.GroupID, err = queryIDOrNone("groupId", params.GroupId); err != nil {
		return err
	}
	projects, total, err := s.store.Projects(c.UserContext(), q)
	if err != nil {
		return filter.Refused(set, err)
	}
	views, err := s.projectViews(c.UserContext(), projects, withOwner)
	if err != nil {
		return err
	}
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.ProjectList(dst, views, number, size, total) })
}

func queryIDOrNone(name string, text *string) (*uuid.UUID, error) {
	if text == nil {
		return nil, nil
	}
	return queryID(name, *text)
}

// projectViews adds to projects what is shown of the rows around them.
func (s *Server) projectViews(ctx context.Context, projects []store.Project, withOwner bool) ([]encode.ProjectView, error) {
	var ids, boards, owners []uuid.UUID
	for _, p := range projects {
		ids = append(ids, p.ID)
		if p.DefaultDashboardID != nil {
			boards = append(boards, *p.DefaultDashboardID)
		}
		if withOwner && p.OwnerID != nil {
			owners = append(owners, *p.OwnerID)
		}
	}
	members, err := s.store.Members(ctx, ids)
	if err != nil {
		return nil, err
	}
	dashboards, err := s.store.DashboardsByID(ctx, boards)
	if err != nil {
		return nil, err
	}
	users, err := s.store.UsersByID(ctx, owners)
	if err != nil {
		return nil, err
	}
	views := make([]encode.ProjectView, len(projects))
	for i, p := range projects {
		view := encode.ProjectView{Project: p, Members: members[p.ID]}
		if p.DefaultDashboardID != nil {
			if d, ok := dashboards[*p.DefaultDashboardID]; ok && fits(d, p.ID) {
				view.Dashboard = &d
			}
		}
		if p.OwnerID != nil {
			if u, ok := users[*p.OwnerID]; ok {
				view.Owner = &u
			}
		}
		views[i] = view
	}
	return views, nil
}

// fits says whether a dashboard may be a project's first: that of another project would be shown to people who may not see it.
func fits(d store.Dashboard, project uuid.UUID) bool {
	return d.ProjectID == nil || *d.ProjectID == project
}

func (s *Server) sendProject(c *fiber.Ctx, status int, p store.Project, withOwner bool) error {
	views, err := s.projectViews(c.UserContext(), []store.Project{p}, withOwner)
	if err != nil {
		return err
	}
	return send(c, status, func(dst []byte) []byte { return encode.Project(dst, &views[0]) })
}

var projectFields = []string{"id", "name", "title", "owner_id", "group_id", "default_dashboard_id", "users"}

// AddProject makes a project, whose owner and first member is who asks.
func (s *Server) AddProject(c *fiber.Ctx) error {
	return s.addProject(c, identity(c).UserID, "Bad request, group_id: there is no group %s")
}

// addProject makes a project of that owner. noGroup says that there is no such group.
func (s *Server) addProject(c *fiber.Ctx, owner uuid.UUID, noGroup string) error {
	ctx, body := c.UserContext(), object(c)
	if err := onlyKnown(body, projectFields...); err != nil {
		return err
	}
	id, err := idField(body, "id")
	if err != nil {
		return err
	}
	p := store.Project{ID: s.idOr(id)}
	change, err := s.projectChange(ctx, body, p.ID, noGroup)
	if err != nil {
		return err
	}
	emails, err := emailsField(body)
	if err != nil {
		return err
	}
	change(&p)
	p.OwnerID = &owner
	err = s.store.InTx(ctx, func(tx pgx.Tx) error {
		if err := s.store.InsertProjectTx(ctx, tx, p); err != nil {
			return err
		}
		if err := s.store.AddMembersTx(ctx, tx, p.ID, owner); err != nil {
			return err
		}
		return s.store.AddMembersByEmailTx(ctx, tx, p.ID, emails...)
	})
	if errors.Is(err, store.ErrConflict) {
		return refuse(http.StatusBadRequest, "Project id %s already exist", p.ID)
	}
	if err != nil {
		return err
	}
	s.directory.Flush()
	return s.sendProject(c, http.StatusCreated, p, false)
}

// projectChange reads the columns of a project, and returns what they do to it. It asks the database whether what they refer
// to is there, and so comes before the project is locked.
func (s *Server) projectChange(ctx context.Context, body contract.Object, project uuid.UUID, noGroup string) (func(*store.Project), error) {
	owner, err := idField(body, "owner_id")
	if err != nil {
		return nil, err
	}
	group, err := idField(body, "group_id")
	if err != nil {
		return nil, err
	}
	if group != nil {
		if _, err := s.store.Group(ctx, *group); errors.Is(err, store.ErrNotFound) {
			return nil, refuse(http.StatusBadRequest, noGroup, *group)
		} else if err != nil {
			return nil, err
		}
	}
	board, err := idField(body, "default_dashboard_id")
	if err != nil {
		return nil, err
	}
	if board != nil {
		boards, err := s.store.DashboardsByID(ctx, []uuid.UUID{*board})
		if err != nil {
			return nil, err
		}
		if d, ok := boards[*board]; !ok || !fits(d, project) {
			return nil, badField("default_dashboard_id", "the project has no dashboard %s", *board)
		}
	}
	return func(p *store.Project) {
		setText(body, "name", &p.Name)
		setText(body, "title", &p.Title)
		setID(body, "owner_id", owner, &p.OwnerID)
		setID(body, "group_id", group, &p.GroupID)
		setID(body, "default_dashboard_id", board, &p.DefaultDashboardID)
	}, nil
}

// setID changes a column of ids when the body has it; null empties it.
func setID(body contract.Object, name string, id *uuid.UUID, column **uuid.UUID) {
	if _, ok := body.Get(name); ok {
		*column = id
	}
}

// emailsField returns the addresses of the members to add. Users as they are answered, objects, count by their address.
func emailsField(body contract.Object) ([]string, error) {
	raw, ok := body.Get("users")
	if !ok || contract.IsNull(raw) {
		return nil, nil
	}
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return nil, badField("users", "it is not a list")
	}
	var emails []string
	for _, item := range items {
		email, ok := contract.Text(item)
		if !ok && contract.IsObject(item) {
			user, err := contract.ParseObject(item)
			if err != nil {
				return nil, badField("users", "it cannot be read")
			}
			email, ok = user.Text("email")
		}
		if !ok {
			return nil, badField("users", "it is not a list of e-mail addresses")
		}
		emails = append(emails, email)
	}
	return emails, nil
}

// GetProject answers one project.
func (s *Server) GetProject(c *fiber.Ctx, text contract.PlainId) error {
	p, err := s.openProject(c, "get_project", text)
	if err != nil {
		return err
	}
	return s.sendProject(c, http.StatusOK, p, false)
}

// openProject returns the project of a path if it is open to who asks. To others the answer is 401: the page signs them out
// on it, and clients have learnt to expect it.
func (s *Server) openProject(c *fiber.Ctx, operation, text string) (store.Project, error) {
	id, err := pathID(text)
	if err != nil {
		return store.Project{}, err
	}
	p, err := s.store.Project(c.UserContext(), id)
	if err != nil {
		return p, missing(err, "Project not found")
	}
	if err := s.allow(c, operation, &p.ID); err != nil {
		return p, refuse(http.StatusUnauthorized, "Unauthorized")
	}
	return p, nil
}

// UpdateProject changes a project, and adds members to it.
func (s *Server) UpdateProject(c *fiber.Ctx, text contract.Id) error {
	id, err := pathID(text)
	if err != nil {
		return err
	}
	who := identity(c)
	allowed := func(p *store.Project) error {
		return s.permissions.Allow("update_project", who, auth.Object{Project: &p.ID, Owner: p.OwnerID})
	}
	before, err := s.store.Project(c.UserContext(), id)
	if err != nil {
		return missing(err, "Project not found")
	}
	if err := allowed(&before); err != nil {
		return err
	}
	after, err := s.updateProject(c, id, allowed, "Bad request, group_id: there is no group %s")
	if err != nil {
		return missing(err, "Project not found")
	}
	return s.sendProject(c, http.StatusOK, after, false)
}

// updateProject changes a project if it is allowed once the project is locked, and does also in the same transaction.
func (s *Server) updateProject(c *fiber.Ctx, id uuid.UUID, allowed func(*store.Project) error, noGroup string, also ...store.TxFunc) (store.Project, error) {
	body := object(c)
	change, err := s.projectChange(c.UserContext(), body, id, noGroup)
	if err != nil {
		return store.Project{}, err
	}
	emails, err := emailsField(body)
	if err != nil {
		return store.Project{}, err
	}
	join := func(ctx context.Context, tx pgx.Tx) error { return s.store.AddMembersByEmailTx(ctx, tx, id, emails...) }
	p, err := s.store.UpdateProject(c.UserContext(), id, func(p *store.Project) error {
		if err := allowed(p); err != nil {
			return err
		}
		change(p)
		return nil
	}, append(also, join)...)
	if err != nil {
		return p, err
	}
	s.directory.Flush()
	return p, nil
}

// GetFilterParams answers the fields that results of a project can be filtered by: those of the newest one.
func (s *Server) GetFilterParams(c *fiber.Ctx, text contract.PlainId) error {
	p, err := s.openProject(c, "get_filter_params", text)
	if err != nil {
		return err
	}
	newest, err := s.store.NewestResult(c.UserContext(), p.ID)
	if errors.Is(err, store.ErrNotFound) {
		return sendJSON(c, http.StatusOK, []string{})
	}
	if err != nil {
		return err
	}
	fields := []string{"component", "duration", "env", "id", "project_id", "result", "run_id", "source", "start_time", "test_id"}
	if len(newest.Params) == 0 {
		fields = append(fields, "params")
	}
	fields = appendPaths(fields, "params", newest.Params)
	return sendJSON(c, http.StatusOK, appendPaths(fields, "data", newest.Data))
}

// appendPaths appends the paths of all values in an object, however deep.
func appendPaths(paths []string, prefix string, raw json.RawMessage) []string {
	object, err := contract.ParseObject(raw)
	if err != nil {
		return paths
	}
	for name, value := range object.All() {
		path := prefix + "." + name
		if contract.IsObject(value) {
			paths = appendPaths(paths, path, value)
			continue
		}
		paths = append(paths, path)
	}
	return paths
}
