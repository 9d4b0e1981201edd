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
	// TriagePage is how many series a page of triage has.
	TriagePage = 200
	// MaxTriagePage is the last page that can be asked for.
	MaxTriagePage = 10_000
)

// Triage is the newest build of each series.
type Triage struct {
	// Series are those of the page; Total is how many there are on all pages.
	Series []Series `json:"series"`
	Total  int64    `json:"total"`
}

// Series is the newest build of what belongs together: job (else source), component and environment. A build is the runs that
// say the same build number, as a parallel and a sequential part do; a run without one stands for itself.
type Series struct {
	Run       uuid.UUID   `json:"run"`  // the newest of Runs
	Runs      []uuid.UUID `json:"runs"` // of the build, the newest first
	Job       *string     `json:"job"`
	Build     *string     `json:"build"`
	Component *string     `json:"component"`
	Env       *string     `json:"env"`
	Source    *string     `json:"source"`
	StartTime time.Time   `json:"start_time"` // of Run
	Duration  *float64    `json:"duration"`   // seconds, of all runs together
	Counts    Counts      `json:"counts"`
	// Previous is the newest run of the build before, null for the first build; PreviousRuns are all of that build.
	Previous     *uuid.UUID  `json:"previous"`
	PreviousRuns []uuid.UUID `json:"previous_runs"`
	// NewlyFailing, StillFailing and Fixed count tests against the previous build; without one all that fails is new.
	NewlyFailing int64 `json:"newly_failing"`
	StillFailing int64 `json:"still_failing"`
	Fixed        int64 `json:"fixed"`
	// Unclassified are the failures that nobody has judged; Assignees those who look at the others.
	Unclassified int64    `json:"unclassified"`
	Assignees    []string `json:"assignees"`
	// Past are the builds of the series, the oldest first and the newest last.
	Past []Past `json:"past"`
}

// Past is one build of a series.
type Past struct {
	Run       uuid.UUID `json:"run"` // its newest
	Build     *string   `json:"build"`
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

type buildRow struct {
	Runs                               []uuid.UUID
	Job, Build, Component, Env, Source *string
	StartTime                          time.Time
	Duration                           *float64
	Tests, Errors, Failures, Skips     int64
	Xfailures, Xpasses                 int64
	Series, Total                      int64
}

// TriageQuery asks for the newest build of each series that ran within so many days, where it has so many failures at least.
type TriageQuery struct {
	Days, Failures int
	// Page of TriagePage series, from 1 to MaxTriagePage.
	Page int
	// Filter picks the runs.
	Filter filter.Set
}

// Triage answers a Triage, the newest first. A filter that cannot be used is a *filter.Error.
func (i *Insight) Triage(ctx context.Context, project uuid.UUID, q TriageQuery) (json.RawMessage, error) {
	args := filter.NewArgs(5)
	where, err := filter.Compile(filter.Run(), q.Filter, args)
	if err != nil {
		return nil, err
	}
	from := i.since(q.Days)
	question := []any{"triage", from, q.Failures, q.Page, where, args.Values()}
	answer, err := answered(ctx, i, project, question, func(ctx context.Context) (Triage, error) {
		found, err := i.series(ctx, where, append([]any{project, from, q.Failures, (q.Page - 1) * TriagePage, TriagePage}, args.Values()...))
		if err == nil && len(found.Series) == 0 && q.Page > 1 {
			// Beyond the last page nobody can read off it how many there are.
			var first Triage
			first, err = i.series(ctx, where, append([]any{project, from, q.Failures, 0, TriagePage}, args.Values()...))
			found.Total = first.Total
		}
		if err == nil {
			err = i.changes(ctx, project, found.Series)
		}
		if err == nil {
			err = i.judged(ctx, project, found.Series)
		}
		return found, err
	})
	return answer, filter.Refused(q.Filter, err)
}

func (i *Insight) series(ctx context.Context, where string, args []any) (Triage, error) {
	builds, err := rows[buildRow](ctx, i, `
		WITH picked AS MATERIALIZED (
		        SELECT id, source, job_name, build_number, component, env, start_time, duration, tests, errors, failures, skips, xfailures, xpasses,
		               jsonb_build_array(coalesce(nullif(job_name, ''), source), component, env) AS name, coalesce(nullif(build_number, ''), id::text) AS turn
		          FROM runs WHERE project_id = $1 AND start_time >= $2 AND `+where+`),
		     builds AS (
		        SELECT name, turn, array_agg(id ORDER BY start_time DESC, id DESC) AS runs,
		               (array_agg(source ORDER BY start_time DESC, id DESC))[1] AS source, max(start_time) AS start_time,
		               min(coalesce(nullif(job_name, ''), source)) AS job, min(nullif(build_number, '')) AS build, min(component) AS component,
		               min(env) AS env, sum(duration) AS duration, coalesce(sum(tests), 0)::bigint AS tests,
		               coalesce(sum(errors), 0)::bigint AS errors, coalesce(sum(failures), 0)::bigint AS failures,
		               coalesce(sum(skips), 0)::bigint AS skips, coalesce(sum(xfailures), 0)::bigint AS xfailures,
		               coalesce(sum(xpasses), 0)::bigint AS xpasses
		          FROM picked GROUP BY name, turn),
		     aged AS (SELECT *, row_number() OVER (PARTITION BY name ORDER BY start_time DESC, runs[1] DESC) AS age FROM builds),
		     newest AS (
		        SELECT name, row_number() OVER (ORDER BY start_time DESC, name) AS series, count(*) OVER () AS total
		          FROM aged WHERE age = 1 AND errors + failures >= $3
		         ORDER BY series OFFSET $4 LIMIT $5)
		SELECT runs, job, build, component, env, source, start_time, duration, tests, errors, failures, skips, xfailures, xpasses, series, total
		  FROM aged JOIN newest USING (name) WHERE age <= 12
		 ORDER BY series, age`, args...)
	if err != nil {
		return Triage{}, err
	}
	found := Triage{Series: []Series{}}
	last := int64(0)
	for _, b := range builds {
		if b.Series != last {
			last = b.Series
			found.Series, found.Total = append(found.Series, newSeries(b)), b.Total
		}
		s := &found.Series[len(found.Series)-1]
		if len(s.Past) == 1 {
			s.Previous, s.PreviousRuns = &b.Runs[0], b.Runs
		}
		s.Past = append(s.Past, Past{
			Run: b.Runs[0], Build: b.Build, StartTime: b.StartTime, Duration: b.Duration, Failing: b.Failures + b.Errors, Tests: b.Tests,
		})
	}
	for _, s := range found.Series {
		slices.Reverse(s.Past)
	}
	return found, nil
}

func newSeries(b buildRow) Series {
	return Series{
		Run: b.Runs[0], Runs: b.Runs, Job: b.Job, Build: b.Build, Component: b.Component, Env: b.Env, Source: b.Source, StartTime: b.StartTime,
		Duration: b.Duration, PreviousRuns: []uuid.UUID{}, Assignees: []string{},
		Counts: Counts{
			Tests: b.Tests, Failed: b.Failures, Error: b.Errors, Skipped: b.Skips, XFailed: b.Xfailures, XPassed: b.Xpasses,
			Passed: max(0, b.Tests-b.Failures-b.Errors-b.Skips-b.Xfailures-b.Xpasses),
		},
	}
}

// sides are the runs of all series in columns: of which series, and whether of its newest build or of the one before.
func sides(all []Series) (series []int, runs []uuid.UUID, now []bool) {
	for n, s := range all {
		for _, run := range s.Runs {
			series, runs, now = append(series, n), append(runs, run), append(now, true)
		}
		for _, run := range s.PreviousRuns {
			series, runs, now = append(series, n), append(runs, run), append(now, false)
		}
	}
	return series, runs, now
}

// changes tells what the newest build of each series has that the one before has not.
func (i *Insight) changes(ctx context.Context, project uuid.UUID, all []Series) error {
	series, runs, now := sides(all)
	changed, err := rows[struct {
		Series              int
		Fresh, Still, Fixed int64
	}](ctx, i, `
		WITH sides AS (SELECT * FROM unnest($2::int[], $3::uuid[], $4::bool[]) AS s (series, run, now))
		SELECT t.series, count(*) FILTER (WHERE t.now AND NOT t.before) AS fresh, count(*) FILTER (WHERE t.now AND t.before) AS still,
		       count(x.passed) AS fixed
		  FROM (SELECT s.series, f.test_id, bool_or(s.now) AS now, bool_or(NOT s.now) AS before
		          FROM sides s JOIN result_failures f ON f.run_id = s.run AND f.project_id = $1 AND f.test_id IS NOT NULL
		         GROUP BY s.series, f.test_id) t
		  -- By the test's own history, from where the build begins: few tests are mended at once, and a run has thousands.
		  LEFT JOIN LATERAL (SELECT true AS passed FROM sides s
		                      CROSS JOIN LATERAL (SELECT min(start_time) AS began FROM results WHERE run_id = s.run) b
		                       JOIN results r ON r.project_id = $1 AND r.test_id = t.test_id AND r.run_id = s.run AND r.start_time >= b.began
		                      WHERE NOT t.now AND s.series = t.series AND s.now AND r.result IN ('passed', 'xpassed') LIMIT 1) x ON true
		 GROUP BY t.series`, project, series, runs, now)
	if err != nil {
		return err
	}
	for _, c := range changed {
		s := &all[c.Series]
		s.NewlyFailing, s.StillFailing, s.Fixed = c.Fresh, c.Still, c.Fixed
	}
	return nil
}

// judged tells how far people are with the failures of each series.
func (i *Insight) judged(ctx context.Context, project uuid.UUID, all []Series) error {
	var series []int
	var runs []uuid.UUID
	for n, s := range all {
		for _, run := range s.Runs {
			series, runs = append(series, n), append(runs, run)
		}
	}
	found, err := rows[struct {
		Series       int
		Unclassified int64
		Assignees    []string
	}](ctx, i, `
		SELECT s.series, count(*) FILTER (WHERE coalesce(r.data ->> 'classification', '') = '') AS unclassified,
		       coalesce(array_agg(DISTINCT r.data ->> 'assignee') FILTER (WHERE r.data ->> 'assignee' <> ''), '{}') AS assignees
		  FROM unnest($2::int[], $3::uuid[]) AS s (series, run)
		  JOIN result_failures f ON f.run_id = s.run AND f.project_id = $1
		  JOIN results r ON r.id = f.result_id
		 GROUP BY s.series`, project, series, runs)
	if err != nil {
		return err
	}
	for _, j := range found {
		all[j.Series].Unclassified, all[j.Series].Assignees = j.Unclassified, j.Assignees
	}
	return nil
}
