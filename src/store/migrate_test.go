package store_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
)

var quiet = store.MigrateOptions{Log: zerolog.Nop()}

// restore loads the dump of a real 3.1.1 database, and runs statements that make it an older or odder one.
func restore(t *testing.T, statements ...string) string {
	t.Helper()
	url := dbtest.Empty(t)
	f, err := os.Open("../../checks/fixtures/ibutsu-3.1.1.sql.gz")
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	dump, err := io.ReadAll(z)
	require.NoError(t, err)
	psql := exec.Command("psql", "-q", "-v", "ON_ERROR_STOP=1", url)
	psql.Stdin = bytes.NewReader(regexp.MustCompile(`(?m)^\\(un)?restrict .*$`).ReplaceAll(dump, nil))
	out, err := psql.CombinedOutput()
	require.NoError(t, err, string(out))
	for _, s := range statements {
		run(t, url, s)
	}
	return url
}

func run(t *testing.T, url, statement string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(context.Background(), statement)
	require.NoError(t, err)
}

func number(t *testing.T, url, query string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	require.NoError(t, conn.QueryRow(context.Background(), query).Scan(&n))
	return n
}

// shape is the schema as pg_dump tells it, without what differs between two dumps of one database.
func shape(t *testing.T, url string) string {
	t.Helper()
	out, err := exec.Command("pg_dump", "--schema-only", "--no-owner", url).Output()
	require.NoError(t, err)
	var kept []string
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "--") && !strings.HasPrefix(line, `\`) && strings.TrimSpace(line) != "" {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

func requireSameShape(t *testing.T, want, got string) {
	t.Helper()
	a, b := strings.Split(shape(t, want), "\n"), strings.Split(shape(t, got), "\n")
	without := func(lines, others []string) []string {
		return slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return slices.Contains(others, l) })
	}
	require.Empty(t, without(a, b), "missing")
	require.Empty(t, without(b, a), "too much")
}

func TestAdoptedAndFreshEndInTheSameShape(t *testing.T) {
	t.Parallel()
	fresh, adopted := dbtest.URL(t), restore(t)
	report, err := store.Migrate(t.Context(), adopted, quiet)
	require.NoError(t, err)
	require.Equal(t, "Ibutsu at revision d18de2b3253f", report.Found)
	requireSameShape(t, fresh, adopted)
	require.Equal(t, 2057, number(t, adopted, `SELECT count(*) FROM results`))
	require.Equal(t, 2057, number(t, adopted, `SELECT sum(n) FROM result_tally`), "the tally holds what was there")
	require.Equal(t, 218, number(t, adopted, `SELECT count(*) FROM artifacts`))
}

func TestOlderRevisionsAreBroughtUp(t *testing.T) {
	t.Parallel()
	fresh := dbtest.URL(t)
	for name, undo := range map[string][]string{
		"8cf9148b9ad9": {
			`UPDATE alembic_version SET version_num = '8cf9148b9ad9'`,
			`DROP INDEX ix_runs_pass_percent`,
			`UPDATE runs SET summary = summary - 'pass_percent'`,
			`UPDATE runs SET summary = 'null' WHERE id = (SELECT min(id::text)::uuid FROM runs)`,
		},
		"cacecc4f1237": {
			`UPDATE alembic_version SET version_num = 'cacecc4f1237'`,
			`CREATE TABLE meta (key text PRIMARY KEY, value text)`,
			`ALTER TABLE imports ALTER created DROP NOT NULL, ALTER created DROP DEFAULT`,
			`UPDATE imports SET created = NULL`,
			`ALTER TABLE import_files DROP CONSTRAINT import_files_import_id_fkey`,
			`ALTER TABLE import_files ADD CONSTRAINT another_name FOREIGN KEY (import_id) REFERENCES imports (id)`,
		},
		"before 3.0": {
			`DROP TABLE alembic_version`,
			`ALTER TABLE users DROP is_superadmin`,
			`ALTER TABLE imports DROP created`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			old := restore(t, undo...)
			_, err := store.Migrate(t.Context(), old, quiet)
			require.NoError(t, err)
			if name != "before 3.0" { // columns added later stand last, as they would in the original
				requireSameShape(t, fresh, old)
			}
			require.Equal(t, 2057, number(t, old, `SELECT count(*) FROM results`))
			require.Zero(t, number(t, old, `SELECT count(*) FROM imports WHERE created IS NULL`))
			require.Equal(t, 1, number(t, old, `SELECT count(*) FROM alembic_version WHERE version_num = 'd18de2b3253f'`))
		})
	}
}

func TestWhatIsNotIbutsuIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ change, says string }{
		"unknown revision": {`UPDATE alembic_version SET version_num = 'ffffffffffff'`, "ffffffffffff"},
		"missing column":   {`ALTER TABLE results DROP COLUMN params`, "results.params is missing"},
		"other type":       {`ALTER TABLE runs ALTER COLUMN duration TYPE text`, "runs.duration is text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := restore(t, c.change)
			before := shape(t, url)
			_, err := store.Migrate(t.Context(), url, quiet)
			require.ErrorContains(t, err, c.says)
			after := shape(t, url)
			tables, _, found := strings.Cut(before, "CREATE TABLE")
			require.True(t, found)
			require.Contains(t, after, tables, "still readable")
			require.NotContains(t, after, "result_tally")
		})
	}
}

func TestDryRunChangesNothing(t *testing.T) {
	t.Parallel()
	url := restore(t)
	before := shape(t, url)
	report, err := store.Migrate(t.Context(), url, store.MigrateOptions{DryRun: true, Log: zerolog.Nop()})
	require.NoError(t, err)
	require.Contains(t, report.Steps, "apply 00003_rollups.sql")
	require.Equal(t, before, shape(t, url))
}

func TestProcessesThatStartTogetherMigrateOnce(t *testing.T) {
	t.Parallel()
	url := dbtest.Empty(t)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			_, err := store.Migrate(t.Context(), url, quiet)
			require.NoError(t, err)
		})
	}
	wait.Wait()
	requireSameShape(t, dbtest.URL(t), url)
}

func TestAnInterruptedIndexIsMadeAgain(t *testing.T) {
	t.Parallel()
	url := restore(t)
	// What a killed CREATE INDEX CONCURRENTLY leaves: there by name, but serving nothing.
	run(t, url, `CREATE INDEX ix_results_run_start ON results (run_id, start_time)`)
	run(t, url, `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_results_run_start'::regclass`)
	_, err := store.Migrate(t.Context(), url, quiet)
	require.NoError(t, err)
	require.Zero(t, number(t, url, `SELECT count(*) FROM pg_index WHERE NOT indisvalid`))
}
