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
	set := w.Filters
	for _, p := range []filter.Condition{{Field: "source", Value: w.Source}, {Field: "env", Value: w.Env}, {Field: "metadata.jenkins.job_name", Value: w.JobName}} {
		if p.Value != "" {
			p.Op = filter.Eq
			set = set.And(p)
		}
	}
	var s statement
	with, from := "", "runs"
	if days, ok := runDaysOf(q.projects, set); ok {
		with, from = days.sources(&s)
	} else {
		s.in(q.projects)
		if err := s.filter(filter.Run(), set); err != nil {
			return nil, err
		}
	}
	rows := q.rows(ctx, &s, with+"SELECT "+sumColumns+" FROM "+from+" WHERE "+s.where())
	var c runCounts
	if err := one(rows, c.scan()...); err != nil {
		return nil, err
	}
	return object{
		{"error", c.errors}, {"skipped", c.skips}, {"failed", c.failures}, {"passed", c.passes()}, {"total", c.tests},
		{"xfailed", c.xfailures}, {"xpassed", c.xpasses},
	}, nil
}
