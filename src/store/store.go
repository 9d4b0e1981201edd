// Package store keeps everything in PostgreSQL: one file for each aggregate, fixed statements in queries/ (generated into
// db by sqlc), lists built from filters with parameters only, and the migrations that make or adopt a database.
package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ibutsu/ibutsu-go/src/store/db"
)

//go:generate sqlc generate

var (
	// ErrNotFound means that no row has the id that was asked for.
	ErrNotFound = errors.New("not found")
	// ErrConflict means that a row with this id or name exists already.
	ErrConflict = errors.New("exists already")
	// ErrReference means that a row which the new one refers to does not exist, or that others still refer to the old one.
	ErrReference = errors.New("refers to a row that does not exist")
	// ErrInvalid means that PostgreSQL refuses a value: a string with NUL, a number out of range, a bad regular expression.
	ErrInvalid = errors.New("value refused by the database")
	// ErrTimeout means that the statement timeout cancelled a query.
	ErrTimeout = errors.New("query took too long")
	// ErrUnavailable means that the database did not answer.
	ErrUnavailable = errors.New("database unavailable")
)

// Options say how to reach the database.
type Options struct {
	// URL is a postgres:// address or a key=value string.
	URL string
	// MaxConns bounds the pool; 0 means 16.
	MaxConns int
	// StatementTimeout cancels a statement that runs longer; 0 means 25 s, negative means none.
	StatementTimeout time.Duration
	// Name is what pg_stat_activity shows.
	Name string
	// Replicas are the addresses of streaming standbys that expensive reads may go to.
	Replicas []string
	// ReplicaWait is how long a read waits for one that is behind; 0 means 50 ms.
	ReplicaWait time.Duration
	// Traced makes spans of the statements that belong to a trace.
	Traced bool
}

// Store is the database as the other rooms see it. Safe for concurrent use.
type Store struct {
	pool     *pgxpool.Pool
	reads    Reader // where lists come from
	timeline int64  // of the replica that they come from; 0 for the primary's own
	replicas *replicas
	q        *db.Queries
	counts   *countCache
}

// Open connects, without asking whether the schema is there (see Migrate).
func Open(ctx context.Context, o Options) (*Store, error) {
	cfg, err := poolConfig(o)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("store: open: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("store: connect: %w", err)
	}
	standbys, err := openReplicas(ctx, o)
	if err != nil {
		pool.Close()
		return nil, err
	}
	return &Store{pool: pool, reads: pool, replicas: standbys, q: db.New(pool), counts: newCountCache(countCacheEntries)}, nil
}

func poolConfig(o Options) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		// pgx repeats the address in its message, password included.
		return nil, errors.New("store: the database address is not valid")
	}
	cfg.MaxConns = 16
	if o.MaxConns > 0 {
		cfg.MaxConns = int32(min(o.MaxConns, 1000))
	}
	if o.Traced {
		cfg.ConnConfig.Tracer = statementTracer{}
	}
	cfg.AfterConnect = knowUUIDs
	cfg.MaxConnIdleTime = 5 * time.Minute
	cfg.HealthCheckPeriod = 15 * time.Second
	timeout := o.StatementTimeout
	if timeout == 0 {
		timeout = 25 * time.Second
	}
	p := cfg.ConnConfig.RuntimeParams
	// Rows hold naive timestamps that mean UTC: any other session zone would shift what now() and casts write.
	p["timezone"] = "UTC"
	p["application_name"] = "ibutsu"
	if o.Name != "" {
		p["application_name"] = "ibutsu " + o.Name
	}
	p["statement_timeout"] = strconv.FormatInt(max(0, timeout.Milliseconds()), 10)
	// Compiling a dashboard's query takes longer than running it.
	p["jit"] = "off"
	return cfg, nil
}

// Close ends all connections.
func (s *Store) Close() {
	s.replicas.close()
	s.pool.Close()
}

// Pool is for the rooms that bring their own statements: the write path, the job queue, the widgets.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }

// Ping asks the database for an answer.
func (s *Store) Ping(ctx context.Context) error { return wrap("ping", s.pool.Ping(ctx)) }

// InTx runs f in a transaction, which commits when f returns nil. What it changes is recorded under the actor of ctx.
func (s *Store) InTx(ctx context.Context, f func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := nameActor(ctx, tx); err != nil {
			return err
		}
		return f(tx)
	})
}

// change runs one statement of its own, in a transaction where its actor is to be recorded.
func (s *Store) change(ctx context.Context, f func(*db.Queries) error) error {
	if _, ok := actorOf(ctx); !ok {
		return f(s.q)
	}
	return s.InTx(ctx, func(tx pgx.Tx) error { return f(s.q.WithTx(tx)) })
}

// Secret returns the value kept under the key, and keeps the given one first when there is none. Processes that start
// together agree on one value.
func (s *Store) Secret(ctx context.Context, key, fresh string) (string, error) {
	var value string
	err := s.pool.QueryRow(ctx, `
		WITH made AS (INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING RETURNING value)
		SELECT value FROM made UNION ALL SELECT value FROM settings WHERE key = $1 LIMIT 1`, key, fresh).Scan(&value)
	if errors.Is(err, pgx.ErrNoRows) {
		// The other process's row became visible after our snapshot.
		err = s.pool.QueryRow(ctx, `SELECT value FROM settings WHERE key = $1`, key).Scan(&value)
	}
	return value, wrap("secret "+key, err)
}

// instanceKey is the setting under which Instance is kept.
const instanceKey = "instance"

// Instance is the name of this database's history, made once: whoever keeps answers keeps them under it, so that several
// installations can share a Redis. A restore makes a new one.
func (s *Store) Instance(ctx context.Context) (string, error) {
	return s.Secret(ctx, instanceKey, uuid.NewString())
}

// wrap gives a database error the sentinel that callers decide by.
func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("store: %s: %w", doing, Classify(err))
}

// Classify adds the store's sentinel to an error of the database, where one fits.
func Classify(err error) error {
	var pg *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pgx.ErrNoRows):
		return fmt.Errorf("%w (%w)", ErrNotFound, err)
	case errors.As(err, &pg):
		if sentinel := sentinelOf(pg.Code); sentinel != nil {
			return fmt.Errorf("%w (%w)", sentinel, err)
		}
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) || pgconn.SafeToRetry(err) || brokeOff(err) {
		return fmt.Errorf("%w (%w)", ErrUnavailable, err)
	}
	return err
}

// brokeOff says whether a connection ended in the middle of a question, as it does when the server is killed.
func brokeOff(err error) bool {
	var network *net.OpError
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.As(err, &network)
}

func sentinelOf(code string) error {
	switch {
	case code == "23505":
		return ErrConflict
	case code == "23503":
		return ErrReference
	case code == "57014":
		return ErrTimeout
	case code == "57P01", code == "57P02", code == "57P03", code[:2] == "08", code[:2] == "53":
		return ErrUnavailable
	case code[:2] == "22", code[:2] == "23", code == "54000":
		return ErrInvalid
	}
	return nil
}
