package store

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-go/src/telemetry/tracing"
)

// statementTracer makes a span of each statement that belongs to a trace: its name, never its parameters.
type statementTracer struct{}

func begin(ctx context.Context, name string) context.Context {
	ctx, span := tracing.Start(ctx, tracing.Client, name)
	span.Text("db.system.name", "postgresql")
	span.Text("db.query.summary", name)
	return ctx
}

// end ends the span that begin began: within a trace, the one of ctx is always that.
func end(ctx context.Context, err error) {
	span := tracing.Of(ctx)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		span.Fail(failure(err))
	}
	span.End()
}

// failure is a code of PostgreSQL where it answered: its text may quote values.
func failure(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code
	}
	return "no answer"
}

// TraceQueryStart implements [pgx.QueryTracer].
func (statementTracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if !tracing.Recording(ctx) {
		return ctx
	}
	return begin(ctx, summary(data.SQL))
}

// TraceQueryEnd implements [pgx.QueryTracer].
func (statementTracer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	end(ctx, data.Err)
}

// TraceBatchStart implements [pgx.BatchTracer].
func (statementTracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	if !tracing.Recording(ctx) {
		return ctx
	}
	ctx = begin(ctx, "BATCH")
	tracing.Of(ctx).Number("db.operation.batch.size", int64(data.Batch.Len()))
	return ctx
}

// TraceBatchQuery implements [pgx.BatchTracer].
func (statementTracer) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements [pgx.BatchTracer].
func (statementTracer) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchEndData) {
	end(ctx, data.Err)
}

// TraceCopyFromStart implements [pgx.CopyFromTracer].
func (statementTracer) TraceCopyFromStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceCopyFromStartData) context.Context {
	if !tracing.Recording(ctx) {
		return ctx
	}
	return begin(ctx, "COPY "+strings.Join(data.TableName, "."))
}

// TraceCopyFromEnd implements [pgx.CopyFromTracer].
func (statementTracer) TraceCopyFromEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceCopyFromEndData) {
	end(ctx, data.Err)
}

// summary is the name of a statement of queries/, else its verb and the first table that it names: lists and widgets are
// built from what users ask for, and have no name.
func summary(sql string) string {
	if name, ok := strings.CutPrefix(sql, "-- name: "); ok {
		name, _, _ = strings.Cut(name, " ")
		return name
	}
	words := strings.Fields(sql[:min(len(sql), 4096)])
	if len(words) == 0 {
		return "SQL"
	}
	verb := strings.ToUpper(words[0])
	for i, word := range words[:len(words)-1] {
		switch strings.ToUpper(strings.TrimLeft(word, "(")) {
		case "FROM", "INTO", "UPDATE":
			if table := identifier(words[i+1]); table != "" {
				return verb + " " + table
			}
		}
	}
	return verb
}

// identifier is the name that a word begins with; "" for a sub-select, or a value.
func identifier(word string) string {
	end := strings.IndexFunc(word, func(r rune) bool {
		return r != '_' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
	})
	if end < 0 {
		return word
	}
	return word[:end]
}
