package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// ProjectPruned is what a rule deletes of one project.
type ProjectPruned struct {
	// Project is nil for what belongs to none.
	Project *uuid.UUID
	Name    *string
	// Before is what its rows have to be older than.
	Before time.Time
	Pruned
}

// PrunePreview returns what Prune would delete, project by project; projects that lose nothing are left out. It only counts,
// and so takes as long as counting does.
func (s *Store) PrunePreview(ctx context.Context, rule Rule) ([]ProjectPruned, error) {
	if rule.latest().IsZero() {
		return []ProjectPruned{}, nil
	}
	if rule.Kind == KindImports {
		return s.previewImports(ctx, rule.Before)
	}
	rows, _ := s.pool.Query(ctx, `SELECT id, name FROM projects UNION ALL SELECT NULL, NULL ORDER BY 2, 1`)
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p ProjectPruned, err error) {
		err = row.Scan(&p.Project, &p.Name)
		return p, err
	})
	if err != nil {
		return nil, wrap("preview", err)
	}
	resultBytes, runBytes, err := s.rowBytes(ctx)
	if err != nil {
		return nil, wrap("preview", err)
	}
	lose := []ProjectPruned{}
	for _, p := range all {
		var ends bool
		if p.Before, ends = rule.before(p.Project); !ends {
			continue
		}
		if p.Pruned, err = s.preview(ctx, rule.Kind, p.Project, p.Before); err != nil {
			return nil, wrap("preview", err)
		}
		p.Bytes += int64(float64(p.Results)*resultBytes + float64(p.Runs)*runBytes)
		if p.Pruned != (Pruned{}) {
			lose = append(lose, p)
		}
	}
	return lose, nil
}

func (s *Store) previewImports(ctx context.Context, before time.Time) ([]ProjectPruned, error) {
	p := ProjectPruned{Before: before}
	err := s.pool.QueryRow(ctx, `
		SELECT (SELECT count(*) FROM imports WHERE created < $1),
		       ((SELECT coalesce(sum(length(c.content)), 0) FROM import_chunks c JOIN imports i ON i.id = c.import_id WHERE i.created < $1)
		        + (SELECT coalesce(sum(length(f.content)), 0) FROM import_files f JOIN imports i ON i.id = f.import_id WHERE i.created < $1))::bigint`,
		before).Scan(&p.Imports, &p.Bytes)
	if err != nil || p.Imports == 0 {
		return []ProjectPruned{}, wrap("preview", err)
	}
	return []ProjectPruned{p}, nil
}

const unpinnedResult = ` AND NOT EXISTS (SELECT 1 FROM pinned_runs p WHERE p.run_id = q.run_id)`

// previewResults counts by the tally, whose hours hold all but the last part of one; results of pinned runs are taken off.
const previewResults = `
	SELECT (coalesce((SELECT sum(n) FROM result_tally WHERE project_id = $1 AND bucket < date_trunc('hour', $2::timestamp)), 0)
	        + (SELECT count(*) FROM results WHERE project_id = $1 AND start_time >= date_trunc('hour', $2::timestamp) AND start_time < $2)
	        - (SELECT count(*) FROM pinned_runs p JOIN results q ON q.run_id = p.run_id WHERE q.project_id = $1 AND q.start_time < $2))::bigint,
	       count(a.id), coalesce(sum(coalesce(length(a.content), (SELECT size FROM blobs WHERE hash = a.blob))), 0)::bigint
	  FROM results q JOIN artifacts a ON a.result_id = q.id
	 WHERE q.project_id = $1 AND q.start_time < $2` + unpinnedResult

const previewRuns = `
	WITH old AS (SELECT id FROM runs q WHERE project_id = $1 AND start_time < $2
	                AND NOT EXISTS (SELECT 1 FROM pinned_runs p WHERE p.run_id = q.id)),
	     gone AS (SELECT q.id FROM results q WHERE q.run_id IN (SELECT id FROM old)),
	     files AS (SELECT coalesce(length(content), (SELECT size FROM blobs WHERE hash = blob)) AS n FROM artifacts WHERE result_id IN (SELECT id FROM gone)
	               UNION ALL SELECT coalesce(length(content), (SELECT size FROM blobs WHERE hash = blob)) FROM artifacts WHERE run_id IN (SELECT id FROM old))
	SELECT (SELECT count(*) FROM old), (SELECT count(*) FROM gone), (SELECT count(*) FROM files), (SELECT coalesce(sum(n), 0) FROM files)::bigint`

const previewArtifacts = `
	SELECT count(*), coalesce(sum(coalesce(length(a.content), (SELECT size FROM blobs WHERE hash = a.blob))), 0)::bigint
	  FROM artifacts a LEFT JOIN results q ON q.id = a.result_id LEFT JOIN runs r ON r.id = a.run_id
	 WHERE a.upload_date < $2 AND coalesce(q.project_id, r.project_id) = $1
	   AND NOT EXISTS (SELECT 1 FROM pinned_runs p WHERE p.run_id = coalesce(a.run_id, q.run_id))`

func (s *Store) preview(ctx context.Context, kind string, project *uuid.UUID, before time.Time) (p Pruned, err error) {
	switch kind {
	case KindArtifacts:
		err = s.pool.QueryRow(ctx, orNoProject(previewArtifacts, project), dynamic, project, before).Scan(&p.Artifacts, &p.Bytes)
	case KindResults:
		err = s.pool.QueryRow(ctx, orNoProject(previewResults, project), dynamic, project, before).Scan(&p.Results, &p.Artifacts, &p.Bytes)
	default:
		err = s.pool.QueryRow(ctx, orNoProject(previewRuns, project), dynamic, project, before).Scan(&p.Runs, &p.Results, &p.Artifacts, &p.Bytes)
	}
	return p, err
}
