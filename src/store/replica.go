package store

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Reader is what an expensive read asks: the primary's pool, or a connection to a replica. One statement at a time.
type Reader interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	BeginTx(ctx context.Context, o pgx.TxOptions) (pgx.Tx, error)
}

const (
	// defaultReplicaWait is how long a read waits for a replica to catch up: about what a network adds to a commit.
	defaultReplicaWait = 50 * time.Millisecond
	// replicaConnect is how long a replica may take to give a connection.
	replicaConnect = 500 * time.Millisecond
	// restBehind and restBroken are how long a replica is left alone that is behind, or does not work: else every read
	// would first pay for finding out.
	restBehind = time.Second
	restBroken = 5 * time.Second
	// askAgain is how often a replica is asked that is behind.
	askAgain = 2 * time.Millisecond
)

// replicas are the streaming standbys that reads may go to.
type replicas struct {
	all  []*replica
	wait time.Duration
	next atomic.Uint64
}

type replica struct {
	name  string
	pool  *pgxpool.Pool
	rests atomic.Int64 // unix microseconds until which it is left alone
	stats replicaCounters
}

type replicaCounters struct{ served, behind, failed atomic.Int64 }

// ReplicaStats says what became of the reads that a replica was chosen for.
type ReplicaStats struct {
	// Name is host and port.
	Name string
	// Served were answered by it; for the others it was Behind the primary or Failed, and the primary answered.
	Served, Behind, Failed int64
}

// Replicas tells how the replicas do.
func (s *Store) Replicas() []ReplicaStats {
	stats := make([]ReplicaStats, len(s.replicas.all))
	for i, r := range s.replicas.all {
		stats[i] = ReplicaStats{r.name, r.stats.served.Load(), r.stats.behind.Load(), r.stats.failed.Load()}
	}
	return stats
}

// openReplicas connects to nothing yet: a replica that is away must not keep a server from starting.
func openReplicas(ctx context.Context, o Options) (*replicas, error) {
	opened := &replicas{wait: o.ReplicaWait}
	if opened.wait == 0 {
		opened.wait = defaultReplicaWait
	}
	for _, url := range o.Replicas {
		replicaOptions := o
		replicaOptions.URL, replicaOptions.Name = url, o.Name+" replica"
		cfg, err := poolConfig(replicaOptions)
		if err != nil {
			opened.close()
			return nil, fmt.Errorf("%w (a replica's)", err)
		}
		pool, err := pgxpool.NewWithConfig(ctx, cfg)
		if err != nil {
			opened.close()
			return nil, fmt.Errorf("store: open replica: %w", err)
		}
		name := fmt.Sprintf("%s:%d", cfg.ConnConfig.Host, cfg.ConnConfig.Port)
		opened.all = append(opened.all, &replica{name: name, pool: pool})
	}
	return opened, nil
}

func (r *replicas) close() {
	for _, one := range r.all {
		one.pool.Close()
	}
}

// Read runs f, which only reads, on a replica that has everything which the primary had committed when Read was called, so
// that nobody ever sees less than before, and least of all who has just written. Where there is none, or it fails, f runs on
// the primary; it may run twice.
func (s *Store) Read(ctx context.Context, f func(ctx context.Context, from Reader) error) error {
	one, conn := s.fresh(ctx)
	if conn == nil {
		return f(ctx, s.pool)
	}
	err := f(ctx, *conn)
	lost := conn.Conn.Conn().IsClosed()
	conn.Release()
	if err == nil || ctx.Err() != nil || !lost && !replicasFault(err) {
		one.stats.served.Add(1)
		return err
	}
	one.stats.failed.Add(1)
	one.rest(restBroken)
	return f(ctx, s.pool)
}

// replicasFault says whether an error would not have come on the primary: a standby ends queries that keep it from catching
// up, or is shut down.
func replicasFault(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return errors.Is(Classify(err), ErrUnavailable)
	}
	return pg.Code == "40001" || pg.Code == "40P01" || pg.Code == "25006" || errors.Is(sentinelOf(pg.Code), ErrUnavailable)
}

// fresh returns a connection to a replica that is up to date, to be released; nil when there is none.
func (s *Store) fresh(ctx context.Context) (*replica, *onReplica) {
	one := s.replicas.choose(time.Now())
	if one == nil {
		return nil, nil
	}
	var position string
	var timeline int64
	// What is committed is flushed, unless synchronous_commit is off: then only what is inserted has it.
	err := s.pool.QueryRow(ctx, `SELECT (CASE current_setting('synchronous_commit') WHEN 'off' THEN pg_current_wal_insert_lsn()
		ELSE pg_current_wal_flush_lsn() END)::text, `+currentTimeline).Scan(&position, &timeline)
	if err != nil {
		return nil, nil // f will say so
	}
	waiting, cancel := context.WithTimeout(ctx, replicaConnect)
	defer cancel()
	conn, err := one.pool.Acquire(waiting)
	if err != nil {
		one.stats.failed.Add(1)
		one.rest(restBroken)
		return nil, nil
	}
	switch err := one.catchUp(ctx, conn, position, timeline, s.replicas.wait); {
	case err == nil:
		return one, &onReplica{conn, timeline}
	case errors.Is(err, errBehind):
		one.stats.behind.Add(1)
		one.rest(restBehind)
	default:
		one.stats.failed.Add(1)
		one.rest(restBroken)
	}
	conn.Release()
	return nil, nil
}

// choose takes turns among those that do not rest.
func (r *replicas) choose(now time.Time) *replica {
	for range r.all {
		one := r.all[r.next.Add(1)%uint64(len(r.all))]
		if now.UnixMicro() >= one.rests.Load() {
			return one
		}
	}
	return nil
}

func (r *replica) rest(long time.Duration) { r.rests.Store(time.Now().Add(long).UnixMicro()) }

var (
	errBehind = errors.New("behind the primary")
	errOther  = errors.New("no standby of this primary")
)

// catchUp waits until the replica has replayed the primary's log up to the position. A server that was promoted, or
// follows another timeline, has a log of its own, in which positions mean something else.
func (r *replica) catchUp(ctx context.Context, conn *pgxpool.Conn, position string, timeline int64, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, wait+replicaConnect)
	defer cancel()
	for deadline := time.Now().Add(wait); ; {
		var follows, there bool
		err := conn.QueryRow(ctx, `SELECT pg_is_in_recovery() AND (SELECT timeline_id FROM pg_control_checkpoint()) = $2,
			coalesce(pg_last_wal_replay_lsn() >= $1::text::pg_lsn, false)`, position, timeline).Scan(&follows, &there)
		switch {
		case err != nil:
			return err
		case !follows:
			return errOther
		case there:
			return nil
		case time.Now().Add(askAgain).After(deadline):
			return errBehind
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(askAgain):
		}
	}
}

// onReplica is a connection to a replica that follows this timeline.
type onReplica struct {
	*pgxpool.Conn
	timeline int64
}

// from is the store with its expensive reads going there. Versions are read there, too: what is counted is kept under the
// version that was there before, never under a newer one.
func (s *Store) from(r Reader) *Store {
	there := *s
	there.reads = r
	if replica, ok := r.(onReplica); ok {
		there.timeline = replica.timeline
	}
	return &there
}
