package widget

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/filter"
)

// ResultAggregator counts results by any field, or lists the field's values for a filter to choose from.
type ResultAggregator struct {
	GroupField string
	// Days to look back; nil means without end.
	Days *float64
	// RunID restricts to the results of one run; nil means any.
	RunID *uuid.UUID
	// ForFilter asks for the values alone.
	ForFilter bool
	Filters   filter.Set
}

// maxFilterValues is how many values a filter offers: the most frequent ones.
const maxFilterValues = 200

const defaultDays = 90

func resultAggregator() *kind {
	return &kind{
		Type: Type{
			ID: "result-aggregator", Title: "Result Aggregation", Kind: "widget",
			Description: "How many results there are of each outcome, component, exception or any other field",
			Params: []Param{
				param("group_field", "string", "The field to count by: result, component, metadata.exception_name").with(true).by("result"),
				param("days", "float", "How many days to look back; 0 for all").with(false).by(defaultDays),
				param("run_id", "string", "Only results of this run").with(false),
				projectParam(),
				param("for_filter", "boolean", "List the values of the field, without counts").with(false).by(false),
				filtersParam("results"),
			},
		},
		kept: true,
		read: func(r *reader) computation {
			w := ResultAggregator{GroupField: r.requiredText("group_field"), ForFilter: r.boolean("for_filter"), Filters: r.filters()}
			if id, ok := filter.ParseUUID(r.text("run_id")); ok {
				w.RunID = &id
			}
			switch days := r.number("days", defaultDays); {
			case r.given("days") && days != 0, !r.given("days") && !r.given("run_id"):
				w.Days = &days
			}
			return w
		},
	}
}

const day = 24 * time.Hour

func (w ResultAggregator) window() (string, time.Duration, bool) {
	span, bounded := w.span()
	return "results", span, bounded
}

func (w ResultAggregator) span() (time.Duration, bool) {
	if w.Days == nil {
		return 0, false
	}
	return lookBack(*w.Days, day)
}

func (w ResultAggregator) compute(ctx context.Context, q *query) (any, error) {
	group, ok, err := filter.Result().Expression(w.GroupField)
	if err != nil {
		return nil, err
	}
	if !ok {
		return []object{}, nil
	}
	groups, err := w.groups(ctx, q, group)
	if err != nil {
		return nil, err
	}
	counts := make([]object, len(groups))
	for i, g := range groups {
		counts[i] = object{{"_id", g.value}}
		if !w.ForFilter {
			counts[i] = append(counts[i], member{"count", g.n})
		}
	}
	return counts, nil
}

// groupCount is how many results have a value of the field.
type groupCount struct {
	value any
	n     int64
}

// groups counts, most frequent value first, from the coarsest source that has what is asked for. The window's edge is exact in
// all of them: what lies in a whole day or hour comes from a tally, the rest of the oldest hour from the results themselves.
func (w ResultAggregator) groups(ctx context.Context, q *query, group filter.Expression) ([]groupCount, error) {
	sql, s, err := w.tally(ctx, q, group)
	if err != nil {
		return nil, err
	}
	if s != nil {
		return w.read(ctx, q, s, sql, group.Kind)
	}
	if w.RunID != nil {
		return w.fromResults(ctx, q, group)
	}
	started := q.clock()
	groups, err := w.byDays(ctx, q, group)
	if err == nil {
		wish(ctx, q, w.GroupField, q.clock().Sub(started))
	}
	return groups, err
}

// limit ends a statement that has the most frequent values first.
func (w ResultAggregator) limit() string {
	if w.ForFilter {
		return fmt.Sprintf(" LIMIT %d", maxFilterValues)
	}
	return ""
}

// byDays counts what no tally has. Of a single project days are kept that were counted before.
func (w ResultAggregator) byDays(ctx context.Context, q *query, group filter.Expression) ([]groupCount, error) {
	if len(q.projects) != 1 || dayTypes[group.Kind] == "" || w.Filters.Moves() {
		return w.fromResults(ctx, q, group)
	}
	d := dayCount{project: q.projects[0], group: group, filters: w.Filters, limit: w.limit(), slow: q.slow}
	if span, bounded := w.span(); bounded {
		since := q.now.Add(-span)
		d.since = &since
	}
	return d.counts(ctx, q)
}

func (w ResultAggregator) read(ctx context.Context, q *query, s *statement, sql string, kind filter.Kind) ([]groupCount, error) {
	var groups []groupCount
	err := q.each(ctx, s, sql+w.limit(), func(row pgx.Rows) error {
		value, n, err := scanGroup(row, kind)
		groups = append(groups, groupCount{value, n})
		return err
	})
	return groups, err
}

// scanGroup reads a group's value as it is shown, and how many results it has.
func scanGroup(row pgx.Rows, kind filter.Kind) (value any, n int64, err error) {
	switch kind {
	case filter.Float, filter.Int:
		var f float64
		err = row.Scan(&f, &n)
		return decimal(f), n, err
	case filter.Timestamp:
		var t time.Time
		err = row.Scan(&t, &n)
		return timestamp(t), n, err
	case filter.JSON:
		var raw json.RawMessage
		err = row.Scan(&raw, &n)
		return raw, n, err
	case filter.UUID:
		var id uuid.UUID
		err = row.Scan(&id, &n)
		return id.String(), n, err
	}
	var text string
	err = row.Scan(&text, &n)
	return text, n, err
}

// tally returns what counts from a tally; no statement where none has what is asked for.
func (w ResultAggregator) tally(ctx context.Context, q *query, group filter.Expression) (string, *statement, error) {
	switch {
	case w.RunID != nil:
		return "", nil, nil
	case isTallied(w.GroupField) && !narrows(w.Filters):
		return w.fromDays(q)
	case isTallied(w.GroupField) && filtersTallied(w.Filters):
		return w.fromHours(q)
	case narrows(w.Filters):
		return "", nil, nil
	}
	field, ok, err := q.fields.tallied(ctx, q.reads, w.GroupField, q.now)
	if err != nil || !ok {
		return "", nil, err
	}
	return w.fromField(q, group, field)
}

// sources are the parts of a count; grouped adds them up, most frequent value first.
func groupedSQL(sources string) string {
	return "SELECT value, sum(n)::bigint FROM (" + sources + ") t WHERE value IS NOT NULL GROUP BY value HAVING sum(n) <> 0 ORDER BY 2 DESC, 1"
}

// fromResults counts the results one by one.
func (w ResultAggregator) fromResults(ctx context.Context, q *query, group filter.Expression) ([]groupCount, error) {
	s := statement{varies: strings.Contains(w.GroupField, "."), allCores: w.RunID == nil && !narrows(w.Filters)}
	s.in(q.projects)
	if w.RunID != nil {
		s.add("run_id = %s::uuid", *w.RunID)
	}
	if span, bounded := w.span(); bounded {
		s.add("start_time > %s::timestamp", q.now.Add(-span))
	}
	if err := s.filter(filter.Result(), w.Filters); err != nil {
		return nil, err
	}
	sql := "SELECT " + group.SQL + ", count(*) FROM results WHERE " + s.where() + " AND " + group.SQL + " IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"
	return w.read(ctx, q, &s, sql, group.Kind)
}

func (w ResultAggregator) fromDays(q *query) (string, *statement, error) {
	var s statement
	s.in(q.projects)
	field := s.args.Add(w.GroupField)
	days := "SELECT value, n FROM result_tally_days WHERE " + s.where() + " AND field = " + field
	span, bounded := w.span()
	if !bounded {
		return groupedSQL(days), &s, nil
	}
	since := q.now.Add(-span)
	today, thisHour := since.Truncate(day), since.Truncate(time.Hour)
	dayMark, nextDay, hour, nextHour := s.args.Add(today), s.args.Add(today.Add(day)), s.args.Add(thisHour), s.args.Add(thisHour.Add(time.Hour))
	return groupedSQL(days + " AND day > " + dayMark + "::timestamp" +
		" UNION ALL SELECT " + w.GroupField + ", n FROM result_tally WHERE " + s.where() + " AND bucket > " + hour + "::timestamp AND bucket < " + nextDay + "::timestamp" +
		" UNION ALL SELECT " + w.GroupField + ", 1 FROM results WHERE " + s.where() + " AND start_time > " + s.args.Add(since) + "::timestamp" +
		" AND start_time < " + nextHour + "::timestamp"), &s, nil
}

func (w ResultAggregator) fromHours(q *query) (string, *statement, error) {
	var s statement
	s.in(q.projects)
	if err := s.filter(tallied(), w.Filters); err != nil {
		return "", nil, err
	}
	return w.hours(q, &s, "SELECT "+w.GroupField+" AS value, n FROM result_tally WHERE "+s.where(), "SELECT "+w.GroupField+", 1 FROM results WHERE "+s.where())
}

func (w ResultAggregator) fromField(q *query, group filter.Expression, field string) (string, *statement, error) {
	var s statement
	s.in(q.projects)
	mark := s.args.Add(field)
	return w.hours(q, &s, "SELECT value, n FROM field_tally WHERE "+s.where()+" AND field = "+mark, "SELECT "+group.SQL+", 1 FROM results WHERE "+s.where())
}

// hours counts from a tally of hours, and from the results for the rest of the oldest one.
func (w ResultAggregator) hours(q *query, s *statement, tally, results string) (string, *statement, error) {
	span, bounded := w.span()
	if !bounded {
		return groupedSQL(tally), s, nil
	}
	since := q.now.Add(-span)
	hour := since.Truncate(time.Hour)
	return groupedSQL(tally + " AND bucket > " + s.args.Add(hour) + "::timestamp" +
		" UNION ALL " + results + " AND start_time > " + s.args.Add(since) + "::timestamp AND start_time < " + s.args.Add(hour.Add(time.Hour)) + "::timestamp"), s, nil
}
