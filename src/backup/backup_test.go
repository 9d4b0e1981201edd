package backup

import (
	"bytes"
	"context"
	"io"
	"maps"
	"slices"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/klauspost/compress/zstd"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/cache"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
	"github.com/ibutsu/ibutsu-go/src/widget"
)

const project = "a0000000-0000-4000-8000-000000000001"

// A bit of everything, with what COPY has to escape.
const something = `
	INSERT INTO users (id, email, name, is_superadmin, is_active) VALUES ('b0000000-0000-4000-8000-000000000001', 'a@example.com', E'Ä\tb\\c', true, true);
	INSERT INTO projects (id, name, title, owner_id) VALUES ('` + project + `', 'shop', E'line\nline', 'b0000000-0000-4000-8000-000000000001');
	INSERT INTO dashboards (id, title, project_id) VALUES ('c0000000-0000-4000-8000-000000000001', 'd', '` + project + `');
	UPDATE projects SET default_dashboard_id = 'c0000000-0000-4000-8000-000000000001';
	INSERT INTO tokens (id, name, token, user_id) VALUES (gen_random_uuid(), 'ci', 'x.y.z', 'b0000000-0000-4000-8000-000000000001');
	INSERT INTO runs (id, project_id, start_time, created, data) SELECT ('d0000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid, '` + project + `', '2026-05-04', '2026-05-04',
		jsonb_build_object('jenkins', jsonb_build_object('job_name', 'job ' || i, 'build_number', '7')) FROM generate_series(1, 20) i;
	INSERT INTO results (id, project_id, run_id, test_id, result, duration, start_time, component, env, data, params)
		SELECT gen_random_uuid(), '` + project + `', ('d0000000-0000-4000-8000-' || lpad((1 + i % 20)::text, 12, '0'))::uuid, E'test\\N\t' || i || E'\r\n"ü"',
			(ARRAY['passed', 'failed', 'error', 'skipped', NULL])[1 + i % 5], i / 7.0, timestamp '2026-05-04' + i * interval '1 minute',
			nullif(i % 3, 0)::text, '', jsonb_build_object('exception_name', 'E' || i % 4, 'text', repeat(E'\\n\\t\\u2028 ', i % 50)), '{}'
		  FROM generate_series(1, 2000) i;
	INSERT INTO artifacts (id, result_id, filename, upload_date, data, content) SELECT gen_random_uuid(), id, 'f', now(), '{}', decode(repeat('00ff0a5c2e0d', 1000), 'hex') FROM results LIMIT 20;
	INSERT INTO imports (id, filename, format, status, data) VALUES ('e0000000-0000-4000-8000-000000000001', 'x.xml', 'junit', 'pending', '{}');
	INSERT INTO import_chunks SELECT 'e0000000-0000-4000-8000-000000000001', i, sha256(i::text::bytea) FROM generate_series(1, 10) i;
	INSERT INTO settings (key, value) VALUES ('jwt_secret', 'key'), ('instance', 'before');
	INSERT INTO river_job (args, kind, max_attempts, queue) VALUES ('{"a": 1}', 'import', 5, 'default');
	SELECT setval('river_job_id_seq', 4711);`

func execute(t *testing.T, url, sql string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	_, err = conn.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
}

func number(t *testing.T, url, sql string) (n int64) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&n))
	return n
}

func filled(t *testing.T) string {
	t.Helper()
	url := dbtest.URL(t)
	execute(t, url, something)
	return url
}

// digests sums up the rows of every table as a transaction sees them.
func digests(t *testing.T, tx pgx.Tx) map[string]string {
	t.Helper()
	list, err := tables(t.Context(), tx)
	require.NoError(t, err)
	sums := map[string]string{}
	for _, table := range list {
		var sum string
		require.NoError(t, tx.QueryRow(t.Context(), `SELECT count(*) || ' ' || coalesce(md5(string_agg(md5(r::text), '' ORDER BY md5(r::text))), '')
			FROM `+identifier(table.Name)+` r`).Scan(&sum))
		sums[table.Name] = sum
	}
	return sums
}

// shape lists what a schema is made of.
func shape(t *testing.T, tx pgx.Tx) []string {
	t.Helper()
	rows, _ := tx.Query(t.Context(), `
		SELECT concat(pg_get_indexdef(indexrelid), indisvalid) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE relnamespace = current_schema()::regnamespace
		UNION ALL SELECT concat(conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated) FROM pg_constraint WHERE connamespace = current_schema()::regnamespace
		UNION ALL SELECT concat(pg_get_triggerdef(g.oid), tgenabled) FROM pg_trigger g JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal
		UNION ALL SELECT concat(attrelid::regclass, attname, format_type(atttypid, atttypmod)) FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
			WHERE relnamespace = current_schema()::regnamespace AND attnum > 0 AND c.relname <> 'ibutsu_restoring' ORDER BY 1`)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return lines
}

func inSnapshot(t *testing.T, url string, f func(pgx.Tx)) {
	t.Helper()
	conn, err := store.Connect(t.Context(), url, "look")
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	tx, err := conn.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	require.NoError(t, err)
	f(tx)
	require.NoError(t, tx.Rollback(t.Context()))
}

func taken(t *testing.T, url string) []byte {
	t.Helper()
	var file bytes.Buffer
	_, err := Take(t.Context(), &file, TakeOptions{URL: url, Version: "1.2.3"})
	require.NoError(t, err)
	return file.Bytes()
}

func restore(t *testing.T, url string, file []byte) (Summary, error) {
	t.Helper()
	return Restore(t.Context(), bytes.NewReader(file), RestoreOptions{URL: url, Log: zerolog.Nop()})
}

// What a backup holds is what one transaction sees, whatever is written meanwhile, and that is what comes back.
func TestWhatComesBackIsTheSnapshot(t *testing.T) {
	t.Parallel()
	from := filled(t)
	stop := make(chan struct{})
	ended := make(chan int)
	go func() { // results come in all the while, and old ones go
		writes := 0
		conn, err := pgx.Connect(context.WithoutCancel(t.Context()), from)
		if err == nil {
			defer func() { _ = conn.Close(context.Background()) }()
		}
		for err == nil {
			select {
			case <-stop:
				ended <- writes
				return
			default:
			}
			_, err = conn.Exec(context.Background(), `INSERT INTO results (id, project_id, run_id, result, duration, start_time)
				SELECT gen_random_uuid(), project_id, id, 'failed', 1, start_time FROM runs; DELETE FROM results WHERE id IN (SELECT id FROM results r WHERE NOT EXISTS (SELECT 1 FROM artifacts WHERE result_id = r.id) LIMIT 3)`)
			writes++
		}
		ended <- -1
	}()
	var file bytes.Buffer
	var before map[string]string
	var shapeBefore []string
	var summary Summary
	inSnapshot(t, from, func(tx pgx.Tx) {
		var err error
		var slowly io.Writer = &waiter{to: &file, until: func() { // the writer gets somewhere between two pieces
			now := number(t, from, `SELECT pg_current_wal_insert_lsn() - '0/0'`)
			require.Eventually(t, func() bool { return number(t, from, `SELECT pg_current_wal_insert_lsn() - '0/0'`) > now+10_000 }, 30*time.Second, time.Millisecond)
		}}
		summary, err = take(t.Context(), tx, slowly, TakeOptions{Version: "1.2.3"})
		require.NoError(t, err)
		before, shapeBefore = digests(t, tx), shape(t, tx)
	})
	close(stop)
	require.Positive(t, <-ended)
	require.Positive(t, summary.Rows)

	to := dbtest.Empty(t)
	back, err := restore(t, to, file.Bytes())
	require.NoError(t, err)
	require.Empty(t, back.Left)
	require.Equal(t, summary.Tables, back.Tables)
	inSnapshot(t, to, func(tx pgx.Tx) {
		after := digests(t, tx)
		require.Equal(t, slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
		for name := range before {
			if name != "settings" && name != "project_versions" { // these are made to differ
				require.Equal(t, before[name], after[name], name)
			}
		}
		require.Equal(t, shapeBefore, shape(t, tx))
	})
	require.Zero(t, number(t, to, `SELECT ibutsu_rebuild_rollups()`), "the rollups are those of the rows")
	require.Zero(t, number(t, to, `SELECT count(*) FROM settings WHERE key = 'instance' AND value = 'before'`))
	require.EqualValues(t, 1, number(t, to, `SELECT count(*) FROM settings WHERE key = 'jwt_secret' AND value = 'key'`))
	require.Greater(t, number(t, to, `SELECT nextval('river_job_id_seq')`), int64(4711))
	// The triggers work again.
	execute(t, to, `INSERT INTO results (id, project_id, run_id, result, duration, start_time) SELECT gen_random_uuid(), project_id, id, 'failed', 1, start_time FROM runs`)
	require.Zero(t, number(t, to, `SELECT ibutsu_rebuild_rollups()`))
}

// waiter lets something happen after each write.
type waiter struct {
	to    io.Writer
	until func()
}

func (w *waiter) Write(p []byte) (int, error) {
	w.until()
	return w.to.Write(p)
}

// unpacked is what a file says as far as it can be unpacked.
func unpacked(file []byte) []byte {
	zip, err := zstd.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil
	}
	defer zip.Close()
	text, err := io.ReadAll(zip)
	if err != nil {
		return nil
	}
	return text
}

func TestADamagedFileIsRefusedAndTheNextOneTaken(t *testing.T) {
	t.Parallel()
	file := taken(t, filled(t))
	to := dbtest.Empty(t)
	check := func(what string, bad []byte) {
		t.Helper()
		_, err := Verify(bytes.NewReader(bad))
		require.ErrorIs(t, err, ErrDamaged, what)
	}
	for cut := 0; cut < len(file); cut += 1 + len(file)/50 {
		check("cut", file[:cut])
	}
	check("cut by one", file[:len(file)-1])
	for at := 0; at < len(file); at += 1 + len(file)/50 {
		bad := bytes.Clone(file)
		bad[at] ^= 0x10
		if bytes.Equal(unpacked(bad), unpacked(file)) {
			continue // one of the few bits that mean nothing to zstd
		}
		check("flipped", bad)
	}
	check("longer", append(bytes.Clone(file), 'x'))
	check("twice", append(bytes.Clone(file), file...))
	check("something else", []byte("PGDMP"))
	_, err := Verify(iotest.OneByteReader(bytes.NewReader(file)))
	require.NoError(t, err)

	_, err = restore(t, to, file[:len(file)*3/4])
	require.ErrorIs(t, err, ErrDamaged)
	_, err = store.Migrate(t.Context(), to, store.MigrateOptions{Log: zerolog.Nop()})
	require.ErrorIs(t, err, store.ErrRestoring, "no server starts on it")
	_, err = Take(t.Context(), io.Discard, TakeOptions{URL: to})
	require.ErrorIs(t, err, store.ErrRestoring)
	require.Zero(t, number(t, to, `SELECT count(*) FROM results`))
	_, err = restore(t, to, file)
	require.NoError(t, err)
	require.EqualValues(t, 2000, number(t, to, `SELECT count(*) FROM results`))
}

func TestAFilledDatabaseIsKept(t *testing.T) {
	t.Parallel()
	file := taken(t, filled(t))
	to := filled(t)
	execute(t, to, `DELETE FROM artifacts; DELETE FROM results; CREATE TABLE other (); CREATE EXTENSION pg_trgm`)
	_, err := restore(t, to, file)
	require.ErrorIs(t, err, store.ErrFilled)
	require.Zero(t, number(t, to, `SELECT count(*) FROM results`))
	require.EqualValues(t, 1, number(t, to, `SELECT count(*) FROM users`))
	_, err = Restore(t.Context(), bytes.NewReader(file), RestoreOptions{URL: to, Replace: true, Log: zerolog.Nop()})
	require.NoError(t, err)
	require.EqualValues(t, 2000, number(t, to, `SELECT count(*) FROM results`))
	require.EqualValues(t, 1, number(t, to, `SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'`))

	server, err := store.Open(t.Context(), store.Options{URL: to, Name: "backend"})
	require.NoError(t, err)
	defer server.Close()
	_, err = Restore(t.Context(), bytes.NewReader(file), RestoreOptions{URL: to, Replace: true, Log: zerolog.Nop()})
	require.ErrorIs(t, err, ErrInUse)
	require.ErrorContains(t, err, "ibutsu backend")
}

// Somebody's own table in the same schema is in the file, and not put back in silence.
func TestAForeignTableIsToldOf(t *testing.T) {
	t.Parallel()
	from, to := filled(t), dbtest.Empty(t)
	execute(t, from, `CREATE TABLE other AS SELECT 1 AS n`)
	back, err := restore(t, to, taken(t, from))
	require.NoError(t, err)
	require.Equal(t, []string{"other"}, back.Left)
}

// An upgrade that went wrong is answered by the backup from before it.
func TestABackupOfAnOlderSchemaIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	from, to := dbtest.Empty(t), dbtest.Empty(t)
	require.NoError(t, store.MakeForRestore(t.Context(), from, store.Shape{Migrations: []int64{1, 2, 3, 4}, Queue: 5}, false))
	execute(t, from, `DROP TABLE ibutsu_restoring; `+something)
	_, err := restore(t, to, taken(t, from))
	require.NoError(t, err)
	server, err := store.Open(t.Context(), store.Options{URL: to})
	require.NoError(t, err)
	defer server.Close()
	current, err := server.SchemaCurrent(t.Context())
	require.NoError(t, err)
	require.True(t, current)
	require.EqualValues(t, 400, number(t, to, `SELECT sum(n) FROM field_tally WHERE field = 'exception_name'`)/5)

	execute(t, from, `INSERT INTO ibutsu_migrations (version_id, is_applied) VALUES (99999, true)`)
	_, err = restore(t, dbtest.Empty(t), taken(t, from))
	require.ErrorIs(t, err, ErrNewer)
}

// A process that never noticed the restore still answers from the new rows, though the versions are those that it knows.
func TestNoKeptAnswerOutlivesARestore(t *testing.T) {
	t.Parallel()
	url := filled(t)
	file := taken(t, url)
	memory := cache.NewMemory(1<<20, time.Now)
	server, err := store.Open(t.Context(), store.Options{URL: url, Name: "backend"})
	require.NoError(t, err)
	defer server.Close()
	widgets := widget.New(widget.Options{Store: server, Cache: memory})
	only := []uuid.UUID{uuid.MustParse(project)}
	answer := func() string {
		text, err := widgets.Answer(t.Context(), "result-aggregator", widget.Values{"project": {project}, "group_field": {"result"}}, only)
		require.NoError(t, err)
		_, total, err := server.Results(t.Context(), store.ListQuery{Scope: only, PageSize: 1})
		require.NoError(t, err)
		require.Equal(t, number(t, url, `SELECT count(*) FROM results`), total)
		return string(text)
	}
	first := answer()
	insert := `INSERT INTO results (id, project_id, result, duration, start_time) VALUES (gen_random_uuid(), '` + project + `', $1, 1, now())`
	execute(t, url, insert, "failed")
	second := answer()
	require.NotEqual(t, first, second)

	server.Pool().Reset() // nobody is connected for a moment
	require.Eventually(t, func() bool {
		_, err = Restore(t.Context(), bytes.NewReader(file), RestoreOptions{URL: url, Replace: true, Log: zerolog.Nop()})
		return err == nil
	}, 30*time.Second, 10*time.Millisecond)
	require.Equal(t, first, answer())
	execute(t, url, insert, "passed") // one write later, as then, and another one than then
	third := answer()
	require.NotEqual(t, second, third)
}
