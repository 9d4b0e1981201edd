package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// shortList is a table that holds thousands of rows at most, so that counting and skipping cost nothing.
type shortList[T any] struct {
	table, columns, order string
	scan                  func(pgx.CollectableRow) (T, error)
}

func (l shortList[T]) page(ctx context.Context, s *Store, c condition, page, size int) ([]T, int64, error) {
	var total int64
	err := s.reads.QueryRow(ctx, "SELECT count(*) FROM "+l.table+" WHERE "+c.where, append([]any{dynamic}, c.args...)...).Scan(&total)
	if err != nil {
		return nil, 0, wrap("count "+l.table, err)
	}
	offset, fits := ListQuery{Page: page, PageSize: size}.offset()
	if !fits || offset >= total || size <= 0 {
		return []T{}, total, nil
	}
	rows, _ := s.reads.Query(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY %s OFFSET %d LIMIT %d",
		l.columns, l.table, c.where, l.order, offset, size), append([]any{dynamic}, c.args...)...)
	items, err := pgx.CollectRows(rows, l.scan)
	return items, total, wrap("list "+l.table, err)
}
