package insight

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// SparkDays is how many days the past of a failure group is told for, today (UTC) last.
const SparkDays = 30

// Bounds of an answer.
const (
	MaxGroups   = 200
	MaxFailures = 5000 // results that a run's groups list
)

// Group is what failures have in common: exception and message, apart from numbers, ids, addresses, times and paths.
type Group struct {
	Fingerprint uuid.UUID `json:"fingerprint"`
	Exception   string    `json:"exception"`
	Message     string    `json:"message"` // of the newest failure, at most 500 characters
	Count       int64     `json:"count"`
	Tests       int64     `json:"tests"`
	// FirstSeen is the group's first failure in the project, whenever that was; FirstRun the run of it.
	FirstSeen time.Time  `json:"first_seen"`
	FirstRun  *uuid.UUID `json:"first_run"`
	LastSeen  time.Time  `json:"last_seen"`
	// Spark counts the failures of each of the last SparkDays days, in the whole project.
	Spark []int64 `json:"spark"`
	// Example is the newest failure.
	Example uuid.UUID `json:"example" db:"example"`
	// Results are the failures themselves, of a run's groups alone.
	Results []Failure `json:"results,omitempty" db:"-"`
}

// Failure is a result that failed.
type Failure struct {
	ID             uuid.UUID `json:"id"`
	TestID         *string   `json:"test_id"`
	Result         string    `json:"result"`
	Component      *string   `json:"component"`
	Env            *string   `json:"env"`
	Duration       *float64  `json:"duration"`
	StartTime      time.Time `json:"start_time"`
	Classification *string   `json:"classification"`
	Assignee       *string   `json:"assignee"`
	Note           *string   `json:"note"`
	Fingerprint    uuid.UUID `json:"-"`
}

// Groups is an answer about failures.
type Groups struct {
	Groups []Group `json:"groups"`
	// Failures are all failures that were asked for, those of groups beyond the limit included.
	Failures int64 `json:"failures"`
}

// Failures returns the groups of the project's failures of so many days, the largest first.
func (i *Insight) Failures(ctx context.Context, project uuid.UUID, days, limit int) (json.RawMessage, error) {
	from := i.since(days)
	return answered(ctx, i, project, []any{"failures", from, i.since(1), limit}, func(ctx context.Context) (Groups, error) {
		return i.groups(ctx, project, "start_time >= $2", from, limit)
	})
}

// FailuresOf returns the groups of a run's failures with the failures themselves, the largest first.
func (i *Insight) FailuresOf(ctx context.Context, project, run uuid.UUID) (json.RawMessage, error) {
	return answered(ctx, i, project, []any{"failures of", run, i.since(1)}, func(ctx context.Context) (Groups, error) {
		found, err := i.groups(ctx, project, "run_id = $2", run, MaxGroups)
		if err != nil {
			return found, err
		}
		failures, err := rows[Failure](ctx, i, `
			SELECT r.id, r.test_id, r.result, r.component, r.env, r.duration, r.start_time, f.fingerprint,
			       r.data ->> 'classification' AS classification, r.data ->> 'assignee' AS assignee, r.data ->> 'note' AS note
			  FROM result_failures f JOIN results r ON r.id = f.result_id
			 WHERE f.project_id = $1 AND f.run_id = $2
			 ORDER BY r.test_id COLLATE "C", r.start_time, r.id LIMIT $3`, project, run, MaxFailures)
		if err != nil {
			return found, err
		}
		at := map[uuid.UUID]int{}
		for n, g := range found.Groups {
			at[g.Fingerprint] = n
		}
		for _, f := range failures {
			if n, ok := at[f.Fingerprint]; ok {
				found.Groups[n].Results = append(found.Groups[n].Results, f)
			}
		}
		return found, nil
	})
}

// groups counts the failures that a condition on result_failures ($2) picks, and tells of each group's past.
func (i *Insight) groups(ctx context.Context, project uuid.UUID, condition string, value any, limit int) (Groups, error) {
	var a Groups
	counted, err := rows[struct{ N int64 }](ctx, i, `SELECT count(*) AS n FROM result_failures WHERE project_id = $1 AND `+condition, project, value)
	if err != nil {
		return a, err
	}
	a.Failures = counted[0].N
	a.Groups, err = rows[Group](ctx, i, `
		WITH picked AS MATERIALIZED (
		        SELECT fingerprint, count(*) AS count FROM result_failures WHERE project_id = $1 AND `+condition+`
		         GROUP BY fingerprint ORDER BY count(*) DESC, fingerprint LIMIT $3)
		SELECT p.fingerprint, w.exception, left(w.message, 500) AS message, p.count, t.tests, o.first_seen, o.first_run, n.last_seen, s.spark,
		       n.example
		  FROM picked p
		 CROSS JOIN LATERAL (SELECT count(DISTINCT test_id) AS tests FROM result_failures
		                      WHERE project_id = $1 AND fingerprint = p.fingerprint AND `+condition+`) t
		 CROSS JOIN LATERAL (SELECT start_time AS first_seen, run_id AS first_run FROM result_failures
		                      WHERE project_id = $1 AND fingerprint = p.fingerprint ORDER BY start_time, result_id LIMIT 1) o
		 CROSS JOIN LATERAL (SELECT start_time AS last_seen, result_id AS example FROM result_failures
		                      WHERE project_id = $1 AND fingerprint = p.fingerprint AND `+condition+`
		                      ORDER BY start_time DESC, result_id DESC LIMIT 1) n
		 CROSS JOIN LATERAL (SELECT array_agg(coalesce(c.n, 0) ORDER BY d.day) AS spark
		                       FROM generate_series($4::timestamp, $4::timestamp + make_interval(days => $5 - 1), '1 day') AS d(day)
		                       LEFT JOIN (SELECT date_trunc('day', start_time) AS day, count(*) AS n FROM result_failures
		                                   WHERE project_id = $1 AND fingerprint = p.fingerprint AND start_time >= $4::timestamp
		                                   GROUP BY 1) c USING (day)) s
		  JOIN results r ON r.id = n.example
		 CROSS JOIN LATERAL ibutsu_failure(r.result, r.data) w
		 ORDER BY p.count DESC, p.fingerprint`, project, value, limit, i.since(SparkDays), SparkDays)
	return a, err
}
