package jobs

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/ibutsu/ibutsu-go/src/artifact"
)

// rehearsal is a job that can say beforehand what it would do.
type rehearsal interface {
	river.JobArgs
	// rehearse returns the job that only says it.
	rehearse() river.JobArgs
}

// Maintenance is a task that an administrator may start by hand.
type Maintenance struct {
	Task        string `json:"task"`
	Description string `json:"description"`
	// Params are its parameters with what they are when left out; null where they have to be given.
	Params map[string]any `json:"params"`
	DryRun bool           `json:"dry_run"`
}

// Tasks lists what may be started by hand.
func Tasks() []Maintenance {
	var list []Maintenance
	for _, name := range slices.Sorted(maps.Keys(tasks)) {
		t := tasks[name]
		list = append(list, Maintenance{Task: name, Description: t.says, Params: t.params, DryRun: t.rehearsed})
	}
	return list
}

type task struct {
	says      string
	params    map[string]any
	build     func(json.RawMessage) (river.JobArgs, error)
	rehearsed bool
}

// tasks are the jobs that an administrator may start by hand, by the names that the original's /admin/run-task has for them.
var tasks = map[string]task{
	"db.prune_old_files": {
		"Delete artifacts that are older than so many months of 30 days, fewer than 2 does nothing", map[string]any{"months": 5},
		months(func(m int) river.JobArgs { return PruneArtifacts{Months: m} }, 5), true,
	},
	"db.prune_old_results": {
		"Delete results that are older than so many months, with their artifacts, fewer than 4 does nothing", map[string]any{"months": 6},
		months(func(m int) river.JobArgs { return PruneResults{Months: m} }, 6), true,
	},
	"db.prune_old_runs": {
		"Delete runs that are older than so many months, with their results, fewer than 10 does nothing", map[string]any{"months": 12},
		months(func(m int) river.JobArgs { return PruneRuns{Months: m} }, 12), true,
	},
	"db.prune_old_import_files": {"Delete imports that are older than so many days", map[string]any{"days": 7}, pruneImportsArgs, true},
	"db.clear_import_file_content": {
		"Forget the uploaded file of an import that is over", map[string]any{"import_id": nil},
		decoded(func(a ClearImport) bool { return a.ImportID != uuid.Nil }), false,
	},
	"db.seed_users": {
		"Make the owner and the members of projects", map[string]any{"projects": nil},
		decoded(func(a SeedUsers) bool { return a.Projects != nil }), false,
	},
	"runs.update_run": {
		"Count a run anew", map[string]any{"run_id": nil}, decoded(func(a UpdateRun) bool { return a.RunID != uuid.Nil }), false,
	},
	"runs.sync_aborted_runs": {
		"Look for runs of the last three hours whose summary does not fit their results, and count them anew", map[string]any{},
		decoded(func(SyncRuns) bool { return true }), true,
	},
	"results.add_result_start_time": {
		"Copy the metadata's starttime to start_time in the results of a run", map[string]any{"run_id": nil},
		decoded(func(a AddResultStartTime) bool { return a.RunID != uuid.Nil }), false,
	},
	retentionTask: {
		"Delete what is older than the settings say, or than the rules of its project; kinds are artifacts, results, runs and imports",
		map[string]any{"kinds": retentionKinds}, nil, true,
	},
	"db.give_back": {
		"Make the room of deleted rows usable again and give back what can be; reindex makes the indexes anew beside the old ones, full writes the " +
			"tables anew, which nobody can read or write meanwhile",
		map[string]any{"reindex": false, "full": false}, decoded(func(GiveBack) bool { return true }), false,
	},
	"artifacts.move": {
		"Bring the contents of all artifacts into one store: postgresql, files or s3", map[string]any{"to": nil},
		decoded(func(a MoveArtifacts) bool {
			return slices.Contains([]string{artifact.InPostgreSQL, artifact.InFiles, artifact.InS3}, a.To)
		}), false,
	},
	"artifacts.sweep": {
		"Delete contents outside of the database that no artifact has any more", map[string]any{}, decoded(func(SweepArtifacts) bool { return true }), true,
	},
	"db.tally_wishes": {
		"Propose tallies for what dashboards often count", map[string]any{}, decoded(func(TallyWishes) bool { return true }), false,
	},
	"db.recount_rollups": {
		"Count all tallies anew and put right what differs; writers wait meanwhile", map[string]any{},
		decoded(func(RecountRollups) bool { return true }), true,
	},
}

// retentionTask is built with the settings.
const retentionTask = "db.apply_retention"

func (c *Client) taskArgs(name string, params json.RawMessage) (river.JobArgs, error) {
	t, ok := tasks[name]
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrUnknownTask, name)
	}
	if name == retentionTask {
		t.build = retentionArgs(c.keep)
	}
	args, err := t.build(params)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrParams, err)
	}
	return args, nil
}

// decoded reads parameters strictly: a misspelt one must not start a job that does something else.
func decoded[A river.JobArgs](complete func(A) bool) func(json.RawMessage) (river.JobArgs, error) {
	return func(params json.RawMessage) (river.JobArgs, error) {
		var args A
		if err := strict(params, &args); err != nil {
			return nil, err
		}
		if !complete(args) {
			return nil, errors.New("a parameter is missing")
		}
		return args, nil
	}
}
