package insight

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/filter"
)

const (
	// MaxSeries bounds the rows of a triage list.
	MaxSeries = 200
	// trend is how many runs of a series are looked back at.
	trend = 12
)

// Series is the newest run of what belongs together: job (else source), component and environment.
type Series struct {
	Run       uuid.UUID `json:"run"`
	Job       *string   `json:"job"`
	Build     *string   `json:"build"`
	Component *string   `json:"component"`
	Env       *string   `json:"env"`
	Source    *string   `json:"source"`
	StartTime time.Time `json:"start_time"`
	Duration  *float64  `json:"duration"` // seconds
	Counts    Counts    `json:"counts"`
	// Previous is the run of the series before, null for the first.
	Previous *uuid.UUID `json:"previous"`
	// NewlyFailing, StillFailing and Fixed count tests against the previous run; without one all that fails is new.
	NewlyFailing int64 `json:"newly_failing"`
	StillFailing int64 `json:"still_failing"`
	Fixed        int64 `json:"fixed"`
	// Unclassified are the failures that nobody has judged; Assignees those who look at the others.
	Unclassified int64    `json:"unclassified"`
	Assignees    []string `json:"assignees"`
	// Past are the runs of the series, the oldest first and the newest last.
	Past []Past `json:"past"`
}

// Past is one run of a series.
type Past struct {
	Run       uuid.UUID `json:"run"`
	StartTime time.Time `json:"start_time"`
	Duration  *float64  `json:"duration"`
	Failing   int64     `json:"failing"`
	Tests     int64     `json:"tests"`
}

// Counts are the outcomes of a run, as its summary has them.
type Counts struct {
	Tests   int64 `json:"tests"`
	Passed  int64 `json:"passed"`
	Failed  int64 `json:"failed"`
	Error   int64 `json:"error"`
	Skipped int64 `json:"skipped"`
	XFailed int64 `json:"xfailed"`
	XPassed int64 `json:"xpassed"`
}

type seriesRow struct {
	ID                                 uuid.UUID
	Job, Build, Component, Env, Source *string
	StartTime                          time.Time
	Duration                           *float64
	Tests, Errors, Failures, Skips     int64
	Xfailures, Xpasses                 int64
	Series                             int64
}

// Triage returns the newest run of each series that ran within so many days, the newest first. Runs are picked by the filter,
// which is on runs; one that cannot be used is a *filter.Error.
func (i *Insight) Triage(ctx context.Context, project uuid.UUID, days int, set filter.Set) (json.RawMessage, error) {
	args := filter.NewArgs(2)
	where, err := filter.Compile(filter.Run(), set, args)
	if err != nil {
		return nil, err
	}
	from := i.since(days)
	answer, err := answered(ctx, i, project, []any{"triage", from, where, args.Values()}, func(ctx context.Context) (map[string][]Series, error) {
		found, err := i.series(ctx, project, from, where, args.Values())
		if err == nil {
			err = i.changes(ctx, project, found)
		}
		return map[string][]Series{"series": found}, err
	})
	return answer, filter.Refused(set, err)
}

func (i *Insight) series(ctx context.Context, project uuid.UUID, from time.Time, where string, values []any) ([]Series, error) {
	runs, err := rows[seriesRow](ctx, i, `
		SELECT id, coalesce(nullif(job_name, ''), source) AS job, build_number AS build, component, env, source, start_time, duration,
		       coalesce(tests, 0) AS tests, coalesce(errors, 0) AS errors, coalesce(failures, 0) AS failures, coalesce(skips, 0) AS skips,
		       coalesce(xfailures, 0) AS xfailures, coalesce(xpasses, 0) AS xpasses, series
		  FROM (SELECT *, row_number() OVER same AS age, dense_rank() OVER (ORDER BY newest DESC, name) AS series
		          FROM (SELECT *, max(start_time) OVER (PARTITION BY component, env, coalesce(nullif(job_name, ''), source)) AS newest,
		                       jsonb_build_array(coalesce(nullif(job_name, ''), source), component, env) AS name
		                  FROM runs WHERE project_id = $1 AND start_time >= $2 AND `+where+`) named
		        WINDOW same AS (PARTITION BY name ORDER BY start_time DESC, id DESC)) aged
		 WHERE age <= 12 AND series <= 200
		 ORDER BY series, start_time DESC, id DESC`, append([]any{project, from}, values...)...)
	if err != nil {
		return nil, err
	}
	all := []Series{}
	last := int64(0)
	for _, r := range runs {
		if r.Series != last {
			last = r.Series
			all = append(all, Series{
				Run: r.ID, Job: r.Job, Build: r.Build, Component: r.Component, Env: r.Env, Source: r.Source, StartTime: r.StartTime,
				Duration: r.Duration, Assignees: []string{},
				Counts: Counts{
					Tests: r.Tests, Failed: r.Failures, Error: r.Errors, Skipped: r.Skips, XFailed: r.Xfailures, XPassed: r.Xpasses,
					Passed: max(0, r.Tests-r.Failures-r.Errors-r.Skips-r.Xfailures-r.Xpasses),
				},
			})
		}
		s := &all[len(all)-1]
		if len(s.Past) == 1 {
			previous := r.ID
			s.Previous = &previous
		}
		s.Past = append(s.Past, Past{Run: r.ID, StartTime: r.StartTime, Duration: r.Duration, Failing: r.Failures + r.Errors, Tests: r.Tests})
	}
	for n := range all {
		slices.Reverse(all[n].Past)
	}
	return all, nil
}

// changes tells what the newest run of each series has that the one before has not.
func (i *Insight) changes(ctx context.Context, project uuid.UUID, all []Series) error {
	at := map[uuid.UUID]*Series{}
	runs, previous := make([]uuid.UUID, len(all)), make([]*uuid.UUID, len(all))
	for n := range all {
		runs[n], previous[n] = all[n].Run, all[n].Previous
		at[all[n].Run] = &all[n]
	}
	changed, err := rows[struct {
		Run                 uuid.UUID
		Fresh, Still, Fixed int64
	}](ctx, i, `
		SELECT p.run, count(*) FILTER (WHERE t.now AND NOT t.before) AS fresh, count(*) FILTER (WHERE t.now AND t.before) AS still,
		       count(x.passed) AS fixed
		  FROM unnest($2::uuid[], $3::uuid[]) AS p (run, previous)
		 CROSS JOIN LATERAL (SELECT test_id, bool_or(run_id = p.run) AS now, bool_or(run_id IS NOT DISTINCT FROM p.previous) AS before
		                       FROM result_failures
		                      WHERE run_id IN (p.run, p.previous) AND project_id = $1 AND test_id IS NOT NULL
		                      GROUP BY test_id) t
		  -- By the test's own history, from where the run begins: few tests are mended at once, and a run has thousands.
		  LEFT JOIN LATERAL (SELECT true AS passed FROM results r
		                      WHERE NOT t.now AND r.project_id = $1 AND r.test_id = t.test_id AND r.run_id = p.run
		                        AND r.start_time >= (SELECT min(start_time) FROM results WHERE run_id = p.run)
		                        AND r.result IN ('passed', 'xpassed') LIMIT 1) x ON true
		 GROUP BY p.run`, project, runs, previous)
	if err != nil {
		return err
	}
	for _, c := range changed {
		s := at[c.Run]
		s.NewlyFailing, s.StillFailing, s.Fixed = c.Fresh, c.Still, c.Fixed
	}
	judged, err := rows[struct {
		Run          uuid.UUID
		Unclassified int64
		Assignees    []string
	}](ctx, i, `
		SELECT f.run_id AS run, count(*) FILTER (WHERE coalesce(r.data ->> 'classification', '') = '') AS unclassified,
		       coalesce(array_agg(DISTINCT r.data ->> 'assignee') FILTER (WHERE r.data ->> 'assignee' <> ''), '{}') AS assignees
		  FROM result_failures f JOIN results r ON r.id = f.result_id
		 WHERE f.run_id = ANY($2) AND f.project_id = $1
		 GROUP BY f.run_id`, project, runs)
	if err != nil {
		return err
	}
	for _, j := range judged {
		at[j.Run].Unclassified, at[j.Run].Assignees = j.Unclassified, j.Assignees
	}
	return nil
}
