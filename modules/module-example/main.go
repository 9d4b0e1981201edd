// Command module-example is a module of a third party: a part of the work that runs as a process of its own, beside the
// worker and the scheduler. It looks at the server's health as often as it is told to, and says when that changes.
//
//	go build -o PLUGIN_DIR/modules/watch ./modules/module-example
//	ibutsu module watch --plugin-dir PLUGIN_DIR --module-config watch.json     # {"url": "http://localhost:8080", "every": "10s"}
//
// It is meant to be copied. One in another language needs a go-plugin server over gRPC for src/plugin/proto/module.proto,
// with the cookie of src/plugin/handshake.go and protocol version 1.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/plugin"
)

func main() {
	plugin.Serve(context.Background(), "watch", &watch{drained: make(chan struct{})})
}

type watch struct {
	url     string
	every   time.Duration
	asked   atomic.Int64
	drained chan struct{}
	once    sync.Once
}

// Configure implements plugin.Module.
func (w *watch) Configure(_ context.Context, settings []byte) error {
	given := struct{ URL, Every string }{Every: "10s"}
	if err := json.Unmarshal(settings, &given); err != nil {
		return err
	}
	every, err := time.ParseDuration(given.Every)
	if err != nil || every <= 0 {
		return fmt.Errorf("every is %q; wanted is a duration such as 10s", given.Every)
	}
	if given.URL == "" {
		return errors.New("url is missing: the address of the server")
	}
	w.url, w.every = given.URL+"/api/health", every
	return nil
}

// Run implements plugin.Module.
func (w *watch) Run(ctx context.Context, emit func(plugin.Event)) error {
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	said := ""
	for {
		if now := w.ask(ctx); now != said {
			said = now
			emit(plugin.Event{Level: zerolog.InfoLevel, Message: "the server " + now})
		}
		select {
		case <-tick.C:
		case <-w.drained:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

func (w *watch) ask(ctx context.Context) string {
	w.asked.Add(1)
	ctx, cancel := context.WithTimeout(ctx, w.every)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url, http.NoBody)
	if err != nil {
		return err.Error()
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "does not answer"
	}
	_ = answer.Body.Close()
	return "answers " + answer.Status
}

// Drain implements plugin.Module: there is no work that would have to end first.
func (w *watch) Drain(context.Context) error {
	w.once.Do(func() { close(w.drained) })
	return nil
}

// Health implements plugin.Module. That the server is away is what this module is for, and no fault of its own.
func (w *watch) Health(context.Context) plugin.Health {
	return plugin.Health{OK: true, Detail: "watching"}
}

// Stats implements plugin.Module.
func (w *watch) Stats(context.Context) plugin.Stats {
	return plugin.Stats{Counters: map[string]int64{"asked": w.asked.Load()}}
}
