package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/jobs"
	"github.com/ibutsu/ibutsu-go/src/store"
)

var importStates = []string{store.ImportPending, store.ImportRunning, store.ImportDone, store.ImportError}

// GetImportLog answers a page of what was sent to a project, and how far it is; to superadmins of all projects.
func (s *Server) GetImportLog(c *fiber.Ctx, params contract.GetImportLogParams) error {
	project, err := queryIDOrNone("project", params.Project)
	if err != nil {
		return err
	}
	if err := s.allow(c, "get_import_log", project); err != nil {
		return err
	}
	number, size, err := page(params.Page, params.PageSize)
	if err != nil {
		return err
	}
	if size > largestPage {
		return problem(http.StatusBadRequest, "pageSize: %d is more than the %d that a page of imports can have", size, largestPage)
	}
	q := store.ImportLogQuery{Project: project, Page: number, PageSize: size}
	if params.Status != nil {
		if q.Status = *params.Status; !slices.Contains(importStates, q.Status) {
			return problem(http.StatusBadRequest, "status: %q is none of %s", shown(q.Status), strings.Join(importStates, ", "))
		}
	}
	imports, total, err := s.store.ImportLog(c.UserContext(), q)
	if err != nil {
		return err
	}
	logged := make([]contract.LoggedImport, len(imports))
	for n, i := range imports {
		logged[n] = s.logged(identity(c), i)
	}
	return sendJSON(c, http.StatusOK, contract.ImportLog{Imports: logged, Pagination: pagination(number, size, total)})
}

// logged is an import as the log shows it to somebody.
func (s *Server) logged(who *auth.Identity, i store.LoggedImport) contract.LoggedImport {
	// Imports that other programs wrote may say anything of themselves; what cannot be read is left out.
	var said struct {
		Progress *importProgress `json:"progress"`
		Results  *int64          `json:"results"`
		Notes    []string        `json:"notes"`
		Error    *string         `json:"error"`
		Runs     []string        `json:"run_id"`
	}
	_ = json.Unmarshal(i.Data, &said)
	status := textOf(i.Status)
	var project *string
	if i.ProjectID != nil {
		project = new(i.ProjectID.String())
	}
	of := auth.Object{Project: i.ProjectID, User: i.Uploader}
	return contract.LoggedImport{
		Id: i.ID.String(), Filename: textOf(i.Filename), Status: status, Created: i.Created.UTC(), ProjectId: project, Project: i.Project,
		Uploader: i.UploaderName, Size: i.Size, Started: i.Started, Finished: i.Finished, Progress: said.Progress, Results: said.Results,
		Runs: append([]string{}, said.Runs...), Notes: append([]string{}, said.Notes...), Error: said.Error, CancelledBy: i.CancelledBy,
		CanRetry: status == store.ImportError && i.Kept && s.permissions.Allow("retry_import", who, of) == nil,
		CanCancel: (status == store.ImportPending || status == store.ImportRunning) && i.CancelledBy == nil &&
			s.permissions.Allow("cancel_import", who, of) == nil,
	}
}

type importProgress = struct {
	Done  int64 `json:"done"`
	Total int64 `json:"total"`
}

// RetryImport lets a failed import begin anew.
func (s *Server) RetryImport(c *fiber.Ctx, text contract.Id) error {
	id, err := s.importOf(c, "retry_import", text)
	if err != nil {
		return err
	}
	if err := s.jobs.RetryImport(c.UserContext(), id, identity(c).UserID); err != nil {
		return importFault(err)
	}
	return s.sendLogged(c, id)
}

// CancelImport ends an import that waits or runs.
func (s *Server) CancelImport(c *fiber.Ctx, text contract.Id) error {
	id, err := s.importOf(c, "cancel_import", text)
	if err != nil {
		return err
	}
	who := identity(c)
	name := who.Email
	if who.Name != nil && *who.Name != "" {
		name = *who.Name
	}
	if err := s.jobs.CancelImport(c.UserContext(), id, name); err != nil {
		return importFault(err)
	}
	return s.sendLogged(c, id)
}

// importOf reads the id of an import that who asks may do the operation to.
func (s *Server) importOf(c *fiber.Ctx, operation, text string) (uuid.UUID, error) {
	id, err := pathID(text)
	if err != nil {
		return id, err
	}
	i, err := s.store.LoggedImport(c.UserContext(), id)
	if err != nil {
		return id, missing(err, "Not Found")
	}
	return id, s.permissions.Allow(operation, identity(c), auth.Object{Project: i.ProjectID, User: i.Uploader})
}

func (s *Server) sendLogged(c *fiber.Ctx, id uuid.UUID) error {
	i, err := s.store.LoggedImport(c.UserContext(), id)
	if err != nil {
		return missing(err, "Not Found")
	}
	return sendJSON(c, http.StatusOK, s.logged(identity(c), i))
}

// importFault answers what cannot be done to an import.
func importFault(err error) error {
	switch {
	case errors.Is(err, jobs.ErrNotFailed):
		return refuse(http.StatusConflict, "The import has not failed")
	case errors.Is(err, jobs.ErrFileGone):
		return refuse(http.StatusConflict, "The file is no longer kept; send it again")
	case errors.Is(err, jobs.ErrRunning):
		return refuse(http.StatusConflict, "The import is just ending; try again in a moment")
	case errors.Is(err, jobs.ErrOver):
		return refuse(http.StatusConflict, "The import is over")
	}
	return err
}
