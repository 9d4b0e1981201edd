package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/store/db"
)

// Artifact is a file of a result or a run; its bytes are read apart.
type Artifact struct {
	ID         uuid.UUID
	ResultID   *uuid.UUID
	RunID      *uuid.UUID
	Filename   *string
	Data       json.RawMessage // additional metadata: an object, or nil
	UploadDate time.Time
	Size       int64 // bytes
	// BlobHash is that of a content outside of the database; nil for one inside.
	BlobHash []byte
	// Content is set on the way in only; Blob instead of it for one that is safe outside of the database.
	Content []byte
	Blob    *Blob
}

const artifactColumns = `a.id, a.result_id, a.run_id, a.filename, a.data, a.upload_date,
	coalesce(length(a.content), (SELECT size FROM blobs WHERE hash = a.blob), 0)::bigint, a.blob`

func scanArtifact(row pgx.CollectableRow) (Artifact, error) {
	var a Artifact
	err := row.Scan(&a.ID, &a.ResultID, &a.RunID, &a.Filename, &a.Data, &a.UploadDate, &a.Size, &a.BlobHash)
	a.Data = object(a.Data)
	return a, err
}

// Artifact returns one artifact without its bytes, or ErrNotFound.
func (s *Store) Artifact(ctx context.Context, id uuid.UUID) (Artifact, error) {
	rows, _ := s.pool.Query(ctx, "SELECT "+artifactColumns+" FROM artifacts a WHERE id = $1", id)
	a, err := pgx.CollectExactlyOneRow(rows, scanArtifact)
	return a, wrap("artifact", err)
}

// ArtifactProject returns the project that an artifact belongs to through its result or run (nil: none), or ErrNotFound.
func (s *Store) ArtifactProject(ctx context.Context, id uuid.UUID) (*uuid.UUID, error) {
	var project *uuid.UUID
	err := s.pool.QueryRow(ctx, `
		SELECT coalesce(q.project_id, r.project_id)
		  FROM artifacts a LEFT JOIN results q ON q.id = a.result_id LEFT JOIN runs r ON r.id = a.run_id
		 WHERE a.id = $1`, id).Scan(&project)
	return project, wrap("project of artifact", err)
}

// ArtifactContent returns the bytes of an artifact from the first on, length of them at most; length < 0 means all.
func (s *Store) ArtifactContent(ctx context.Context, id uuid.UUID, first, length int64) ([]byte, error) {
	if first == 0 && length < 0 {
		content, err := s.q.ArtifactContent(ctx, id)
		return content, wrap("content of artifact", err)
	}
	content, err := s.q.ArtifactSlice(ctx, db.ArtifactSliceParams{ID: id, First: int32(first + 1), Length: int32(length)})
	return content, wrap("content of artifact", err)
}

// DeleteArtifact deletes an artifact, or returns ErrNotFound.
func (s *Store) DeleteArtifact(ctx context.Context, id uuid.UUID) error {
	n, err := s.q.DeleteArtifact(ctx, id)
	if err == nil && n == 0 {
		err = pgx.ErrNoRows
	}
	return wrap("delete artifact", err)
}

// ArtifactQuery asks for a page of artifacts, oldest first.
type ArtifactQuery struct {
	// ResultID or RunID; without either, all that the scope holds.
	ResultID, RunID *uuid.UUID
	// Scope are the projects that the caller may see; nil means all.
	Scope          []uuid.UUID
	Page, PageSize int
}

// artifactsCounted is how many artifacts are counted one by one. Who asks for more looks at all that there are, where the
// database's own estimate will do: counting them would take longer than finding them.
const artifactsCounted = 10_000

// Artifacts returns a page of artifacts and how many there are in all; beyond ten thousand that is an estimate.
func (s *Store) Artifacts(ctx context.Context, q ArtifactQuery) ([]Artifact, int64, error) {
	const from = ` FROM artifacts a
		WHERE ($1::uuid IS NULL OR a.result_id = $1) AND ($2::uuid IS NULL OR a.run_id = $2)
		  AND ($3::uuid[] IS NULL
		       OR (SELECT project_id FROM results WHERE id = a.result_id) = ANY($3)
		       OR (SELECT project_id FROM runs WHERE id = a.run_id) = ANY($3))`
	var total int64
	err := s.pool.QueryRow(ctx, `SELECT count(*) FROM (SELECT 1`+from+` LIMIT $4) few`, dynamic, q.ResultID, q.RunID, q.Scope, artifactsCounted+1).Scan(&total)
	if err != nil {
		return nil, 0, wrap("count artifacts", err)
	}
	many := total > artifactsCounted
	if many {
		err := s.pool.QueryRow(ctx, `SELECT greatest(reltuples, $1)::bigint FROM pg_class WHERE oid = 'artifacts'::regclass`, total).Scan(&total)
		if err != nil {
			return nil, 0, wrap("count artifacts", err)
		}
	}
	offset, fits := ListQuery{Page: q.Page, PageSize: q.PageSize}.offset()
	if !fits || offset >= total && !many {
		return []Artifact{}, total, nil
	}
	rows, _ := s.pool.Query(ctx, `SELECT `+artifactColumns+from+` ORDER BY a.upload_date, a.id OFFSET $4 LIMIT $5`,
		dynamic, q.ResultID, q.RunID, q.Scope, offset, q.PageSize)
	artifacts, err := pgx.CollectRows(rows, scanArtifact)
	return artifacts, max(total, offset+int64(len(artifacts))), wrap("list artifacts", err)
}
