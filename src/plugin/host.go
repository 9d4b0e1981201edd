package plugin

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// SocketRoom is how many bytes of a socket's path a host needs below its RuntimeDir, beside the module's name.
const SocketRoom = len("/plugin-dir4294967295/plugin4294967295")

// HostOptions say which module a host runs and how.
type HostOptions struct {
	// Name is the module's, for logs and Status; it is a folder's name as well.
	Name string
	// Executable is the program, Arguments are what makes it serve the module.
	Executable Executable
	Arguments  []string
	// Config is handed to the module's Configure. It goes over the encrypted connection alone, so secrets may be in it.
	Config []byte
	// Environment is all that the process gets, as "NAME=value", beside what go-plugin needs.
	Environment []string
	// RuntimeDir is a private folder (0700) of this process for the sockets; its path must leave SocketRoom.
	RuntimeDir string
	// Logger gets the module's own lines and one for each start, restart and stop.
	Logger zerolog.Logger
	// StartTimeout (30 s) bounds a start until the module is configured.
	StartTimeout time.Duration
	// HealthInterval (5 s) is the pause between two health checks; a module that does not answer within HealthTimeout
	// (10 s) is taken to hang and killed.
	HealthInterval, HealthTimeout time.Duration
	// StatsInterval (15 s) is how old the figures in Status may become: a module may have to count rows for them.
	StatsInterval time.Duration
	// DrainTimeout (30 s) is how long running work may take to end when the host is told to stop.
	DrainTimeout time.Duration
	// MemoryMax is the resident memory, in bytes, above which the module is drained and started anew; 0 means no limit. It
	// has RenewalInterval (1 min) to work before that: a limit below what every start takes must not be all that happens.
	MemoryMax       uint64
	RenewalInterval time.Duration
	// Backoff spaces restarts.
	Backoff Backoff
	// OnStatus is called with each change and each answer of a health check; it must not block.
	OnStatus func(Status)
	// Random gives numbers in [0, 1) for the jitter; math/rand by default.
	Random func() float64
}

// Host runs one module in a process of its own and keeps it running, whatever happens to it.
type Host struct {
	options HostOptions
	logger  zerolog.Logger

	renew chan string // why the module shall be drained and started anew

	mutex  sync.Mutex
	status Status
	config []byte        // what the next start gets
	level  string        // of the log; "" is that of the settings
	module *moduleClient // while its process runs
}

// NewHost checks the options. Nothing is started before Run.
func NewHost(options HostOptions) (*Host, error) {
	if options.Name == "" || len(options.Executable.Checksum) == 0 {
		return nil, errors.New("a module needs a name and a measured executable")
	}
	options.StartTimeout = or(options.StartTimeout, 30*time.Second)
	options.HealthInterval = or(options.HealthInterval, 5*time.Second)
	options.HealthTimeout = or(options.HealthTimeout, 10*time.Second)
	options.StatsInterval = or(options.StatsInterval, 15*time.Second)
	options.RenewalInterval = or(options.RenewalInterval, time.Minute)
	options.DrainTimeout = or(options.DrainTimeout, 30*time.Second)
	options.Backoff = options.Backoff.withDefaults()
	if options.Random == nil {
		options.Random = rand.Float64
	}
	return &Host{
		options: options,
		config:  options.Config,
		renew:   make(chan string, 1),
		logger:  options.Logger.With().Str("module", options.Name).Logger(),
		status:  Status{Name: options.Name, State: Stopped, Since: time.Now()},
	}, nil
}

func or(d, fallback time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return fallback
}

// Status is how the module is at this moment.
func (h *Host) Status() Status {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.status
}

// Reload gives the module new settings: it finishes its work and is started anew with them.
func (h *Host) Reload(config []byte) {
	h.mutex.Lock()
	h.config = config
	h.mutex.Unlock()
	select {
	case h.renew <- "new settings":
	default: // it is about to be, and takes these
	}
}

// SetLogLevel changes what the module logs from now on, and after it was started again; "" is what its settings say, and
// comes with the next ones.
func (h *Host) SetLogLevel(ctx context.Context, level string) error {
	h.mutex.Lock()
	h.level = level
	module := h.module
	h.mutex.Unlock()
	if module == nil || level == "" {
		return nil
	}
	return module.setLogLevel(ctx, level)
}

// connected notes the module of the process that runs, nil for none, and tells it what it missed.
func (h *Host) connected(ctx context.Context, module *moduleClient) {
	h.mutex.Lock()
	h.module = module
	level := h.level
	h.mutex.Unlock()
	if module == nil || level == "" {
		return
	}
	if err := module.setLogLevel(ctx, level); err != nil {
		h.logger.Warn().Err(err).Msg("the module does not take the log's level")
	}
}

func (h *Host) settings() []byte {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.config
}

// Run keeps the module running until ctx ends, then drains and stops it. What happens to the module is never an error
// here; only a folder for sockets that cannot be made is.
func (h *Host) Run(ctx context.Context) error {
	sockets, err := h.socketDir()
	if err != nil {
		return fmt.Errorf("module %s: %w", h.options.Name, err)
	}
	defer func() { _ = os.RemoveAll(sockets) }()
	pace := pacer{backoff: h.options.Backoff, random: h.options.Random}
	for {
		h.enter(Starting, func(*Status) {})
		select {
		case <-h.renew: // this start is one
		default:
		}
		reason, healthy, renewed := h.session(ctx, sockets)
		if ctx.Err() != nil {
			h.enter(Stopped, func(s *Status) { s.Health = Health{Detail: "stopped", Since: time.Now()} })
			return nil
		}
		if renewed {
			h.update(func(s *Status) { s.Renewals++ })
			h.logger.Info().Str("reason", reason).Msg("module is started anew")
			continue
		}
		pause := pace.after(healthy)
		h.enter(Waiting, func(s *Status) {
			s.Restarts++
			s.LastReason, s.LastRestart = reason, time.Now()
			s.Health = Health{Detail: reason, Since: time.Now()}
		})
		h.logger.Error().Str("reason", reason).Dur("after", pause).Int("restarts", h.Status().Restarts).Msg("module ended, starting it again")
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// socketDir makes the folder that go-plugin makes its own folders in, and clears away those of a host that was killed.
func (h *Host) socketDir() (string, error) {
	dir := filepath.Join(h.options.RuntimeDir, h.options.Name)
	if longest := len(dir) + SocketRoom; longest > 103 {
		return "", fmt.Errorf("the path of the runtime folder %s is too long for sockets", h.options.RuntimeDir)
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	return dir, os.MkdirAll(dir, 0o700)
}

// enter moves to a state and tells about it.
func (h *Host) enter(state State, change func(*Status)) {
	h.update(func(s *Status) {
		if s.State != state {
			s.State, s.Since = state, time.Now()
		}
		if state == Waiting || state == Stopped {
			s.PID, s.Stats = 0, Stats{}
		}
		change(s)
	})
}

func (h *Host) update(change func(*Status)) {
	h.mutex.Lock()
	change(&h.status)
	now := h.status
	h.mutex.Unlock()
	if h.options.OnStatus != nil {
		h.options.OnStatus(now)
	}
}
