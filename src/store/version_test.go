package store_test

import (
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
)

// Writers and readers at once: no reader may see the version go back, and no write may fail to move it, while readers fold
// its rows under each other.
func TestAVersionOnlyGrowsWhileItsRowsAreFolded(t *testing.T) {
	t.Parallel()
	s, ctx := dbtest.New(t), t.Context()
	p := addProject(t, s, nil)
	of := []uuid.UUID{p.ID}
	const writers, writes = 4, 150
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range writes {
				_, err := s.Pool().Exec(ctx, `INSERT INTO project_versions (project_id, n) VALUES ($1, 1)`, p.ID)
				require.NoError(t, err)
			}
		})
	}
	before, err := s.Version(ctx, of)
	require.NoError(t, err)
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			var last int64
			for running := true; running; {
				select {
				case <-done:
					running = false
				default:
				}
				now, err := s.Version(ctx, of)
				require.NoError(t, err)
				require.GreaterOrEqual(t, now, last)
				last = now
			}
		})
	}
	readers.Wait()
	after, err := s.Version(ctx, of)
	require.NoError(t, err)
	require.LessOrEqual(t, before, int64(writers*writes))
	require.EqualValues(t, writers*writes, after)

	_, err = s.Version(ctx, of)
	require.NoError(t, err)
	var rows int
	require.NoError(t, s.Pool().QueryRow(ctx, `SELECT count(*) FROM project_versions WHERE project_id = $1`, p.ID).Scan(&rows))
	require.Less(t, rows, writers*writes/2)
}
