package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/api/middleware"
	"github.com/ibutsu/ibutsu-go/src/jobs"
)

// runTaskPath is not below the API, nor in its contract: scripts of administrators have it so.
const runTaskPath = "/admin/run-task"

// headerJobID carries the id of the job that was started; the body says no more than it always did.
const headerJobID = "X-Job-Id"

// runTask starts a maintenance task. The token is in the body, and the answers are bare words.
func (s *Server) runTask(c *fiber.Ctx) error {
	text, err := middleware.ReadBody(c, nil, s.limits.JSONBody)
	if err != nil {
		return bodyError(err)
	}
	body, err := contract.ParseObject(text)
	if err != nil || body.Len() == 0 {
		return word(c, http.StatusBadRequest)
	}
	token, _ := body.Text("token")
	if token == "" {
		return word(c, http.StatusUnauthorized)
	}
	who, err := s.directory.Authenticate(c.UserContext(), token)
	if err != nil {
		return err
	}
	c.Context().SetUserValue(identityKey{}, who)
	if s.permissions.Enter("run_task", who) != nil {
		return word(c, http.StatusForbidden)
	}
	task, _ := body.Text("task")
	if strings.Count(task, ".") != 1 {
		return word(c, http.StatusBadRequest)
	}
	params, _ := body.Get("params")
	// Kept with the job, when the body's bytes are another request's.
	id, err := s.jobs.Start(c.UserContext(), task, append(json.RawMessage(nil), params...))
	switch {
	case errors.Is(err, jobs.ErrUnknownTask):
		return word(c, http.StatusNotFound)
	case errors.Is(err, jobs.ErrParams):
		s.log.Warn().Ctx(c.UserContext()).Err(err).Str("request_id", middleware.ID(c)).Str("task", shown(task)).Msg("task not started")
		return word(c, http.StatusBadRequest)
	case err != nil:
		return err
	}
	s.log.Info().Ctx(c.UserContext()).Str("request_id", middleware.ID(c)).Str("task", task).Int64("job", id).Stringer("user", who.UserID).Msg("task started by hand")
	c.Set(headerJobID, strconv.FormatInt(id, 10))
	return word(c, http.StatusAccepted)
}

// word answers with the words that HTTP has for a status.
func word(c *fiber.Ctx, status int) error {
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	return c.Status(status).SendString(http.StatusText(status))
}
