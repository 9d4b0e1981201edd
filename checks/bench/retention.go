package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// readers is how many ask for pages while retention deletes.
const readers = 2

// retention deletes results of a year ago while others read lists, and measures how fast, how much slower the readers are
// meanwhile (as a ratio within this run, since both share the machine), and what the disk gets back.
func (b *bench) retention(ctx context.Context) error {
	address, err := b.server.Database()
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	project, err := b.project(ctx, "retention")
	if err != nil {
		return err
	}
	lastYear := time.Now().UTC().AddDate(-1, 0, 0).Truncate(time.Second)
	if err := seedProject(ctx, conn, project, "retention", lastYear, 0, b.rows/resultsPerRun, 47); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, `VACUUM (ANALYZE) results`); err != nil {
		return err
	}
	if err := b.settle(ctx); err != nil {
		return err
	}
	full, err := diskOf(ctx, conn)
	if err != nil {
		return err
	}

	quiet, err := b.hammer(readers, b.duration, b.server.Token, 200, reading)
	if err != nil {
		return err
	}
	begin := time.Now()
	id, err := b.startTask(ctx, "db.apply_retention", map[string]any{"kinds": []string{"results"}})
	if err != nil {
		return err
	}
	var over atomic.Bool
	ended := make(chan error, 1)
	go func() {
		ended <- awaitJob(ctx, address, id)
		over.Store(true)
	}()
	busy, err := b.hammerUntil(readers, b.server.Token, 200, reading, over.Load)
	if err := errors.Join(err, <-ended); err != nil {
		return err
	}
	took := time.Since(begin)
	var left int
	if err := conn.QueryRow(ctx, `SELECT count(*) FROM results WHERE project_id = $1`, project).Scan(&left); err != nil {
		return err
	}
	if left > 0 {
		return fmt.Errorf("%d results are left", left)
	}
	b.note(line{What: "results deleted by retention, vacuum included", Value: float64(b.rows) / took.Seconds(), Unit: "/s"})
	b.note(line{What: "p95 of readers meanwhile, beside that before", Value: busy.P95 / quiet.P95, Unit: "×",
		Note: fmt.Sprintf("%.1f ms of %d requests, %.1f ms before; p50 %.1f and %.1f ms", busy.P95, busy.Count, quiet.P95, busy.P50, quiet.P50)})

	if id, err = b.startTask(ctx, "db.give_back", map[string]any{"reindex": true}); err != nil {
		return err
	}
	if err := awaitJob(ctx, address, id); err != nil {
		return err
	}
	after, err := diskOf(ctx, conn)
	if err != nil {
		return err
	}
	b.note(line{What: "disk of results, after as a share of before", Value: 100 * float64(after) / float64(full), Unit: "%",
		Note: fmt.Sprintf("%d MiB of %d", after>>20, full>>20)})
	return nil
}

// reading is what people look at meanwhile: lists of the project that keeps all its results.
func reading(_, n int) (method, path, contentType string, body []byte) {
	paths := []string{"/api/result?filter=project_id=" + benchProject + "&pageSize=25", "/api/run?filter=project_id=" + benchProject + "&pageSize=25"}
	return "GET", paths[n%len(paths)], "", nil
}

func (b *bench) startTask(ctx context.Context, name string, params map[string]any) (int64, error) {
	var job struct {
		ID int64 `json:"id"`
	}
	err := b.server.Client().Post(ctx, "/api/admin/task", map[string]any{"task": name, "params": params}, &job)
	return job.ID, err
}

// awaitJob waits until a job has ended well.
func awaitJob(ctx context.Context, address string, id int64) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for {
		var state string
		if err := conn.QueryRow(ctx, `SELECT state FROM river_job WHERE id = $1`, id).Scan(&state); err != nil {
			return err
		}
		switch state {
		case "completed":
			return nil
		case "discarded", "cancelled":
			return fmt.Errorf("job %d is %s", id, state)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func diskOf(ctx context.Context, conn *pgx.Conn) (bytes int64, err error) {
	err = conn.QueryRow(ctx, `SELECT pg_total_relation_size('results')`).Scan(&bytes)
	return bytes, err
}
