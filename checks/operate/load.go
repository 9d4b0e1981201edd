package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/ibutsu/ibutsu-go/checks/harness"
)

// load are clients that post and read without a pause, and try nothing twice.
type load struct {
	client *harness.Client
	stop   context.CancelFunc
	done   sync.WaitGroup

	mutex    sync.Mutex
	requests int
	runs     []string // acknowledged
	failed   []string // what was no 2xx, with the time since the start
	begun    time.Time
}

func begin(ctx context.Context, url, token string, clients int) *load {
	ctx, stop := context.WithCancel(ctx)
	l := &load{client: harness.NewClient(url, token, 30*time.Second), stop: stop, begun: time.Now()}
	for range clients {
		l.done.Go(func() {
			for ctx.Err() == nil {
				l.post()
				l.read()
			}
		})
	}
	return l
}

func (l *load) post() {
	body := strings.NewReader(`{"metadata": {"project": "shop"}, "component": "operate"}`)
	status, raw, err := l.client.Do(context.Background(), http.MethodPost, "/api/run", "application/json", body)
	var run struct{ ID string }
	if err == nil && status == http.StatusCreated {
		err = json.Unmarshal(raw, &run)
	}
	l.note("POST /api/run", status, raw, err, run.ID)
}

func (l *load) read() {
	status, raw, err := l.client.Do(context.Background(), http.MethodGet, "/api/project?pageSize=5", "", nil)
	l.note("GET /api/project", status, raw, err, "")
}

func (l *load) note(what string, status int, raw []byte, err error, run string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.requests++
	if run != "" {
		l.runs = append(l.runs, run)
	}
	if err != nil || status >= 300 {
		l.failed = append(l.failed, fmt.Sprintf("%s after %s: %d %v %.200s", what, time.Since(l.begun).Round(time.Millisecond), status, err, raw))
	}
}

func (l *load) counts() (requests, failed int) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.requests, len(l.failed)
}

// more waits until so many further requests were answered well: the load goes on.
func (l *load) more(ctx context.Context, n int) error {
	requests, failed := l.counts()
	return harness.Await(ctx, "requests", func() bool {
		r, f := l.counts()
		return r-f >= requests-failed+n
	})
}

func (l *load) end() {
	l.stop()
	l.done.Wait()
	l.client.HTTP.CloseIdleConnections()
}

// failures is nil when every request was answered well.
func (l *load) failures() error {
	if len(l.failed) == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d requests failed:\n%s", len(l.failed), l.requests, strings.Join(l.failed[:min(5, len(l.failed))], "\n"))
}

// kept is nil when everything that was acknowledged is there.
func (l *load) kept(ctx context.Context, database string) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	missing, err := missingRuns(ctx, database, l.runs)
	if err != nil || len(missing) == 0 {
		return err
	}
	return fmt.Errorf("%d of %d acknowledged runs are lost, such as %s", len(missing), len(l.runs), missing[0])
}

// onlyUnavailable is nil when all that failed was told to come again.
func (l *load) onlyUnavailable() error {
	for _, f := range l.failed {
		if !strings.Contains(f, ": 503 ") {
			return fmt.Errorf("while the database was away: %s", f)
		}
	}
	return nil
}
