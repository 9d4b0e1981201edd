package plugin

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
)

// Serve is the main loop of a module's process: it returns when the host has ended the connection, and does not return
// when the host is gone. name is what the process is called in lists of processes.
//
// The module's logger must write JSON to the os.Stderr of before this call, or to the one of after it: both reach the
// host's log.
func Serve(ctx context.Context, name string, module Module) {
	nameProcess(name)
	dieWithHost(os.Stdin)
	drainOnTerminate(ctx, module)
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig: moduleHandshake,
		Plugins:         goplugin.PluginSet{contractName: &modulePlugin{server: &moduleServer{module: module, now: time.Now}}},
		GRPCServer:      goplugin.DefaultGRPCServer,
		Logger:          hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: os.Stderr, JSONFormat: true}),
	})
}

// dieWithHost ends this process when the host's end of the pipe is closed, which the system does however the host dies.
// Nobody is left to drain for: what was running is taken again by another worker.
func dieWithHost(lifeline io.Reader) {
	if os.Getenv(moduleHandshake.MagicCookieKey) != moduleHandshake.MagicCookieValue {
		return // started by hand; go-plugin says so and ends
	}
	go func() {
		_, _ = io.Copy(io.Discard, lifeline)
		os.Exit(0)
	}()
}

// drainOnTerminate makes SIGTERM an orderly end. It comes when a service manager signals the whole group; the host drains
// at the same time, and both are the same to the module.
func drainOnTerminate(ctx context.Context, module Module) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	go func() {
		for range signals {
			draining, cancel := context.WithTimeout(ctx, 30*time.Second)
			_ = module.Drain(draining)
			cancel()
		}
	}()
}

// nameProcess gives the process a name of its own, since it was started as /proc/self/exe and would be called "exe".
func nameProcess(name string) {
	_ = os.WriteFile("/proc/self/comm", []byte("ibutsu-"+name), 0)
}
