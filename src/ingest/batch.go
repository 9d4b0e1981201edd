package ingest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/telemetry/tracing"
)

// limits of one kind of row.
type limits struct {
	writers int   // transactions at once
	rows    int   // rows in one transaction
	bytes   int64 // bytes in one transaction
	queue   int   // rows that wait; one more is refused
	waiting int64 // bytes that wait; one more is refused
}

// batcher collects the rows that wait and writes them together: a commit costs the same for one row and for a hundred.
// Nothing waits for others to come: while one batch is being committed the next one gathers.
type batcher[T any] struct {
	limits limits
	name   string
	size   func(T) int64
	// write stores the rows in one transaction and tells the outcome of each; an error means that none is stored.
	write func(context.Context, []T) ([]error, error)

	mu      sync.Mutex
	queue   []*waiting[T]
	bytes   int64
	closed  bool
	arrived *sync.Cond
	running sync.WaitGroup

	measures *measures
}

type waiting[T any] struct {
	row   T
	size  int64
	since time.Time
	span  tracing.Span // of the request, if it is traced
	done  chan error
}

func newBatcher[T any](name string, l limits, m *measures, size func(T) int64, write func(context.Context, []T) ([]error, error)) *batcher[T] {
	b := &batcher[T]{name: name, limits: l, measures: m, size: size, write: write}
	b.arrived = sync.NewCond(&b.mu)
	for range l.writers {
		b.running.Go(b.run)
	}
	return b
}

// add waits until the row is committed, or refused.
func (b *batcher[T]) add(ctx context.Context, row T) error {
	ctx, span := tracing.Start(ctx, tracing.Internal, "group commit")
	defer span.End()
	w := &waiting[T]{row: row, size: b.size(row), since: time.Now(), span: span, done: make(chan error, 1)}
	b.mu.Lock()
	switch {
	case b.closed:
		b.mu.Unlock()
		return ErrClosed
	case len(b.queue) >= b.limits.queue, len(b.queue) > 0 && b.bytes+w.size > b.limits.waiting:
		b.mu.Unlock()
		return ErrBusy
	}
	b.queue = append(b.queue, w)
	b.bytes += w.size
	b.mu.Unlock()
	b.arrived.Signal()
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		// The row may still be written: whoever asked is gone and cannot be told, and will send the same id again.
		return ctx.Err()
	}
}

// close writes what waits and ends.
func (b *batcher[T]) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.arrived.Broadcast()
	b.running.Wait()
}

func (b *batcher[T]) run() {
	for {
		batch := b.take()
		if batch == nil {
			return
		}
		ctx, span := b.begin(batch)
		b.flush(ctx, batch)
		span.End()
	}
}

// begin measures a batch, and makes one span for all of its requests that are traced.
func (b *batcher[T]) begin(batch []*waiting[T]) (context.Context, tracing.Span) {
	var traced []tracing.Span
	now := time.Now()
	for _, w := range batch {
		b.measures.waited.Observe(now.Sub(w.since).Seconds(), b.name)
		if w.span.Recording() {
			traced = append(traced, w.span)
		}
	}
	b.measures.rows.Observe(float64(len(batch)), b.name)
	ctx, span := tracing.Join(context.Background(), "commit "+b.name, traced)
	span.Number("ibutsu.rows", int64(len(batch)))
	return ctx, span
}

func (b *batcher[T]) take() []*waiting[T] {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.queue) == 0 {
		if b.closed {
			return nil
		}
		b.arrived.Wait()
	}
	n, bytes := 0, int64(0)
	for n < len(b.queue) && n < b.limits.rows && (n == 0 || bytes+b.queue[n].size <= b.limits.bytes) {
		bytes += b.queue[n].size
		n++
	}
	batch := b.queue[:n:n]
	b.queue = b.queue[n:]
	if len(b.queue) == 0 {
		b.queue = nil // let go of the array, which would otherwise keep every row it ever held
	}
	b.bytes -= bytes
	return batch
}

// flush writes a batch. A row that the database refuses would take the others down with it, so a batch that fails is
// halved until the one is alone.
func (b *batcher[T]) flush(ctx context.Context, batch []*waiting[T]) {
	rows := make([]T, len(batch))
	for i, w := range batch {
		rows[i] = w.row
	}
	outcomes, err := b.attempt(ctx, rows)
	switch {
	case err == nil:
		for i, w := range batch {
			w.done <- outcomes[i]
		}
	case len(batch) > 1 && refused(err):
		b.flush(ctx, batch[:len(batch)/2])
		b.flush(ctx, batch[len(batch)/2:])
	default:
		for _, w := range batch {
			w.done <- err
		}
	}
}

// attempt writes the rows, again when the database went away before it heard of them.
func (b *batcher[T]) attempt(ctx context.Context, rows []T) (outcomes []error, err error) {
	pause := 20 * time.Millisecond
	for range 6 {
		writing, cancel := context.WithTimeout(ctx, 30*time.Second)
		outcomes, err = b.write(writing, rows)
		cancel()
		var connect *pgconn.ConnectError
		if err == nil || !pgconn.SafeToRetry(err) && !errors.As(err, &connect) && !serialization(err) {
			return outcomes, store.Classify(err)
		}
		time.Sleep(pause) //nolint:forbidigo // between two tries there is nothing to wait for but time
		pause *= 2
	}
	return nil, store.Classify(err)
}

// refused says that the fault is in a row, not in the database.
func refused(err error) bool {
	return errors.Is(err, store.ErrInvalid) || errors.Is(err, store.ErrReference) || errors.Is(err, store.ErrConflict)
}

func serialization(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40P01" || pg.Code == "40001")
}
