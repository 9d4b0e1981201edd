package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ibutsu/ibutsu-go/checks/harness"
)

// figures are the times of one kind of request.
type figures struct {
	Count     int     `json:"count"`
	PerSecond float64 `json:"per_second,omitempty"`
	P50       float64 `json:"p50_ms"`
	P95       float64 `json:"p95_ms"`
	P99       float64 `json:"p99_ms"`
	CPU       float64 `json:"cpu_ms_per_request"` // of the server with its PostgreSQL
	Bytes     int     `json:"bytes,omitempty"`
}

// figuresOf are the figures of a load that lasted for wall, in which the server used cpu.
func figuresOf(times []time.Duration, wall, cpu time.Duration) figures {
	f := spread(times)
	f.PerSecond, f.CPU = float64(len(times))/wall.Seconds(), milliseconds(cpu)/float64(len(times))
	return f
}

// spread sorts times and returns their quantiles alone.
func spread(times []time.Duration) figures {
	slices.Sort(times)
	at := func(q float64) float64 {
		return milliseconds(times[min(len(times)-1, int(q*float64(len(times))))])
	}
	return figures{Count: len(times), P50: at(0.5), P95: at(0.95), P99: at(0.99)}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// request writes the n-th request of a connection: what is sent, and which status is right.
type request func(connection, n int) (method, path, contentType string, body []byte)

// hammer sends requests over so many connections for so long.
func (b *bench) hammer(connections int, duration time.Duration, token string, want int, next request) (figures, error) {
	end := time.Now().Add(duration)
	return b.hammerUntil(connections, token, want, next, func() bool { return time.Now().After(end) })
}

// hammerUntil sends requests over so many connections until it is over.
func (b *bench) hammerUntil(connections int, token string, want int, next request, over func() bool) (figures, error) {
	var (
		mutex sync.Mutex
		times []time.Duration
		fault error
		group sync.WaitGroup
	)
	wires := make([]*wire, connections)
	for i := range wires {
		w, err := dial(b.server.URL, token)
		if err != nil {
			return figures{}, err
		}
		defer w.close()
		wires[i] = w
	}
	used, err := cpuOf(b.server.Pid())
	if err != nil {
		return figures{}, err
	}
	begin := time.Now()
	for i, w := range wires {
		group.Go(func() {
			mine := make([]time.Duration, 0, 1<<14)
			for n := 0; ; n++ {
				if over() {
					break
				}
				method, path, contentType, body := next(i, n)
				start := time.Now()
				status, _, err := w.do(method, path, contentType, body)
				if err == nil && status != want {
					err = fmt.Errorf("%s %s: %d instead of %d", method, path, status, want)
				}
				if err != nil {
					mutex.Lock()
					fault = errors.Join(fault, err)
					mutex.Unlock()
					return
				}
				mine = append(mine, time.Since(start))
			}
			mutex.Lock()
			times = append(times, mine...)
			mutex.Unlock()
		})
	}
	group.Wait()
	wall := time.Since(begin)
	if fault != nil {
		return figures{}, fault
	}
	now, err := cpuOf(b.server.Pid())
	if err != nil {
		return figures{}, err
	}
	return figuresOf(times, wall, now-used), nil
}

// ask sends one request again and again over one connection, as somebody who waits for each page does.
func (b *bench) ask(server *harness.Server, path string) (figures, error) {
	w, err := dial(server.URL, server.Token)
	if err != nil {
		return figures{}, err
	}
	defer w.close()
	if _, _, err := w.times(path, 3); err != nil { // to warm up
		return figures{}, err
	}
	used, err := cpuOf(server.Pid())
	if err != nil {
		return figures{}, err
	}
	begin := time.Now()
	times, size, err := w.times(path, b.repeat)
	if err != nil {
		return figures{}, err
	}
	wall := time.Since(begin)
	now, err := cpuOf(server.Pid())
	if err != nil {
		return figures{}, err
	}
	f := figuresOf(times, wall, now-used)
	f.PerSecond, f.Bytes = 0, size
	return f, nil
}

// times asks for a path so many times and returns how long each took, and the length of the last answer.
func (w *wire) times(path string, repeat int) (all []time.Duration, size int, err error) {
	for range repeat {
		start := time.Now()
		status, length, err := w.do("GET", path, "", nil)
		if err == nil && status != 200 {
			err = fmt.Errorf("GET %s: %d", path, status)
		}
		if err != nil {
			return nil, 0, err
		}
		all, size = append(all, time.Since(start)), length
	}
	return all, size, nil
}

// cpuOf is the processor time that a process and all its descendants have used, ended ones that were waited for included.
func cpuOf(pid int) (time.Duration, error) {
	processes, err := harness.Processes(pid)
	if err != nil {
		return 0, err
	}
	var total time.Duration
	for _, p := range processes {
		total += p.CPU
	}
	return total, nil
}

// settle waits until the server does nothing any more: what one measurement has begun must not disturb the next.
func (b *bench) settle(ctx context.Context) error {
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); {
		before, err := cpuOf(b.server.Pid())
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
		after, err := cpuOf(b.server.Pid())
		if err != nil {
			return err
		}
		if after-before <= 20*time.Millisecond {
			return nil
		}
	}
	return nil // autovacuum may take its time; the figures show it
}
