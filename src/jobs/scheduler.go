package jobs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// SchedulerOptions say what a scheduler works with.
type SchedulerOptions struct {
	Store    *store.Store
	Schedule []Periodic
	Log      zerolog.Logger
	Now      func() time.Time
	// Tick is how often it looks; 0 means a second.
	Tick time.Duration
	// Version is what administrators see.
	Version string
}

// Scheduler adds the periodic jobs and keeps house. Any number may run: one leads, the others stand by.
type Scheduler struct {
	o       SchedulerOptions
	client  *Client
	plan    []planned
	beat    *heartbeat
	stop    context.CancelFunc
	running sync.WaitGroup

	mu     sync.Mutex
	leads  bool
	fault  error
	lastOK time.Time

	compacted int64 // version of all projects when the rollups were last compacted; 0 when they never were
	folded    int64 // the same for failures
}

// NewScheduler makes a scheduler; Start lets it work.
func NewScheduler(o SchedulerOptions) (*Scheduler, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Tick == 0 {
		o.Tick = time.Second
	}
	client, err := NewClient(o.Store)
	if err != nil {
		return nil, err
	}
	s := &Scheduler{o: o, client: client}
	if s.plan, err = plan(o.Schedule); err != nil {
		return nil, err
	}
	s.beat = newHeartbeat(o.Store, "scheduler-"+uuid.NewString(), "scheduler", o.Version, nil, o.Log)
	s.beat.leads = s.Leads
	return s, nil
}

// Start begins to schedule.
func (s *Scheduler) Start(ctx context.Context) error {
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	s.mu.Lock()
	s.lastOK = time.Now()
	s.mu.Unlock()
	s.running.Go(func() { s.run(running) })
	s.running.Go(func() { s.beat.run(running) })
	return nil
}

// Stop ends it.
func (s *Scheduler) Stop(context.Context) error {
	if s.stop != nil {
		s.stop()
		s.running.Wait()
	}
	return nil
}

// Healthy says whether the last look at the schedule went well, as a leader or standing by.
func (s *Scheduler) Healthy(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	// By the process's own clock, not the plan's: a wall clock that is put right must not look like a hang.
	late := time.Since(s.lastOK)
	switch {
	case late <= 30*time.Second:
		return nil
	case s.fault != nil:
		return fmt.Errorf("the schedule was last looked at %s ago: %w", late.Round(time.Second), s.fault)
	}
	return fmt.Errorf("the schedule was last looked at %s ago", late.Round(time.Second))
}

// Leads says whether this scheduler is the one that works.
func (s *Scheduler) Leads() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.leads
}

const leaderLease = "scheduler"

func (s *Scheduler) run(ctx context.Context) {
	lease := &lease{store: s.o.Store, holder: leaderLease, log: s.o.Log}
	defer lease.drop()
	tick := time.NewTicker(s.o.Tick)
	defer tick.Stop()
	var swept time.Time
	for {
		err := s.look(ctx, lease, &swept)
		s.mu.Lock()
		if s.leads != lease.held() {
			s.leads = lease.held()
			s.o.Log.Info().Bool("leads", s.leads).Msg("scheduler")
		}
		if err == nil {
			s.lastOK = time.Now()
		} else if ctx.Err() == nil && (s.fault == nil || s.fault.Error() != err.Error()) {
			s.o.Log.Warn().Err(err).Msg("scheduler cannot look at its schedule")
		}
		s.fault = err
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look is one turn: lead or stand by, add what is due, keep house.
func (s *Scheduler) look(ctx context.Context, lease *lease, swept *time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if !lease.held() || lease.keep(ctx) != nil {
		err := lease.take(ctx)
		if errors.Is(err, store.ErrLeaseTaken) {
			return s.o.Store.Ping(ctx)
		}
		if err != nil {
			return err
		}
	}
	known, err := s.o.Store.Schedules(ctx)
	if err != nil {
		return err
	}
	for _, p := range s.plan {
		row, seen := known[p.Name]
		if seen && !row.Enabled {
			continue
		}
		if err := s.add(ctx, p.as(row)); err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	if now := s.o.Now(); now.Sub(*swept) >= sweepEvery {
		*swept = now
		if err := s.sweep(ctx, now); err != nil {
			return err
		}
	}
	return s.foldFailures(ctx)
}

// add adds a periodic job when it is due. A slot that passed while nobody led is caught up once, not once for each time.
func (s *Scheduler) add(ctx context.Context, p planned) error {
	now := s.o.Now().UTC()
	return s.o.Store.InTx(ctx, func(tx pgx.Tx) error {
		due, err := s.o.Store.DueTx(ctx, tx, p.Name, now, p.when.Next(now))
		if err != nil || !due {
			return err
		}
		s.o.Log.Info().Str("schedule", p.Name).Msg("periodic job added")
		added, err := s.client.river.InsertTx(ctx, tx, p.Args, nil)
		if err != nil {
			return err
		}
		return s.o.Store.NoteRunTx(ctx, tx, p.Name, now, p.when.Next(now), added.Job.ID)
	})
}

const (
	sweepEvery = 10 * time.Second
	// taskLife is how long the answer of a task can be fetched.
	taskLife = 24 * time.Hour
)

// sweep is what is too small and too frequent for a job.
func (s *Scheduler) sweep(ctx context.Context, now time.Time) error {
	if err := s.compact(ctx); err != nil {
		return err
	}
	if err := s.o.Store.ForgetWorkersSeenBefore(ctx, now.UTC().Add(-rememberDead)); err != nil {
		return err
	}
	_, err := s.o.Store.DeleteTasksBefore(ctx, now.UTC().Add(-taskLife))
	return err
}

// compact folds the rollups when something was written since it last did: looking for what to fold reads them whole.
func (s *Scheduler) compact(ctx context.Context) error {
	version, err := s.o.Store.Version(ctx, nil)
	if err != nil || version == s.compacted {
		return err
	}
	if _, err := s.o.Store.CompactRollups(ctx); err != nil {
		return err
	}
	s.compacted = version
	return nil
}

// foldFor bounds how long the failures of an import, or of a database that was taken over, keep the schedule waiting. What is left
// then is folded in the next turns.
const foldFor = 5 * time.Second

// foldFailures looks at the failures that were written since it last did.
func (s *Scheduler) foldFailures(ctx context.Context) error {
	version, err := s.o.Store.Version(ctx, nil)
	if err != nil || version == s.folded {
		return err
	}
	folding, cancel := context.WithTimeout(ctx, foldFor)
	defer cancel()
	err = s.o.Store.FoldFailures(folding)
	if folding.Err() != nil && ctx.Err() == nil {
		return nil
	}
	if err == nil {
		s.folded = version
	}
	return err
}
