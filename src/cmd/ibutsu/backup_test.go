package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/artifact"
	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
)

func sql(t *testing.T, url, statement string) (text string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	require.NoError(t, conn.QueryRow(t.Context(), statement).Scan(&text))
	return text
}

const someProjects = `WITH made AS (INSERT INTO projects (id, name) SELECT gen_random_uuid(), 'p' || i FROM generate_series(1, 50) i RETURNING 1) SELECT count(*)::text FROM made`

func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	from, to, dir := dbtest.URL(t), dbtest.Empty(t), t.TempDir()
	require.Equal(t, "50", sql(t, from, someProjects))
	file := filepath.Join(dir, "a.tar.zst")
	d := newDesk("DATABASE_URL=" + from)
	require.Zero(t, d.call(t, "backup", file), d.stderr.String())
	require.Contains(t, d.stderr.String(), file+": ")
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "it has password hashes in it")
	require.Equal(t, exitUsage, d.call(t, "backup", file), "no backup is written over")
	require.Contains(t, d.stderr.String(), "is there already")
	require.Equal(t, exitFailed, d.call(t, "backup", filepath.Join(dir, "nothing", "b")))

	require.Zero(t, d.call(t, "backup", "--verify", file), d.stderr.String())
	require.Contains(t, d.stderr.String(), "is whole")
	require.Contains(t, d.stdout.String(), "50 projects\n")

	require.Zero(t, d.call(t, "backup", "-", "--quiet"))
	require.Empty(t, d.stderr.String())
	content := bytes.Clone(d.stdout.Bytes())
	d.in = bytes.NewReader(content)
	require.Zero(t, d.call(t, "backup", "--verify", "-"), d.stderr.String())
	d.outTerminal = true
	require.Equal(t, exitUsage, d.call(t, "backup", "-"))

	r := newDesk("DATABASE_URL=" + to)
	require.Zero(t, r.call(t, "restore", file), r.stderr.String())
	require.Contains(t, r.stderr.String(), "restored "+file)
	require.Equal(t, "50", sql(t, to, `SELECT count(*)::text FROM projects`))
	require.Equal(t, exitFailed, r.call(t, "restore", file))
	require.Contains(t, r.stderr.String(), "the database is not empty; --replace drops what is in it")
	require.Equal(t, exitUsage, r.call(t, "restore", "--replace", "-"))

	content[len(content)/2] ^= 1
	require.NoError(t, os.WriteFile(file, content, 0o600))
	require.Equal(t, exitFailed, d.call(t, "backup", "--verify", file))
	require.Equal(t, exitFailed, r.call(t, "restore", "--replace", file))
	require.Contains(t, r.stderr.String(), "nothing was changed")
	require.Equal(t, "50", sql(t, to, `SELECT count(*)::text FROM projects`), "a look at the file comes first")
}

func TestABackupTakesContentsAlong(t *testing.T) {
	t.Parallel()
	from, to, dir := dbtest.URL(t), dbtest.Empty(t), t.TempDir()
	kept := filepath.Join(dir, "artifacts")
	files, err := artifact.NewFiles(kept)
	require.NoError(t, err)
	require.NoError(t, files.Put(t.Context(), "abcdef", []byte("text")))
	sql(t, from, `WITH made AS (INSERT INTO blobs (hash, store, key, size, stored) VALUES (sha256('text'), 'files', 'abcdef', 4, 4) RETURNING hash)
		INSERT INTO artifacts (id, filename, upload_date, data, blob) SELECT gen_random_uuid(), 'f', now(), '{}', hash FROM made RETURNING filename`)
	file := filepath.Join(dir, "a.tar.zst")
	d := newDesk("DATABASE_URL="+from, "IBUTSU_ARTIFACT_DIR="+kept)
	require.Zero(t, d.call(t, "backup", file), d.stderr.String())
	require.Contains(t, d.stderr.String(), "and 1 contents of artifacts")
	r := newDesk("DATABASE_URL=" + to)
	require.Zero(t, r.call(t, "restore", file), r.stderr.String())
	require.Equal(t, "text", sql(t, to, `SELECT convert_from(content, 'UTF8') FROM artifacts`), "into the database, where new ones go")

	require.NoError(t, files.Delete(t.Context(), "abcdef"))
	require.Equal(t, exitFailed, d.call(t, "backup", filepath.Join(dir, "b")))
	require.Contains(t, d.stderr.String(), "is the folder mounted")
	require.NoFileExists(t, filepath.Join(dir, "b"))
	require.Zero(t, d.call(t, "backup", "--allow-lost", filepath.Join(dir, "b")), d.stderr.String())
	require.Contains(t, d.stderr.String(), "warning: 1 contents of artifacts are lost")
	require.Zero(t, d.call(t, "backup", "--without-contents", filepath.Join(dir, "c")), d.stderr.String())
}

func TestAFolderOfBackupsKeepsTheNewest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "mine.tar.zst"), nil, 0o600))
	left := filepath.Join(dir, "ibutsu-20260501T000000Z.tar.zst.1.partial")
	require.NoError(t, os.WriteFile(left, nil, 0o600))
	d := newDesk("DATABASE_URL=" + dbtest.URL(t))
	now := d.now()
	require.NoError(t, os.Chtimes(left, now, now.Add(-48*time.Hour)))
	for day := range 4 {
		d.now = func() time.Time { return now.AddDate(0, 0, day) }
		require.Zero(t, d.call(t, "backup", dir, "--keep", "2"), d.stderr.String())
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	require.Equal(t, []string{"ibutsu-20260506T101112Z.tar.zst", "ibutsu-20260507T101112Z.tar.zst", "mine.tar.zst"}, names)

	d.environ = []string{"DATABASE_URL=postgres://nobody@127.0.0.1:1/nothing"}
	require.Equal(t, exitFailed, d.call(t, "backup", dir, "--keep", "1"), "a database that is away is told, and deletes nothing")
	entries, err = os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 3)
}

// A process that is killed leaves nothing that looks whole.
func TestKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	from, to, dir := dbtest.URL(t), dbtest.Empty(t), t.TempDir()
	sql(t, from, `WITH made AS (INSERT INTO settings (key, value) SELECT i::text, string_agg(gen_random_uuid()::text, '') FROM generate_series(1, 500) i, generate_series(1, 100) GROUP BY 1 RETURNING 1)
		SELECT count(*)::text FROM made`)
	file := filepath.Join(dir, "a.tar.zst")
	self, err := os.Executable()
	require.NoError(t, err)
	command := func(args ...string) *exec.Cmd {
		c := exec.Command(self, args...)
		c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
		return c
	}

	// The backup waits for a table, with its file begun.
	conn, err := pgx.Connect(t.Context(), from)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "BEGIN; LOCK TABLE users")
	require.NoError(t, err)
	taking := command("backup", file, "--database-url", from)
	require.NoError(t, taking.Start())
	begun := func() bool { m, _ := filepath.Glob(file + "*.partial"); return len(m) == 1 }
	require.Eventually(t, begun, patience, time.Millisecond)
	require.NoError(t, taking.Process.Kill())
	require.Error(t, taking.Wait())
	require.NoFileExists(t, file)
	require.NoError(t, conn.Close(t.Context()))
	require.Zero(t, newDesk("DATABASE_URL="+from).call(t, "backup", file))

	// The restore gets half of the file.
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	restoring := command("restore", "-", "--database-url", to)
	half, err := restoring.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, restoring.Start())
	_, err = half.Write(content[:len(content)*9/10])
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		return sql(t, to, `SELECT (to_regclass('ibutsu_restoring') IS NOT NULL AND EXISTS (SELECT 1 FROM pg_stat_progress_copy WHERE relid = to_regclass('settings')))::text`) == "true"
	}, patience, time.Millisecond, "rows go in")
	require.NoError(t, restoring.Process.Kill())
	require.Error(t, restoring.Wait())
	d := newDesk("DATABASE_URL="+to, "IBUTSU_DATABASE_WAIT=0s")
	require.Eventually(t, func() bool {
		return sql(t, to, `SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'ibutsu %'`) == "0"
	}, patience, time.Millisecond, "PostgreSQL has noticed")
	require.Equal(t, exitFailed, d.call(t, "serve", "--listen", "127.0.0.1:0"))
	require.Contains(t, d.stderr.String(), "a restore into this database was broken off")
	require.Equal(t, exitFailed, d.call(t, "migrate"))
	require.Equal(t, exitFailed, d.call(t, "backup", filepath.Join(dir, "b")))
	require.Equal(t, exitFailed, d.call(t, "doctor"))
	require.Contains(t, d.stdout.String(), "a restore into this database was broken off")
	require.Zero(t, d.call(t, "restore", file), d.stderr.String())
	require.Equal(t, "500", sql(t, to, `SELECT count(*)::text FROM settings WHERE length(value) = 3600`))
}

// What `ibutsu up` keeps goes from one state folder to another, taken while it serves.
func TestAPrivateDatabaseMovesHouse(t *testing.T) {
	t.Parallel()
	old, fresh := stateDir(t), stateDir(t)
	d := newDesk("HOME="+t.TempDir(), "PATH="+os.Getenv("PATH"))
	file := filepath.Join(t.TempDir(), "b")
	require.Equal(t, exitUsage, d.call(t, "backup", file, "--state", old), "there is nothing yet")
	p := up(t, old, "IBUTSU_SUPERADMIN_EMAIL=a@example.com", "IBUTSU_SUPERADMIN_PASSWORD=a-good-password")
	require.Zero(t, d.call(t, "backup", file, "--state", old), d.stderr.String())
	require.Equal(t, exitFailed, d.call(t, "restore", file, "--replace", "--state", old))
	require.Contains(t, d.stderr.String(), "the database is in use: stop ibutsu ")
	require.Zero(t, p.stop(t))
	require.Zero(t, d.call(t, "backup", file+"2", "--state", old), "PostgreSQL is started for it: "+d.stderr.String())
	require.Zero(t, d.call(t, "restore", file, "--state", fresh), d.stderr.String())
	p = up(t, fresh)
	answer, err := http.Post(p.url+"/api/login", "application/json", strings.NewReader(`{"email": "a@example.com", "password": "a-good-password"}`))
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
}
