package store_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
)

// The matches of an expression are sought among the newest rows where they are many, and wherever they are where they are old.
func TestPagesOfAnExpressionHaveEachMatchOnce(t *testing.T) {
	t.Parallel()
	s, ctx := dbtest.New(t), context.Background()
	p := addProject(t, s, nil)
	// 4,000 results; of the older half three in four ran into a timeout, of the newer one in a hundred.
	_, err := s.Pool().Exec(ctx, `
		INSERT INTO results (id, project_id, test_id, start_time, data)
		SELECT gen_random_uuid(), $1, 'test_' || n, timestamp '2024-01-01' + n * interval '1 minute',
		       jsonb_build_object('exception_name', CASE WHEN n % 100 = 0 OR n <= 2000 AND n % 4 > 0 THEN 'ReadTimeout' ELSE 'KeyError' END)
		  FROM generate_series(1, 4000) n`, p.ID)
	require.NoError(t, err)
	query := store.ListQuery{PageSize: 300, Filter: filter.Set{Conditions: []filter.Condition{
		{Field: "project_id", Op: filter.Eq, Value: p.ID.String()},
		{Field: "metadata.exception_name", Op: filter.Regex, Value: "Time.ut"},
	}}}
	seen := map[uuid.UUID]bool{}
	var last store.Result
	for query.Page = 1; ; query.Page++ {
		rows, total, err := s.Results(ctx, query)
		require.NoError(t, err)
		require.EqualValues(t, 1540, total)
		for _, r := range rows {
			require.False(t, seen[r.ID], "twice on the pages")
			require.JSONEq(t, `{"exception_name": "ReadTimeout"}`, string(r.Data))
			if len(seen) > 0 {
				require.True(t, r.StartTime.Before(last.StartTime), "newest first")
			}
			seen[r.ID], last = true, r
		}
		if len(rows) < query.PageSize {
			break
		}
	}
	require.Len(t, seen, 1540)
}
