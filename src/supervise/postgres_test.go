package supervise_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/supervise"
)

// stateDir is a folder that another user may walk to, as PostgreSQL needs it when the tests run as root.
func stateDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ibutsu-test-") //nolint:usetesting // a short path, for sockets
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

func options(dir string) supervise.PostgresOptions {
	return supervise.PostgresOptions{
		Dir:    filepath.Join(dir, "postgres"),
		Log:    filepath.Join(dir, "log", "postgres.log"),
		Memory: 256 << 20,
		Logger: zerolog.Nop(),
	}
}

func start(t *testing.T, o supervise.PostgresOptions) *supervise.Postgres {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	p, err := supervise.StartPostgres(ctx, o)
	require.NoError(t, err)
	return p
}

func stop(t *testing.T, p *supervise.Postgres) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	require.NoError(t, p.Stop(ctx))
}

func query(t *testing.T, p *supervise.Postgres, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), p.URL(p.Database()))
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	var answer string
	require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&answer))
	return answer
}

func TestPostgresKeepsDataAndCommitsDurably(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	p := start(t, options(dir))
	for setting, want := range map[string]string{
		"listen_addresses": "", "synchronous_commit": "on", "fsync": "on", "full_page_writes": "on", "jit": "off",
		"random_page_cost": "1.1", "shared_buffers": "32MB", "server_encoding": "UTF8", "data_checksums": "on",
	} {
		require.Equal(t, want, query(t, p, "show "+setting), setting)
	}
	require.Equal(t, "é", query(t, p, "select lower('É')"), "upper and lower case reach beyond ASCII")
	require.Equal(t, "7", query(t, p, "select lo_from_bytea(7, 'kept')::text"))
	stop(t, p)
	require.NoFileExists(t, filepath.Join(dir, "postgres", "data", "postmaster.pid"))

	p = start(t, options(dir))
	defer stop(t, p)
	require.Equal(t, "7", query(t, p, "select oid::text from pg_largeobject_metadata"))
}

func TestPostgresSettingsOfTheUserWin(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	p := start(t, options(dir))
	stop(t, p)
	conf := filepath.Join(dir, "postgres", "data", "postgresql.conf")
	text, err := os.ReadFile(conf)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(conf, append(text, "work_mem = 7MB\n"...), 0o600))

	p = start(t, options(dir))
	defer stop(t, p)
	require.Equal(t, "7MB", query(t, p, "show work_mem"))
}

func TestPostgresIsStartedAgainWhenItDies(t *testing.T) {
	t.Parallel()
	p := start(t, options(stateDir(t)))
	defer stop(t, p)
	first := p.PID()
	require.NoError(t, syscall.Kill(first, syscall.SIGKILL))
	require.Eventually(t, func() bool { return p.PID() != first }, 30*time.Second, 5*time.Millisecond)
	require.Equal(t, "1", query(t, p, "select '1'"))
}

func TestPostgresLeftByAKilledProcessIsTakenOver(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	left := start(t, options(dir)) // as good as left: nothing of it is used by the second start
	p := start(t, options(dir))
	require.Equal(t, left.PID(), p.PID())
	require.Equal(t, "1", query(t, p, "select '1'"))
	stop(t, p)
	stop(t, left)
}

func TestPostgresPidFileOfAnotherProcessDoesNotStopTheStart(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	p := start(t, options(dir))
	stop(t, p)
	pidFile := filepath.Join(dir, "postgres", "data", "postmaster.pid")
	stale := strings.Join([]string{strconv.Itoa(os.Getpid()), "/somewhere", "1700000000", "5432", "/tmp", "", "  123456 7", "ready   "}, "\n")
	require.NoError(t, os.WriteFile(pidFile, []byte(stale), 0o644))

	p = start(t, options(dir))
	defer stop(t, p)
	require.NotEqual(t, os.Getpid(), p.PID())
	require.Equal(t, "1", query(t, p, "select '1'"))
}

func TestPostgresHalfMadeClusterIsMadeAnew(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	half := filepath.Join(dir, "postgres", "data.new")
	require.NoError(t, os.MkdirAll(half, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(half, "PG_VERSION"), []byte("15\n"), 0o600))
	p := start(t, options(dir))
	defer stop(t, p)
	require.Equal(t, "1", query(t, p, "select '1'"))
	require.NoDirExists(t, half)
}

func TestPostgresBelowAPrivateFolderWithALongPath(t *testing.T) {
	t.Parallel()
	private := filepath.Join(stateDir(t), "home")
	require.NoError(t, os.Mkdir(private, 0o700)) // as /root is: the user of PostgreSQL may not enter
	for name, dir := range map[string]string{
		"short": filepath.Join(private, "s"),
		"long":  filepath.Join(private, strings.Repeat("long-", 30)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, options(dir))
			require.Equal(t, "1", query(t, p, "select '1'"))
			stop(t, p)
			p = start(t, options(dir))
			require.Equal(t, "1", query(t, p, "select '1'"))
			address := p.URL("x")
			stop(t, p)
			if name == "long" {
				socket := socketDir(t, address)
				require.NotContains(t, socket, private)
				require.NoDirExists(t, socket, "nothing stays outside of the state folder")
			}
		})
	}
}

func socketDir(t *testing.T, address string) string {
	t.Helper()
	config, err := pgx.ParseConfig(address)
	require.NoError(t, err)
	return config.Host
}

func TestPostgresMissingSaysWhichProgramAndHowToGetIt(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "initdb"), []byte("#!/bin/sh\n"), 0o755))
	o := options(dir)
	o.Bin = dir
	_, err := supervise.StartPostgres(t.Context(), o)
	require.ErrorIs(t, err, supervise.ErrPostgresMissing)
	require.ErrorContains(t, err, "IBUTSU_POSTGRES_BIN names "+dir+", which has no program postgres")
}

func TestPostgresOfAnotherVersionIsRefusedWithoutTouchingTheData(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	data := filepath.Join(dir, "postgres", "data")
	require.NoError(t, os.MkdirAll(data, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte("9\n"), 0o600))
	_, err := supervise.StartPostgres(t.Context(), options(dir))
	require.ErrorIs(t, err, supervise.ErrPostgresMissing)
	require.ErrorContains(t, err, "in version 9, which made this cluster")
	require.FileExists(t, filepath.Join(data, "PG_VERSION"))
}

func TestPostgresThatCannotStartSaysWhy(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	p := start(t, options(dir))
	stop(t, p)
	conf := filepath.Join(dir, "postgres", "data", "postgresql.conf")
	require.NoError(t, os.WriteFile(conf, []byte("no_such_setting = 1\n"), 0o600))
	_, err := supervise.StartPostgres(t.Context(), options(dir))
	require.ErrorContains(t, err, "no_such_setting")
}

func TestTemporaryPostgres(t *testing.T) {
	t.Parallel()
	p, err := supervise.StartTemporaryPostgres(t.Context(), stateDir(t), true)
	require.NoError(t, err)
	defer stop(t, p)
	require.Equal(t, "off", query(t, p, "show fsync"))
	require.Equal(t, "true", query(t, p, "select rolsuper::text from pg_roles where rolname = current_user"))
}
