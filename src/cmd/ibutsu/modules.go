package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/modules/scheduler"
	"github.com/ibutsu/ibutsu-go/modules/worker"
	"github.com/ibutsu/ibutsu-go/src/api/encode"
	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/jobs"
	"github.com/ibutsu/ibutsu-go/src/plugin"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/supervise"
	"github.com/ibutsu/ibutsu-go/src/telemetry/health"
)

// moduleProcess is the hidden command that a host starts.
const moduleProcess = "module-process"

// moduleNames are the modules that there are, in the order in which they are listed.
func moduleNames() []string { return []string{"worker", "scheduler"} }

// newModule makes a module for this process. Its lines go to log.
func newModule(c *console, name string, log io.Writer) (plugin.Module, error) {
	switch name {
	case "worker":
		return worker.New(worker.Options{
			Log:         log,
			RuntimeDir:  plugin.NestedRuntimeDir(),
			Environment: only(c.environ, "TZ", "TMPDIR"), // for programs of third parties
			Encode: jobs.Encoder{
				Runs: func(rows []store.Run, page, pageSize int, total int64) ([]byte, error) {
					return encode.RunList(nil, rows, page, pageSize, total), nil
				},
				Results: func(rows []store.Result, page, pageSize int, total int64) ([]byte, error) {
					return encode.ResultList(nil, rows, page, pageSize, total), nil
				},
			},
		}), nil
	case "scheduler":
		return scheduler.New(log), nil
	}
	return nil, fmt.Errorf("there is no module %q; there are %s", name, strings.Join(moduleNames(), " and "))
}

// What each process may use of a memory limit, and how eagerly it collects garbage. The modules idle most of the time,
// and the worker's heap is what an import needs at once; the backend trades memory for answers.
const (
	backendShare, backendGC = 0.45, 100
	moduleShare, moduleGC   = 0.30, 50
)

// inherited are the variables that a module's process gets from ours: where trust and time come from, where its traces go,
// and nothing else that configures it or is secret.
func inherited(environ []string) []string {
	kept := only(environ,
		"TZ", "HOME", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "GOGC", "GOMEMLIMIT", "GOMAXPROCS", "GODEBUG", "GOTRACEBACK", "GOCOVERDIR",
		"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
		"PGPASSFILE", "PGSERVICEFILE", "PGSSLMODE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY", // pgx reads them
	)
	for _, entry := range environ {
		if strings.HasPrefix(entry, "OTEL_") {
			kept = append(kept, entry)
		}
	}
	return kept
}

// only are the variables of these names.
func only(environ []string, names ...string) []string {
	var kept []string
	for _, entry := range environ {
		if name, _, ok := strings.Cut(entry, "="); ok && slices.Contains(names, name) {
			kept = append(kept, entry)
		}
	}
	return kept
}

// hostOptions are those of the host of a module.
func hostOptions(c *console, cfg *config.Config, name string, self plugin.Executable, sockets string, log zerolog.Logger) (plugin.HostOptions, error) {
	settings, err := json.Marshal(cfg)
	if err != nil {
		return plugin.HostOptions{}, err
	}
	return plugin.HostOptions{
		Name:         name,
		Executable:   self,
		Arguments:    []string{moduleProcess, name},
		Config:       settings,
		Environment:  append(inherited(c.environ), supervise.MemoryEnvironment(moduleShare, moduleGC)...),
		RuntimeDir:   sockets,
		Logger:       log,
		DrainTimeout: cfg.Server.ShutdownGrace,
		MemoryMax:    uint64(max(0, cfg.Jobs.MemoryMax)),
	}, nil
}

// hosts run all modules beside the backend.
type hosts struct {
	stop    context.CancelFunc
	running sync.WaitGroup
	host    func(name string, self plugin.Executable) error // until stop
	log     zerolog.Logger

	mutex sync.Mutex
	known map[string]*plugin.Host
	level string // of the log; "" is that of the settings
}

func newHosts(ctx context.Context, c *console, cfg *config.Config, sockets string, log zerolog.Logger) *hosts {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx)) // the end of ctx is that of the requests, which come first
	h := &hosts{stop: stop, log: log, known: map[string]*plugin.Host{}}
	h.host = func(name string, self plugin.Executable) error {
		host, err := newHost(c, cfg, name, self, sockets, log)
		if err != nil {
			return err
		}
		h.mutex.Lock()
		h.known[name] = host
		level := h.level
		h.mutex.Unlock()
		h.tellLevel(host, level)
		return host.Run(ctx)
	}
	return h
}

// status is how a module is.
func (h *hosts) status(name string) plugin.Status {
	h.mutex.Lock()
	host, ok := h.known[name]
	h.mutex.Unlock()
	if !ok {
		return plugin.Status{Name: name, State: plugin.Starting}
	}
	return host.Status()
}

// setLogLevel changes what all modules log; "" is what their settings say.
func (h *hosts) setLogLevel(level string) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.level = level
	for _, host := range h.known {
		go h.tellLevel(host, level) // one that hangs holds up nobody
	}
}

func (h *hosts) tellLevel(host *plugin.Host, level string) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := host.SetLogLevel(ctx, level); err != nil {
		h.log.Warn().Err(err).Str("module", host.Status().Name).Msg("the module does not take the log's level")
	}
}

// reload gives all modules new settings.
func (h *hosts) reload(cfg *config.Config) {
	settings, err := json.Marshal(cfg)
	if err != nil {
		h.log.Error().Err(err).Msg("settings cannot be handed to modules")
		return
	}
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for _, host := range h.known {
		host.Reload(settings)
	}
}

// modulePart is a module's status for probes.
func modulePart(s plugin.Status) health.Part {
	message := string(s.State)
	if s.Health.Detail != "" {
		message += ": " + s.Health.Detail
	}
	part := health.Unwell(message)
	if s.State == plugin.Running && s.Health.OK {
		part = health.Well(message)
	}
	part.Restarts = s.Restarts
	return part
}

// start starts every module and waits for none.
func (h *hosts) start() {
	h.running.Go(func() {
		self, err := plugin.Self()
		if err != nil {
			h.log.Error().Err(err).Msg("no module can be started")
			return
		}
		for _, name := range moduleNames() {
			h.running.Go(func() {
				if err := h.host(name, self); err != nil {
					h.log.Error().Err(err).Str("module", name).Msg("module cannot be hosted")
				}
			})
		}
	})
}

func newHost(c *console, cfg *config.Config, name string, self plugin.Executable, sockets string, log zerolog.Logger) (*plugin.Host, error) {
	options, err := hostOptions(c, cfg, name, self, sockets, log)
	if err != nil {
		return nil, err
	}
	return plugin.NewHost(options)
}

// drain lets all modules finish their work. Each host bounds it by itself.
func (h *hosts) drain() {
	h.stop()
	h.running.Wait()
}

// settleDown gives back what the start of a process has used, once it is over.
const settleDown = 2 * time.Second
