package api

import (
	"context"
	"net/http"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/api/middleware"
)

const healthy = `{"status":"OK","message":"Service is running"}` + "\n"

// GetHealth says that the process answers. It asks nothing of others, so that their faults never get it restarted.
func (s *Server) GetHealth(c *fiber.Ctx) error {
	c.Response().Header.SetContentType(fiber.MIMEApplicationJSON)
	c.Response().SetBodyString(healthy)
	return nil
}

// databasePatience is how long the database may take to say that it is there.
const databasePatience = 5 * time.Second

// GetDatabaseHealth asks the database for an answer.
func (s *Server) GetDatabaseHealth(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(c.UserContext(), databasePatience)
	defer cancel()
	if err := s.store.Ping(ctx); err != nil {
		s.log.Error().Ctx(c.UserContext()).Err(err).Str("request_id", middleware.ID(c)).Msg("the database does not answer")
		return sendJSON(c, http.StatusServiceUnavailable, contract.Health{Status: "Error", Message: "The database does not answer"})
	}
	return s.GetHealth(c)
}

// GetHealthInfo says where the parts of the service are: clients build links to their runs from it.
func (s *Server) GetHealthInfo(c *fiber.Ctx) error {
	return sendJSON(c, http.StatusOK, contract.HealthInfo{Frontend: s.frontend, Backend: s.backend, ApiUi: s.backend + uiPath})
}
