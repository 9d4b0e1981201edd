package api

import (
	"net/http"
	"slices"

	"github.com/gofiber/fiber/v2"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// AdminGetStorage answers where artifacts are, and how much room they take.
func (s *Server) AdminGetStorage(c *fiber.Ctx) error {
	all, err := s.store.Storage(c.UserContext())
	if err != nil {
		return err
	}
	keeps := s.contents.Keeps()
	if !slices.ContainsFunc(all.Stores, func(u store.StoreUse) bool { return u.Store == keeps }) {
		all.Stores = append(all.Stores, store.StoreUse{Store: keeps})
	}
	answer := contract.Storage{Database: all.Database, Keeps: keeps, Estimated: all.Estimated}
	for _, u := range all.Stores {
		answer.Stores = append(answer.Stores, contract.StoreUse{Store: u.Store, Artifacts: u.Artifacts, Bytes: u.Bytes, Stored: u.Stored})
	}
	return sendJSON(c, http.StatusOK, answer)
}
