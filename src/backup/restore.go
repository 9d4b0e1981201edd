package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/artifact"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// ErrInUse means that servers are connected to the database that is to be made anew.
var ErrInUse = errors.New("the database is in use")

// RestoreOptions say where to put a backup.
type RestoreOptions struct {
	// URL is the database.
	URL string
	// Replace drops everything in the database first. Else it has to be empty.
	Replace bool
	// Contents is where contents go that artifacts had outside of the database; of any kind, whatever kind they were in.
	Contents *artifact.Library
	Log      zerolog.Logger
}

// Restore makes a database of a backup: the same rows and rollups, in the shape of this version. All rows come with one
// commit; before it no server starts on the database, whatever ends this process. Errors: ErrDamaged, ErrNewer, ErrInUse,
// store.ErrFilled.
func Restore(ctx context.Context, in io.Reader, o RestoreOptions) (Summary, error) {
	r, err := openArchive(in)
	if err != nil {
		return Summary{}, err
	}
	defer r.close()
	if !r.Header.Shape.Known() {
		return Summary{}, fmt.Errorf("%w: Ibutsu %s, schema %d", ErrNewer, r.Header.Version, slices.Max(append(r.Header.Shape.Migrations, 0)))
	}
	if r.Header.Contents && o.Contents == nil {
		return Summary{}, errors.New("the backup has contents of artifacts, and no store was given for them")
	}
	conn, err := store.Connect(ctx, o.URL, "restore")
	if err != nil {
		return Summary{}, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	servers, err := store.Servers(ctx, conn)
	if err != nil {
		return Summary{}, err
	}
	if len(servers) > 0 {
		return Summary{}, fmt.Errorf("%w: stop %s first", ErrInUse, strings.Join(servers, ", "))
	}
	if err := store.MakeForRestore(ctx, o.URL, r.Header.Shape, o.Replace); err != nil {
		return Summary{}, err
	}
	var summary Summary
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		summary, err = fill(ctx, tx, r, o.Contents)
		return err
	})
	if err != nil {
		return Summary{}, err
	}
	if _, err := store.Migrate(ctx, o.URL, store.MigrateOptions{Log: o.Log}); err != nil {
		return Summary{}, fmt.Errorf("everything is back; bringing it into the shape of this version: %w", err)
	}
	// Until then the planner knows no sizes, and takes ways that are slow for a large table.
	if _, err := conn.Exec(ctx, "ANALYZE"); err != nil {
		return Summary{}, fmt.Errorf("everything is back; counting it for the planner: %w", err)
	}
	return summary, nil
}

// fill puts all rows into the tables, which are as the backup's were, and contents into their store.
func fill(ctx context.Context, tx pgx.Tx, r *reader, contents *artifact.Library) (Summary, error) {
	summary := Summary{}
	ours, err := tables(ctx, tx)
	if err != nil {
		return summary, err
	}
	if err := fits(r.Header, ours); err != nil {
		return summary, err
	}
	rebuild, err := strip(ctx, tx, ours)
	if err != nil {
		return summary, err
	}
	for {
		s, err := r.next()
		if err != nil {
			return summary, err
		}
		if s == nil {
			break
		}
		if err := load(ctx, tx, r, s, ours); err != nil {
			return summary, err
		}
	}
	for _, statement := range rebuild {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return summary, fmt.Errorf("%s: %w", statement, err)
		}
	}
	// By now artifacts can be found by their contents again.
	if err := r.contents(func(hash, content []byte) error { return place(ctx, tx, contents, hash, content) }); err != nil {
		return summary, err
	}
	summary = r.summary()
	for _, t := range r.Header.Tables {
		if !slices.ContainsFunc(ours, func(o Table) bool { return o.Name == t.Name }) {
			summary.Left = append(summary.Left, t.Name)
		}
	}
	for _, q := range r.Header.Sequences {
		_, err := tx.Exec(ctx, `SELECT setval(to_regclass($1), $2, $3) WHERE to_regclass($1) IS NOT NULL`, identifier(q.Name), q.Value, q.Called)
		if err != nil {
			return summary, fmt.Errorf("sequence %s: %w", q.Name, err)
		}
	}
	return summary, store.FinishRestore(ctx, tx)
}

// fits says whether every column of the backup has a place. Tables that are none of Ibutsu's are left out.
func fits(h Header, ours []Table) error {
	for _, t := range h.Tables {
		i := slices.IndexFunc(ours, func(o Table) bool { return o.Name == t.Name })
		if i < 0 {
			continue
		}
		for _, c := range t.Columns {
			if !slices.Contains(ours[i].Columns, c) {
				return fmt.Errorf("the backup has a column %s.%s, for which there is no place", t.Name, c)
			}
		}
	}
	return nil
}

// load puts the rows of one section into its table.
func load(ctx context.Context, tx pgx.Tx, r *reader, s *sectionReader, ours []Table) error {
	t, listed := r.table(s.name)
	if !listed {
		return fmt.Errorf("%w: %s is not in its list", ErrDamaged, s.name)
	}
	if !slices.ContainsFunc(ours, func(o Table) bool { return o.Name == t.Name }) {
		_, err := io.Copy(io.Discard, s)
		return err
	}
	tag, err := tx.Conn().PgConn().CopyFrom(ctx, s, fmt.Sprintf("COPY %s (%s) FROM STDIN WITH (FREEZE)", identifier(t.Name), columns(t)))
	if s.err != nil && !errors.Is(s.err, io.EOF) {
		return s.err // PostgreSQL only says that the rows ended early
	}
	if err != nil {
		return fmt.Errorf("filling table %s: %w", t.Name, err)
	}
	if tag.RowsAffected() != s.count.rows {
		return fmt.Errorf("%w: table %s took %d rows of %d", ErrDamaged, t.Name, tag.RowsAffected(), s.count.rows)
	}
	return nil
}

// strip empties the tables and takes off what would work at each row: triggers, which have done their work when the rows
// were first written, foreign keys and indexes. It returns the statements that put all of it back; foreign keys are then
// checked once for each table.
func strip(ctx context.Context, tx pgx.Tx, ours []Table) (rebuild []string, err error) {
	names := make([]string, len(ours))
	for i, t := range ours {
		names[i] = identifier(t.Name)
	}
	if _, err := tx.Exec(ctx, "TRUNCATE "+strings.Join(names, ", ")); err != nil {
		return nil, err
	}
	rows, _ := tx.Query(ctx, `
		SELECT off, back FROM (
			SELECT 1 AS turn, format('DROP INDEX %s', i.indexrelid::regclass) AS off, pg_get_indexdef(i.indexrelid) AS back
			  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
			 WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relpersistence = 'p'
			   AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)
			UNION ALL
			SELECT 2, format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname),
			       format('ALTER TABLE %s ADD CONSTRAINT %I %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid))
			  FROM pg_constraint k WHERE k.connamespace = current_schema()::regnamespace AND k.contype = 'f'
			UNION ALL
			SELECT 3, format('ALTER TABLE %s DISABLE TRIGGER %I', g.tgrelid::regclass, g.tgname),
			       format('ALTER TABLE %s ENABLE %sTRIGGER %I', g.tgrelid::regclass, CASE g.tgenabled WHEN 'A' THEN 'ALWAYS ' WHEN 'R' THEN 'REPLICA ' ELSE '' END, g.tgname)
			  FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
			 WHERE c.relnamespace = current_schema()::regnamespace AND NOT g.tgisinternal AND g.tgenabled <> 'D'
		) work ORDER BY turn, back`)
	work, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ Off, Back string }])
	if err != nil {
		return nil, err
	}
	for _, w := range slices.Backward(work) { // foreign keys before the indexes that they lean on
		if _, err := tx.Exec(ctx, w.Off); err != nil {
			return nil, fmt.Errorf("%s: %w", w.Off, err)
		}
	}
	for _, w := range work {
		rebuild = append(rebuild, w.Back)
	}
	return rebuild, nil
}
