package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/robfig/cron/v3"

	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// Periodic is a job that the scheduler adds again and again.
type Periodic struct {
	Name string
	// Spec is a cron line of five fields in UTC, or "@every 30m". Administrators may set another one.
	Spec string
	Args river.JobArgs
	// Says is what it does, for administrators.
	Says string
}

// DefaultSchedule is the original's schedule, with the retention of the settings, and what is ours.
func DefaultSchedule(keep config.Retention) []Periodic {
	return []Periodic{
		{"prune-old-import-files", "0 2 * * *", keeping(keep, store.KindImports), "Delete imports that are older than keep_imports"},
		{"prune-old-artifact-files", "0 4 * * 6", keeping(keep, store.KindArtifacts), "Delete artifacts that are older than keep_artifacts, or than their project's rule"},
		{"prune-old-results", "0 5 * * 6", keeping(keep, store.KindResults), "Delete results that are older than keep_results, or than their project's rule"},
		{"prune-old-runs", "0 6 * * 6", keeping(keep, store.KindRuns), "Delete runs that are older than keep_runs, or than their project's rule"},
		{"sync-aborted-runs", "@every 30m", SyncRuns{}, "Count runs anew whose summary does not fit their results"},
		// Ours, not the original's.
		{"tidy-accounts", "30 3 * * *", TidyAccounts{Audit: int64(keep.Audit / time.Second)}, "Delete sign-ins that ended, and records of changes older than keep_audit"},
		{"sweep-artifacts", "30 3 * * *", SweepArtifacts{}, "Delete contents outside of the database that no artifact has any more"},
		{"tally-wishes", "@every 1h", TallyWishes{}, "Propose tallies for what dashboards often count"},
	}
}

var (
	// ErrUnknownSchedule means that there is no periodic job of that name.
	ErrUnknownSchedule = errors.New("unknown periodic job")
	// ErrSpec means that a text is no time-table.
	ErrSpec = errors.New("not a time-table")
)

// Schedule is a periodic job as administrators see it.
type Schedule struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Kind        string `json:"kind"`
	// Spec is when it runs, DefaultSpec when it does where nobody has changed it.
	Spec        string     `json:"spec"`
	DefaultSpec string     `json:"default_spec"`
	Enabled     bool       `json:"enabled"`
	LastRun     *time.Time `json:"last_run,omitempty"`
	NextRun     *time.Time `json:"next_run,omitempty"`
	LastJob     *int64     `json:"last_job,omitempty"`
}

// fastest bounds how often a periodic job may run.
const fastest = 10 * time.Second

// planned is a periodic job with its time-table read.
type planned struct {
	Periodic
	when cron.Schedule
}

func plan(schedule []Periodic) ([]planned, error) {
	var all []planned
	for _, p := range schedule {
		when, err := readSpec(p.Spec)
		if err != nil {
			return nil, fmt.Errorf("jobs: schedule of %s: %w", p.Name, err)
		}
		all = append(all, planned{p, when})
	}
	return all, nil
}

func readSpec(spec string) (cron.Schedule, error) {
	if len(spec) > 200 {
		return nil, fmt.Errorf("%w: it is longer than 200 characters", ErrSpec)
	}
	when, err := cron.ParseStandard(spec)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSpec, err)
	}
	if every, ok := when.(cron.ConstantDelaySchedule); ok && every.Delay < fastest {
		return nil, fmt.Errorf("%w: more often than every %s", ErrSpec, fastest)
	}
	if when.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, fmt.Errorf("%w: that time never comes", ErrSpec)
	}
	return when, nil
}

// as is the job under what administrators have set.
func (p planned) as(set store.ScheduleRow) planned {
	if set.Spec == nil {
		return p
	}
	if when, err := readSpec(*set.Spec); err == nil {
		p.Spec, p.when = *set.Spec, when
	}
	return p
}

// Schedules returns the periodic jobs with their last and next times.
func (c *Client) Schedules(ctx context.Context) ([]Schedule, error) {
	known, err := c.store.Schedules(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]Schedule, len(c.plan))
	for i, p := range c.plan {
		list[i] = c.scheduleOf(p, known)
	}
	return list, nil
}

func (c *Client) scheduleOf(p planned, known map[string]store.ScheduleRow) Schedule {
	row, ok := known[p.Name]
	now := p.as(row)
	s := Schedule{Name: p.Name, Description: p.Says, Kind: p.Args.Kind(), Spec: now.Spec, DefaultSpec: p.Spec, Enabled: !ok || row.Enabled,
		LastRun: inUTC(row.LastRun), NextRun: inUTC(row.NextRun), LastJob: row.LastJob}
	if !s.Enabled {
		s.NextRun = nil
	}
	return s
}

func (c *Client) planned(name string) (planned, error) {
	for _, p := range c.plan {
		if p.Name == name {
			return p, nil
		}
	}
	return planned{}, fmt.Errorf("%w: %s", ErrUnknownSchedule, name)
}

// ScheduleChange is what an administrator sets of a periodic job.
type ScheduleChange struct {
	// Enabled is left as it is where it is nil.
	Enabled *bool
	// Spec is left as it is unless SetSpec; then nil is the default.
	SetSpec bool
	Spec    *string
}

// ChangeSchedule sets whether and when a periodic job runs. ErrUnknownSchedule, ErrSpec: there is no such job, or time.
func (c *Client) ChangeSchedule(ctx context.Context, name string, change ScheduleChange) (Schedule, error) {
	p, err := c.planned(name)
	if err != nil {
		return Schedule{}, err
	}
	known, err := c.store.Schedules(ctx)
	if err != nil {
		return Schedule{}, err
	}
	row, ok := known[name]
	if !ok {
		row = store.ScheduleRow{Name: name, Enabled: true}
	}
	if change.Enabled != nil {
		row.Enabled = *change.Enabled
	}
	if change.SetSpec {
		row.Spec = change.Spec
	}
	if row.Spec != nil {
		if _, err := readSpec(*row.Spec); err != nil {
			return Schedule{}, err
		}
	}
	next := p.as(row).when.Next(c.now().UTC())
	if err := c.store.ChangeSchedule(ctx, name, row.Enabled, row.Spec, next); err != nil {
		return Schedule{}, err
	}
	row.NextRun = &next
	return c.scheduleOf(p, map[string]store.ScheduleRow{name: row}), nil
}

// RunSchedule adds a periodic job now, beside its time-table. ErrUnknownSchedule: there is none of that name.
func (c *Client) RunSchedule(ctx context.Context, name string) (Job, error) {
	p, err := c.planned(name)
	if err != nil {
		return Job{}, err
	}
	var id int64
	err = c.store.InTx(ctx, func(tx pgx.Tx) error {
		added, err := c.river.InsertTx(ctx, tx, p.Args, nil)
		if err != nil {
			return err
		}
		id = added.Job.ID
		now := c.now().UTC()
		return c.store.NoteRunTx(ctx, tx, name, now, p.when.Next(now), id)
	})
	if err != nil {
		return Job{}, fmt.Errorf("run %s: %w", name, err)
	}
	return c.Job(ctx, id)
}
