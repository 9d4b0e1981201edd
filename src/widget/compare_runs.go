package widget

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// CompareRuns pairs the results of two runs that are of the same test and differ in their outcome. Each run is the newest
// that a set of filters finds.
type CompareRuns struct {
	// Sets are two sets of filters, or one that both runs have to match; or none, and then there is nothing to show.
	Sets []filter.Set
}

func compareRuns() *kind {
	k := &kind{
		Type: Type{
			ID: "compare-runs-view", Title: "Compare Runs", Kind: "view",
			Description: "The tests that ended differently in two runs",
			Params: []Param{
				param("additional_filters", "list", "Two sets of filters on results, each separated by commas; the newest run of each is compared").with(true),
			},
		},
		renames: map[string]string{"filters": "additional_filters", "project_id": "project"},
		silent:  []string{"project"},
		kept:    true,
	}
	k.read = func(r *reader) computation {
		var sets []filter.Set
		single := true
		for _, text := range r.list("additional_filters") {
			set, err := filter.Parse([]string{text})
			sets = append(sets, r.set(set, err))
			single = single && len(set.Conditions) <= 1
		}
		switch {
		case len(sets) == 1:
			r.fail("additional_filters", "two sets of filters are compared, and only one is given")
		case len(sets) > 2 && single:
			// A page that knows one filter bar sends each condition by itself: all of them hold for both runs.
			var common filter.Set
			for _, set := range sets {
				common = common.And(set.Conditions...)
			}
			sets = []filter.Set{common}
		case len(sets) > 2:
			sets = sets[:2]
		}
		return CompareRuns{Sets: sets}
	}
	return k
}

// maxPairs bounds the pairs that are shown; all are counted.
const maxPairs = 10_000

func (w CompareRuns) compute(ctx context.Context, q *query) (any, error) {
	pairs, total := [][]any{}, int64(0)
	if len(w.Sets) > 0 {
		var err error
		if pairs, total, err = w.pairs(ctx, q); err != nil {
			return nil, err
		}
	}
	return object{{"results", pairs}, {"pagination", object{{"totalItems", total}}}}, nil
}

// Each result of the first run meets the oldest of the same test in the second, which comes first in the test's window: a join would
// try all pairs of results, for PostgreSQL expects next to none.
const compareSQL = `
	WITH first AS (SELECT run_id FROM results WHERE %[1]s AND run_id IS NOT NULL ORDER BY start_time DESC, id DESC LIMIT 1),
	     second AS (SELECT run_id FROM results WHERE %[2]s AND run_id IS NOT NULL %[3]s ORDER BY start_time DESC, id DESC LIMIT 1),
	     sides AS (
	         SELECT true AS compared, id, coalesce(data ->> 'fspath', '') AS fspath, coalesce(test_id, '') AS test, result, start_time
	           FROM results WHERE run_id = (SELECT run_id FROM first) AND %[1]s
	         UNION ALL
	         SELECT false, id, coalesce(data ->> 'fspath', ''), coalesce(test_id, ''), result, start_time
	           FROM results WHERE run_id = (SELECT run_id FROM second) AND %[2]s),
	     tests AS (
	         SELECT *, first_value(compared) OVER test AS alone, first_value(id) OVER test AS other_id, first_value(result) OVER test AS other
	           FROM sides WINDOW test AS (PARTITION BY fspath, test ORDER BY compared, start_time, id)),
	     pairs AS (SELECT id AS left_id, other_id AS right_id, count(*) OVER () AS total,
	                      row_number() OVER (ORDER BY fspath COLLATE "C", test COLLATE "C", start_time, id) AS place
	                 FROM tests WHERE compared AND NOT alone AND result IS DISTINCT FROM other)
	SELECT p.total, l.id, l.project_id, l.run_id, l.test_id, l.result, l.data, l.params, l.duration, l.start_time, l.source, l.env, l.component,
	       r.id, r.project_id, r.run_id, r.test_id, r.result, r.data, r.params, r.duration, r.start_time, r.source, r.env, r.component
	  FROM pairs p JOIN results l ON l.id = p.left_id JOIN results r ON r.id = p.right_id
	 WHERE p.place <= %[4]d ORDER BY p.place`

func (w CompareRuns) pairs(ctx context.Context, q *query) ([][]any, int64, error) {
	var s statement
	first, err := w.where(&s, q, w.Sets[0])
	if err != nil {
		return nil, 0, err
	}
	second, other := first, ""
	if len(w.Sets) == 2 {
		if second, err = w.where(&s, q, w.Sets[1]); err != nil {
			return nil, 0, err
		}
	} else {
		other = "AND run_id <> (SELECT run_id FROM first)"
	}
	pairs, total := [][]any{}, int64(0)
	err = each(q.rows(ctx, &s, fmt.Sprintf(compareSQL, first, second, other, maxPairs)), func(row pgx.Rows) error {
		var l, r store.Result
		if err := row.Scan(append(append([]any{&total}, columnsOf(&l)...), columnsOf(&r)...)...); err != nil {
			return err
		}
		pairs = append(pairs, []any{resultObject(&l), resultObject(&r)})
		return nil
	})
	return pairs, total, err
}

func (w CompareRuns) where(s *statement, q *query, set filter.Set) (string, error) {
	one := statement{args: s.args}
	one.in(q.projects)
	err := one.filter(filter.Result(), set)
	s.args, s.varies = one.args, true
	return one.where(), err
}

func columnsOf(r *store.Result) []any {
	return []any{&r.ID, &r.ProjectID, &r.RunID, &r.TestID, &r.Result, &r.Data, &r.Params, &r.Duration, &r.StartTime, &r.Source, &r.Env, &r.Component}
}

// resultObject is a result in the shape of the API.
func resultObject(r *store.Result) object {
	var duration any
	if r.Duration != nil {
		duration = decimal(*r.Duration)
	}
	text := func(id *uuid.UUID) any {
		if id == nil {
			return nil
		}
		return id.String()
	}
	metadata := r.Data
	if len(metadata) == 0 || string(metadata) == "null" {
		metadata = json.RawMessage("{}")
	}
	params := r.Params
	if len(params) == 0 {
		params = json.RawMessage("null")
	}
	return object{
		{"id", r.ID.String()}, {"test_id", r.TestID}, {"start_time", timestamp(r.StartTime)}, {"duration", duration}, {"result", r.Result},
		{"component", r.Component}, {"env", r.Env}, {"run_id", text(r.RunID)}, {"project_id", text(r.ProjectID)}, {"metadata", metadata},
		{"params", params}, {"source", r.Source},
	}
}
