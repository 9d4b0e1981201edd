// Package insight answers what triage asks: what went wrong and how often, since when a test fails, what changed from one run to
// the next, which tests cannot be relied on. A test fails in a run when any of its results there does; it is known by its id.
// Whatever is asked is asked of one project: rows of others are never looked at.
package insight

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// Cache keeps values for a while; it may forget any of them at any time.
type Cache interface {
	Get(ctx context.Context, key string) ([]byte, bool)
	Set(ctx context.Context, key string, value []byte, ttl time.Duration)
}

// Options are what the answers are made of. Store is required.
type Options struct {
	Store *store.Store
	// Cache keeps answers; nil computes each anew.
	Cache Cache
	Now   func() time.Time // nil: time.Now
}

// Insight answers questions. Safe for concurrent use.
type Insight struct {
	store *store.Store
	cache Cache
	now   func() time.Time
}

// New returns the answers of a store.
func New(o Options) *Insight {
	i := &Insight{store: o.Store, cache: o.Cache, now: o.Now}
	if i.now == nil {
		i.now = time.Now
	}
	return i
}

// kept is how long an answer stays at most. Nobody asks under an old version again.
const kept = time.Hour

// answered returns the JSON of an answer, kept under the version of its project: a write moves the version, so nothing stale is
// shown. question has all that the answer depends on beside the rows.
func answered[T any](ctx context.Context, i *Insight, project uuid.UUID, question []any, compute func(context.Context) (T, error)) (json.RawMessage, error) {
	if i.cache == nil {
		return computed(ctx, i, project, compute)
	}
	version, err := i.store.Version(ctx, []uuid.UUID{project})
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(append([]any{project, version}, question...))
	if err != nil {
		return nil, fmt.Errorf("insight: name the question: %w", err)
	}
	sum := sha256.Sum256(text)
	key := "insight:" + string(sum[:])
	if answer, ok := i.cache.Get(ctx, key); ok {
		return answer, nil
	}
	answer, err := computed(ctx, i, project, compute)
	if err == nil {
		i.cache.Set(ctx, key, answer, kept)
	}
	return answer, err
}

func computed[T any](ctx context.Context, i *Insight, project uuid.UUID, compute func(context.Context) (T, error)) (json.RawMessage, error) {
	if err := i.store.SettleFailures(ctx, project); err != nil {
		return nil, fmt.Errorf("insight: %w", err)
	}
	value, err := compute(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("insight: encode: %w", err)
	}
	return answer, nil
}

// since is the midnight (UTC) with which a window of so many days begins, today among them.
func (i *Insight) since(days int) time.Time {
	return i.now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1-days)
}

// dynamic plans each statement for its values: how many rows a project has makes the plan.
const dynamic = pgx.QueryExecModeCacheDescribe

// rows runs a statement and reads all its rows by the names of the columns.
func rows[T any](ctx context.Context, i *Insight, sql string, args ...any) ([]T, error) {
	found, _ := i.store.Pool().Query(ctx, sql, append([]any{dynamic}, args...)...)
	all, err := pgx.CollectRows(found, pgx.RowToStructByName[T])
	if err != nil {
		return nil, fmt.Errorf("insight: %w", store.Classify(err))
	}
	if all == nil {
		all = []T{}
	}
	return all, nil
}
