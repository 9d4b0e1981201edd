package insight

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"
)

// Change is what became of a test from one build to another.
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

// Comparison is what changed between two builds of a project, each one run or several.
type Comparison struct {
	Run          uuid.UUID        `json:"run"` // the newest of Runs
	Runs         []uuid.UUID      `json:"runs"`
	Previous     *uuid.UUID       `json:"previous"` // null: there is none, and no test is told of
	PreviousRuns []uuid.UUID      `json:"previous_runs"`
	Counts       map[Change]int64 `json:"counts"`
	Tests        []Compared       `json:"tests"`
}

// Compared is one test in two builds. Of several results of a test in a build it tells the worst, then the newest.
type Compared struct {
	TestID string `json:"test_id"`
	Change Change `json:"change"`
	Before *Side  `json:"before"`
	After  *Side  `json:"after"`
}

// Side is a test in one of the builds.
type Side struct {
	ID       uuid.UUID `json:"id"`
	Result   *string   `json:"result"`
	Duration *float64  `json:"duration"` // seconds
}

// Builds returns the runs of the build that a run belongs to (with the same job, else source, component and environment) and those
// of the build before, the newest first; previous is empty when it is the first. A run without a build number is a build of its own.
func (i *Insight) Builds(ctx context.Context, project, run uuid.UUID) (runs, previous []uuid.UUID, err error) {
	const (
		series = `r.project_id = a.project_id AND r.component IS NOT DISTINCT FROM a.component AND r.env IS NOT DISTINCT FROM a.env
		      AND coalesce(nullif(r.job_name, ''), r.source) IS NOT DISTINCT FROM coalesce(nullif(a.job_name, ''), a.source)`
		build = series + ` AND (r.id = a.id OR r.build_number = nullif(a.build_number, ''))`
	)
	found, err := rows[struct{ Runs, Previous []uuid.UUID }](ctx, i, `
		WITH asked AS (SELECT * FROM runs WHERE id = $2 AND project_id = $1),
		     own AS (SELECT r.id, r.start_time FROM asked a JOIN runs r ON `+build+`),
		     before AS (
		        SELECT r.* FROM asked a JOIN runs r ON `+series+`
		         WHERE (r.start_time, r.id) < (SELECT o.start_time, o.id FROM own o ORDER BY o.start_time DESC, o.id DESC LIMIT 1)
		           AND r.id NOT IN (SELECT id FROM own)
		         ORDER BY r.start_time DESC, r.id DESC LIMIT 1)
		SELECT (SELECT coalesce(array_agg(id ORDER BY start_time DESC, id DESC), '{}') FROM own) AS runs,
		       (SELECT coalesce(array_agg(r.id ORDER BY r.start_time DESC, r.id DESC), '{}') FROM before a JOIN runs r ON `+build+`) AS previous`,
		project, run)
	if err != nil {
		return nil, nil, err
	}
	return found[0].Runs, found[0].Previous, nil
}

type comparedRow struct {
	TestID                        string
	Change                        Change
	BeforeID, AfterID             *uuid.UUID
	BeforeResult, AfterResult     *string
	BeforeDuration, AfterDuration *float64
	Total                         int64
}

// Compare tells what changed from previous (none: nothing to tell) to runs. Only tests of these changes are listed (none: of all), offset
// of them left out and limit at most, in the order of change and test.
func (i *Insight) Compare(ctx context.Context, project uuid.UUID, runs, previous []uuid.UUID, changes []Change, offset, limit int) (json.RawMessage, error) {
	wanted := make([]string, len(changes))
	for n, c := range changes {
		wanted[n] = string(c)
	}
	return answered(ctx, i, project, []any{"compare", runs, previous, wanted, offset, limit}, func(ctx context.Context) (Comparison, error) {
		c := Comparison{Run: runs[0], Runs: runs, PreviousRuns: []uuid.UUID{}, Counts: map[Change]int64{}, Tests: []Compared{}}
		for _, change := range []Change{NewlyFailing, StillFailing, Fixed, Slower, Appeared, Gone} {
			c.Counts[change] = 0
		}
		if len(previous) == 0 {
			return c, nil
		}
		c.Previous, c.PreviousRuns = &previous[0], previous
		found, err := rows[comparedRow](ctx, i, compareSQL, project, runs, previous, wanted, offset, limit)
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
	WITH sides AS (SELECT unnest($2::uuid[]) AS run, true AS now UNION ALL SELECT unnest($3::uuid[]), false),
	     told AS (
	        SELECT DISTINCT ON (s.now, r.test_id) s.now, r.test_id, r.id, r.result, r.duration, coalesce(r.result IN ('failed', 'error'), false) AS failing
	          FROM sides s JOIN results r ON r.run_id = s.run
	         WHERE r.project_id = $1 AND r.test_id IS NOT NULL
	         ORDER BY s.now, r.test_id, failing DESC, r.start_time DESC, r.id DESC),
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
	          FROM (SELECT * FROM told WHERE now) a FULL JOIN (SELECT * FROM told WHERE NOT now) b ON b.test_id = a.test_id),
	     changed AS MATERIALIZED (SELECT * FROM paired WHERE change IS NOT NULL),
	     sums AS (SELECT change, count(*) AS total FROM changed GROUP BY change),
	     page AS (SELECT * FROM changed WHERE cardinality($4::text[]) = 0 OR change = ANY($4)
	               ORDER BY array_position(ARRAY['newly_failing', 'still_failing', 'fixed', 'slower', 'new', 'gone'], change), test_id COLLATE "C"
	              OFFSET $5 LIMIT $6)
	SELECT coalesce(p.test_id, '') AS test_id, s.change, p.before_id, p.before_result, p.before_duration, p.after_id, p.after_result, p.after_duration, s.total
	  FROM sums s LEFT JOIN page p ON p.change = s.change
	 ORDER BY array_position(ARRAY['newly_failing', 'still_failing', 'fixed', 'slower', 'new', 'gone'], s.change), p.test_id COLLATE "C"`
