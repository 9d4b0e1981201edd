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

// AdminGetUserList answers a page of users with their projects.
func (s *Server) AdminGetUserList(c *fiber.Ctx, params contract.AdminGetUserListParams) error {
	number, size, err := page(params.Page, params.PageSize)
	if err != nil {
		return err
	}
	_, set, err := filters(params.Filter, filter.User())
	if err != nil {
		return err
	}
	users, total, err := s.store.Users(c.UserContext(), store.UserQuery{Filter: set, Page: number, PageSize: size})
	if err != nil {
		return filter.Refused(set, err)
	}
	views, err := s.userViews(c.UserContext(), users)
	if err != nil {
		return err
	}
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.UserList(dst, views, number, size, total) })
}

// userViews adds to users the projects that list them.
func (s *Server) userViews(ctx context.Context, users []store.User) ([]encode.UserView, error) {
	ids := make([]uuid.UUID, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	projectsOf, err := s.store.ProjectsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	// Each project is read once, however many of the users it lists.
	var projects []store.Project
	place := map[uuid.UUID]int{}
	for _, of := range projectsOf {
		for _, p := range of {
			if _, ok := place[p.ID]; !ok {
				place[p.ID] = len(projects)
				projects = append(projects, p)
			}
		}
	}
	shown, err := s.projectViews(ctx, projects, false)
	if err != nil {
		return nil, err
	}
	views := make([]encode.UserView, len(users))
	for i, u := range users {
		views[i].User = u
		for _, p := range projectsOf[u.ID] {
			views[i].Projects = append(views[i].Projects, shown[place[p.ID]])
		}
	}
	return views, nil
}

var userFields = []string{"id", "email", "name", "is_superadmin", "is_active", "group_id", "password", "projects"}

// AdminAddUser makes a user. Nobody is told by mail.
func (s *Server) AdminAddUser(c *fiber.Ctx) error {
	ctx, body := c.UserContext(), object(c)
	if err := onlyKnown(body, userFields...); err != nil {
		return err
	}
	id, err := idField(body, "id")
	if err != nil {
		return err
	}
	projects, err := s.projectsField(ctx, body)
	if err != nil {
		return err
	}
	change, err := s.userChange(c, body)
	if err != nil {
		return err
	}
	account := store.Account{User: store.User{ID: s.idOr(id)}}
	if err := change(&account); err != nil {
		return err
	}
	err = s.store.InsertAccount(ctx, account, projects...)
	if errors.Is(err, store.ErrConflict) {
		if _, err := s.store.Account(ctx, account.Email); err == nil {
			return emailTaken(http.StatusBadRequest, account.Email)
		}
		return refuse(http.StatusConflict, "User id %s already exist", account.ID)
	}
	if err != nil {
		return err
	}
	s.directory.Flush()
	return send(c, http.StatusCreated, func(dst []byte) []byte { return encode.User(dst, &account.User) })
}

// userChange reads the columns of a user, and returns what they do to an account.
func (s *Server) userChange(c *fiber.Ctx, body contract.Object) (func(*store.Account) error, error) {
	group, err := idField(body, "group_id")
	if err != nil {
		return nil, err
	}
	if group != nil {
		if _, err := s.store.Group(c.UserContext(), *group); errors.Is(err, store.ErrNotFound) {
			return nil, refuse(http.StatusBadRequest, noSuchGroup, *group)
		} else if err != nil {
			return nil, err
		}
	}
	own, err := s.accountChange(c, body)
	if err != nil {
		return nil, err
	}
	return func(a *store.Account) error {
		setFlag(body, "is_superadmin", &a.IsSuperadmin)
		setFlag(body, "is_active", &a.IsActive)
		setID(body, "group_id", group, &a.GroupID)
		return own(a)
	}, nil
}

// setFlag changes a column of true and false when the body has it.
func setFlag(body contract.Object, name string, column *bool) {
	if raw, ok := body.Get(name); ok {
		*column = string(raw) == "true"
	}
}

// projectsField returns the projects that shall list a user: [{"id": ...}].
func (s *Server) projectsField(ctx context.Context, body contract.Object) ([]uuid.UUID, error) {
	raw, ok := body.Get("projects")
	if !ok || contract.IsNull(raw) {
		return nil, nil
	}
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return nil, badField("projects", "it is not a list")
	}
	ids := make([]uuid.UUID, 0, len(items))
	for _, item := range items {
		project, err := contract.ParseObject(item)
		if err != nil {
			return nil, badField("projects", "it is not a list of objects with an id")
		}
		text, _ := project.Text("id")
		id, ok := filter.ParseUUID(text)
		if !ok {
			return nil, badField("projects", "%q is not a valid UUID", shown(text))
		}
		if _, err := s.directory.Project(ctx, id); errors.Is(err, store.ErrNotFound) {
			return nil, badField("projects", "there is no project %s", id)
		} else if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// AdminGetUser answers one user with their projects.
func (s *Server) AdminGetUser(c *fiber.Ctx, text contract.PlainId) error {
	id, err := pathID(text)
	if err != nil {
		return err
	}
	u, err := s.store.User(c.UserContext(), id)
	if err != nil {
		return adminMissing(err)
	}
	views, err := s.userViews(c.UserContext(), []store.User{u})
	if err != nil {
		return err
	}
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.UserWithProjects(dst, &views[0]) })
}

// AdminUpdateUser changes a user, whom then exactly the projects of the body list: none, if it names none.
func (s *Server) AdminUpdateUser(c *fiber.Ctx, text contract.Id) error {
	id, err := pathID(text)
	if err != nil {
		return err
	}
	ctx, body := c.UserContext(), object(c)
	if _, err := s.store.User(ctx, id); err != nil {
		return adminMissing(err)
	}
	projects, err := s.projectsField(ctx, body)
	if err != nil {
		return err
	}
	change, err := s.userChange(c, body)
	if err != nil {
		return err
	}
	also := []store.TxFunc{func(ctx context.Context, tx pgx.Tx) error { return s.store.SetProjectsTx(ctx, tx, id, projects) }}
	if newPassword(body) {
		end, err := s.accounts.EndOthersTx(ctx, id, identityOf(c, id))
		if err != nil {
			return err
		}
		also = append(also, end)
	}
	u, err := s.store.UpdateAccount(ctx, id, change, also...)
	if err != nil {
		return adminMissing(lastSuperadmin(accountConflict(err, body)))
	}
	s.directory.Flush()
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.User(dst, &u) })
}

// identityOf is who asks where that is the user, else nil.
func identityOf(c *fiber.Ctx, user uuid.UUID) *auth.Identity {
	if who := identity(c); who.UserID == user {
		return who
	}
	return nil
}

// lastSuperadmin answers who would leave the server without an administrator.
func lastSuperadmin(err error) error {
	if errors.Is(err, store.ErrLastSuperadmin) {
		return problem(http.StatusBadRequest, "This is the last active superadmin")
	}
	return err
}

// AdminDeleteUser deletes a user. Their projects and dashboards go to who asks.
func (s *Server) AdminDeleteUser(c *fiber.Ctx, text contract.Id) error {
	id, err := pathID(text)
	if err != nil {
		return err
	}
	who := identity(c)
	if id == who.UserID {
		return problem(http.StatusBadRequest, "Nobody can delete themselves")
	}
	if err := s.store.DeleteUser(c.UserContext(), id, who.UserID); err != nil {
		return adminMissing(lastSuperadmin(err))
	}
	s.directory.Flush()
	return sendMessage(c, http.StatusOK, "OK")
}
