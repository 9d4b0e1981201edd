package insight_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/insight"
)

func TestFilesOfARunAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 21)
	w.addRun()
	w.addRun()
	add := func(run uuid.UUID, file, state string) {
		w.exec(`INSERT INTO results (id, project_id, run_id, test_id, result, start_time, data)
			VALUES ($1, $2, $3, 't', $4, $5, jsonb_strip_nulls(jsonb_build_object('fspath', nullif($6, ''))))`,
			uuid.New(), w.project, run, state, today.Add(-time.Hour), file)
	}
	files := func(run uuid.UUID) insight.Files {
		raw, err := w.insight.Files(t.Context(), w.project, run)
		return decode[insight.Files](t, raw, err)
	}
	run, other := w.runs[0].id, w.runs[1].id
	require.Equal(t, insight.Files{Files: []insight.File{}}, files(run))
	for _, state := range []string{"passed", "xfailed", "skipped", "manual"} {
		add(run, "tests/a.py", state)
	}
	add(run, "", "passed")
	add(run, "tests/b.py", "failed")
	add(run, "tests/b.py", "error")
	add(other, "tests/c.py", "passed")
	require.Equal(t, insight.Files{Total: 3, Files: []insight.File{
		{Path: "tests/b.py", Counts: insight.Counts{Tests: 2, Failed: 1, Error: 1}},
		{Path: "", Counts: insight.Counts{Tests: 1, Passed: 1}},
		{Path: "tests/a.py", Counts: insight.Counts{Tests: 4, Passed: 1, XFailed: 1, Skipped: 1}},
	}}, files(run))
}
