package backup

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/artifact"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// Progress hears how far the work is: of how much in all, in any unit. It is called often, from one goroutine at a time.
type Progress func(done, total int64)

// TakeOptions say how to take a backup.
type TakeOptions struct {
	// URL is the database.
	URL string
	// Version is the Ibutsu that takes it.
	Version string
	// Contents reads what artifacts have outside of the database. Without it the backup only says where that is.
	Contents *artifact.Library
	// AllowLost leaves contents out that their store has lost. Else they are an error: a folder that is not mounted looks the same.
	AllowLost bool
	Progress  Progress // may be nil
}

// Take writes everything that the database holds at one moment. Readers and writers go on meanwhile; only a change of
// the schema has to wait. What is written is a backup only when the error is nil.
func Take(ctx context.Context, out io.Writer, o TakeOptions) (Summary, error) {
	conn, err := store.Connect(ctx, o.URL, "backup")
	if err != nil {
		return Summary{}, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if o.Contents != nil {
		if err := hold(ctx, conn); err != nil {
			return Summary{}, err
		}
	}
	var summary Summary
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		summary, err = take(ctx, tx, out, o)
		return err
	})
	return summary, err
}

func take(ctx context.Context, tx pgx.Tx, out io.Writer, o TakeOptions) (Summary, error) {
	h, err := describe(ctx, tx)
	if err != nil {
		return Summary{}, fmt.Errorf("looking at the database: %w", err)
	}
	h.Version, h.Format = o.Version, formatOfTables
	if o.Contents != nil {
		h.Contents, h.Format = true, format
	}
	w, err := newWriter(out, h)
	if err != nil {
		return Summary{}, err
	}
	summary := Summary{Header: h}
	var total, done int64
	for _, t := range h.Tables {
		total += t.Size
	}
	for _, t := range h.Tables {
		s := w.section(section(t.Name))
		_, err := tx.Conn().PgConn().CopyTo(ctx, &meter{to: s, table: t, done: done, total: total, progress: o.Progress},
			fmt.Sprintf("COPY %s (%s) TO STDOUT", identifier(t.Name), columns(t)))
		if err != nil {
			w.abandon()
			return Summary{}, fmt.Errorf("reading table %s: %w", t.Name, err)
		}
		if err := s.Close(); err != nil {
			w.abandon()
			return Summary{}, err
		}
		summary.add(t.Name, s.count.sum())
		done += t.Size
	}
	if o.Contents != nil {
		if err := writeContents(ctx, tx, w, o, &summary); err != nil {
			w.abandon()
			return Summary{}, err
		}
	}
	return summary, w.close()
}

func identifier(name string) string { return pgx.Identifier{name}.Sanitize() }

func columns(t Table) string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = identifier(c)
	}
	return strings.Join(names, ", ")
}

// describe makes the header, and sees to it that no table changes its shape until the end of the transaction.
func describe(ctx context.Context, tx pgx.Tx) (Header, error) {
	h := Header{}
	var err error
	if h.Shape, err = store.ShapeOf(ctx, tx); err != nil {
		return h, err
	}
	err = tx.QueryRow(ctx, `
		SELECT current_database(), current_setting('server_version'), now(),
		       (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END)::text`).
		Scan(&h.Database, &h.PostgreSQL, &h.Taken, &h.Position)
	if err != nil {
		return h, err
	}
	h.Taken = h.Taken.UTC()
	if h.Tables, err = tables(ctx, tx); err != nil {
		return h, err
	}
	names := make([]string, len(h.Tables))
	for i, t := range h.Tables {
		names[i] = identifier(t.Name)
	}
	if _, err := tx.Exec(ctx, "LOCK TABLE "+strings.Join(names, ", ")+" IN ACCESS SHARE MODE"); err != nil {
		return h, err
	}
	h.Sequences, err = sequences(ctx, tx)
	return h, err
}

// tables are those that hold something of their own. What PostgreSQL itself forgets in a crash (unlogged tables) is nothing
// to be kept.
func tables(ctx context.Context, tx pgx.Tx) ([]Table, error) {
	rows, _ := tx.Query(ctx, `
		SELECT c.relname, array_agg(a.attname ORDER BY a.attnum), pg_table_size(c.oid), greatest(c.reltuples, 0)::bigint
		  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
		 WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relpersistence = 'p'
		   AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
		 GROUP BY c.oid, c.relname ORDER BY c.relname`)
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Table, error) {
		var t Table
		err := row.Scan(&t.Name, &t.Columns, &t.Size, &t.Estimate)
		return t, err
	})
}

func sequences(ctx context.Context, tx pgx.Tx) ([]Sequence, error) {
	rows, _ := tx.Query(ctx, `
		SELECT c.relname, coalesce(s.last_value, s.start_value), s.last_value IS NOT NULL
		  FROM pg_class c JOIN pg_sequences s ON s.schemaname = current_schema() AND s.sequencename = c.relname
		 WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'S' ORDER BY 1`)
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Sequence])
}

// meter tells the progress within a table by its rows.
type meter struct {
	to          *sectionWriter
	table       Table
	done, total int64
	progress    Progress
}

func (m *meter) Write(p []byte) (int, error) {
	n, err := m.to.Write(p)
	if m.progress != nil {
		part := min(1, float64(m.to.count.rows)/float64(max(m.table.Estimate, m.to.count.rows, 1)))
		m.progress(m.done+int64(part*float64(m.table.Size)), m.total)
	}
	return n, err
}
