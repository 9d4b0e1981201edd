package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/plugin"
	"github.com/ibutsu/ibutsu-go/src/supervise"
	"github.com/ibutsu/ibutsu-go/src/telemetry/health"
)

// UpCmd serves everything from one process and its children.
type UpCmd struct {
	Settings `embed:""`
}

func newUpCmd() UpCmd { return UpCmd{Settings: newSettings(config.Groups()...)} }

func (UpCmd) note() string {
	return "Starts a PostgreSQL of its own below the state folder (or uses DATABASE_URL), makes the tables and the first " +
		"administrator, and runs server, worker and scheduler until it is told to stop. Nothing is written outside of the state folder."
}

func (UpCmd) examples() []example {
	return []example{
		{"ibutsu up", "serve on :8080 and keep everything in the usual folder"},
		{"ibutsu up --state ./ibutsu --listen 127.0.0.1:9000", "another folder and address; several may run on one machine"},
		{"DATABASE_URL=postgres://ibutsu@db.example/ibutsu ibutsu up", "on a PostgreSQL that there is already"},
	}
}

// Run implements the command.
func (cmd *UpCmd) Run(ctx context.Context, c *console) (err error) {
	supervise.TuneMemory(backendShare, backendGC)
	loaded, err := cmd.load(c)
	if err != nil {
		return err
	}
	log, err := c.logger(loaded)
	if err != nil {
		return err
	}
	cfg := &loaded.Config
	state, lock, err := stateFolder(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()

	var database atomic.Pointer[supervise.Postgres]
	ctx, stop := supervise.OnSignal(ctx, func(s os.Signal) {
		if p := database.Load(); p != nil {
			p.Abandon()
		}
		endAtOnce(log)(s)
	})
	defer stop()
	site, err := openSite(ctx, c, loaded, log) // before anything slow: a port in use is said at once
	if err != nil {
		return err
	}
	defer site.close()

	if !cfg.Database.URL.IsSet() {
		site.board.Phase("starting the private PostgreSQL")
		p, err := startPrivate(ctx, cfg, state, log)
		if err != nil {
			return orSignal(ctx, err)
		}
		database.Store(p)
		defer func() { err = errors.Join(err, stopPrivate(ctx, p, cfg.Server.ShutdownGrace, log)) }()
	}
	return cmd.serve(ctx, c, cfg, state, site, log)
}

func (cmd *UpCmd) serve(ctx context.Context, c *console, cfg *config.Config, state supervise.State, site *site, log zerolog.Logger) error {
	s, err := site.openDatabase(ctx, cfg)
	if err != nil {
		return orSignal(ctx, fmt.Errorf("opening the database: %w", err))
	}
	defer s.Close()
	admin, err := firstAdministrator(ctx, cfg, s, state, log)
	if err != nil {
		return orSignal(ctx, err)
	}
	sockets, err := state.Sockets(len("scheduler") + plugin.NestedSocketRoom)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(sockets) }()
	modules := newHosts(ctx, c, cfg, sockets, log)
	site.modules, site.again = modules, func() (*config.Loaded, error) { return cmd.load(c) }
	defer modules.drain() // after the requests, whose jobs the worker may take until then
	for _, name := range moduleNames() {
		site.board.Watch(name, false, func(context.Context) health.Part { return modulePart(modules.status(name)) })
	}
	return site.serveUntil(ctx, c, cfg, s, func() {
		modules.start() // only now: the first request shall not wait for a processor that they keep busy
		_, _ = io.WriteString(c.out, welcome{
			program: os.Args[0], url: cfg.Server.FrontendURL, state: string(state), admin: admin, terminal: c.outTerminal, colour: c.colour(c.outTerminal),
		}.String())
	})
}

// startPrivate starts the private PostgreSQL and makes it the database of the configuration.
func startPrivate(ctx context.Context, cfg *config.Config, state supervise.State, log zerolog.Logger) (*supervise.Postgres, error) {
	starting, cancel := context.WithTimeout(ctx, 5*time.Minute) // after a power failure it may have to recover much
	defer cancel()
	p, err := supervise.StartPostgres(starting, supervise.PostgresOptions{
		Dir: state.Postgres(), Log: state.PostgresLog(), Bin: cfg.Database.PostgresBin, Logger: log,
	})
	if err != nil {
		return nil, err
	}
	cfg.Database.URL = config.Secret(p.URL(p.Database()))
	if err := notePrivateDatabase(string(state), cfg.Database.URL.Reveal()); err != nil {
		return nil, errors.Join(err, stopPrivate(ctx, p, cfg.Server.ShutdownGrace, log))
	}
	return p, nil
}

func stopPrivate(ctx context.Context, p *supervise.Postgres, grace time.Duration, log zerolog.Logger) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	begin := time.Now()
	if err := p.Stop(ctx); err != nil {
		return err
	}
	log.Info().Dur("took", time.Since(begin)).Msg("PostgreSQL stopped")
	return nil
}
