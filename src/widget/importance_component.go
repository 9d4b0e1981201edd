package widget

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/ibutsu/ibutsu-go/src/filter"
)

// ImportanceComponent is a table for each component: how the tests of each importance did in the newest builds of a job.
type ImportanceComponent struct {
	JobName    string
	Components []string
	Builds     int
	Env        string // "" for any
	CountSkips bool   // as failures
	NoProject  bool   // then there is nothing to show
}

func importanceComponent() *kind {
	return &kind{
		Type: Type{
			ID: "importance-component", Title: "Importance by component", Kind: "widget",
			Description: "How the tests of each importance did in the newest builds of a Jenkins job, for each component",
			Params: []Param{
				param("job_name", "string", "The Jenkins job").with(true).by(""),
				param("group_field", "string", "What a table is made for: component").with(true).by("component"),
				param("env", "string", "Only results in this environment").with(false).by(""),
				param("components", "string", "The components, separated by commas").with(true).by(""),
				param("builds", "integer", "How many builds to show").with(false).by(5),
				param("count_skips", "boolean", "Count skipped tests as failures").with(false).by(false),
				projectParam(),
			},
		},
		kept: true,
		read: func(r *reader) computation {
			w := ImportanceComponent{
				JobName: r.text("job_name"), Components: strings.Split(r.text("components"), ","), Builds: r.integer("builds", 5, 0, maxBuilds),
				Env: r.text("env"), CountSkips: r.boolean("count_skips"), NoProject: r.projectText() == "",
			}
			if field := r.text("group_field"); field != "" && field != "component" {
				r.fail("group_field", "%q is not component, by which alone this widget groups", shorten(field))
			}
			if _, ok := filter.ParseUUID(r.projectText()); !ok && !w.NoProject {
				r.fail("project", "%q is not a UUID", shorten(r.projectText()))
			}
			return w
		},
	}
}

// importances are those that a table always has, most important first.
var importances = []string{"critical", "high", "medium", "low"}

// importanceCell is what the tests of one importance came to in a build.
type importanceCell struct {
	build, importance string
	good              int
	results           []startedResult
}

type startedResult struct {
	start time.Time
	id    uuid.UUID
}

// ids are those of the results, oldest first.
func (c importanceCell) ids() []uuid.UUID {
	slices.SortFunc(c.results, func(l, r startedResult) int {
		return cmp.Or(l.start.Compare(r.start), bytes.Compare(l.id[:], r.id[:]))
	})
	ids := make([]uuid.UUID, len(c.results))
	for i, r := range c.results {
		ids[i] = r.id
	}
	return ids
}

func (w ImportanceComponent) compute(ctx context.Context, q *query) (any, error) {
	if w.NoProject || w.JobName == "" {
		return object{{"table_data", []object{}}}, nil
	}
	builds, cells, err := w.cells(ctx, q)
	if err != nil {
		return nil, err
	}
	tables := []object{}
	seen := map[string]bool{}
	for _, component := range w.Components {
		if !seen[component] && len(cells.of[component]) > 0 {
			tables = append(tables, importanceTable(component, builds, cells.of[component]))
		}
		seen[component] = true
	}
	return object{{"table_data", tables}}, nil
}

// The builds of a job are found by leaping from one to the next in the index, for a job has few builds and many results; what is shown
// of a build, by one leap for each component. Components and limit are in SELECTs of their own: PostgreSQL would make a plan for
// each number of them, which takes as long as the answer. Builds are numbers, unless one of them is not.
const importanceSQL = `
	WITH RECURSIVE %s,
	     kinds AS (SELECT bool_and(build ~ '^[0-9]{1,18}$') AS numeric FROM walk WHERE build IS NOT NULL),
	     chosen AS (
	         SELECT build, row_number() OVER (
	                ORDER BY CASE WHEN kinds.numeric THEN CASE WHEN build ~ '^[0-9]{1,18}$' THEN build::bigint END END DESC, build COLLATE "C" DESC) AS place
	           FROM walk, kinds WHERE build IS NOT NULL ORDER BY place LIMIT (SELECT %s::bigint))
	SELECT chosen.place, chosen.build, r.component, r.importance, r.result, r.start_time, r.id
	  FROM chosen LEFT JOIN LATERAL (
	       SELECT of.* FROM (SELECT DISTINCT unnest((SELECT %s::text[])) AS name) components CROSS JOIN LATERAL (
	              SELECT component, coalesce(data ->> 'importance', 'null') AS importance, result, start_time, id FROM results
	               WHERE %s AND (data -> 'jenkins' ->> 'build_number') = chosen.build AND component = components.name OFFSET 0) of) r ON true`

const (
	buildNumber = "(data -> 'jenkins' ->> 'build_number')"
	leap        = `walk (build) AS (
		(SELECT ` + buildNumber + ` FROM results WHERE %[1]s AND ` + buildNumber + ` IS NOT NULL ORDER BY ` + buildNumber + ` LIMIT 1)
		UNION ALL
		SELECT (SELECT ` + buildNumber + ` FROM results WHERE %[1]s AND ` + buildNumber + ` > walk.build ORDER BY ` + buildNumber + ` LIMIT 1)
		  FROM walk WHERE walk.build IS NOT NULL)`
	scan = `walk (build) AS (SELECT DISTINCT ` + buildNumber + ` FROM results WHERE %[1]s AND ` + buildNumber + ` IS NOT NULL)`
)

// cells returns the newest builds, in the order of the table, and what was run in them.
func (w ImportanceComponent) cells(ctx context.Context, q *query) ([]string, grouped[importanceCell], error) {
	var s statement
	s.in(q.projects)
	s.add(jobName+" = %s", w.JobName)
	walk := leap
	if w.Env != "" {
		s.add("env = %s", w.Env)
		walk = scan // the index knows no environments
	}
	sql := fmt.Sprintf(importanceSQL, fmt.Sprintf(walk, s.where()), s.args.Add(w.Builds), s.args.Add(w.Components), s.where())
	named := map[int]string{}
	var cells grouped[importanceCell]
	at := map[[3]string]int{} // where a cell is among those of its component
	err := each(q.rows(ctx, &s, sql), func(row pgx.Rows) error {
		var place int
		var build string
		// No pointers: there are thousands of rows, and each pointer would be to memory of its own.
		var component, importance, result pgtype.Text
		var start pgtype.Timestamp
		var id pgtype.UUID
		if err := row.Scan(&place, &build, &component, &importance, &result, &start, &id); err != nil {
			return err
		}
		named[place] = build
		if !id.Valid { // no component ran in the build
			return nil
		}
		key := [3]string{component.String, build, importance.String}
		i, ok := at[key]
		if !ok {
			i = len(cells.of[component.String])
			at[key] = i
			cells.add(component.String, importanceCell{build: build, importance: importance.String})
		}
		c := &cells.of[component.String][i]
		if w.good(result) {
			c.good++
		}
		c.results = append(c.results, startedResult{start.Time, id.Bytes})
		return nil
	})
	builds := make([]string, len(named))
	for place, build := range named {
		builds[len(named)-place] = build // newest last
	}
	return builds, cells, err
}

// good says whether a test ended as it should.
func (w ImportanceComponent) good(result pgtype.Text) bool {
	switch result.String { // "" for none
	case "error", "failed", "xpassed", "xfailed":
		return false
	case "skipped":
		return !w.CountSkips
	}
	return true
}

func importanceTable(component string, builds []string, cells []importanceCell) object {
	columns := slices.Clone(importances)
	found := map[[2]string]importanceCell{}
	ran := map[string]bool{}
	var others []string
	for _, c := range cells {
		found[[2]string{c.build, c.importance}] = c
		ran[c.build] = true
		if !slices.Contains(columns, c.importance) && !slices.Contains(others, c.importance) {
			others = append(others, c.importance)
		}
	}
	slices.Sort(others)
	columns = append(columns, others...)
	data := object{}
	for _, build := range builds {
		none := "N/A" // the build ran, but no test of this importance
		if !ran[build] {
			none = "NA"
		}
		line := object{}
		for _, importance := range columns {
			c, ok := found[[2]string{build, importance}]
			if !ok {
				line = append(line, member{importance, object{{"percentage", none}, {"result_list", []string{}}}})
				continue
			}
			line = append(line, member{importance, object{{"percentage", rounded(float64(c.good)/float64(len(c.results)), 2)}, {"result_list", c.ids()}}})
		}
		data = append(data, member{build, line})
	}
	return object{{"component", component}, {"bnums", builds}, {"importances", columns}, {"data", data}}
}
