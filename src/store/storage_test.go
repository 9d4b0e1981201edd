package store_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
)

// TestStorageOfManyArtifactsIsEstimated: what is looked at does not grow with the table, and what is said comes near.
func TestStorageOfManyArtifactsIsEstimated(t *testing.T) {
	t.Parallel()
	s := dbtest.New(t)
	const rows = 30_000
	for _, statement := range []string{
		`INSERT INTO runs (id, start_time, created) VALUES ('00000000-0000-0000-0000-000000000001', now(), now())`,
		`INSERT INTO blobs (hash, store, key, size, stored) SELECT sha256(i::text::bytea), 's3', i::text, 1000, 400 FROM generate_series(1, 30000) i`,
		`INSERT INTO artifacts (id, run_id, filename, upload_date, blob)
		 SELECT gen_random_uuid(), '00000000-0000-0000-0000-000000000001', i::text, now(), sha256(i::text::bytea) FROM generate_series(1, 30000) i`,
	} {
		_, err := s.Pool().Exec(context.Background(), statement)
		require.NoError(t, err)
	}
	all, err := s.Storage(t.Context())
	require.NoError(t, err)
	require.True(t, all.Estimated)
	require.Len(t, all.Stores, 1)
	require.Equal(t, "s3", all.Stores[0].Store)
	require.InEpsilon(t, rows, all.Stores[0].Artifacts, 0.2)
	require.InEpsilon(t, rows*1000, all.Stores[0].Bytes, 0.2)
	require.InEpsilon(t, rows*400, all.Stores[0].Stored, 0.2)
}
