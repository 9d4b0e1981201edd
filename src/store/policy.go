package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Policy is how long a project keeps what is its own, in days; 0 for ever, nil as the settings say.
type Policy struct {
	ProjectID uuid.UUID
	// Name is the project's, on the way out only.
	Name                     *string
	Artifacts, Results, Runs *int
}

// Policies returns the projects that have rules of their own.
func (s *Store) Policies(ctx context.Context) ([]Policy, error) {
	rows, _ := s.pool.Query(ctx, `
		SELECT p.project_id, j.name, p.artifacts, p.results, p.runs FROM retention_policies p JOIN projects j ON j.id = p.project_id ORDER BY j.name, j.id`)
	policies, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p Policy, err error) {
		err = row.Scan(&p.ProjectID, &p.Name, &p.Artifacts, &p.Results, &p.Runs)
		return p, err
	})
	return policies, wrap("retention policies", err)
}

// Policy returns a project's own rules; none are set where it has none.
func (s *Store) Policy(ctx context.Context, project uuid.UUID) (Policy, error) {
	p := Policy{ProjectID: project}
	err := s.pool.QueryRow(ctx, `SELECT artifacts, results, runs FROM retention_policies WHERE project_id = $1`, project).
		Scan(&p.Artifacts, &p.Results, &p.Runs)
	if errors.Is(err, pgx.ErrNoRows) {
		return p, nil
	}
	return p, wrap("retention policy", err)
}

// SetPolicy gives a project rules of its own. ErrReference: there is no such project.
func (s *Store) SetPolicy(ctx context.Context, p Policy) error {
	_, err := s.pool.Exec(ctx, `
		INSERT INTO retention_policies (project_id, artifacts, results, runs) VALUES ($1, $2, $3, $4)
		ON CONFLICT (project_id) DO UPDATE SET artifacts = $2, results = $3, runs = $4`, p.ProjectID, p.Artifacts, p.Results, p.Runs)
	return wrap("retention policy", err)
}

// DeletePolicy lets the settings' rules hold for a project again. ErrNotFound: it had none of its own.
func (s *Store) DeletePolicy(ctx context.Context, project uuid.UUID) error {
	tag, err := s.pool.Exec(ctx, `DELETE FROM retention_policies WHERE project_id = $1`, project)
	if err == nil && tag.RowsAffected() == 0 {
		err = pgx.ErrNoRows
	}
	return wrap("retention policy", err)
}

// Pin is a run that no rule deletes.
type Pin struct {
	RunID   uuid.UUID
	UserID  *uuid.UUID
	Reason  *string
	Created time.Time
}

// PinRun keeps a run for ever. ErrReference: there is no such run.
func (s *Store) PinRun(ctx context.Context, p Pin) (Pin, error) {
	err := s.pool.QueryRow(ctx, `
		INSERT INTO pinned_runs (run_id, user_id, reason) VALUES ($1, $2, $3)
		ON CONFLICT (run_id) DO UPDATE SET user_id = $2, reason = $3 RETURNING created`, p.RunID, p.UserID, p.Reason).Scan(&p.Created)
	return p, wrap("pin run", err)
}

// UnpinRun leaves a run to the rules again. ErrNotFound: it is not pinned.
func (s *Store) UnpinRun(ctx context.Context, run uuid.UUID) error {
	tag, err := s.pool.Exec(ctx, `DELETE FROM pinned_runs WHERE run_id = $1`, run)
	if err == nil && tag.RowsAffected() == 0 {
		err = pgx.ErrNoRows
	}
	return wrap("unpin run", err)
}

// RunPin returns the pin of a run. ErrNotFound: it is not pinned.
func (s *Store) RunPin(ctx context.Context, run uuid.UUID) (Pin, error) {
	p := Pin{RunID: run}
	err := s.pool.QueryRow(ctx, `SELECT user_id, reason, created FROM pinned_runs WHERE run_id = $1`, run).Scan(&p.UserID, &p.Reason, &p.Created)
	return p, wrap("pin of run", err)
}

// orNoProject is a statement on the rows of project $1 in the form that finds those of none, where there is none: an index
// answers both, but not IS NOT DISTINCT FROM.
func orNoProject(statement string, project *uuid.UUID) string {
	if project != nil {
		return statement
	}
	return strings.ReplaceAll(strings.ReplaceAll(statement, "r.project_id) = $1", "r.project_id) IS NULL AND $1::uuid IS NULL"),
		"project_id = $1", "project_id IS NULL AND $1::uuid IS NULL")
}
