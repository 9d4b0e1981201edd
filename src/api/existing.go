package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// missing answers 404 in the words of the resource where a row is not there.
func missing(err error, message string) error {
	if errors.Is(err, store.ErrNotFound) {
		return refuse(http.StatusNotFound, "%s", message)
	}
	return err
}

// existing answers a request about a row with the fault that was found in it, unless the row is not there or not open to
// who asks: then that is the answer, as the fault may tell of projects that are not theirs to know.
func (s *Server) existing(c *fiber.Ctx, fault error, operation string, id uuid.UUID, projectOf func(context.Context, uuid.UUID) (*uuid.UUID, error), message string) error {
	project, err := projectOf(c.UserContext(), id)
	if err != nil {
		return missing(err, message)
	}
	if err := s.allow(c, operation, project); err != nil {
		return err
	}
	return fault
}

func orEmpty(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("{}")
	}
	return raw
}

const (
	// runsKnown bounds the runs whose projects are remembered.
	runsKnown = 8192
	// runsFresh is how long one is remembered: another process may move a run.
	runsFresh = 5 * time.Second
)

// runProjects remembers which projects runs belong to: each result that comes in asks for that of its run.
type runProjects struct {
	read func(context.Context, uuid.UUID) (*uuid.UUID, error)
	now  func() time.Time

	mu    sync.RWMutex
	known map[uuid.UUID]runProject
}

type runProject struct {
	project *uuid.UUID
	until   time.Time
}

func newRunProjects(read func(context.Context, uuid.UUID) (*uuid.UUID, error), now func() time.Time) *runProjects {
	return &runProjects{read: read, now: now, known: map[uuid.UUID]runProject{}}
}

// of returns the project of a run (nil: none), or store.ErrNotFound.
func (r *runProjects) of(ctx context.Context, run uuid.UUID) (*uuid.UUID, error) {
	now := r.now()
	r.mu.RLock()
	known, ok := r.known[run]
	r.mu.RUnlock()
	if ok && now.Before(known.until) {
		return known.project, nil
	}
	project, err := r.read(ctx, run)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.known) >= runsKnown {
		clear(r.known)
	}
	r.known[run] = runProject{project, now.Add(runsFresh)}
	return project, nil
}

func (r *runProjects) forget(run uuid.UUID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.known, run)
}
