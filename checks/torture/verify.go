package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// verify compares what was acknowledged with what the database holds and what the API counts.
func (t *torture) verify(ctx context.Context) error {
	address, err := t.server.Database()
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	t.sent.mutex.Lock()
	defer t.sent.mutex.Unlock()
	return errors.Join(
		t.verifyResults(ctx, conn),
		t.verifyArtifacts(ctx, conn),
		t.verifyImports(ctx, conn),
		none(ctx, conn, "runs whose summary differs from a recount", `
			SELECT r.id::text || ' says ' || coalesce(r.summary::text, 'nothing') || ', counted ' || json_build_array(c.tests, c.failures, c.errors, c.skips, c.xfailures, c.xpasses)::text
			  FROM runs r JOIN LATERAL (SELECT count(*) AS tests,
			       count(*) FILTER (WHERE result = 'failed') AS failures, count(*) FILTER (WHERE result = 'error') AS errors,
			       count(*) FILTER (WHERE result = 'skipped') AS skips, count(*) FILTER (WHERE result = 'xfailed') AS xfailures,
			       count(*) FILTER (WHERE result = 'xpassed') AS xpasses FROM results q WHERE q.run_id = r.id) c ON true
			 WHERE (c.tests, c.failures, c.errors, c.skips, c.xfailures, c.xpasses) IS DISTINCT FROM
			       ((r.summary->>'tests')::int, (r.summary->>'failures')::int, (r.summary->>'errors')::int,
			        (r.summary->>'skips')::int, (r.summary->>'xfailures')::int, (r.summary->>'xpasses')::int)`),
		durations(ctx, conn),
		none(ctx, conn, "imports that are not done", `SELECT id::text || ' ' || status FROM imports WHERE status <> 'done'`),
		t.verifyTotals(ctx, conn),
		t.state(ctx),
	)
}

func (t *torture) verifyResults(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, `SELECT id::text, run_id::text, test_id, result FROM results`)
	if err != nil {
		return err
	}
	defer rows.Close()
	found := 0
	imported := 0
	for rows.Next() {
		var id string
		var got sentResult
		if err := rows.Scan(&id, &got.run, &got.test, &got.result); err != nil {
			return err
		}
		if _, ok := t.sent.imports[got.run]; ok {
			imported++
			continue
		}
		want, ok := t.sent.results[id]
		if !ok {
			return fmt.Errorf("result %s of run %s is there, and was never acknowledged to any client", id, got.run)
		}
		if got != want {
			return fmt.Errorf("result %s is %+v instead of %+v", id, got, want)
		}
		found++
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if found != len(t.sent.results) {
		return fmt.Errorf("%d of %d acknowledged results are lost", len(t.sent.results)-found, len(t.sent.results))
	}
	return nil
}

func (t *torture) verifyArtifacts(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, `SELECT filename, result_id::text, count(*) FROM artifacts WHERE filename LIKE '%-%-%-%-%.log' GROUP BY 1, 2`)
	if err != nil {
		return err
	}
	defer rows.Close()
	found := 0
	var wrong []error
	for rows.Next() {
		var name, owner string
		var n int
		if err := rows.Scan(&name, &owner, &n); err != nil {
			return err
		}
		if t.sent.artifacts[name] != owner || n != 1 {
			wrong = append(wrong, fmt.Errorf("artifact %s of result %s is there %d times, acknowledged for %q", name, owner, n, t.sent.artifacts[name]))
		}
		found++
	}
	if found != len(t.sent.artifacts) {
		wrong = append(wrong, fmt.Errorf("%d artifacts are there, %d were acknowledged", found, len(t.sent.artifacts)))
	}
	return errors.Join(append(wrong[:min(len(wrong), 5)], rows.Err())...)
}

func (t *torture) verifyImports(ctx context.Context, conn *pgx.Conn) error {
	var wrong []error
	for run, want := range t.sent.imports {
		var tests, different, artifacts int
		err := conn.QueryRow(ctx, `SELECT count(*), count(DISTINCT test_id),
			(SELECT count(*) FROM artifacts WHERE run_id = $1 OR result_id IN (SELECT id FROM results WHERE run_id = $1))
			FROM results WHERE run_id = $1`, run).Scan(&tests, &different, &artifacts)
		if err != nil {
			return err
		}
		// JUnit imports keep each failure's text as an artifact; how many is the importer's business.
		if tests != want.tests || different != want.tests || want.artifacts > 0 && artifacts != want.artifacts {
			wrong = append(wrong, fmt.Errorf("the import of run %s has %d results (%d different tests) and %d artifacts instead of %d and %d",
				run, tests, different, artifacts, want.tests, want.artifacts))
		}
	}
	return errors.Join(wrong[:min(len(wrong), 5)]...)
}

// verifyTotals asks the API how many results there are: its totals come from rollups.
func (t *torture) verifyTotals(ctx context.Context, conn *pgx.Conn) error {
	for _, status := range []string{"", "failed", "passed"} {
		path := "/api/result?pageSize=1&filter=project_id%3D" + t.sent.project
		if status != "" {
			path += "&filter=result%3D" + status
		}
		var answer struct{ Pagination struct{ TotalItems int } }
		if err := t.server.Client().Get(ctx, path, &answer); err != nil {
			return err
		}
		var want int
		if err := conn.QueryRow(ctx, `SELECT count(*) FROM results WHERE project_id = $1 AND ($2 = '' OR result = $2)`, t.sent.project, status).Scan(&want); err != nil {
			return err
		}
		if answer.Pagination.TotalItems != want {
			return fmt.Errorf("%s says %d, the table has %d", path, answer.Pagination.TotalItems, want)
		}
	}
	return nil
}

// state says what is wrong with the server itself: it has to answer, with one worker and one scheduler.
func (t *torture) state(ctx context.Context) error {
	if err := t.server.Client().Get(ctx, "/api/health", nil); err != nil {
		return err
	}
	own, err := t.server.Own()
	if err != nil {
		return err
	}
	for _, module := range []string{"worker", "scheduler"} {
		n := 0
		for _, p := range own {
			if p.Module(module) {
				n++
			}
		}
		if n != 1 {
			return fmt.Errorf("%d processes are the %s", n, module)
		}
	}
	return nil
}

// durations waits until the runs' durations are those of their results: a client's own word stands until the job that
// follows its last PUT, some seconds later.
func durations(ctx context.Context, conn *pgx.Conn) error {
	for end := time.Now().Add(30 * time.Second); ; sleep(ctx, 500*time.Millisecond) {
		err := none(ctx, conn, "runs whose duration differs from a recount", `
			SELECT r.id::text || ' says ' || coalesce(r.duration::text, 'nothing') || ', counted ' || d
			  FROM runs r JOIN LATERAL (SELECT coalesce(sum(duration), 0) AS d FROM results q WHERE q.run_id = r.id) c ON true
			 WHERE abs(coalesce(r.duration, -1) - d) > 1e-6`)
		if err == nil || ctx.Err() != nil || time.Now().After(end) {
			return err
		}
	}
}

// none runs a query that must find nothing.
func none(ctx context.Context, conn *pgx.Conn, what, query string) error {
	rows, err := conn.Query(ctx, query)
	if err != nil {
		return err
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return nil
	}
	return fmt.Errorf("%d %s, such as %s", len(found), what, found[0])
}
