package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/api"
	"github.com/ibutsu/ibutsu-go/src/artifact"
	"github.com/ibutsu/ibutsu-go/src/ingest"
)

func TestWhereArtifactsAreIsTold(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *api.Options) {
		blobs, err := artifact.NewFiles(t.TempDir())
		require.NoError(t, err)
		library, err := artifact.NewLibrary(artifact.LibraryOptions{DB: o.Store, Keep: artifact.InFiles, Stores: []artifact.Blobs{blobs}})
		require.NoError(t, err)
		writer := ingest.NewWriterKeeping(o.Store, func(context.Context, pgx.Tx, []uuid.UUID) error { return nil }, library)
		t.Cleanup(writer.Close)
		o.Writer, o.Artifacts = writer, library
	})
	super := h.person(t, true)
	run := uuid.New()
	h.exec(t, `INSERT INTO runs (id, project_id, start_time, created) VALUES ($1, $2, now(), now())`, run, h.project(t, nil))
	h.exec(t, `INSERT INTO artifacts (id, run_id, filename, content, upload_date) VALUES (gen_random_uuid(), $1, 'inside', 'four', now())`, run)
	stores := func() map[string]object {
		a := h.get(t, super, "/api/admin/storage").object(t)
		require.Equal(t, "files", a["keeps"])
		require.Equal(t, false, a["estimated"])
		require.Positive(t, a["database"])
		found := map[string]object{}
		for _, s := range a["stores"].([]any) {
			name, _ := s.(object)["store"].(string)
			found[name] = s.(object)
		}
		return found
	}
	require.Equal(t, object{"store": "files", "artifacts": 0.0, "bytes": 0.0, "stored": 0.0}, stores()["files"], "empty, but in use")

	content := strings.Repeat("the same again ", 1000)
	for _, name := range []string{"a.txt", "b.txt"} {
		made := h.call(t, super, http.MethodPost, "/api/artifact", newForm().text("runId", run.String()).text("filename", name).file("file", "f", content))
		require.Equal(t, http.StatusCreated, made.status, string(made.body))
	}
	found := stores()
	require.EqualValues(t, 2, found["files"]["artifacts"])
	require.EqualValues(t, 2*len(content), found["files"]["bytes"])
	stored, _ := found["files"]["stored"].(float64)
	require.Positive(t, stored)
	require.Less(t, stored, float64(len(content)), "once, and packed")
	require.EqualValues(t, 1, found["postgresql"]["artifacts"])
	require.EqualValues(t, len("four"), found["postgresql"]["bytes"])
	require.Positive(t, found["postgresql"]["stored"])
}
