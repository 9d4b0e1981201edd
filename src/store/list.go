package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/filter"
)

// ListQuery asks for a page of runs, results or imports, newest first.
type ListQuery struct {
	Filter filter.Set
	// Scope are the projects that the caller may see; nil means all.
	Scope []uuid.UUID
	// Page counts from 1; lower means 1. PageSize is the number of rows.
	Page, PageSize int
	// Order is what the rows are sorted by; nil means newest first.
	Order *Order
}

// Offset is the number of rows before the page, and may not fit the database: then there is nothing on it.
func (q ListQuery) offset() (int64, bool) {
	page := int64(max(q.Page, 1))
	size := int64(q.PageSize)
	if page-1 > (1<<62)/max(size, 1) {
		return 0, false
	}
	return (page - 1) * size, true
}

// listing is a table that is listed by time.
type listing[T any] struct {
	table, columns, time string
	model                filter.Model
	scan                 func(pgx.CollectableRow) (T, error)
	id                   func(T) uuid.UUID
	// tally is the part of the model that result_tally can count by; empty where nothing is tallied.
	tally filter.Model
	// scoped says what the scope restricts; "" where project_id does.
	scoped string
	// orders are the fields that the list can be sorted by.
	orders map[string]string
	// versioned says that project_versions moves with the table's rows, so that counts can be kept.
	versioned bool
}

var (
	runList = listing[Run]{table: "runs", columns: runColumns, time: "start_time", model: filter.Run(), scan: scanRun,
		id: func(r Run) uuid.UUID { return r.ID }, versioned: true, orders: runOrders}
	resultList = listing[Result]{table: "results", columns: resultColumns, time: "start_time", model: filter.Result(), scan: scanResult,
		id: func(r Result) uuid.UUID { return r.ID }, versioned: true, orders: resultOrders, tally: tallied(filter.Result())}
	importList = listing[Import]{table: "imports", columns: importColumns, time: "created", model: filter.Import(), scan: scanImport,
		id:     func(i Import) uuid.UUID { return i.ID },
		scoped: "(NOT coalesce(data, '{}') ? 'project_id' OR data ->> 'project_id' = ANY(%s::text[]))"}
)

// tallied keeps the columns that result_tally has.
func tallied(m filter.Model) filter.Model {
	columns := map[string]filter.Column{}
	for _, name := range []string{"project_id", "result", "component", "env", "source"} {
		columns[name] = m.Columns[name]
	}
	m.Columns, m.Documents = columns, nil
	return m
}

// Runs returns a page of runs and how many match in all. A filter that cannot be used is a *filter.Error.
func (s *Store) Runs(ctx context.Context, q ListQuery) ([]Run, int64, error) {
	return list(ctx, s, runList, q)
}

// Results returns a page of results and how many match in all. A filter that cannot be used is a *filter.Error.
func (s *Store) Results(ctx context.Context, q ListQuery) ([]Result, int64, error) {
	return list(ctx, s, resultList, q)
}

// Imports returns a page of imports and how many match in all; imports without a project are in every scope.
func (s *Store) Imports(ctx context.Context, q ListQuery) ([]Import, int64, error) {
	return list(ctx, s, importList, q)
}

// condition is a compiled WHERE with its values.
type condition struct {
	where string
	args  []any
}

func (l listing[T]) condition(model filter.Model, q ListQuery) (condition, error) {
	args := filter.NewArgs(0)
	where, err := filter.Compile(model, q.Filter, args)
	if err != nil {
		return condition{}, err
	}
	if q.Scope != nil {
		switch l.scoped {
		case "":
			where = "project_id = ANY(" + args.Add(q.Scope) + "::uuid[]) AND " + where
		default:
			texts := make([]string, len(q.Scope))
			for i, id := range q.Scope {
				texts[i] = id.String()
			}
			where = fmt.Sprintf(l.scoped, args.Add(texts)) + " AND " + where
		}
	}
	return condition{where, args.Values()}, nil
}

// and adds a condition whose value is the next placeholder.
func (c condition) and(format string, value any) condition {
	args := append(slices.Clone(c.args), value)
	return condition{c.where + " AND " + fmt.Sprintf(format, fmt.Sprintf("$%d", len(args))), args}
}

// known is what is remembered of a filter under a version of its projects.
type known struct {
	total int64
	// ids are all matches, newest first, where there are few: then any page is a look-up by key.
	ids []uuid.UUID
	// hours are the tally's hours, newest first, with how many matches are in all newer ones: then a deep page starts
	// in its hour instead of counting its way down from the newest row.
	hours []hour
}

const (
	// fewMatches bounds the ids kept for one filter.
	fewMatches = 1000
	// deepPage is the offset from which on a page is sought through the hours.
	deepPage = 1000
)

func list[T any](ctx context.Context, s *Store, l listing[T], q ListQuery) (rows []T, total int64, err error) {
	err = s.Read(ctx, func(ctx context.Context, from Reader) error {
		rows, total, err = listFrom(ctx, s.from(from), l, q)
		return err
	})
	return rows, total, err
}

func listFrom[T any](ctx context.Context, s *Store, l listing[T], q ListQuery) ([]T, int64, error) {
	c, err := l.condition(l.model, q)
	if err != nil {
		return nil, 0, err
	}
	if q.Scope != nil && len(q.Scope) == 0 && l.scoped == "" {
		return []T{}, 0, nil
	}
	k, err := s.knowledge(ctx, l.table, q, c, func() (known, error) { return learn(ctx, s, l, q, c) })
	if err != nil {
		return nil, 0, wrap("count "+l.table, err)
	}
	offset, fits := q.offset()
	if !fits || offset >= k.total || q.PageSize <= 0 {
		return []T{}, k.total, nil
	}
	rows, err := l.page(ctx, s, q, c, k, offset)
	return rows, k.total, wrap("list "+l.table, err)
}

// dynamic plans each statement for its values: a plan for any project would take no partial index and guess all sizes.
const dynamic = pgx.QueryExecModeCacheDescribe

func (l listing[T]) page(ctx context.Context, s *Store, q ListQuery, c condition, k known, offset int64) ([]T, error) {
	order := " ORDER BY " + l.time + " DESC, id DESC"
	if q.Order != nil {
		return l.sorted(ctx, s, q, c, k, offset)
	}
	if k.ids != nil {
		ids := k.ids[offset:min(offset+int64(q.PageSize), int64(len(k.ids)))]
		rows, _ := s.reads.Query(ctx, "SELECT "+l.columns+" FROM "+l.table+" WHERE id = ANY($1)"+order, ids)
		return pgx.CollectRows(rows, l.scan)
	}
	if rows, ok, err := l.walk(ctx, s, q, c, k, offset); ok || err != nil {
		return rows, err
	}
	if h, skip, ok := k.seek(offset); ok {
		c = c.and(l.time+" < %s::timestamp", h.end())
		offset = skip
	}
	args := append([]any{dynamic}, c.args...)
	limit := fmt.Sprintf(" OFFSET %d LIMIT %d", offset, q.PageSize)
	statement := "SELECT " + l.columns + " FROM " + l.table + " WHERE " + c.where + order + limit
	if offset > 0 {
		// Only the key of the rows that are passed over, not their metadata.
		columns := "t." + strings.ReplaceAll(l.columns, ", ", ", t.")
		statement = "SELECT " + columns + " FROM " + l.table + " t JOIN (SELECT id FROM " + l.table + " WHERE " + c.where + order + limit +
			") k ON k.id = t.id ORDER BY t." + l.time + " DESC, t.id DESC"
	}
	rows, _ := s.reads.Query(ctx, statement, args...)
	return pgx.CollectRows(rows, l.scan)
}

// mostWalked bounds the rows that are looked through, newest first, for one page.
const mostWalked = 10_000

// walk finds a page by looking through the newest rows of the project, where the known number of matches says that it must
// be among the first few thousand. PostgreSQL cannot know: it guesses that a tag is on one row in a hundred, and collects
// and sorts all that have it; for an expression it reads the whole table. ok is false when the page is not certain to be
// complete, because the matches are old.
func (l listing[T]) walk(ctx context.Context, s *Store, q ListQuery, c condition, k known, offset int64) (rows []T, ok bool, err error) {
	project := oneProject(q.Filter)
	if project == nil || !l.versioned || !l.guessed(q.Filter) {
		return nil, false, nil
	}
	whole := filter.Condition{Field: "project_id", Op: filter.Eq, Value: project.String()}
	all := ListQuery{Filter: filter.Set{Conditions: []filter.Condition{whole}}, Scope: q.Scope}
	in, err := l.condition(l.model, all)
	if err != nil {
		return nil, false, err
	}
	base, err := s.knowledge(ctx, l.table, all, in, func() (known, error) { return learn(ctx, s, l, all, in) })
	if err != nil {
		return nil, false, err
	}
	wanted := min(int64(q.PageSize), k.total-offset)
	far := (offset + wanted) * base.total / k.total
	if far > mostWalked {
		return nil, false, nil
	}
	found, _ := s.reads.Query(ctx, fmt.Sprintf("SELECT %s FROM (SELECT * FROM %s WHERE project_id = %s ORDER BY %s DESC, id DESC LIMIT %d) t WHERE %s OFFSET %d LIMIT %d",
		l.columns, l.table, "$"+fmt.Sprint(len(c.args)+1), l.time, 4*far+100, c.where, offset, q.PageSize),
		append(append([]any{dynamic}, c.args...), *project)...)
	rows, err = pgx.CollectRows(found, l.scan)
	return rows, err == nil && int64(len(rows)) == wanted, err
}

// guessed says whether PostgreSQL can only guess how many rows a condition keeps: an expression, or one on a list in the metadata.
func (l listing[T]) guessed(set filter.Set) bool {
	for _, c := range set.Conditions {
		root, key, _ := strings.Cut(c.Field, ".")
		if _, list := l.model.Documents[root].Arrays[key]; list || c.Op == filter.Regex {
			return true
		}
	}
	return false
}

// oneProject returns the one project whose rows can match, where the filter names it.
func oneProject(set filter.Set) *uuid.UUID {
	for _, c := range set.Conditions {
		if id, err := uuid.Parse(c.Value); c.Field == "project_id" && c.Op == filter.Eq && err == nil {
			return &id
		}
	}
	return nil
}

// learn counts a filter's matches: from the tally where that has all its columns, else from the rows.
func learn[T any](ctx context.Context, s *Store, l listing[T], q ListQuery, c condition) (known, error) {
	var k known
	if l.tally.Name != "" && l.talliable(q.Filter) {
		t, err := l.condition(l.tally, q)
		if err != nil {
			return k, err
		}
		if k.hours, err = s.hours(ctx, t); err != nil {
			return k, err
		}
		if n := len(k.hours); n > 0 {
			k.total = k.hours[n-1].newer + k.hours[n-1].n
		}
	} else if err := s.reads.QueryRow(ctx, "SELECT count(*) FROM "+l.table+" WHERE "+c.where, append([]any{dynamic}, c.args...)...).Scan(&k.total); err != nil {
		return k, err
	}
	if k.total == 0 || k.total > fewMatches || !l.versioned {
		return k, nil
	}
	rows, _ := s.reads.Query(ctx, "SELECT id FROM "+l.table+" WHERE "+c.where+" ORDER BY "+l.time+" DESC, id DESC LIMIT "+fmt.Sprint(fewMatches+1),
		append([]any{dynamic}, c.args...)...)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return k, err
	}
	if len(ids) <= fewMatches {
		k.ids, k.total = ids, int64(len(ids))
	}
	return k, nil
}

// talliable says whether each condition that means something for the rows means the same for their tally.
func (l listing[T]) talliable(set filter.Set) bool {
	for _, c := range set.Conditions {
		_, column := l.model.Columns[c.Field]
		_, counted := l.tally.Columns[c.Field]
		root, _, path := strings.Cut(c.Field, ".")
		_, document := l.model.Documents[root]
		if column && !counted || path && document {
			return false
		}
	}
	return true
}
