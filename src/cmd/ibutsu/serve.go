package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/supervise"
)

// ServeCmd runs the backend alone, against shared servers.
type ServeCmd struct {
	Settings `embed:""`
}

func newServeCmd() ServeCmd { return ServeCmd{Settings: newSettings(config.Groups()...)} }

func (ServeCmd) note() string {
	return "Runs the HTTP server alone; `ibutsu module worker` and `ibutsu module scheduler` are the rest of it. Any number of " +
		"backends may share one database. A socket of systemd is used where there is one."
}

func (ServeCmd) examples() []example {
	return []example{
		{"DATABASE_URL=postgres://ibutsu@db.example/ibutsu ibutsu serve --listen :8080", "one backend of several"},
	}
}

// Run implements the command.
func (cmd *ServeCmd) Run(ctx context.Context, c *console) error {
	supervise.TuneMemory(backendShare*2, backendGC)
	loaded, err := cmd.loadWithDatabase(c)
	if err != nil {
		return err
	}
	log, err := c.logger(loaded)
	if err != nil {
		return err
	}
	ctx, stop := supervise.OnSignal(ctx, endAtOnce(log))
	defer stop()
	cfg := &loaded.Config
	listener, err := listen(ctx, loaded)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	s, err := openDatabase(ctx, cfg, log)
	if err != nil {
		return orSignal(ctx, fmt.Errorf("opening the database: %w", err))
	}
	defer s.Close()
	if err := bootstrap(ctx, cfg, s, log); err != nil {
		return orSignal(ctx, err)
	}
	return serveUntil(ctx, c, cfg, s, listener, log, nil)
}

// orSignal is the signal that ended a start, in place of what it has interrupted.
func orSignal(ctx context.Context, err error) error {
	if signal, ok := errors.AsType[supervise.InterruptedError](context.Cause(ctx)); ok {
		return fmt.Errorf("the start was broken off: %w", signal)
	}
	return err
}

// listen opens the listener, and finds the addresses of the server when only now its port is known.
func listen(ctx context.Context, loaded *config.Loaded) (net.Listener, error) {
	server := &loaded.Config.Server
	l, err := supervise.Listen(ctx, server.Listen)
	if err != nil {
		return nil, err
	}
	address, isTCP := l.Addr().(*net.TCPAddr)
	if !isTCP || loaded.Origin("backend_url").Level != config.LevelDerived {
		return l, nil
	}
	_, port, err := net.SplitHostPort(server.Listen)
	if err == nil && port == "0" {
		server.BackendURL = localURL(address)
		if loaded.Origin("frontend_url").Level == config.LevelDerived {
			server.FrontendURL = server.BackendURL
		}
	}
	return l, nil
}

func localURL(address *net.TCPAddr) string {
	host := address.IP.String()
	if address.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(address.Port))
}

// bootstrap makes or promotes the administrator of the settings, if they name one.
func bootstrap(ctx context.Context, c *config.Config, s *store.Store, log zerolog.Logger) error {
	passwords, err := auth.NewPasswords(c.SignIn.BcryptCost)
	if err != nil {
		return err
	}
	done, err := auth.Bootstrap(ctx, s, auth.BootstrapOptions{
		Email: c.Superadmin.Email, Password: c.Superadmin.Password.Reveal(), Name: c.Superadmin.Name, OwnProject: c.Superadmin.OwnProject,
		Passwords: passwords, NewID: uuid.New,
	})
	switch {
	case errors.Is(err, auth.ErrPasswordEmpty):
		return errors.New("IBUTSU_SUPERADMIN_PASSWORD is missing: there is no user " + c.Superadmin.Email + " yet")
	case err != nil:
		return fmt.Errorf("making the administrator %s: %w", c.Superadmin.Email, err)
	case done == auth.Created:
		log.Info().Str("email", c.Superadmin.Email).Msg("administrator made")
	case done == auth.Promoted:
		log.Info().Str("email", c.Superadmin.Email).Msg("user made an administrator; the password stays")
	}
	return nil
}

// serveUntil serves until ctx ends, then drains: no request that was accepted is lost. ready is called when requests are
// answered.
func serveUntil(ctx context.Context, c *console, cfg *config.Config, s *store.Store, listener net.Listener, log zerolog.Logger, ready func()) error {
	b, err := newBackend(ctx, cfg, s, log, c.now)
	if err != nil {
		return err
	}
	defer b.close()
	ended := make(chan error, 1)
	go func() { ended <- b.serve(listener) }()

	log.Info().Str("listen", listener.Addr().String()).Str("url", cfg.Server.BackendURL).Msg("serving")
	service := supervise.NewNotifier(c.getenv)
	if err := service.Ready(); err != nil {
		log.Warn().Err(err).Msg("systemd does not listen")
	}
	if ready != nil {
		ready()
	}
	beside, cancel := context.WithCancel(ctx)
	defer cancel()
	go watchdog(beside, service, listener.Addr(), log)
	go supervise.ReleaseAfterStart(beside, settleDown)

	select {
	case err := <-ended:
		_ = b.drain(ctx)
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	_ = service.Stopping()
	log.Info().Str("reason", context.Cause(ctx).Error()).Msg("draining: requests at hand are answered, no new ones are taken")
	draining, cancelDrain := context.WithTimeout(context.WithoutCancel(ctx), cfg.Server.ShutdownGrace)
	defer cancelDrain()
	begin := time.Now()
	if err := b.drain(draining); err != nil {
		log.Warn().Err(err).Msg("not all requests ended in time")
	}
	log.Info().Dur("took", time.Since(begin)).Msg("requests drained")
	return nil
}

// watchdog feeds systemd's watchdog as long as the server answers requests.
func watchdog(ctx context.Context, service supervise.Notifier, address net.Addr, log zerolog.Logger) {
	interval := service.WatchdogInterval()
	if interval == 0 {
		return
	}
	client := &http.Client{Timeout: interval, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, address.Network(), address.String())
		},
	}}
	for tick := time.NewTicker(interval); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
		if err := askHealth(ctx, client); err != nil {
			log.Warn().Err(err).Msg("the server does not answer its own health check; systemd hears nothing")
			continue
		}
		_ = service.Alive()
	}
}

func askHealth(ctx context.Context, client *http.Client) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://ibutsu/api/health", http.NoBody)
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

// stateFolder is the state folder of the configuration, made when missing and free.
func stateFolder(cfg *config.Config) (supervise.State, *supervise.Lock, error) {
	state := supervise.State(cfg.Server.StateDir)
	if err := state.Make(); err != nil {
		return "", nil, err
	}
	lock, err := supervise.LockState(string(state))
	if errors.Is(err, os.ErrPermission) {
		return "", nil, fmt.Errorf("this user may not write to the state folder %s; choose another with --state: %w", state, err)
	}
	return state, lock, err
}
