package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Listening is how a listener hears of a channel. Its functions are called one after the other, never at the same time.
type Listening struct {
	Channel string
	// Notified is called for each notification that is not a heartbeat.
	Notified func(payload string)
	// Live is called with true when notifications are proven to arrive, and with false when they may be missed. What
	// came in between is lost: whoever caches must forget everything on both.
	Live func(bool)
	// Heartbeat is how often the way of a notification is tried, through another connection; 0 means 10 s. An answer that
	// takes longer than half of it is none.
	Heartbeat time.Duration
	// Pause is how long to wait before connecting anew; 0 means 500 ms.
	Pause time.Duration
}

// heartbeat marks the payloads by which listeners try whether they hear: a connection pooler between us and PostgreSQL
// accepts LISTEN and then delivers nothing.
const heartbeat = "heartbeat "

// Listen hears a channel until the context ends, and connects anew when the connection is lost.
func (s *Store) Listen(ctx context.Context, l Listening) {
	if l.Heartbeat <= 0 {
		l.Heartbeat = 10 * time.Second
	}
	if l.Pause <= 0 {
		l.Pause = 500 * time.Millisecond
	}
	for ctx.Err() == nil {
		_ = s.listenOnce(ctx, l)
		l.Live(false)
		select {
		case <-ctx.Done():
		case <-time.After(l.Pause):
		}
	}
}

func (s *Store) listenOnce(ctx context.Context, l Listening) error {
	// Of its own, not of the pool: it is held for ever.
	conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return fmt.Errorf("store: connect to listen: %w", err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(closing)
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{l.Channel}.Sanitize()); err != nil {
		return wrap("listen", err)
	}
	for live := false; ; {
		if err := s.beat(ctx, conn, l, &live); err != nil {
			return err
		}
		if err := hear(ctx, conn, l); err != nil {
			return err
		}
	}
}

// beat sends a heartbeat and hears until it comes back.
func (s *Store) beat(ctx context.Context, conn *pgx.Conn, l Listening, live *bool) error {
	mine := heartbeat + uuid.NewString()
	ctx, cancel := context.WithTimeout(ctx, l.Heartbeat/2)
	defer cancel()
	if _, err := s.pool.Exec(ctx, `SELECT pg_notify($1, $2)`, l.Channel, mine); err != nil {
		return wrap("heartbeat", err)
	}
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return wrap("hear heartbeat", err)
		}
		if n.Payload == mine {
			break
		}
		l.deliver(n.Payload)
	}
	if !*live {
		*live = true
		l.Live(true)
	}
	return nil
}

// hear delivers what comes until the next heartbeat is due.
func hear(ctx context.Context, conn *pgx.Conn, l Listening) error {
	due, cancel := context.WithTimeout(ctx, l.Heartbeat)
	defer cancel()
	for {
		n, err := conn.WaitForNotification(due)
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil && !conn.IsClosed() {
			return nil
		}
		if err != nil {
			return wrap("hear", err)
		}
		l.deliver(n.Payload)
	}
}

func (l Listening) deliver(payload string) {
	if !strings.HasPrefix(payload, heartbeat) {
		l.Notified(payload)
	}
}
