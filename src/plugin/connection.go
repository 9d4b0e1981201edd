package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"github.com/rs/zerolog"
)

// launch says how to start a process that speaks one of our contracts.
type launch struct {
	executable             Executable
	arguments, environment []string
	sockets                string // folder for go-plugin's own folders
	startTimeout           time.Duration
	logger                 zerolog.Logger
	handshake              goplugin.HandshakeConfig
	contract               goplugin.Plugin
}

// connection is a process and the way to it.
type connection struct {
	process  *process
	client   *goplugin.Client
	logs     *logBridge
	contract any // the client's side of the contract
}

// connect starts the process and lets open say the first words to it. The whole of it is bounded: go-plugin by itself
// would wait for ever for a process that stops answering between its handshake and its first call.
func (l launch) connect(ctx context.Context, open func(context.Context, *connection) error) (*connection, error) {
	c := &connection{
		process: &process{executable: l.executable},
		logs:    &logBridge{logger: l.logger},
	}
	c.client = goplugin.NewClient(l.config(c))
	starting, cancel := context.WithTimeout(ctx, l.startTimeout)
	defer cancel()
	opened := make(chan error, 1)
	go func() {
		err := c.dispense()
		if err == nil {
			err = open(starting, c)
		}
		opened <- err
	}()
	var err error
	select {
	case err = <-opened:
	case <-starting.Done():
		_ = c.process.kill()
		<-opened //nolint:errcheck // that it was killed
		err = fmt.Errorf("it did not answer within %s", l.startTimeout)
	}
	if err == nil {
		return c, nil
	}
	c.close()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return nil, c.explain(err)
}

func (l launch) config(c *connection) *goplugin.ClientConfig {
	return &goplugin.ClientConfig{
		HandshakeConfig:  l.handshake,
		Plugins:          goplugin.PluginSet{contractName: l.contract},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		AutoMTLS:         true,
		SkipHostEnv:      true,
		StartTimeout:     l.startTimeout,
		UnixSocketConfig: &goplugin.UnixSocketConfig{TempDir: l.sockets},
		Stderr:           c.logs,
		SyncStdout:       c.logs,
		SyncStderr:       c.logs,
		// What go-plugin says about its own work is in our reasons already.
		Logger: hclog.New(&hclog.LoggerOptions{Level: hclog.Off, Output: io.Discard}),
		RunnerFunc: func(_ hclog.Logger, spec *exec.Cmd, _ string) (runner.Runner, error) {
			c.process.cmd = &exec.Cmd{
				Path: l.executable.Path,
				Args: append([]string{l.executable.name()}, l.arguments...),
				Env:  slices.Concat(spec.Env, l.environment),
			}
			return c.process, nil
		},
	}
}

// contractName is what a contract is called within a process, which serves one.
const contractName = "contract"

func (c *connection) dispense() error {
	protocol, err := c.client.Client()
	if err != nil {
		return err
	}
	c.contract, err = protocol.Dispense(contractName)
	return err
}

// killed is the exit of a process that we ended.
const killed = "signal: killed"

// errRefused is an answer of the process, which says more than how it ended afterwards.
var errRefused = errors.New("the module refuses its configuration")

// explain prefers how the process ended over go-plugin's complaint that it did not understand it.
func (c *connection) explain(err error) error {
	exit := c.process.exit()
	switch {
	case exit == "" || exit == killed || errors.Is(err, errRefused):
		if errors.Is(err, ErrChanged) {
			return err
		}
		first, _, _ := strings.Cut(err.Error(), "\n")
		return errors.New(first)
	case c.logs.panicked() != "":
		return fmt.Errorf("%s: %s", exit, c.logs.panicked())
	case c.logs.lastText() != "":
		return fmt.Errorf("%s: %s", exit, c.logs.lastText())
	}
	return errors.New(exit)
}

// close ends the process, in order when it still answers, and collects what it wrote last.
func (c *connection) close() {
	const patience = 3 * time.Second
	late := time.AfterFunc(patience, func() { _ = c.process.kill() })
	defer late.Stop()
	c.client.Kill()
	c.logs.finish()
}
