package api

import (
	"errors"
	"math"
	"net/http"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/jobs"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// maxReason bounds why a run is pinned, in bytes.
const maxReason = 2000

const noSuchRun = "Run not found"

// openRun returns the id of a run that who asks may do the operation to.
func (s *Server) openRun(c *fiber.Ctx, operation, text string) (uuid.UUID, error) {
	id, err := pathID(text)
	if err != nil {
		return id, err
	}
	project, err := s.store.RunProject(c.UserContext(), id)
	if err != nil {
		return id, missing(err, noSuchRun)
	}
	return id, s.allow(c, operation, project)
}

// GetRunPin answers whether a run is pinned, by whom, and why.
func (s *Server) GetRunPin(c *fiber.Ctx, text contract.Id) error {
	id, err := s.openRun(c, "get_run_pin", text)
	if err != nil {
		return err
	}
	pin, err := s.store.RunPin(c.UserContext(), id)
	if errors.Is(err, store.ErrNotFound) {
		return sendJSON(c, http.StatusOK, contract.RunPin{RunId: id.String()})
	}
	if err != nil {
		return err
	}
	return sendPin(c, pin)
}

// PinRun keeps a run from all retention rules.
func (s *Server) PinRun(c *fiber.Ctx, text contract.Id) error {
	id, err := s.openRun(c, "pin_run", text)
	if err != nil {
		return err
	}
	body := object(c)
	if err := onlyKnown(body, "reason"); err != nil {
		return err
	}
	reason := textField(body, "reason")
	if reason != nil && len(*reason) > maxReason {
		return badField("reason", "it is longer than %d bytes", maxReason)
	}
	pin, err := s.store.PinRun(c.UserContext(), store.Pin{RunID: id, UserID: &identity(c).UserID, Reason: reason})
	if errors.Is(err, store.ErrReference) {
		return refuse(http.StatusNotFound, noSuchRun)
	}
	if err != nil {
		return err
	}
	return sendPin(c, pin)
}

// UnpinRun leaves a run to the rules again.
func (s *Server) UnpinRun(c *fiber.Ctx, text contract.Id) error {
	id, err := s.openRun(c, "unpin_run", text)
	if err != nil {
		return err
	}
	if err := s.store.UnpinRun(c.UserContext(), id); err != nil {
		return missing(err, "The run is not pinned")
	}
	return sendMessage(c, http.StatusOK, "OK")
}

func sendPin(c *fiber.Ctx, p store.Pin) error {
	created := p.Created.UTC()
	pin := contract.RunPin{RunId: p.RunID.String(), Pinned: true, Reason: p.Reason, Created: &created}
	if p.UserID != nil {
		user := p.UserID.String()
		pin.UserId = &user
	}
	return sendJSON(c, http.StatusOK, pin)
}

// AdminGetRetention answers how long what is kept.
func (s *Server) AdminGetRetention(c *fiber.Ctx) error {
	policies, err := s.store.Policies(c.UserContext())
	if err != nil {
		return err
	}
	keep := s.jobs.Keep()
	hours := func(d time.Duration) int { return int(math.Ceil(d.Hours())) }
	answer := contract.Retention{ArtifactsHours: hours(keep.Artifacts), ResultsHours: hours(keep.Results), RunsHours: hours(keep.Runs),
		ImportsHours: hours(keep.Imports), Projects: make([]contract.RetentionPolicy, len(policies))}
	for i, p := range policies {
		answer.Projects[i] = policyOf(p)
	}
	return sendJSON(c, http.StatusOK, answer)
}

func policyOf(p store.Policy) contract.RetentionPolicy {
	return contract.RetentionPolicy{ProjectId: p.ProjectID.String(), Project: p.Name, ArtifactsDays: p.Artifacts, ResultsDays: p.Results, RunsDays: p.Runs}
}

// AdminPreviewRetention answers what retention would delete now.
func (s *Server) AdminPreviewRetention(c *fiber.Ctx, params contract.AdminPreviewRetentionParams) error {
	var kinds []string
	if params.Kind != nil {
		kinds = []string{*params.Kind}
	}
	projects, sum, err := s.jobs.RetentionPreview(c.UserContext(), kinds...)
	if errors.Is(err, jobs.ErrParams) {
		return problem(http.StatusBadRequest, "kind: %q is none of artifacts, results, runs, imports", shown(kinds[0]))
	}
	if err != nil {
		return err
	}
	return sendJSON(c, http.StatusOK, map[string]any{"projects": projects, "deleted": sum})
}

// maxKeptDays keeps dates within what PostgreSQL knows.
const maxKeptDays = 36500

// AdminSetRetention gives a project rules of its own.
func (s *Server) AdminSetRetention(c *fiber.Ctx, text string) error {
	id, err := pathID(text)
	if err != nil {
		return err
	}
	body := object(c)
	if err := onlyKnown(body, "artifacts_days", "results_days", "runs_days"); err != nil {
		return err
	}
	policy := store.Policy{ProjectID: id}
	for name, to := range map[string]**int{"artifacts_days": &policy.Artifacts, "results_days": &policy.Results, "runs_days": &policy.Runs} {
		number, err := numberField(body, name)
		if err != nil {
			return err
		}
		if number == nil {
			continue
		}
		if *number != math.Trunc(*number) || *number < 0 || *number > maxKeptDays {
			return badField(name, "it has to be a whole number of days from 0 to %d", maxKeptDays)
		}
		days := int(*number)
		*to = &days
	}
	err = s.store.SetPolicy(c.UserContext(), policy)
	if errors.Is(err, store.ErrReference) {
		return problem(http.StatusNotFound, "Not Found")
	}
	if err != nil {
		return err
	}
	s.tell(c, "retention changed", id.String())
	return sendJSON(c, http.StatusOK, policyOf(policy))
}

// AdminDeleteRetention lets the settings' rules hold for a project again.
func (s *Server) AdminDeleteRetention(c *fiber.Ctx, text string) error {
	id, err := pathID(text)
	if err != nil {
		return err
	}
	if err := s.store.DeletePolicy(c.UserContext(), id); err != nil {
		return adminMissing(err)
	}
	s.tell(c, "retention as the settings say", id.String())
	return sendMessage(c, http.StatusOK, "OK")
}
