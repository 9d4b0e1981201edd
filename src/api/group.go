package api

import (
	"errors"
	"net/http"

	"github.com/gofiber/fiber/v2"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/api/encode"
	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// GetGroupList answers a page of groups.
func (s *Server) GetGroupList(c *fiber.Ctx, params contract.GetGroupListParams) error {
	number, size, err := page(params.Page, params.PageSize)
	if err != nil {
		return err
	}
	groups, total, err := s.store.Groups(c.UserContext(), number, size)
	if err != nil {
		return err
	}
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.GroupList(dst, groups, number, size, total) })
}

// AddGroup makes a group.
func (s *Server) AddGroup(c *fiber.Ctx) error {
	body := object(c)
	if err := onlyKnown(body, "id", "name", "metadata", "data"); err != nil {
		return err
	}
	id, err := idField(body, "id")
	if err != nil {
		return err
	}
	m, err := readMetadata(body)
	if err != nil {
		return err
	}
	group := store.Group{ID: s.idOr(id), Name: textField(body, "name"), Data: orEmpty(m.raw)}
	err = s.store.InsertGroup(c.UserContext(), group)
	if errors.Is(err, store.ErrConflict) {
		return refuse(http.StatusBadRequest, "The group with ID %s already exists", group.ID)
	}
	if err != nil {
		return err
	}
	return send(c, http.StatusCreated, func(dst []byte) []byte { return encode.Group(dst, &group) })
}

// GetGroup answers one group.
func (s *Server) GetGroup(c *fiber.Ctx, text contract.Id) error {
	id, err := pathID(text)
	if err != nil {
		return err
	}
	group, err := s.store.Group(c.UserContext(), id)
	if err != nil {
		return missing(err, "Group not found")
	}
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.Group(dst, &group) })
}

// UpdateGroup changes a group.
func (s *Server) UpdateGroup(c *fiber.Ctx, text contract.Id) error {
	id, err := pathID(text)
	if err != nil {
		return err
	}
	body, who := object(c), identity(c)
	group, err := s.store.UpdateGroup(c.UserContext(), id, func(g *store.Group) error {
		if err := s.permissions.Allow("update_group", who, auth.Object{Group: &g.ID}); err != nil {
			return err
		}
		m, err := parseMetadata(objectField(body, "metadata"))
		if err != nil {
			return err
		}
		setText(body, "name", &g.Name)
		g.Data, err = store.MergeMetadata(g.Data, m.raw)
		return err
	})
	if err != nil {
		return missing(err, "Group not found")
	}
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.Group(dst, &group) })
}
