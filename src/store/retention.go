package store

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// The kinds of rows that retention deletes.
const (
	KindImports   = "imports"
	KindArtifacts = "artifacts"
	KindResults   = "results"
	KindRuns      = "runs"
)

// Pruned counts what was deleted, or would be.
type Pruned struct {
	Imports   int64 `json:"imports"`
	Artifacts int64 `json:"artifacts"`
	Results   int64 `json:"results"`
	Runs      int64 `json:"runs"`
	// Bytes are those of the artifacts' content, and what the rows of the rest take up on average with their indexes.
	Bytes int64 `json:"bytes"`
}

// Add adds what was deleted elsewhere.
func (p *Pruned) Add(more Pruned) {
	p.Imports += more.Imports
	p.Artifacts += more.Artifacts
	p.Results += more.Results
	p.Runs += more.Runs
	p.Bytes += more.Bytes
}

// Rule says what of a kind is deleted: what is older than Before, or than the project's own time.
type Rule struct {
	// Kind is imports, artifacts, results or runs. Results take their artifacts along, runs their results.
	Kind string
	// Before is the time for all projects that Projects does not have, and for what has no project; zero keeps it for ever.
	Before time.Time
	// Projects have times of their own; a zero one keeps for ever. Imports have none.
	Projects map[uuid.UUID]time.Time
}

// before is the time of a project; ok is false where its rows are kept for ever.
func (r Rule) before(project *uuid.UUID) (t time.Time, ok bool) {
	t = r.Before
	if project != nil {
		if own, has := r.Projects[*project]; has {
			t = own
		}
	}
	return t, !t.IsZero()
}

// latest is the latest time of all projects; zero where all is kept.
func (r Rule) latest() time.Time {
	t := r.Before
	for _, own := range r.Projects {
		if own.After(t) {
			t = own
		}
	}
	return t
}

const (
	// pruneBatch is how many rows go in one transaction: few enough that no reader or writer waits for it.
	pruneBatch = 1000
	// runsAtOnce is how many runs are emptied together: most have few results.
	runsAtOnce = 100
	// longestBreath bounds the pause after a transaction, which is as long as the transaction was: half of the time is the
	// others'.
	longestBreath = 250 * time.Millisecond
	// pruneTries is how often rows are tried that a client has added to meanwhile.
	pruneTries = 5
)

// Prune deletes what the rule says, in small transactions, along an index and with pauses between. What is pinned stays.
// tell, if it is not nil, hears after each transaction of what that has deleted. Cut short at any point, it goes on where it
// was when it is called again.
func (s *Store) Prune(ctx context.Context, rule Rule, tell func(context.Context, Pruned) error) (Pruned, error) {
	p := &pruning{store: s, rule: rule, tell: tell}
	if rule.latest().IsZero() {
		return p.done, nil
	}
	if err := p.weigh(ctx); err != nil {
		return p.done, wrap("prune "+rule.Kind, err)
	}
	var err error
	switch rule.Kind {
	case KindImports:
		err = p.imports(ctx)
	case KindArtifacts:
		err = p.artifacts(ctx)
	default:
		err = p.eachProject(ctx)
	}
	return p.done, wrap("prune "+rule.Kind, err)
}

type pruning struct {
	store *Store
	rule  Rule
	tell  func(context.Context, Pruned) error
	// resultBytes and runBytes are what a row takes up on average.
	resultBytes, runBytes float64
	done                  Pruned
}

func (p *pruning) weigh(ctx context.Context) error {
	var err error
	p.resultBytes, p.runBytes, err = p.store.rowBytes(ctx)
	return err
}

func (s *Store) rowBytes(ctx context.Context) (result, run float64, err error) {
	// A table that was never counted says nothing of its rows.
	err = s.pool.QueryRow(ctx, `
		SELECT max(bytes) FILTER (WHERE oid = 'results'::regclass), max(bytes) FILTER (WHERE oid = 'runs'::regclass)
		  FROM (SELECT oid, CASE WHEN reltuples > 100 THEN least(pg_total_relation_size(oid) / reltuples, 16384) ELSE 1024 END::float8 AS bytes
		          FROM pg_class WHERE oid IN ('results'::regclass, 'runs'::regclass)) c`).Scan(&result, &run)
	return result, run, err
}

// step does f in a transaction, counts what it deletes, and gives the others their turn.
func (p *pruning) step(ctx context.Context, f func(pgx.Tx) (Pruned, error)) error {
	begun := time.Now()
	var gone Pruned
	var err error
	for range pruneTries {
		err = p.store.InTx(ctx, func(tx pgx.Tx) error {
			// The runs that lose results here keep their summaries.
			if _, err := tx.Exec(ctx, `SELECT set_config('ibutsu.keep_summaries', 'on', true)`); err != nil {
				return err
			}
			gone, err = f(tx)
			return err
		})
		// A client has just added to what goes: once more, with what it added.
		if !errors.Is(Classify(err), ErrReference) {
			break
		}
	}
	if err != nil {
		return err
	}
	gone.Bytes += int64(float64(gone.Results)*p.resultBytes + float64(gone.Runs)*p.runBytes)
	p.done.Add(gone)
	if p.tell != nil && gone != (Pruned{}) {
		if err := p.tell(ctx, gone); err != nil {
			return err
		}
	}
	breath := time.NewTimer(min(time.Since(begun), longestBreath))
	defer breath.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-breath.C:
		return nil
	}
}

// place is where a pass over an index has come to.
type place struct {
	at time.Time
	id uuid.UUID
}

func (p *pruning) imports(ctx context.Context) error {
	for n := int64(1); n > 0; {
		err := p.step(ctx, func(tx pgx.Tx) (Pruned, error) {
			var gone Pruned
			err := tx.QueryRow(ctx, `
				WITH old AS (SELECT id FROM imports WHERE created < $1 ORDER BY created LIMIT $2 FOR UPDATE SKIP LOCKED),
				     size AS (SELECT coalesce(sum(length(c.content)), 0) AS n FROM import_chunks c WHERE c.import_id IN (SELECT id FROM old)),
				     adopted AS (SELECT coalesce(sum(length(f.content)), 0) AS n FROM import_files f WHERE f.import_id IN (SELECT id FROM old)),
				     gone AS (DELETE FROM imports WHERE id IN (SELECT id FROM old) RETURNING 1)
				SELECT (SELECT count(*) FROM gone), ((SELECT n FROM size) + (SELECT n FROM adopted))::bigint`, dynamic, p.rule.Before, pruneBatch/10).Scan(&gone.Imports, &gone.Bytes)
			n = gone.Imports
			return gone, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// artifactAge is an artifact by whose age is decided.
type artifactAge struct {
	place
	project *uuid.UUID
	pinned  bool
}

// artifacts goes through all that are older than the shortest rule, since an artifact knows its project by its result or run
// only.
func (p *pruning) artifacts(ctx context.Context) error {
	latest := p.rule.latest()
	for last, more := (place{}), true; more; {
		err := p.step(ctx, func(tx pgx.Tx) (Pruned, error) {
			rows, _ := tx.Query(ctx, `
				SELECT a.upload_date, a.id, coalesce(q.project_id, r.project_id),
				       EXISTS (SELECT 1 FROM pinned_runs p WHERE p.run_id = coalesce(a.run_id, q.run_id))
				  FROM artifacts a LEFT JOIN results q ON q.id = a.result_id LEFT JOIN runs r ON r.id = a.run_id
				 WHERE a.upload_date < $1 AND a.upload_date >= $2 AND (a.upload_date, a.id) > ($2, $3)
				 ORDER BY a.upload_date, a.id LIMIT $4`, dynamic, latest, last.at, last.id, pruneBatch)
			found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (a artifactAge, err error) {
				err = row.Scan(&a.at, &a.id, &a.project, &a.pinned)
				return a, err
			})
			if more = len(found) == pruneBatch; err != nil || len(found) == 0 {
				return Pruned{}, err
			}
			next := found[len(found)-1].place
			var old []uuid.UUID
			for _, a := range found {
				if before, ends := p.rule.before(a.project); ends && !a.pinned && a.at.Before(before) {
					old = append(old, a.id)
				}
			}
			gone, err := deleteArtifacts(ctx, tx, `id = ANY($1)`, old)
			if err == nil {
				last = next
			}
			return gone, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func deleteArtifacts(ctx context.Context, tx pgx.Tx, where string, ids []uuid.UUID) (gone Pruned, err error) {
	if len(ids) == 0 {
		return gone, nil
	}
	err = tx.QueryRow(ctx, `
		WITH gone AS (DELETE FROM artifacts WHERE `+where+` RETURNING coalesce(length(content), (SELECT size FROM blobs WHERE hash = blob), 0) AS n)
		SELECT count(*), coalesce(sum(n), 0)::bigint FROM gone`, ids).Scan(&gone.Artifacts, &gone.Bytes)
	return gone, err
}

// eachProject deletes results or runs project by project, since their index begins with it.
func (p *pruning) eachProject(ctx context.Context) error {
	rows, _ := p.store.pool.Query(ctx, `SELECT id FROM projects UNION ALL SELECT NULL`)
	projects, err := pgx.CollectRows(rows, pgx.RowTo[*uuid.UUID])
	if err != nil {
		return err
	}
	for _, project := range projects {
		before, ends := p.rule.before(project)
		if !ends {
			continue
		}
		if p.rule.Kind == KindRuns {
			err = p.runs(ctx, project, before)
		} else {
			err = p.results(ctx, project, before)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ofProject is a condition on a project's rows that an index answers, and its argument is $1 in any case.
func ofProject(project *uuid.UUID) string {
	if project == nil {
		return `project_id IS NULL AND $1::uuid IS NULL`
	}
	return `project_id = $1`
}

func scanPlace(row pgx.CollectableRow) (at place, err error) {
	err = row.Scan(&at.at, &at.id)
	return at, err
}

func idsOf(places []place) []uuid.UUID {
	ids := make([]uuid.UUID, len(places))
	for i, at := range places {
		ids[i] = at.id
	}
	return ids
}

func (p *pruning) results(ctx context.Context, project *uuid.UUID, before time.Time) error {
	for last, more := (place{}), true; more; {
		err := p.step(ctx, func(tx pgx.Tx) (Pruned, error) {
			// From where the last batch ended: what was deleted is still in the index, and is not to be read again.
			rows, _ := tx.Query(ctx, `
				SELECT start_time, id FROM results q
				 WHERE `+ofProject(project)+` AND start_time < $2 AND start_time >= $3 AND (start_time, id) > ($3, $4)
				   AND NOT EXISTS (SELECT 1 FROM pinned_runs p WHERE p.run_id = q.run_id)
				 ORDER BY start_time, id LIMIT $5 FOR UPDATE SKIP LOCKED`, dynamic, project, before, last.at, last.id, pruneBatch)
			found, err := pgx.CollectRows(rows, scanPlace)
			if more = len(found) == pruneBatch; err != nil || len(found) == 0 {
				return Pruned{}, err
			}
			gone, err := deleteResults(ctx, tx, idsOf(found))
			if err == nil {
				last = found[len(found)-1]
			}
			return gone, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func deleteResults(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (Pruned, error) {
	gone, err := deleteArtifacts(ctx, tx, `result_id = ANY($1)`, ids)
	if err != nil || len(ids) == 0 {
		return gone, err
	}
	tag, err := tx.Exec(ctx, `DELETE FROM results WHERE id = ANY($1)`, ids)
	gone.Results += tag.RowsAffected()
	return gone, err
}

func (p *pruning) runs(ctx context.Context, project *uuid.UUID, before time.Time) error {
	for last := (place{}); ; {
		rows, _ := p.store.pool.Query(ctx, `
			SELECT start_time, id FROM runs r
			 WHERE `+ofProject(project)+` AND start_time < $2 AND start_time >= $3 AND (start_time, id) > ($3, $4)
			   AND NOT EXISTS (SELECT 1 FROM pinned_runs p WHERE p.run_id = r.id)
			 ORDER BY start_time, id LIMIT $5`, dynamic, project, before, last.at, last.id, runsAtOnce)
		found, err := pgx.CollectRows(rows, scanPlace)
		if err != nil || len(found) == 0 {
			return err
		}
		if err := p.emptied(ctx, idsOf(found)); err != nil {
			return err
		}
		last = found[len(found)-1]
	}
}

// emptied deletes runs, their results first. A run that was pinned since it was found keeps what is left of it.
func (p *pruning) emptied(ctx context.Context, runs []uuid.UUID) error {
	const unpinned = ` AND NOT EXISTS (SELECT 1 FROM pinned_runs p WHERE p.run_id = `
	for more := true; more; {
		err := p.step(ctx, func(tx pgx.Tx) (Pruned, error) {
			rows, _ := tx.Query(ctx, `SELECT id FROM results q WHERE run_id = ANY($1)`+unpinned+`q.run_id) LIMIT $2 FOR UPDATE`, dynamic, runs, pruneBatch)
			ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
			if err != nil {
				return Pruned{}, err
			}
			gone, err := deleteResults(ctx, tx, ids)
			if more = len(ids) == pruneBatch; err != nil || more {
				return gone, err
			}
			files, err := deleteArtifacts(ctx, tx, `run_id = ANY($1)`+unpinned+`run_id)`, runs)
			if err != nil {
				return gone, err
			}
			gone.Add(files)
			tag, err := tx.Exec(ctx, `DELETE FROM runs r WHERE id = ANY($1)`+unpinned+`r.id)`, runs)
			gone.Runs += tag.RowsAffected()
			return gone, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
