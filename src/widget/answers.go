package widget

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// Cache keeps values for a while; it may forget any of them at any time.
type Cache interface {
	Get(ctx context.Context, key string) ([]byte, bool)
	Set(ctx context.Context, key string, value []byte, ttl time.Duration)
}

// answers keeps answers under the version of their projects: a write moves the version, so that what is kept can be
// useless but never stale. Equal questions that come at the same time are computed once.
type answers struct {
	cache   Cache
	flights flights
}

type question struct {
	kind        *kind
	values      Values
	projects    []uuid.UUID
	computation computation
}

// windowed is a computation that looks back from now: its answer changes without a write, when a row leaves the window.
type windowed interface {
	// window returns the table and how far it looks back; ok is false where it looks back without end.
	window() (table string, span time.Duration, ok bool)
}

// kept is how long an answer stays at most. Nobody asks under an old version again.
const kept = time.Hour

// keepWithin bounds how long it may take to keep an answer that is out already.
const keepWithin = 5 * time.Second

func (a *answers) get(ctx context.Context, w *Widgets, q question, compute func(context.Context) (computed, error)) (json.RawMessage, error) {
	version, err := w.store.Version(ctx, q.projects)
	if err != nil {
		return nil, err
	}
	key, err := q.key(version)
	if err != nil {
		return nil, err
	}
	if entry, ok := a.cache.Get(ctx, key); ok {
		if answer, ok := unpack(entry, w.now()); ok {
			return answer, nil
		}
	}
	return a.flights.do(ctx, key, func(ctx context.Context) (json.RawMessage, func(), error) {
		asked := w.now()
		c, err := compute(ctx)
		if err != nil {
			return nil, nil, err
		}
		return c.answer, func() { a.keep(context.WithoutCancel(ctx), w, q, key, c, asked) }, nil
	})
}

// keep puts an answer into the cache. Where that fails it is computed again.
func (a *answers) keep(ctx context.Context, w *Widgets, q question, key string, c computed, asked time.Time) {
	ctx, cancel := context.WithTimeout(ctx, keepWithin)
	defer cancel()
	until, err := w.validUntil(ctx, q, c.oldest, asked)
	if now := w.now(); err == nil && until.After(now) {
		a.cache.Set(ctx, key, pack(c.answer, until), min(kept, until.Sub(now)))
	}
}

// key names a question at a version.
func (q question) key(version int64) (string, error) {
	text, err := json.Marshal(struct {
		Kind     string
		Values   Values
		Projects []uuid.UUID
		Version  int64
	}{q.kind.ID, q.values, q.projects, version})
	if err != nil {
		return "", fmt.Errorf("widget: name the question: %w", err)
	}
	sum := sha256.Sum256(text)
	return "widget:" + string(sum[:]), nil
}

// validUntil finds the moment at which the oldest row leaves the window; until then no answer changes without a write.
func (w *Widgets) validUntil(ctx context.Context, q question, oldest *time.Time, asked time.Time) (time.Time, error) {
	never := asked.Add(kept)
	c, ok := q.computation.(windowed)
	if !ok {
		return never, nil
	}
	table, span, ok := c.window()
	if !ok {
		return never, nil
	}
	if oldest == nil {
		if q.projects == nil {
			// There is no index for the oldest row of all projects, and few ask without one.
			return time.Time{}, nil
		}
		var err error
		if oldest, err = w.oldest(ctx, table, q.projects, asked.UTC().Add(-span)); err != nil {
			return time.Time{}, err
		}
	}
	if oldest == nil {
		return never, nil
	}
	if leaves := oldest.Add(span); leaves.Before(never) {
		return leaves, nil
	}
	return never, nil
}

// oldest finds when the oldest row after that moment started; nil where there is none.
func (w *Widgets) oldest(ctx context.Context, table string, projects []uuid.UUID, since time.Time) (oldest *time.Time, err error) {
	err = w.store.Pool().QueryRow(ctx, `
		SELECT min(o.start_time) FROM unnest($1::uuid[]) AS p (id)
		 CROSS JOIN LATERAL (SELECT start_time FROM `+table+` WHERE project_id = p.id AND start_time > $2 ORDER BY start_time LIMIT 1) o`,
		projects, since).Scan(&oldest)
	if err != nil {
		return nil, fmt.Errorf("widget: find the oldest row: %w", store.Classify(err))
	}
	return oldest, nil
}

// pack puts the end of an answer's validity before it: clocks that keep values are not as exact as the window.
func pack(answer json.RawMessage, until time.Time) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(until.UnixMicro())), answer...)
}

func unpack(entry []byte, now time.Time) (json.RawMessage, bool) {
	if len(entry) < 8 || now.UnixMicro() >= int64(binary.BigEndian.Uint64(entry)) {
		return nil, false
	}
	if len(entry) == 8 {
		return nil, true // nothing to show
	}
	return json.RawMessage(entry[8:]), true
}
