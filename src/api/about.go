package api

import (
	"math"
	"net/http"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
)

// GetAbout answers what this server is, and how long it keeps what is pushed to it; in a project, if one is named.
func (s *Server) GetAbout(c *fiber.Ctx, params contract.GetAboutParams) error {
	keep := s.jobs.Keep()
	about := contract.About{Version: s.version, ArtifactsDays: keptDays(keep.Artifacts), ResultsDays: keptDays(keep.Results),
		RunsDays: keptDays(keep.Runs), ImportsDays: keptDays(keep.Imports)}
	project, err := queryIDOrNone("project", params.Project)
	if err != nil {
		return err
	}
	if project == nil {
		return sendJSON(c, http.StatusOK, about)
	}
	if err := s.allow(c, "get_project", project); err != nil {
		return err
	}
	policy, err := s.store.Policy(c.UserContext(), *project)
	if err != nil {
		return err
	}
	about.ArtifactsDays = ownOr(policy.Artifacts, about.ArtifactsDays)
	about.ResultsDays = ownOr(policy.Results, about.ResultsDays)
	about.RunsDays = ownOr(policy.Runs, about.RunsDays)
	return sendJSON(c, http.StatusOK, about)
}

// keptDays is how long something is kept in whole days; 0 for ever.
func keptDays(d time.Duration) int { return int(math.Ceil(d.Hours() / 24)) }

// ownOr is a project's own rule, else the general one.
func ownOr(own *int, general int) int {
	if own != nil {
		return *own
	}
	return general
}
