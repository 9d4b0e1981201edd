package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"slices"
	"time"

	"github.com/rs/zerolog"

	ibutsu "github.com/ibutsu/ibutsu-go"
	"github.com/ibutsu/ibutsu-go/src/api"
	"github.com/ibutsu/ibutsu-go/src/plugin"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/supervise"
	"github.com/ibutsu/ibutsu-go/src/telemetry/health"
	"github.com/ibutsu/ibutsu-go/src/telemetry/metrics"
)

// queuePatience is how long the database may take to count jobs: whoever measures comes again.
const queuePatience = 3 * time.Second

// behind is what is behind a site while it serves.
type behind struct {
	db      *store.Store
	backend *backend
}

// measures is what this process counts.
func (s *site) measures(ctx context.Context) []metrics.Family {
	ready := 0.0
	if s.board.Ready(ctx).Status == health.OK {
		ready = 1
	}
	families := append(metrics.Runtime(),
		metrics.Family{Name: "ibutsu_build_info", Help: "The version.", Type: metrics.TypeGauge, Samples: []metrics.Sample{
			{Labels: []metrics.Label{{Name: "version", Value: ibutsu.Version()}}, Value: 1},
		}},
		metrics.One("ibutsu_ready", "Whether /readyz says yes.", metrics.TypeGauge, ready),
	)
	families = slices.Concat(families, s.requests.Families(), s.telemetry.Families())
	if b := s.behind.Load(); b != nil {
		families = slices.Concat(families, b.db.Measure(), queueFamilies(ctx, b.db), b.backend.measure())
	}
	return families
}

// page writes the page for Prometheus: with the modules that run here, which send what they count by OTLP themselves.
func (s *site) page(ctx context.Context, w io.Writer) error {
	return metrics.Write(w, metrics.Merge(append(s.measures(ctx), s.moduleFamilies()...)))
}

// queueFamilies are empty while the database does not answer, which hides nothing else.
func queueFamilies(ctx context.Context, db *store.Store) []metrics.Family {
	asking, cancel := context.WithTimeout(ctx, queuePatience)
	defer cancel()
	queues, err := db.QueueGauges(asking)
	if err != nil {
		return nil
	}
	jobs := metrics.Family{Name: "ibutsu_jobs", Help: "Jobs that are not over, by queue and state; imports have a queue of their own.", Type: metrics.TypeGauge}
	oldest := metrics.Family{Name: "ibutsu_jobs_oldest_seconds", Help: "How long the oldest job of a queue and state has been due.", Type: metrics.TypeGauge}
	for _, q := range queues {
		labels := []metrics.Label{{Name: "queue", Value: q.Queue}, {Name: "state", Value: q.State}}
		jobs.Samples = append(jobs.Samples, metrics.Sample{Labels: labels, Value: float64(q.Jobs)})
		oldest.Samples = append(oldest.Samples, metrics.Sample{Labels: labels, Value: q.Oldest.Seconds()})
	}
	return []metrics.Family{jobs, oldest}
}

// moduleFamilies are empty where modules run elsewhere.
func (s *site) moduleFamilies() []metrics.Family {
	if s.modules == nil {
		return nil
	}
	var families []metrics.Family
	for _, name := range moduleNames() {
		families = append(families, moduleFamilies(s.modules.status(name))...)
	}
	return families
}

// moduleFamilies are how a module is, and what it counts.
func moduleFamilies(s plugin.Status) []metrics.Family {
	works := 0.0
	if s.State == plugin.Running && s.Health.OK {
		works = 1
	}
	families := append([]metrics.Family{
		metrics.One("ibutsu_module_up", "Whether a module works.", metrics.TypeGauge, works),
		metrics.One("ibutsu_module_restarts_total", "How often a module ended by itself and was started again.", metrics.TypeCounter, float64(s.Restarts)),
		metrics.One("ibutsu_module_resident_bytes", "Resident memory of a module.", metrics.TypeGauge, float64(s.Stats.RSS)),
		metrics.One("ibutsu_module_jobs_running", "Jobs that a module works on.", metrics.TypeGauge, float64(s.Stats.JobsRunning)),
	}, s.Stats.Metrics...)
	return metrics.WithLabel(families, metrics.Label{Name: "module", Value: s.Name})
}

// administer answers at an address until ctx ends: metrics and profiles, to everybody who gets there.
func administer(ctx context.Context, address string, page api.Measurements, log zerolog.Logger) {
	if address == "" {
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_ = page(r.Context(), w)
	})
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	l, err := listenToo(ctx, address, log)
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
func listenToo(ctx context.Context, address string, log zerolog.Logger) (net.Listener, error) {
	for said := false; ; {
		l, err := supervise.Listen(ctx, address)
		if err == nil {
			log.Info().Str("listen", l.Addr().String()).Msg("metrics and profiles are served")
			return l, nil
		}
		if !said {
			said = true
			log.Warn().Err(err).Msg("metrics and profiles are not served yet, trying on")
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("listening: %w", ctx.Err())
		case <-time.After(500 * time.Millisecond):
		}
	}
}
