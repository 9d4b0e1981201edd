package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// MetadataBefore is what members of a result's metadata were before they were changed, JSON null for those not there.
type MetadataBefore struct {
	ID     uuid.UUID
	Before map[string]json.RawMessage
}

// UpdateResultsMetadata lays members over the metadata of results; a member that is JSON null is removed. allowed is asked
// once for each project of theirs (nil: results of none). All results are changed or none: an id that does not exist is an
// ErrNotFound that names it, and an error of allowed is returned as it is.
func (s *Store) UpdateResultsMetadata(ctx context.Context, ids []uuid.UUID, members map[string]json.RawMessage, allowed func(project *uuid.UUID) error) ([]MetadataBefore, error) {
	set, removed := map[string]json.RawMessage{}, []string{}
	for name, value := range members {
		if string(value) == "null" {
			removed = append(removed, name)
			continue
		}
		set[name] = value
	}
	over, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("store: metadata to set: %w", err)
	}
	var before []MetadataBefore
	err = s.InTx(ctx, func(tx pgx.Tx) error {
		if before, err = lockMetadata(ctx, tx, ids, members, allowed); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			UPDATE results SET data = (CASE WHEN jsonb_typeof(data) = 'object' THEN data ELSE '{}' END || $2::jsonb) - $3::text[] WHERE id = ANY($1)`,
			ids, over, removed)
		return wrap("update results", err)
	})
	return before, err
}

// lockMetadata locks the results, in one order so that two who change the same do not wait for each other, and reads what
// the members are.
func lockMetadata(ctx context.Context, tx pgx.Tx, ids []uuid.UUID, members map[string]json.RawMessage, allowed func(*uuid.UUID) error) ([]MetadataBefore, error) {
	rows, _ := tx.Query(ctx, `SELECT id, project_id, data FROM results WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE`, ids)
	seen, projects := map[uuid.UUID]bool{}, map[uuid.UUID]*uuid.UUID{}
	var before []MetadataBefore
	var id uuid.UUID
	var project *uuid.UUID
	var data json.RawMessage
	_, err := pgx.ForEachRow(rows, []any{&id, &project, &data}, func() error {
		var there map[string]json.RawMessage
		_ = json.Unmarshal(data, &there) // what is no object has no members
		was := make(map[string]json.RawMessage, len(members))
		for name := range members {
			was[name] = there[name]
		}
		before = append(before, MetadataBefore{id, was})
		seen[id] = true
		if project == nil {
			projects[uuid.Nil] = nil
			return nil
		}
		of := *project
		projects[of] = &of
		return nil
	})
	if err != nil {
		return nil, wrap("results", err)
	}
	for _, p := range projects {
		if err := allowed(p); err != nil {
			return nil, err
		}
	}
	for _, id := range ids {
		if !seen[id] {
			return nil, fmt.Errorf("result %s: %w", id, ErrNotFound)
		}
	}
	return before, nil
}
