// Package service is what the worker and the scheduler have in common as modules: they wait for the database, run until
// they are drained, and say how they are.
package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/plugin"
)

// Service is the work of a module.
type Service interface {
	// Healthy says what keeps the work from going on, nil when nothing does.
	Healthy(ctx context.Context) error
	// Stats are figures for metrics; "jobs_running" is shown by itself.
	Stats(ctx context.Context) (map[string]int64, error)
	// Stop takes no new work and waits for what is at hand until ctx ends.
	Stop(ctx context.Context) error
	// Close lets go of what Open took, after Stop.
	Close()
}

// Open makes the service and starts it. It is tried again as long as it fails: the database may be restarting.
type Open func(ctx context.Context, c config.Config) (Service, error)

// Module runs a Service as a plugin.Module.
type Module struct {
	open   Open
	config config.Config
	drain  chan struct{} // closed by the first Drain
	once   sync.Once
	ended  chan struct{} // closed when Run is over

	mutex   sync.Mutex
	service Service // nil until it is open
	waiting error   // why it is not

	retry time.Duration // pause after the first failure
}

// New makes a module.
func New(open Open) *Module {
	return &Module{
		open:    open,
		drain:   make(chan struct{}),
		ended:   make(chan struct{}),
		waiting: errors.New("starting"),
		retry:   100 * time.Millisecond,
	}
}

// Configure implements plugin.Module.
func (m *Module) Configure(_ context.Context, settings []byte) error {
	return json.Unmarshal(settings, &m.config)
}

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
	s := m.opened(ctx, emit)
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
func (m *Module) opened(ctx context.Context, emit func(plugin.Event)) Service {
	const slowest = 5 * time.Second
	said := ""
	for pause := m.retry; ; pause = min(2*pause, slowest) {
		s, err := m.open(ctx, m.config)
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

// Stats implements plugin.Module.
func (m *Module) Stats(ctx context.Context) plugin.Stats {
	s, _ := m.state()
	if s == nil {
		return plugin.Stats{}
	}
	asking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	counters, err := s.Stats(asking)
	if err != nil {
		return plugin.Stats{}
	}
	counters = maps.Clone(counters)
	return plugin.Stats{Counters: counters, JobsRunning: counters["jobs_running"]}
}
