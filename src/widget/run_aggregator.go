package widget

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/filter"
)

// RunAggregator compares groups of recent runs: how many of their tests, in percent, passed, failed and so on.
type RunAggregator struct {
	kind       *kind
	Weeks      float64
	GroupField string
	Filters    filter.Set
}

func runAggregator() *kind {
	k := &kind{
		Type: Type{
			ID: "run-aggregator", Title: "Run Aggregation", Kind: "widget",
			Description: "Outcomes of recent runs in percent, by environment, component or any other field",
			Params: []Param{
				param("group_field", "string", "The field to group by: component, env, source, metadata.jenkins.job_name").with(true).by("component"),
				param("weeks", "integer", "How many weeks to look back").with(true).by(4),
				projectParam(),
				filtersParam("runs"),
			},
		},
		kept: true,
	}
	k.read = func(r *reader) computation {
		return RunAggregator{kind: k, Weeks: r.requiredNumber("weeks"), GroupField: r.requiredText("group_field"), Filters: r.filters()}
	}
	return k
}

const week = 7 * 24 * time.Hour

func (w RunAggregator) window() (string, time.Duration, bool) {
	span, bounded := lookBack(w.Weeks, week)
	return "runs", span, bounded
}

func (w RunAggregator) compute(ctx context.Context, q *query) (any, error) {
	group, ok, err := w.kind.groupBy(w.GroupField)
	if err != nil {
		return nil, err
	}
	if !ok {
		return percentages(nil), nil
	}
	s, sql, err := w.statement(q, group)
	if err != nil {
		return nil, err
	}
	rows := q.rows(ctx, s, sql)
	var groups []groupCounts
	err = each(rows, func(row pgx.Rows) error {
		var g groupCounts
		var oldest time.Time
		if err := row.Scan(append([]any{&g.name, &oldest}, g.scan()...)...); err != nil {
			return err
		}
		if q.oldest == nil || oldest.Before(*q.oldest) {
			q.oldest = &oldest
		}
		if g.tests != 0 {
			groups = append(groups, g)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return percentages(groups), nil
}

// statement asks for each group's value, when its oldest run started, and its counters.
func (w RunAggregator) statement(q *query, group string) (*statement, string, error) {
	const grouped = " GROUP BY 1 ORDER BY 1"
	var since *time.Time
	if span, bounded := lookBack(w.Weeks, week); bounded {
		start := q.now.Add(-span)
		since = &start
	}
	var s statement
	if days, ok := runDaysOf(q.projects, w.Filters); ok {
		if days, ok = days.by(w.GroupField); ok {
			days.since = since
			with, from := days.sources(&s)
			return &s, with + "SELECT value, min(oldest), " + sumColumns + " FROM " + from + grouped, nil
		}
	}
	s.varies = strings.Contains(w.GroupField, ".")
	s.in(q.projects)
	if since != nil {
		s.add("start_time > %s::timestamp", *since)
	}
	if err := s.filter(filter.Run(), w.Filters); err != nil {
		return nil, "", err
	}
	return &s, "SELECT " + group + ", min(start_time), " + sumColumns + " FROM runs WHERE " + s.where() + " AND " + group + " IS NOT NULL" + grouped, nil
}

type groupCounts struct {
	name string
	runCounts
}

func percentages(groups []groupCounts) object {
	passed, skipped, failed, errors, xfailed, xpassed := object{}, object{}, object{}, object{}, object{}, object{}
	for _, g := range groups {
		s, e, f := g.percent(g.skips), g.percent(g.errors), g.percent(g.failures)
		xf, xp := g.percent(g.xfailures), g.percent(g.xpasses)
		skipped = append(skipped, member{g.name, s})
		errors = append(errors, member{g.name, e})
		failed = append(failed, member{g.name, f})
		xfailed = append(xfailed, member{g.name, xf})
		xpassed = append(xpassed, member{g.name, xp})
		passed = append(passed, member{g.name, 100 - s - e - f - xf - xp})
	}
	return object{{"passed", passed}, {"skipped", skipped}, {"error", errors}, {"failed", failed}, {"xfailed", xfailed}, {"xpassed", xpassed}}
}

// lookBack is n spans as a duration; what goes back further than any clock does is no bound at all.
func lookBack(n float64, span time.Duration) (time.Duration, bool) {
	const most = 200 * 365 * 24 * time.Hour
	total := n * float64(span)
	if total > float64(most) {
		return 0, false
	}
	return time.Duration(max(total, -float64(most))), true
}
