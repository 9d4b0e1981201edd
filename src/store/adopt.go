package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed schema/ibutsu_3_1_1.sql
var schema311 string

//go:embed schema/*.sql
var schemaFiles embed.FS

// SchemaFiles are all files that decide the shape of a database, for those who keep a copy of the shape.
func SchemaFiles() []fs.FS { return []fs.FS{schemaFiles, migrationFiles} }

// baseVersion is our first migration: the tables of Ibutsu 3.1.1, made or adopted.
const baseVersion = 1

// headRevision is what alembic_version says in a database of Ibutsu 3.1.1.
const headRevision = "d18de2b3253f"

// A revision of the original's schema, with the statements that lead to it from the one before. The indexes that its
// own steps make are left out: 00002_indexes.sql decides about all indexes.
type revision struct {
	id, does string
	sql      []string
}

var revisions = []revision{
	{"cacecc4f1237", "the tables", nil},
	{"fc3df1d9ee4e", "drop the table meta", []string{`DROP TABLE IF EXISTS meta`}},
	{"53994db980f1", "give every import a time of creation", []string{
		`UPDATE imports SET created = now() WHERE created IS NULL`,
		`ALTER TABLE imports ALTER COLUMN created SET DEFAULT now(), ALTER COLUMN created SET NOT NULL`,
	}},
	{"8cf9148b9ad9", "let files go with their import", []string{`
		DO $$
		DECLARE name text;
		BEGIN
			FOR name IN SELECT conname FROM pg_constraint
			             WHERE conrelid = 'import_files'::regclass AND confrelid = 'imports'::regclass AND contype = 'f' LOOP
				EXECUTE format('ALTER TABLE import_files DROP CONSTRAINT %I', name);
			END LOOP;
			ALTER TABLE import_files ADD CONSTRAINT import_files_import_id_fkey
				FOREIGN KEY (import_id) REFERENCES imports (id) ON DELETE CASCADE;
		END $$`}},
	{"e5736dbcc0b0", "(a data move of one site, left out)", nil},
	{headRevision, "fill in the pass percentage of old summaries", []string{`
		UPDATE runs r SET summary = r.summary || jsonb_build_object('pass_percent', CASE
			WHEN c.tests IS NULL OR c.tests = 0 THEN 0
			WHEN c.passes IS NOT NULL THEN least(100, greatest(0, c.passes * 100 / c.tests))
			ELSE least(100, greatest(0, (c.tests - c.failures - c.errors - c.skips - c.xpasses - c.xfailures) * 100 / c.tests)) END)
		FROM (SELECT id,
				substring(summary ->> 'tests' FROM '^\d{1,9}$')::bigint AS tests,
				substring(summary ->> 'passes' FROM '^\d{1,9}$')::bigint AS passes,
				coalesce(substring(summary ->> 'failures' FROM '^\d{1,9}$')::bigint, 0) AS failures,
				coalesce(substring(summary ->> 'errors' FROM '^\d{1,9}$')::bigint, 0) AS errors,
				coalesce(substring(summary ->> 'skips' FROM '^\d{1,9}$')::bigint, 0) AS skips,
				coalesce(substring(summary ->> 'xpasses' FROM '^\d{1,9}$')::bigint, 0) AS xpasses,
				coalesce(substring(summary ->> 'xfailures' FROM '^\d{1,9}$')::bigint, 0) AS xfailures
			FROM runs WHERE jsonb_typeof(summary) = 'object' AND NOT summary ? 'pass_percent') c
		WHERE r.id = c.id`}},
}

// What versions before 3.x may lack; their own upgrader had added it one by one.
var legacySteps = []string{
	`ALTER TABLE artifacts ADD COLUMN IF NOT EXISTS run_id uuid`,
	`ALTER TABLE artifacts ALTER COLUMN result_id DROP NOT NULL`,
	`ALTER TABLE users ADD COLUMN IF NOT EXISTS is_superadmin boolean`,
	`ALTER TABLE users ADD COLUMN IF NOT EXISTS is_active boolean`,
	`ALTER TABLE users ADD COLUMN IF NOT EXISTS activation_code text`,
	`UPDATE users SET is_superadmin = coalesce(is_superadmin, false), is_active = coalesce(is_active, true)
	  WHERE is_superadmin IS NULL OR is_active IS NULL`,
	`ALTER TABLE users ALTER COLUMN is_superadmin SET NOT NULL, ALTER COLUMN is_active SET NOT NULL`,
	`ALTER TABLE projects ADD COLUMN IF NOT EXISTS default_dashboard_id uuid`,
	`ALTER TABLE imports ADD COLUMN IF NOT EXISTS created timestamp without time zone`,
	`ALTER TABLE widget_configs ADD COLUMN IF NOT EXISTS dashboard_id uuid`,
	`DO $$ BEGIN
		IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'artifacts_run_id_fkey') THEN
			ALTER TABLE artifacts ADD CONSTRAINT artifacts_run_id_fkey FOREIGN KEY (run_id) REFERENCES runs (id);
		END IF;
		IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'fk_project_default_dashboard') THEN
			ALTER TABLE projects ADD CONSTRAINT fk_project_default_dashboard FOREIGN KEY (default_dashboard_id) REFERENCES dashboards (id);
		END IF;
		IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'widget_configs_dashboard_id_fkey') THEN
			ALTER TABLE widget_configs ADD CONSTRAINT widget_configs_dashboard_id_fkey FOREIGN KEY (dashboard_id) REFERENCES dashboards (id);
		END IF;
	END $$`,
	`CREATE TABLE IF NOT EXISTS alembic_version (version_num character varying(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))`,
	`INSERT INTO alembic_version SELECT 'cacecc4f1237' WHERE NOT EXISTS (SELECT 1 FROM alembic_version)`,
}

// adoption is what a database turned out to be.
type adoption struct {
	tables   []string // those of Ibutsu that exist
	revision string   // of alembic_version; "" when that table is missing or empty
	marked   bool     // alembic_version exists
}

func (a adoption) empty() bool  { return len(a.tables) == 0 && a.revision == "" }
func (a adoption) legacy() bool { return len(a.tables) > 0 && a.revision == "" }

func (a adoption) found() string {
	switch {
	case a.empty():
		return foundEmpty
	case a.legacy():
		return "Ibutsu before 3.0"
	default:
		return "Ibutsu at revision " + a.revision
	}
}

// steps are the revisions that are missing.
func (a adoption) steps() []revision {
	from := 0
	if a.revision != "" {
		from = slices.IndexFunc(revisions, func(r revision) bool { return r.id == a.revision })
	}
	return revisions[from+1:]
}

func (a adoption) describe() []string {
	if a.empty() {
		return []string{"make the tables of Ibutsu 3.1.1"}
	}
	var out []string
	if a.legacy() {
		out = append(out, "add the columns that versions before 3.0 lack")
	}
	for _, r := range a.steps() {
		out = append(out, fmt.Sprintf("schema revision %s: %s", r.id, r.does))
	}
	return append(out, "check every table, column and type against Ibutsu 3.1.1")
}

var originalTables = []string{"artifacts", "dashboards", "groups", "import_files", "imports", "projects", "results", "runs", "tokens", "users", "users_projects", "widget_configs"}

// querier is a transaction of either driver.
type querier func(ctx context.Context, query string, scan func(func(...any) error) error, args ...any) error

func pgxQuerier(tx pgx.Tx) querier {
	return func(ctx context.Context, query string, scan func(func(...any) error) error, args ...any) error {
		rows, err := tx.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := scan(rows.Scan); err != nil {
				return err
			}
		}
		return rows.Err()
	}
}

func sqlQuerier(tx *sql.Tx) querier {
	return func(ctx context.Context, query string, scan func(func(...any) error) error, args ...any) error {
		rows, err := tx.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := scan(rows.Scan); err != nil {
				return err
			}
		}
		return rows.Err()
	}
}

func inspect(ctx context.Context, tx pgx.Tx) (adoption, error) { return examine(ctx, pgxQuerier(tx)) }

func examine(ctx context.Context, query querier) (adoption, error) {
	var a adoption
	err := query(ctx, `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') ORDER BY 1`,
		func(scan func(...any) error) error {
			var name string
			if err := scan(&name); err != nil {
				return err
			}
			if name == "alembic_version" {
				a.marked = true
			}
			if slices.Contains(originalTables, name) {
				a.tables = append(a.tables, name)
			}
			return nil
		})
	if err != nil || !a.marked {
		return a, err
	}
	var several bool
	err = query(ctx, `SELECT version_num FROM alembic_version`, func(scan func(...any) error) error {
		several = several || a.revision != ""
		return scan(&a.revision)
	})
	switch {
	case err != nil:
		return a, err
	case several:
		return a, fmt.Errorf("the table alembic_version has more than one row; Ibutsu 3.1.1 leaves exactly one")
	case a.revision != "" && !slices.ContainsFunc(revisions, func(r revision) bool { return r.id == a.revision }):
		return a, fmt.Errorf("the database is at revision %s, which this server does not know (it adopts up to %s, Ibutsu 3.1.1); nothing was changed", a.revision, headRevision)
	case a.revision != "" && len(a.tables) == 0:
		return a, fmt.Errorf("alembic_version says %s, but there are no tables of Ibutsu; nothing was changed", a.revision)
	}
	return a, nil
}

// makeOrAdopt makes the tables of Ibutsu 3.1.1, or brings those that are there to its last revision and checks them.
func makeOrAdopt(ctx context.Context, tx *sql.Tx) error {
	query := sqlQuerier(tx)
	a, err := examine(ctx, query)
	if err != nil {
		return err
	}
	exec := func(statements ...string) error {
		for _, s := range statements {
			if _, err := tx.ExecContext(ctx, s); err != nil {
				return err
			}
		}
		return nil
	}
	if a.empty() {
		if a.marked {
			if err := exec(`DROP TABLE alembic_version`); err != nil {
				return err
			}
		}
		for statement := range strings.SplitSeq(schema311, ";\n") {
			if err := exec(statement); err != nil {
				return err
			}
		}
		return exec(`INSERT INTO alembic_version VALUES ('` + headRevision + `')`)
	}
	if a.legacy() {
		if err := exec(legacySteps...); err != nil {
			return fmt.Errorf("add what versions before 3.0 lack: %w", err)
		}
	}
	for _, r := range a.steps() {
		if err := exec(r.sql...); err != nil {
			return fmt.Errorf("revision %s: %w", r.id, err)
		}
	}
	if err := exec(`UPDATE alembic_version SET version_num = '` + headRevision + `'`); err != nil {
		return err
	}
	return verify(ctx, query)
}

// verify compares the catalogue with the schema of 3.1.1, since a marker may lie.
func verify(ctx context.Context, query querier) error {
	found := map[string]string{}
	err := query(ctx, `
		SELECT c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
		  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		 WHERE n.nspname = current_schema() AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind = 'r'`,
		func(scan func(...any) error) error {
			var column, kind string
			if err := scan(&column, &kind); err != nil {
				return err
			}
			found[column] = kind
			return nil
		})
	if err != nil {
		return err
	}
	var wrong []string
	for column, want := range columns311() {
		switch got := found[column]; {
		case got == "":
			wrong = append(wrong, column+" is missing")
		case got != want:
			wrong = append(wrong, fmt.Sprintf("%s is %s instead of %s", column, got, want))
		}
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		return fmt.Errorf("the database does not have the shape of Ibutsu 3.1.1: %s; nothing was changed", strings.Join(wrong, ", "))
	}
	return nil
}

// columns311 reads table.column → type [NOT NULL] from the schema file, so that there is one place that says it.
func columns311() map[string]string {
	out := map[string]string{}
	table := ""
	for line := range strings.SplitSeq(schema311, "\n") {
		trimmed := strings.TrimSuffix(strings.TrimSpace(line), ",")
		switch {
		case strings.HasPrefix(line, "CREATE TABLE "):
			table = strings.Fields(line)[2]
		case table != "" && strings.HasPrefix(line, "    ") && !strings.HasPrefix(trimmed, "CONSTRAINT ") && !strings.HasPrefix(trimmed, "ADD "):
			name, kind, _ := strings.Cut(trimmed, " ")
			kind = strings.Replace(kind, " DEFAULT now()", "", 1)
			out[table+"."+name] = kind
		case line == ");":
			table = ""
		}
	}
	return out
}
