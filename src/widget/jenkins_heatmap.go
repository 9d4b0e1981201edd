package widget

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/filter"
)

// JenkinsHeatmap shows how the groups of runs did in the newest builds of a Jenkins job.
type JenkinsHeatmap struct {
	kind       *kind
	JobName    string
	Builds     int
	GroupField string
	CountSkips bool // as failures
	Together   bool // tell of all runs of a build, not of the newest alone
	Filters    filter.Set
}

func jenkinsHeatmap() *kind {
	k := &kind{
		Type: Type{
			ID: "jenkins-heatmap", Title: "Jenkins Pipeline Heatmap", Kind: "widget",
			Description: "Pass rates of the newest builds of a Jenkins job, one row for each component or other group",
			Params: []Param{
				param("job_name", "string", "The Jenkins job").with(true),
				param("builds", "integer", "How many builds to show").with(true).by(5),
				param("group_field", "string", "The field that makes the rows: component, env, metadata.team").with(true).by("component"),
				param("count_skips", "boolean", "Count skipped tests as failures").with(false).by(true),
				projectParam(),
				filtersParam("runs"),
			},
		},
		renames: map[string]string{"jenkins_job_name": "job_name"},
		silent:  []string{"together"},
		kept:    true,
	}
	k.read = func(r *reader) computation {
		return JenkinsHeatmap{
			kind: k, JobName: r.requiredText("job_name"), Builds: r.builds(), GroupField: r.requiredText("group_field"),
			CountSkips: r.boolean("count_skips"), Together: r.boolean("together"), Filters: r.filters(),
		}
	}
	return k
}

// buildCell is what a group's newest run in a build came to, and, where that is asked for, what all its runs in that build came to
// together.
type buildCell struct {
	group       string
	build       int64
	run         uuid.UUID
	start       time.Time
	annotations json.RawMessage
	runCounts
	runs     int64
	together runCounts
}

func (w JenkinsHeatmap) compute(ctx context.Context, q *query) (any, error) {
	empty := object{{"heatmap", object{}}}
	group, ok, err := w.kind.groupBy(w.GroupField)
	if err != nil {
		return nil, err
	}
	if !ok {
		return empty, nil
	}
	s, sql, err := w.statement(q, group)
	if err != nil {
		return nil, err
	}
	var builds []int64
	var cells grouped[buildCell]
	err = each(q.rows(ctx, s, sql), func(row pgx.Rows) error {
		var build int64
		var name *string
		var c buildCell
		var id *uuid.UUID
		var start *time.Time
		var runs *int64
		var newest, together nullCounts
		columns := append([]any{&build, &name, &id, &start, &c.annotations}, newest.scan()...)
		if w.Together {
			columns = append(append(columns, &runs), together.scan()...)
		}
		if err := row.Scan(columns...); err != nil {
			return err
		}
		if !slices.Contains(builds, build) {
			builds = append(builds, build)
		}
		if name == nil { // a build that no group ran in
			return nil
		}
		c.group, c.build, c.run, c.start, c.runCounts = *name, build, *id, *start, newest.counts()
		if w.Together {
			c.runs, c.together = *runs, together.counts()
		}
		cells.add(c.group, c)
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(builds)
	heatmap := object{}
	for _, name := range cells.keys {
		heatmap = append(heatmap, member{name, w.row(builds, cells.of[name])})
	}
	return object{{"heatmap", heatmap}}, nil
}

// statement asks for the newest builds, and for the newest run of each group in each of them.
func (w JenkinsHeatmap) statement(q *query, group string) (*statement, string, error) {
	s := &statement{varies: strings.Contains(w.GroupField, ".")}
	columns := `id, start_time, ` + group + ` AS name, data -> 'annotations' AS annotations, ` + countColumns
	var builds string
	if known, ok := runDaysOf(q.projects, w.Filters); ok && known.field == "all" {
		builds = w.fromBuilds(s, known.project, columns)
	} else {
		s.in(q.projects)
		s.add(jobName+" = %s", w.JobName)
		if err := s.filter(filter.Run(), w.Filters); err != nil {
			return nil, "", err
		}
		builds = w.fromRuns(s, columns)
	}
	var together, window string
	if w.Together {
		together = `, count(*) OVER of_build, sum(tests) OVER of_build, sum(errors) OVER of_build, sum(failures) OVER of_build,
			sum(skips) OVER of_build, sum(xfailures) OVER of_build, sum(xpasses) OVER of_build`
		window = ` WINDOW of_build AS (PARTITION BY name, build)`
	}
	// A build that no group ran in has a row without a name.
	return s, builds + `
		SELECT DISTINCT ON (name, build) build, name, id, start_time, annotations, ` + countColumns + together + `
		  FROM matching WHERE build IN (SELECT build FROM builds)` + window + `
		 ORDER BY name, build, start_time DESC, id DESC`, nil
}

const (
	// number is a build's number. What is none is no build: the page shows them in the order of numbers.
	number = `CASE WHEN build_number ~ '^ *[+-]?[0-9]{1,18} *$' THEN build_number::bigint END AS build`
	// newest are the builds that started last.
	newest = ` WHERE build IS NOT NULL GROUP BY build ORDER BY first DESC, build DESC LIMIT `
)

// fromBuilds finds the newest builds in their rollup, but for those that changed since they were counted, and the runs of these alone.
// A number may be written in several ways: 7 and 007 are one build.
func (w JenkinsHeatmap) fromBuilds(s *statement, project uuid.UUID, columns string) string {
	mark, job := s.args.Add(project)+"::uuid", s.args.Add(w.JobName)
	where := "project_id = " + mark + " AND job_name = " + job
	return `
		WITH changed AS MATERIALIZED (SELECT DISTINCT build_number FROM runs_changed WHERE ` + where + ` AND build_number IS NOT NULL),
		     known AS (
		         SELECT build_number, first FROM jenkins_builds WHERE ` + where + ` AND build_number NOT IN (TABLE changed)
		         UNION ALL SELECT build_number, first FROM changed CROSS JOIN LATERAL ibutsu_count_build(` + mark + `, ` + job + `, build_number)),
		     builds AS MATERIALIZED (
		         SELECT build, min(first) AS first, array_agg(build_number) AS written
		           FROM (SELECT build_number, first, ` + number + ` FROM known) k` + newest + s.args.Add(w.Builds) + `),
		     matching AS (
		         SELECT r.*, build FROM builds CROSS JOIN LATERAL unnest(written) one CROSS JOIN LATERAL (
		                SELECT ` + columns + ` FROM runs WHERE project_id = ` + mark + ` AND ` + jobName + ` = ` + job + ` AND ` + buildNumber + ` = one OFFSET 0) r)`
}

// fromRuns looks at all runs that match.
func (w JenkinsHeatmap) fromRuns(s *statement, columns string) string {
	return `
		WITH matching AS MATERIALIZED (SELECT ` + columns + `, ` + number + ` FROM runs WHERE ` + s.where() + `),
		     builds AS (SELECT build, min(start_time) AS first FROM matching` + newest + s.args.Add(w.Builds) + `)`
}

// row lines a group's cells up under the builds. Clients know four items of a cell, about the newest run. Who asks for all runs
// together gets a fifth where a build had several of the group: how many, and the pass rate of all of them.
func (w JenkinsHeatmap) row(builds []int64, cells []buildCell) [][]any {
	row := [][]any{trendCell(w.trend(cells))}
	for _, build := range builds {
		text := strconv.FormatInt(build, 10)
		i := slices.IndexFunc(cells, func(c buildCell) bool { return c.build == build })
		if i < 0 {
			row = append(row, missing(text))
			continue
		}
		c := cells[i]
		var annotations any
		if len(c.annotations) > 0 && string(c.annotations) != "null" {
			annotations = c.annotations
		}
		shown := cell{c.passRate(w.CountSkips), c.run.String(), annotations, text}.shown()
		if c.runs > 1 {
			shown = append(shown, object{{"runs", c.runs}, {"rate", c.together.passRate(w.CountSkips)}})
		}
		row = append(row, shown)
	}
	return row
}

// trend is the slope of the pass rates in the order of time; 100 marks a group in which all is well.
func (w JenkinsHeatmap) trend(cells []buildCell) decimal {
	if len(cells) < 2 {
		return 0
	}
	ordered := slices.Clone(cells)
	slices.SortStableFunc(ordered, func(a, b buildCell) int { return a.start.Compare(b.start) })
	rates := make([]decimal, len(ordered))
	for i, c := range ordered {
		rates[i] = c.passRate(w.CountSkips)
	}
	if allPerfect(rates) {
		return 100
	}
	return decimal(slope(line(rates)))
}
