package api

import (
	"errors"
	"net/http"
	"slices"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// GetMemberList answers who is in a project.
func (s *Server) GetMemberList(c *fiber.Ctx, text string, params contract.GetMemberListParams) error {
	id, err := pathID(text)
	if err != nil {
		return err
	}
	number, size, err := page(params.Page, params.PageSize)
	if err != nil {
		return err
	}
	p, err := s.store.Project(c.UserContext(), id)
	if err != nil {
		return missing(err, "Project not found")
	}
	if err := s.allow(c, "get_member_list", &p.ID); err != nil {
		return err
	}
	members, total, err := s.store.ProjectMembers(c.UserContext(), id, number, min(size, largestPage))
	if err != nil {
		return err
	}
	shown := make([]memberView, len(members))
	for i, m := range members {
		shown[i] = viewOfMember(m)
	}
	return sendJSON(c, http.StatusOK, map[string]any{"members": shown, "pagination": pagination(number, size, total)})
}

type memberView struct {
	UserID   uuid.UUID `json:"user_id"`
	Email    string    `json:"email"`
	Name     *string   `json:"name"`
	Role     string    `json:"role"`
	IsActive bool      `json:"is_active"`
	Listed   bool      `json:"listed"`
}

func viewOfMember(m store.Member) memberView {
	return memberView{m.ID, m.Email, m.Name, m.Role, m.IsActive, m.Listed}
}

// AddMember gives the user of an address a role in a project.
func (s *Server) AddMember(c *fiber.Ctx, text string) error {
	project, role, err := s.memberChange(c, text, "email", "role")
	if err != nil {
		return err
	}
	// Whether there is such a user is only for who may add one.
	if err := s.ownsProject(c, "add_member", project); err != nil {
		return err
	}
	email, _ := object(c).Text("email")
	account, err := s.store.Account(c.UserContext(), email)
	if errors.Is(err, store.ErrNotFound) {
		return badField("email", "there is no user %s", shown(email))
	}
	if err != nil {
		return err
	}
	return s.setMember(c, http.StatusCreated, "add_member", project, account.User, role)
}

// UpdateMember changes the role of a user in a project.
func (s *Server) UpdateMember(c *fiber.Ctx, text, userText string) error {
	project, role, err := s.memberChange(c, text, "role")
	if err != nil {
		return err
	}
	if err := s.ownsProject(c, "update_member", project); err != nil {
		return err
	}
	user, err := s.userInPath(c, userText)
	if err != nil {
		return err
	}
	return s.setMember(c, http.StatusOK, "update_member", project, user, role)
}

func (s *Server) memberChange(c *fiber.Ctx, text string, fields ...string) (project uuid.UUID, role string, err error) {
	if err := onlyKnown(object(c), fields...); err != nil {
		return project, "", err
	}
	role, _ = object(c).Text("role")
	if !slices.Contains([]string{store.RoleOwner, store.RoleMember, store.RoleReader}, role) {
		return project, "", badField("role", "%q is none of owner, member, reader", shown(role))
	}
	project, err = pathID(text)
	return project, role, err
}

func (s *Server) userInPath(c *fiber.Ctx, text string) (store.User, error) {
	id, err := pathID(text)
	if err != nil {
		return store.User{}, err
	}
	user, err := s.store.User(c.UserContext(), id)
	if err != nil {
		return user, missing(err, "User not found")
	}
	return user, nil
}

// ownsProject says whether who asks may do the operation to the members of the project.
func (s *Server) ownsProject(c *fiber.Ctx, operation string, project uuid.UUID) error {
	p, err := s.store.Project(c.UserContext(), project)
	if err != nil {
		return missing(err, "Project not found")
	}
	return s.permissions.Allow(operation, identity(c), auth.Object{Project: &p.ID, Owner: p.OwnerID})
}

func (s *Server) setMember(c *fiber.Ctx, status int, operation string, project uuid.UUID, user store.User, role string) error {
	who := identity(c)
	err := s.store.SetMember(c.UserContext(), project, user.ID, role, func(p store.Project) error {
		if err := s.permissions.Allow(operation, who, auth.Object{Project: &p.ID, Owner: p.OwnerID}); err != nil {
			return err
		}
		if role != store.RoleOwner && p.OwnerID != nil && *p.OwnerID == user.ID {
			return badField("role", "the project is the user's; give it another owner_id first")
		}
		return nil
	})
	if err != nil {
		return missing(err, "Project not found")
	}
	s.directory.Flush()
	return sendJSON(c, status, viewOfMember(store.Member{User: user, Role: role, Listed: true}))
}

// DeleteMember takes a user out of a project.
func (s *Server) DeleteMember(c *fiber.Ctx, text, userText string) error {
	project, err := pathID(text)
	if err != nil {
		return err
	}
	user, err := pathID(userText)
	if err != nil {
		return err
	}
	who := identity(c)
	err = s.store.DeleteMember(c.UserContext(), project, user, func(p store.Project) error {
		object := auth.Object{Project: &p.ID, Owner: p.OwnerID, User: &user}
		if err := s.permissions.Allow("delete_member", who, object); err != nil {
			return err
		}
		if p.OwnerID != nil && *p.OwnerID == user {
			return badField("user_id", "the project is the user's; give it another owner_id first")
		}
		return nil
	})
	if err != nil {
		return missing(err, "The project has no such member")
	}
	s.directory.Flush()
	return sendMessage(c, http.StatusOK, "OK")
}
