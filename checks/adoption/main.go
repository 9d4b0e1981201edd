// Command adoption takes over a database of Ibutsu 3.1.1 the way an upgrading user does, and looks for what is missing
// afterwards:
//
//	go run ./checks/withpg go run ./checks/adoption [-binary FILE] [-widgets]
//
// It restores checks/fixtures/ibutsu-3.1.1.sql.gz into a database of the server that IBUTSU_TEST_DATABASE_URL names,
// starts `ibutsu up` on it and reads everything back through the API. The last line is "N passed, M failed".
package main

import (
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/checks/harness"
)

// secret signed the tokens of the fixture.
const secret = "fixture-secret-0123456789abcdef0123456789"

func main() {
	binary := flag.String("binary", "", "the server's program (default bin/ibutsu)")
	fixtures := flag.String("fixtures", filepath.Join("checks", "fixtures"), "folder of the fixtures")
	widgets := flag.Bool("widgets", false, "read dashboards and widget configurations too")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	tally := &harness.Tally{}
	if err := run(ctx, tally, *binary, *fixtures, *widgets); err != nil {
		tally.Check("adoption", err)
	}
	tally.Exit()
}

func run(ctx context.Context, tally *harness.Tally, binary, fixtures string, widgets bool) error {
	admin := os.Getenv("IBUTSU_TEST_DATABASE_URL")
	if admin == "" {
		return errors.New("IBUTSU_TEST_DATABASE_URL is not set: run it under checks/withpg")
	}
	stamp := time.Now().UnixNano()
	adopted, dropAdopted, err := create(ctx, admin, fmt.Sprintf("adopted_%d", stamp))
	if err != nil {
		return err
	}
	defer dropAdopted()
	fresh, dropFresh, err := create(ctx, admin, fmt.Sprintf("fresh_%d", stamp))
	if err != nil {
		return err
	}
	defer dropFresh()
	if err := restore(ctx, filepath.Join(fixtures, "ibutsu-3.1.1.sql.gz"), adopted); err != nil {
		return err
	}
	before, err := snapshot(ctx, adopted)
	if err != nil {
		return err
	}

	migrate := func(database string, args ...string) (string, error) {
		command := exec.CommandContext(ctx, program(binary), append([]string{"migrate"}, args...)...)
		command.Env = append(os.Environ(), "DATABASE_URL="+database, "JWT_SECRET="+secret)
		out, err := command.CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("ibutsu migrate %s: %w\n%s", strings.Join(args, " "), err, out)
		}
		return string(out), nil
	}
	shape, err := schema(ctx, adopted)
	if err != nil {
		return err
	}
	told, err := migrate(adopted, "--dry-run")
	tally.Check("migrate --dry-run says what it would do", firstError(err, unless(strings.TrimSpace(told) != "", "it said nothing")))
	still, err := schema(ctx, adopted)
	tally.Check("migrate --dry-run changes nothing", firstError(err, unless(still == shape, "the schema changed:\n"+difference(shape, still))))

	_, err = migrate(fresh)
	tally.Check("migrate makes a fresh database", err)

	server, err := harness.Start(ctx, harness.Options{Binary: binary, Env: []string{
		"DATABASE_URL=" + adopted, "JWT_SECRET=" + secret,
		// The fixture grows old; what this check reads must not be pruned meanwhile.
		"IBUTSU_KEEP_IMPORTS=0", "IBUTSU_KEEP_ARTIFACTS=0", "IBUTSU_KEEP_RESULTS=0", "IBUTSU_KEEP_RUNS=0",
	}})
	if err != nil {
		return err
	}
	defer func() { tally.Check("the server stops in good order", server.Close()) }()

	after, err := snapshot(ctx, adopted)
	if err != nil {
		return err
	}
	for table, rows := range before {
		tally.Check("no row of "+table+" was changed", unless(after[table].sum == rows.sum || table == "tokens", "its rows differ"))
	}
	inAdopted, err := schema(ctx, adopted)
	if err != nil {
		return err
	}
	inFresh, err := schema(ctx, fresh)
	tally.Check("adopted and fresh database have the same shape", firstError(err, unless(inAdopted == inFresh, "they differ:\n"+difference(inFresh, inAdopted))))
	tally.Check("every index that was dropped can be made again", replacedIndexes(shape, inAdopted, filepath.Join("docs", "original-indexes.sql")))
	revision, err := value[string](ctx, adopted, `SELECT version_num FROM alembic_version`)
	tally.Check("alembic_version is as it was", firstError(err, unless(revision == "d18de2b3253f", "it is "+revision)))

	r, err := newReader(ctx, tally, server, adopted, fixtures)
	if err != nil {
		return err
	}
	defer r.close()
	r.signIn()
	r.oldTokens()
	r.users()
	r.projects()
	r.members()
	r.runs()
	r.results()
	r.artifacts()
	r.imports()
	r.groups()
	if widgets {
		r.dashboards()
	}
	r.writing()
	r.originalWriting()
	return nil
}

func program(binary string) string {
	if binary != "" {
		return binary
	}
	return filepath.Join("bin", "ibutsu")
}

// create makes an empty database next to the one that admin names.
func create(ctx context.Context, admin, name string) (address string, drop func(), err error) {
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return "", nil, err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()+" TEMPLATE template0"); err != nil {
		return "", nil, err
	}
	u, err := url.Parse(admin)
	if err != nil {
		return "", nil, err
	}
	u.Path = "/" + name
	drop = func() {
		ctx := context.WithoutCancel(ctx) // what was made goes, also after an interrupt
		conn, err := pgx.Connect(ctx, admin)
		if err != nil {
			return // the server is gone, and the database with it
		}
		defer conn.Close(ctx)
		_, _ = conn.Exec(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)")
	}
	return u.String(), drop, nil
}

// restore runs a compressed dump through psql, which alone understands its COPY lines.
func restore(ctx context.Context, file, database string) error {
	raw, err := os.Open(file)
	if err != nil {
		return err
	}
	defer raw.Close()
	dump, err := gzip.NewReader(raw)
	if err != nil {
		return err
	}
	psql, err := tool("psql")
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database)
	command.Stdin = dump
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("restoring %s: %w\n%s", file, err, out)
	}
	return nil
}

// tool finds a client program of PostgreSQL in PATH or where Debian keeps those of each version, newest first.
func tool(name string) (string, error) {
	if dir := os.Getenv("IBUTSU_POSTGRES_BIN"); dir != "" {
		return filepath.Join(dir, name), nil
	}
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	found, err := filepath.Glob(filepath.Join("/usr/lib/postgresql/*/bin", name))
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("%s was not found: install the client programs of PostgreSQL", name)
	}
	return found[len(found)-1], nil
}

func unless(right bool, complaint string) error {
	if right {
		return nil
	}
	return errors.New(complaint)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
