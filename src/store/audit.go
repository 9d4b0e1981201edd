package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/store/db"
)

// Actor is who makes a change, as the audit log keeps it.
type Actor struct {
	// ID is nil for somebody who is not signed in. Name is the address, or what else says who it is.
	ID   *uuid.UUID
	Name string
	// Client is the address of the machine, Request the id under which the server's log tells more.
	Client, Request string
	// Silent changes are none in anybody's eyes, and are not recorded: the same password under a better hash.
	Silent bool
}

type actorKey struct{}

// WithActor lets the changes that are made with the context be recorded under the actor.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorOf returns the actor of ctx, the zero one where there is none.
func ActorOf(ctx context.Context) Actor {
	a, _ := actorOf(ctx)
	return a
}

func actorOf(ctx context.Context) (Actor, bool) {
	a, ok := ctx.Value(actorKey{}).(Actor)
	return a, ok
}

// nameActor tells the triggers that record changes who makes them.
func nameActor(ctx context.Context, tx pgx.Tx) error {
	a, ok := actorOf(ctx)
	if !ok {
		return nil
	}
	if a.Silent {
		_, err := tx.Exec(ctx, `SELECT set_config('ibutsu.actor', '{"silent": true}', true)`)
		return wrap("name the actor", err)
	}
	said := map[string]string{"name": plain(a.Name), "client": plain(a.Client), "request": plain(a.Request)}
	if a.ID != nil {
		said["id"] = a.ID.String()
	}
	text, err := json.Marshal(said)
	if err != nil {
		return fmt.Errorf("name the actor: %w", err)
	}
	_, err = tx.Exec(ctx, `SELECT set_config('ibutsu.actor', $1, true)`, string(text))
	return wrap("name the actor", err)
}

// actorLongest bounds what is kept of a text that a client chose.
const actorLongest = 300

// plain is a text that every column takes.
func plain(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "")
	if len(text) > actorLongest {
		text = strings.ToValidUTF8(text[:actorLongest], "")
	}
	return text
}

// AuditEvent is one change.
type AuditEvent struct {
	ID      int64
	At      time.Time
	ActorID *uuid.UUID
	// Actor is the address that the actor had; empty for a change that was made past this server.
	Actor, Client, Request string
	// Action is the kind of object and what was done: user.update.
	Action                           string
	ObjectType, ObjectID, ObjectName string
	ProjectID                        *uuid.UUID
	// Changes are {"field": [before, after]}, without secrets.
	Changes json.RawMessage
}

// Record writes an event that is no change of a row which the database records by itself. Who did it is the actor of ctx.
func (s *Store) Record(ctx context.Context, e AuditEvent) error {
	a, _ := actorOf(ctx)
	if e.Changes == nil {
		e.Changes = json.RawMessage("{}")
	}
	return wrap("record", s.q.InsertAudit(ctx, db.InsertAuditParams{
		ActorID: a.ID, Actor: plain(a.Name), Client: plain(a.Client), RequestID: plain(a.Request), Action: e.Action, ObjectType: e.ObjectType,
		ObjectID: plain(e.ObjectID), ObjectName: plain(e.ObjectName), ProjectID: e.ProjectID, Changes: e.Changes,
	}))
}

// AuditQuery asks for a page of events, newest first. What is zero narrows nothing.
type AuditQuery struct {
	ActorID, ProjectID           *uuid.UUID
	Actor                        string // part of the actor's address, whatever the case
	Action, ObjectType, ObjectID string
	Since, Until                 *time.Time // from this moment on, and before that one
	Page, PageSize               int
}

const auditColumns = "id, at, actor_id, actor, client, request_id, action, object_type, object_id, object_name, project_id, changes"

func scanAudit(row pgx.CollectableRow) (AuditEvent, error) {
	var e AuditEvent
	err := row.Scan(&e.ID, &e.At, &e.ActorID, &e.Actor, &e.Client, &e.Request, &e.Action, &e.ObjectType, &e.ObjectID, &e.ObjectName,
		&e.ProjectID, &e.Changes)
	return e, err
}

// Audit returns a page of events and how many match in all.
func (s *Store) Audit(ctx context.Context, q AuditQuery) ([]AuditEvent, int64, error) {
	c := condition{where: "true"}
	if q.ActorID != nil {
		c = c.and("actor_id = %s::uuid", *q.ActorID)
	}
	if q.ProjectID != nil {
		c = c.and("project_id = %s::uuid", *q.ProjectID)
	}
	if q.Actor != "" {
		c = c.and("position(lower(%s::text) IN lower(actor)) > 0", q.Actor)
	}
	if q.Action != "" {
		c = c.and("action = %s::text", q.Action)
	}
	if q.ObjectType != "" {
		c = c.and("object_type = %s::text", q.ObjectType)
	}
	if q.ObjectID != "" {
		c = c.and("object_id = %s::text", q.ObjectID)
	}
	if q.Since != nil {
		c = c.and("at >= %s::timestamp", q.Since.UTC())
	}
	if q.Until != nil {
		c = c.and("at < %s::timestamp", q.Until.UTC())
	}
	l := shortList[AuditEvent]{table: "audit", columns: auditColumns, order: "id DESC", scan: scanAudit}
	return l.page(ctx, s, c, q.Page, q.PageSize)
}

// prunedAtOnce bounds one transaction of PruneAudit.
const prunedAtOnce = 10_000

// PruneAudit deletes the events before then, and returns how many.
func (s *Store) PruneAudit(ctx context.Context, then time.Time) (int64, error) {
	var all int64
	for {
		n, err := s.q.PruneAudit(ctx, db.PruneAuditParams{Before: then.UTC(), Most: prunedAtOnce})
		all += n
		if err != nil || n < prunedAtOnce {
			return all, wrap("prune audit", err)
		}
	}
}
