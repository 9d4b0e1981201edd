package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"log/slog"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/rs/zerolog"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// The original keeps its own revision in alembic_version; ours stay out of it, so that it can take the database back.
const migrationTable = "ibutsu_migrations"

// riverSchema is the version of the job queue's tables that this build works with; a test compares it with the library.
const riverSchema = 8

// MigrateOptions say how to migrate.
type MigrateOptions struct {
	// DryRun only reports what would be done.
	DryRun bool
	Log    zerolog.Logger
}

// MigrationReport says what was found and done, or would be.
type MigrationReport struct {
	// Found is "empty", "this server's" or "Ibutsu at revision X".
	Found string
	// Steps are what was done (or would be, in a dry run), in order; empty when everything is up to date.
	Steps []string
}

// Migrate makes a fresh database, adopts one of Ibutsu 3.1.1 in place, or brings ours up to date; all three end in the same
// shape. Processes that start together wait for the one that works. Without anything to do it costs one query.
func Migrate(ctx context.Context, url string, o MigrateOptions) (MigrationReport, error) {
	cfg, err := poolConfig(Options{URL: url, MaxConns: 4, StatementTimeout: -1, Name: "migrate"})
	if err != nil {
		return MigrationReport{}, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return MigrationReport{}, fmt.Errorf("store: migrate: %w", err)
	}
	defer pool.Close()
	if current, err := upToDate(ctx, pool); err != nil || current {
		return MigrationReport{Found: foundOurs}, wrap("migrate", err)
	}
	if o.DryRun {
		return plan(ctx, pool)
	}
	var report MigrationReport
	err = withLock(ctx, pool, func() error {
		// Another process may have been here while we waited.
		current, err := upToDate(ctx, pool)
		if err != nil || current {
			report.Found = foundOurs
			return err
		}
		report, err = plan(ctx, pool)
		if err != nil {
			return err
		}
		if err := migrate(ctx, pool, o.Log); err != nil {
			return err
		}
		return markAdopted(ctx, pool, report.Found)
	})
	if err != nil {
		return report, fmt.Errorf("store: migrate: %w", err)
	}
	return report, nil
}

// adoptedKey is where the database keeps what it was when it was taken over.
const adoptedKey = "adopted"

// markAdopted keeps what a database was before it became ours: some things stay as the original can use them.
func markAdopted(ctx context.Context, pool *pgxpool.Pool, found string) error {
	if found == foundEmpty || found == foundOurs {
		return nil
	}
	_, err := pool.Exec(ctx, `INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING`, adoptedKey, found)
	return err
}

// Adopted says whether the database was taken over from the original, which may be wanted back.
func (s *Store) Adopted(ctx context.Context) (bool, error) {
	var adopted bool
	err := s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM settings WHERE key = $1)`, adoptedKey).Scan(&adopted)
	return adopted, wrap("adopted", err)
}

// What a migration finds that is nothing to take over.
const (
	foundEmpty = "empty"
	foundOurs  = "this server's"
)

// SchemaCurrent says whether the database is in the shape that this build works with.
func (s *Store) SchemaCurrent(ctx context.Context) (bool, error) {
	current, err := upToDate(ctx, s.pool)
	return current, wrap("schema", err)
}

// asker is a pool or a connection.
type asker interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

func upToDate(ctx context.Context, db asker) (bool, error) {
	var exists, restoring bool
	if err := db.QueryRow(ctx, `SELECT to_regclass('`+migrationTable+`') IS NOT NULL AND to_regclass('river_migration') IS NOT NULL,
		to_regclass('`+restoringTable+`') IS NOT NULL`).Scan(&exists, &restoring); err != nil {
		return false, err
	}
	if restoring {
		return false, ErrRestoring
	}
	if !exists {
		return false, nil
	}
	var ours, river int64
	err := db.QueryRow(ctx, `SELECT coalesce((SELECT max(version_id) FROM `+migrationTable+`), 0),
		coalesce((SELECT max(version) FROM river_migration), 0)`).Scan(&ours, &river)
	return ours >= latestMigration() && river >= riverSchema, err
}

func latestMigration() int64 {
	latest := int64(baseVersion)
	for _, name := range migrationNames() {
		latest = max(latest, migrationNumber(name))
	}
	return latest
}

func migrationNumber(name string) int64 {
	version, err := goose.NumericComponent(name)
	if err != nil {
		panic(fmt.Sprintf("store: migration %s: %v", name, err)) // embedded, so found by any test
	}
	return version
}

func migrationNames() []string {
	names, _ := fs.Glob(migrationFiles, "migrations/*.sql")
	for i, n := range names {
		names[i] = n[len("migrations/"):]
	}
	return names
}

// plan says what a migration will do.
func plan(ctx context.Context, pool *pgxpool.Pool) (MigrationReport, error) {
	var report MigrationReport
	err := pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		var applied map[int64]bool
		var ours bool
		if err := tx.QueryRow(ctx, `SELECT to_regclass('`+migrationTable+`') IS NOT NULL`).Scan(&ours); err != nil {
			return err
		}
		if ours {
			rows, _ := tx.Query(ctx, `SELECT version_id FROM `+migrationTable+` WHERE is_applied`)
			ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
			if err != nil {
				return err
			}
			applied = make(map[int64]bool, len(ids))
			for _, id := range ids {
				applied[id] = true
			}
		}
		report.Found = foundOurs
		if !applied[baseVersion] {
			a, err := inspect(ctx, tx)
			if err != nil {
				return err
			}
			report.Found = a.found()
			report.Steps = a.describe()
		}
		for _, name := range migrationNames() {
			if !applied[migrationNumber(name)] {
				report.Steps = append(report.Steps, "apply "+name)
			}
		}
		report.Steps = append(report.Steps, "bring the job queue's tables to version "+strconv.Itoa(riverSchema))
		return nil
	})
	return report, err
}

func migrate(ctx context.Context, pool *pgxpool.Pool, log zerolog.Logger) error {
	return migrateTo(ctx, pool, latestMigration(), riverSchema, log)
}

// migrateTo applies the migrations up to one, and those of the job queue.
func migrateTo(ctx context.Context, pool *pgxpool.Pool, last int64, queue int, log zerolog.Logger) error {
	conn := stdlib.OpenDBFromPool(pool)
	defer conn.Close()
	tracker, err := database.NewStore(database.DialectPostgres, migrationTable)
	if err != nil {
		return err
	}
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return err
	}
	if err := dropInvalidIndexes(ctx, pool); err != nil {
		return err
	}
	provider, err := goose.NewProvider("", conn, files,
		goose.WithStore(tracker),
		goose.WithDisableGlobalRegistry(true),
		goose.WithGoMigrations(goose.NewGoMigration(baseVersion, &goose.GoFunc{RunTx: makeOrAdopt}, nil)))
	if err != nil {
		return err
	}
	done, err := provider.UpTo(ctx, last)
	for _, r := range done {
		log.Debug().Str("migration", r.Source.Path).Dur("took", r.Duration).Msg("migration applied")
	}
	if err != nil {
		return err
	}
	river, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	_, err = river.Migrate(ctx, rivermigrate.DirectionUp, &rivermigrate.MigrateOpts{TargetVersion: queue})
	return err
}

// dropInvalidIndexes removes what an interrupted CREATE INDEX CONCURRENTLY leaves: an index that costs writes, serves no
// query, and that IF NOT EXISTS would take for a good one.
func dropInvalidIndexes(ctx context.Context, pool *pgxpool.Pool) error {
	rows, _ := pool.Query(ctx, `
		SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
		  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		 WHERE NOT i.indisvalid AND n.nspname = current_schema() AND c.relname LIKE 'ix\_%'`)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := pool.Exec(ctx, "DROP INDEX CONCURRENTLY IF EXISTS "+name); err != nil {
			return err
		}
	}
	return nil
}

// withLock runs f in one process at a time. It asks again and again instead of waiting in the database: a waiting statement
// would hold a snapshot, and CREATE INDEX CONCURRENTLY in the other process would wait for that in turn.
func withLock(ctx context.Context, pool *pgxpool.Pool, f func() error) error {
	h := fnv.New64a()
	h.Write([]byte("ibutsu migrate"))
	key := int64(h.Sum64())
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	for {
		var got bool
		if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, key).Scan(&got); err != nil {
			return err
		}
		if got {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	err = f()
	_, unlock := conn.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, key)
	return errors.Join(err, unlock)
}
