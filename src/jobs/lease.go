package jobs

import (
	"context"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/rivertype"
	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/store"
)

type jobRow = rivertype.JobRow

// lease is the worker's sign of life: an advisory lock on a connection of its own, which PostgreSQL lets go in the moment in
// which the process dies. Nobody has to wait for a time-out to take over its jobs.
type lease struct {
	store  *store.Store
	holder string
	log    zerolog.Logger

	mu   sync.Mutex
	conn *pgxpool.Conn
}

func (l *lease) take(ctx context.Context) error {
	conn, err := l.store.HoldLease(ctx, l.holder)
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.conn = conn
	l.mu.Unlock()
	return nil
}

// keep makes sure that the lease is held, and takes it again when its connection broke.
func (l *lease) keep(ctx context.Context) error {
	l.mu.Lock()
	conn := l.conn
	l.mu.Unlock()
	if conn != nil && conn.Ping(ctx) == nil {
		return nil
	}
	l.drop()
	return l.take(ctx)
}

func (l *lease) held() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conn != nil
}

func (l *lease) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		// Closed, not given back to the pool: the lock belongs to the session.
		_ = l.conn.Conn().Close(context.Background())
		l.conn.Release()
		l.conn = nil
	}
}
