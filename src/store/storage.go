package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Storage is how much room the database and the contents of artifacts take.
type Storage struct {
	// Database is the size of the whole database in bytes.
	Database int64
	// Estimated says that Stores are made from a part of the artifacts.
	Estimated bool
	// Stores are those that have something.
	Stores []StoreUse
}

// StoreUse is what is kept in one store of contents.
type StoreUse struct {
	// Store is postgresql, files or s3.
	Store string
	// Artifacts is how many have their content there.
	Artifacts int64
	// Bytes of their contents as they were sent, each counted as often as an artifact has it.
	Bytes int64
	// Stored is how many bytes that takes: packed, and each content once. In the database it is the whole table of artifacts.
	Stored int64
}

// lookedThrough is how many pages of a table are read to estimate it. A table that has no more is counted exactly.
const lookedThrough = 200

// Storage looks at a part of the artifacts that does not grow with their number.
func (s *Store) Storage(ctx context.Context) (Storage, error) {
	var all Storage
	var table, artifacts, blobs int64
	err := s.pool.QueryRow(ctx, `
		SELECT pg_database_size(current_database()), pg_total_relation_size('artifacts'),
		       pg_relation_size('artifacts') / current_setting('block_size')::int, pg_relation_size('blobs') / current_setting('block_size')::int`).
		Scan(&all.Database, &table, &artifacts, &blobs)
	if err != nil {
		return all, wrap("storage", err)
	}
	all.Estimated = artifacts > lookedThrough || blobs > lookedThrough
	// The same part each time, so that the figures do not tremble. A content's length is told by its head, without reading it; the
	// rows of blobs are found one by one, lest all of them are read.
	rows, _ := s.pool.Query(ctx, `
		WITH had AS (
			SELECT coalesce(b.store, 'postgresql') AS store, count(*) AS artifacts, sum(coalesce(b.size, octet_length(a.content), 0)) AS bytes
			  FROM artifacts a TABLESAMPLE SYSTEM ($1) REPEATABLE (1)
			  LEFT JOIN LATERAL (SELECT store, size FROM blobs WHERE hash = a.blob LIMIT 1) b ON true
			 GROUP BY 1),
		kept AS (SELECT store, sum(stored) AS stored FROM blobs TABLESAMPLE SYSTEM ($2) REPEATABLE (1) GROUP BY 1)
		SELECT store, (coalesce(artifacts, 0) * 100 / $1)::bigint, (coalesce(bytes, 0) * 100 / $1)::bigint, (coalesce(stored, 0) * 100 / $2)::bigint
		  FROM had FULL JOIN kept USING (store) ORDER BY store`, dynamic, percent(artifacts), percent(blobs))
	all.Stores, err = pgx.CollectRows(rows, pgx.RowToStructByPos[StoreUse])
	for n := range all.Stores {
		if all.Stores[n].Store == "postgresql" {
			all.Stores[n].Stored = table
		}
	}
	return all, wrap("storage", err)
}

// percent is how much of a table of so many pages is looked at.
func percent(pages int64) float64 {
	if pages <= lookedThrough {
		return 100
	}
	return 100 * lookedThrough / float64(pages)
}
