package plugin_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/ibutsu/ibutsu-go/src/plugin"
)

// TestMain lets the test binary play the module, and the host that is killed.
func TestMain(m *testing.M) {
	args := os.Args[1:]
	switch {
	case len(args) == 1 && args[0] == "module-process":
		plugin.Serve(context.Background(), "test", &testModule{drained: make(chan struct{})})
	case len(args) == 1 && args[0] == "crash-at-start":
		fmt.Fprintln(os.Stderr, "no such thing as a start")
		os.Exit(7)
	case len(args) == 1 && args[0] == "silent":
		select {}
	case len(args) == 2 && args[0] == "host":
		hostPart(args[1])
	default:
		goleak.VerifyTestMain(m)
	}
}

// orders is the configuration of the test module.
type orders struct {
	Refuse string // refuse the configuration, with this text
	Panic  bool   // panic soon after the start
	Fail   string // let Run fail with this text
	Unwell string // be not OK, with this text
	Work   string // a job that ends at the first moment after Drain and then writes this file
	Endure bool   // never drain
}

type testModule struct {
	orders  orders
	drained chan struct{}
	running atomic.Int64
}

func (m *testModule) Configure(_ context.Context, config []byte) error {
	if err := json.Unmarshal(config, &m.orders); err != nil {
		return err
	}
	if m.orders.Refuse != "" {
		return errors.New(m.orders.Refuse)
	}
	return nil
}

func (m *testModule) Run(ctx context.Context, emit func(plugin.Event)) error {
	emit(plugin.Event{Level: zerolog.InfoLevel, Message: "environment", Fields: map[string]string{"environment": strings.Join(os.Environ(), "|")}})
	fmt.Fprintln(os.Stderr, `{"@level":"warn","@message":"an hclog line","secret_of_life":42}`)
	switch {
	case m.orders.Panic:
		panic("something unforeseen")
	case m.orders.Fail != "":
		return errors.New(m.orders.Fail)
	}
	m.running.Add(1)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-m.drained:
	}
	if m.orders.Work != "" {
		if err := os.WriteFile(m.orders.Work, []byte("whole"), 0o600); err != nil {
			return err
		}
	}
	m.running.Add(-1)
	return nil
}

func (m *testModule) Drain(ctx context.Context) error {
	if m.orders.Endure {
		<-ctx.Done()
		return ctx.Err()
	}
	close(m.drained)
	return nil
}

func (m *testModule) Health(context.Context) plugin.Health {
	if m.orders.Unwell != "" {
		return plugin.Health{Detail: m.orders.Unwell}
	}
	return plugin.Health{OK: true, Detail: "fine"}
}

func (m *testModule) Stats(context.Context) plugin.Stats {
	return plugin.Stats{Counters: map[string]int64{"answers": 42}, JobsRunning: m.running.Load()}
}

// hostPart hosts the test module until it is killed, and prints the process id of the module.
func hostPart(runtimeDir string) {
	self, err := plugin.Self()
	if err != nil {
		os.Exit(1)
	}
	said := false
	host, err := plugin.NewHost(plugin.HostOptions{
		Name: "test", Executable: self, Arguments: []string{"module-process"}, Config: []byte(`{}`), RuntimeDir: runtimeDir,
		Logger: zerolog.Nop(), HealthInterval: 50 * time.Millisecond,
		OnStatus: func(s plugin.Status) {
			if s.Health.OK && !said {
				said = true
				fmt.Println(s.PID)
			}
		},
	})
	if err != nil {
		os.Exit(1)
	}
	_ = host.Run(context.Background())
}
