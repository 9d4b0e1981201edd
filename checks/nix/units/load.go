package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// load is a stream of requests at a steady rate: every second one a result that is posted, the others reads. Each is
// sent at its time, however long those before it take.
type load struct {
	done    chan struct{}
	ended   chan struct{}
	mutex   sync.Mutex
	pending sync.WaitGroup
	report  report
}

// report is what became of the requests.
type report struct {
	sent, failed, refused, posted int
	slowest                       time.Duration
	first                         string // the first failure
}

// uuid is a random id: a client makes its own.
func uuid() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func (m *machine) result() string {
	return fmt.Sprintf(`{"id":%q,"test_id":"check.test","result":"passed","duration":0.5,"project_id":%q}`, uuid(), m.project)
}

// push posts some results and counts what was confirmed.
func (m *machine) push(client *http.Client, n int) error {
	for range n {
		if _, err := m.call(client, "POST", "/result", m.result()); err != nil {
			return err
		}
		m.acknowledged++
	}
	return nil
}

// load starts the stream.
func (m *machine) load(every time.Duration, client *http.Client) *load {
	l := &load{done: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(l.ended)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for i := 0; ; i++ {
			select {
			case <-l.done:
				l.pending.Wait()
				m.acknowledged += l.report.posted
				return
			case <-ticker.C:
				l.pending.Go(func() { l.request(m, client, i%2 == 0) })
			}
		}
	}()
	return l
}

func (l *load) request(m *machine, client *http.Client, post bool) {
	method, path, body := "GET", "/health", ""
	if post {
		method, path, body = "POST", "/result", m.result()
	}
	begin := time.Now()
	_, err := m.call(client, method, path, body)
	took := time.Since(begin)
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.report.sent++
	l.report.slowest = max(l.report.slowest, took)
	if err == nil {
		if post {
			l.report.posted++
		}
		return
	}
	l.report.failed++
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		l.report.refused++
	}
	if l.report.first == "" {
		l.report.first = err.Error()
	}
}

// stop ends the stream, waits for the answers that are due, and reports.
func (l *load) stop() report {
	close(l.done)
	<-l.ended
	return l.report
}
