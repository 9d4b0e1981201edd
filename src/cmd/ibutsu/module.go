package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/api"
	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/plugin"
	"github.com/ibutsu/ibutsu-go/src/supervise"
	"github.com/ibutsu/ibutsu-go/src/telemetry/metrics"
)

// ModuleCmd hosts one module against shared servers, for a service manager.
type ModuleCmd struct {
	Name         string `arg:"" help:"worker, scheduler, or the name of a program in the folder modules of the plugin folder"`
	Program      string `placeholder:"FILE" help:"The program of another module, when it is not in the plugin folder"`
	ModuleConfig string `placeholder:"FILE" help:"JSON that another module is configured with"`

	Settings `embed:""`
}

func newModuleCmd() ModuleCmd {
	return ModuleCmd{Settings: newSettings(config.GroupServer, config.GroupDatabase, config.GroupRedis, config.GroupJobs, config.GroupArtifacts, config.GroupLog, config.GroupTelemetry)}
}

func (ModuleCmd) note() string {
	return "Workers share the jobs, as many as there are. Of several schedulers one works and the others stand by. " +
		"The module runs in a process of its own that is started again when it ends; systemd (Type=notify, WatchdogSec=) hears how it is. " +
		"Modules of third parties are programs that speak the same contract (src/plugin/proto/module.proto). They get the variables of this " +
		"process but for Ibutsu's own."
}

func (ModuleCmd) examples() []example {
	return []example{
		{"DATABASE_URL=postgres://ibutsu@db.example/ibutsu ibutsu module worker", "one more worker for a server elsewhere"},
		{"ibutsu module digest --plugin-dir /usr/lib/ibutsu/plugins", "the program /usr/lib/ibutsu/plugins/modules/digest"},
	}
}

// Run implements the command.
func (cmd *ModuleCmd) Run(ctx context.Context, c *console) error {
	supervise.TuneMemory(moduleShare, moduleGC)
	load := cmd.loadWithDatabase
	if cmd.foreign() {
		load = cmd.load
	}
	loaded, err := load(c)
	if err != nil {
		return err
	}
	log, err := c.logger(loaded)
	if err != nil {
		return err
	}
	sockets, err := os.MkdirTemp(c.getenv("RUNTIME_DIRECTORY"), "ibutsu-")
	if err != nil {
		return fmt.Errorf("making a folder for sockets: %w", err)
	}
	defer func() { _ = os.RemoveAll(sockets) }()

	service := supervise.NewNotifier(c.getenv)
	ctx, stop := supervise.OnSignal(ctx, endAtOnce(log))
	defer stop()
	options, err := cmd.options(c, &loaded.Config, sockets, log)
	if err != nil {
		return err
	}
	options.OnStatus = newReporter(service, log).report
	if interval := service.WatchdogInterval(); interval > 0 {
		// A hang has to be found, and the module started again, before systemd takes the host itself for hung.
		options.HealthInterval = min(5*time.Second, interval)
		options.HealthTimeout = min(10*time.Second, interval)
		options.Backoff.Max = min(15*time.Second, interval)
	}
	host, err := plugin.NewHost(options)
	if err != nil {
		return err
	}
	go supervise.ReleaseAfterStart(ctx, settleDown)
	if loaded.Origin("admin_listen").Level == config.LevelFlag { // from a file or the environment it is the backend's
		go administer(ctx, loaded.Config.Server.AdminListen, modulePage(host), log)
	}
	obeySignals(ctx, c, &loaded.Config, func() (*config.Loaded, error) { return cmd.loadWithDatabase(c) }, host, log)
	return host.Run(ctx)
}

// modulePage is the page for Prometheus of a module that runs alone.
func modulePage(host *plugin.Host) api.Measurements {
	return func(_ context.Context, w io.Writer) error {
		return metrics.Write(w, metrics.Merge(append(metrics.Runtime(), moduleFamilies(host.Status())...)))
	}
}

func (cmd *ModuleCmd) options(c *console, cfg *config.Config, sockets string, log zerolog.Logger) (plugin.HostOptions, error) {
	if cmd.foreign() {
		return cmd.foreignOptions(c, cfg, sockets, log)
	}
	self, err := plugin.Self()
	if err != nil {
		return plugin.HostOptions{}, err
	}
	return hostOptions(c, cfg, cmd.Name, self, sockets, log)
}

// endAtOnce is what a second signal does. Modules die with this process.
func endAtOnce(log zerolog.Logger) func(os.Signal) {
	return func(s os.Signal) {
		log.Warn().Stringer("signal", s).Msg("told twice to stop: ending at once")
		os.Exit(exitFailed)
	}
}

// reporter turns the module's status into what systemd wants to hear.
type reporter struct {
	service supervise.Notifier
	log     zerolog.Logger
	ready   bool
	said    string
}

func newReporter(service supervise.Notifier, log zerolog.Logger) *reporter {
	return &reporter{service: service, log: log}
}

// report is called by the host alone, one call at a time.
func (r *reporter) report(s plugin.Status) {
	if s.State == plugin.Running {
		// An answer, whatever it says: a database that is away is no reason to kill the host. No answer, or none for long
		// because every start fails, is.
		r.tell(r.service.Alive())
	}
	if s.State == plugin.Running && s.Health.OK && !r.ready {
		r.ready = true
		r.tell(r.service.Ready())
	}
	if s.State == plugin.Draining {
		r.tell(r.service.Stopping())
	}
	line := string(s.State)
	if s.Health.Detail != "" {
		line += ": " + s.Health.Detail
	}
	if s.Restarts > 0 {
		line += fmt.Sprintf(" (restarts: %d, the last after: %s)", s.Restarts, s.LastReason)
	}
	if line != r.said {
		r.said = line
		r.tell(r.service.Status(line))
	}
}

func (r *reporter) tell(err error) {
	if err != nil {
		r.log.Warn().Err(err).Msg("systemd does not listen")
	}
}

// ModuleProcessCmd is a module's process. Hosts start it.
type ModuleProcessCmd struct {
	Name string `arg:""`
}

// Run implements the command.
func (cmd *ModuleProcessCmd) Run(ctx context.Context, c *console) error {
	module, err := newModule(c, cmd.Name, os.Stderr) // this one, not what go-plugin puts in its place
	if err != nil {
		return err
	}
	go supervise.ReleaseAfterStart(ctx, settleDown)
	plugin.Serve(ctx, cmd.Name, module)
	return nil
}
