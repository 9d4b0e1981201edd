package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/store/db"
)

// Import is an uploaded report and what became of it.
type Import struct {
	ID       uuid.UUID
	Filename *string
	Format   *string
	// Data is {"project_id"?, "metadata", "source"?, "run_id"?: [...], "results"?, "notes"?: [...], "error"?, "progress"?}.
	Data json.RawMessage
	// Status is pending, running, done or error.
	Status  *string
	Created time.Time
}

// The states of an import.
const (
	ImportPending = "pending"
	ImportRunning = "running"
	ImportDone    = "done"
	ImportError   = "error"
)

const importColumns = "id, filename, format, data, status, created"

func scanImport(row pgx.CollectableRow) (Import, error) {
	var i Import
	err := row.Scan(&i.ID, &i.Filename, &i.Format, &i.Data, &i.Status, &i.Created)
	i.Data = object(i.Data)
	return i, err
}

// Import returns one import, or ErrNotFound.
func (s *Store) Import(ctx context.Context, id uuid.UUID) (Import, error) {
	row, err := s.q.GetImport(ctx, id)
	return Import{row.ID, row.Filename, row.Format, object(row.Data), row.Status, row.Created}, wrap("import", err)
}

// SetImportState sets an import's status and lays the members of merge over its data.
func (s *Store) SetImportState(ctx context.Context, id uuid.UUID, status string, merge json.RawMessage) error {
	return setImportState(ctx, s.q, id, status, merge)
}

// SetImportStateTx is SetImportState in the transaction of the rows that it speaks of.
func (s *Store) SetImportStateTx(ctx context.Context, tx pgx.Tx, id uuid.UUID, status string, merge json.RawMessage) error {
	return setImportState(ctx, s.q.WithTx(tx), id, status, merge)
}

func setImportState(ctx context.Context, q *db.Queries, id uuid.UUID, status string, merge json.RawMessage) error {
	if len(merge) == 0 {
		merge = json.RawMessage("{}")
	}
	n, err := q.SetImportState(ctx, db.SetImportStateParams{ID: id, Status: &status, Data: merge})
	if err == nil && n == 0 {
		err = pgx.ErrNoRows
	}
	return wrap("import state", err)
}

// SetImportProgress notes how many rows of a running import are read.
func (s *Store) SetImportProgress(ctx context.Context, id uuid.UUID, done, total int64) error {
	return wrap("import progress", s.q.SetImportProgress(ctx, db.SetImportProgressParams{ID: id, Done: done, Total: total}))
}

// CancelImportTx notes who wants an import to end. ErrConflict: it is over, or there is none.
func (s *Store) CancelImportTx(ctx context.Context, tx pgx.Tx, id uuid.UUID, by string) error {
	n, err := s.q.WithTx(tx).CancelImport(ctx, db.CancelImportParams{ID: id, CancelledBy: &by})
	if err == nil && n == 0 {
		err = ErrConflict
	}
	return wrap("cancel import", err)
}

// ImportCancelledBy returns who wants an import to end. Past this server that is whoever rules the database.
func (s *Store) ImportCancelledBy(ctx context.Context, id uuid.UUID) (string, error) {
	by, err := s.q.ImportCancelledBy(ctx, id)
	return by, wrap("import", err)
}

// ReopenImportTx lets a failed import wait for a worker again, and returns who sent it, nil where nobody knows. ErrConflict: it has
// not failed, or there is none. ErrNotFound: its file is gone.
func (s *Store) ReopenImportTx(ctx context.Context, tx pgx.Tx, id uuid.UUID) (uploader *uuid.UUID, err error) {
	q := s.q.WithTx(tx)
	uploader, err = q.ReopenImport(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, wrap("reopen import", ErrConflict)
	}
	if err == nil {
		_, err = fileSize(ctx, q, id)
	}
	return uploader, wrap("reopen import", err)
}

// ImportJobTx returns the newest job of an import, or ErrNotFound.
func ImportJobTx(ctx context.Context, tx pgx.Tx, id uuid.UUID) (job int64, err error) {
	err = tx.QueryRow(ctx, `
		SELECT id FROM river_job WHERE args @> jsonb_build_object('import_id', $1::text) AND kind = 'import' ORDER BY id DESC LIMIT 1`, id).Scan(&job)
	return job, wrap("job of import", err)
}

// uploadChunk is the size of the pieces that an upload is kept in.
const uploadChunk = 1 << 20

// Upload is an import on its way in. Nothing of it is there before Commit.
type Upload struct {
	tx     pgx.Tx
	q      *db.Queries
	record Import
	seq    int32
	buf    []byte
	size   int64
}

// BeginUpload starts an import: its record, then its file by Write, then Commit. A caller that gives up calls Abort.
func (s *Store) BeginUpload(ctx context.Context, record Import) (*Upload, error) {
	tx, err := s.pool.Begin(ctx)
	if err != nil {
		return nil, wrap("upload", err)
	}
	u := &Upload{tx: tx, q: s.q.WithTx(tx), record: record, buf: make([]byte, 0, uploadChunk)}
	err = u.q.InsertImport(ctx, db.InsertImportParams{ID: record.ID, Filename: record.Filename, Format: record.Format,
		Data: record.Data, Status: record.Status, Created: record.Created})
	if err != nil {
		u.Abort()
		return nil, wrap("upload", err)
	}
	return u, nil
}

// ReadFrom takes the file from r to its end.
func (u *Upload) ReadFrom(ctx context.Context, r io.Reader) (int64, error) {
	for {
		n, err := io.ReadFull(r, u.buf[:cap(u.buf)])
		if n > 0 {
			if e := u.q.InsertImportChunk(ctx, db.InsertImportChunkParams{ImportID: u.record.ID, Seq: u.seq, Content: u.buf[:n]}); e != nil {
				return u.size, wrap("upload", e)
			}
			u.seq++
			u.size += int64(n)
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return u.size, nil
		}
		if err != nil {
			return u.size, fmt.Errorf("read upload: %w", err)
		}
	}
}

// Describe says of the import what is known when all of it has come in: parts of the form may come after the file.
func (u *Upload) Describe(ctx context.Context, data json.RawMessage, uploader uuid.UUID) error {
	u.record.Data = data
	return wrap("upload", u.q.DescribeImport(ctx, db.DescribeImportParams{ID: u.record.ID, Data: data, Uploader: &uploader, Size: &u.size}))
}

// Commit makes the import there, together with what enqueue adds in the same transaction: its job.
func (u *Upload) Commit(ctx context.Context, enqueue func(context.Context, pgx.Tx) error) (Import, error) {
	defer u.Abort()
	if err := enqueue(ctx, u.tx); err != nil {
		return Import{}, wrap("upload", err)
	}
	if err := u.tx.Commit(ctx); err != nil {
		return Import{}, wrap("upload", err)
	}
	return u.record, nil
}

// Abort forgets the upload; after Commit it does nothing.
func (u *Upload) Abort() { _ = u.tx.Rollback(context.Background()) }

// ImportFile is the uploaded file of an import. It can be opened several times.
type ImportFile struct {
	store *Store
	id    uuid.UUID
	name  string
	size  int64
}

// ImportFile returns the file of an import, or ErrNotFound when there is none (any more).
func (s *Store) ImportFile(ctx context.Context, record Import) (*ImportFile, error) {
	size, err := fileSize(ctx, s.q, record.ID)
	if err != nil {
		return nil, wrap("file of import", err)
	}
	f := &ImportFile{store: s, id: record.ID, size: size}
	if record.Filename != nil {
		f.name = *record.Filename
	}
	return f, nil
}

// fileSize is how many bytes the file of an import has; ErrNotFound when there is none (any more).
func fileSize(ctx context.Context, q *db.Queries, id uuid.UUID) (int64, error) {
	size, err := q.ImportSize(ctx, id)
	if err == nil && size < 0 {
		err = ErrNotFound
	}
	return size, err
}

// Name is the name under which the file was uploaded.
func (f *ImportFile) Name() string { return f.name }

// Size in bytes.
func (f *ImportFile) Size() int64 { return f.size }

// Open reads the file from its start, holding one piece at a time. An adopted file comes whole, as the original keeps it.
func (f *ImportFile) Open(ctx context.Context) (io.ReadCloser, error) {
	return io.NopCloser(&chunkReader{ctx: ctx, file: f}), nil
}

type chunkReader struct {
	ctx  context.Context
	file *ImportFile
	seq  int32
	rest []byte
	end  bool
}

func (r *chunkReader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.end {
			return 0, io.EOF
		}
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (r *chunkReader) next() error {
	content, err := r.file.store.q.GetImportChunk(r.ctx, db.GetImportChunkParams{ImportID: r.file.id, Seq: r.seq})
	if errors.Is(err, pgx.ErrNoRows) {
		r.end = true
		if r.seq > 0 {
			return nil
		}
		if content, err = r.file.store.q.GetImportFile(r.ctx, r.file.id); errors.Is(err, pgx.ErrNoRows) {
			return nil // an empty upload
		}
	}
	if err != nil {
		return wrap("file of import", err)
	}
	r.seq++
	r.rest = content
	return nil
}

// ClearImportFile forgets the file of an import. It returns how many pieces there were.
func (s *Store) ClearImportFile(ctx context.Context, id uuid.UUID) (int64, error) {
	var n int64
	err := s.InTx(ctx, func(tx pgx.Tx) error {
		var err error
		n, err = s.ClearImportFileTx(ctx, tx, id)
		return err
	})
	return n, wrap("clear import", err)
}

// ClearImportFileTx is ClearImportFile in a transaction.
func (s *Store) ClearImportFileTx(ctx context.Context, tx pgx.Tx, id uuid.UUID) (int64, error) {
	q := s.q.WithTx(tx)
	chunks, err := q.ClearImportChunks(ctx, id)
	if err != nil {
		return 0, err
	}
	files, err := q.ClearImportFile(ctx, id)
	return chunks + files, err
}

// ProjectForImport finds the project that a report names by id or name, among those that the user may write to; nil: none,
// or several of that name.
func (s *Store) ProjectForImport(ctx context.Context, nameOrID string, user uuid.UUID) (*uuid.UUID, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT p.id FROM projects p
		 WHERE (p.id::text = lower($1) OR p.name = $1)
		   AND EXISTS (SELECT 1 FROM users u WHERE u.id = $2 AND (u.is_superadmin OR p.owner_id = u.id
		       OR EXISTS (SELECT 1 FROM users_projects m WHERE m.user_id = u.id AND m.project_id = p.id AND m.role <> 'reader')))
		 LIMIT 2`, nameOrID, user)
	if err != nil {
		return nil, wrap("project of import", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil || len(found) != 1 {
		return nil, wrap("project of import", err)
	}
	return &found[0], nil
}
