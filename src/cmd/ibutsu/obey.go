package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/plugin"
	"github.com/ibutsu/ibutsu-go/src/supervise"
	"github.com/ibutsu/ibutsu-go/src/telemetry"
)

// obey follows SIGHUP, which has the settings read again, and SIGUSR2, which has a successor started on the same listener.
// The successor's process comes from the channel, once it serves.
func (s *site) obey(ctx context.Context, c *console, cfg *config.Config) <-chan int {
	succeeded := make(chan int, 1)
	onSignal(ctx, syscall.SIGHUP, func() {
		if endedTerminal(c) {
			return
		}
		fresh, ok := s.reload(c, cfg)
		if ok && s.modules != nil {
			s.modules.reload(fresh)
		}
	})
	onSignal(ctx, syscall.SIGUSR2, func() {
		if pid := s.succeed(ctx, cfg); pid != 0 {
			succeeded <- pid
		}
	})
	return succeeded
}

// onSignal does something for each signal of a kind until ctx ends.
func onSignal(ctx context.Context, kind os.Signal, do func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, kind)
	go func() {
		defer signal.Stop(signals)
		for {
			select {
			case <-ctx.Done():
				return
			case <-signals:
				do()
			}
		}
	}()
}

// endedTerminal tells a terminal that was closed, which has always meant the end, from the wish to read settings again.
func endedTerminal(c *console) bool {
	if !c.inTerminal && !c.errTerminal {
		return false
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGTERM)
	return true
}

// live are the settings that a running server takes over; its modules take over all, since they are started anew.
var live = []string{"log_level", "access_log"}

// reload reads the settings again, and takes over what can be. cfg is what the server was started with.
func (s *site) reload(c *console, cfg *config.Config) (*config.Config, bool) {
	loaded, err := s.again()
	if err != nil {
		s.log.Error().Err(err).Msg("settings read again: they are wrong, the old ones stay")
		return nil, false
	}
	fresh := &loaded.Config
	// What only the running server knows.
	if !fresh.Database.URL.IsSet() {
		fresh.Database.URL = cfg.Database.URL
	}
	if loaded.Origin("backend_url").Level == config.LevelDerived {
		fresh.Server.BackendURL, fresh.Server.FrontendURL = cfg.Server.BackendURL, cfg.Server.FrontendURL
	}
	adopt(c, s.dial, fresh, cfg, s.log)
	return fresh, true
}

// adopt takes over what can be of fresh settings, and says what cannot.
func adopt(c *console, dial *telemetry.Dial, fresh, cfg *config.Config, log zerolog.Logger) {
	_ = dial.Configure(fresh.Log.Level) // it was checked
	c.access.Store(fresh.Log.Access)
	var later []string
	for _, setting := range config.Settings() {
		if setting.Text(fresh) != setting.Text(cfg) && !slices.Contains(live, setting.Name) {
			later = append(later, setting.Name)
		}
	}
	line := log.Info().Str("log_level", fresh.Log.Level).Bool("access_log", fresh.Log.Access)
	if len(later) > 0 {
		line = line.Str("after_a_restart", strings.Join(later, ", "))
	}
	line.Msg("settings read again")
}

// succeed starts a successor, and returns its process once it serves; 0 means that this process goes on.
func (s *site) succeed(ctx context.Context, cfg *config.Config) int {
	switch {
	case !s.handsOver:
		s.log.Warn().Msg("SIGUSR2: `ibutsu up` holds its state folder and cannot hand over; `ibutsu serve` can, and a socket of systemd keeps connections waiting during a restart")
		return 0
	case os.Getpid() == 1:
		s.log.Warn().Msg("SIGUSR2: the first process of a container cannot hand over, since the container ends with it; start a second container")
		return 0
	}
	starting, cancel := context.WithTimeout(ctx, cfg.Database.Wait+time.Minute)
	defer cancel()
	s.log.Info().Str("program", os.Args[0]).Msg("SIGUSR2: starting a successor")
	pid, err := supervise.Successor{
		Program: programPath(), Arguments: os.Args[1:], Environment: os.Environ(), Out: os.Stdout, Err: os.Stderr,
	}.Start(starting, s.listener)
	if err != nil {
		s.log.Error().Err(err).Msg("this process goes on serving")
		return 0
	}
	return pid
}

// programPath is where the program is now: the name that it was started by may lead to a newer one.
func programPath() string {
	if path, err := exec.LookPath(os.Args[0]); err == nil {
		return path
	}
	path, _ := os.Executable()
	return path
}

// obeySignals is obey for the host of a module.
func obeySignals(ctx context.Context, c *console, cfg *config.Config, again func() (*config.Loaded, error), host *plugin.Host, log zerolog.Logger) {
	dial := telemetry.NewDial(&c.level, nil)
	onSignal(ctx, syscall.SIGHUP, func() {
		if endedTerminal(c) {
			return
		}
		loaded, err := again()
		if err != nil {
			log.Error().Err(err).Msg("settings read again: they are wrong, the old ones stay")
			return
		}
		adopt(c, dial, &loaded.Config, cfg, log)
		if settings, err := json.Marshal(&loaded.Config); err == nil {
			host.Reload(settings)
		}
	})
	onSignal(ctx, syscall.SIGUSR2, func() {
		log.Warn().Msg("SIGUSR2: there is no listener to hand over; start another one, and stop this one, whose work goes on there")
	})
}
