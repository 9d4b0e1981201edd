package widget

import "context"

// JenkinsAnalysis hands out the parameters of the three charts that make up the analysis of a job.
type JenkinsAnalysis struct {
	JobName string
	Builds  int
	Project string // as it came
}

// mostHeatmapBuilds is how many builds still fit side by side.
const mostHeatmapBuilds = 40

func jenkinsAnalysis() *kind {
	return &kind{
		Type: Type{
			ID: "jenkins-analysis-view", Title: "Jenkins Job Analysis", Kind: "view",
			Params: []Param{
				param("job_name", "string", "The Jenkins job"),
				param("builds", "integer", "How many builds to show"),
				projectParam(),
			},
		},
		read: func(r *reader) computation {
			return JenkinsAnalysis{JobName: r.requiredText("job_name"), Builds: r.builds(), Project: r.projectText()}
		},
	}
}

func (w JenkinsAnalysis) compute(context.Context, *query) (any, error) {
	of := func(builds int, more ...member) object {
		o := append(object{{"job_name", w.JobName}, {"builds", builds}}, more...)
		if w.Project != "" {
			o = append(o, member{"project", w.Project})
		}
		return o
	}
	return object{
		{"barchart_params", of(w.Builds)},
		{"heatmap_params", of(min(w.Builds, mostHeatmapBuilds), member{"group_field", "component"}, member{"count_skips", true})},
		{"linechart_params", of(w.Builds)},
	}, nil
}
