package widget

import (
	"context"

	"github.com/ibutsu/ibutsu-go/src/filter"
)

// ResultSummary adds up the counters of runs. Its filters are on runs; those on fields that only results have filter nothing.
type ResultSummary struct {
	Source, Env, JobName string // "" for any
	Filters              filter.Set
}

func resultSummary() *kind {
	return &kind{
		Type: Type{
			ID: "result-summary", Title: "Result Summary", Kind: "widget",
			Description: "How many tests passed, failed, were skipped and so on, over all runs that match",
			Params: []Param{
				param("source", "string", "Only runs from this source").with(false),
				param("env", "string", "Only runs in this environment").with(false),
				param("job_name", "string", "Only runs of this Jenkins job").with(false),
				projectParam(),
				filtersParam("runs"),
			},
		},
		kept: true,
		read: func(r *reader) computation {
			return ResultSummary{Source: r.text("source"), Env: r.text("env"), JobName: r.text("job_name"), Filters: r.filters()}
		},
	}
}

func (w ResultSummary) compute(ctx context.Context, q *query) (any, error) {
	var s statement
	s.in(q.projects)
	if w.Source != "" {
		s.add("source = %s", w.Source)
	}
	if w.Env != "" {
		s.add("env = %s", w.Env)
	}
	if w.JobName != "" {
		s.add(jobName+" = %s", w.JobName)
	}
	if err := s.filter(filter.Run(), w.Filters); err != nil {
		return nil, err
	}
	var c runCounts
	rows := q.rows(ctx, &s, "SELECT "+sumColumns+" FROM runs WHERE "+s.where())
	if err := one(rows, c.scan()...); err != nil {
		return nil, err
	}
	return object{
		{"error", c.errors}, {"skipped", c.skips}, {"failed", c.failures}, {"passed", c.passes()}, {"total", c.tests},
		{"xfailed", c.xfailures}, {"xpassed", c.xpasses},
	}, nil
}
