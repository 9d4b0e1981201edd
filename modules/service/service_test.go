package service_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ibutsu/ibutsu-go/modules/service"
	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/plugin"
	"github.com/ibutsu/ibutsu-go/src/telemetry/metrics"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 30 * time.Second

// fake is a service whose work ends when work is closed.
type fake struct {
	work            chan struct{}
	stopped, closed atomic.Bool
	fault           atomic.Pointer[error]
}

func (f *fake) Healthy(context.Context) error {
	if err := f.fault.Load(); err != nil {
		return *err
	}
	return nil
}

func (f *fake) Stats(context.Context) (map[string]int64, error) {
	return map[string]int64{"jobs_running": 3, "jobs_available": 4}, nil
}

func (f *fake) Measure() []metrics.Family {
	return []metrics.Family{metrics.One("fake_things_total", "Things.", metrics.TypeCounter, 7)}
}

func (f *fake) Stop(ctx context.Context) error {
	defer f.stopped.Store(true)
	select {
	case <-f.work:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *fake) Close() { f.closed.Store(true) }

// started is a module whose Run is on.
type started struct {
	*service.Module
	ended  chan error
	cancel context.CancelFunc
	events chan plugin.Event
}

func run(t *testing.T, open service.Open) started {
	t.Helper()
	m := started{Module: service.New("test", io.Discard, open), ended: make(chan error, 1), events: make(chan plugin.Event, 100)}
	settings, err := json.Marshal(config.Default())
	require.NoError(t, err)
	require.NoError(t, m.Configure(t.Context(), settings))
	ctx, cancel := context.WithCancel(context.Background())
	m.cancel = cancel
	t.Cleanup(cancel)
	go func() { m.ended <- m.Run(ctx, func(e plugin.Event) { m.events <- e }) }()
	return m
}

func (m started) awaitHealth(t *testing.T, want plugin.Health) {
	t.Helper()
	require.Eventually(t, func() bool { return m.Health(t.Context()) == want }, patience, time.Millisecond)
}

func (m started) awaitEnd(t *testing.T) {
	t.Helper()
	select {
	case err := <-m.ended:
		require.NoError(t, err)
	case <-time.After(patience):
		t.Fatal("Run did not end")
	}
}

func TestWaitsForTheDatabaseAndSaysSoOnce(t *testing.T) {
	t.Parallel()
	f := &fake{work: make(chan struct{})}
	close(f.work)
	var reachable atomic.Bool
	var tries atomic.Int32
	m := run(t, func(context.Context, config.Config, service.About) (service.Service, error) {
		tries.Add(1)
		if !reachable.Load() {
			return nil, errors.New("connection refused")
		}
		return f, nil
	})
	m.awaitHealth(t, plugin.Health{Detail: "connection refused"})
	require.Eventually(t, func() bool { return tries.Load() >= 3 }, patience, time.Millisecond)
	reachable.Store(true)
	m.awaitHealth(t, plugin.Health{OK: true, Detail: "working"})
	require.Len(t, m.events, 1)
	require.Equal(t, "connection refused", (<-m.events).Fields["error"])
	require.NoError(t, m.Drain(t.Context()))
	m.awaitEnd(t)
	require.True(t, f.closed.Load())
}

func TestDrainWaitsForTheWork(t *testing.T) {
	t.Parallel()
	f := &fake{work: make(chan struct{})}
	m := run(t, func(context.Context, config.Config, service.About) (service.Service, error) { return f, nil })
	m.awaitHealth(t, plugin.Health{OK: true, Detail: "working"})
	drained := make(chan error, 2)
	for range 2 { // the host's, and that of a signal
		go func() { drained <- m.Drain(context.Background()) }()
	}
	select {
	case <-drained:
		t.Fatal("drained while there was work")
	case <-m.ended:
		t.Fatal("ended while there was work")
	case <-time.After(50 * time.Millisecond):
	}
	close(f.work)
	for range 2 {
		require.NoError(t, <-drained)
	}
	m.awaitEnd(t)
	require.True(t, f.closed.Load())
}

func TestDrainGivesUpWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	f := &fake{work: make(chan struct{})}
	m := run(t, func(context.Context, config.Config, service.About) (service.Service, error) { return f, nil })
	m.awaitHealth(t, plugin.Health{OK: true, Detail: "working"})
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, m.Drain(ctx), context.DeadlineExceeded)
	m.awaitEnd(t)
}

func TestDrainWhileTheDatabaseIsAwaited(t *testing.T) {
	t.Parallel()
	m := run(t, func(ctx context.Context, _ config.Config, _ service.About) (service.Service, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	require.NoError(t, m.Drain(t.Context()))
	m.awaitEnd(t)
}

func TestServiceThatOpensWhileItIsDrainedIsStopped(t *testing.T) {
	t.Parallel()
	f := &fake{work: make(chan struct{})}
	close(f.work)
	m := run(t, func(ctx context.Context, _ config.Config, _ service.About) (service.Service, error) {
		<-ctx.Done()
		return f, nil
	})
	require.NoError(t, m.Drain(t.Context()))
	m.awaitEnd(t)
	require.True(t, f.stopped.Load())
	require.True(t, f.closed.Load())
}

func TestEndsAtOnceWithoutItsHost(t *testing.T) {
	t.Parallel()
	f := &fake{work: make(chan struct{})}
	close(f.work)
	m := run(t, func(context.Context, config.Config, service.About) (service.Service, error) { return f, nil })
	m.awaitHealth(t, plugin.Health{OK: true, Detail: "working"})
	m.cancel()
	m.awaitEnd(t)
	require.True(t, f.stopped.Load())
	require.True(t, f.closed.Load())
}

func TestHealthAndStatsAreTheService(t *testing.T) {
	t.Parallel()
	f := &fake{work: make(chan struct{})}
	close(f.work)
	m := run(t, func(context.Context, config.Config, service.About) (service.Service, error) { return f, nil })
	m.awaitHealth(t, plugin.Health{OK: true, Detail: "working"})
	stats := m.Stats(t.Context())
	require.Equal(t, int64(3), stats.JobsRunning)
	require.Equal(t, int64(4), stats.Counters["jobs_available"])
	require.Contains(t, stats.Metrics, f.Measure()[0])
	fault := errors.New("the lease is lost")
	f.fault.Store(&fault)
	require.Equal(t, plugin.Health{Detail: "the lease is lost"}, m.Health(t.Context()))
	require.NoError(t, m.Drain(t.Context()))
	m.awaitEnd(t)
}

func TestConfigurationThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	require.Error(t, service.New("test", io.Discard, nil).Configure(t.Context(), []byte(`{"no_such_setting":"1"}`)))
}
