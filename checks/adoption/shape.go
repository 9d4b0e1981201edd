package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// base are the tables of 3.1.1 and their columns; what ours adds to them is left out.
var base = map[string]string{
	"alembic_version": "version_num",
	"artifacts":       "id, md5(content), result_id, run_id, filename, data, upload_date",
	"dashboards":      "id, title, description, filters, project_id, user_id",
	"groups":          "id, name, data",
	"import_files":    "id, import_id, md5(content)",
	"imports":         "id, filename, format, data, status, created",
	"projects":        "id, name, title, owner_id, group_id, default_dashboard_id",
	"results":         "id, project_id, run_id, test_id, result, data, params, duration, start_time, source, env, component",
	"runs":            "id, project_id, data, env, component, source, start_time, duration, summary, created",
	"tokens":          "id, name, token, expires, user_id",
	"users":           "id, email, _password, name, activation_code, is_superadmin, is_active, group_id",
	"users_projects":  "user_id, project_id",
	"widget_configs":  "id, project_id, dashboard_id, title, type, weight, widget, params, navigable",
}

// content is how many rows a table has, and a checksum over all of them.
type content struct {
	rows int
	sum  string
}

// snapshot reads the content of every table of 3.1.1.
func snapshot(ctx context.Context, database string) (map[string]content, error) {
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	tables := map[string]content{}
	for table, columns := range base {
		var c content
		query := fmt.Sprintf(`SELECT count(*), coalesce(md5(string_agg(line, E'\n' ORDER BY line)), '')
			FROM (SELECT ROW(%s)::text AS line FROM %s) t`, columns, table)
		if err := conn.QueryRow(ctx, query).Scan(&c.rows, &c.sum); err != nil {
			return nil, fmt.Errorf("reading %s: %w", table, err)
		}
		tables[table] = c
	}
	return tables, nil
}

// value reads one value.
func value[T any](ctx context.Context, database, query string, args ...any) (T, error) {
	var v T
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return v, err
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx, query, args...).Scan(&v)
	return v, err
}

// schema is what pg_dump says about the shape of a database, statement by statement, sorted: neither the order in which
// things were made nor a comment is part of the shape.
func schema(ctx context.Context, database string) (string, error) {
	dump, err := tool("pg_dump")
	if err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, dump, "--schema-only", "--no-owner", "--no-privileges", "-d", database).Output()
	if err != nil {
		return "", fmt.Errorf("pg_dump of the schema: %w", err)
	}
	var lines []string
	for line := range strings.Lines(string(out)) {
		line = strings.TrimRight(line, "\n")
		// The keys of \restrict are random.
		if strings.HasPrefix(line, "--") || strings.HasPrefix(line, `\restrict`) || strings.HasPrefix(line, `\unrestrict`) {
			continue
		}
		lines = append(lines, line)
	}
	statements := strings.Split(strings.Join(lines, "\n"), "\n\n")
	for i, s := range statements {
		statements[i] = strings.TrimSpace(s)
	}
	slices.Sort(statements)
	return strings.TrimSpace(strings.Join(statements, "\n\n")), nil
}

// difference lists the lines that only one of two texts has.
func difference(want, got string) string {
	only := func(a, b string) []string {
		return slices.DeleteFunc(strings.Split(a, "\n"), func(l string) bool { return slices.Contains(strings.Split(b, "\n"), l) })
	}
	var lines []string
	for _, l := range only(want, got) {
		lines = append(lines, "- "+l)
	}
	for _, l := range only(got, want) {
		lines = append(lines, "+ "+l)
	}
	if len(lines) == 0 {
		return "the same lines in another order"
	}
	return strings.Join(lines[:min(len(lines), 30)], "\n")
}

// replacedIndexes fails for an index that adoption dropped and that the script for going back does not make as it was.
func replacedIndexes(before, after, script string) error {
	text, err := os.ReadFile(script)
	if err != nil {
		return err
	}
	plain := func(s string) string {
		return strings.NewReplacer("public.", "", "CONCURRENTLY IF NOT EXISTS ", "").Replace(s)
	}
	made := strings.Split(plain(string(text)), "\n")
	kept := strings.Split(plain(after), "\n")
	for line := range strings.SplitSeq(plain(before), "\n") {
		if strings.HasPrefix(line, "CREATE INDEX ") && !slices.Contains(kept, line) && !slices.Contains(made, line) {
			return fmt.Errorf("%s lacks: %s", script, line)
		}
	}
	return nil
}
