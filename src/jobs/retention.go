package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// Retention deletes what is older than the settings say, or than the rules of its project. Pinned runs stay.
type Retention struct {
	// Kinds are of artifacts, results, runs and imports, in the order in which they are done.
	Kinds []string `json:"kinds"`
	// Hours are how long each kind is kept where a project has no rule of its own; 0, or none, for ever.
	Hours  map[string]int `json:"hours"`
	DryRun bool           `json:"dry_run,omitempty"`
}

// Kind names the job.
func (Retention) Kind() string { return "retention" }

// InsertOpts puts it among the maintenance.
func (Retention) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queueMaintenance} }

func (a Retention) rehearse() river.JobArgs { a.DryRun = true; return a }

// retentionKinds are in the order in which they are deleted: artifacts take up most room, and are missed least.
var retentionKinds = []string{store.KindArtifacts, store.KindResults, store.KindRuns, store.KindImports}

// keeping is the job for some kinds under the settings; all without any.
func keeping(keep config.Retention, kinds ...string) Retention {
	if len(kinds) == 0 {
		kinds = retentionKinds
	}
	hours := func(d time.Duration) int { return int((d + time.Hour - 1) / time.Hour) }
	all := map[string]int{
		store.KindArtifacts: hours(keep.Artifacts), store.KindResults: hours(keep.Results), store.KindRuns: hours(keep.Runs),
		store.KindImports: hours(keep.Imports),
	}
	a := Retention{Kinds: kinds, Hours: map[string]int{}}
	for _, kind := range kinds {
		a.Hours[kind] = all[kind]
	}
	return a
}

func (a Retention) rules(ctx context.Context, s *store.Store, now time.Time) ([]store.Rule, error) {
	policies, err := s.Policies(ctx)
	if err != nil {
		return nil, err
	}
	var rules []store.Rule
	for _, kind := range a.Kinds {
		rule := store.Rule{Kind: kind, Projects: map[uuid.UUID]time.Time{}}
		if hours := a.Hours[kind]; hours > 0 {
			rule.Before = now.Add(-time.Duration(hours) * time.Hour)
		}
		for _, p := range policies {
			own := map[string]*int{store.KindArtifacts: p.Artifacts, store.KindResults: p.Results, store.KindRuns: p.Runs}[kind]
			switch {
			case own == nil:
			case *own == 0:
				rule.Projects[p.ProjectID] = time.Time{}
			default:
				rule.Projects[p.ProjectID] = now.AddDate(0, 0, -*own)
			}
		}
		rules = append(rules, rule)
	}
	return rules, nil
}

// retentionArgs reads the parameters of the task: which kinds, all without any.
func retentionArgs(keep config.Retention) func(json.RawMessage) (river.JobArgs, error) {
	return func(params json.RawMessage) (river.JobArgs, error) {
		var p struct {
			Kinds []string `json:"kinds"`
		}
		if err := strict(params, &p); err != nil {
			return nil, err
		}
		if err := checkKinds(p.Kinds); err != nil {
			return nil, err
		}
		return keeping(keep, p.Kinds...), nil
	}
}

func checkKinds(kinds []string) error {
	if len(kinds) > len(retentionKinds) {
		return errors.New("kinds are named more than once")
	}
	for _, kind := range kinds {
		if !slices.Contains(retentionKinds, kind) {
			return fmt.Errorf("%q is none of %v", kind, retentionKinds)
		}
	}
	return nil
}

// RetentionPreview returns what retention would delete now, project by project, and the sum; of all kinds without any.
// ErrParams: a kind is none.
func (c *Client) RetentionPreview(ctx context.Context, kinds ...string) ([]Preview, store.Pruned, error) {
	if err := checkKinds(kinds); err != nil {
		return nil, store.Pruned{}, fmt.Errorf("%w: %w", ErrParams, err)
	}
	rules, err := keeping(c.keep, kinds...).rules(ctx, c.store, c.now().UTC())
	if err != nil {
		return nil, store.Pruned{}, err
	}
	return preview(ctx, c.store, rules)
}

// Keep is how long the settings keep each kind; 0 for ever.
func (c *Client) Keep() config.Retention { return c.keep }
