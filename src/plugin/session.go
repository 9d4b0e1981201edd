package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
)

// connection is a module's process and the way to it.
type connection struct {
	process *process
	client  *goplugin.Client
	logs    *logBridge
	module  *moduleClient
}

// session runs the module's process once, from its start to its end. It returns why it ended and for how long it had
// been healthy.
func (h *Host) session(ctx context.Context, sockets string) (reason string, healthy time.Duration) {
	c, err := h.connect(ctx, sockets)
	if err != nil {
		return "start failed: " + err.Error(), 0
	}
	h.update(func(s *Status) { s.PID = c.process.pid() })
	h.logger.Info().Int("pid", c.process.pid()).Msg("module started")

	running, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- c.module.run(running, h.report) }()

	w := watch{host: h, connection: c, ended: ended, begun: time.Now()}
	reason = w.until(ctx)
	if reason == "" {
		h.drain(c, ended)
	}
	c.close()
	exit := c.process.exit()
	switch {
	case reason == "":
		h.logger.Info().Str("exit", exit).Msg("module stopped")
	case reason == exited:
		reason = exit
	}
	if panicked := c.logs.panicked(); panicked != "" {
		reason += ": " + panicked
	}
	return reason, w.healthy()
}

// connect starts the process and configures the module. The whole of it is bounded: go-plugin by itself would wait for
// ever for a process that stops answering between its handshake and its first call.
func (h *Host) connect(ctx context.Context, sockets string) (*connection, error) {
	c := &connection{
		process: &process{executable: h.options.Executable},
		logs:    &logBridge{logger: h.logger},
	}
	c.client = goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  moduleHandshake,
		Plugins:          goplugin.PluginSet{moduleName: &modulePlugin{}},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		AutoMTLS:         true,
		SkipHostEnv:      true,
		StartTimeout:     h.options.StartTimeout,
		UnixSocketConfig: &goplugin.UnixSocketConfig{TempDir: sockets},
		Stderr:           c.logs,
		SyncStdout:       c.logs,
		SyncStderr:       c.logs,
		// What go-plugin says about its own work is in our reasons already.
		Logger: hclog.New(&hclog.LoggerOptions{Level: hclog.Off, Output: io.Discard}),
		RunnerFunc: func(_ hclog.Logger, spec *exec.Cmd, _ string) (runner.Runner, error) {
			cmd := exec.Command(h.options.Executable.Path, h.options.Arguments...)
			cmd.Args[0] = "ibutsu"
			cmd.Env = append(spec.Env, h.options.Environment...)
			c.process.cmd = cmd
			return c.process, nil
		},
	})
	starting, cancel := context.WithTimeout(ctx, h.options.StartTimeout)
	defer cancel()
	configured := make(chan error, 1)
	go func() { configured <- c.open(starting, h.options.Config) }()
	var err error
	select {
	case err = <-configured:
	case <-starting.Done():
		_ = c.process.Kill(ctx)
		<-configured
		err = fmt.Errorf("it did not answer within %s", h.options.StartTimeout)
	}
	if err == nil {
		return c, nil
	}
	c.close()
	return nil, c.explain(err)
}

// explain prefers how the process ended over go-plugin's complaint that it did not understand it.
func (c *connection) explain(err error) error {
	exit := c.process.exit()
	switch {
	case exit == "" || exit == killed || errors.Is(err, errConfigure):
		first, _, _ := strings.Cut(err.Error(), "\n")
		return errors.New(first)
	case c.logs.panicked() != "":
		return fmt.Errorf("%s: %s", exit, c.logs.panicked())
	case c.logs.lastText() != "":
		return fmt.Errorf("%s: %s", exit, c.logs.lastText())
	}
	return errors.New(exit)
}

// killed is the exit of a process that we ended.
const killed = "signal: killed"

var errConfigure = errors.New("the module refuses its configuration")

func (c *connection) open(ctx context.Context, config []byte) error {
	protocol, err := c.client.Client()
	if err != nil {
		return err
	}
	module, err := protocol.Dispense(moduleName)
	if err != nil {
		return err
	}
	c.module = module.(*moduleClient)
	if err := c.module.configure(ctx, config); err != nil {
		return fmt.Errorf("%w: %w", errConfigure, err)
	}
	return nil
}

// close ends the process, in order when it still answers, and collects what it wrote last.
func (c *connection) close() {
	const patience = 3 * time.Second
	late := time.AfterFunc(patience, func() { _ = c.process.Kill(context.Background()) })
	defer late.Stop()
	c.client.Kill()
	c.logs.finish()
}

// report puts an event of the module into the log.
func (h *Host) report(e Event) {
	line := h.logger.WithLevel(e.Level)
	for name, value := range e.Fields {
		line = line.Str(name, value)
	}
	line.Msg(e.Message)
}

// drain lets the module finish its work. It may take as long as DrainTimeout and a little more.
func (h *Host) drain(c *connection, ended <-chan error) {
	h.enter(Draining, func(*Status) {})
	const little = 2 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), h.options.DrainTimeout+little)
	defer cancel()
	begin := time.Now()
	if err := c.module.drain(ctx, h.options.DrainTimeout); err != nil {
		h.logger.Warn().Err(err).Dur("took", time.Since(begin)).Msg("module did not drain")
		return
	}
	select {
	case <-ended:
		h.logger.Info().Dur("took", time.Since(begin)).Msg("module drained")
	case <-c.process.done():
	case <-ctx.Done():
		h.logger.Warn().Dur("took", time.Since(begin)).Msg("module drained but did not end")
	}
}
