package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/api/encode"
	"github.com/ibutsu/ibutsu-go/src/api/middleware"
	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// GetImportList answers a page of imports, newest first.
func (s *Server) GetImportList(c *fiber.Ctx, params contract.GetImportListParams) error {
	number, size, err := page(params.Page, params.PageSize)
	if err != nil {
		return err
	}
	_, set, err := filters(params.Filter, filter.Import())
	if err != nil {
		return err
	}
	q := store.ListQuery{Filter: set, Scope: identity(c).Scope(), Page: number, PageSize: size}
	imports, total, err := s.store.Imports(c.UserContext(), q)
	if err != nil {
		return filter.Refused(set, err)
	}
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.ImportList(dst, imports, number, size, total) })
}

// GetImport answers one import.
func (s *Server) GetImport(c *fiber.Ctx, text contract.Id) error {
	id, err := pathID(text)
	if err != nil {
		return err
	}
	record, err := s.store.Import(c.UserContext(), id)
	if err != nil {
		return missing(err, "Not Found")
	}
	var data struct {
		ProjectID *uuid.UUID `json:"project_id"`
	}
	if len(record.Data) > 0 && json.Unmarshal(record.Data, &data) != nil {
		// Written by hand into the database: nobody can tell whose it is.
		if !identity(c).Superadmin {
			return auth.ErrForbidden
		}
	}
	if err := s.allow(c, "get_import", data.ProjectID); err != nil {
		return err
	}
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.Import(dst, &record) })
}

const (
	// importPatience is how long an import waits for its turn to come in.
	importPatience = 30 * time.Second
	// longestUpload bounds an import on its way in, however fast: its transaction keeps the database from cleaning up.
	longestUpload = time.Hour
	// firstPiece is what comes in of an import before it gets a transaction: most are smaller, and then a slow client
	// holds nothing.
	firstPiece = 1 << 20
)

// AddImport takes in a file of results. It goes to the database as it comes, piece by piece, and is there together with the
// job that reads it, or not at all.
func (s *Server) AddImport(c *fiber.Ctx) error {
	leave, err := s.takeTurn(s.uploading, importPatience)
	if err != nil {
		return err
	}
	defer leave()
	if length, known := middleware.Length(c); known && length > s.limits.Upload+maxJSONPart {
		return s.tooLarge()
	}
	ctx, cancel := context.WithTimeout(c.UserContext(), longestUpload)
	defer cancel()
	f, err := s.readForm(c, longestUpload)
	if err != nil {
		return err
	}
	in := incoming{server: s, form: f, who: identity(c)}
	defer in.abort()
	if err := in.receive(ctx); err != nil {
		return err
	}
	record, err := in.commit(ctx)
	if err != nil {
		return err
	}
	return send(c, http.StatusAccepted, func(dst []byte) []byte { return encode.Import(dst, &record) })
}

func (s *Server) tooLarge() error {
	return refuse(http.StatusRequestEntityTooLarge, "The file is larger than %d bytes", s.limits.Upload)
}

// incoming is an import on its way in.
type incoming struct {
	*form
	server *Server
	who    *auth.Identity

	record store.Import
	upload *store.Upload
}

// receive reads the form to its end; the file may come before what is said about it.
func (in *incoming) receive(ctx context.Context) error {
	for {
		part, err := in.next()
		if err != nil {
			return err
		}
		if part == nil {
			break
		}
		if part.FormName() == "importFile" && in.upload == nil && part.FileName() != "" {
			err = in.receiveFile(ctx, part)
		} else {
			err = in.keep(part)
		}
		if err != nil {
			return err
		}
	}
	if in.upload == nil {
		return problem(http.StatusBadRequest, "importFile: it is required, and has to be a file")
	}
	return nil
}

func (in *incoming) receiveFile(ctx context.Context, part *multipart.Part) error {
	filename := filepath.Base(part.FileName())
	// What is known before the file comes in saves it the way.
	if _, err := in.describe(ctx); err != nil {
		return err
	}
	if !in.server.importable(ctx, filename) {
		return refuse(http.StatusUnsupportedMediaType, "Unsupported Media Type")
	}
	if len(filename) > maxFilename || strings.IndexByte(filename, 0) >= 0 {
		return refuse(http.StatusBadRequest, "Bad request, the name of the file is longer than %d bytes, or has a NUL", maxFilename)
	}
	status, format := store.ImportPending, ""
	in.record = store.Import{ID: in.server.newID(), Filename: &filename, Format: &format, Status: &status,
		Data: json.RawMessage("{}"), Created: in.server.now().UTC().Truncate(time.Microsecond)}
	file := bufio.NewReaderSize(&limited{from: part, left: in.server.limits.Upload}, firstPiece)
	if _, err := file.Peek(firstPiece); err != nil && !errors.Is(err, io.EOF) {
		return in.fileError(err)
	}
	var err error
	if in.upload, err = in.server.store.BeginUpload(ctx, in.record); err != nil {
		return err
	}
	_, err = in.upload.ReadFrom(ctx, file)
	return in.fileError(err)
}

// fileError is the answer to a file that does not come in whole.
func (in *incoming) fileError(err error) error {
	var database interface{ SQLState() string }
	switch {
	case err == nil:
		return nil
	case errors.Is(err, middleware.ErrTooLarge):
		return in.server.tooLarge()
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, store.ErrTimeout), errors.As(err, &database):
		return err
	}
	return problem(http.StatusBadRequest, "The file did not come in whole")
}

// importable says whether there may be an importer for files of this name: a built-in one, or one of a worker's.
func (s *Server) importable(ctx context.Context, filename string) bool {
	name := strings.ToLower(filename)
	if strings.HasSuffix(name, ".xml") || strings.HasSuffix(name, ".tar.gz") {
		return true
	}
	suffixes, err := s.store.ImportSuffixes(ctx)
	if err != nil {
		s.log.Warn().Err(err).Msg("cannot ask what importers read")
	}
	return slices.ContainsFunc(suffixes, func(suffix string) bool { return strings.HasSuffix(name, suffix) })
}

// describe makes the record's data of the parts that have come, if who asks may import so.
func (in *incoming) describe(ctx context.Context) (json.RawMessage, error) {
	var data struct {
		ProjectID *uuid.UUID      `json:"project_id,omitempty"`
		Metadata  json.RawMessage `json:"metadata"`
		Source    *string         `json:"source,omitempty"`
	}
	if name := in.text("project"); name != "" {
		p, err := in.server.directory.FindProject(ctx, name, in.who)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return nil, refuse(http.StatusBadRequest, "Project %s doesn't exist", shown(name))
		case errors.Is(err, auth.ErrAmbiguous):
			return nil, refuse(http.StatusBadRequest, "Several projects have the name %s, use the id", shown(name))
		case err != nil:
			return nil, err
		}
		data.ProjectID = &p.ID
	}
	if err := in.server.permissions.Allow("add_import", in.who, auth.Object{Project: data.ProjectID}); err != nil {
		return nil, err
	}
	var err error
	if data.Metadata, err = in.object("metadata"); err != nil {
		return nil, err
	}
	if source := in.text("source"); source != "" {
		data.Source = &source
	}
	raw, err := json.Marshal(data)
	if err != nil {
		return nil, fmt.Errorf("describe import: %w", err)
	}
	return raw, nil
}

// commit makes the import there, with its job.
func (in *incoming) commit(ctx context.Context) (store.Import, error) {
	data, err := in.describe(ctx)
	if err != nil {
		return store.Import{}, err
	}
	if err := in.upload.Describe(ctx, data, in.who.UserID); err != nil {
		return store.Import{}, err
	}
	return in.upload.Commit(ctx, in.server.jobs.Import(in.record.ID, in.who.UserID))
}

// abort forgets what has come in, unless it was committed.
func (in *incoming) abort() {
	if in.upload != nil {
		in.upload.Abort()
	}
}

// limited ends a file that is too large.
type limited struct {
	from io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.from.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, middleware.ErrTooLarge
	}
	return n, err
}
