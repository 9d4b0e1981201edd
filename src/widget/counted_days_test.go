package widget_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
	"github.com/ibutsu/ibutsu-go/src/widget"
)

// teams asks how many results each team has, by a field that no tally has.
func teams(t testing.TB, w *widget.Widgets, more ...string) string {
	t.Helper()
	return answer(t, w, "result-aggregator", widget.Values{"group_field": {"metadata.team"}, "days": {"30"}, "project": {projects[0].String()}, "additional_filters": more}, nil)
}

func addTeam(t testing.TB, s *store.Store, team string, start time.Time) uuid.UUID {
	t.Helper()
	id := uuid.New()
	exec(t, s.Pool(), `INSERT INTO results (id, project_id, result, start_time, data) VALUES ($1, $2, 'passed', $3, jsonb_build_object('team', $4::text))`, id, projects[0], start, team)
	return id
}

// Days that are over are counted once; whatever is done to one of them is in the next answer.
func TestADayThatChangedIsCountedAgain(t *testing.T) {
	t.Parallel()
	s := dbtest.New(t)
	insertProjects(t, s.Pool())
	ctx := context.Background()
	w := widget.New(widget.Options{Store: s, Now: func() time.Time { return now }, Slow: -1})
	first, second := addTeam(t, s, "red", now.Add(-10*day)), addTeam(t, s, "blue", now.Add(-20*day))
	require.JSONEq(t, `[{"_id": "blue", "count": 1}, {"_id": "red", "count": 1}]`, teams(t, w))

	late, err := s.Pool().Begin(ctx)
	require.NoError(t, err)
	_, err = late.Exec(ctx, `INSERT INTO results (id, project_id, start_time, data) VALUES ($1, $2, $3, '{"team": "late"}')`, uuid.New(), projects[0], now.Add(-10*day))
	require.NoError(t, err)

	for _, step := range []struct {
		does func()
		want string
	}{
		{func() { addTeam(t, s, "red", now.Add(-10*day)) }, `[{"_id": "red", "count": 2}, {"_id": "blue", "count": 1}]`},
		{func() { // metadata alone
			exec(t, s.Pool(), `UPDATE results SET data = '{"team": "green"}' WHERE id = $1`, first)
		}, `[{"_id": "blue", "count": 1}, {"_id": "green", "count": 1}, {"_id": "red", "count": 1}]`},
		{func() { // as many as before, of another team, and no delta is left of it
			exec(t, s.Pool(), `DELETE FROM results WHERE id = $1`, second)
			second = addTeam(t, s, "pink", now.Add(-20*day))
			exec(t, s.Pool(), `SELECT ibutsu_compact_rollups()`)
		}, `[{"_id": "green", "count": 1}, {"_id": "pink", "count": 1}, {"_id": "red", "count": 1}]`},
		{func() { // to another day
			exec(t, s.Pool(), `UPDATE results SET start_time = $2 WHERE id = $1`, second, now.Add(-40*day))
		}, `[{"_id": "green", "count": 1}, {"_id": "red", "count": 1}]`},
		{func() { // to another project
			exec(t, s.Pool(), `UPDATE results SET project_id = $2 WHERE id = $1`, first, projects[1])
		}, `[{"_id": "red", "count": 1}]`},
		{func() { // begun before all of these, and seen by none
			require.NoError(t, late.Commit(ctx))
		}, `[{"_id": "late", "count": 1}, {"_id": "red", "count": 1}]`},
		{func() { exec(t, s.Pool(), `DELETE FROM results`) }, `[]`},
	} {
		step.does()
		require.JSONEq(t, step.want, teams(t, w))
		require.JSONEq(t, step.want, teams(t, w), "with what was just kept")
	}
}

func TestDaysThatDidNotChangeAreNotCountedAgain(t *testing.T) {
	t.Parallel()
	s := dbtest.New(t)
	insertProjects(t, s.Pool())
	ctx := context.Background()
	w := widget.New(widget.Options{Store: s, Now: func() time.Time { return now }, Slow: -1})
	addTeam(t, s, "red", now.Add(-10*day))
	require.JSONEq(t, `[{"_id": "red", "count": 1}]`, teams(t, w))
	// What is kept is told from what is counted by a number that no count comes to.
	exec(t, s.Pool(), `UPDATE counted_days SET counts = '{"red": 70}'`)
	addTeam(t, s, "red", now)
	require.JSONEq(t, `[{"_id": "red", "count": 71}]`, teams(t, w))
	require.JSONEq(t, `[{"_id": "red", "count": 2}]`, teams(t, w, "result=passed"), "another question")
	require.JSONEq(t, `[{"_id": "red", "count": 2}]`, teams(t, w, "result=passed,start_time<tomorrow", "start_time>epoch"), "what moves with the clock is never kept")

	exec(t, s.Pool(), `UPDATE counted_days SET cluster = cluster + 1`)
	require.JSONEq(t, `[{"_id": "red", "count": 2}]`, teams(t, w), "what another cluster counted is worth nothing here")
	exec(t, s.Pool(), `UPDATE counted_days SET counts = '{"red": 70}'`)
	require.NoError(t, widget.ForgetCountedDays(ctx, s, time.Now().Add(time.Minute)))
	require.JSONEq(t, `[{"_id": "red", "count": 2}]`, teams(t, w))
	exec(t, s.Pool(), `UPDATE counted_days SET counts = '{"red": 70}'`)
	_, err := s.RebuildRollups(ctx)
	require.NoError(t, err)
	require.JSONEq(t, `[{"_id": "red", "count": 2}]`, teams(t, w), "a recount trusts nothing")
}

// More changed days than one statement counts apart, and a field with a new value in every result.
func TestManyDaysAndManyValuesAreCounted(t *testing.T) {
	t.Parallel()
	s := dbtest.New(t)
	insertProjects(t, s.Pool())
	w := widget.New(widget.Options{Store: s, Now: func() time.Time { return now }, Slow: -1})
	for i := range 60 {
		addTeam(t, s, "red", now.Add(-time.Duration(2*i)*day))
	}
	exec(t, s.Pool(), `INSERT INTO results (id, project_id, start_time, data) SELECT gen_random_uuid(), $1, $2, jsonb_build_object('title', 'title ' || n) FROM generate_series(1, 700) n`,
		projects[0], now.Add(-3*day))
	ask := func(field, days string) string {
		return answer(t, w, "result-aggregator", widget.Values{"group_field": {field}, "days": {days}, "project": {projects[0].String()}}, nil)
	}
	for _, days := range []string{"50", "365", "0", "50"} {
		of := map[string]int{"50": 25, "365": 60, "0": 60}[days]
		require.JSONEq(t, fmt.Sprintf(`[{"_id": "red", "count": %d}]`, of), ask("metadata.team", days))
		titles := ask("metadata.title", days)
		require.Contains(t, titles, `{"_id":"title 700","count":1}`)
		require.NotContains(t, titles, `"count":2`)
	}
	var kept int
	require.NoError(t, s.Pool().QueryRow(context.Background(), `SELECT count(*) FROM counted_days c, jsonb_each(counts) e WHERE e.key LIKE 'title%'`).Scan(&kept))
	require.Zero(t, kept, "a day of titles is no shorter than its results")
}
