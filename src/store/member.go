package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/store/db"
)

// The roles in a project.
const (
	RoleOwner  = "owner"
	RoleMember = "member"
	RoleReader = "reader"
)

// Member is a user in a project.
type Member struct {
	User
	Role string
	// Listed is false for an owner who is not among the members: lists do not show the project's rows to them.
	Listed bool
}

// ProjectMembers returns a page of the owner and the members of a project, in the order of their addresses, and how many
// there are. Page counts from 1.
func (s *Store) ProjectMembers(ctx context.Context, project uuid.UUID, page, size int) ([]Member, int64, error) {
	total, err := s.q.CountProjectMembers(ctx, project)
	if err != nil {
		return nil, 0, wrap("count members", err)
	}
	offset, fits := ListQuery{Page: page, PageSize: size}.offset()
	if !fits || offset >= total || size <= 0 {
		return []Member{}, total, nil
	}
	rows, err := s.q.ListProjectMembers(ctx, db.ListProjectMembersParams{ProjectID: project, Most: int64(size), Skip: offset})
	members := make([]Member, len(rows))
	for i, m := range rows {
		members[i] = Member{User{m.ID, m.Email, m.Name, m.IsSuperadmin, m.IsActive, m.GroupID}, m.Role, m.Listed}
	}
	return members, total, wrap("list members", err)
}

// SetMember gives a user a role in a project, if allowed has nothing against it once the project is locked. An error of
// allowed is returned as it is. ErrNotFound: there is no such project; ErrReference: there is no such user.
func (s *Store) SetMember(ctx context.Context, project, user uuid.UUID, role string, allowed func(Project) error) error {
	return s.withProject(ctx, project, allowed, func(q *db.Queries) error {
		return wrap("set member", q.SetMember(ctx, db.SetMemberParams{UserID: user, ProjectID: project, Role: role}))
	})
}

// DeleteMember takes a user out of a project, if allowed has nothing against it. ErrNotFound: there is no such project, or it
// does not list the user.
func (s *Store) DeleteMember(ctx context.Context, project, user uuid.UUID, allowed func(Project) error) error {
	return s.withProject(ctx, project, allowed, func(q *db.Queries) error {
		n, err := q.DeleteMember(ctx, db.DeleteMemberParams{UserID: user, ProjectID: project})
		if err == nil && n == 0 {
			err = pgx.ErrNoRows
		}
		return wrap("delete member", err)
	})
}

func (s *Store) withProject(ctx context.Context, id uuid.UUID, allowed func(Project) error, f func(*db.Queries) error) error {
	return s.InTx(ctx, func(tx pgx.Tx) error {
		q := s.q.WithTx(tx)
		p, err := q.LockProject(ctx, id)
		if err != nil {
			return wrap("project", err)
		}
		if err := allowed(Project(p)); err != nil {
			return err
		}
		return f(q)
	})
}
