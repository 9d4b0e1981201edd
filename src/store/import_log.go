package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// LoggedImport is an import with what people ask about it.
type LoggedImport struct {
	Import
	// ProjectID is the project that was given with the file, nil where none was; Project is what it is called.
	ProjectID *uuid.UUID
	Project   *string
	// Uploader sent the file: nil where that was not noted. UploaderName is nil when the account is gone.
	Uploader     *uuid.UUID
	UploaderName *string
	// Size of the file in bytes, nil where it was not noted.
	Size *int64
	// Started and Finished are of the attempt that runs, or was the last one.
	Started, Finished *time.Time
	// CancelledBy is who wants it to end, or has ended it.
	CancelledBy *string
	// Kept says whether its file is still there.
	Kept bool
}

// loggedProject is the id of the project that an import was sent to. Imports that other programs wrote may say anything.
const loggedProject = `CASE WHEN data ->> 'project_id' ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN (data ->> 'project_id')::uuid END`

var importLog = shortList[LoggedImport]{table: "imports", order: "created DESC, id DESC", scan: scanLoggedImport, columns: importColumns + `,
	` + loggedProject + `, (SELECT coalesce(nullif(title, ''), name) FROM projects WHERE projects.id = ` + loggedProject + `),
	uploader, (SELECT coalesce(nullif(name, ''), email) FROM users WHERE users.id = uploader), size, started, finished, cancelled_by,
	EXISTS (SELECT FROM import_chunks c WHERE c.import_id = imports.id)
	    OR EXISTS (SELECT FROM import_files f WHERE f.import_id = imports.id AND f.content IS NOT NULL)`}

func scanLoggedImport(row pgx.CollectableRow) (LoggedImport, error) {
	var i LoggedImport
	err := row.Scan(&i.ID, &i.Filename, &i.Format, &i.Data, &i.Status, &i.Created, &i.ProjectID, &i.Project, &i.Uploader, &i.UploaderName,
		&i.Size, &i.Started, &i.Finished, &i.CancelledBy, &i.Kept)
	i.Data = object(i.Data)
	return i, err
}

// ImportLogQuery asks for a page of imports, newest first.
type ImportLogQuery struct {
	// Project and Status narrow it where they are given.
	Project        *uuid.UUID
	Status         string
	Page, PageSize int
}

// ImportLog returns a page of imports and how many there are in all.
func (s *Store) ImportLog(ctx context.Context, q ImportLogQuery) ([]LoggedImport, int64, error) {
	c := condition{where: "true"}
	if q.Project != nil {
		c = c.and("data ->> 'project_id' = %s::text", q.Project.String())
	}
	if q.Status != "" {
		c = c.and("status = %s::text", q.Status)
	}
	return importLog.page(ctx, s, c, q.Page, q.PageSize)
}

// LoggedImport returns one import, or ErrNotFound.
func (s *Store) LoggedImport(ctx context.Context, id uuid.UUID) (LoggedImport, error) {
	rows, _ := s.pool.Query(ctx, "SELECT "+importLog.columns+" FROM imports WHERE id = $1", id)
	i, err := pgx.CollectExactlyOneRow(rows, scanLoggedImport)
	return i, wrap("import", err)
}
