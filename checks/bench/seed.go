package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// The data set has the shape of the one that the original was measured with (original/seed.py): runs of 500 results, from
// 20 CI jobs, over the last 60 days, with the same fields, shares and sizes.
const (
	benchProject  = "be0c0000-0000-4000-8000-000000000001"
	resultsPerRun = 500
	differentJobs = 20
	differentTest = 4000
	days          = 60
)

var (
	components = []string{"login", "cart", "search", "billing", "catalog", "mail", "export", "admin", "profile", "reports"}
	envs       = []string{"qa", "stage", "prod", "dev"}
	exceptions = []string{"AssertionError", "KeyError", "TimeoutError", "ValueError", "ConnectionError"}
	importance = []string{"critical", "high", "medium", "low"}
)

// status draws how a test ended: 85 of 100 pass.
func status(random *rand.Rand) string {
	switch n := random.IntN(100); {
	case n < 85:
		return "passed"
	case n < 91:
		return "failed"
	case n < 93:
		return "error"
	case n < 98:
		return "skipped"
	case n < 99:
		return "xfailed"
	}
	return "xpassed"
}

// seedProject fills a project, made when it is missing, with so many runs, the oldest first and the youngest at the end. first
// is the number of the first of them, so that a project can be filled in two goes.
func seedProject(ctx context.Context, conn *pgx.Conn, id, name string, end time.Time, first, runs int, seed uint64) error {
	_, err := conn.Exec(ctx, `INSERT INTO projects (id, name, title, owner_id) SELECT $1, $2, $2, id FROM users WHERE is_superadmin LIMIT 1
		ON CONFLICT (id) DO NOTHING`, id, name)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, `INSERT INTO users_projects (user_id, project_id) SELECT owner_id, id FROM projects WHERE id = $1 ON CONFLICT DO NOTHING`, id)
	if err != nil {
		return err
	}
	const batch = 100 // runs for each COPY
	random := rand.New(rand.NewPCG(seed, 7))
	for from := 0; from < runs; from += batch {
		if err := seedRuns(ctx, conn, id, first, from, min(from+batch, runs), runs, end, random); err != nil {
			return fmt.Errorf("seeding %s: %w", name, err)
		}
	}
	return nil
}

func seedRuns(ctx context.Context, conn *pgx.Conn, project string, first, from, to, runs int, end time.Time, random *rand.Rand) error {
	projectID, err := uuid.Parse(project)
	if err != nil {
		return err
	}
	var runRows, resultRows [][]any
	step := days * 24 * time.Hour / time.Duration(runs)
	for i := from; i < to; i++ {
		n := first + i
		start := end.Add(-days*24*time.Hour + step*time.Duration(i))
		job, build := n%differentJobs, n/differentJobs+1
		component, env, source := components[n/3%len(components)], envs[n%len(envs)], fmt.Sprintf("bench-%d", n%5)
		jenkins := map[string]any{"job_name": fmt.Sprintf("job-%02d", job), "build_number": strconv.Itoa(build), "build_url": fmt.Sprintf("http://ci.example/job/job-%02d/%d/", job, build)}
		tags := []string{fmt.Sprintf("t%d", n%7), "all"}
		run := uuid.UUID(random128(random))
		data, err := json.Marshal(map[string]any{"project": project, "jenkins": jenkins, "env": env, "component": component, "tags": tags})
		if err != nil {
			return err
		}
		runRows = append(runRows, []any{run, projectID, data, env, component, source, start, 0.0, []byte(`{}`), start})
		for k := range resultsPerRun {
			row, err := resultRow(projectID, run, k, start, env, component, source, jenkins, tags, random)
			if err != nil {
				return err
			}
			resultRows = append(resultRows, row)
		}
	}
	_, err = conn.CopyFrom(ctx, pgx.Identifier{"runs"}, []string{"id", "project_id", "data", "env", "component", "source", "start_time", "duration", "summary", "created"}, pgx.CopyFromRows(runRows))
	if err != nil {
		return err
	}
	_, err = conn.CopyFrom(ctx, pgx.Identifier{"results"}, []string{"id", "project_id", "run_id", "test_id", "result", "data", "params", "duration", "start_time", "source", "env", "component"}, pgx.CopyFromRows(resultRows))
	return err
}

func resultRow(project, run uuid.UUID, k int, start time.Time, env, component, source string, jenkins map[string]any, tags []string, random *rand.Rand) ([]any, error) {
	ended, test := status(random), random.IntN(differentTest)
	metadata := map[string]any{
		"project": project, "run": run, "jenkins": jenkins, "env": env, "component": component, "tags": tags,
		"fspath": fmt.Sprintf("tests/%s/test_%03d.py", components[test%10], test%200), "line": strconv.Itoa(test % 400),
		"importance": importance[test%4], "assignee": fmt.Sprintf("user%d@example.com", test%12),
	}
	switch ended {
	case "failed", "error":
		name := exceptions[test%5]
		line := fmt.Sprintf("E   %s: step %d went wrong\n", name, test)
		metadata["exception_name"], metadata["short_tb"] = name, line+line+line
	case "skipped":
		metadata["skip_reason"] = "not on " + env
	}
	data, err := json.Marshal(metadata)
	if err != nil {
		return nil, err
	}
	duration := math.Round(random.ExpFloat64()*1e4) / 1e4
	return []any{
		uuid.UUID(random128(random)), project, run, fmt.Sprintf("test_%s_%05d[p%d]", components[test%10], test, k%3), ended, data,
		fmt.Appendf(nil, `{"p": %d}`, k%3), duration, start.Add(time.Duration(k) * time.Second), source, env, component,
	}, nil
}

// random128 is a UUID of version 4, drawn from the seed.
func random128(random *rand.Rand) (id [16]byte) {
	for i := range 2 {
		n := random.Uint64()
		for j := range 8 {
			id[8*i+j] = byte(n >> (8 * j))
		}
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}
