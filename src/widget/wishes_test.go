package widget_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
	"github.com/ibutsu/ibutsu-go/src/widget"
)

// Clients write all the while that a field gets its tally, and nothing is counted twice or not at all.
func TestATallyIsMadeWhileOthersWrite(t *testing.T) {
	t.Parallel()
	s := dbtest.New(t)
	insertProjects(t, s.Pool())
	ctx := context.Background()
	write(t, s, 7, 2, 40)
	stop, faults := make(chan struct{}), make(chan error, 2)
	for i := range 2 {
		go func() {
			c := newClient(11, uint64(i), s)
			for {
				select {
				case <-stop:
					faults <- nil
					return
				default:
				}
				if err := c.step(ctx); err != nil && !conflicted(err) {
					faults <- err
					return
				}
			}
		}()
	}
	// One that wrote before it could know of the field, and commits long after.
	old, err := s.Pool().Begin(ctx)
	require.NoError(t, err)
	_, err = old.Exec(ctx, `INSERT INTO results (id, project_id, start_time, data) VALUES ($1, $2, $3, '{"team": "late", "deep": {"er": 1}}')`, uuid.New(), projects[0], now)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- widget.TallyField(ctx, s, "metadata.team") }()
	require.Eventually(t, func() bool {
		var known bool
		require.NoError(t, s.Pool().QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM tallied_fields WHERE field = 'team')`).Scan(&known))
		return known
	}, 10*time.Second, time.Millisecond)
	require.Empty(t, done, "it waits for whom it cannot see")
	require.NoError(t, old.Commit(ctx))
	require.NoError(t, <-done)
	require.NoError(t, widget.TallyField(ctx, s, "data.deep.er"))
	close(stop)
	require.NoError(t, <-faults)
	require.NoError(t, <-faults)

	var counted, there, fields int64
	require.NoError(t, s.Pool().QueryRow(ctx, `SELECT coalesce(sum(n), 0) FROM field_tally WHERE field = 'team'`).Scan(&counted))
	require.NoError(t, s.Pool().QueryRow(ctx, `SELECT count(data ->> 'team') FROM results`).Scan(&there))
	require.Positive(t, there)
	require.Equal(t, there, counted)
	require.NoError(t, s.Pool().QueryRow(ctx, `SELECT count(*) FROM tallied_fields WHERE ready AND field IN ('team', 'deep.er')`).Scan(&fields))
	require.EqualValues(t, 2, fields)
	wrong, err := s.RebuildRollups(ctx)
	require.NoError(t, err)
	require.Zero(t, wrong)
	for _, field := range []string{"metadata", "summary.tests", "component", "metadata.list.0", "metadata..x", "metadata."} {
		require.Error(t, widget.TallyField(ctx, s, field), field)
	}
}

func TestAFieldThatIsOftenCountedGetsATally(t *testing.T) {
	t.Parallel()
	s := dbtest.New(t)
	insertProjects(t, s.Pool())
	ctx := context.Background()
	exec(t, s.Pool(), `INSERT INTO results (id, project_id, start_time, data)
		SELECT gen_random_uuid(), $1, $2, jsonb_build_object('team', n % 4, 'title', 'title ' || n, 'other', 1) FROM generate_series(1, 1000) n`, projects[0], now)
	exec(t, s.Pool(), `ANALYZE results`)
	// Every look at this clock takes a second, so that all that is counted counts as slow.
	clock := newClock(now)
	w := widget.New(widget.Options{Store: s, Now: func() time.Time {
		clock.set(clock.Now().Add(time.Second))
		return clock.Now()
	}})
	for field, times := range map[string]int{"metadata.team": 3, "metadata.title": 5, "metadata.other": 2, "metadata.exception_name": 5, "component": 5, "duration": 5} {
		for range times {
			answer(t, w, "result-aggregator", widget.Values{"group_field": {field}, "days": {"365"}}, nil)
		}
	}
	proposals, err := widget.TallyWishes(ctx, s, false)
	require.NoError(t, err)
	require.Len(t, proposals, 1, "not what is asked for seldom, nor what has as many values as results, nor what has a tally")
	require.Equal(t, "team", proposals[0].Field)
	require.EqualValues(t, 3, proposals[0].Asked)
	require.Positive(t, proposals[0].Took)
	require.False(t, proposals[0].Tallied)

	proposals, err = widget.TallyWishes(ctx, s, true)
	require.NoError(t, err)
	require.Len(t, proposals, 1)
	require.True(t, proposals[0].Tallied)
	proposals, err = widget.TallyWishes(ctx, s, true)
	require.NoError(t, err)
	require.Empty(t, proposals)
	fresh := widget.New(widget.Options{Store: s, Now: newClock(now).Now})
	require.JSONEq(t, `[{"_id": "0", "count": 250}, {"_id": "1", "count": 250}, {"_id": "2", "count": 250}, {"_id": "3", "count": 250}]`,
		answer(t, fresh, "result-aggregator", widget.Values{"group_field": {"metadata.team"}}, nil))
}
