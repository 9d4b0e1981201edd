package widget_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
	"github.com/ibutsu/ibutsu-go/src/widget"
)

// execer is a pool or a transaction.
type execer interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

func addRun(t testing.TB, at execer, start time.Time, job, build string, tests, failures int) uuid.UUID {
	t.Helper()
	id := uuid.New()
	_, err := at.Exec(t.Context(), `INSERT INTO runs (id, project_id, component, env, source, start_time, created, duration, summary, data)
		VALUES ($1, $2, 'login', 'qa', 'ci', $3, $3, 60, jsonb_build_object('tests', $4::int, 'failures', $5::int),
			jsonb_build_object('jenkins', jsonb_build_object('job_name', $6::text, 'build_number', $7::text)))`,
		id, projects[0], start, tests, failures, job, build)
	require.NoError(t, err)
	return id
}

// A window begins in the middle of a day: what came before it on that day does not count, whether or not days are folded.
func TestAWindowOfRunsBeginsWithinADay(t *testing.T) {
	t.Parallel()
	s := dbtest.New(t)
	insertProjects(t, s.Pool())
	w := widget.New(widget.Options{Store: s, Now: func() time.Time { return now }})
	begin := now.Add(-28 * day)
	addRun(t, s.Pool(), begin.Add(-time.Hour), "nightly", "1", 1000, 1000)
	addRun(t, s.Pool(), begin, "nightly", "2", 1000, 1000)
	addRun(t, s.Pool(), begin.Add(time.Microsecond), "nightly", "3", 10, 0)
	later := addRun(t, s.Pool(), begin.Add(day), "nightly", "4", 10, 5)
	failed := func() string {
		return answer(t, w, "run-aggregator", widget.Values{"group_field": {"component"}, "weeks": {"4"}, "project": {projects[0].String()}}, nil)
	}
	none := `"skipped": {"login": 0}, "error": {"login": 0}, "xfailed": {"login": 0}, "xpassed": {"login": 0}}`
	require.JSONEq(t, `{"passed": {"login": 75}, "failed": {"login": 25}, `+none, failed(), "not folded")
	exec(t, s.Pool(), `SELECT ibutsu_compact_rollups()`)
	require.JSONEq(t, `{"passed": {"login": 75}, "failed": {"login": 25}, `+none, failed(), "folded")
	exec(t, s.Pool(), `UPDATE runs SET summary = '{"tests": 10, "failures": 10}' WHERE id = $1`, later)
	require.JSONEq(t, `{"passed": {"login": 50}, "failed": {"login": 50}, `+none, failed(), "changed since it was folded")
}

// A run is in the sums from its commit on, and gone from them with it, whatever was folded in between.
func TestARunCountsFromItsCommitOn(t *testing.T) {
	t.Parallel()
	s, ctx := dbtest.New(t), t.Context()
	insertProjects(t, s.Pool())
	w := widget.New(widget.Options{Store: s, Now: func() time.Time { return now }})
	total := func() string {
		return answer(t, w, "result-summary", widget.Values{"project": {projects[0].String()}, "job_name": {"nightly"}}, nil)
	}
	builds := func() string {
		return answer(t, w, "jenkins-bar-chart", widget.Values{"project": {projects[0].String()}, "job_name": {"nightly"}, "builds": {"5"}}, nil)
	}
	summary := func(tests string) string {
		return `{"total": ` + tests + `, "failed": 0, "passed": ` + tests + `, "error": 0, "skipped": 0, "xfailed": 0, "xpassed": 0}`
	}
	first := addRun(t, s.Pool(), now.Add(-time.Hour), "nightly", "7", 3, 0)
	late, err := s.Pool().BeginTx(ctx, pgx.TxOptions{})
	require.NoError(t, err)
	addRun(t, late, now.Add(-2*time.Hour), "nightly", "7", 40, 0)
	exec(t, s.Pool(), `SELECT ibutsu_compact_rollups()`) // the late one is not seen
	require.JSONEq(t, summary("3"), total())
	require.JSONEq(t, `{"passed": {"7": 3}, "skipped": {"7": 0}, "error": {"7": 0}, "failed": {"7": 0}, "xpassed": {"7": 0}, "xfailed": {"7": 0}}`, builds())
	require.NoError(t, late.Commit(ctx))
	require.JSONEq(t, summary("43"), total())
	require.JSONEq(t, `{"passed": {"7": 43}, "skipped": {"7": 0}, "error": {"7": 0}, "failed": {"7": 0}, "xpassed": {"7": 0}, "xfailed": {"7": 0}}`, builds())
	exec(t, s.Pool(), `SELECT ibutsu_compact_rollups()`)
	exec(t, s.Pool(), `DELETE FROM runs WHERE id = $1`, first)
	require.JSONEq(t, summary("40"), total())
	exec(t, s.Pool(), `SELECT ibutsu_compact_rollups()`)
	require.JSONEq(t, summary("40"), total())
	exec(t, s.Pool(), `DELETE FROM runs`)
	require.JSONEq(t, `{"passed": {}, "skipped": {}, "error": {}, "failed": {}, "xpassed": {}, "xfailed": {}}`, builds())
	exec(t, s.Pool(), `SELECT ibutsu_compact_rollups()`)
	require.JSONEq(t, `{"passed": {}, "skipped": {}, "error": {}, "failed": {}, "xpassed": {}, "xfailed": {}}`, builds())
}

// The recount finds what is not as the runs have it, says how much that is, and puts it right; answers kept from before are gone.
func TestARecountPutsWrongDaysAndBuildsRight(t *testing.T) {
	t.Parallel()
	s, ctx := dbtest.New(t), t.Context()
	insertProjects(t, s.Pool())
	for i := range 4 {
		addRun(t, s.Pool(), now.Add(-time.Duration(i)*day), "nightly", string(rune('1'+i)), 10, i)
	}
	exec(t, s.Pool(), `SELECT ibutsu_compact_rollups()`)
	wrong, err := s.WrongRollups(ctx)
	require.NoError(t, err)
	require.Zero(t, wrong)
	before, err := s.Version(ctx, projects[:1])
	require.NoError(t, err)
	exec(t, s.Pool(), `UPDATE run_days SET tests = tests + 1 WHERE day = $1 AND field = 'env'`, now.Truncate(day))
	exec(t, s.Pool(), `INSERT INTO run_days (project_id, day, field, value, oldest, tests, errors, failures, skips, xfailures, xpasses)
		SELECT project_id, day - interval '90 days', field, value, oldest, tests, errors, failures, skips, xfailures, xpasses FROM run_days WHERE field = 'all' LIMIT 1`)
	exec(t, s.Pool(), `DELETE FROM jenkins_builds WHERE build_number = '2'`)
	wrong, err = s.WrongRollups(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 3, wrong, "two days and a build")
	wrong, err = s.RebuildRollups(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 3, wrong)
	after, err := s.Version(ctx, projects[:1])
	require.NoError(t, err)
	require.Greater(t, after, before)
	wrong, err = s.RebuildRollups(ctx)
	require.NoError(t, err)
	require.Zero(t, wrong)
}
