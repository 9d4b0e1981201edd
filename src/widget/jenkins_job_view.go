package widget

import (
	"context"

	"github.com/ibutsu/ibutsu-go/src/filter"
)

// JenkinsJobView lists the builds of Jenkins jobs, newest first.
type JenkinsJobView struct {
	Filters        filter.Set
	Page, PageSize int
	RunLimit       int // newest runs to look at; 0 for all
}

// Bounds of a page of builds.
const (
	maxPage     = 1 << 31
	maxPageSize = 1000
	maxRunLimit = 1 << 31
)

func jenkinsJobView() *kind {
	return &kind{
		Type: Type{
			ID: "jenkins-job-view", Title: "Jenkins Job View", Kind: "view",
			Params: []Param{
				param("additional_filters", "list", "Only builds of runs that match these filters; job_name and build_number are the job's"),
				param("page", "integer", "Which page, from 1"),
				param("page_size", "integer", "How many builds a page has"),
				param("run_limit", "integer", "How many of the newest runs to look at; all without it"),
				projectParam(),
			},
		},
		renames: map[string]string{"filter": "additional_filters"},
		kept:    true,
		read: func(r *reader) computation {
			return JenkinsJobView{
				Filters: r.wholeFilters().Rename(jenkinsField),
				Page:    r.integer("page", 1, 1, maxPage), PageSize: r.integer("page_size", 25, 1, maxPageSize),
				RunLimit: r.integer("run_limit", 0, 0, maxRunLimit),
			}
		},
	}
}

// jenkinsField gives the two fields that the view is about their full names.
func jenkinsField(field string) string {
	if field == "job_name" || field == "build_number" {
		return "metadata.jenkins." + field
	}
	return field
}

func (w JenkinsJobView) compute(ctx context.Context, q *query) (any, error) {
	builds, total, err := q.builds(ctx, buildsQuery{filters: w.Filters, runs: w.RunLimit, page: w.Page, pageSize: w.PageSize})
	if err != nil {
		return nil, err
	}
	jobs := make([]object, len(builds))
	for i, b := range builds {
		var execution any
		if b.execution != nil {
			execution = decimal(*b.execution)
		}
		jobs[i] = object{
			{"_id", b.job + "-" + b.build}, {"job_name", b.job}, {"build_number", b.build}, {"build_url", b.url}, {"env", b.env},
			{"source", b.source}, {"start_time", timestamp(b.start)}, {"duration", decimal(b.seconds)}, {"total_execution_time", execution},
			{"summary", object{
				{"xfailures", b.xfailures}, {"xpasses", b.xpasses}, {"errors", b.errors}, {"failures", b.failures},
				{"skips", b.skips}, {"tests", b.tests}, {"passes", b.passes()},
			}},
		}
	}
	return object{{"jobs", jobs}, {"pagination", object{
		{"page", w.Page}, {"pageSize", w.PageSize}, {"totalItems", total}, {"totalPages", (total + int64(w.PageSize) - 1) / int64(w.PageSize)},
	}}}, nil
}
