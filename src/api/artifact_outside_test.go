package api_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/api"
	"github.com/ibutsu/ibutsu-go/src/artifact"
	"github.com/ibutsu/ibutsu-go/src/ingest"
)

// TestContentsOutsideOfTheDatabaseAreAnsweredAlike: nobody sees from the answers where a content is kept.
func TestContentsOutsideOfTheDatabaseAreAnsweredAlike(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := newHouse(t, func(o *api.Options) {
		blobs, err := artifact.NewFiles(dir)
		require.NoError(t, err)
		library, err := artifact.NewLibrary(artifact.LibraryOptions{DB: o.Store, Keep: artifact.InFiles, Stores: []artifact.Blobs{blobs}})
		require.NoError(t, err)
		writer := ingest.NewWriterKeeping(o.Store, func(context.Context, pgx.Tx, []uuid.UUID) error { return nil }, library)
		t.Cleanup(writer.Close)
		o.Writer, o.Artifacts = writer, library
	})
	ana := h.person(t, false)
	p := h.project(t, nil, ana)
	result := uuid.New()
	h.exec(t, `INSERT INTO results (id, project_id, start_time) VALUES ($1, $2, now())`, result, p)
	upload := func(content string) answer {
		return h.call(t, ana, http.MethodPost, "/api/artifact", newForm().text("resultId", result.String()).text("filename", "page.html").file("file", "f", content))
	}
	content := "<!doctype html><script>alert(1)</script>" + strings.Repeat(" and so on", 1000)
	made := upload(content)
	require.Equal(t, http.StatusCreated, made.status, string(made.body))
	require.Equal(t, made.id(t), upload(content).id(t), "the same again is no second one")
	require.Equal(t, 1, h.rows(t, `SELECT count(*) FROM artifacts WHERE content IS NULL AND blob IS NOT NULL`))
	path := "/api/artifact/" + made.id(t)
	for _, how := range []string{"/view", "/download"} {
		a := h.get(t, ana, path+how)
		require.Equal(t, content, string(a.body))
		require.Equal(t, "text/html", a.header.Get("Content-Type"))
		require.Contains(t, a.header.Get("Content-Security-Policy"), "sandbox")
	}
	part := h.call(t, ana, http.MethodGet, path+"/view", nil, header{"Range": "bytes=16-39"})
	require.Equal(t, http.StatusPartialContent, part.status)
	require.Equal(t, content[16:40], string(part.body))
	require.Equal(t, fmt.Sprintf("bytes 16-39/%d", len(content)), part.header.Get("Content-Range"))
	require.Equal(t, "text/html", part.header.Get("Content-Type"))

	require.NoError(t, os.RemoveAll(dir))
	requireProblem(t, upload("another"), http.StatusServiceUnavailable)
	require.Equal(t, 1, h.rows(t, `SELECT count(*) FROM artifacts`), "nothing is half there")
	require.Equal(t, http.StatusServiceUnavailable, h.get(t, ana, path+"/view").status)
}
