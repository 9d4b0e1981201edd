package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// placing are the members of the metadata that say where a result belongs, and whose columns follow them.
var placing = []string{"project", "run", "env", "component", "user_properties"}

// mostUpdated bounds the rows that one request holds locked.
const mostUpdated = 1000

// UpdateResults changes the metadata of many results: what a triager decides about a group of failures, or takes back.
func (s *Server) UpdateResults(c *fiber.Ctx) error {
	ids, err := idsField(object(c), "ids", mostUpdated)
	if err != nil {
		return err
	}
	m, err := parseMetadata(objectField(object(c), "metadata"))
	if err != nil {
		return err
	}
	if m.empty() {
		return badField("metadata", "it has no member to change")
	}
	members := map[string]json.RawMessage{}
	for name, value := range m.keys.All() {
		if slices.Contains(placing, name) {
			return badField("metadata."+name, "it says where a result belongs, and is changed for one result at a time")
		}
		members[name] = value
	}
	who := identity(c)
	before, err := s.store.UpdateResultsMetadata(c.UserContext(), ids, members, func(project *uuid.UUID) error {
		return s.permissions.Allow("update_results", who, auth.Object{Project: project})
	})
	if errors.Is(err, store.ErrNotFound) {
		return refuse(http.StatusNotFound, "Result not found")
	}
	if err != nil {
		return err
	}
	type changed struct {
		ID     uuid.UUID                  `json:"id"`
		Before map[string]json.RawMessage `json:"before"`
	}
	answer := struct {
		Results []changed `json:"results"`
	}{make([]changed, len(before))}
	for i, b := range before {
		answer.Results[i] = changed{b.ID, b.Before}
	}
	return sendJSON(c, http.StatusOK, answer)
}

// idsField reads a list of UUIDs.
func idsField(body contract.Object, name string, most int) ([]uuid.UUID, error) {
	var texts []string
	raw, _ := body.Get(name)
	if err := json.Unmarshal(raw, &texts); err != nil {
		return nil, badField(name, "it is not a list of UUIDs")
	}
	if n := len(texts); n == 0 || n > most {
		return nil, badField(name, "%d ids; from 1 to %d can be changed at once", n, most)
	}
	ids := make([]uuid.UUID, len(texts))
	for i, text := range texts {
		id, ok := filter.ParseUUID(text)
		if !ok {
			return nil, badField(name, "%q is not a valid UUID", shown(text))
		}
		ids[i] = id
	}
	return ids, nil
}
