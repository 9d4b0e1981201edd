package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/api/middleware"
	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/store"
)

type identityKey struct{}

// authenticate finds out who asks, or answers 401.
func (s *Server) authenticate(c *fiber.Ctx) (*auth.Identity, error) {
	token, scheme := middleware.Bearer(c)
	switch {
	case !scheme:
		return nil, problem(http.StatusUnauthorized, "No authorization token provided")
	case token == "":
		return nil, problem(http.StatusUnauthorized, "Invalid authorization header")
	}
	// A copy: the directory keeps it, and the header's bytes are the next request's.
	who, err := s.directory.Authenticate(c.UserContext(), string([]byte(token)))
	if err != nil {
		return nil, err
	}
	c.Context().SetUserValue(identityKey{}, who)
	if s.uses != nil {
		s.uses.Saw(who, func() string { return origin(c).Client }, func() string { return origin(c).Agent })
	}
	return who, nil
}

// identity returns who asks; nil only where the operation is public.
func identity(c *fiber.Ctx) *auth.Identity {
	who, _ := c.Context().UserValue(identityKey{}).(*auth.Identity)
	return who
}

func userOf(c *fiber.Ctx) string {
	if who := identity(c); who != nil {
		return who.UserID.String()
	}
	return ""
}

// allow says whether who asks may do the operation to what belongs to the project (nil: to none).
func (s *Server) allow(c *fiber.Ctx, operation string, project *uuid.UUID) error {
	return s.permissions.Allow(operation, identity(c), auth.Object{Project: project})
}

// pathID reads an id of a path.
func pathID(text string) (uuid.UUID, error) {
	id, ok := filter.ParseUUID(text)
	if !ok {
		return id, refuse(http.StatusBadRequest, "ID: %s is not a valid UUID", shown(text))
	}
	return id, nil
}

// findProject returns the id of the project that a client names, by name or id.
func (s *Server) findProject(ctx context.Context, who *auth.Identity, nameOrID string) (uuid.UUID, error) {
	p, err := s.directory.FindProject(ctx, nameOrID, who)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return uuid.Nil, refuse(http.StatusBadRequest, "Invalid project")
	case errors.Is(err, auth.ErrAmbiguous):
		return uuid.Nil, refuse(http.StatusBadRequest, "Invalid project: several have the name %q, use the id", shown(nameOrID))
	}
	return p.ID, err
}
