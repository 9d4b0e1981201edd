package auth

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Limiter counts events by key. Several backends that share one limit together.
type Limiter interface {
	// Take counts one event. When there were more than most within the window, wait is how long until the next is welcome.
	Take(ctx context.Context, key string, most int, window time.Duration) (wait time.Duration, err error)
	// Give takes one event back.
	Give(ctx context.Context, key string) error
	// Forget takes all events of the key back.
	Forget(ctx context.Context, key string) error
}

// TooManyError means that a caller has tried too often.
type TooManyError struct {
	// After is how long to wait.
	After time.Duration
}

func (e *TooManyError) Error() string {
	return fmt.Sprintf("too many attempts, try again in %v", e.After.Round(time.Second))
}

// Shared counts for all processes together, where it can (cache.Limits).
type Shared interface {
	Take(ctx context.Context, key string, most int, window time.Duration) (wait time.Duration, ok bool)
	Give(ctx context.Context, key string) (ok bool)
	Forget(ctx context.Context, key string) (ok bool)
}

// SharedLimiter counts for all processes together, and by itself while that is not possible.
type SharedLimiter struct {
	Shared Shared
	Own    *LocalLimiter
}

// Take implements Limiter.
func (l SharedLimiter) Take(ctx context.Context, key string, most int, window time.Duration) (time.Duration, error) {
	if wait, ok := l.Shared.Take(ctx, key, most, window); ok {
		return wait, nil
	}
	return l.Own.Take(ctx, key, most, window)
}

// Give implements Limiter.
func (l SharedLimiter) Give(ctx context.Context, key string) error {
	if l.Shared.Give(ctx, key) {
		return nil
	}
	return l.Own.Give(ctx, key)
}

// Forget implements Limiter. What was counted here while it was not possible elsewhere is forgotten, too.
func (l SharedLimiter) Forget(ctx context.Context, key string) error {
	l.Shared.Forget(ctx, key)
	return l.Own.Forget(ctx, key)
}

// LocalLimiter counts in this process alone. Safe for concurrent use.
type LocalLimiter struct {
	now  func() time.Time
	most int

	mu      sync.Mutex
	windows map[string]window
}

type window struct {
	n    int
	ends time.Time
}

// limiterKeys bounds the memory: attackers choose the keys.
const limiterKeys = 50_000

// NewLocalLimiter counts in windows that start with their first event.
func NewLocalLimiter(now func() time.Time) *LocalLimiter {
	return &LocalLimiter{now: now, most: limiterKeys, windows: map[string]window{}}
}

// Take implements Limiter.
func (l *LocalLimiter) Take(_ context.Context, key string, most int, span time.Duration) (time.Duration, error) {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	w, ok := l.windows[key]
	if !ok || !now.Before(w.ends) {
		l.makeRoom(now)
		w = window{ends: now.Add(span)}
	}
	if w.n >= most {
		return w.ends.Sub(now), nil
	}
	w.n++
	l.windows[key] = w
	return 0, nil
}

func (l *LocalLimiter) makeRoom(now time.Time) {
	if len(l.windows) < l.most {
		return
	}
	for key, w := range l.windows {
		if !now.Before(w.ends) {
			delete(l.windows, key)
		}
	}
	for key := range l.windows {
		if len(l.windows) < l.most {
			return
		}
		delete(l.windows, key)
	}
}

// Give implements Limiter.
func (l *LocalLimiter) Give(_ context.Context, key string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w, ok := l.windows[key]; ok && w.n > 0 {
		w.n--
		l.windows[key] = w
	}
	return nil
}

// Forget implements Limiter.
func (l *LocalLimiter) Forget(_ context.Context, key string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.windows, key)
	return nil
}
