package main

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/jobs"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
)

func TestJobs(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	d := newDesk("DATABASE_URL="+url, "IBUTSU_KEEP_RESULTS=10d")
	db, err := store.Open(t.Context(), store.Options{URL: url})
	require.NoError(t, err)
	defer db.Close()
	for _, statement := range []string{
		`INSERT INTO projects (id, name) VALUES (gen_random_uuid(), 'shop')`,
		`INSERT INTO results (id, project_id, start_time) SELECT gen_random_uuid(), id, now() - interval '20 days' FROM projects`,
		`INSERT INTO river_queue (name, updated_at) VALUES ('maintenance', now())`,
		`INSERT INTO river_job (kind, args, max_attempts, attempt, state, finalized_at, errors) VALUES ('import', '{}', 3, 3, 'discarded', now(),
			ARRAY['{"at": "2026-05-04T10:00:00Z", "attempt": 3, "error": "the disk is full", "trace": ""}'::jsonb])`,
	} {
		_, err := db.Pool().Exec(t.Context(), statement)
		require.NoError(t, err)
	}

	require.Zero(t, d.call(t, "jobs", "list", "--status", "dead", "--json"), d.stderr.String())
	var list []jobs.Job
	require.NoError(t, json.Unmarshal(d.stdout.Bytes(), &list))
	require.Len(t, list, 1)
	id := strconv.FormatInt(list[0].ID, 10)
	require.Zero(t, d.call(t, "jobs", "list"))
	require.Contains(t, d.stdout.String(), "the disk is full")
	require.Zero(t, d.call(t, "jobs", "show", id))
	require.Contains(t, d.stdout.String(), "the disk is full")
	require.Zero(t, d.call(t, "jobs", "retry", id))
	require.Equal(t, id+"  import  waiting\n", d.stdout.String())
	require.Equal(t, exitFailed, d.call(t, "jobs", "cancel", id, "999"))
	require.Equal(t, id+"  import  cancelled\n", d.stdout.String())
	require.Equal(t, "ibutsu: there is no job 999\n", d.stderr.String())

	require.Zero(t, d.call(t, "jobs", "pause", "maintenance"))
	require.Zero(t, d.call(t, "jobs", "queues"))
	require.Regexp(t, `maintenance +paused`, d.stdout.String())
	require.Zero(t, d.call(t, "jobs", "resume", "maintenance"))
	require.Equal(t, exitFailed, d.call(t, "jobs", "pause", "odd"))
	require.Zero(t, d.call(t, "jobs", "workers"))

	require.Zero(t, d.call(t, "jobs", "schedule", "prune-old-results", "--at", "@every 2h"))
	require.Regexp(t, `prune-old-results +@every 2h +enabled`, d.stdout.String())
	require.Zero(t, d.call(t, "jobs", "schedule", "prune-old-results", "--disable"))
	require.Regexp(t, `prune-old-results +@every 2h +disabled`, d.stdout.String())
	require.Equal(t, exitFailed, d.call(t, "jobs", "schedule", "none"))
	require.Equal(t, exitUsage, d.call(t, "jobs", "schedule", "--disable"))
	require.Zero(t, d.call(t, "jobs", "schedule", "sync-aborted-runs", "--now"))

	require.Zero(t, d.call(t, "jobs", "run", "db.apply_retention", "--dry-run"))
	require.Regexp(t, `^Job \d+ is waiting`, d.stdout.String())
	require.Zero(t, d.call(t, "jobs", "run"))
	require.Contains(t, d.stdout.String(), "db.give_back")
	require.Equal(t, exitUsage, d.call(t, "jobs", "run", "db.prune_old_runs", "--params", `{"month": 1}`))
	require.Zero(t, d.call(t, "jobs", "retention"), d.stderr.String())
	require.Regexp(t, `results +shop +20\d\d-\d\d-\d\d \S+ +0 +1 `, d.stdout.String())
}
