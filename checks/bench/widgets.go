package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/checks/harness"
)

// widgetAsk is a widget as a dashboard asks for it.
type widgetAsk struct {
	name, path string
	// tallied says that a tally or an index has the answer, whatever the number of results.
	tallied bool
}

func widgetAsks() []widgetAsk {
	w := func(name string, tallied bool, id string, pairs ...string) widgetAsk {
		v := url.Values{"project": {benchProject}}
		for i := 0; i+1 < len(pairs); i += 2 {
			v.Add(pairs[i], pairs[i+1])
		}
		return widgetAsk{name, "/api/widget/" + id + "?" + v.Encode(), tallied}
	}
	return []widgetAsk{
		w("result-summary", true, "result-summary"),
		w("run-aggregator, 8 weeks by component", true, "run-aggregator", "weeks", "8", "group_field", "component"),
		w("result-aggregator, 90 days by result", true, "result-aggregator", "days", "90", "group_field", "result"),
		w("result-aggregator, 30 days by component", true, "result-aggregator", "days", "30", "group_field", "component"),
		w("result-aggregator, by exception_name", true, "result-aggregator", "days", "90", "group_field", "metadata.exception_name"),
		w("result-aggregator, for filters", true, "result-aggregator", "days", "90", "group_field", "env", "for_filter", "true"),
		w("jenkins-heatmap, 5 builds", true, "jenkins-heatmap", "job_name", "job-03", "builds", "5", "group_field", "component", "count_skips", "true"),
		w("jenkins-heatmap, 20 builds", true, "jenkins-heatmap", "job_name", "job-03", "builds", "20", "group_field", "component"),
		w("filter-heatmap", true, "filter-heatmap", "additional_filters", "env=qa", "builds", "5", "group_field", "component"),
		w("jenkins-job-view", true, "jenkins-job-view", "page", "1", "page_size", "25"),
		w("jenkins-bar-chart", true, "jenkins-bar-chart", "job_name", "job-03", "builds", "30"),
		w("jenkins-line-chart", true, "jenkins-line-chart", "job_name", "job-03", "builds", "30"),
		w("importance-component", true, "importance-component", "job_name", "job-03", "components", "login,cart,search", "builds", "5"),
		w("result-aggregator, failed by importance, 7 days", false, "result-aggregator", "days", "7", "group_field", "metadata.importance",
			"additional_filters", "result=failed"),
		w("result-aggregator, 90 days by a field without a tally", false, "result-aggregator", "days", "90", "group_field", "metadata.assignee"),
		w("compare-runs-view", false, "compare-runs-view", "additional_filters", "metadata.jenkins.job_name=job-03,metadata.jenkins.build_number=19",
			"additional_filters", "metadata.jenkins.job_name=job-03,metadata.jenkins.build_number=20"),
		w("jenkins-analysis-view", true, "jenkins-analysis-view", "job_name", "job-03", "builds", "30"),
	}
}

// keepsNone starts a server on the database of another, one that keeps no answers.
func (b *bench) keepsNone(ctx context.Context, of *harness.Server) (*harness.Server, error) {
	address, err := of.Database()
	if err != nil {
		return nil, err
	}
	return harness.Start(ctx, harness.Options{Binary: b.binary, Env: []string{"DATABASE_URL=" + address, "IBUTSU_CACHE_ANSWERS=false"}})
}

// widgets measures each widget cold, by a server on the same database that keeps no answers; right after a write, by one
// that does; and warm. goal is what a cold one may take, in ms; 0 means a fifth of the original's.
func (b *bench) widgets(ctx context.Context, goal float64) (err error) {
	keepsNone, err := b.keepsNone(ctx, b.server)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, keepsNone.Close()) }()
	var small *harness.Server
	if b.small != nil {
		if small, err = b.keepsNone(ctx, b.small); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, small.Close()) }()
	}
	address, err := b.server.Database()
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	slowestWarm := figures{}
	for _, a := range widgetAsks() {
		first, err := b.askFirst(ctx, conn, a)
		if err != nil {
			return err
		}
		cold, err := best(b.passes, func() (figures, error) { return b.ask(keepsNone, a.path) }, sooner)
		if err != nil {
			return err
		}
		written, err := best(b.passes, func() (figures, error) { return b.askWritten(ctx, conn, a) }, sooner)
		if err != nil {
			return err
		}
		warm, err := best(b.passes, func() (figures, error) { return b.ask(b.server, a.path) }, sooner)
		if err != nil {
			return err
		}
		if warm.P50 > slowestWarm.P50 {
			slowestWarm = warm
		}
		original := b.original.Best.Lists[a.name].P50
		l := line{What: a.name, Value: cold.P50, Unit: "ms", Goal: goal, Original: original, Note: fmt.Sprintf("p95 %.2f, after a write %.2f, warm %.2f ms, %d bytes", cold.P95, written.P50, warm.P50, warm.Bytes)}
		switch {
		case !a.tallied:
			l.Goal = 150
			l.Note += fmt.Sprintf(", %.0f ms the first time ever", milliseconds(first))
		case goal == 0:
			l.Goal = original / 5
		}
		b.note(l)
		if small != nil && a.tallied {
			before, after, err := b.askInTurns(small, keepsNone, a.path)
			if err != nil {
				return err
			}
			b.note(line{What: "  how much longer than at 200,000 results", Value: after / before, Unit: "×", Goal: 2, Note: fmt.Sprintf("%.2f and %.2f ms, asked in turns", before, after)})
		}
	}
	b.note(line{What: "slowest widget when nothing was written since", Value: slowestWarm.P50, Unit: "ms", Goal: 0.5})
	return nil
}

// askInTurns asks two servers the same, a few times each in turns, so that a machine that is slow for a while is slow for both, and
// returns the median of each in ms.
func (b *bench) askInTurns(one, other *harness.Server, path string) (ofOne, ofOther float64, err error) {
	const turn = 10
	var wires [2]*wire
	var all [2][]time.Duration
	for i, server := range []*harness.Server{one, other} {
		if wires[i], err = dial(server.URL, server.Token); err != nil {
			return 0, 0, err
		}
		defer wires[i].close()
	}
	for range b.passes * b.repeat / turn {
		for i, w := range wires {
			times, _, err := w.times(path, turn)
			if err != nil {
				return 0, 0, err
			}
			all[i] = append(all[i], times...)
		}
	}
	return spread(all[0]).P50, spread(all[1]).P50, nil
}

// A write before each question, so that no answer is kept. Where a tally has the answer the project's version is moved alone: what
// keeping tallies costs is measured by itself. Where none has, a result of today is written, for of those days are kept.
const (
	moveVersion = `INSERT INTO project_versions (project_id, n) VALUES ($1, 1)`
	writeResult = `INSERT INTO results (id, project_id, result, start_time, data)
		VALUES (gen_random_uuid(), $1, 'failed', now() AT TIME ZONE 'UTC', '{"assignee": "user1@example.com", "importance": "high"}')`
)

func (a widgetAsk) write() string {
	if a.tallied {
		return moveVersion
	}
	return writeResult
}

// askWritten asks for a widget again and again, right after a write to its project.
func (b *bench) askWritten(ctx context.Context, conn *pgx.Conn, a widgetAsk) (figures, error) {
	w, err := dial(b.server.URL, b.server.Token)
	if err != nil {
		return figures{}, err
	}
	defer w.close()
	var all []time.Duration
	for i := range b.repeat + 3 {
		took, err := askAfterWrite(ctx, conn, w, a)
		if err != nil {
			return figures{}, err
		}
		if i >= 3 { // three to warm up
			all = append(all, took)
		}
	}
	return spread(all), nil
}

// askFirst asks for a widget as if nobody ever had.
func (b *bench) askFirst(ctx context.Context, conn *pgx.Conn, a widgetAsk) (time.Duration, error) {
	w, err := dial(b.server.URL, b.server.Token)
	if err != nil {
		return 0, err
	}
	defer w.close()
	if _, err := conn.Exec(ctx, `DELETE FROM counted_days`); err != nil {
		return 0, err
	}
	return askAfterWrite(ctx, conn, w, a)
}

func askAfterWrite(ctx context.Context, conn *pgx.Conn, w *wire, a widgetAsk) (time.Duration, error) {
	if _, err := conn.Exec(ctx, a.write(), benchProject); err != nil {
		return 0, err
	}
	start := time.Now()
	status, _, err := w.do("GET", a.path, "", nil)
	if err == nil && status != 200 {
		err = fmt.Errorf("GET %s: %d", a.path, status)
	}
	return time.Since(start), err
}
