package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/api/encode"
	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/store"
)

var resultFields = []string{"id", "metadata", "data", "project_id", "run_id", "test_id", "result", "env", "component", "source", "start_time", "duration", "params"}

// GetResultList answers a page of results, newest first.
func (s *Server) GetResultList(c *fiber.Ctx, params contract.GetResultListParams) error {
	number, size, err := page(params.Page, params.PageSize)
	if err != nil {
		return err
	}
	raw, set, err := filters(params.Filter, filter.Result())
	if err != nil {
		return err
	}
	q, err := listQuery(identity(c), set, number, size)
	if err != nil {
		return err
	}
	if q.Order, err = sorting(params.OrderBy, store.ResultOrder); err != nil {
		return err
	}
	if size > largestPage {
		return s.delegate(c, "results", raw, params.OrderBy, q)
	}
	results, total, err := s.store.Results(c.UserContext(), q)
	if err != nil {
		return filter.Refused(set, err)
	}
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.ResultList(dst, results, number, size, total) })
}

// AddResult makes a result. One that is there already is answered as if it had been made, so that a client whose answer got
// lost may send it again.
func (s *Server) AddResult(c *fiber.Ctx) error {
	ctx, body, who := c.UserContext(), object(c), identity(c)
	m, err := readMetadata(body)
	if err != nil {
		return err
	}
	project, err := s.home(ctx, who, "add_result", m, body)
	if err != nil {
		return err
	}
	if m, err = m.promoted(); err != nil {
		return err
	}
	result, started, err := s.newResult(ctx, who, body, m, project)
	if err != nil {
		return err
	}
	err = s.writer.Result(ctx, result)
	switch {
	case errors.Is(err, store.ErrConflict):
		result, err = s.repeatedResult(ctx, result, started)
	case errors.Is(err, store.ErrReference):
		err = refuse(http.StatusBadRequest, "Bad request, the run or the project of the result does not exist")
	}
	if err != nil {
		return err
	}
	return send(c, http.StatusCreated, func(dst []byte) []byte { return encode.Result(dst, &result) })
}

// newResult makes a result of a body. started says whether the client has told when it started.
func (s *Server) newResult(ctx context.Context, who *auth.Identity, body contract.Object, m metadata, project uuid.UUID) (result store.Result, started bool, err error) {
	if err := onlyKnown(body, resultFields...); err != nil {
		return result, false, err
	}
	id, err := idField(body, "id")
	if err != nil {
		return result, false, err
	}
	start, err := timeField(body, "start_time")
	if err != nil {
		return result, false, err
	}
	if result.Duration, err = numberField(body, "duration"); err != nil {
		return result, false, err
	}
	if result.RunID, err = s.runOf(ctx, who, m); err != nil {
		return result, false, err
	}
	result.ID, result.ProjectID, result.Data, result.Params = s.idOr(id), &project, m.raw, objectField(body, "params")
	result.TestID, result.Result, result.Source = textField(body, "test_id"), textField(body, "result"), textField(body, "source")
	result.Env, result.Component = plainText(m.keys, "env"), plainText(m.keys, "component")
	result.StartTime = timeOr(start, s.now().UTC())
	return result, start != nil, nil
}

// runOf returns the run that the metadata names (nil: none), if who asks may add to it.
func (s *Server) runOf(ctx context.Context, who *auth.Identity, m metadata) (*uuid.UUID, error) {
	raw, ok := m.keys.Get("run")
	if !ok || contract.IsNull(raw) {
		return nil, nil
	}
	text, _ := contract.Text(raw)
	id, ok := filter.ParseUUID(text)
	if !ok {
		return nil, badField("metadata.run", "%q is not a valid UUID", shown(text))
	}
	return &id, s.mayAddTo(ctx, who, id)
}

// mayAddTo says whether results of who asks may count into a run: its summary is what others look at.
func (s *Server) mayAddTo(ctx context.Context, who *auth.Identity, run uuid.UUID) error {
	if who.Superadmin {
		return nil // the database says whether there is such a run
	}
	project, err := s.runProjects.of(ctx, run)
	if errors.Is(err, store.ErrNotFound) {
		return refuse(http.StatusBadRequest, "Bad request, run %s does not exist", run)
	}
	if err != nil {
		return err
	}
	return s.permissions.Allow("update_run", who, auth.Object{Project: project})
}

// repeatedResult returns the result that is there already, if it is the one that was sent.
func (s *Server) repeatedResult(ctx context.Context, sent store.Result, started bool) (store.Result, error) {
	there, err := s.store.Result(ctx, sent.ID)
	if err != nil {
		return sent, err
	}
	same := store.SameID(sent.ProjectID, there.ProjectID) && store.SameID(sent.RunID, there.RunID) && sameText(sent.TestID, there.TestID) &&
		sameText(sent.Result, there.Result) && sameText(sent.Source, there.Source) && sameNumber(sent.Duration, there.Duration) &&
		(!started || sent.StartTime.Equal(there.StartTime)) && sameJSON(sent.Params, there.Params) &&
		sameJSON(orEmpty(sent.Data), orEmpty(there.Data))
	if !same {
		return sent, refuse(http.StatusBadRequest, "Result id %s already exist", sent.ID)
	}
	return there, nil
}

// GetResult answers one result.
func (s *Server) GetResult(c *fiber.Ctx, text contract.Id) error {
	id, err := pathID(text)
	if err != nil {
		return err
	}
	result, err := s.store.Result(c.UserContext(), id)
	if err != nil {
		return missing(err, "Result not found")
	}
	if err := s.allow(c, "get_result", result.ProjectID); err != nil {
		return err
	}
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.Result(dst, &result) })
}

// UpdateResult changes a result.
func (s *Server) UpdateResult(c *fiber.Ctx, text contract.Id) error {
	id, err := pathID(text)
	if err != nil {
		return err
	}
	change, err := s.resultChange(c.UserContext(), identity(c), object(c))
	if err != nil {
		return s.existing(c, err, "update_result", id, s.store.ResultProject, "Result not found")
	}
	result, err := s.store.UpdateResult(c.UserContext(), id, change)
	if err != nil {
		return missing(err, "Result not found")
	}
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.Result(dst, &result) })
}

// resultChange reads an update, and returns what it does to the result that is locked for it.
func (s *Server) resultChange(ctx context.Context, who *auth.Identity, body contract.Object) (func(*store.Result) error, error) {
	m, err := parseMetadata(objectField(body, "metadata"))
	if err != nil {
		return nil, err
	}
	start, err := timeField(body, "start_time")
	if err != nil {
		return nil, err
	}
	duration, err := numberField(body, "duration")
	if err != nil {
		return nil, err
	}
	to, err := s.readMove(ctx, who, m, body)
	if err != nil {
		return nil, err
	}
	run, err := s.readRunMove(ctx, body)
	if err != nil {
		return nil, err
	}
	allowed := func(project *uuid.UUID) error {
		return s.permissions.Allow("update_result", who, auth.Object{Project: project})
	}
	return func(result *store.Result) error {
		if err := allowed(result.ProjectID); err != nil {
			return err
		}
		var err error
		if result.ProjectID, err = to.from(result.ProjectID, result.Data, allowed); err != nil {
			return err
		}
		if result.RunID, err = run.from(result.RunID, allowed); err != nil {
			return err
		}
		if err := mergeResult(result, m); err != nil {
			return err
		}
		setText(body, "test_id", &result.TestID)
		setText(body, "result", &result.Result)
		setText(body, "source", &result.Source)
		result.StartTime = timeOr(start, result.StartTime)
		if duration != nil {
			result.Duration = duration
		}
		if params := objectField(body, "params"); params != nil {
			result.Params = params
		}
		return nil
	}, nil
}

// mergeResult joins an update's metadata with the stored one, and takes the columns that follow the metadata from both.
func mergeResult(result *store.Result, m metadata) error {
	joined, err := store.MergeMetadata(result.Data, m.raw)
	if err != nil {
		return err
	}
	after, err := parseMetadata(joined)
	if err != nil {
		return err
	}
	if after, err = after.promoted(); err != nil {
		return err
	}
	result.Data = after.raw
	result.Env, result.Component = plainText(after.keys, "env"), plainText(after.keys, "component")
	return nil
}

// runMove is the run that an update wants a result in.
type runMove struct {
	given   bool
	run     *uuid.UUID // nil: none
	project *uuid.UUID // of that run
	refused error      // why there is no such run
}

func (s *Server) readRunMove(ctx context.Context, body contract.Object) (runMove, error) {
	raw, given := body.Get("run_id")
	v := runMove{given: given}
	if !given || contract.IsNull(raw) {
		return v, nil
	}
	var err error
	if v.run, err = idField(body, "run_id"); err != nil {
		return v, err
	}
	v.project, err = s.runProjects.of(ctx, *v.run)
	if errors.Is(err, store.ErrNotFound) {
		v.refused, err = badField("run_id", "run %s does not exist", *v.run), nil
	}
	return v, err
}

// from returns the run that a result is in afterwards.
func (v runMove) from(now *uuid.UUID, allowed func(*uuid.UUID) error) (*uuid.UUID, error) {
	switch {
	case !v.given || store.SameID(now, v.run):
		return now, nil
	case v.refused != nil:
		return nil, v.refused
	case v.run == nil:
		return nil, nil
	}
	return v.run, allowed(v.project)
}

// setText changes a column of text when the body has it; null empties it.
func setText(body contract.Object, name string, column **string) {
	if _, ok := body.Get(name); ok {
		*column = textField(body, name)
	}
}

func timeOr(t *time.Time, other time.Time) time.Time {
	if t != nil {
		return *t
	}
	return other.Truncate(time.Microsecond)
}
