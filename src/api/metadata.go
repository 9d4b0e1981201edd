package api

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// metadata is the metadata of a body: as it came, and taken apart.
type metadata struct {
	raw  json.RawMessage // nil where there is none
	keys contract.Object
}

// readMetadata returns the metadata of a body that makes a row. `data`, the name of the column, is read as well.
func readMetadata(o contract.Object) (metadata, error) {
	raw := objectField(o, "metadata")
	if raw == nil {
		raw = objectField(o, "data")
	}
	return parseMetadata(raw)
}

func parseMetadata(raw json.RawMessage) (metadata, error) {
	if raw == nil {
		return metadata{}, nil
	}
	keys, err := contract.ParseObject(raw)
	if err != nil {
		return metadata{}, badField("metadata", "it is not an object")
	}
	return metadata{raw, keys}, nil
}

// empty says that there is nothing in it.
func (m metadata) empty() bool { return m.keys.Len() == 0 }

// project returns the name or id of the project that the metadata names, "" where it names none.
func (m metadata) project() (string, error) {
	raw, ok := m.keys.Get("project")
	if !ok {
		return "", nil
	}
	if text, ok := contract.Text(raw); ok {
		return text, nil
	}
	switch string(raw) {
	case "null", "false", "0", "{}", "[]":
		return "", nil
	}
	return "", refuse(http.StatusBadRequest, "Invalid project: metadata.project is not a string")
}

// promoted moves the user properties of a test up into its metadata. What the metadata has goes before them.
func (m metadata) promoted() (metadata, error) {
	raw, ok := m.keys.Get("user_properties")
	if !ok {
		return m, nil
	}
	if !contract.IsObject(raw) && !contract.IsNull(raw) {
		return m, badField("metadata.user_properties", "it is not an object")
	}
	rest := maps.Collect(m.keys.All())
	delete(rest, "user_properties")
	without, err := json.Marshal(rest)
	if err != nil {
		return m, badField("metadata", "it cannot be read")
	}
	if contract.IsNull(raw) {
		return parseMetadata(without)
	}
	// An update of the properties by the metadata: null in the metadata is no value there either.
	merged, err := store.MergeMetadata(raw, without)
	if err != nil {
		return m, badField("metadata.user_properties", "it cannot be read")
	}
	return parseMetadata(merged)
}

// home finds the project of a row that is to be made: the one that its metadata names, else that of project_id, by name or
// id, and sees that who asks may write there.
func (s *Server) home(ctx context.Context, who *auth.Identity, operation string, m metadata, o contract.Object) (uuid.UUID, error) {
	name, err := m.project()
	if err != nil {
		return uuid.Nil, err
	}
	if name == "" {
		if given := textField(o, "project_id"); given != nil {
			name = *given
		}
	}
	if name == "" {
		return uuid.Nil, refuse(http.StatusBadRequest, "Bad request, project or project_id is required")
	}
	id, err := s.findProject(ctx, who, name)
	if err != nil {
		return uuid.Nil, err
	}
	return id, s.permissions.Allow(operation, who, auth.Object{Project: &id})
}

// allowNamed says whether who asks may do the operation in the project that the metadata names, where it names one.
func (s *Server) allowNamed(c *fiber.Ctx, operation string, m metadata) error {
	name, err := m.project()
	if err != nil || name == "" {
		return err
	}
	project, err := s.findProject(c.UserContext(), identity(c), name)
	if err != nil {
		return err
	}
	return s.allow(c, operation, &project)
}

// move is where an update wants a row to go.
type move struct {
	name    string // what metadata.project says, "" for nothing
	project uuid.UUID
	refused error // why there is no such project
	// toID says that project_id is given; id is nil where it is null.
	toID bool
	id   *uuid.UUID
}

// readMove finds out where an update wants a row to go. It asks the directory, and so comes before the row is locked.
func (s *Server) readMove(ctx context.Context, who *auth.Identity, m metadata, o contract.Object) (move, error) {
	var v move
	var err error
	if v.name, err = m.project(); err != nil {
		return v, err
	}
	if v.name != "" {
		v.project, v.refused = s.findProject(ctx, who, v.name)
		return v, nil
	}
	raw, given := o.Get("project_id")
	if !given {
		return v, nil
	}
	v.toID = true
	if contract.IsNull(raw) {
		return v, nil
	}
	text, _ := contract.Text(raw)
	id, err := s.findProject(ctx, who, text)
	v.id, v.refused = &id, err
	return v, nil
}

// from returns where the row goes that is in the project now and has that stored metadata. Whoever moves a row needs to be
// let into both projects.
func (v move) from(now *uuid.UUID, stored json.RawMessage, allowed func(*uuid.UUID) error) (*uuid.UUID, error) {
	to := now
	switch {
	case v.name != "":
		if v.refused != nil {
			// A project that has been renamed since: clients send back what they have read.
			if old, err := parseMetadata(stored); err == nil {
				if name, err := old.project(); err == nil && name == v.name {
					return now, nil
				}
			}
			return nil, v.refused
		}
		to = &v.project
	case v.toID:
		if v.refused != nil {
			return nil, v.refused
		}
		to = v.id
	}
	if store.SameID(now, to) {
		return now, nil
	}
	return to, allowed(to)
}
