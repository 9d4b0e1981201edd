package insight_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func often(times int, do func() error) error {
	for range times {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

// Several write the same results while others look at them: in the end what is known of each failure is what it says now.
func TestFailuresStayTrueWhileManyWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 7)
	ids := make([]uuid.UUID, 12)
	for n := range ids {
		ids[n] = uuid.New()
	}
	write := func(random *rand.Rand) error {
		id := pick(random, ids...)
		if random.IntN(5) == 0 {
			_, err := w.store.Pool().Exec(t.Context(), `DELETE FROM results WHERE id = $1`, id)
			return err
		}
		_, err := w.store.Pool().Exec(t.Context(), `INSERT INTO results (id, project_id, test_id, result, start_time, data)
			VALUES ($1, $2, $3, $4, $5, jsonb_build_object('message', $6::text)) ON CONFLICT (id) DO UPDATE
			SET test_id = excluded.test_id, result = excluded.result, start_time = excluded.start_time, data = excluded.data`,
			id, w.project, fmt.Sprint("t", random.IntN(3)), pick(random, "failed", "error", "passed"), today, pick(random, "red", "green", "blue"))
		return err
	}
	ended := make(chan error)
	for n := range 3 {
		random := rand.New(rand.NewPCG(7, uint64(n)))
		go func() { ended <- often(60, func() error { return write(random) }) }()
	}
	for range 2 {
		go func() {
			ended <- often(30, func() error {
				return errors.Join(w.store.FoldFailures(t.Context()), w.store.SettleFailures(t.Context(), w.project))
			})
		}()
	}
	for range 5 {
		require.NoError(t, <-ended)
	}
	require.NoError(t, w.store.FoldFailures(t.Context()))

	rows := func(query string) (n int) {
		require.NoError(t, w.store.Pool().QueryRow(t.Context(), query).Scan(&n), query)
		return n
	}
	require.Zero(t, rows(`SELECT (SELECT count(*) FROM failures_changed) + (SELECT count(*) FROM failures_unread) + (SELECT count(*) FROM tests_written)`))
	require.Equal(t, rows(`SELECT count(*) FROM results WHERE result IN ('failed', 'error')`), rows(`
		SELECT count(*) FROM results r JOIN failure_words w ON w.result_id = r.id WHERE r.result IN ('failed', 'error') AND w.words = ibutsu_words(ibutsu_failure_text(r.data))`))
	require.Zero(t, rows(`SELECT count(*) FROM failure_words w WHERE NOT EXISTS (SELECT 1 FROM result_failures f WHERE f.result_id = w.result_id)`))
	wrong, err := w.store.WrongRollups(t.Context())
	require.NoError(t, err)
	require.Zero(t, wrong)
}

// Judging a failure is not reading it again: what people classify by the hundred stays as it is.
func TestJudgingAFailureLeavesWhatIsKnownOfIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.fail("t", today, map[string]any{"message": "red"})
	require.NoError(t, w.store.FoldFailures(t.Context()))
	waiting := func() (n int) {
		require.NoError(t, w.store.Pool().QueryRow(t.Context(), `SELECT count(*) FROM failures_changed`).Scan(&n))
		return n
	}
	w.exec(`UPDATE results SET data = data || '{"classification": "product", "note": "seen"}'`)
	require.Zero(t, waiting())
	w.exec(`UPDATE results SET data = data || '{"message": "green"}'`)
	require.Equal(t, 1, waiting())
}

// The job that proves the rollups finds what somebody has broken by hand, and mends it.
func TestRecountMendsFailuresAndNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	kept, lost := w.fail("t1", today, map[string]any{"message": "red"}), w.fail("t2", today, map[string]any{"message": "red"})
	require.NoError(t, w.store.FoldFailures(t.Context()))
	w.exec(`DELETE FROM result_failures WHERE result_id = $1`, lost)
	w.exec(`UPDATE result_failures SET fingerprint = gen_random_uuid() WHERE result_id = $1`, kept)
	w.exec(`DELETE FROM project_tests WHERE test_id = 't2'`)
	wrong, err := w.store.RebuildRollups(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 3, wrong)
	wrong, err = w.store.RebuildRollups(t.Context())
	require.NoError(t, err)
	require.Zero(t, wrong)
}
