package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/supervise"
)

// privateState says what a command expects of the private PostgreSQL.
type privateState int

const (
	mustExist privateState = iota
	mayBeMade
)

// withDatabase runs f with settings that have the address of the configured database, or else of the private one of the state folder, which is
// started for the time of f where `ibutsu up` does not run.
func (s *Settings) withDatabase(ctx context.Context, c *console, want privateState, f func(cfg *config.Config, log zerolog.Logger) error) (err error) {
	loaded, err := s.load(c)
	if err != nil {
		return err
	}
	log, err := c.logger(loaded)
	if err != nil {
		return err
	}
	cfg := &loaded.Config
	if cfg.Database.URL.IsSet() {
		return f(cfg, log)
	}
	state := supervise.State(cfg.Server.StateDir)
	if _, err := os.Stat(state.Postgres()); err != nil && want == mustExist {
		return failure{exitUsage, errors.Join(cfg.RequireDatabase(), fmt.Errorf("and there is no private PostgreSQL in %s", state))}
	}
	_, lock, err := stateFolder(cfg)
	if errors.Is(err, supervise.ErrLocked) {
		// `ibutsu up` is running there, and has left the address.
		running, err := privateDatabase(string(state))
		if err != nil || !running.IsSet() {
			return errors.Join(fmt.Errorf("%s is in use, but its database is not there yet", state), err)
		}
		cfg.Database.URL = running
		return f(cfg, log)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	p, err := startPrivate(ctx, cfg, state, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopPrivate(ctx, p, cfg.Server.ShutdownGrace, log)) }()
	return f(cfg, log)
}
