package plugin

import (
	"context"
	"fmt"
	"time"
)

// session runs the module's process once, from its start to its end. It returns why it ended, for how long it had been
// healthy, and whether the host has ended it to start it anew.
func (h *Host) session(ctx context.Context, sockets string) (reason string, healthy time.Duration, renewed bool) {
	c, err := h.connect(ctx, sockets)
	if err != nil {
		return "start failed: " + err.Error(), 0, false
	}
	module := c.contract.(*moduleClient)
	h.update(func(s *Status) { s.PID = c.process.pid() })
	h.logger.Info().Int("pid", c.process.pid()).Msg("module started")
	h.connected(ctx, module)
	defer h.connected(ctx, nil)

	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- module.run(running, h.report) }()

	w := watch{host: h, process: c.process, module: module, ended: ended, begun: time.Now()}
	reason = w.until(ctx)
	switch {
	case reason == "":
		h.drain(context.WithoutCancel(ctx), Draining, c.process, module, ended)
	case w.renew:
		h.drain(context.WithoutCancel(ctx), Renewing, c.process, module, ended)
	}
	c.close()
	exit := c.process.exit()
	switch reason {
	case "":
		h.logger.Info().Str("exit", exit).Msg("module stopped")
	case exited:
		reason = exit
	}
	if panicked := c.logs.panicked(); panicked != "" {
		reason += ": " + panicked
	}
	return reason, w.healthy(), w.renew
}

// connect starts the process and configures the module.
func (h *Host) connect(ctx context.Context, sockets string) (*connection, error) {
	return launch{
		executable:   h.options.Executable,
		arguments:    h.options.Arguments,
		environment:  h.options.Environment,
		sockets:      sockets,
		startTimeout: h.options.StartTimeout,
		logger:       h.logger,
		handshake:    moduleHandshake,
		contract:     &modulePlugin{},
	}.connect(ctx, func(ctx context.Context, c *connection) error {
		if err := c.contract.(*moduleClient).configure(ctx, h.settings()); err != nil {
			return fmt.Errorf("%w: %w", errRefused, err)
		}
		return nil
	})
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
func (h *Host) drain(ctx context.Context, state State, p *process, module *moduleClient, ended <-chan error) {
	h.enter(state, func(*Status) {})
	const little = 2 * time.Second
	ctx, cancel := context.WithTimeout(ctx, h.options.DrainTimeout+little)
	defer cancel()
	begin := time.Now()
	if err := module.drain(ctx, h.options.DrainTimeout); err != nil {
		h.logger.Warn().Err(err).Dur("took", time.Since(begin)).Msg("module did not drain")
		return
	}
	select {
	case err := <-ended:
		h.logger.Info().Err(err).Dur("took", time.Since(begin)).Msg("module drained")
	case <-p.done():
	case <-ctx.Done():
		h.logger.Warn().Dur("took", time.Since(begin)).Msg("module drained but did not end")
	}
}
