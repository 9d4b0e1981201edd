package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	ibutsu "github.com/ibutsu/ibutsu-go"
	"github.com/ibutsu/ibutsu-go/src/plugin"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/supervise"
	"github.com/ibutsu/ibutsu-go/src/telemetry/health"
	"github.com/ibutsu/ibutsu-go/src/telemetry/metrics"
)

// queuePatience is how long the database may take to count jobs: whoever measures comes again.
const queuePatience = 3 * time.Second

// measure writes all that this process counts. A database that does not answer is told as such, and hides nothing else.
func (s *site) measure(ctx context.Context, db *store.Store, w io.Writer) error {
	one := func(name, help, kind string, value float64) metrics.Family {
		return metrics.Family{Name: name, Help: help, Type: kind, Samples: []metrics.Sample{{Value: value}}}
	}
	pool := db.PoolGauges()
	ready := s.board.Ready(ctx)
	isReady := 0.0
	if ready.Status == health.OK {
		isReady = 1
	}
	families := []metrics.Family{
		{Name: "ibutsu_build_info", Help: "The version.", Type: "gauge", Samples: []metrics.Sample{{Labels: []metrics.Label{{Name: "version", Value: ibutsu.Version()}}, Value: 1}}},
		one("ibutsu_ready", "Whether /readyz says yes.", "gauge", isReady),
		one("ibutsu_database_connections_max", "Most connections of this process to PostgreSQL.", "gauge", float64(pool.Max)),
		one("ibutsu_database_connections_open", "Open connections to PostgreSQL.", "gauge", float64(pool.Open)),
		one("ibutsu_database_connections_busy", "Connections to PostgreSQL that are at work.", "gauge", float64(pool.Busy)),
		one("ibutsu_database_waits_total", "How often a connection had to be waited for.", "counter", float64(pool.Waits)),
		one("ibutsu_database_wait_seconds_total", "How long connections were waited for.", "counter", pool.Waited.Seconds()),
	}
	asking, cancel := context.WithTimeout(ctx, queuePatience)
	defer cancel()
	if queues, err := db.QueueGauges(asking); err == nil {
		jobs := metrics.Family{Name: "ibutsu_jobs", Help: "Jobs that are not over, by queue and state; imports have a queue of their own.", Type: "gauge"}
		oldest := metrics.Family{Name: "ibutsu_jobs_oldest_seconds", Help: "How long the oldest job of a queue and state has been due.", Type: "gauge"}
		for _, q := range queues {
			labels := []metrics.Label{{Name: "queue", Value: q.Queue}, {Name: "state", Value: q.State}}
			jobs.Samples = append(jobs.Samples, metrics.Sample{Labels: labels, Value: float64(q.Jobs)})
			oldest.Samples = append(oldest.Samples, metrics.Sample{Labels: labels, Value: q.Oldest.Seconds()})
		}
		families = append(families, jobs, oldest)
	}
	families = append(append(families, s.moduleFamilies()...), metrics.Runtime()...)
	return errors.Join(metrics.Write(w, families), s.requests.Write(w))
}

// moduleFamilies are empty where modules run elsewhere.
func (s *site) moduleFamilies() []metrics.Family {
	if s.modules == nil {
		return nil
	}
	up := metrics.Family{Name: "ibutsu_module_up", Help: "Whether a module works.", Type: "gauge"}
	restarts := metrics.Family{Name: "ibutsu_module_restarts_total", Help: "How often a module ended by itself and was started again.", Type: "counter"}
	memory := metrics.Family{Name: "ibutsu_module_resident_bytes", Help: "Resident memory of a module.", Type: "gauge"}
	for _, name := range moduleNames() {
		status := s.modules.status(name)
		labels := []metrics.Label{{Name: "module", Value: name}}
		works := 0.0
		if status.State == plugin.Running && status.Health.OK {
			works = 1
		}
		up.Samples = append(up.Samples, metrics.Sample{Labels: labels, Value: works})
		restarts.Samples = append(restarts.Samples, metrics.Sample{Labels: labels, Value: float64(status.Restarts)})
		memory.Samples = append(memory.Samples, metrics.Sample{Labels: labels, Value: float64(status.Stats.RSS)})
	}
	return []metrics.Family{up, restarts, memory}
}

// administer answers at the address of admin_listen until ctx ends: metrics and profiles, to everybody who gets there.
func (s *site) administer(ctx context.Context, address string, db *store.Store) {
	if address == "" {
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_ = s.measure(r.Context(), db, w)
	})
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	l, err := s.listenToo(ctx, address)
	if err != nil {
		return
	}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	_ = server.Serve(l)
}

// listenToo listens; where the process before this one still does, it waits until that has gone.
func (s *site) listenToo(ctx context.Context, address string) (net.Listener, error) {
	for said := false; ; {
		l, err := supervise.Listen(ctx, address)
		if err == nil {
			s.log.Info().Str("listen", l.Addr().String()).Msg("metrics and profiles are served")
			return l, nil
		}
		if !said {
			said = true
			s.log.Warn().Err(err).Msg("metrics and profiles are not served yet, trying on")
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("listening: %w", ctx.Err())
		case <-time.After(500 * time.Millisecond):
		}
	}
}
