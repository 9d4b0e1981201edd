// Package dbtest gives each test a database of its own, made from a migrated template.
package dbtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// Server returns the address of the PostgreSQL that the tests may use. `make test` starts one and sets the variable.
func Server(t testing.TB) string {
	t.Helper()
	server := os.Getenv("IBUTSU_TEST_DATABASE_URL")
	require.NotEmpty(t, server, "set IBUTSU_TEST_DATABASE_URL to a PostgreSQL superuser address, or run: go run ./checks/withpg -- go test ./...")
	return server
}

// New opens a fresh, migrated database, gone when the test ends.
func New(t testing.TB) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), store.Options{URL: URL(t), MaxConns: 8, Name: "test"})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// URL makes a fresh, migrated database and returns its address; it is dropped when the test ends.
func URL(t testing.TB) string {
	t.Helper()
	return fresh(t, template(t))
}

// Empty makes a database without any table.
func Empty(t testing.TB) string {
	t.Helper()
	return fresh(t, "template0")
}

func fresh(t testing.TB, from string) string {
	t.Helper()
	name := "t_" + uuid.NewString()[:13]
	execute(t, fmt.Sprintf(`CREATE DATABASE %q TEMPLATE %q`, name, from))
	t.Cleanup(func() { execute(t, fmt.Sprintf(`DROP DATABASE IF EXISTS %q WITH (FORCE)`, name)) })
	return address(t, name)
}

var (
	once sync.Once
	name string
)

// template makes the migrated database that all others are copied from, once for each state of the migrations; test
// processes that start together agree on it under a lock.
func template(t testing.TB) string {
	t.Helper()
	once.Do(func() {
		name = "ibutsu_template_" + fingerprint(t)
		conn := connect(t, "")
		defer conn.Close(context.Background())
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		_, err := conn.Exec(ctx, `SELECT pg_advisory_lock(hashtext($1))`, name)
		require.NoError(t, err)
		var ready bool
		require.NoError(t, conn.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)`, name).Scan(&ready))
		if ready {
			return
		}
		// Under another name until it is whole: a process killed here must not leave half a template.
		half := name + "_half"
		for _, s := range []string{`DROP DATABASE IF EXISTS %q WITH (FORCE)`, `CREATE DATABASE %q TEMPLATE template0`} {
			_, err := conn.Exec(ctx, fmt.Sprintf(s, half))
			require.NoError(t, err)
		}
		_, err = store.Migrate(ctx, address(t, half), store.MigrateOptions{Log: zerolog.Nop()})
		require.NoError(t, err)
		_, err = conn.Exec(ctx, fmt.Sprintf(`ALTER DATABASE %q RENAME TO %q`, half, name))
		require.NoError(t, err)
	})
	require.NotEmpty(t, name)
	return name
}

func fingerprint(t testing.TB) string {
	t.Helper()
	sum := sha256.New()
	for _, f := range store.SchemaFiles() {
		require.NoError(t, fs.WalkDir(f, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			content, err := fs.ReadFile(f, path)
			fmt.Fprintf(sum, "%s %d\n%s", path, len(content), content)
			return err
		}))
	}
	return hex.EncodeToString(sum.Sum(nil))[:12]
}

func address(t testing.TB, database string) string {
	t.Helper()
	u, err := url.Parse(Server(t))
	require.NoError(t, err)
	u.Path = "/" + database
	return u.String()
}

func connect(t testing.TB, database string) *pgx.Conn {
	t.Helper()
	where := Server(t)
	if database != "" {
		where = address(t, database)
	}
	conn, err := pgx.Connect(context.Background(), where)
	require.NoError(t, err)
	return conn
}

func execute(t testing.TB, statement string) {
	t.Helper()
	conn := connect(t, "")
	defer conn.Close(context.Background())
	_, err := conn.Exec(context.Background(), statement)
	require.NoError(t, err)
}
