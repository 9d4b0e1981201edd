// Package scheduler is the module that adds the periodic jobs. Any number may run; one of them leads.
package scheduler

import (
	"context"
	"fmt"
	"io"

	ibutsu "github.com/ibutsu/ibutsu-go"
	"github.com/ibutsu/ibutsu-go/modules/service"
	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/jobs"
	"github.com/ibutsu/ibutsu-go/src/plugin"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/telemetry/metrics"
)

// New makes the module. Its lines go to log, for the host to read.
func New(log io.Writer) plugin.Module {
	return service.New("scheduler", log, func(ctx context.Context, c config.Config, about service.About) (service.Service, error) {
		s, err := service.OpenStore(ctx, c, about)
		if err != nil {
			return nil, err
		}
		scheduler, err := jobs.NewScheduler(jobs.SchedulerOptions{Store: s, Schedule: jobs.DefaultSchedule(c.Retention), Log: about.Log, Version: ibutsu.Version()})
		if err == nil {
			err = scheduler.Start(ctx)
		}
		if err != nil {
			s.Close()
			return nil, fmt.Errorf("starting the scheduler: %w", err)
		}
		return &running{Scheduler: scheduler, store: s}, nil
	})
}

// running is a scheduler and the store that is its own.
type running struct {
	*jobs.Scheduler
	store *store.Store
}

func (r *running) Close() { r.store.Close() }

func (r *running) Measure() []metrics.Family {
	leads := 0.0
	if r.Leads() {
		leads = 1
	}
	return append(r.store.Measure(), metrics.One("ibutsu_scheduler_leads", "Whether this scheduler is the one that works.", metrics.TypeGauge, leads))
}

func (r *running) Stats(context.Context) (map[string]int64, error) {
	stats := map[string]int64{"leads": 0}
	if r.Leads() {
		stats["leads"] = 1
	}
	return stats, nil
}
