package widget

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"sync"
)

// flights lets equal questions that come while one is being answered wait for that answer.
type flights struct {
	mu      sync.Mutex
	running map[string]*flight
}

type flight struct {
	done    chan struct{}
	answer  json.RawMessage
	err     error
	waiting int
	ctx     context.Context // of the work: nobody's own
	cancel  context.CancelFunc
}

// work answers a question, and returns what is left to do when the answer is out; nil for nothing.
type work func(context.Context) (answer json.RawMessage, after func(), err error)

// do answers a question. The work goes on as long as anybody waits for it, whoever came first: who did does it, without a
// goroutine of its own, which on a machine with few cores takes as long as asking the database.
func (f *flights) do(ctx context.Context, key string, w work) (json.RawMessage, error) {
	current, first := f.join(ctx, key)
	if !first {
		return f.wait(ctx, key, current)
	}
	stays := context.AfterFunc(ctx, func() { f.leave(key, current) })
	defer stays()
	if after := f.answer(current.ctx, key, current, w); after != nil {
		go after()
	}
	return current.answer, current.err
}

// join returns the flight of a question, and whether it is a new one.
func (f *flights) join(ctx context.Context, key string) (current *flight, first bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running == nil {
		f.running = map[string]*flight{}
	}
	current, ok := f.running[key]
	if !ok {
		current = &flight{done: make(chan struct{})}
		current.ctx, current.cancel = context.WithCancel(context.WithoutCancel(ctx))
		f.running[key] = current
	}
	current.waiting++
	return current, !ok
}

func (f *flights) wait(ctx context.Context, key string, current *flight) (json.RawMessage, error) {
	select {
	case <-current.done:
		return current.answer, current.err
	case <-ctx.Done():
		f.leave(key, current)
		return nil, ctx.Err()
	}
}

// answer does the work and gives everybody who waits the answer.
func (f *flights) answer(ctx context.Context, key string, current *flight, w work) (after func()) {
	defer func() {
		// A panic here would end the server, not just a request.
		if reason := recover(); reason != nil {
			current.err = fmt.Errorf("widget: panic: %v\n%s", reason, debug.Stack())
		}
		f.mu.Lock()
		if f.running[key] == current {
			delete(f.running, key)
		}
		f.mu.Unlock()
		current.cancel()
		close(current.done)
	}()
	current.answer, after, current.err = w(ctx)
	return after
}

// leave stops the work when nobody waits for it any more. Who asks next starts anew.
func (f *flights) leave(key string, current *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	current.waiting--
	if current.waiting > 0 {
		return
	}
	current.cancel()
	if f.running[key] == current {
		delete(f.running, key)
	}
}
