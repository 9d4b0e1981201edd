package widget

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ibutsu/ibutsu-go/src/store"
)

const (
	// maxWishes bounds the fields remembered: their names come from outside.
	maxWishes = 500
	// wishesToPropose is how often a field has to be asked for.
	wishesToPropose = 3
	// sampled is about how many results are looked at to find out how many values a field has.
	sampled = 20_000
	// rowsPerValue is how many results a value needs to have on average. A field with fewer, such as a title, would make a
	// tally as long as the table.
	rowsPerValue = 20
)

// wish remembers that a field of the metadata was counted from the results, and how long it took. It is only a hint, so
// that its failure is nobody's.
func wish(ctx context.Context, q *query, field string, took time.Duration) {
	name, path, ok := tallyPath(field)
	if !ok || took < q.slow {
		return
	}
	_, _ = q.pool.Exec(ctx, `
		INSERT INTO field_wishes (field, path, asked, seconds)
		SELECT $1, $2, 1, $3 WHERE (SELECT count(*) FROM field_wishes) < $4
		ON CONFLICT (field) DO UPDATE SET asked = field_wishes.asked + 1, seconds = field_wishes.seconds + excluded.seconds, last_asked = excluded.last_asked`,
		name, path, took.Seconds(), maxWishes)
}

// tallyPath is how a field that filters know is called in the tallies; ok is false for one that cannot be tallied.
func tallyPath(field string) (name string, path []string, ok bool) {
	root, name, found := strings.Cut(field, ".")
	if !found || root != "metadata" && root != "data" {
		return "", nil, false
	}
	path = strings.Split(name, ".")
	for _, key := range path {
		// A number would mean the item of a list in the tally, and a key everywhere else.
		if strings.Trim(key, "-0123456789") == "" {
			return "", nil, false
		}
	}
	return name, path, true
}

// Proposal is a field of the metadata that is worth a tally.
type Proposal struct {
	Field   string        // without its first segment: jenkins.job_name
	Asked   int64         // how often widgets counted it from the results
	Took    time.Duration // all of that together
	Tallied bool          // whether it has its tally now
}

// TallyWishes finds the fields that widgets often count the long way, and that have few enough values for a tally. Where
// build is set it makes the tallies, without holding up writers; else it only proposes them.
func TallyWishes(ctx context.Context, s *store.Store, build bool) ([]Proposal, error) {
	rows, _ := s.Pool().Query(ctx, `
		SELECT w.field, w.asked, w.seconds FROM field_wishes w
		 WHERE w.asked >= $1 AND NOT EXISTS (SELECT 1 FROM tallied_fields f WHERE f.field = w.field AND f.ready)
		 ORDER BY w.seconds DESC, w.field`, wishesToPropose)
	wishes, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Proposal, error) {
		var p Proposal
		var seconds float64
		err := row.Scan(&p.Field, &p.Asked, &seconds)
		p.Took = time.Duration(seconds * float64(time.Second))
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("widget: read the wishes: %w", store.Classify(err))
	}
	var proposals []Proposal
	for _, p := range wishes {
		fits, err := worthATally(ctx, s.Pool(), p.Field)
		if err != nil {
			return proposals, err
		}
		if !fits {
			continue
		}
		if build {
			if err := TallyField(ctx, s, "metadata."+p.Field); err != nil {
				return proposals, err
			}
			p.Tallied = true
		}
		proposals = append(proposals, p)
	}
	return proposals, nil
}

// worthATally says whether the values of a field repeat often enough, by a sample of the results.
func worthATally(ctx context.Context, pool *pgxpool.Pool, field string) (bool, error) {
	_, path, ok := tallyPath("metadata." + field)
	if !ok {
		return false, nil
	}
	var rows float64
	if err := pool.QueryRow(ctx, `SELECT greatest(reltuples, 1) FROM pg_class WHERE oid = 'results'::regclass`).Scan(&rows); err != nil {
		return false, fmt.Errorf("widget: size of the results: %w", store.Classify(err))
	}
	share := min(100, 100*sampled/rows)
	var have, values int64
	err := pool.QueryRow(ctx, fmt.Sprintf(`SELECT count(data #>> $1), count(DISTINCT data #>> $1) FROM results TABLESAMPLE SYSTEM (%f)`, share), path).Scan(&have, &values)
	if err != nil {
		return false, fmt.Errorf("widget: sample %s: %w", field, store.Classify(err))
	}
	return have >= values*rowsPerValue && values > 0, nil
}

// TallyField has a field of the metadata counted as results are written, and counts what is there already. Writers are not
// held up. Cut short, it can be asked again.
func TallyField(ctx context.Context, s *store.Store, field string) error {
	name, path, ok := tallyPath(field)
	if !ok {
		return fmt.Errorf("widget: %q cannot be tallied: it is no path of names in the metadata", shorten(field))
	}
	if _, err := s.Pool().Exec(ctx, `INSERT INTO tallied_fields (field, path) VALUES ($1, $2) ON CONFLICT (field) DO NOTHING`, name, path); err != nil {
		return fmt.Errorf("widget: tally %s: %w", name, store.Classify(err))
	}
	if err := othersDone(ctx, s.Pool()); err != nil {
		return fmt.Errorf("widget: tally %s: %w", name, err)
	}
	return countField(ctx, s.Pool(), name)
}

// othersDone waits until every transaction has ended that may have written results before it could see the new field. From
// then on each one that writes counts the field.
func othersDone(ctx context.Context, pool *pgxpool.Pool) error {
	var next string
	if err := pool.QueryRow(ctx, `SELECT pg_snapshot_xmax(pg_current_snapshot())::text`).Scan(&next); err != nil {
		return store.Classify(err)
	}
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		var done bool
		if err := pool.QueryRow(ctx, `SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::text::xid8`, next).Scan(&done); err != nil {
			return store.Classify(err)
		}
		if done {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// countField adds what the tally lacks. Results and tally are seen at one moment, so that every result of that moment is
// either counted here or by its own writer, and the difference makes the tally whole.
func countField(ctx context.Context, pool *pgxpool.Pool, name string) error {
	err := pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
		// All results are read: the timeout of requests does not fit.
		if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = 0`); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `
			INSERT INTO field_tally (project_id, field, bucket, value, n)
			SELECT project_id, $1, bucket, value, sum(n)
			  FROM (SELECT r.project_id, date_trunc('hour', r.start_time) AS bucket, r.data #>> f.path AS value, count(*) AS n
			          FROM results r CROSS JOIN tallied_fields f WHERE f.field = $1 AND r.data #>> f.path IS NOT NULL GROUP BY 1, 2, 3
			        UNION ALL SELECT project_id, bucket, value, -n FROM field_tally WHERE field = $1) d
			 GROUP BY project_id, bucket, value HAVING sum(n) <> 0`, name); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE tallied_fields SET ready = true WHERE field = $1`, name)
		return err
	})
	if err != nil {
		return fmt.Errorf("widget: count %s: %w", name, store.Classify(err))
	}
	return nil
}
