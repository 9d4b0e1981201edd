package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/checks/harness"
)

const (
	pushers       = 4
	importers     = 2
	resultsPerRun = 40
	importCases   = 3000 // long enough to be caught in the middle
	archiveCases  = 400
	requestLimit  = 30 * time.Second
)

var statuses = []string{"passed", "passed", "passed", "failed", "error", "skipped", "xfailed", "xpassed"}

// ledger is what was acknowledged.
type ledger struct {
	mutex     sync.Mutex
	project   string
	results   map[string]sentResult // by id
	artifacts map[string]string     // file name (unique) to its owner
	imports   map[string]sentImport // by the run's id
}

type sentResult struct{ run, test, result string }

type sentImport struct{ tests, artifacts int }

func (l *ledger) totals() (results, artifacts, imports int) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return len(l.results), len(l.artifacts), len(l.imports)
}

func (t *torture) startClients(ctx context.Context, seed uint64) error {
	var project struct{ ID string }
	if err := t.server.Client().Post(ctx, "/api/project", map[string]any{"name": "torture", "title": "Torture"}, &project); err != nil {
		return err
	}
	t.sent = ledger{project: project.ID, results: map[string]sentResult{}, artifacts: map[string]string{}, imports: map[string]sentImport{}}
	for i := range pushers {
		t.waiting.Go(func() { t.push(ctx, rand.New(rand.NewPCG(seed, uint64(100+i)))) })
	}
	for i := range importers {
		t.waiting.Go(func() { t.upload(ctx, i) })
	}
	return nil
}

// over says whether clients shall come to an end.
func (t *torture) over(ctx context.Context) bool {
	select {
	case <-t.enough:
		return true
	default:
		return ctx.Err() != nil
	}
}

// push sends runs the way pytest-ibutsu does: the run, its results and artifacts one by one, the run again.
func (t *torture) push(ctx context.Context, random *rand.Rand) {
	client := harness.NewClient(t.server.URL, t.server.Token, requestLimit)
	for !t.over(ctx) {
		run := uuid.NewString()
		body := map[string]any{
			"id": run, "source": "torture", "start_time": time.Now().UTC().Format(time.RFC3339Nano),
			"metadata": map[string]any{"project": t.sent.project, "env": "qa", "component": "torture"},
		}
		if !t.send(ctx, client, http.MethodPost, "/api/run", body) {
			return
		}
		for i := range resultsPerRun {
			id, test, status := uuid.NewString(), fmt.Sprintf("test_%03d", i), statuses[random.IntN(len(statuses))]
			result := map[string]any{
				"id": id, "test_id": test, "result": status, "duration": 0.25, "params": map[string]any{"i": i},
				"start_time": time.Now().UTC().Format(time.RFC3339Nano),
				"metadata":   map[string]any{"project": t.sent.project, "run": run, "env": "qa", "component": "torture"},
			}
			if !t.send(ctx, client, http.MethodPost, "/api/result", result) {
				return
			}
			t.sent.mutex.Lock()
			t.sent.results[id] = sentResult{run: run, test: test, result: status}
			t.sent.mutex.Unlock()
			if random.IntN(10) == 0 {
				name := id + ".log"
				content, contentType, err := harness.Form("file", "file", bytes.Repeat([]byte(name+"\n"), 20), map[string]string{"resultId": id, "filename": name})
				if err != nil {
					t.faults.add(err)
					return
				}
				if !t.sendRaw(ctx, client, http.MethodPost, "/api/artifact", contentType, content) {
					return
				}
				t.sent.mutex.Lock()
				t.sent.artifacts[name] = id
				t.sent.mutex.Unlock()
			}
			sleep(ctx, 2*time.Millisecond)
		}
		if !t.send(ctx, client, http.MethodPut, "/api/run/"+run, map[string]any{"duration": 12.5}) {
			return
		}
	}
}

func (t *torture) send(ctx context.Context, client *harness.Client, method, path string, body any) bool {
	raw, err := json.Marshal(body)
	if err != nil {
		t.faults.add(err)
		return false
	}
	return t.sendRaw(ctx, client, method, path, "application/json", raw)
}

// sendRaw repeats a request until it is acknowledged. Only a dead backend excuses a request that got no answer, or that it
// is told on the second try that the row is there. It gives up, with a fault noted, on any other outcome.
func (t *torture) sendRaw(ctx context.Context, client *harness.Client, method, path, contentType string, body []byte) bool {
	lost := false // an earlier try may have been done
	for ctx.Err() == nil {
		before, down := t.kills.Load(), t.isDown.Load()
		status, answer, err := client.Do(ctx, method, path, contentType, bytes.NewReader(body))
		excused := down || t.isDown.Load() || t.kills.Load() != before
		switch {
		case err == nil && status < 300:
			return true
		case err == nil && status == http.StatusBadRequest && lost && strings.Contains(string(answer), "exist"):
			return true
		case err == nil && status == http.StatusTooManyRequests:
			sleep(ctx, 200*time.Millisecond)
		case err == nil && status == http.StatusServiceUnavailable && excused:
			sleep(ctx, 50*time.Millisecond)
		case err != nil && excused:
			lost = true
			sleep(ctx, 20*time.Millisecond)
		case err != nil && ctx.Err() == nil:
			t.faults.add(fmt.Errorf("%s %s got no answer from a backend that lives: %w", method, path, err))
			return false
		case err == nil:
			t.faults.add(fmt.Errorf("%s %s: %d %s (sent before: %t, backend was down: %t)", method, path, status, answer[:min(len(answer), 300)], lost, excused))
			return false
		}
	}
	return false
}

// upload imports JUnit files and archives, each under a run id of its own, and waits for each to be done.
func (t *torture) upload(ctx context.Context, which int) {
	client := harness.NewClient(t.server.URL, t.server.Token, requestLimit)
	for n := 0; !t.over(ctx); n++ {
		run := uuid.NewString()
		name, content, want := "report-"+run+".xml", junit(importCases), sentImport{tests: importCases}
		if (n+which)%3 == 2 {
			archive, err := archive(run, archiveCases)
			if err != nil {
				t.faults.add(err)
				return
			}
			name, content, want = run+".tar.gz", archive, sentImport{tests: archiveCases, artifacts: archiveCases + 1}
		}
		form, contentType, err := harness.Form("importFile", name, content, map[string]string{"project": t.sent.project})
		if err != nil {
			t.faults.add(err)
			return
		}
		if !t.sendRaw(ctx, client, http.MethodPost, "/api/import", contentType, form) {
			return
		}
		t.sent.mutex.Lock()
		t.sent.imports[run] = want
		t.sent.mutex.Unlock()
		if err := t.imported(ctx, client, name); err != nil {
			t.faults.add(err)
			return
		}
	}
}

// imported waits until every import of the file is done; a lost answer may have left two.
func (t *torture) imported(ctx context.Context, client *harness.Client, name string) error {
	for end := time.Now().Add(2 * time.Minute); ctx.Err() == nil; sleep(ctx, 25*time.Millisecond) {
		var answer struct {
			Imports []struct {
				ID, Status string
				Metadata   json.RawMessage
			}
		}
		before, down := t.kills.Load(), t.isDown.Load()
		err := client.Get(ctx, "/api/import?filter=filename%3D"+name, &answer)
		if err != nil {
			if down || t.isDown.Load() || t.kills.Load() != before {
				continue
			}
			return err
		}
		open := 0
		for _, i := range answer.Imports {
			switch i.Status {
			case "done":
			case "error":
				return fmt.Errorf("import %s of %s ended as error: %s", i.ID, name, i.Metadata)
			default:
				open++
			}
		}
		if len(answer.Imports) == 0 {
			return fmt.Errorf("the acknowledged import of %s is not in the list", name)
		}
		if open == 0 {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("the import of %s is not done after two minutes: %+v\n%s", name, answer.Imports, t.server.LogTail(20))
		}
	}
	return ctx.Err()
}

// junit is a report with failures and skips among its cases.
func junit(cases int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<testsuites><testsuite name="torture" tests="%d">`, cases)
	for i := range cases {
		fmt.Fprintf(&b, `<testcase classname="tests.torture" name="test_%05d" time="0.25">`, i)
		switch i % 10 {
		case 3:
			fmt.Fprintf(&b, `<failure message="no">step %d</failure>`, i)
		case 7:
			b.WriteString(`<skipped message="later"/>`)
		}
		b.WriteString("</testcase>\n")
	}
	b.WriteString("</testsuite></testsuites>")
	return b.Bytes()
}

// archive is what pytest-ibutsu writes: a run with an artifact, and results with one each.
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
	head, err := json.Marshal(map[string]any{"id": run, "source": "torture", "start_time": start, "duration": 1.5, "summary": map[string]int{"tests": results, "collected": results}, "metadata": map[string]any{"env": "qa"}})
	if err != nil {
		return nil, err
	}
	if err := add(run+"/run.json", head); err != nil {
		return nil, err
	}
	if err := add(run+"/session.log", []byte("the session")); err != nil {
		return nil, err
	}
	for i := range results {
		id := uuid.NewString()
		one, err := json.Marshal(map[string]any{"id": id, "test_id": fmt.Sprintf("test_%05d", i), "result": statuses[i%len(statuses)], "duration": 0.25,
			"start_time": start, "run_id": run, "params": map[string]any{}, "metadata": map[string]any{"run": run}})
		if err != nil {
			return nil, err
		}
		if err := add(run+"/"+id+"/result.json", one); err != nil {
			return nil, err
		}
		if err := add(run+"/"+id+"/traceback.log", bytes.Repeat([]byte("line of a traceback\n"), 40)); err != nil {
			return nil, err
		}
	}
	if err := files.Close(); err != nil {
		return nil, err
	}
	if err := packed.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
