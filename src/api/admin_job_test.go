package api_test

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/importer"
	"github.com/ibutsu/ibutsu-go/src/jobs"
)

func jobPath(o object) string {
	id, _ := o["id"].(float64)
	return "/api/admin/job/" + strconv.FormatInt(int64(id), 10)
}

// work starts a worker beside the API.
func (h *house) work(t *testing.T, formats ...importer.Format) {
	t.Helper()
	w, err := jobs.NewWorker(jobs.WorkerOptions{Store: h.store, Log: zerolog.Nop(), Version: "1.2.3", Formats: formats})
	require.NoError(t, err)
	require.NoError(t, w.Start(t.Context()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		require.NoError(t, w.Stop(ctx))
	})
}

func TestADeadJobIsSeenAndRunsAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	super := h.person(t, true)
	post := func(path string) answer { return h.call(t, super, http.MethodPost, path, nil) }
	h.exec(t, `INSERT INTO river_job (kind, queue, args, max_attempts, attempt, state, finalized_at, attempted_by, errors)
		VALUES ('sync_runs', 'maintenance', '{}', 3, 3, 'discarded', now(), '{worker-1}',
		        ARRAY['{"at": "2026-05-04T10:00:00Z", "attempt": 3, "error": "the disk is full", "trace": ""}'::jsonb])`)
	h.exec(t, `INSERT INTO river_job (kind, args, max_attempts) VALUES ('update_run', '{}', 3)`)

	dead := h.get(t, super, "/api/admin/job?state=dead").object(t)
	require.Len(t, dead["jobs"], 1)
	job := dead["jobs"].([]any)[0].(object)
	require.Equal(t, "the disk is full", job["errors"].([]any)[0].(object)["error"])
	require.Equal(t, "worker-1", job["worker"])
	for query, n := range map[string]int{"": 2, "?state=failed": 1, "?state=waiting": 1, "?kind=update_run": 1, "?queue=maintenance": 1, "?queue=imports": 0, "?page=2&pageSize=1": 1} {
		require.Len(t, h.get(t, super, "/api/admin/job"+query).object(t)["jobs"], n, query)
	}
	requireProblem(t, h.get(t, super, "/api/admin/job?state=odd"), http.StatusBadRequest)
	requireProblem(t, h.get(t, super, "/api/admin/job?pageSize=501"), http.StatusBadRequest)

	again := post(jobPath(job) + "/retry").object(t)
	require.Equal(t, "waiting", again["state"])
	require.EqualValues(t, 4, again["max_attempts"], "one more than it has used up")
	require.Equal(t, "cancelled", post(jobPath(job) + "/cancel").object(t)["state"])
	require.Equal(t, http.StatusOK, h.call(t, super, http.MethodDelete, jobPath(job), nil).status)
	for _, path := range []string{jobPath(job) + "/retry", jobPath(job) + "/cancel"} {
		requireProblem(t, post(path), http.StatusNotFound)
	}
	requireProblem(t, h.get(t, super, jobPath(job)), http.StatusNotFound)
	requireProblem(t, h.call(t, super, http.MethodDelete, jobPath(job), nil), http.StatusNotFound)

	h.exec(t, `UPDATE river_job SET state = 'running'`)
	running := h.get(t, super, "/api/admin/job?state=running").object(t)["jobs"].([]any)[0].(object)
	requireProblem(t, post(jobPath(running)+"/retry"), http.StatusConflict)
	requireProblem(t, h.call(t, super, http.MethodDelete, jobPath(running), nil), http.StatusConflict)
	require.Equal(t, true, post(jobPath(running) + "/cancel").object(t)["cancelling"])
	h.exec(t, `UPDATE river_job SET state = 'completed', finalized_at = now()`)
	requireProblem(t, post(jobPath(running)+"/cancel"), http.StatusConflict)
	require.Equal(t, http.StatusBadRequest, h.get(t, super, "/api/admin/job/x").status)
}

func TestAPausedQueueWaits(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	super := h.person(t, true)
	h.work(t)
	pause := func(queue string, paused bool) answer {
		return h.call(t, super, http.MethodPut, "/api/admin/queue/"+queue, object{"paused": paused})
	}
	state := func(a answer) any { return h.get(t, super, jobPath(a.object(t))).object(t)["state"] }
	first := h.call(t, super, http.MethodPost, "/api/admin/schedule/sync-aborted-runs/run", nil)
	require.Eventually(t, func() bool { return state(first) == "done" }, 20*time.Second, 20*time.Millisecond)
	require.Equal(t, http.StatusOK, pause("maintenance", true).status)
	requireProblem(t, pause("elsewhere", true), http.StatusNotFound)
	requireProblem(t, pause("*", true), http.StatusNotFound)
	requireBad(t, h.call(t, super, http.MethodPut, "/api/admin/queue/maintenance", object{}))

	job := h.call(t, super, http.MethodPost, "/api/admin/schedule/sync-aborted-runs/run", nil)
	require.Equal(t, http.StatusAccepted, job.status, string(job.body))
	other := h.call(t, super, http.MethodPost, "/api/admin/task", object{"task": "runs.update_run", "params": object{"run_id": h.project(t, nil)}})
	require.Equal(t, http.StatusAccepted, other.status, string(other.body))
	require.Eventually(t, func() bool { return state(other) == "done" }, 20*time.Second, 20*time.Millisecond, "other queues go on")
	require.Equal(t, "waiting", state(job))
	queues := map[string]object{}
	for _, q := range h.get(t, super, "/api/admin/queue").object(t)["queues"].([]any) {
		name, _ := q.(object)["name"].(string)
		queues[name] = q.(object)
	}
	require.Equal(t, true, queues["maintenance"]["paused"])
	require.EqualValues(t, 1, queues["maintenance"]["waiting"])
	require.EqualValues(t, 1, queues["maintenance"]["workers"])
	require.Positive(t, queues["maintenance"]["oldest_seconds"])
	require.Equal(t, http.StatusOK, pause("maintenance", false).status)
	require.Eventually(t, func() bool { return state(job) == "done" }, 20*time.Second, 20*time.Millisecond)
	require.Equal(t, object{"dry_run": false, "runs": 0.0}, h.get(t, super, jobPath(job.object(t))).object(t)["output"])
}

func TestWorkersAreSeen(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	super := h.person(t, true)
	h.exec(t, `INSERT INTO workers (id, role, version, host, pid, started, seen) VALUES ('worker-dead', 'worker', '1.0.0', 'elsewhere', 7, now(), now())`)
	h.work(t)
	var workers []any
	require.Eventually(t, func() bool {
		workers = h.get(t, super, "/api/admin/worker").object(t)["workers"].([]any)
		return len(workers) == 2
	}, 20*time.Second, 20*time.Millisecond)
	mine := workers[0].(object)
	require.Equal(t, true, mine["alive"])
	require.Equal(t, "1.2.3", mine["version"])
	require.EqualValues(t, 11, mine["capacity"])
	require.Positive(t, mine["memory"])
	require.Equal(t, false, workers[1].(object)["alive"], "its row is young, but nobody holds its lease")
}

// TestUploadsForImportersOfWorkersAreTaken: what third-party importers read is known by the workers that have them.
func TestUploadsForImportersOfWorkersAreTaken(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	super := h.person(t, true)
	p := h.project(t, nil)
	upload := func(name string) int {
		return h.call(t, super, http.MethodPost, "/api/import", newForm().text("project", p.String()).file("importFile", name, "1 test")).status
	}
	require.Equal(t, http.StatusUnsupportedMediaType, upload("r.tap"))
	h.exec(t, `INSERT INTO workers (id, role, version, host, pid, started, seen, suffixes) VALUES ('dead', 'worker', '1', 'x', 7, now(), now(), '{.tap}')`)
	require.Equal(t, http.StatusUnsupportedMediaType, upload("r.tap"), "nobody would read it")
	h.work(t, tap{})
	require.Eventually(t, func() bool { return upload("R.TAP") == http.StatusAccepted }, 20*time.Second, 50*time.Millisecond)
	require.Equal(t, http.StatusUnsupportedMediaType, upload("r.txt"))
}

// tap stands for the format of a third party's importer.
type tap struct{ importer.Format }

func (tap) Name() string                      { return "tap" }
func (tap) Suffixes() []string                { return []string{".tap"} }
func (tap) Claims(name string, _ []byte) bool { return strings.HasSuffix(name, ".tap") }

func TestThePlanIsChangedWhileItRuns(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	super := h.person(t, true)
	put := func(body object) answer {
		return h.call(t, super, http.MethodPut, "/api/admin/schedule/prune-old-runs", body)
	}
	require.Equal(t, "0 6 * * 6", put(object{}).object(t)["spec"])
	a := put(object{"enabled": false, "spec": "@every 2h"}).object(t)
	require.Equal(t, false, a["enabled"])
	require.Equal(t, "@every 2h", a["spec"])
	require.Equal(t, "0 6 * * 6", a["default_spec"])
	require.NotContains(t, a, "next_run")
	a = put(object{"enabled": true}).object(t)
	require.Equal(t, "@every 2h", a["spec"])
	require.Contains(t, a, "next_run")
	require.Equal(t, "0 6 * * 6", put(object{"spec": nil}).object(t)["spec"])
	for _, spec := range []string{"often", "@every 1s", "0 0 30 2 *", ""} {
		requireMessage(t, put(object{"spec": spec}), http.StatusBadRequest)
	}
	requireProblem(t, h.call(t, super, http.MethodPut, "/api/admin/schedule/none", object{}), http.StatusNotFound)
	requireProblem(t, h.call(t, super, http.MethodPost, "/api/admin/schedule/none/run", nil), http.StatusNotFound)
	require.NotEmpty(t, h.get(t, super, "/api/admin/schedule").object(t)["schedules"])
}

func TestTasksAreStartedUnderTheAPI(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	super := h.person(t, true)
	post := func(body object) answer { return h.call(t, super, http.MethodPost, "/api/admin/task", body) }
	names := map[string]bool{}
	for _, task := range h.get(t, super, "/api/admin/task").object(t)["tasks"].([]any) {
		name, _ := task.(object)["task"].(string)
		names[name] = true
	}
	require.True(t, names["db.prune_old_runs"])
	require.Equal(t, http.StatusAccepted, post(object{"task": "db.recount_rollups", "dry_run": true}).status)
	requireProblem(t, post(object{"task": "db.datetime"}), http.StatusNotFound)
	requireMessage(t, post(object{"task": "db.prune_old_runs", "params": object{"month": 1}}), http.StatusBadRequest)
	requireMessage(t, post(object{"task": "db.tally_wishes", "dry_run": true}), http.StatusBadRequest)
	requireMessage(t, post(object{"task": "db.tally_wishes", "rehearse": true}), http.StatusBadRequest)
	requireBad(t, post(object{}))
}
