package api

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/gofiber/fiber/v2"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// longestPreference bounds the name of one choice, in bytes.
const longestPreference = 100

// GetPreferences answers what who asks has chosen for the page.
func (s *Server) GetPreferences(c *fiber.Ctx) error {
	chosen, err := s.store.Preferences(c.UserContext(), identity(c).UserID)
	if err != nil {
		return err
	}
	return sendJSON(c, http.StatusOK, chosen)
}

// UpdatePreferences changes some of the choices of who asks and leaves the others, so that two windows do not undo each
// other's.
func (s *Server) UpdatePreferences(c *fiber.Ctx) error {
	set, remove := map[string]json.RawMessage{}, []string{}
	for name, value := range object(c).All() {
		if name == "" || len(name) > longestPreference {
			return badField(shown(name), "its name has to have 1 to %d bytes", longestPreference)
		}
		if contract.IsNull(value) {
			remove = append(remove, name)
		} else {
			set[name] = value
		}
	}
	chosen, err := s.store.SetPreferences(c.UserContext(), identity(c).UserID, set, remove)
	if errors.Is(err, store.ErrPreferencesTooLarge) {
		return problem(http.StatusBadRequest, "All preferences together are larger than %d bytes; remove some saved filters", store.LargestPreferences)
	}
	if errors.Is(err, store.ErrReference) {
		return gone(store.ErrNotFound)
	}
	if err != nil {
		return err
	}
	return sendJSON(c, http.StatusOK, chosen)
}
