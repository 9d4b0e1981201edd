package store

import (
	lru "container/list"
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// countCacheEntries bounds what is remembered of filters; an entry holds at most fewMatches ids or the hours of a project.
const countCacheEntries = 512

// countCache remembers what is known of filters under a version of their projects. A write moves the version, so an
// entry is never stale, only useless.
type countCache struct {
	mu      sync.Mutex
	max     int
	entries map[string]*lru.Element
	recent  *lru.List
}

type countEntry struct {
	key     string
	version int64
	known   known
}

func newCountCache(entries int) *countCache {
	return &countCache{max: entries, entries: map[string]*lru.Element{}, recent: lru.New()}
}

func (c *countCache) get(key string, version int64) (known, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	if !ok {
		return known{}, false
	}
	entry := e.Value.(*countEntry)
	if entry.version != version {
		return known{}, false
	}
	c.recent.MoveToFront(e)
	return entry.known, true
}

func (c *countCache) put(key string, version int64, k known) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[key]; ok {
		c.recent.MoveToFront(e)
		e.Value = &countEntry{key, version, k}
		return
	}
	c.entries[key] = c.recent.PushFront(&countEntry{key, version, k})
	if len(c.entries) > c.max {
		last := c.recent.Back()
		c.recent.Remove(last)
		delete(c.entries, last.Value.(*countEntry).key)
	}
}

// knowledge returns what is known of a filter, and learns it when the projects' version has moved since. Of a filter that moves
// with the clock nothing is known for long.
func (s *Store) knowledge(ctx context.Context, table string, q ListQuery, c condition, learn func() (known, error)) (known, error) {
	if table == importList.table || q.Filter.Moves() {
		return learn()
	}
	version, err := s.Version(ctx, projectsOf(q))
	if err != nil {
		return known{}, err
	}
	key := table + "\x00" + c.where + "\x00" + argsKey(c.args)
	if k, ok := s.counts.get(key, version); ok {
		return k, nil
	}
	k, err := learn()
	if err != nil {
		return k, err
	}
	// What was read may be newer than the version that was read before it, never older; an entry that is too new is
	// put right by the next request, which sees the version move.
	s.counts.put(key, version, k)
	return k, nil
}

// Version is a number that every commit which changes runs or results of the projects (nil: of any) makes another one that
// was never used. That holds where PostgreSQL is put back to an earlier moment, too, or a standby takes over that lacks the
// last commits: either begins a new timeline of the write-ahead log, and versions of different ones are far apart.
func (s *Store) Version(ctx context.Context, projects []uuid.UUID) (int64, error) {
	// For one project by equality: PostgreSQL keeps that plan, where it makes one anew for each list.
	where, args := ` WHERE project_id = ANY($1)`, []any{projects}
	switch {
	case projects == nil:
		where, args = "", nil
	case len(projects) == 1:
		where, args = ` WHERE project_id = $1`, []any{projects[0]}
	}
	current := currentTimeline
	if s.timeline != 0 {
		current = strconv.FormatInt(s.timeline, 10) + "::bigint" // a standby cannot tell
	}
	var version, deltas, timeline int64
	err := s.reads.QueryRow(ctx, `SELECT coalesce(sum(n), 0)::bigint, count(*), `+current+` FROM project_versions`+where, args...).
		Scan(&version, &deltas, &timeline)
	if err != nil {
		return 0, wrap("project version", err)
	}
	if projects != nil && deltas > manyDeltas*int64(len(projects)) {
		s.foldVersions(ctx, projects)
	}
	return version + (timeline-1)*timelineStep, nil
}

// currentTimeline is the number of the timeline that a primary writes: the beginning of the name of its file.
const currentTimeline = `('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint`

// timelineStep is an odd number without a pattern: a product that overflows is as far from the others as one that does not.
const timelineStep = 0x1E3779B97F4A7C15

// Versions returns the version of each of the projects that has one.
func (s *Store) Versions(ctx context.Context, projects []uuid.UUID) (map[uuid.UUID]int64, error) {
	rows, _ := s.pool.Query(ctx, `SELECT project_id, sum(n)::bigint FROM project_versions WHERE project_id = ANY($1) GROUP BY 1`, projects)
	versions := make(map[uuid.UUID]int64, len(projects))
	var project uuid.UUID
	var version int64
	_, err := pgx.ForEachRow(rows, []any{&project, &version}, func() error {
		versions[project] = version
		return nil
	})
	return versions, wrap("project versions", err)
}

// manyDeltas is how many rows a project's version may have before who reads it folds them: every answer starts with
// reading them, and a busy project gets more in the ten seconds between two turns of the scheduler.
const manyDeltas = 128

// foldVersions makes one row of the deltas of each project. Where that cannot be done now, somebody else does it later.
func (s *Store) foldVersions(ctx context.Context, projects []uuid.UUID) {
	_, _ = s.pool.Exec(ctx, `
		WITH gone AS (DELETE FROM project_versions WHERE project_id = ANY($1) RETURNING project_id, n)
		INSERT INTO project_versions (project_id, n) SELECT project_id, sum(n) FROM gone GROUP BY 1`, projects)
}

// projectsOf returns the projects whose rows can match: the one that the filter names, else the scope (nil: any).
func projectsOf(q ListQuery) []uuid.UUID {
	if project := oneProject(q.Filter); project != nil {
		return []uuid.UUID{*project}
	}
	return q.Scope
}

func argsKey(args []any) string {
	var b strings.Builder
	for _, a := range args {
		fmt.Fprintf(&b, "%T %v\x00", a, a)
	}
	return b.String()
}
