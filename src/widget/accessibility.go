package widget

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"go.yaml.in/yaml/v4"
)

// AccessibilityDashboard has no data of its own: the page reads the runs itself.
type AccessibilityDashboard struct{}

func accessibilityDashboard() *kind {
	return &kind{
		Type:   Type{ID: "accessibility-dashboard-view", Title: "Accessibility Dashboard View", Kind: "view", Params: []Param{}},
		silent: []string{"project"},
		read:   func(*reader) computation { return AccessibilityDashboard{} },
	}
}

func (AccessibilityDashboard) compute(context.Context, *query) (any, error) { return nil, nil }

// AccessibilityAnalysis hands back which runs the page is to analyse.
type AccessibilityAnalysis struct{ Runs []string }

func accessibilityAnalysis() *kind {
	return &kind{
		Type: Type{
			ID: "accessibility-analysis-view", Title: "Accessibility Analysis View", Kind: "view",
			Params: []Param{param("run_list", "list", "The ids of the runs"), projectParam()},
		},
		read: func(r *reader) computation {
			if !r.given("run_list") {
				r.fail("run_list", "it is required")
			}
			return AccessibilityAnalysis{Runs: r.split("run_list")}
		},
	}
}

func (w AccessibilityAnalysis) compute(context.Context, *query) (any, error) { return w.Runs, nil }

// AccessibilityBarChart compares the checks of an accessibility test that passed with those that did not.
type AccessibilityBarChart struct{ Runs []uuid.UUID }

// axeFile is the artifact of a run that its accessibility checks are counted in.
const axeFile = "axe_run_data.yaml"

// maxAxeFile bounds what is read of one, in bytes; two numbers take some dozen.
const maxAxeFile = 1 << 20

func accessibilityBarChart() *kind {
	return &kind{
		Type: Type{
			ID: "accessibility-bar-chart", Title: "Accessibility Bar Chart", Kind: "widget",
			Description: "Accessibility checks that passed, and violations, of runs that come with an " + axeFile,
			Params:      []Param{param("run_list", "list", "The ids of the runs").with(true)},
		},
		silent: []string{"project"},
		read: func(r *reader) computation {
			if !r.given("run_list") {
				r.fail("run_list", "it is required")
			}
			return AccessibilityBarChart{Runs: r.ids("run_list")}
		},
	}
}

func (w AccessibilityBarChart) compute(ctx context.Context, q *query) (any, error) {
	var s statement
	s.in(q.projects)
	where := s.where()
	rows := q.rows(ctx, &s, fmt.Sprintf(`
		SELECT a.run_id, substr(a.content, 1, %d) FROM artifacts a JOIN (SELECT id FROM runs WHERE %s AND id = ANY(%s::uuid[])) r ON r.id = a.run_id
		 WHERE a.filename = %s ORDER BY a.upload_date, a.id`, maxAxeFile, where, s.args.Add(w.Runs), s.args.Add(axeFile)))
	byRun := map[uuid.UUID]axeCounts{}
	err := each(rows, func(row pgx.Rows) error {
		var run uuid.UUID
		var content []byte
		if err := row.Scan(&run, &content); err != nil {
			return err
		}
		if counts, ok := readAxe(content); ok {
			byRun[run] = counts
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	// The last run of the list that has any.
	for _, run := range slices.Backward(w.Runs) {
		if counts, ok := byRun[run]; ok {
			return counts.shape(), nil
		}
	}
	return nil, nil
}

type axeCounts struct{ passes, violations float64 }

// readAxe reads the two counts; ok is false for a file that has no passes.
func readAxe(content []byte) (axeCounts, bool) {
	var file struct {
		Passes     *float64 `yaml:"passes"`
		Violations float64  `yaml:"violations"`
	}
	if yaml.Unmarshal(content, &file) != nil || file.Passes == nil {
		return axeCounts{}, false
	}
	return axeCounts{*file.Passes, file.Violations}, true
}

func (c axeCounts) shape() any {
	total := c.passes + c.violations
	share := func(n float64) decimal {
		if total == 0 {
			return 0
		}
		return decimal(n / total * 100)
	}
	return []object{
		{{"x", "passes"}, {"y", c.passes}, {"ratio", share(c.passes)}},
		{{"x", "violations"}, {"y", c.violations}, {"ratio", share(c.violations)}},
		{{"total", total}},
	}
}
