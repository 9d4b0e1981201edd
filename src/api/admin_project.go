package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/gofiber/fiber/v2"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// adminMissing answers administrators where a row is not there.
func adminMissing(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return problem(http.StatusNotFound, "Not Found")
	}
	return err
}

const noSuchGroup = "Group id %s doesn't exist"

// AdminGetProjectList answers a page of all projects, with their owners.
func (s *Server) AdminGetProjectList(c *fiber.Ctx, params contract.AdminGetProjectListParams) error {
	return s.projectList(c, params, nil, true)
}

// AdminAddProject makes a project, whose owner and first member is who is named, else who asks.
func (s *Server) AdminAddProject(c *fiber.Ctx) error {
	owner := identity(c).UserID
	given, err := idField(object(c), "owner_id")
	if err != nil {
		return err
	}
	if given != nil {
		owner = *given
	}
	return s.addProject(c, owner, noSuchGroup)
}

// AdminGetProject answers one project with its owner.
func (s *Server) AdminGetProject(c *fiber.Ctx, text contract.Id) error {
	id, err := pathID(text)
	if err != nil {
		return err
	}
	p, err := s.store.Project(c.UserContext(), id)
	if err != nil {
		return adminMissing(err)
	}
	return s.sendProject(c, http.StatusOK, p, true)
}

// AdminUpdateProject changes a project. A new owner becomes a member, too.
func (s *Server) AdminUpdateProject(c *fiber.Ctx, text contract.Id) error {
	id, err := pathID(text)
	if err != nil {
		return err
	}
	if _, err := s.store.Project(c.UserContext(), id); err != nil {
		return adminMissing(err)
	}
	owner, err := idField(object(c), "owner_id")
	if err != nil {
		return err
	}
	join := func(ctx context.Context, tx pgx.Tx) error {
		if owner == nil {
			return nil
		}
		return s.store.AddMembersTx(ctx, tx, id, *owner)
	}
	p, err := s.updateProject(c, id, func(*store.Project) error { return nil }, noSuchGroup, join)
	if err != nil {
		return adminMissing(err)
	}
	return s.sendProject(c, http.StatusOK, p, false)
}

// AdminDeleteProject deletes a project with all that is in it.
func (s *Server) AdminDeleteProject(c *fiber.Ctx, text contract.Id) error {
	id, err := pathID(text)
	if err != nil {
		return err
	}
	if err := s.store.DeleteProject(c.UserContext(), id); err != nil {
		return adminMissing(err)
	}
	s.directory.Flush()
	return sendMessage(c, http.StatusOK, "OK")
}
