package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Order is a field that rows are sorted by; rows without it come last. Of rows with equal values the newest comes first,
// so that no row is on two pages.
type Order struct {
	field      string
	Descending bool
}

// The fields that lists can be sorted by, and what they are in SQL.
var (
	runOrders = map[string]string{ //nolint:gosec // pass_percent is no password
		"start_time": "start_time", "duration": "duration", "env": "env", "component": "component", "source": "source", "created": "created",
		"summary.tests": "tests", "summary.failures": "failures", "summary.errors": "errors", "summary.skips": "skips",
		"summary.xfailures": "xfailures", "summary.xpasses": "xpasses",
		"summary.pass_percent": "(100.0 * (tests - errors - failures - skips - xfailures - xpasses) / nullif(tests, 0))",
	}
	resultOrders = map[string]string{
		"start_time": "start_time", "duration": "duration", "test_id": "test_id", "result": "result", "env": "env", "component": "component",
		"source": "source",
	}
)

// RunOrder reads an order of runs: the name of a field, with a minus before it for the largest first.
func RunOrder(text string) (*Order, error) { return parseOrder(text, runOrders) }

// ResultOrder reads an order of results.
func ResultOrder(text string) (*Order, error) { return parseOrder(text, resultOrders) }

func parseOrder(text string, fields map[string]string) (*Order, error) {
	field, descending := strings.CutPrefix(text, "-")
	if _, ok := fields[field]; !ok {
		return nil, errors.New("it can be sorted by " + strings.Join(slices.Sorted(maps.Keys(fields)), ", ") + ", with - before it for the largest first")
	}
	return &Order{field: field, Descending: descending}, nil
}

// sorted is a page in another order than by time.
func (l listing[T]) sorted(ctx context.Context, s *Store, q ListQuery, c condition, k known, offset int64) ([]T, error) {
	direction := "ASC"
	if q.Order.Descending {
		direction = "DESC"
	}
	order := fmt.Sprintf(" ORDER BY %s %s NULLS LAST, %s DESC, id DESC", l.orders[q.Order.field], direction, l.time)
	where, args := c.where, append([]any{dynamic}, c.args...)
	if k.ids != nil {
		where, args = "id = ANY($1)", []any{k.ids}
	}
	// The keys are sorted, not the rows with their metadata.
	keys := "SELECT id FROM " + l.table + " WHERE " + where + order + fmt.Sprintf(" OFFSET %d LIMIT %d", offset, q.PageSize)
	rows, _ := s.pool.Query(ctx, "SELECT "+l.columns+" FROM "+l.table+" WHERE id IN ("+keys+")"+order, args...)
	return pgx.CollectRows(rows, l.scan)
}
