package widget

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/filter"
)

// FilterHeatmap shows the newest runs that match a filter, group by group.
type FilterHeatmap struct {
	kind       *kind
	Builds     int // runs shown of each group
	GroupField string
	Filters    filter.Set
}

func filterHeatmap() *kind {
	k := &kind{
		Type: Type{
			ID: "filter-heatmap", Title: "Filtered Heatmap", Kind: "widget",
			Description: "Pass rates of the newest runs that match filters, one row for each component or other group",
			Params: []Param{
				param("additional_filters", "string", "The runs to show, as filters separated by commas: env=qa,component!cart").with(true),
				param("builds", "integer", "How many runs to show of each group").with(true).by(5),
				param("group_field", "string", "The field that makes the rows: component, env, metadata.team").with(true).by("component"),
				projectParam(),
			},
		},
		renames: map[string]string{"filters": "additional_filters"},
		kept:    true,
	}
	k.read = func(r *reader) computation {
		if !r.given("additional_filters") {
			r.fail("additional_filters", "it is required")
		}
		return FilterHeatmap{kind: k, Builds: r.builds(), GroupField: r.requiredText("group_field"), Filters: r.filters()}
	}
	return k
}

// runsPerBuild is how many runs are looked at for each that is shown of a group: groups share what was newest.
const runsPerBuild = 75

func (w FilterHeatmap) compute(ctx context.Context, q *query) (any, error) {
	group, ok, err := w.kind.groupBy(w.GroupField)
	if err != nil {
		return nil, err
	}
	if !ok {
		return object{{"heatmap", object{}}}, nil
	}
	s := statement{varies: strings.Contains(w.GroupField, ".")}
	s.in(q.projects)
	if err := s.filter(filter.Run(), w.Filters); err != nil {
		return nil, err
	}
	limit := s.args.Add(w.Builds * runsPerBuild)
	rows := q.rows(ctx, &s, "SELECT "+group+", id, "+countColumns+" FROM runs WHERE "+s.where()+" ORDER BY start_time DESC, id DESC LIMIT "+limit)
	var cells grouped[cell]
	rank := 0
	err = each(rows, func(row pgx.Rows) error {
		var name *string
		var id uuid.UUID
		var c runCounts
		if err := row.Scan(append([]any{&name, &id}, c.scan()...)...); err != nil {
			return err
		}
		rank++
		key := "null"
		if name != nil {
			key = *name
		}
		if len(cells.of[key]) < w.Builds {
			cells.add(key, cell{rate: c.passRate(false), run: id.String(), build: strconv.Itoa(rank)})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(cells.keys)
	heatmap := object{}
	for _, name := range cells.keys {
		heatmap = append(heatmap, member{name, runsRow(cells.of[name])})
	}
	return object{{"heatmap", heatmap}}, nil
}

// runsRow turns cells, newest first, into a row, oldest first. Its trend has the axes the other way round than that of the
// Jenkins heatmap: position over rate. Saved dashboards are used to it.
func runsRow(cells []cell) [][]any {
	slices.Reverse(cells)
	rates := make([]decimal, len(cells))
	for i, c := range cells {
		rates[i] = c.rate
	}
	trend := decimal(100)
	if !allPerfect(rates) {
		positions, values := line(rates)
		trend = decimal(slope(values, positions))
	}
	row := [][]any{trendCell(trend)}
	for _, c := range cells {
		row = append(row, c.shown())
	}
	return row
}
