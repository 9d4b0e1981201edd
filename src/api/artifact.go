package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/api/encode"
	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// maxFilename bounds the name of an artifact, in bytes: the database has it in an index.
const maxFilename = 1024

// GetArtifactList answers a page of artifacts, of a result, of a run, or of all that who asks may see.
func (s *Server) GetArtifactList(c *fiber.Ctx, params contract.GetArtifactListParams) error {
	number, size, err := page(params.Page, params.PageSize)
	if err != nil {
		return err
	}
	result := c.Query("resultId", c.Query("result_id"))
	q := store.ArtifactQuery{Scope: identity(c).Scope(), Page: number, PageSize: size}
	if q.ResultID, err = queryID("resultId", result); err != nil {
		return err
	}
	if q.RunID, err = queryID("runId", c.Query("runId")); err != nil {
		return err
	}
	artifacts, total, err := s.store.Artifacts(c.UserContext(), q)
	if err != nil {
		return err
	}
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.ArtifactList(dst, artifacts, number, size, total) })
}

// queryID reads an id of the query string; nil where it is not given.
func queryID(name, text string) (*uuid.UUID, error) {
	if text == "" {
		return nil, nil
	}
	id, ok := filter.ParseUUID(text)
	if !ok {
		return nil, refuse(http.StatusBadRequest, "Bad request, %s: %q is not a valid UUID", name, shown(text))
	}
	return &id, nil
}

const (
	// uploadsInMemory bounds the artifacts that are held while they come in and wait to be written.
	uploadsInMemory = 64
	// uploadPatience is how long another one waits for its turn: reporters do not try again.
	uploadPatience = 10 * time.Second
	// longestArtifact bounds an artifact on its way in.
	longestArtifact = 10 * time.Minute
)

// UploadArtifact keeps a file of a result or a run.
func (s *Server) UploadArtifact(c *fiber.Ctx) error {
	leave, err := s.takeTurn(s.receiving, uploadPatience)
	if err != nil {
		return err
	}
	defer leave()
	up, err := s.readUpload(c)
	if err != nil {
		return err
	}
	a, err := s.newArtifact(c, up)
	if err != nil {
		return err
	}
	err = s.writer.Artifact(c.UserContext(), &a)
	if errors.Is(err, store.ErrReference) {
		return refuse(http.StatusNotFound, "The result or run of the artifact does not exist any more")
	}
	if err != nil {
		return err
	}
	return send(c, http.StatusCreated, func(dst []byte) []byte { return encode.Artifact(dst, &a) })
}

// takeTurn waits for a place. leave gives it back.
func (s *Server) takeTurn(places chan struct{}, patience time.Duration) (leave func(), err error) {
	leave = func() { <-places }
	select {
	case places <- struct{}{}:
		return leave, nil
	default:
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case places <- struct{}{}:
		return leave, nil
	case <-timer.C:
		return nil, errUploadsFull
	}
}

var errUploadsFull = &refusalError{Status: http.StatusTooManyRequests, Message: "Too many uploads at once", style: asProblem, after: 5}

// upload is the form of an artifact.
type upload struct {
	*form
	file     []byte
	hasFile  bool
	tooLarge bool // its content is not kept
	cut      bool // so much too large that what follows was not read
}

// skipped is how much of a file beyond the limit is read, so that who sends one a little too large, before the fields of the
// form, is told so.
const skipped = 16 << 20

func (s *Server) readUpload(c *fiber.Ctx) (upload, error) {
	f, err := s.readForm(c, longestArtifact)
	if err != nil {
		return upload{}, err
	}
	up := upload{form: f}
	for !up.cut {
		part, err := f.next()
		if err != nil {
			return up, err
		}
		if part == nil {
			break
		}
		if part.FormName() == "file" && part.FileName() != "" {
			err = up.readFile(part, s.limits.Artifact)
		} else {
			err = f.keep(part)
		}
		if err != nil {
			return up, err
		}
	}
	return up, nil
}

func (up *upload) readFile(part *multipart.Part, limit int64) error {
	var content bytes.Buffer
	n, err := io.Copy(&content, io.LimitReader(part, limit+1))
	if err != nil {
		return formError(err)
	}
	up.hasFile = true
	if n <= limit {
		up.file, up.tooLarge = content.Bytes(), false
		return nil
	}
	up.file, up.tooLarge = nil, true
	rest, err := io.Copy(io.Discard, io.LimitReader(part, skipped))
	if err != nil {
		return formError(err)
	}
	up.cut = rest == skipped
	return nil
}

// newArtifact makes an artifact of a form, if who asks may add it where it belongs.
func (s *Server) newArtifact(c *fiber.Ctx, up upload) (store.Artifact, error) {
	_, named := up.texts["filename"]
	switch {
	case !up.hasFile:
		return store.Artifact{}, problem(http.StatusBadRequest, "file: it is required, and has to be a file")
	case !named && !up.cut:
		return store.Artifact{}, problem(http.StatusBadRequest, "filename: it is required")
	}
	a := store.Artifact{ID: s.newID(), UploadDate: s.now().UTC().Truncate(time.Microsecond), Content: up.file, Size: int64(len(up.file))}
	if err := s.setOwner(c, &a, up.form); err != nil {
		return a, err
	}
	filename := up.text("filename")
	switch {
	case up.tooLarge:
		return a, refuse(http.StatusRequestEntityTooLarge, "Bad request, the file is larger than %d bytes", s.limits.Artifact)
	case len(up.file) == 0:
		return a, refuse(http.StatusBadRequest, "Bad request, uploaded file is empty")
	case filename == "":
		return a, refuse(http.StatusBadRequest, "Bad request, filename is empty")
	case len(filename) > maxFilename:
		return a, refuse(http.StatusBadRequest, "Bad request, filename is longer than %d bytes", maxFilename)
	}
	a.Filename = &filename
	var err error
	a.Data, err = up.object("additionalMetadata", "additional_metadata")
	return a, err
}

// setOwner finds the result or run that an artifact belongs to.
func (s *Server) setOwner(c *fiber.Ctx, a *store.Artifact, f *form) error {
	result, run := f.text("resultId", "result_id"), f.text("runId", "run_id")
	switch {
	case result != "" && run != "":
		return refuse(http.StatusBadRequest, "Bad request, cannot provide both resultId and runId")
	case result != "":
		return s.ownedBy(c, "Result", result, &a.ResultID, s.resultsOf.of)
	case run != "":
		return s.ownedBy(c, "Run", run, &a.RunID, s.runProjects.of)
	}
	return refuse(http.StatusBadRequest, "Bad request, either resultId or runId must be provided")
}

func (s *Server) ownedBy(c *fiber.Ctx, kind, text string, owner **uuid.UUID, projectOf func(context.Context, uuid.UUID) (*uuid.UUID, error)) error {
	id, ok := filter.ParseUUID(text)
	if !ok {
		return refuse(http.StatusBadRequest, "%s ID %s is not in UUID format", kind, shown(text))
	}
	project, err := projectOf(c.UserContext(), id)
	if err != nil {
		return missing(err, kind+" ID "+id.String()+" not found")
	}
	*owner = &id
	return s.allow(c, "upload_artifact", project)
}

// GetArtifact answers one artifact, without its content.
func (s *Server) GetArtifact(c *fiber.Ctx, text contract.Id) error {
	a, err := s.openArtifact(c, "get_artifact", text)
	if err != nil {
		return err
	}
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.Artifact(dst, &a) })
}

// DeleteArtifact deletes an artifact.
func (s *Server) DeleteArtifact(c *fiber.Ctx, text contract.Id) error {
	a, err := s.openArtifact(c, "delete_artifact", text)
	if err != nil {
		return err
	}
	if err := s.store.DeleteArtifact(c.UserContext(), a.ID); err != nil {
		return missing(err, "Not Found")
	}
	return sendMessage(c, http.StatusOK, "OK")
}

// openArtifact returns an artifact that who asks may do the operation to.
func (s *Server) openArtifact(c *fiber.Ctx, operation, text string) (store.Artifact, error) {
	id, err := pathID(text)
	if err != nil {
		return store.Artifact{}, err
	}
	project, err := s.store.ArtifactProject(c.UserContext(), id)
	if err != nil {
		return store.Artifact{}, missing(err, "Not Found")
	}
	if err := s.allow(c, operation, project); err != nil {
		return store.Artifact{}, err
	}
	a, err := s.store.Artifact(c.UserContext(), id)
	return a, missing(err, "Not Found")
}

// ViewArtifact answers the content of an artifact to be looked at.
func (s *Server) ViewArtifact(c *fiber.Ctx, text contract.Id) error {
	a, err := s.openArtifact(c, "view_artifact", text)
	if err != nil {
		return asContent(err)
	}
	return asContent(s.sendContent(c, a))
}

// DownloadArtifact answers the content of an artifact to be kept.
func (s *Server) DownloadArtifact(c *fiber.Ctx, text contract.Id) error {
	a, err := s.openArtifact(c, "download_artifact", text)
	if err != nil {
		return asContent(err)
	}
	name := "artifact"
	if a.Filename != nil && *a.Filename != "" {
		name = *a.Filename
	}
	c.Set(fiber.HeaderContentDisposition, attachment(name))
	return asContent(s.sendContent(c, a))
}

// attachment is the Content-Disposition of a download. A plain name is written as it always was; any other as RFC 6266 has
// it, in ASCII for old programs and in full for all others.
func attachment(name string) string {
	if plainName(name) {
		return "attachment; filename=" + name
	}
	var ascii, full strings.Builder
	for i := range len(name) {
		c := name[i]
		if attributeChar(c) {
			full.WriteByte(c)
		} else {
			const hex = "0123456789ABCDEF"
			full.WriteByte('%')
			full.WriteByte(hex[c>>4])
			full.WriteByte(hex[c&15])
		}
	}
	for _, r := range name {
		if r < 0x20 || r > 0x7e || strings.ContainsRune(`"\/%`, r) {
			r = '_'
		}
		ascii.WriteRune(r)
	}
	return `attachment; filename="` + ascii.String() + `"; filename*=UTF-8''` + full.String()
}

// plainName says that a name is a token of HTTP, or several with single blanks between them.
func plainName(name string) bool {
	for word := range strings.SplitSeq(name, " ") {
		if word == "" {
			return false
		}
		for i := range len(word) {
			if c := word[i]; !attributeChar(c) && c != '\'' && c != '*' {
				return false
			}
		}
	}
	return true
}

// attributeChar says whether a character stands for itself in a name as RFC 5987 writes it.
func attributeChar(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("!#$&+-.^_`|~", c) >= 0
}
