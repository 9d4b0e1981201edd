package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/api/encode"
	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/store"
)

var runFields = []string{"id", "metadata", "data", "project_id", "env", "component", "source", "start_time", "created", "duration", "summary"}

// GetRunList answers a page of runs, newest first.
func (s *Server) GetRunList(c *fiber.Ctx, params contract.GetRunListParams) error {
	number, size, err := page(params.Page, params.PageSize)
	if err != nil {
		return err
	}
	raw, set, err := filters(params.Filter, filter.Run())
	if err != nil {
		return err
	}
	q, err := listQuery(identity(c), set, number, size)
	if err != nil {
		return err
	}
	if q.Order, err = sorting(params.OrderBy, store.RunOrder); err != nil {
		return err
	}
	if size > largestPage {
		return s.delegate(c, "runs", raw, params.OrderBy, q)
	}
	runs, total, err := s.store.Runs(c.UserContext(), q)
	if err != nil {
		return filter.Refused(set, err)
	}
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.RunList(dst, runs, number, size, total) })
}

// AddRun makes a run. One that is there already is answered as if it had been made, so that a client whose answer got lost
// may send it again.
func (s *Server) AddRun(c *fiber.Ctx) error {
	body, who := object(c), identity(c)
	m, err := readMetadata(body)
	if err != nil {
		return err
	}
	if m.empty() {
		return refuse(http.StatusBadRequest, "Bad request, no data supplied")
	}
	project, err := s.home(c.UserContext(), who, "add_run", m, body)
	if err != nil {
		return err
	}
	run, err := s.newRun(body, m, project)
	if err != nil {
		return err
	}
	err = s.writer.Run(c.UserContext(), run)
	if errors.Is(err, store.ErrConflict) {
		run, err = s.repeatedRun(c.UserContext(), run)
	}
	if err != nil {
		return err
	}
	return send(c, http.StatusCreated, func(dst []byte) []byte { return encode.Run(dst, &run) })
}

func (s *Server) newRun(body contract.Object, m metadata, project uuid.UUID) (store.Run, error) {
	var run store.Run
	if err := onlyKnown(body, runFields...); err != nil {
		return run, err
	}
	id, err := idField(body, "id")
	if err != nil {
		return run, err
	}
	start, err := timeField(body, "start_time")
	if err != nil {
		return run, err
	}
	created, err := timeField(body, "created")
	if err != nil {
		return run, err
	}
	if run.Duration, err = numberField(body, "duration"); err != nil {
		return run, err
	}
	if run.Summary, err = summaryField(body); err != nil {
		return run, err
	}
	now := s.now().UTC()
	run.ID, run.ProjectID, run.Data, run.Source = s.idOr(id), &project, m.raw, textField(body, "source")
	run.StartTime, run.Created = timeOr(start, now), timeOr(created, now)
	// The columns follow the metadata. A reporter that only fills the columns is taken at its word.
	run.Env, run.Component = textField(body, "env"), textField(body, "component")
	if _, ok := m.keys.Get("env"); ok {
		run.Env = plainText(m.keys, "env")
	}
	if _, ok := m.keys.Get("component"); ok {
		run.Component = plainText(m.keys, "component")
	}
	return run, nil
}

// repeatedRun returns the run that is there already, if it is the one that was sent. What the server has made of it since
// does not count: the summary, the duration, and what came into the metadata with the results.
func (s *Server) repeatedRun(ctx context.Context, sent store.Run) (store.Run, error) {
	there, err := s.store.Run(ctx, sent.ID)
	if err != nil {
		return sent, err
	}
	joined, err := store.MergeMetadata(there.Data, sent.Data)
	same := err == nil && store.SameID(sent.ProjectID, there.ProjectID) && sameJSON(joined, there.Data) && (sent.Source == nil || sameText(sent.Source, there.Source))
	if !same {
		return sent, refuse(http.StatusConflict, "Run id %s already exist", sent.ID)
	}
	return there, nil
}

// GetRun answers one run.
func (s *Server) GetRun(c *fiber.Ctx, text contract.Id) error {
	id, err := pathID(text)
	if err != nil {
		return err
	}
	run, err := s.store.Run(c.UserContext(), id)
	if err != nil {
		return missing(err, "Run not found")
	}
	if err := s.allow(c, "get_run", run.ProjectID); err != nil {
		return err
	}
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.Run(dst, &run) })
}

// UpdateRun changes a run, and has it counted anew.
func (s *Server) UpdateRun(c *fiber.Ctx, text contract.Id) error {
	id, err := pathID(text)
	if err != nil {
		return err
	}
	change, err := s.runChange(c.UserContext(), identity(c), object(c))
	if err != nil {
		return s.existing(c, err, "update_run", id, s.store.RunProject, "Run not found")
	}
	run, err := s.store.UpdateRun(c.UserContext(), id, change, s.jobs.RunChanged)
	if err != nil {
		return missing(err, "Run not found")
	}
	s.runProjects.forget(id)
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.Run(dst, &run) })
}

// runChange reads an update, and returns what it does to the run that is locked for it.
func (s *Server) runChange(ctx context.Context, who *auth.Identity, body contract.Object) (func(*store.Run) error, error) {
	m, err := parseMetadata(objectField(body, "metadata"))
	if err != nil {
		return nil, err
	}
	start, err := timeField(body, "start_time")
	if err != nil {
		return nil, err
	}
	created, err := timeField(body, "created")
	if err != nil {
		return nil, err
	}
	duration, err := numberField(body, "duration")
	if err != nil {
		return nil, err
	}
	summary, err := summaryField(body)
	if err != nil {
		return nil, err
	}
	to, err := s.readMove(ctx, who, m, body)
	if err != nil {
		return nil, err
	}
	allowed := func(project *uuid.UUID) error {
		return s.permissions.Allow("update_run", who, auth.Object{Project: project})
	}
	return func(run *store.Run) error {
		if err := allowed(run.ProjectID); err != nil {
			return err
		}
		var err error
		if run.ProjectID, err = to.from(run.ProjectID, run.Data, allowed); err != nil {
			return err
		}
		if run.Data, err = store.MergeMetadata(run.Data, m.raw); err != nil {
			return err
		}
		setText(body, "env", &run.Env)
		setText(body, "component", &run.Component)
		setText(body, "source", &run.Source)
		run.StartTime, run.Created = timeOr(start, run.StartTime), timeOr(created, run.Created)
		if duration != nil {
			run.Duration = duration
		}
		if summary != nil {
			run.Summary = summary
		}
		return nil
	}, nil
}

// mostAtOnce is how many runs one bulk update changes.
const mostAtOnce = 25

// BulkUpdate adds metadata to the newest runs that match. What a run has already goes before what is sent.
func (s *Server) BulkUpdate(c *fiber.Ctx, params contract.BulkUpdateParams) error {
	ctx, who := c.UserContext(), identity(c)
	m, err := parseMetadata(objectField(object(c), "metadata"))
	if err != nil {
		return err
	}
	if m.empty() {
		return refuse(http.StatusUnauthorized, "Bad request, can only update metadata")
	}
	size := 1
	if params.PageSize != nil {
		size = *params.PageSize
	}
	if size > mostAtOnce {
		return refuse(http.StatusMethodNotAllowed, "Bad request, cannot update more than %d runs at a time", mostAtOnce)
	}
	if err := s.allowNamed(c, "update_run", m); err != nil {
		return err
	}
	raw, set, err := filters(params.Filter, filter.Run())
	if err != nil {
		return err
	}
	q, err := listQuery(who, set, 1, size)
	if err != nil {
		return err
	}
	if len(set.Conditions) == 0 {
		return refuse(http.StatusBadRequest, "Bad request, a filter is required")
	}
	found, total, err := s.store.Runs(ctx, q)
	if err != nil {
		return filter.Refused(set, err)
	}
	if len(found) == 0 {
		return refuse(http.StatusNotFound, "No runs found with %s", shown(strings.Join(raw, ", ")))
	}
	runs := make([]store.Run, len(found))
	for i, run := range found {
		if runs[i], err = s.store.UpdateRun(ctx, run.ID, s.bulkChange(who, m)); err != nil {
			return missing(err, "Run not found")
		}
	}
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.RunList(dst, runs, 1, size, total) })
}

func (s *Server) bulkChange(who *auth.Identity, m metadata) func(*store.Run) error {
	return func(run *store.Run) error {
		if err := s.permissions.Allow("update_run", who, auth.Object{Project: run.ProjectID}); err != nil {
			return err
		}
		var err error
		run.Data, err = store.MergeMetadata(m.raw, run.Data)
		return err
	}
}

// DeleteRun deletes a run with all that is in it.
func (s *Server) DeleteRun(c *fiber.Ctx, text contract.Id) error {
	id, err := pathID(text)
	if err != nil {
		return err
	}
	project, err := s.store.RunProject(c.UserContext(), id)
	if err != nil {
		return missing(err, noSuchRun)
	}
	if project == nil {
		err = s.allow(c, "delete_run", nil)
	} else {
		err = s.ownsProject(c, "delete_run", *project)
	}
	if err != nil {
		return err
	}
	err = s.store.DeleteRun(c.UserContext(), id)
	if errors.Is(err, store.ErrPinned) {
		return refuse(http.StatusConflict, "The run is pinned; unpin it first")
	}
	if err != nil {
		return missing(err, noSuchRun)
	}
	s.runProjects.forget(id)
	return sendMessage(c, http.StatusOK, "OK")
}
