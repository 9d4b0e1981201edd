package widget

import "context"

// JenkinsBarChart counts the outcomes of each of the newest builds of a Jenkins job.
type JenkinsBarChart struct{ JenkinsChart }

func jenkinsBarChart() *kind {
	return &kind{
		Type: Type{
			ID: "jenkins-bar-chart", Title: "Jenkins Bar Chart", Kind: "widget",
			Description: "Passed, failed and skipped tests of the newest builds of a Jenkins job",
			Params:      chartParams(true),
		},
		kept: true,
		read: func(r *reader) computation {
			return JenkinsBarChart{JenkinsChart{JobName: r.requiredText("job_name"), Builds: r.builds()}}
		},
	}
}

func (w JenkinsBarChart) compute(ctx context.Context, q *query) (any, error) {
	builds, err := w.builds(ctx, q)
	if err != nil {
		return nil, err
	}
	passed, skipped, errors, failed, xpassed, xfailed := object{}, object{}, object{}, object{}, object{}, object{}
	for _, b := range builds {
		passed = append(passed, member{b.build, b.passes()})
		skipped = append(skipped, member{b.build, b.skips})
		errors = append(errors, member{b.build, b.errors})
		failed = append(failed, member{b.build, b.failures})
		xpassed = append(xpassed, member{b.build, b.xpasses})
		xfailed = append(xfailed, member{b.build, b.xfailures})
	}
	return object{{"passed", passed}, {"skipped", skipped}, {"error", errors}, {"failed", failed}, {"xpassed", xpassed}, {"xfailed", xfailed}}, nil
}
