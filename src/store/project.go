package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/store/db"
)

// Project is what runs and results belong to.
type Project struct {
	ID uuid.UUID
	// Name is what clients send; several projects may have the same.
	Name  *string
	Title *string
	// OwnerID may change the project; the owner need not be among its members.
	OwnerID            *uuid.UUID
	GroupID            *uuid.UUID
	DefaultDashboardID *uuid.UUID
}

const projectColumns = "id, name, title, owner_id, group_id, default_dashboard_id"

func scanProject(row pgx.CollectableRow) (Project, error) {
	var p Project
	err := row.Scan(&p.ID, &p.Name, &p.Title, &p.OwnerID, &p.GroupID, &p.DefaultDashboardID)
	return p, err
}

// Project returns one project, or ErrNotFound.
func (s *Store) Project(ctx context.Context, id uuid.UUID) (Project, error) {
	p, err := s.q.GetProject(ctx, id)
	return Project(p), wrap("project", err)
}

// ProjectsNamed returns the projects of this name (case counts), in the order of their ids; none is no error.
func (s *Store) ProjectsNamed(ctx context.Context, name string) ([]Project, error) {
	rows, err := s.q.GetProjectsNamed(ctx, &name)
	projects := make([]Project, len(rows))
	for i, p := range rows {
		projects[i] = Project(p)
	}
	return projects, wrap("projects named", err)
}

// ProjectQuery asks for a page of projects, in the order of their names.
type ProjectQuery struct {
	Filter filter.Set
	// Scope are the projects that the caller may see; nil means all.
	Scope []uuid.UUID
	// OwnerID and GroupID keep those of one owner, of one group.
	OwnerID, GroupID *uuid.UUID
	// Page counts from 1; lower means 1. PageSize is the number of rows.
	Page, PageSize int
}

// Projects returns a page of projects and how many match in all. A filter that cannot be used is a *filter.Error.
func (s *Store) Projects(ctx context.Context, q ProjectQuery) ([]Project, int64, error) {
	args := filter.NewArgs(0)
	where, err := filter.Compile(filter.Project(), q.Filter, args)
	if err != nil {
		return nil, 0, err
	}
	c := condition{where, args.Values()}
	if q.Scope != nil {
		c = c.and("id = ANY(%s::uuid[])", q.Scope)
	}
	if q.OwnerID != nil {
		c = c.and("owner_id = %s::uuid", *q.OwnerID)
	}
	if q.GroupID != nil {
		c = c.and("group_id = %s::uuid", *q.GroupID)
	}
	l := shortList[Project]{table: "projects", columns: projectColumns, order: "name, id", scan: scanProject}
	return l.page(ctx, s, c, q.Page, q.PageSize)
}

// InsertProject adds a project with its members. ErrConflict: the id is taken; ErrReference: there is no such owner, group,
// dashboard or member.
func (s *Store) InsertProject(ctx context.Context, p Project, members ...uuid.UUID) error {
	return s.InTx(ctx, func(tx pgx.Tx) error {
		if err := s.InsertProjectTx(ctx, tx, p); err != nil {
			return err
		}
		return s.AddMembersTx(ctx, tx, p.ID, members...)
	})
}

// InsertProjectTx adds a project without members in a transaction.
func (s *Store) InsertProjectTx(ctx context.Context, tx pgx.Tx, p Project) error {
	return wrap("add project", s.q.WithTx(tx).InsertProject(ctx, db.InsertProjectParams(p)))
}

// OwnProjectTx gives the first project of that name to the owner, or adds it when there is none.
func (s *Store) OwnProjectTx(ctx context.Context, tx pgx.Tx, p Project) error {
	n, err := s.q.WithTx(tx).OwnProjectNamed(ctx, db.OwnProjectNamedParams{OwnerID: *p.OwnerID, Name: *p.Name})
	if err != nil || n > 0 {
		return wrap("own project", err)
	}
	return s.InsertProjectTx(ctx, tx, p)
}

// UpdateProject changes a project under its row lock, and then does what also says in the same transaction. An error of
// change or also is returned as it is, and nothing is written.
func (s *Store) UpdateProject(ctx context.Context, id uuid.UUID, change func(*Project) error, also ...TxFunc) (Project, error) {
	var after Project
	err := s.InTx(ctx, func(tx pgx.Tx) error {
		q := s.q.WithTx(tx)
		before, err := q.LockProject(ctx, id)
		if err != nil {
			return wrap("project", err)
		}
		after = Project(before)
		if err := change(&after); err != nil {
			return err
		}
		after.ID = id
		if err := q.UpdateProject(ctx, db.UpdateProjectParams(after)); err != nil {
			return wrap("update project", err)
		}
		for _, f := range also {
			if err := f(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	return after, err
}

// AddMembersTx adds users to a project; those who are in it already stay. ErrReference: there is no such user.
func (s *Store) AddMembersTx(ctx context.Context, tx pgx.Tx, project uuid.UUID, users ...uuid.UUID) error {
	if len(users) == 0 {
		return nil
	}
	return wrap("add members", s.q.WithTx(tx).AddMembers(ctx, db.AddMembersParams{ProjectID: project, Users: users}))
}

// AddMembersByEmailTx adds the users of these addresses to a project, and passes over addresses that nobody has.
func (s *Store) AddMembersByEmailTx(ctx context.Context, tx pgx.Tx, project uuid.UUID, emails ...string) error {
	if len(emails) == 0 {
		return nil
	}
	return wrap("add members", s.q.WithTx(tx).AddMembersByEmail(ctx, db.AddMembersByEmailParams{ProjectID: project, Emails: emails}))
}

// SetProjectsTx makes these the projects that list the user. ErrReference: there is no such project.
func (s *Store) SetProjectsTx(ctx context.Context, tx pgx.Tx, user uuid.UUID, projects []uuid.UUID) error {
	q := s.q.WithTx(tx)
	if projects == nil {
		projects = []uuid.UUID{} // nil would be NULL, which no id is different from
	}
	if err := q.LeaveOtherProjects(ctx, db.LeaveOtherProjectsParams{UserID: user, Projects: projects}); err != nil {
		return wrap("leave projects", err)
	}
	return wrap("join projects", q.JoinProjects(ctx, db.JoinProjectsParams{UserID: user, Projects: projects}))
}

// Members returns the members of each of the projects, in the order of their addresses.
func (s *Store) Members(ctx context.Context, projects []uuid.UUID) (map[uuid.UUID][]User, error) {
	members := make(map[uuid.UUID][]User, len(projects))
	if len(projects) == 0 {
		return members, nil
	}
	rows, err := s.q.GetMembers(ctx, projects)
	for _, m := range rows {
		members[m.ProjectID] = append(members[m.ProjectID], User{m.ID, m.Email, m.Name, m.IsSuperadmin, m.IsActive, m.GroupID})
	}
	return members, wrap("members", err)
}

// ProjectsOf returns the projects that list each of the users, in the order of their names.
func (s *Store) ProjectsOf(ctx context.Context, users []uuid.UUID) (map[uuid.UUID][]Project, error) {
	projects := make(map[uuid.UUID][]Project, len(users))
	if len(users) == 0 {
		return projects, nil
	}
	rows, err := s.q.GetProjectsOfUsers(ctx, users)
	for _, p := range rows {
		projects[p.UserID] = append(projects[p.UserID], Project{p.ID, p.Name, p.Title, p.OwnerID, p.GroupID, p.DefaultDashboardID})
	}
	return projects, wrap("projects of users", err)
}

// NewestResult returns the result of a project that started last, or ErrNotFound.
func (s *Store) NewestResult(ctx context.Context, project uuid.UUID) (Result, error) {
	rows, _ := s.pool.Query(ctx, "SELECT "+resultColumns+" FROM results WHERE project_id = $1 ORDER BY start_time DESC, id DESC LIMIT 1", project)
	result, err := pgx.CollectExactlyOneRow(rows, scanResult)
	return result, wrap("newest result", err)
}
