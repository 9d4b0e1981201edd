package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	ibutsu "github.com/ibutsu/ibutsu-go"
	"github.com/ibutsu/ibutsu-go/src/api"
	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/supervise"
	"github.com/ibutsu/ibutsu-go/src/telemetry"
	"github.com/ibutsu/ibutsu-go/src/telemetry/health"
	"github.com/ibutsu/ibutsu-go/src/telemetry/metrics"
	"github.com/ibutsu/ibutsu-go/src/telemetry/otlp"
)

// site is the HTTP server of a process, from before what is behind it is there until after that is gone. Probes are
// answered all the time.
type site struct {
	board     *health.Board
	front     *api.Front
	listener  net.Listener // without TLS, for a successor
	inherited *supervise.Inheritance
	ended     chan error
	probe     *store.Probe // nil until the database's address is known
	log       zerolog.Logger
	requests  *metrics.Requests
	telemetry *otlp.Exporter         // nil: nobody collects anything
	behind    atomic.Pointer[behind] // nil before and after it serves

	dial      *telemetry.Dial                // what is logged
	again     func() (*config.Loaded, error) // reads the settings once more
	modules   *hosts                         // nil where they run elsewhere
	handsOver bool                           // whether a successor may take the listener
}

// openSite listens, and answers probes. Other requests wait for serveUntil.
func openSite(ctx context.Context, c *console, loaded *config.Loaded, log zerolog.Logger) (*site, error) {
	listener, inherited, err := listen(ctx, loaded)
	if err != nil {
		return nil, err
	}
	served, err := withTLS(listener, loaded.Config.Server, c.now, log)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	board := health.NewBoard(c.now)
	board.Watch("database", true, func(context.Context) health.Part { return health.Unwell("starting") })
	s := &site{
		board: board, front: api.NewFront(apiLimits(&loaded.Config), board, api.BasePath(loaded.Config.Server.BackendURL)), listener: listener, inherited: inherited,
		ended: make(chan error, 1), log: log, requests: metrics.NewRequests(),
	}
	s.dial = telemetry.NewDial(&c.level, func(level string) {
		if s.modules != nil {
			s.modules.setLogLevel(level)
		}
	})
	s.telemetry, err = otlp.Open(ctx, otlp.Options{
		Endpoint: loaded.Config.Telemetry.Endpoint, Service: "ibutsu-backend", Version: ibutsu.Version(), Families: s.measures, Log: log, Now: c.now,
	})
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	go func() { s.ended <- s.front.Serve(served) }()
	return s, nil
}

// openDatabase opens the database of the configuration, and makes it a part that probes hear of.
func (s *site) openDatabase(ctx context.Context, cfg *config.Config) (*store.Store, error) {
	probe, err := store.NewProbe(cfg.Database.URL.Reveal())
	if err != nil {
		return nil, err
	}
	s.probe = probe
	s.board.Watch("database", true, func(ctx context.Context) health.Part {
		err := probe.Ask(ctx)
		switch {
		case errors.Is(err, store.ErrSchema):
			return health.Unwell(store.ErrSchema.Error())
		case err != nil: // its text may tell where the database is, and anybody may ask
			return health.Unwell("does not answer")
		}
		return health.Well("answers, and has the tables of this version")
	})
	return openDatabase(ctx, cfg, s.board, s.telemetry.Tracer() != nil, s.log)
}

// serveUntil serves until ctx ends, then drains: no request that was accepted is lost. ready is called when requests are
// answered.
func (s *site) serveUntil(ctx context.Context, c *console, cfg *config.Config, db *store.Store, ready func()) error {
	b, err := newBackend(ctx, cfg, db, s.front.Ending(), s.log, c.requestLog(s.log), c.now, &operated{s.requests, s.page, s.telemetry.Tracer(), s.dial})
	if err != nil {
		return err
	}
	defer b.close()
	s.behind.Store(&behind{db, b})
	defer s.behind.Store(nil)
	beside, cancel := context.WithCancel(ctx)
	defer cancel()
	// Before anybody is told that this serves: who hears it may send a signal at once, and one that nobody follows ends the process.
	succeeded := s.obey(beside, c, cfg)
	s.front.Open(b.app)
	s.board.Serving()

	s.log.Info().Str("listen", s.listener.Addr().String()).Str("url", cfg.Server.BackendURL).Msg("serving")
	service := supervise.NewNotifier(c.getenv)
	if err := service.Ready(); err != nil {
		s.log.Warn().Err(err).Msg("systemd does not listen")
	}
	if err := s.inherited.Serving(); err != nil {
		s.log.Warn().Err(err).Msg("the process before this one is gone already")
	}
	if ready != nil {
		ready()
	}
	go administer(beside, cfg.Server.AdminListen, s.page, s.log)
	go watchdog(beside, service, s.listener.Addr(), cfg.Server.TLSCert != "", s.log)
	go supervise.ReleaseAfterStart(beside, settleDown)

	var reason string
	select {
	case err := <-s.ended:
		b.drain()
		return fmt.Errorf("serving: %w", err)
	case pid := <-succeeded:
		_ = service.Succeeded(pid)
		reason = fmt.Sprintf("process %d serves from now on", pid)
	case <-ctx.Done():
		_ = service.Stopping()
		reason = context.Cause(ctx).Error()
		s.announceEnd(reason, cfg.Server.DrainDelay)
	}
	s.log.Info().Str("reason", reason).Msg("draining: requests at hand are answered, no new ones are taken")
	draining, cancelDrain := context.WithTimeout(context.WithoutCancel(ctx), cfg.Server.ShutdownGrace)
	defer cancelDrain()
	begin := time.Now()
	if err := s.front.Drain(draining); err != nil {
		s.log.Warn().Err(err).Msg("not all requests ended in time")
	}
	b.drain()
	s.log.Info().Dur("took", time.Since(begin)).Msg("requests drained")
	return nil
}

// announceEnd lets a load balancer see that this process is about to end before it takes no more requests. A second
// signal ends the wait, and the process.
func (s *site) announceEnd(reason string, delay time.Duration) {
	s.board.Draining()
	if delay <= 0 {
		return
	}
	s.log.Info().Str("reason", reason).Dur("for", delay).Msg("about to drain: /readyz says no, requests are still taken")
	<-time.After(delay)
}

// close ends the server, if it was not drained before.
func (s *site) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = s.front.Drain(ctx)
	_ = s.listener.Close()
	if s.probe != nil {
		s.probe.Close()
	}
	_ = s.telemetry.Close(ctx) // what the collector did not take is lost, and was said
}

// watchdog feeds systemd's watchdog as long as the server answers requests.
func watchdog(ctx context.Context, service supervise.Notifier, address net.Addr, secure bool, log zerolog.Logger) {
	interval := service.WatchdogInterval()
	if interval == 0 {
		return
	}
	client := ownClient(address.Network(), address.String(), interval)
	for tick := time.NewTicker(interval); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
		if err := askHealth(ctx, client, secure); err != nil {
			log.Warn().Err(err).Msg("the server does not answer its own health check; systemd hears nothing")
			continue
		}
		_ = service.Alive()
	}
}

// ownClient asks the server of this machine, whatever name its certificate is for.
func ownClient(network, address string, limit time.Duration) *http.Client {
	return &http.Client{Timeout: limit, Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // it is this machine, and nothing secret is sent
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
	}}
}

func ownURL(secure bool, path string) string {
	if secure {
		return "https://localhost" + path
	}
	return "http://localhost" + path
}

func askHealth(ctx context.Context, client *http.Client, secure bool) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, ownURL(secure, "/api/health"), http.NoBody)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the answer is %s", answer.Status)
	}
	return nil
}
