package widget

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// dayCount counts the results of one project that match filters by a field that no tally has, day by day: what was counted
// of a day before is taken as it is, unless the day has changed since.
type dayCount struct {
	project uuid.UUID
	group   filter.Expression
	filters filter.Set
	// since is when the window begins; nil where it has no beginning.
	since *time.Time
	// limit is what a statement ends with that has the most frequent values first.
	limit string
	// slow is how long counting may take before its days are kept.
	slow time.Duration
}

const (
	// maxSpans bounds the spans of time that one statement counts. What has changed in more places is counted from the first
	// of them to the last.
	maxSpans = 16
	// maxDayValues is how many values a day may have to be kept: a title has a new one with every test.
	maxDayValues = 500
	// maxCountedDays bounds what is kept of a project: fields and filters come from outside.
	maxCountedDays = 50_000
	// manyResults is of how many results on several processes share the counting; starting them takes longer than counting fewer.
	manyResults = 50_000
)

// span is some days in a row: from the first to the one after the last.
type span struct{ from, to time.Time }

func (s span) holds(t time.Time) bool { return !t.Before(s.from) && t.Before(s.to) }

// dayTypes are the types of the values that can be kept: as the names of a JSON object, from which they are read again.
var dayTypes = map[filter.Kind]string{filter.Text: "text", filter.JSON: "jsonb"}

// question is the digest under which days are kept. It has the SQL in it, so that a version that counts otherwise finds nothing.
func (d dayCount) question() ([]byte, error) {
	var s statement
	if err := s.filter(filter.Result(), d.filters); err != nil {
		return nil, err
	}
	text, err := json.Marshal([]any{d.group.SQL, s.where(), s.args.Values()})
	if err != nil {
		return nil, fmt.Errorf("widget: name the question: %w", err)
	}
	sum := sha256.Sum256(text)
	return sum[:], nil
}

// counts returns the groups, most frequent first, all as one moment has them.
func (d dayCount) counts(ctx context.Context, q *query) ([]groupCount, error) {
	question, err := d.question()
	if err != nil {
		return nil, err
	}
	var groups []groupCount
	var fresh countedDays
	started := q.clock()
	err = pgx.BeginTxFunc(ctx, q.reads, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		kept, changed, results, err := d.days(ctx, tx, question)
		if err != nil {
			return err
		}
		if results >= manyResults {
			if err := onAllCores(ctx, tx); err != nil {
				return err
			}
		}
		if groups, fresh, err = d.count(ctx, tx, question, kept, changed); err != nil || q.clock().Sub(started) < d.slow {
			return err
		}
		// A standby's snapshot does not tell which transactions it is still without.
		return tx.QueryRow(ctx, `SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_current_snapshot()::text END`).Scan(&fresh.asOf)
	})
	if err != nil {
		return nil, err
	}
	if fresh.asOf != nil {
		fresh.keep(ctx, q.pool, d.project, question)
	}
	return groups, nil
}

// days returns the days of the window that have results and are as they were when they were counted, and the others with the number
// of all their results.
func (d dayCount) days(ctx context.Context, tx pgx.Tx, question []byte) (kept, changed []time.Time, results int64, err error) {
	var s statement
	s.in([]uuid.UUID{d.project})
	if d.since != nil {
		s.add("day > %s::timestamp", d.since.Truncate(day))
	}
	// A delta that is said to be of a transaction yet to come was brought here from another cluster, by a backup: it has been
	// here as long as the day.
	sql := fmt.Sprintf(`
		SELECT day, coalesce(bool_and(k.as_of IS NOT NULL AND (pg_visible_in_snapshot(change, k.as_of) OR change >= pg_snapshot_xmax(pg_current_snapshot()))), false), sum(n)::bigint
		  FROM (SELECT day, change, n FROM result_tally_days WHERE %s AND field = 'result') t
		  LEFT JOIN (SELECT day, as_of FROM counted_days WHERE %s AND question = %s
		                AND cluster = (SELECT system_identifier FROM pg_control_system())) k USING (day)
		 GROUP BY day ORDER BY day`, s.where(), s.where(), s.args.Add(question))
	rows, _ := tx.Query(ctx, sql, s.args.Values()...)
	err = each(rows, func(row pgx.Rows) error {
		var of time.Time
		var asItWas bool
		var n int64
		if err := row.Scan(&of, &asItWas, &n); err != nil {
			return err
		}
		if asItWas {
			kept = append(kept, of)
		} else {
			changed, results = append(changed, of), results+n
		}
		return nil
	})
	return kept, changed, results, err
}

// spans joins neighbouring days, and all of them where there would be too many spans.
func spans(days []time.Time) []span {
	var joined []span
	for _, of := range days {
		if last := len(joined) - 1; last >= 0 && joined[last].to.Equal(of) {
			joined[last].to = of.Add(day)
			continue
		}
		joined = append(joined, span{of, of.Add(day)})
	}
	if len(joined) > maxSpans {
		return []span{{joined[0].from, joined[len(joined)-1].to}}
	}
	return joined
}

// countedDays is what was counted of days.
type countedDays struct {
	days   []time.Time
	counts []json.RawMessage
	asOf   *string // the snapshot; nil for what is not to be kept
}

// count adds up the days that are kept, the results of those that changed, and the part of a day in which the window begins.
// It returns what it counted of whole days, too.
func (d dayCount) count(ctx context.Context, tx pgx.Tx, question []byte, kept, changed []time.Time) ([]groupCount, countedDays, error) {
	counting := spans(changed)
	kept = slices.DeleteFunc(kept, func(of time.Time) bool {
		return slices.ContainsFunc(counting, func(s span) bool { return s.holds(of) })
	})
	sql, s, err := d.statement(question, kept, counting)
	if err != nil {
		return nil, countedDays{}, err
	}
	groups, fresh := []groupCount{}, countedDays{}
	rows, _ := tx.Query(ctx, sql, append([]any{pgx.QueryExecModeCacheDescribe}, s.args.Values()...)...)
	err = each(rows, func(row pgx.Rows) error {
		var of *time.Time
		var value *string
		var n *int64
		var counts json.RawMessage
		switch err := row.Scan(&of, &value, &n, &counts); {
		case err != nil:
			return err
		case of != nil:
			fresh.days, fresh.counts = append(fresh.days, *of), append(fresh.counts, counts)
		case d.group.Kind == filter.JSON:
			groups = append(groups, groupCount{json.RawMessage(*value), *n})
		default:
			groups = append(groups, groupCount{*value, *n})
		}
		return nil
	})
	return groups, fresh, err
}

// statement is what count asks: rows of a value and its number first, then rows of a day and all its counts.
func (d dayCount) statement(question []byte, kept []time.Time, counting []span) (string, *statement, error) {
	s := statement{varies: true}
	s.in([]uuid.UUID{d.project})
	project := s.where()
	if err := s.filter(filter.Result(), d.filters); err != nil {
		return "", nil, err
	}
	matching := "FROM results WHERE " + s.where() + " AND " + d.group.SQL + " IS NOT NULL"
	within := func(from, to time.Time) string {
		return " AND start_time < " + s.args.Add(to) + "::timestamp AND start_time >= " + s.args.Add(from) + "::timestamp"
	}
	counted := "SELECT NULL::timestamp AS day, " + d.group.SQL + " AS value, 0::bigint AS n " + matching + " AND false"
	for i, c := range counting {
		one := "SELECT date_trunc('day', start_time) AS day, " + d.group.SQL + " AS value, count(*) AS n " + matching + within(c.from, c.to) + " GROUP BY 1, 2"
		if i == 0 {
			counted = one
			continue
		}
		counted += " UNION ALL " + one
	}
	sources := "SELECT value, n FROM counted UNION ALL SELECT c.key::" + dayTypes[d.group.Kind] + ", c.value::bigint FROM counted_days CROSS JOIN jsonb_each(counts) c WHERE " +
		project + " AND question = " + s.args.Add(question) + " AND day = ANY(" + s.args.Add(kept) + "::timestamp[])"
	if d.since != nil {
		next := d.since.Truncate(day).Add(day)
		sources += " UNION ALL SELECT " + d.group.SQL + ", 1 " + matching + " AND start_time > " + s.args.Add(*d.since) + "::timestamp AND start_time < " + s.args.Add(next) + "::timestamp"
	}
	days := make([]time.Time, 0, len(counting))
	for _, c := range counting {
		for of := c.from; of.Before(c.to); of = of.Add(day) {
			days = append(days, of)
		}
	}
	return fmt.Sprintf(`
		WITH counted AS MATERIALIZED (%s)
		SELECT NULL::timestamp AS day, value::text, n, NULL::jsonb FROM (SELECT value, sum(n)::bigint AS n FROM (%s) t GROUP BY value ORDER BY 2 DESC, 1%s) totals
		UNION ALL
		SELECT of, NULL, NULL, coalesce(jsonb_object_agg(counted.value::text, counted.n) FILTER (WHERE counted.n IS NOT NULL), '{}')
		  FROM unnest(%s::timestamp[]) of LEFT JOIN counted ON counted.day = of GROUP BY of HAVING count(*) <= %d
		 ORDER BY day NULLS FIRST, n DESC, value`, counted, sources, d.limit, s.args.Add(days), maxDayValues), &s, nil
}

// keep keeps the days for those who ask next. Where that fails they are counted again.
func (c countedDays) keep(ctx context.Context, pool *pgxpool.Pool, project uuid.UUID, question []byte) {
	_, _ = pool.Exec(ctx, `
		INSERT INTO counted_days (project_id, question, day, counts, as_of)
		SELECT $1, $2, c.day, c.counts, $3::text::pg_snapshot FROM unnest($4::timestamp[], $5::jsonb[]) c (day, counts)
		 WHERE (SELECT count(*) FROM counted_days WHERE project_id = $1) < $6
		ON CONFLICT (project_id, question, day) DO UPDATE
		   SET counts = excluded.counts, as_of = excluded.as_of, cluster = excluded.cluster, counted = excluded.counted`,
		project, question, c.asOf, c.days, c.counts, maxCountedDays)
}

// CountedDaysLive is how long days are kept. Fields that nobody asks for any more go with it, and what is asked for is counted
// once a week.
const CountedDaysLive = 7 * day

// ForgetCountedDays forgets what was counted before that moment.
func ForgetCountedDays(ctx context.Context, s *store.Store, before time.Time) error {
	if _, err := s.Pool().Exec(ctx, `DELETE FROM counted_days WHERE counted < $1`, before.UTC()); err != nil {
		return fmt.Errorf("widget: forget counted days: %w", store.Classify(err))
	}
	return nil
}
