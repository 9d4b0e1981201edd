package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/gofiber/fiber/v2"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/api/middleware"
	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/jobs"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// JobAdministration is what superadmins see of the work in the background, and do to it (jobs.Client).
type JobAdministration interface {
	Queues(ctx context.Context) ([]jobs.Queue, error)
	PauseQueue(ctx context.Context, name string, paused bool) (jobs.Queue, error)
	List(ctx context.Context, q jobs.Query) ([]jobs.Job, int64, error)
	Job(ctx context.Context, id int64) (jobs.Job, error)
	Retry(ctx context.Context, id int64) (jobs.Job, error)
	Cancel(ctx context.Context, id int64) (jobs.Job, error)
	Delete(ctx context.Context, id int64) error
	Workers(ctx context.Context) ([]jobs.WorkerInfo, error)
	Schedules(ctx context.Context) ([]jobs.Schedule, error)
	ChangeSchedule(ctx context.Context, name string, change jobs.ScheduleChange) (jobs.Schedule, error)
	RunSchedule(ctx context.Context, name string) (jobs.Job, error)
	StartTask(ctx context.Context, task string, params json.RawMessage, dryRun bool) (jobs.Job, error)
	RetentionPreview(ctx context.Context, kinds ...string) ([]jobs.Preview, store.Pruned, error)
	Keep() config.Retention
}

// jobFault answers administrators what cannot be done to a job, a queue or a periodic job.
func jobFault(err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, jobs.ErrUnknownSchedule):
		return problem(http.StatusNotFound, "Not Found")
	case errors.Is(err, jobs.ErrRunning):
		return problem(http.StatusConflict, "The job is running; it can be cancelled")
	case errors.Is(err, jobs.ErrOver):
		return problem(http.StatusConflict, "The job is over")
	case errors.Is(err, jobs.ErrFileGone):
		return problem(http.StatusConflict, "The file of the import is no longer kept; it has to be sent again")
	}
	return err
}

// tell logs what an administrator did.
func (s *Server) tell(c *fiber.Ctx, what, name string) {
	s.log.Info().Ctx(c.UserContext()).Str("request_id", middleware.ID(c)).Str("user", userOf(c)).Str("of", name).Msg(what)
}

// AdminGetQueueList answers all queues.
func (s *Server) AdminGetQueueList(c *fiber.Ctx) error {
	queues, err := s.jobs.Queues(c.UserContext())
	if err != nil {
		return err
	}
	return sendJSON(c, http.StatusOK, map[string]any{"queues": queues})
}

// AdminUpdateQueue pauses a queue, or lets it go on.
func (s *Server) AdminUpdateQueue(c *fiber.Ctx, name string) error {
	paused, _ := flagField(object(c), "paused")
	queue, err := s.jobs.PauseQueue(c.UserContext(), name, paused)
	if err != nil {
		return jobFault(err)
	}
	if paused {
		s.tell(c, "queue paused", queue.Name)
	} else {
		s.tell(c, "queue goes on", queue.Name)
	}
	return sendJSON(c, http.StatusOK, queue)
}

// flagField returns a member that is true or false; given is false for null, or where there is none.
func flagField(o contract.Object, name string) (value, given bool) {
	raw, ok := o.Get(name)
	if !ok || contract.IsNull(raw) {
		return false, false
	}
	return string(raw) == "true", true
}

// AdminGetJobList answers a page of jobs, newest first.
func (s *Server) AdminGetJobList(c *fiber.Ctx, params contract.AdminGetJobListParams) error {
	number, size, err := page(params.Page, params.PageSize)
	if err != nil {
		return err
	}
	if size > largestPage {
		return problem(http.StatusBadRequest, "pageSize: %d is more than the %d that a page of jobs can have", size, largestPage)
	}
	q := jobs.Query{Page: number, PageSize: size}
	if params.State != nil {
		if q.State = *params.State; !jobs.IsState(q.State) {
			return problem(http.StatusBadRequest, "state: %q is no state of a job", shown(q.State))
		}
	}
	if params.Queue != nil {
		q.Queue = *params.Queue
	}
	if params.Kind != nil {
		q.Kind = *params.Kind
	}
	list, total, err := s.jobs.List(c.UserContext(), q)
	if err != nil {
		return err
	}
	return sendJSON(c, http.StatusOK, map[string]any{"jobs": list, "pagination": pagination(number, size, total)})
}

func pagination(number, size int, total int64) contract.Pagination {
	return contract.Pagination{Page: number, PageSize: size, TotalItems: int(total), TotalPages: int((total + int64(size) - 1) / int64(size))}
}

// AdminGetJob answers one job.
func (s *Server) AdminGetJob(c *fiber.Ctx, id int64) error {
	job, err := s.jobs.Job(c.UserContext(), id)
	return s.sendJob(c, http.StatusOK, job, err)
}

func (s *Server) sendJob(c *fiber.Ctx, status int, job jobs.Job, err error) error {
	if err != nil {
		return jobFault(err)
	}
	return sendJSON(c, status, job)
}

// AdminDeleteJob forgets a job.
func (s *Server) AdminDeleteJob(c *fiber.Ctx, id int64) error {
	if err := s.jobs.Delete(c.UserContext(), id); err != nil {
		return jobFault(err)
	}
	s.tell(c, "job deleted", c.Params("id"))
	return sendMessage(c, http.StatusOK, "OK")
}

// AdminRetryJob lets a job run again now.
func (s *Server) AdminRetryJob(c *fiber.Ctx, id int64) error {
	job, err := s.jobs.Retry(c.UserContext(), id)
	if err == nil {
		s.tell(c, "job runs again", c.Params("id"))
	}
	return s.sendJob(c, http.StatusOK, job, err)
}

// AdminCancelJob ends a job.
func (s *Server) AdminCancelJob(c *fiber.Ctx, id int64) error {
	job, err := s.jobs.Cancel(c.UserContext(), id)
	if err == nil {
		s.tell(c, "job cancelled", c.Params("id"))
	}
	return s.sendJob(c, http.StatusOK, job, err)
}

// AdminGetWorkerList answers the workers and schedulers.
func (s *Server) AdminGetWorkerList(c *fiber.Ctx) error {
	workers, err := s.jobs.Workers(c.UserContext())
	if err != nil {
		return err
	}
	return sendJSON(c, http.StatusOK, map[string]any{"workers": workers})
}

// AdminGetScheduleList answers the periodic jobs.
func (s *Server) AdminGetScheduleList(c *fiber.Ctx) error {
	schedules, err := s.jobs.Schedules(c.UserContext())
	if err != nil {
		return err
	}
	return sendJSON(c, http.StatusOK, map[string]any{"schedules": schedules})
}

// AdminUpdateSchedule sets whether and when a periodic job runs.
func (s *Server) AdminUpdateSchedule(c *fiber.Ctx, name string) error {
	body := object(c)
	if err := onlyKnown(body, "enabled", "spec"); err != nil {
		return err
	}
	var change jobs.ScheduleChange
	if enabled, given := flagField(body, "enabled"); given {
		change.Enabled = &enabled
	}
	if _, given := body.Get("spec"); given {
		change.SetSpec, change.Spec = true, textField(body, "spec")
	}
	schedule, err := s.jobs.ChangeSchedule(c.UserContext(), name, change)
	if errors.Is(err, jobs.ErrSpec) {
		return badField("spec", "%s", shown(err.Error()))
	}
	if err != nil {
		return jobFault(err)
	}
	s.tell(c, "schedule changed", schedule.Name)
	return sendJSON(c, http.StatusOK, schedule)
}

// AdminRunSchedule adds a periodic job now.
func (s *Server) AdminRunSchedule(c *fiber.Ctx, name string) error {
	job, err := s.jobs.RunSchedule(c.UserContext(), name)
	if err == nil {
		s.tell(c, "periodic job added by hand", job.Kind)
	}
	return s.sendJob(c, http.StatusAccepted, job, err)
}

// AdminGetTaskList answers what can be started by hand.
func (s *Server) AdminGetTaskList(c *fiber.Ctx) error {
	return sendJSON(c, http.StatusOK, map[string]any{"tasks": jobs.Tasks()})
}

// AdminStartTask starts a maintenance task, or lets it only say what it would do.
func (s *Server) AdminStartTask(c *fiber.Ctx) error {
	body := object(c)
	if err := onlyKnown(body, "task", "params", "dry_run"); err != nil {
		return err
	}
	name, _ := body.Text("task")
	dryRun, _ := flagField(body, "dry_run")
	params, _ := body.Get("params")
	// Kept with the job, when the body's bytes are another request's.
	job, err := s.jobs.StartTask(c.UserContext(), name, append(json.RawMessage(nil), params...), dryRun)
	switch {
	case errors.Is(err, jobs.ErrUnknownTask):
		return problem(http.StatusNotFound, "There is no task %q", shown(name))
	case errors.Is(err, jobs.ErrParams):
		return badField("params", "%s", shown(err.Error()))
	case err != nil:
		return err
	}
	s.tell(c, "task started by hand", name)
	return s.sendJob(c, http.StatusAccepted, job, nil)
}
