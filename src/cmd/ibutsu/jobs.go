package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/jobs"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// JobsCmd has the commands about the work in the background.
type JobsCmd struct {
	List      JobsListCmd      `cmd:"" help:"List jobs, newest first"`
	Show      JobsShowCmd      `cmd:"" help:"Show a job with its errors and what it did"`
	Retry     JobsRetryCmd     `cmd:"" help:"Let jobs run again now"`
	Cancel    JobsCancelCmd    `cmd:"" help:"Cancel jobs"`
	Queues    JobsQueuesCmd    `cmd:"" help:"List the queues: depth, age, whether they are paused"`
	Pause     JobsPauseCmd     `cmd:"" help:"Keep workers from a queue"`
	Resume    JobsResumeCmd    `cmd:"" help:"Let workers go on with a queue"`
	Workers   JobsWorkersCmd   `cmd:"" help:"List workers and schedulers: version, load, heart-beat"`
	Schedule  JobsScheduleCmd  `cmd:"" help:"List the periodic jobs; enable, disable or run one now"`
	Run       JobsRunCmd       `cmd:"" help:"Start a maintenance task, or let it say what it would do"`
	Retention JobsRetentionCmd `cmd:"" help:"Say what retention would delete now"`
}

// JobFlags are the flags of the commands below.
type JobFlags struct {
	JSON bool `name:"json" help:"As JSON"`

	Settings `embed:""`
}

func newJobsCmd() JobsCmd {
	flags := func() JobFlags { return JobFlags{Settings: newSettings(config.GroupDatabase, config.GroupRetention)} }
	return JobsCmd{
		List: JobsListCmd{JobFlags: flags()}, Show: JobsShowCmd{JobFlags: flags()}, Retry: JobsRetryCmd{JobFlags: flags()},
		Cancel: JobsCancelCmd{JobFlags: flags()}, Queues: JobsQueuesCmd{JobFlags: flags()}, Pause: JobsPauseCmd{JobFlags: flags()},
		Resume: JobsResumeCmd{JobFlags: flags()}, Workers: JobsWorkersCmd{JobFlags: flags()}, Schedule: JobsScheduleCmd{JobFlags: flags()},
		Run: JobsRunCmd{JobFlags: flags()}, Retention: JobsRetentionCmd{JobFlags: flags()},
	}
}

// with runs f with the jobs of the database.
func (f *JobFlags) with(ctx context.Context, c *console, work func(*jobs.Client) error) error {
	a, err := f.administer(ctx, c)
	if err != nil {
		return err
	}
	defer a.store.Close()
	client, err := jobs.NewClientKeeping(a.store, a.config.Retention)
	if err != nil {
		return err
	}
	return work(client)
}

// print writes value as JSON where that is asked for, else the lines, whose cells are divided by tabs.
func (f *JobFlags) print(c *console, value any, lines ...string) error {
	if f.JSON {
		encoder := json.NewEncoder(c.out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(value)
	}
	table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	for _, line := range lines {
		fmt.Fprintln(table, line)
	}
	return table.Flush()
}

func cells(values ...any) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = fmt.Sprint(v)
	}
	return strings.Join(texts, "\t")
}

func moments(t *time.Time) string {
	if t == nil {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

func yes(b bool, word string) string {
	if b {
		return word
	}
	return "–"
}

// jobFailure says what cannot be done to a job or a queue in the words of the command line.
func jobFailure(what string, err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("there is no %s", what)
	}
	return err
}

// JobsListCmd lists jobs.
type JobsListCmd struct {
	Status string `enum:",waiting,scheduled,running,retrying,done,cancelled,dead,failed" default:"" placeholder:"S" help:"Only those that are waiting, scheduled, running, retrying, done, cancelled or dead; failed is retrying and dead"`
	Queue  string `placeholder:"Q" help:"Only those of this queue"`
	Kind   string `placeholder:"K" help:"Only those of this kind"`
	Most   int    `default:"50" placeholder:"N" help:"At most so many"`

	JobFlags `embed:""`
}

func (JobsListCmd) examples() []example {
	return []example{{"ibutsu jobs list --status failed", "what failed, for now or for good"}}
}

// Run implements the command.
func (cmd *JobsListCmd) Run(ctx context.Context, c *console) error {
	return cmd.with(ctx, c, func(client *jobs.Client) error {
		list, total, err := client.List(ctx, jobs.Query{State: cmd.Status, Queue: cmd.Queue, Kind: cmd.Kind, Page: 1, PageSize: min(max(cmd.Most, 1), 10_000)})
		if err != nil {
			return err
		}
		lines := []string{cells("ID", "KIND", "QUEUE", "STATE", "ATTEMPT", "ADDED", "LAST ERROR")}
		for _, j := range list {
			last := "–"
			if n := len(j.Errors); n > 0 {
				last, _, _ = strings.Cut(j.Errors[n-1].Error, "\n")
			}
			lines = append(lines, cells(j.ID, j.Kind, j.Queue, j.State, fmt.Sprintf("%d/%d", j.Attempt, j.MaxAttempts), moments(&j.Created), last))
		}
		if int64(len(list)) < total {
			lines = append(lines, fmt.Sprintf("and %d more", total-int64(len(list))))
		}
		return cmd.print(c, list, lines...)
	})
}

// JobsShowCmd shows a job.
type JobsShowCmd struct {
	ID int64 `arg:"" help:"Number of the job"`

	JobFlags `embed:""`
}

// Run implements the command.
func (cmd *JobsShowCmd) Run(ctx context.Context, c *console) error {
	return cmd.with(ctx, c, func(client *jobs.Client) error {
		j, err := client.Job(ctx, cmd.ID)
		if err != nil {
			return jobFailure(fmt.Sprintf("job %d", cmd.ID), err)
		}
		lines := []string{
			cells("id", j.ID), cells("kind", j.Kind), cells("queue", j.Queue), cells("state", j.State), cells("given", string(j.Args)),
			cells("attempt", fmt.Sprintf("%d of %d", j.Attempt, j.MaxAttempts)), cells("added", moments(&j.Created)), cells("started", moments(j.Started)),
			cells("ended", moments(j.Finished)),
		}
		if len(j.Progress) > 0 {
			lines = append(lines, cells("progress", string(j.Progress)))
		}
		if len(j.Output) > 0 {
			lines = append(lines, cells("did", string(j.Output)))
		}
		for _, e := range j.Errors {
			lines = append(lines, cells("error", moments(&e.At)+" "+e.Error))
		}
		return cmd.print(c, j, lines...)
	})
}

// someJobs are the numbers of jobs that a command is for.
type someJobs struct {
	IDs []int64 `arg:"" name:"id" help:"Numbers of the jobs"`
}

// each does something to each job, and goes on when it cannot be done to one.
func (s someJobs) each(ctx context.Context, c *console, f *JobFlags, do func(*jobs.Client) func(context.Context, int64) (jobs.Job, error)) error {
	return f.with(ctx, c, func(client *jobs.Client) error {
		var changed []jobs.Job
		var lines []string
		var failed error
		for _, id := range s.IDs {
			j, err := do(client)(ctx, id)
			if err != nil {
				failed = errors.Join(failed, jobFailure(fmt.Sprintf("job %d", id), err))
				continue
			}
			state := j.State
			if j.Cancelling {
				state = "ending"
			}
			changed, lines = append(changed, j), append(lines, cells(j.ID, j.Kind, state))
		}
		return errors.Join(f.print(c, changed, lines...), failed)
	})
}

// JobsRetryCmd lets jobs run again.
type JobsRetryCmd struct {
	someJobs `embed:""`
	JobFlags `embed:""`
}

// Run implements the command.
func (cmd *JobsRetryCmd) Run(ctx context.Context, c *console) error {
	return cmd.each(ctx, c, &cmd.JobFlags, func(client *jobs.Client) func(context.Context, int64) (jobs.Job, error) { return client.Retry })
}

// JobsCancelCmd cancels jobs.
type JobsCancelCmd struct {
	someJobs `embed:""`
	JobFlags `embed:""`
}

// Run implements the command.
func (cmd *JobsCancelCmd) Run(ctx context.Context, c *console) error {
	return cmd.each(ctx, c, &cmd.JobFlags, func(client *jobs.Client) func(context.Context, int64) (jobs.Job, error) { return client.Cancel })
}

// JobsQueuesCmd lists the queues.
type JobsQueuesCmd struct {
	JobFlags `embed:""`
}

// Run implements the command.
func (cmd *JobsQueuesCmd) Run(ctx context.Context, c *console) error {
	return cmd.with(ctx, c, func(client *jobs.Client) error {
		queues, err := client.Queues(ctx)
		if err != nil {
			return err
		}
		lines := []string{cells("QUEUE", "PAUSED", "AT A TIME", "RUNNING", "WAITING", "SCHEDULED", "RETRYING", "DEAD", "OLDEST WAITS")}
		for _, q := range queues {
			oldest := time.Duration(q.OldestSeconds * float64(time.Second)).Round(time.Second)
			lines = append(lines, cells(q.Name, yes(q.Paused, "paused"), q.Workers, q.Running, q.Waiting, q.Scheduled, q.Retrying, q.Dead, oldest))
		}
		return cmd.print(c, queues, lines...)
	})
}

// JobsPauseCmd pauses a queue.
type JobsPauseCmd struct {
	Queue string `arg:"" help:"Name of the queue"`

	JobFlags `embed:""`
}

// Run implements the command.
func (cmd *JobsPauseCmd) Run(ctx context.Context, c *console) error {
	return pauseQueue(ctx, c, &cmd.JobFlags, cmd.Queue, true)
}

// JobsResumeCmd lets a queue go on.
type JobsResumeCmd struct {
	Queue string `arg:"" help:"Name of the queue"`

	JobFlags `embed:""`
}

// Run implements the command.
func (cmd *JobsResumeCmd) Run(ctx context.Context, c *console) error {
	return pauseQueue(ctx, c, &cmd.JobFlags, cmd.Queue, false)
}

func pauseQueue(ctx context.Context, c *console, f *JobFlags, name string, paused bool) error {
	return f.with(ctx, c, func(client *jobs.Client) error {
		queue, err := client.PauseQueue(ctx, name, paused)
		if err != nil {
			return jobFailure("queue "+name, err)
		}
		said := "goes on"
		if queue.Paused {
			said = "is paused"
		}
		return f.print(c, queue, fmt.Sprintf("Queue %s %s; %d jobs wait.", queue.Name, said, queue.Waiting))
	})
}

// JobsWorkersCmd lists the workers.
type JobsWorkersCmd struct {
	JobFlags `embed:""`
}

// Run implements the command.
func (cmd *JobsWorkersCmd) Run(ctx context.Context, c *console) error {
	return cmd.with(ctx, c, func(client *jobs.Client) error {
		workers, err := client.Workers(ctx)
		if err != nil {
			return err
		}
		lines := []string{cells("ROLE", "STATE", "VERSION", "HOST", "PID", "JOBS", "MEMORY", "SINCE", "SEEN")}
		for _, w := range workers {
			state := "gone"
			switch {
			case w.Leads:
				state = "leads"
			case w.Alive:
				state = "alive"
			}
			lines = append(lines, cells(w.Role, state, w.Version, w.Host, w.PID, fmt.Sprintf("%d of %d", w.Running, w.Capacity),
				fmt.Sprintf("%d MiB", w.Memory>>20), moments(&w.Started), moments(&w.Seen)))
		}
		return cmd.print(c, workers, lines...)
	})
}

// JobsScheduleCmd lists or changes the periodic jobs.
type JobsScheduleCmd struct {
	Name    string `arg:"" optional:"" help:"A periodic job; all are listed without"`
	Now     bool   `xor:"change" help:"Run it now"`
	Enable  bool   `xor:"change" help:"Let it run"`
	Disable bool   `xor:"change" help:"Let it run no more"`
	At      string `xor:"change" placeholder:"CRON" help:"When it runs: a cron line in UTC, @every 2h, or default"`

	JobFlags `embed:""`
}

func (JobsScheduleCmd) examples() []example {
	return []example{
		{"ibutsu jobs schedule", "all periodic jobs with their last and next times"},
		{"ibutsu jobs schedule prune-old-results --at '0 3 * * *'", "every night instead of every Saturday"},
	}
}

func (cmd *JobsScheduleCmd) change(ctx context.Context, c *console, client *jobs.Client) error {
	var change jobs.ScheduleChange
	switch {
	case cmd.Now:
		job, err := client.RunSchedule(ctx, cmd.Name)
		if err != nil {
			return err
		}
		return cmd.print(c, job, fmt.Sprintf("Job %d was added.", job.ID))
	case cmd.Enable, cmd.Disable:
		change.Enabled = &cmd.Enable
	case cmd.At != "":
		change.SetSpec = true
		if cmd.At != "default" {
			change.Spec = &cmd.At
		}
	}
	if change != (jobs.ScheduleChange{}) {
		if _, err := client.ChangeSchedule(ctx, cmd.Name, change); err != nil {
			return err
		}
	}
	all, err := client.Schedules(ctx)
	if err != nil {
		return err
	}
	lines := []string{cells("NAME", "WHEN", "STATE", "LAST", "NEXT", "WHAT")}
	for _, s := range all {
		state := "enabled"
		if !s.Enabled {
			state = "disabled"
		}
		if cmd.Name == "" || cmd.Name == s.Name {
			lines = append(lines, cells(s.Name, s.Spec, state, moments(s.LastRun), moments(s.NextRun), s.Description))
		}
	}
	if cmd.Name != "" && len(lines) == 1 {
		return fmt.Errorf("there is no periodic job %s; `ibutsu jobs schedule` lists them", cmd.Name)
	}
	return cmd.print(c, all, lines...)
}

// Run implements the command.
func (cmd *JobsScheduleCmd) Run(ctx context.Context, c *console) error {
	if cmd.Name == "" && (cmd.Now || cmd.Enable || cmd.Disable || cmd.At != "") {
		return failure{exitUsage, errors.New("say which periodic job; `ibutsu jobs schedule` lists them")}
	}
	return cmd.with(ctx, c, func(client *jobs.Client) error { return cmd.change(ctx, c, client) })
}

// JobsRunCmd starts a maintenance task.
type JobsRunCmd struct {
	Task   string        `arg:"" optional:"" help:"Name of the task; all are listed without"`
	Params string        `placeholder:"JSON" help:"Its parameters, a JSON object"`
	DryRun bool          `help:"Only say what it would do"`
	Wait   time.Duration `default:"0s" placeholder:"TIME" help:"Wait so long for its end, and show what it did"`

	JobFlags `embed:""`
}

func (JobsRunCmd) examples() []example {
	return []example{
		{"ibutsu jobs run db.apply_retention --dry-run --wait 5m", "what retention would delete"},
		{"ibutsu jobs run db.give_back --params '{\"reindex\": true}'", "give the room of old indexes back to the machine"},
	}
}

// Run implements the command.
func (cmd *JobsRunCmd) Run(ctx context.Context, c *console) error {
	return cmd.with(ctx, c, func(client *jobs.Client) error {
		if cmd.Task == "" {
			tasks := jobs.Tasks()
			lines := []string{cells("TASK", "PARAMETERS", "WHAT")}
			for _, t := range tasks {
				params, err := json.Marshal(t.Params)
				if err != nil {
					return err
				}
				lines = append(lines, cells(t.Task, string(params), t.Description))
			}
			return cmd.print(c, tasks, lines...)
		}
		job, err := client.StartTask(ctx, cmd.Task, json.RawMessage(cmd.Params), cmd.DryRun)
		if err != nil {
			return failure{exitUsage, err}
		}
		if job, err = awaitJob(ctx, client, job, cmd.Wait); err != nil {
			return err
		}
		said := fmt.Sprintf("Job %d is %s.", job.ID, job.State)
		if len(job.Output) > 0 {
			said += "\n" + string(job.Output)
		}
		return cmd.print(c, job, said)
	})
}

// awaitJob waits until a job is over, for so long.
func awaitJob(ctx context.Context, client *jobs.Client, job jobs.Job, patience time.Duration) (jobs.Job, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for job.Finished == nil {
		select {
		case <-ctx.Done():
			return job, nil
		case <-tick.C:
		}
		now, err := client.Job(ctx, job.ID)
		if ctx.Err() != nil {
			return job, nil
		}
		if err != nil {
			return job, err
		}
		job = now
	}
	return job, nil
}

// JobsRetentionCmd says what retention would delete.
type JobsRetentionCmd struct {
	Kind []string `enum:"artifacts,results,runs,imports" placeholder:"K" help:"Only artifacts, results, runs or imports; may be repeated"`

	JobFlags `embed:""`
}

func (JobsRetentionCmd) note() string {
	return "It only counts. `ibutsu jobs run db.apply_retention` deletes, and so does the schedule."
}

// Run implements the command.
func (cmd *JobsRetentionCmd) Run(ctx context.Context, c *console) error {
	return cmd.with(ctx, c, func(client *jobs.Client) error {
		projects, sum, err := client.RetentionPreview(ctx, cmd.Kind...)
		if err != nil {
			return err
		}
		lines := []string{cells("BY", "PROJECT", "OLDER THAN", "RUNS", "RESULTS", "ARTIFACTS", "IMPORTS", "MIB")}
		row := func(by, name string, before *time.Time, p store.Pruned) string {
			return cells(by, name, moments(before), p.Runs, p.Results, p.Artifacts, p.Imports, fmt.Sprintf("%.1f", float64(p.Bytes)/(1<<20)))
		}
		for _, p := range projects {
			name := "–"
			if p.Name != nil {
				name = *p.Name
			}
			lines = append(lines, row(p.Kind, name, &p.Before, p.Deleted))
		}
		lines = append(lines, row("all", "", nil, sum))
		return cmd.print(c, map[string]any{"projects": projects, "deleted": sum}, lines...)
	})
}
