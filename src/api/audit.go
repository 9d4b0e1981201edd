package api

import (
	"net/http"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/api/middleware"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// bulk are operations that change what is counted in millions, and is its own record: runs, results, their artifacts and
// imports. Asking the database to name an actor would cost each of them a round trip.
var bulk = map[string]bool{
	"add_run": true, "update_run": true, "add_result": true, "update_result": true, "update_results": true, "upload_artifact": true, "add_import": true,
}

// deeds are operations whose change is no row that the database records by itself, with the kind of their object.
var deeds = map[string]string{
	"retry_import": "import", "cancel_import": "import", "bulk_update": "run", "delete_artifact": "artifact", "pin_run": "run", "delete_run": "run", "unpin_run": "run", "run_task": "task", "admin_start_task": "task",
	"admin_update_queue": "queue", "admin_delete_job": "job", "admin_retry_job": "job", "admin_cancel_job": "job",
	"admin_update_schedule": "schedule", "admin_run_schedule": "schedule",
	"admin_set_log_level": "log",
	"admin_set_retention": "retention", "admin_delete_retention": "retention",
}

// recorded lets what the operation changes be recorded under who asks for it.
func (s *Server) recorded(c *fiber.Ctx, op *contract.Operation) func() error {
	if op.Method == http.MethodGet && !op.Public || bulk[op.ID] {
		return c.Next
	}
	actor := store.Actor{Client: strings.Clone(c.IP()), Request: middleware.ID(c)}
	if who := identity(c); who != nil {
		actor.ID, actor.Name = &who.UserID, who.Email
	}
	c.SetUserContext(store.WithActor(c.UserContext(), actor))
	kind, deed := deeds[op.ID]
	if !deed {
		return c.Next
	}
	return func() error {
		if err := c.Next(); err != nil || c.Response().StatusCode() >= http.StatusBadRequest {
			return err
		}
		event := store.AuditEvent{Action: kind + "." + op.ID, ObjectType: kind, ObjectID: deedObject(c)}
		if err := s.store.Record(c.UserContext(), event); err != nil {
			// It is done: an error would make the client do it again.
			s.log.Error().Ctx(c.UserContext()).Err(err).Str("request_id", middleware.ID(c)).Str("operation", op.ID).Msg("cannot record what was done")
		}
		return nil
	}
}

// deedObject is what the operation was about: the last parameter of its path, else the task or the level that its body
// names, else its filter.
func deedObject(c *fiber.Ctx) string {
	if names := c.Route().Params; len(names) > 0 {
		return strings.Clone(c.Params(names[len(names)-1]))
	}
	for _, member := range []string{"task", "level"} {
		if text, ok := object(c).Text(member); ok {
			return text
		}
	}
	return string(c.Request().URI().QueryString())
}

// AdminGetAuditList answers a page of changes, newest first.
func (s *Server) AdminGetAuditList(c *fiber.Ctx, params contract.AdminGetAuditListParams) error {
	number, size, err := page(params.Page, params.PageSize)
	if err != nil {
		return err
	}
	if size > largestPage {
		return problem(http.StatusBadRequest, "pageSize: %d is more than the %d that a page of changes can have", size, largestPage)
	}
	q := store.AuditQuery{Page: number, PageSize: size, Actor: plainParam(params.Actor), Action: plainParam(params.Action),
		ObjectType: plainParam(params.ObjectType), ObjectID: plainParam(params.ObjectId)}
	if q.ActorID, err = queryIDOrNone("actor_id", params.ActorId); err != nil {
		return err
	}
	if q.ProjectID, err = queryIDOrNone("project_id", params.ProjectId); err != nil {
		return err
	}
	if q.Since, err = queryTime("since", params.Since); err != nil {
		return err
	}
	if q.Until, err = queryTime("until", params.Until); err != nil {
		return err
	}
	events, total, err := s.store.Audit(c.UserContext(), q)
	if err != nil {
		return err
	}
	shown := make([]map[string]any, len(events))
	for i, e := range events {
		shown[i] = map[string]any{
			"id": e.ID, "at": moment(e.At), "actor_id": e.ActorID, "actor": e.Actor, "client": e.Client, "request_id": e.Request, "action": e.Action,
			"object_type": e.ObjectType, "object_id": e.ObjectID, "object_name": e.ObjectName, "project_id": e.ProjectID, "changes": e.Changes,
		}
	}
	return sendJSON(c, http.StatusOK, map[string]any{"events": shown, "pagination": pagination(number, size, total)})
}

func plainParam(text *string) string {
	if text == nil {
		return ""
	}
	return strings.ReplaceAll(*text, "\x00", "")
}

// queryTime reads a moment of a query; nil where there is none.
func queryTime(name string, text *string) (*time.Time, error) {
	if text == nil || *text == "" {
		return nil, nil
	}
	// A plus in a query is a space, and clients forget to write it as %2B.
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", time.DateOnly} {
		if t, err := time.Parse(layout, strings.ReplaceAll(*text, " ", "+")); err == nil {
			return &t, nil
		}
	}
	return nil, problem(http.StatusBadRequest, "%s: %q is no moment such as 2027-01-31T12:00:00Z", name, shown(*text))
}

// moment is a time as the newer operations answer it.
func moment(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func momentOrNull(t *time.Time) any {
	if t == nil {
		return nil
	}
	return moment(*t)
}
