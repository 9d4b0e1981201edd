// Package service is what the worker and the scheduler have in common as modules: they wait for the database, run until
// they are drained, and say how they are.
package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"sync"
	"time"

	"github.com/rs/zerolog"

	ibutsu "github.com/ibutsu/ibutsu-go"
	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/plugin"
	"github.com/ibutsu/ibutsu-go/src/telemetry"
	"github.com/ibutsu/ibutsu-go/src/telemetry/metrics"
	"github.com/ibutsu/ibutsu-go/src/telemetry/otlp"
	"github.com/ibutsu/ibutsu-go/src/telemetry/tracing"
)

// Service is the work of a module.
type Service interface {
	// Healthy says what keeps the work from going on, nil when nothing does.
	Healthy(ctx context.Context) error
	// Stats are figures for metrics; "jobs_running" is shown by itself.
	Stats(ctx context.Context) (map[string]int64, error)
	// Measure is what the service counts.
	Measure() []metrics.Family
	// Stop takes no new work and waits for what is at hand until ctx ends.
	Stop(ctx context.Context) error
	// Close lets go of what Open took, after Stop.
	Close()
}

// Open makes the service and starts it. It is tried again as long as it fails: the database may be restarting.
type Open func(ctx context.Context, c config.Config, about About) (Service, error)

// About is what a service has of its module.
type About struct {
	Name   string
	Log    zerolog.Logger
	Tracer *tracing.Tracer // nil: nobody collects traces
}

// Module runs a Service as a plugin.Module.
type Module struct {
	name   string
	out    io.Writer
	open   Open
	config config.Config
	level  telemetry.Level
	log    zerolog.Logger
	drain  chan struct{} // closed by the first Drain
	once   sync.Once
	ended  chan struct{} // closed when Run is over

	mutex   sync.Mutex
	service Service        // nil until it is open
	waiting error          // why it is not
	sent    *otlp.Exporter // nil: nobody collects anything

	retry time.Duration // pause after the first failure
}

// New makes a module of that name. Its lines go to out: JSON, for the host to read.
func New(name string, out io.Writer, open Open) *Module {
	return &Module{
		name:    name,
		out:     out,
		open:    open,
		drain:   make(chan struct{}),
		ended:   make(chan struct{}),
		waiting: errors.New("starting"),
		retry:   100 * time.Millisecond,
	}
}

// Configure implements plugin.Module.
func (m *Module) Configure(_ context.Context, settings []byte) error {
	if err := json.Unmarshal(settings, &m.config); err != nil {
		return err
	}
	log, err := telemetry.New(telemetry.Options{
		Out: m.out, Format: telemetry.FormatJSON, Level: m.config.Log.Level, Now: time.Now, Secrets: m.config.Secrets(), Adjust: &m.level,
	})
	m.log = log
	return err
}

// SetLogLevel implements plugin.Adjustable.
func (m *Module) SetLogLevel(level string) error { return m.level.Set(level) }

// Run implements plugin.Module.
func (m *Module) Run(ctx context.Context, emit func(plugin.Event)) error {
	defer close(m.ended)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-m.drain:
			cancel() // whatever is being opened
		case <-ctx.Done():
		}
	}()
	sent, err := otlp.Open(ctx, otlp.Options{
		Endpoint: m.config.Telemetry.Endpoint, Service: "ibutsu-" + m.name, Version: ibutsu.Version(), Families: m.measure, Log: m.log, Now: time.Now,
	})
	if err != nil {
		return err
	}
	m.mutex.Lock()
	m.sent = sent
	m.mutex.Unlock()
	defer func() { _ = sent.Close(ctx) }() // what the collector did not take is lost, and was said
	s := m.opened(ctx, emit, About{Name: m.name, Log: m.log, Tracer: sent.Tracer()})
	if s == nil {
		return nil
	}
	<-ctx.Done()
	select {
	case <-m.drain: // Drain stops the service, as slowly as its caller allows
	default: // the host is gone or wants us gone
		at := context.WithoutCancel(ctx)
		hurry, cancel := context.WithTimeout(at, time.Second)
		defer cancel()
		_ = s.Stop(hurry)
		s.Close()
		return nil
	}
	return nil
}

// opened tries until the service runs or ctx ends, and tells of a reason once.
func (m *Module) opened(ctx context.Context, emit func(plugin.Event), about About) Service {
	const slowest = 5 * time.Second
	said := ""
	for pause := m.retry; ; pause = min(2*pause, slowest) {
		s, err := m.open(ctx, m.config, about)
		if err == nil {
			m.mutex.Lock()
			defer m.mutex.Unlock()
			m.service, m.waiting = s, nil
			return s
		}
		if ctx.Err() != nil {
			return nil
		}
		m.mutex.Lock()
		m.waiting = err
		m.mutex.Unlock()
		if err.Error() != said {
			said = err.Error()
			emit(plugin.Event{Level: zerolog.WarnLevel, Message: "cannot work yet, trying on", Fields: map[string]string{"error": said}})
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}

// Drain implements plugin.Module.
func (m *Module) Drain(ctx context.Context) error {
	first := false
	m.once.Do(func() { first = true })
	if !first {
		select {
		case <-m.ended:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s, _ := m.state()
	var err error
	if s != nil {
		if err = s.Stop(ctx); err != nil {
			err = fmt.Errorf("stopping: %w", err)
		}
	}
	close(m.drain)
	select {
	case <-m.ended:
	case <-ctx.Done():
		return errors.Join(err, ctx.Err())
	}
	// One that was opened while Drain began.
	if late, _ := m.state(); late != nil && late != s {
		err, s = late.Stop(ctx), late
	}
	if s != nil {
		s.Close()
	}
	return err
}

func (m *Module) state() (Service, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.service, m.waiting
}

// patience bounds the questions that a service may pass on to the database: an answer that comes late is taken for a hang.
const patience = 3 * time.Second

// Health implements plugin.Module.
func (m *Module) Health(ctx context.Context) plugin.Health {
	s, err := m.state()
	if s != nil {
		asking, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		err = s.Healthy(asking)
	}
	if err != nil {
		return plugin.Health{Detail: err.Error()}
	}
	return plugin.Health{OK: true, Detail: "working"}
}

// measure is what this process counts.
func (m *Module) measure(context.Context) []metrics.Family {
	m.mutex.Lock()
	s, sent := m.service, m.sent
	m.mutex.Unlock()
	families := append(metrics.Runtime(), sent.Families()...)
	if s != nil {
		families = append(families, s.Measure()...)
	}
	return families
}

// Stats implements plugin.Module.
func (m *Module) Stats(ctx context.Context) plugin.Stats {
	stats := plugin.Stats{Metrics: m.measure(ctx)}
	s, _ := m.state()
	if s == nil {
		return stats
	}
	asking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	counters, err := s.Stats(asking)
	if err != nil {
		return stats
	}
	stats.Counters, stats.JobsRunning = maps.Clone(counters), counters["jobs_running"]
	return stats
}
