package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/checks/harness"
)

// best repeats a measurement and keeps the one that better prefers.
func best(passes int, measure func() (figures, error), better func(a, b figures) bool) (figures, error) {
	var kept figures
	for i := range passes {
		f, err := measure()
		if err != nil {
			return kept, err
		}
		if i == 0 || better(f, kept) {
			kept = f
		}
	}
	return kept, nil
}

func faster(a, b figures) bool { return a.PerSecond > b.PerSecond }
func sooner(a, b figures) bool { return a.P50 < b.P50 }

func (f figures) note() string {
	return fmt.Sprintf("p50 %.1f, p99 %.1f ms, CPU %.2f ms each", f.P50, f.P99, f.CPU)
}

// idle is the memory of our own processes, PostgreSQL left out as it is for the original.
func (b *bench) idle(context.Context) error {
	own, err := b.server.Own()
	if err != nil {
		return err
	}
	resident, proportional, notes := 0, 0, []string{}
	for _, p := range own {
		m, err := harness.MemoryOf(p.Pid)
		if err != nil {
			return err
		}
		resident, proportional = resident+m.Resident, proportional+m.Proportional
		name := "backend"
		for _, module := range []string{"worker", "scheduler"} {
			if p.Module(module) {
				name = module
			}
		}
		notes = append(notes, fmt.Sprintf("%s %.0f (%.0f)", name, mib(m.Resident), mib(m.Proportional)))
	}
	b.note(line{What: "idle memory, resident", Value: mib(resident), Unit: "MiB", Goal: 100, Original: b.original.memory(""), Note: strings.Join(notes, ", ")})
	b.note(line{What: "idle memory, shared pages counted once", Value: mib(proportional), Unit: "MiB", Goal: 100, Original: b.original.memory(" pss")})
	return nil
}

func mib(kib int) float64 { return float64(kib) / 1024 }

// start is the time from the start of the process to the first answer, the database being there.
func (b *bench) start(ctx context.Context) error {
	again := func(server *harness.Server) (time.Duration, error) {
		if err := server.Stop(); err != nil {
			return 0, err
		}
		begin := time.Now()
		err := server.Up(ctx)
		return time.Since(begin), err
	}
	var all []time.Duration
	for range max(b.passes, 5) {
		d, err := again(b.server)
		if err != nil {
			return err
		}
		all = append(all, d)
	}
	b.noteStart("start of everything, its own PostgreSQL too", all)

	// The same while PostgreSQL runs already, as it does on a server: a second set of processes on the same database.
	address, err := b.server.Database()
	if err != nil {
		return err
	}
	second, err := harness.Start(ctx, harness.Options{Binary: b.binary, Env: []string{"DATABASE_URL=" + address}})
	if err != nil {
		return err
	}
	all = nil
	for range max(b.passes, 5) {
		d, err := again(second)
		if err != nil {
			return errors.Join(err, second.Close())
		}
		all = append(all, d)
	}
	b.noteStart("start of all processes on an existing database", all)
	return second.Close()
}

func (b *bench) noteStart(what string, all []time.Duration) {
	slices.Sort(all)
	b.note(line{
		What: what, Value: all[0].Seconds(), Unit: "s", Goal: 0.5, Original: b.original.Startup.Min,
		Note: fmt.Sprintf("median %.2f s; the original's is its web process alone", all[len(all)/2].Seconds()),
	})
}

func (b *bench) health(context.Context) error {
	for _, level := range []struct {
		connections int
		original    float64
	}{{1, b.original.Best.Health1}, {16, b.original.Best.Health16}, {64, b.original.Best.Health64}} {
		f, err := best(b.passes, func() (figures, error) {
			return b.hammer(level.connections, b.duration/2, "", 200, func(int, int) (string, string, string, []byte) {
				return "GET", "/api/health", "", nil
			})
		}, faster)
		if err != nil {
			return err
		}
		l := line{What: fmt.Sprintf("GET /api/health, %d at once", level.connections), Value: f.PerSecond, Unit: "/s", Original: level.original, Note: f.note()}
		if level.connections > 1 {
			l.Goal = 25000
		}
		b.note(l)
	}
	return nil
}

// project makes a project of its own for what is written, so that the one that is read stays as it is.
func (b *bench) project(ctx context.Context, what string) (string, error) {
	var p struct{ ID string }
	name := fmt.Sprintf("%s-%d", what, time.Now().UnixNano())
	err := b.server.Client().Post(ctx, "/api/project", map[string]any{"name": name, "title": name}, &p)
	return p.ID, err
}

// notMeasured says that the original's rate of POST /api/result stands in for one that was never taken.
const notMeasured = "original: its POST /api/result"

func (b *bench) posts(ctx context.Context) error {
	project, err := b.project(ctx, "posts")
	if err != nil {
		return err
	}
	begin := time.Now().UTC().Add(-time.Hour)
	result, err := b.resultPosts(ctx, project)
	if err != nil {
		return err
	}
	for _, connections := range []int{1, 8, 32} {
		f, err := best(b.passes, func() (figures, error) { return b.hammer(connections, b.duration, b.server.Token, 201, result) }, faster)
		if err != nil {
			return err
		}
		l := line{What: fmt.Sprintf("POST /api/result, %d at once", connections), Value: f.PerSecond, Unit: "/s", Note: f.note()}
		if connections == 8 {
			l.Original = b.original.Best.Ingest
		}
		if connections == 32 {
			l.Goal, l.Original = 4000, b.original.Best.Ingest
		}
		b.note(l)
		if connections == 32 {
			b.note(line{What: "  its slowest hundredth (p99)", Value: f.P99, Unit: "ms", Goal: 40})
		}
	}
	f, err := best(b.passes, func() (figures, error) {
		return b.hammer(32, b.duration, b.server.Token, 201, func(_, n int) (string, string, string, []byte) {
			return "POST", "/api/run", "application/json", fmt.Appendf(nil,
				`{"metadata":{"project":"%s","component":"load","env":"qa","jenkins":{"job_name":"load","build_number":"%d"},"tags":["a","b"]},"source":"load",`+
					`"summary":{"failures":1,"errors":0,"xfailures":0,"xpasses":0,"skips":0,"tests":10,"collected":10,"not_run":0},"duration":12.5,"start_time":"%s"}`,
				project, n, begin.Format("2006-01-02T15:04:05"))
		})
	}, faster)
	if err != nil {
		return err
	}
	b.note(line{What: "POST /api/run, 32 at once", Value: f.PerSecond, Unit: "/s", Goal: 20 * b.original.Best.Ingest, Original: b.original.Best.Ingest, Note: f.note() + "; " + notMeasured})

	// A traceback of 4 KiB each, on results of the project.
	var answer struct{ Results []struct{ ID string } }
	if err := b.server.Client().Get(ctx, "/api/result?pageSize=200&filter="+url.QueryEscape("project_id="+project), &answer); err != nil {
		return err
	}
	if len(answer.Results) == 0 {
		return errors.New("no results to attach artifacts to")
	}
	content := bytes.Repeat([]byte("E   AssertionError: line of a traceback\n"), 100)
	f, err = best(b.passes, func() (figures, error) {
		return b.hammer(32, b.duration, b.server.Token, 201, func(connection, n int) (string, string, string, []byte) {
			owner := answer.Results[(connection*31+n)%len(answer.Results)].ID
			name := fmt.Sprintf("traceback-%d-%d-%d.log", connection, n, time.Now().UnixNano())
			const boundary = "b0undary0f0the0bench"
			var body bytes.Buffer
			fmt.Fprintf(&body, "--%s\r\nContent-Disposition: form-data; name=\"resultId\"\r\n\r\n%s\r\n", boundary, owner)
			fmt.Fprintf(&body, "--%s\r\nContent-Disposition: form-data; name=\"filename\"\r\n\r\n%s\r\n", boundary, name)
			fmt.Fprintf(&body, "--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file\"\r\nContent-Type: application/octet-stream\r\n\r\n", boundary)
			body.Write(content)
			fmt.Fprintf(&body, "\r\n--%s--\r\n", boundary)
			return "POST", "/api/artifact", "multipart/form-data; boundary=" + boundary, body.Bytes()
		})
	}, faster)
	if err != nil {
		return err
	}
	b.note(line{What: "POST /api/artifact of 4 KiB, 32 at once", Value: f.PerSecond, Unit: "/s", Goal: 20 * b.original.Best.Ingest, Original: b.original.Best.Ingest, Note: f.note() + "; " + notMeasured})
	return nil
}

// resultPosts makes requests that send results to ten runs of the project.
func (b *bench) resultPosts(ctx context.Context, project string) (request, error) {
	var runs []string
	for range 10 {
		var run struct{ ID string }
		err := b.server.Client().Post(ctx, "/api/run", map[string]any{"metadata": map[string]any{"project": project, "component": "load", "env": "qa"}}, &run)
		if err != nil {
			return nil, err
		}
		runs = append(runs, run.ID)
	}
	begin := time.Now().UTC().Add(-time.Hour)
	statuses := []string{"passed", "passed", "passed", "failed"}
	return func(connection, n int) (string, string, string, []byte) {
		run := n % len(runs)
		return "POST", "/api/result", "application/json", fmt.Appendf(nil,
			`{"metadata":{"project":"%s","run":"%s","component":"load","env":"qa","fspath":"tests/test_load.py","jenkins":{"job_name":"load","build_number":"%d"},"tags":["a","b"]},`+
				`"test_id":"test_load_%d_%d","result":"%s","duration":0.5,"params":{"p":%d},"source":"load","start_time":"%s"}`,
			project, runs[run], run, connection, n, statuses[n%4], n%3, begin.Add(time.Duration(n)*time.Second).Format("2006-01-02T15:04:05"))
	}, nil
}

// lists asks for the pages that the original was asked for, under its names. page is the goal of an ordinary page, ms.
func (b *bench) lists(ctx context.Context, page float64) error {
	project := "project_id=" + benchProject
	q := func(path string, pairs ...string) string {
		v := url.Values{}
		for i := 0; i+1 < len(pairs); i += 2 {
			v.Add(pairs[i], pairs[i+1])
		}
		return path + "?" + v.Encode()
	}
	var one struct{ Results []struct{ ID string } }
	if err := b.server.Client().Get(ctx, q("/api/result", "filter", project, "pageSize", "1"), &one); err != nil {
		return err
	}
	if len(one.Results) == 0 {
		return errors.New("the seeded project is empty")
	}
	first := 0.0
	for _, a := range []struct {
		name, path string
		goal       float64
	}{
		{"result list, first page", q("/api/result", "filter", project), page},
		{"result list, first page, estimate", q("/api/result", "filter", project, "estimate", "true"), page},
		{"result list, result=failed", q("/api/result", "filter", project, "filter", "result=failed"), page},
		{"result list, one job of the metadata", q("/api/result", "filter", project, "filter", "metadata.jenkins.job_name=job-03"), page},
		{"result list, component and tag", q("/api/result", "filter", project, "filter", "component=cart", "filter", "metadata.tags=t3"), page},
		{"result list, exception_name exists", q("/api/result", "filter", project, "filter", "metadata.exception_name@y"), page},
		{"result list, page 4000", q("/api/result", "filter", project, "page", "4000"), 0},
		{"result list, regex on test_id", q("/api/result", "filter", project, "filter", "test_id~_0[0-3]999"), 40},
		{"result list, 500 a page", q("/api/result", "filter", project, "pageSize", "500"), 0},
		{"one result", "/api/result/" + one.Results[0].ID, 1},
		{"run list, first page", q("/api/run", "filter", project), page},
		{"run list, summary.failures>30", q("/api/run", "filter", project, "filter", "summary.failures>30"), page},
		{"run list, one job", q("/api/run", "filter", project, "filter", "metadata.jenkins.job_name=job-07", "estimate", "true"), page},
		{"run list, 400 a page", q("/api/run", "filter", project, "pageSize", "400"), 0},
		{"project list", "/api/project", 0},
	} {
		f, err := best(b.passes, func() (figures, error) { return b.ask(b.server, a.path) }, sooner)
		if err != nil {
			return err
		}
		goal := a.goal
		switch a.name {
		case "result list, first page":
			first = f.P50
		case "result list, page 4000":
			goal = 3 * first
		case "result list, regex on test_id":
			if page > 2 {
				goal = 0 // promised for the smaller set
			}
		}
		b.note(line{What: a.name, Value: f.P50, Unit: "ms", Goal: goal, Original: b.original.Best.Lists[a.name].P50,
			Note: fmt.Sprintf("p95 %.1f, CPU %.2f ms, %d bytes", f.P95, f.CPU, f.Bytes)})
	}
	return nil
}

func (b *bench) imports(ctx context.Context) error {
	project, err := b.project(ctx, "imports")
	if err != nil {
		return err
	}
	sizes := []int{5000, 50000}
	if b.large {
		sizes = append(sizes, 500000)
	}
	lowest := 0.0
	for _, cases := range sizes {
		content := junit(cases)
		var rate float64
		var peak float64
		for range max(1, min(b.passes, 100000/cases)) {
			took, highest, err := b.importOne(ctx, project, fmt.Sprintf("load-%d.xml", time.Now().UnixNano()), content)
			if err != nil {
				return err
			}
			rate, peak = max(rate, float64(cases)/took.Seconds()), max(peak, highest)
		}
		b.note(line{What: fmt.Sprintf("JUnit import of %s cases", number(float64(cases))), Value: rate, Unit: "/s", Goal: 15000, Original: b.original.importRate(),
			Note: fmt.Sprintf("%.1f MiB of XML", float64(len(content))/(1<<20))})
		memory := line{What: "  highest memory of the worker", Value: peak, Unit: "MiB"}
		if lowest == 0 {
			lowest = peak
		} else {
			memory.Goal = 1.5 * lowest // flat, but for what the collector's timing does
		}
		b.note(memory)
	}
	const results = 5000
	rate, peak, size := 0.0, 0.0, 0
	for range b.passes {
		run := uuid.NewString()
		content, err := archive(run, results)
		if err != nil {
			return err
		}
		size = len(content)
		took, highest, err := b.importOne(ctx, project, run+".tar.gz", content)
		if err != nil {
			return err
		}
		rate, peak = max(rate, results/took.Seconds()), max(peak, highest)
	}
	b.note(line{What: "archive import of 5,000 results with an artifact each", Value: rate, Unit: "/s", Goal: 20 * b.original.importRate(), Original: b.original.importRate(),
		Note: fmt.Sprintf("%.1f MiB; original: its JUnit import", float64(size)/(1<<20))})
	b.note(line{What: "  highest memory of the worker", Value: peak, Unit: "MiB"})
	return nil
}

// importOne uploads a file and waits for the import; the time is that from the first byte sent to the status done.
func (b *bench) importOne(ctx context.Context, project, name string, content []byte) (took time.Duration, peakMiB float64, err error) {
	if err := b.settle(ctx); err != nil {
		return 0, 0, err
	}
	worker, err := b.server.Worker()
	if err != nil {
		return 0, 0, err
	}
	if worker == 0 {
		return 0, 0, errors.New("there is no worker")
	}
	if err := harness.ResetPeak(worker); err != nil {
		return 0, 0, err
	}
	client := harness.NewClient(b.server.URL, b.server.Token, 10*time.Minute)
	body, contentType, err := harness.Form("importFile", name, content, map[string]string{"project": project})
	if err != nil {
		return 0, 0, err
	}
	begin := time.Now()
	status, answer, err := client.Do(ctx, "POST", "/api/import", contentType, bytes.NewReader(body))
	if err != nil {
		return 0, 0, err
	}
	if status != 202 {
		return 0, 0, fmt.Errorf("POST /api/import of %s: %d %s", name, status, answer)
	}
	var one struct {
		ID       string          `json:"id"`
		Status   string          `json:"status"`
		Metadata json.RawMessage `json:"metadata"`
	}
	if err := json.Unmarshal(answer, &one); err != nil {
		return 0, 0, err
	}
	for one.Status != "done" {
		if one.Status == "error" || time.Since(begin) > 15*time.Minute {
			return 0, 0, fmt.Errorf("the import of %s is %s: %s", name, one.Status, one.Metadata)
		}
		select {
		case <-ctx.Done():
			return 0, 0, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
		if err := client.Get(ctx, "/api/import/"+one.ID, &one); err != nil {
			return 0, 0, err
		}
	}
	took = time.Since(begin)
	m, err := harness.MemoryOf(worker)
	if err != nil {
		return 0, 0, errors.Join(errors.New("the worker did not survive the import"), err)
	}
	return took, mib(m.Peak), nil
}

// junit is the report that the original was measured with.
func junit(cases int) []byte {
	var b bytes.Buffer
	failed, skipped := 0, 0
	for i := range cases {
		switch i % 20 {
		case 7:
			failed++
		case 13:
			skipped++
		}
	}
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="utf-8"?><testsuites tests="%d" failures="%d" errors="0" skipped="%d" time="%d" timestamp="%s">`,
		cases, failed, skipped, cases/4, time.Now().UTC().Format("2006-01-02T15:04:05"))
	fmt.Fprintf(&b, `<testsuite name="load" tests="%d" failures="%d" errors="0" skipped="%d" time="%d">`, cases, failed, skipped, cases/4)
	for i := range cases {
		fmt.Fprintf(&b, `<testcase classname="tests.load.test_%03d.TestLoad" name="test_%05d" time="0.25">`, i%100, i)
		switch i % 20 {
		case 7:
			fmt.Fprintf(&b, `<failure message="assert %d == 0">def test(): step %d&#10;E   AssertionError: %s</failure>`, i, i, strings.Repeat("detail ", 40))
		case 13:
			b.WriteString(`<skipped message="later">not now</skipped>`)
		case 3:
			b.WriteString(`<system-out>some output</system-out>`)
		}
		b.WriteString("</testcase>\n")
	}
	b.WriteString("</testsuite></testsuites>")
	return b.Bytes()
}

// archive is what pytest-ibutsu writes for a run whose results have a log of 2 KiB each.
func archive(run string, results int) ([]byte, error) {
	var b bytes.Buffer
	packed, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	files := tar.NewWriter(packed)
	add := func(name string, content []byte) error {
		if err := files.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
			return err
		}
		_, err := files.Write(content)
		return err
	}
	start := time.Now().UTC().Format(time.RFC3339Nano)
	if err := add(run+"/run.json", fmt.Appendf(nil, `{"id": "%s", "source": "load", "start_time": "%s", "duration": 12.5, "component": null, "env": null, "metadata": {"env": "qa"}, "summary": {"tests": %d, "collected": %d}}`, run, start, results, results)); err != nil {
		return nil, err
	}
	log := bytes.Repeat([]byte("2026-05-04 10:11:12 INFO a line of a log\n"), 50)
	for i := range results {
		id := uuid.NewString()
		err := errors.Join(
			add(run+"/"+id+"/result.json", fmt.Appendf(nil, `{"id": "%s", "test_id": "test_%05d", "result": "passed", "duration": 0.25, "start_time": "%s", "run_id": "%s", "params": {"p": "%d"}, "source": "load", "component": null, "env": null, `+
				`"metadata": {"run": "%s", "fspath": "tests/test_load.py", "node_id": "tests/test_load.py::test_%05d", "statuses": {"setup": ["passed", false], "call": ["passed", false], "teardown": ["passed", false]}, "durations": {"setup": 0.001, "call": 0.25, "teardown": 0.001}, "markers": []}}`,
				id, i, start, run, i%3, run, i)),
			add(run+"/"+id+"/test.log", log))
		if err != nil {
			return nil, err
		}
	}
	if err := errors.Join(files.Close(), packed.Close()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
