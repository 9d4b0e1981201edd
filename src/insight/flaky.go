package insight

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// Flaky is a test that fails and passes by turns in the same environment and component.
type Flaky struct {
	TestID   string `json:"test_id"`
	Outcomes int64  `json:"outcomes"`
	Failing  int64  `json:"failing"`
	// Changes is how often it did otherwise than the time before, Flakiness that as a share of all pairs, from 0 to 1.
	Changes   int64     `json:"changes"`
	Flakiness float64   `json:"flakiness"`
	LastSeen  time.Time `json:"last_seen"` // its last failure
	Last      uuid.UUID `json:"last"`
}

// Flaky returns the tests that changed at least twice within so many days, those that changed most first.
func (i *Insight) Flaky(ctx context.Context, project uuid.UUID, days, limit int) (json.RawMessage, error) {
	from := i.since(days)
	return answered(ctx, i, project, []any{"flaky", from, limit}, func(ctx context.Context) (map[string][]Flaky, error) {
		// Only a test that failed can be flaky, which leaves most of the rows alone.
		found, err := rows[Flaky](ctx, i, `
			WITH failed AS MATERIALIZED (
			        SELECT test_id, max(start_time) AS last_seen FROM result_failures
			         WHERE project_id = $1 AND start_time >= $2 AND test_id IS NOT NULL GROUP BY test_id),
			     told AS (
			        SELECT r.test_id, r.result IN ('failed', 'error') AS failing,
			               lag(r.result IN ('failed', 'error')) OVER (PARTITION BY r.test_id, r.env, r.component ORDER BY r.start_time, r.id) AS before
			          FROM failed f JOIN results r ON r.project_id = $1 AND r.test_id = f.test_id AND r.start_time >= $2
			         WHERE r.result IN ('failed', 'error', 'passed', 'xfailed', 'xpassed')),
			     counted AS (
			        SELECT test_id, count(*) AS outcomes, count(*) FILTER (WHERE failing) AS failing, count(*) FILTER (WHERE failing <> before) AS changes,
			               count(before) AS pairs
			          FROM told GROUP BY test_id)
			SELECT c.test_id, c.outcomes, c.failing, c.changes, c.changes::float8 / c.pairs AS flakiness, f.last_seen, l.last
			  FROM counted c JOIN failed f USING (test_id)
			 CROSS JOIN LATERAL (SELECT result_id AS last FROM result_failures
			                      WHERE project_id = $1 AND start_time = f.last_seen AND test_id = c.test_id ORDER BY result_id LIMIT 1) l
			 WHERE c.changes >= 2
			 ORDER BY c.changes DESC, c.changes::float8 / c.pairs DESC, c.test_id COLLATE "C" LIMIT $3`, project, from, limit)
		return map[string][]Flaky{"tests": found}, err
	})
}
