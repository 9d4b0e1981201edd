// Package widget computes what dashboards and views show: one file for each widget, with its parameters, its query and the
// shape of its answer. Counts come from the rollups that the database keeps in the transaction of each write, and every
// answer is computed by one statement, or in one snapshot, so that its numbers belong together.
package widget

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// ErrUnknown means that there is no widget of this name.
var ErrUnknown = errors.New("unknown widget")

// Options are what the widgets are made of. Store is required.
type Options struct {
	Store *store.Store
	// Cache keeps answers; nil computes each anew.
	Cache Cache
	Now   func() time.Time // nil: time.Now
	// Slow is how long counting results may take before what was counted is remembered; 0 means 50 ms.
	Slow time.Duration
}

const defaultSlow = 50 * time.Millisecond

// Widgets answers widgets. Safe for concurrent use.
type Widgets struct {
	store   *store.Store
	now     func() time.Time
	slow    time.Duration
	fields  *talliedFields
	answers *answers // nil: nothing is kept
}

// New makes the widgets.
func New(o Options) *Widgets {
	w := &Widgets{store: o.Store, now: o.Now, slow: cmp.Or(o.Slow, defaultSlow), fields: &talliedFields{}}
	if w.now == nil {
		w.now = time.Now
	}
	if o.Cache != nil {
		w.answers = &answers{cache: o.Cache}
	}
	return w
}

// Answer computes a widget over the runs and results of the projects in scope (nil: of all) and returns its JSON; nil means
// that there is nothing to show. Errors: ErrUnknown, *ParamError and *filter.Error for what the caller got wrong, else the
// store's.
func (w *Widgets) Answer(ctx context.Context, id string, values Values, scope []uuid.UUID) (json.RawMessage, error) {
	k, ok := kindOf(id)
	if !ok {
		return nil, fmt.Errorf("%w %q", ErrUnknown, id)
	}
	values, err := k.arrange(values)
	if err != nil {
		return nil, err
	}
	r := &reader{kind: k, values: values}
	c := k.read(r)
	if r.err != nil {
		return nil, r.err
	}
	projects, err := w.projects(ctx, k, r.projectText(), scope)
	if err != nil {
		return nil, err
	}
	compute := func(ctx context.Context) (computed, error) {
		answer, err := w.compute(ctx, c, projects)
		return answer, filter.Refused(r.filters(), err)
	}
	if w.answers == nil || !k.kept || r.filters().Moves() {
		answer, err := compute(ctx)
		return answer.answer, err
	}
	return w.answers.get(ctx, w, question{kind: k, values: values, projects: projects, computation: c}, compute)
}

// computed is an answer, and what was found out on the way.
type computed struct {
	answer json.RawMessage
	oldest *time.Time // row that it counts, nil where that is not known
}

func (w *Widgets) compute(ctx context.Context, c computation, projects []uuid.UUID) (computed, error) {
	var value any
	q := query{pool: w.store.Pool(), fields: w.fields, projects: projects, now: w.now().UTC(), clock: w.now, slow: w.slow}
	err := w.store.Read(ctx, func(ctx context.Context, from store.Reader) (err error) {
		q.reads = from
		value, err = c.compute(ctx, &q)
		return err
	})
	if err != nil {
		var unusable *filter.Error
		var wrong *ParamError
		if errors.As(err, &unusable) || errors.As(err, &wrong) {
			return computed{}, err
		}
		return computed{}, fmt.Errorf("widget: %w", store.Classify(err))
	}
	if value == nil {
		return computed{}, nil
	}
	answer, err := appendJSON(nil, value)
	return computed{answer, q.oldest}, err
}

// projects finds the projects that an answer is about: what the parameter names, within the scope.
func (w *Widgets) projects(ctx context.Context, k *kind, text string, scope []uuid.UUID) ([]uuid.UUID, error) {
	switch text {
	case "", "undefined", "null": // what a page sends that knows of no project
		return scope, nil
	}
	if id, ok := filter.ParseUUID(text); ok {
		return within(scope, id), nil
	}
	rows, _ := w.store.Pool().Query(ctx, `SELECT id FROM projects WHERE name = $1 ORDER BY id`, text)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("widget: find the project: %w", store.Classify(err))
	}
	if ids = within(scope, ids...); len(ids) == 0 {
		return nil, k.wrong("project", "%q is neither the id nor the name of a project that you can see", shorten(text))
	}
	return ids, nil
}

func within(scope []uuid.UUID, ids ...uuid.UUID) []uuid.UUID {
	if scope == nil {
		return ids
	}
	seen := []uuid.UUID{}
	for _, id := range ids {
		if slices.Contains(scope, id) {
			seen = append(seen, id)
		}
	}
	return seen
}

// computation is a widget with its parameters.
type computation interface {
	// compute returns what is shown, made of what appendJSON writes; nil for nothing.
	compute(ctx context.Context, q *query) (any, error)
}

// query is what a computation may ask.
type query struct {
	reads    store.Reader
	pool     *pgxpool.Pool // for what is written beside
	fields   *talliedFields
	projects []uuid.UUID // nil: all
	now      time.Time   // UTC
	clock    func() time.Time
	slow     time.Duration // how long counting may take before it is remembered
	// oldest is set by a computation that knows when the oldest row started that it counted.
	oldest *time.Time
}

// rows runs a statement. One that always reads the same is prepared once for each connection; of the others there are as
// many as callers can think of, and these are not kept.
func (q *query) rows(ctx context.Context, s *statement, sql string) pgx.Rows {
	mode := pgx.QueryExecModeCacheStatement
	if s.varies {
		mode = pgx.QueryExecModeCacheDescribe
	}
	rows, _ := q.reads.Query(ctx, sql, append([]any{mode}, s.args.Values()...)...)
	return rows // an error of Query comes out of the rows
}

// each runs a statement and reads its rows, one after the other.
func (q *query) each(ctx context.Context, s *statement, sql string, read func(row pgx.Rows) error) error {
	if !s.allCores {
		return each(q.rows(ctx, s, sql), read)
	}
	return pgx.BeginTxFunc(ctx, q.reads, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := onAllCores(ctx, tx); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, sql, append([]any{pgx.QueryExecModeCacheDescribe}, s.args.Values()...)...)
		return each(rows, read)
	})
}

// onAllCores lets several processes share what the transaction reads, and read each page once, in the order of the table. To PostgreSQL
// taking a document apart costs next to nothing, so that it would leave all of them to one, and it takes an index of tests for
// one in the order of time, which leads to the same pages again and again.
func onAllCores(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL enable_indexscan = off`)
	return err
}

// statement collects the conditions and arguments of one statement.
type statement struct {
	args       filter.Args
	conditions []string
	// varies says that a part of the SQL was chosen by the caller: a filter, or a path to group by.
	varies bool
	// allCores says that so many documents are read that several processes should share the work.
	allCores bool
}

// add adds a condition, with %s for the placeholder of each value.
func (s *statement) add(format string, values ...any) {
	marks := make([]any, len(values))
	for i, v := range values {
		marks[i] = s.args.Add(v)
	}
	s.conditions = append(s.conditions, fmt.Sprintf(format, marks...))
}

// filter adds the conditions of a set.
func (s *statement) filter(model filter.Model, set filter.Set) error {
	where, err := filter.Compile(model, set, &s.args)
	if err != nil || where == "TRUE" {
		return err
	}
	s.conditions = append(s.conditions, where)
	s.varies = true
	return nil
}

// in adds the condition that rows belong to the projects; nil means all.
func (s *statement) in(projects []uuid.UUID) {
	switch {
	case projects == nil:
	case len(projects) == 1:
		// Equality, so that an index on project and time also gives the order.
		s.add("project_id = %s::uuid", projects[0])
	default:
		s.add("project_id = ANY(%s::uuid[])", projects)
	}
}

// where returns all conditions so far, to stand after WHERE.
func (s *statement) where() string {
	if len(s.conditions) == 0 {
		return "TRUE"
	}
	return strings.Join(s.conditions, " AND ")
}

const maxShown = 100

func shorten(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= maxShown {
		return s
	}
	return strings.ToValidUTF8(s[:maxShown], "") + "…"
}
