package widget

import (
	"github.com/jackc/pgx/v5"
)

// one reads the only row.
func one(rows pgx.Rows, into ...any) error {
	_, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (struct{}, error) {
		return struct{}{}, row.Scan(into...)
	})
	return err
}

// each reads all rows, one after the other.
func each(rows pgx.Rows, read func(row pgx.Rows) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := read(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
