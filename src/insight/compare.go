package insight

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// Change is what became of a test from one run to another.
type Change string

// The changes, in the order in which they are worth a look. A test that fails and was not there before is newly failing; one
// is slower when it passed both times and took more than twice as long, and more than a second longer.
const (
	NewlyFailing Change = "newly_failing"
	StillFailing Change = "still_failing"
	Fixed        Change = "fixed"
	Slower       Change = "slower"
	Appeared     Change = "new"
	Gone         Change = "gone"
)

// Comparison is what changed between two runs of a project.
type Comparison struct {
	Run      uuid.UUID        `json:"run"`
	Previous *uuid.UUID       `json:"previous"` // null: there is none, and no test is told of
	Counts   map[Change]int64 `json:"counts"`
	Tests    []Compared       `json:"tests"`
}

// Compared is one test in two runs. Of several results of a test in a run it tells the worst, then the newest.
type Compared struct {
	TestID string `json:"test_id"`
	Change Change `json:"change"`
	Before *Side  `json:"before"`
	After  *Side  `json:"after"`
}

// Side is a test in one of the runs.
type Side struct {
	ID       uuid.UUID `json:"id"`
	Result   *string   `json:"result"`
	Duration *float64  `json:"duration"` // seconds
}

// Previous returns the run before this one of the same job (else source), component and environment; nil when it is the first.
func (i *Insight) Previous(ctx context.Context, project, run uuid.UUID) (*uuid.UUID, error) {
	var id uuid.UUID
	err := i.store.Pool().QueryRow(ctx, `
		SELECT p.id FROM runs r JOIN runs p ON p.project_id = r.project_id AND (p.start_time, p.id) < (r.start_time, r.id)
		   AND p.component IS NOT DISTINCT FROM r.component AND p.env IS NOT DISTINCT FROM r.env
		   AND coalesce(nullif(p.job_name, ''), p.source) IS NOT DISTINCT FROM coalesce(nullif(r.job_name, ''), r.source)
		 WHERE r.id = $1 AND r.project_id = $2
		 ORDER BY p.start_time DESC, p.id DESC LIMIT 1`, run, project).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("insight: previous run: %w", store.Classify(err))
	}
	return &id, nil
}

type comparedRow struct {
	TestID                        string
	Change                        Change
	BeforeID, AfterID             *uuid.UUID
	BeforeResult, AfterResult     *string
	BeforeDuration, AfterDuration *float64
	Total                         int64
}

// Compare tells what changed from previous (nil: nothing to tell) to run. Only tests of these changes are listed (none: of all), offset
// of them left out and limit at most, in the order of change and test.
func (i *Insight) Compare(ctx context.Context, project, run uuid.UUID, previous *uuid.UUID, changes []Change, offset, limit int) (json.RawMessage, error) {
	wanted := make([]string, len(changes))
	for n, c := range changes {
		wanted[n] = string(c)
	}
	return answered(ctx, i, project, []any{"compare", run, previous, wanted, offset, limit}, func(ctx context.Context) (Comparison, error) {
		c := Comparison{Run: run, Previous: previous, Counts: map[Change]int64{}, Tests: []Compared{}}
		for _, change := range []Change{NewlyFailing, StillFailing, Fixed, Slower, Appeared, Gone} {
			c.Counts[change] = 0
		}
		if previous == nil {
			return c, nil
		}
		found, err := rows[comparedRow](ctx, i, compareSQL, project, run, *previous, wanted, offset, limit)
		if err != nil {
			return c, err
		}
		for _, r := range found {
			c.Counts[r.Change] = r.Total
			if r.TestID == "" && r.BeforeID == nil && r.AfterID == nil {
				continue // the sum of a change, none of whose tests is on the page
			}
			t := Compared{TestID: r.TestID, Change: r.Change}
			if r.BeforeID != nil {
				t.Before = &Side{*r.BeforeID, r.BeforeResult, r.BeforeDuration}
			}
			if r.AfterID != nil {
				t.After = &Side{*r.AfterID, r.AfterResult, r.AfterDuration}
			}
			c.Tests = append(c.Tests, t)
		}
		return c, nil
	})
}

const compareSQL = `
	WITH told AS (
	        SELECT DISTINCT ON (run_id, test_id) run_id, test_id, id, result, duration, coalesce(result IN ('failed', 'error'), false) AS failing
	          FROM results
	         WHERE run_id IN ($2, $3) AND project_id = $1 AND test_id IS NOT NULL
	         ORDER BY run_id, test_id, coalesce(result IN ('failed', 'error'), false) DESC, start_time DESC, id DESC),
	     paired AS (
	        SELECT coalesce(a.test_id, b.test_id) AS test_id, b.id AS before_id, b.result AS before_result, b.duration AS before_duration,
	               a.id AS after_id, a.result AS after_result, a.duration AS after_duration,
	               CASE WHEN a.failing AND coalesce(b.failing, false) THEN 'still_failing'
	                    WHEN a.failing THEN 'newly_failing'
	                    WHEN a.id IS NULL THEN 'gone'
	                    WHEN b.id IS NULL THEN 'new'
	                    WHEN b.failing AND a.result IN ('passed', 'xpassed') THEN 'fixed'
	                    WHEN a.result = 'passed' AND b.result = 'passed' AND a.duration > 2 * b.duration AND a.duration > b.duration + 1 THEN 'slower'
	               END AS change
	          FROM (SELECT * FROM told WHERE run_id = $2) a FULL JOIN (SELECT * FROM told WHERE run_id = $3) b ON b.test_id = a.test_id),
	     changed AS MATERIALIZED (SELECT * FROM paired WHERE change IS NOT NULL),
	     sums AS (SELECT change, count(*) AS total FROM changed GROUP BY change),
	     page AS (SELECT * FROM changed WHERE cardinality($4::text[]) = 0 OR change = ANY($4)
	               ORDER BY array_position(ARRAY['newly_failing', 'still_failing', 'fixed', 'slower', 'new', 'gone'], change), test_id COLLATE "C"
	              OFFSET $5 LIMIT $6)
	SELECT coalesce(p.test_id, '') AS test_id, s.change, p.before_id, p.before_result, p.before_duration, p.after_id, p.after_result, p.after_duration, s.total
	  FROM sums s LEFT JOIN page p ON p.change = s.change
	 ORDER BY array_position(ARRAY['newly_failing', 'still_failing', 'fixed', 'slower', 'new', 'gone'], s.change), p.test_id COLLATE "C"`
