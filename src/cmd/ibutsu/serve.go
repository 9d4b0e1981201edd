package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"

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
	site, err := openSite(ctx, c, loaded, log)
	if err != nil {
		return err
	}
	defer site.close()
	site.again = func() (*config.Loaded, error) { return cmd.loadWithDatabase(c) }
	site.handsOver = true
	s, err := site.openDatabase(ctx, cfg)
	if err != nil {
		return orSignal(ctx, fmt.Errorf("opening the database: %w", err))
	}
	defer s.Close()
	if err := bootstrap(ctx, cfg, s, log); err != nil {
		return orSignal(ctx, err)
	}
	return site.serveUntil(ctx, c, cfg, s, nil)
}

// orSignal is the signal that ended a start, in place of what it has interrupted.
func orSignal(ctx context.Context, err error) error {
	if signal, ok := errors.AsType[supervise.InterruptedError](context.Cause(ctx)); ok {
		return fmt.Errorf("the start was broken off: %w", signal)
	}
	return err
}

// listen opens the listener, or takes that of the process before this one, and finds the addresses of the server when only
// now its port is known.
func listen(ctx context.Context, loaded *config.Loaded) (net.Listener, *supervise.Inheritance, error) {
	inherited, err := supervise.Inherit()
	if err != nil {
		return nil, nil, err
	}
	server := &loaded.Config.Server
	var l net.Listener
	if inherited != nil {
		l = inherited.Listener
	} else if l, err = supervise.Listen(ctx, server.Listen); err != nil {
		return nil, nil, err
	}
	address, isTCP := l.Addr().(*net.TCPAddr)
	if !isTCP || loaded.Origin("backend_url").Level != config.LevelDerived {
		return l, inherited, nil
	}
	_, port, err := net.SplitHostPort(server.Listen)
	if err == nil && port == "0" {
		server.BackendURL = localURL(address)
		if loaded.Origin("frontend_url").Level == config.LevelDerived {
			server.FrontendURL = server.BackendURL
		}
	}
	return l, inherited, nil
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
	passwords, err := newPasswords(ctx, c.SignIn, s)
	if err != nil {
		return err
	}
	done, err := auth.Bootstrap(store.WithActor(ctx, store.Actor{Name: "settings"}), s, auth.BootstrapOptions{
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
