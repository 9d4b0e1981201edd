package widget

import "context"

// JenkinsLineChart shows in hours how long the newest builds of a Jenkins job took.
type JenkinsLineChart struct{ JenkinsChart }

func jenkinsLineChart() *kind {
	return &kind{
		Type: Type{
			ID: "jenkins-line-chart", Title: "Jenkins Line Chart", Kind: "widget",
			Description: "Duration and total execution time, in hours, of the newest builds of a Jenkins job",
			Params:      chartParams(false),
		},
		kept: true,
		read: func(r *reader) computation {
			return JenkinsLineChart{JenkinsChart{JobName: r.requiredText("job_name"), Builds: r.builds()}}
		},
	}
}

func (w JenkinsLineChart) compute(ctx context.Context, q *query) (any, error) {
	builds, err := w.builds(ctx, q)
	if err != nil {
		return nil, err
	}
	duration, execution := object{}, object{}
	differs := false
	for _, b := range builds {
		took, executed := hours(b.seconds), decimal(0)
		if b.execution != nil {
			executed = hours(*b.execution)
		}
		differs = differs || took != executed
		duration = append(duration, member{b.build, took})
		execution = append(execution, member{b.build, executed})
	}
	if !differs {
		return object{{"duration", duration}}, nil
	}
	return object{{"duration", duration}, {"total_execution_time", execution}}, nil
}

func hours(seconds float64) decimal { return rounded(seconds/3600, 2) }
