package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"
)

var (
	// ErrFilled means that the database, which should be empty, has tables.
	ErrFilled = errors.New("the database is not empty")
	// ErrRestoring means that a backup was being put back into the database, and was not to the end.
	ErrRestoring = errors.New("a restore into this database was broken off, or still runs; run `ibutsu restore` again")
	// ErrUnknownShape means that the database has migrations that this build does not know.
	ErrUnknownShape = errors.New("the schema is that of another version")
)

// restoringTable is there from the beginning of a restore to the commit of its rows. No server starts on a database that has it.
const restoringTable = "ibutsu_restoring"

// Shape is the state of a database's schema.
type Shape struct {
	// Migrations are the numbers of ours that were applied, in order.
	Migrations []int64 `json:"migrations"`
	// Queue is the version of the job queue's tables.
	Queue int `json:"queue"`
}

// ShapeOf reads the shape of a database that is this server's.
func ShapeOf(ctx context.Context, tx pgx.Tx) (Shape, error) {
	var s Shape
	var ours, restoring bool
	err := tx.QueryRow(ctx, `SELECT to_regclass('`+migrationTable+`') IS NOT NULL AND to_regclass('river_migration') IS NOT NULL,
		to_regclass('`+restoringTable+`') IS NOT NULL`).Scan(&ours, &restoring)
	switch {
	case err != nil:
		return s, wrap("shape", err)
	case restoring:
		return s, ErrRestoring
	case !ours:
		return s, errors.New("it has not the tables of this server; `ibutsu migrate` makes them, or adopts those of Ibutsu 3.1.1")
	}
	err = tx.QueryRow(ctx, `SELECT array_agg(version_id ORDER BY version_id) FILTER (WHERE version_id > 0), (SELECT max(version) FROM river_migration)
		FROM `+migrationTable+` WHERE is_applied`).Scan(&s.Migrations, &s.Queue)
	return s, wrap("shape", err)
}

// Known says whether this build can make a database of that shape.
func (s Shape) Known() bool {
	if len(s.Migrations) == 0 || s.Queue < 1 || s.Queue > riverSchema {
		return false
	}
	return slices.Equal(s.Migrations, migrationsUpTo(s.Migrations[len(s.Migrations)-1]))
}

func migrationsUpTo(last int64) []int64 {
	numbers := []int64{baseVersion}
	for _, name := range migrationNames() {
		if n := migrationNumber(name); n <= last {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers
}

// MakeForRestore makes the tables of that shape in an empty database, or with replace in one from which everything is
// dropped first. Until FinishRestore is committed no server starts on it. ErrFilled: it is not empty.
func MakeForRestore(ctx context.Context, url string, shape Shape, replace bool) error {
	if !shape.Known() {
		return ErrUnknownShape
	}
	cfg, err := poolConfig(Options{URL: url, MaxConns: 4, StatementTimeout: -1, Name: "restore"})
	if err != nil {
		return err
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return fmt.Errorf("store: restore: %w", err)
	}
	defer pool.Close()
	err = withLock(ctx, pool, func() error {
		err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
			filled, err := hasTables(ctx, tx)
			if err != nil {
				return err
			}
			if filled && !replace {
				return ErrFilled
			}
			if _, err := tx.Exec(ctx, dropEverything); err != nil {
				return err
			}
			_, err = tx.Exec(ctx, `CREATE TABLE `+restoringTable+` (since timestamp without time zone NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'))`)
			return err
		})
		if err != nil {
			return err
		}
		return migrateTo(ctx, pool, shape.Migrations[len(shape.Migrations)-1], shape.Queue, zerolog.Nop())
	})
	return wrap("restore", err)
}

// hasTables says whether there is any table, but for what a broken-off restore leaves.
func hasTables(ctx context.Context, tx pgx.Tx) (bool, error) {
	var filled, restoring bool
	err := tx.QueryRow(ctx, `
		SELECT count(*) > 0, coalesce(bool_or(c.relname = $1), false)
		  FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
		   AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`,
		restoringTable).Scan(&filled, &restoring)
	return filled && !restoring, err
}

// dropEverything drops what is in the schema, except for what belongs to an extension, and not the schema itself: its
// owner may be somebody else.
const dropEverything = `
DO $$
DECLARE
    statement text;
    statements text[];
BEGIN
    -- All names before the first drop: afterwards some have none.
    SELECT array_agg(format('DROP %s IF EXISTS %s CASCADE', kind, name)) INTO statements FROM (
        SELECT c.oid, 'pg_class'::regclass AS class, c.oid::regclass::text AS name, CASE c.relkind
               WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS kind
          FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
        UNION ALL
        SELECT p.oid, 'pg_proc'::regclass, p.oid::regprocedure::text, 'ROUTINE'
          FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace AND p.prokind <> 'a'
        UNION ALL
        SELECT t.oid, 'pg_type'::regclass, t.oid::regtype::text, 'TYPE'
          FROM pg_type t WHERE t.typnamespace = current_schema()::regnamespace AND t.typtype IN ('e', 'd', 'r')) item
     -- Not what belongs to an extension, or goes with its table.
     WHERE NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = item.class AND d.objid = item.oid
                          AND (d.deptype = 'e' OR kind = 'SEQUENCE' AND d.deptype IN ('a', 'i')));
    FOREACH statement IN ARRAY coalesce(statements, '{}') LOOP
        EXECUTE statement;
    END LOOP;
END
$$`

// FinishRestore makes of the restored rows a history of their own, and lets servers start once it is committed. Whoever
// still keeps answers from before, in Redis or in memory, finds none of them again: the name under which answers are kept is
// new, and every version is one that was never used.
func FinishRestore(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `INSERT INTO settings (key, value) VALUES ($1, $2)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value, created = excluded.created`, instanceKey, uuid.NewString())
	if err != nil {
		return wrap("restore: instance", err)
	}
	// Microseconds: no project is written to so often that its versions would catch up with the next restore's.
	_, err = tx.Exec(ctx, `INSERT INTO project_versions (project_id, n)
		SELECT id, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint FROM (SELECT id FROM projects UNION ALL SELECT NULL) p`)
	if err != nil {
		return wrap("restore: versions", err)
	}
	if _, err = tx.Exec(ctx, `SELECT pg_notify('ibutsu_identity', 'restore')`); err != nil {
		return wrap("restore: tell of it", err)
	}
	_, err = tx.Exec(ctx, `DROP TABLE `+restoringTable)
	return wrap("restore", err)
}

// Servers are the names of the processes of Ibutsu that are connected to the database.
func Servers(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	rows, _ := conn.Query(ctx, `
		SELECT DISTINCT application_name FROM pg_stat_activity
		 WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'ibutsu %' ORDER BY 1`)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return names, wrap("find servers", err)
}

// Connect opens a single connection without time limits, for what takes as long as it takes. What it writes as text is
// the same whatever the server's configuration says.
func Connect(ctx context.Context, url, name string) (*pgx.Conn, error) {
	cfg, err := poolConfig(Options{URL: url, StatementTimeout: -1, Name: name})
	if err != nil {
		return nil, err
	}
	maps.Copy(cfg.ConnConfig.RuntimeParams, map[string]string{
		"lock_timeout": "0", "idle_in_transaction_session_timeout": "0", "client_encoding": "UTF8", "datestyle": "ISO, MDY",
		"intervalstyle": "postgres", "extra_float_digits": "3", "bytea_output": "hex",
	})
	conn, err := pgx.ConnectConfig(ctx, cfg.ConnConfig)
	if err != nil {
		return nil, wrap("connect", err)
	}
	return conn, knowUUIDs(ctx, conn)
}
