package widget

import "context"

// JenkinsChart is the newest builds of one Jenkins job.
type JenkinsChart struct {
	JobName string
	Builds  int
}

func (w JenkinsChart) builds(ctx context.Context, q *query) ([]jenkinsBuild, error) {
	if w.Builds == 0 {
		return nil, nil
	}
	builds, _, err := q.builds(ctx, buildsQuery{job: &w.JobName, page: 1, pageSize: w.Builds})
	return builds, err
}

func chartParams(required bool) []Param {
	return []Param{
		param("job_name", "string", "The Jenkins job").with(true),
		param("builds", "integer", "How many builds to show").with(required).by(30),
		projectParam(),
	}
}
