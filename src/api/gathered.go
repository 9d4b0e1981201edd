package api

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// gathered asks for the projects of rows together: while one question is on its way, those that come gather for the next.
// Nobody waits for others to come, and nothing is remembered, so that no answer is old.
type gathered struct {
	read func(context.Context, []uuid.UUID) (map[uuid.UUID]*uuid.UUID, error)

	mu   sync.Mutex
	next *question
	busy bool
}

type question struct {
	ids   []uuid.UUID
	done  chan struct{}
	found map[uuid.UUID]*uuid.UUID
	err   error
}

// gatheredPatience bounds a question, which is nobody's own and ends with nobody's request.
const gatheredPatience = 25 * time.Second

// of returns the project of a row (nil: none), or store.ErrNotFound.
func (g *gathered) of(ctx context.Context, id uuid.UUID) (*uuid.UUID, error) {
	q, ask := g.join(id)
	if ask {
		g.ask(q)
	}
	select {
	case <-q.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if q.err != nil {
		return nil, q.err
	}
	project, ok := q.found[id]
	if !ok {
		return nil, fmt.Errorf("project of %s: %w", id, store.ErrNotFound)
	}
	return project, nil
}

// join adds an id to the next question. ask says that the caller has to ask it, since nobody else is about to.
func (g *gathered) join(id uuid.UUID) (q *question, ask bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.next == nil {
		g.next = &question{done: make(chan struct{})}
	}
	q = g.next
	q.ids = append(q.ids, id)
	if g.busy {
		return q, false
	}
	g.busy, g.next = true, nil
	return q, true
}

// ask asks a question, and leaves those that gathered meanwhile to a goroutine: the caller's own answer is there.
func (g *gathered) ask(q *question) {
	ctx, cancel := context.WithTimeout(context.Background(), gatheredPatience)
	defer cancel()
	q.found, q.err = g.read(ctx, q.ids)
	g.mu.Lock()
	next := g.next
	g.next, g.busy = nil, next != nil
	g.mu.Unlock()
	close(q.done)
	if next != nil {
		go g.ask(next)
	}
}
