package api_test

import (
	"context"
	"crypto/sha256"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/api"
)

func (h *house) upload(t *testing.T, who person, f *form) answer {
	t.Helper()
	return h.call(t, who, http.MethodPost, "/api/import", f)
}

func (h *house) rows(t *testing.T, statement string) int {
	t.Helper()
	var n int
	require.NoError(t, h.store.Pool().QueryRow(context.Background(), statement).Scan(&n))
	return n
}

func TestImportIsThereTogetherWithItsJob(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin, member, stranger := h.person(t, true), h.person(t, false), h.person(t, false)
	project := h.project(t, &admin, member)
	// Larger than the pieces that it is kept in.
	content := "<testsuite name='s' tests='0'>" + strings.Repeat("<!-- filler -->", 200_000) + "</testsuite>"

	// The file comes first, as curl sends it in the order of its flags.
	a := h.upload(t, member, newForm().file("importFile", "report.xml", content).
		text("project", "project-"+project.String()).blob("metadata", `{"env": "ci"}`).text("source", "nightly"))
	require.Equal(t, http.StatusAccepted, a.status, string(a.body))
	record := a.object(t)
	require.Equal(t, object{"project_id": project.String(), "metadata": object{"env": "ci"}, "source": "nightly"}, record["metadata"])
	require.Equal(t, "pending", record["status"])
	require.Equal(t, "report.xml", record["filename"])
	require.Empty(t, record["format"])
	require.Nil(t, record["run_id"])
	require.Equal(t, 1, h.rows(t, `SELECT count(*) FROM river_job WHERE kind = 'import'`))

	id := uuid.MustParse(a.id(t))
	kept, err := h.store.Import(t.Context(), id)
	require.NoError(t, err)
	file, err := h.store.ImportFile(t.Context(), kept)
	require.NoError(t, err)
	r, err := file.Open(t.Context())
	require.NoError(t, err)
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Len(t, text, len(content))
	require.Equal(t, sha256.Sum256([]byte(content)), sha256.Sum256(text))

	path := "/api/import/" + id.String()
	require.Equal(t, record, h.get(t, member, path).object(t))
	requireMessage(t, h.get(t, stranger, path), http.StatusForbidden)

	require.NoError(t, h.store.SetImportState(t.Context(), id, "done", []byte(`{"run_id":["`+id.String()+`"],"user_id":"secret","progress":null}`)))
	record = h.get(t, member, path).object(t)
	require.Equal(t, id.String(), record["run_id"], "the first of its runs")
	require.NotContains(t, record["metadata"], "user_id", "what is only for the server stays there")
	require.NotContains(t, record["metadata"], "progress")

	require.NoError(t, h.store.SetImportState(t.Context(), id, "error", []byte(`{"error":"not XML"}`)))
	require.Equal(t, "not XML", h.get(t, member, path).object(t)["metadata"].(object)["error"])
}

func TestImportsThatAreRefusedLeaveNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *api.Options) {
		o.Limits = api.DefaultLimits()
		o.Limits.Upload = 3 << 20
	})
	admin, stranger := h.person(t, true), h.person(t, false)
	project := h.project(t, &admin).String()
	xml := func() *form { return newForm().file("importFile", "x.xml", "<testsuite/>") }
	for name, c := range map[string]struct {
		body    *form
		status  int
		problem bool
	}{
		"no file":            {newForm().text("project", project), 400, true},
		"file is no file":    {newForm().text("importFile", "<testsuite/>"), 400, true},
		"unknown project":    {xml().text("project", "nothing"), 400, false},
		"unknown id":         {newForm().text("project", uuid.NewString()).file("importFile", "x.xml", "<testsuite/>"), 400, false},
		"text file":          {newForm().file("importFile", "x.txt", "text"), 415, false},
		"zip":                {newForm().file("importFile", "x.zip", "PK"), 415, false},
		"no extension":       {newForm().file("importFile", "x", "<testsuite/>"), 415, false},
		"metadata is broken": {xml().text("metadata", "{broken"), 400, false},
		"metadata has a NUL": {xml().text("metadata", `{"a":"\u0000"}`), 400, false},
		"metadata is a list": {xml().text("metadata", "[1, 2]"), 400, true},
		"too large":          {newForm().file("importFile", "x.xml", strings.Repeat("x", 3<<20+1)), 413, false},
	} {
		a := h.upload(t, admin, c.body)
		require.Equal(t, c.status, a.status, "%s: %s", name, a.body)
		if c.problem {
			requireProblem(t, a, c.status)
		} else {
			requireMessage(t, a, c.status)
		}
	}
	requireMessage(t, h.upload(t, stranger, xml().text("project", project)), http.StatusForbidden)
	requireProblem(t, h.call(t, admin, http.MethodPost, "/api/import", object{"importFile": "x"}), http.StatusUnsupportedMediaType)
	requireProblem(t, h.call(t, admin, http.MethodPost, "/api/import", nil), http.StatusBadRequest)
	whole, mediaType := xml().close(t)
	requireProblem(t, h.call(t, admin, http.MethodPost, "/api/import", whole[:len(whole)-20], header{"Content-Type": mediaType}), http.StatusBadRequest)

	require.Zero(t, h.rows(t, `SELECT count(*) FROM imports`))
	require.Zero(t, h.rows(t, `SELECT count(*) FROM import_chunks`))
	require.Zero(t, h.rows(t, `SELECT count(*) FROM river_job`))
	require.Equal(t, http.StatusAccepted, h.upload(t, admin, newForm().file("importFile", "x.TAR.GZ", strings.Repeat("x", 3<<20))).status, "exactly as large as may be")
}

type brokenJobs struct{ api.Jobs }

func (brokenJobs) Import(uuid.UUID, uuid.UUID) func(context.Context, pgx.Tx) error {
	return func(context.Context, pgx.Tx) error { return context.DeadlineExceeded }
}

func TestImportWithoutItsJobIsNotThere(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *api.Options) { o.Jobs = brokenJobs{o.Jobs} })
	admin := h.person(t, true)
	requireProblem(t, h.upload(t, admin, newForm().file("importFile", "x.xml", "<testsuite/>")), http.StatusInternalServerError)
	require.Zero(t, h.rows(t, `SELECT count(*) FROM imports`))
}

func TestImportList(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin, member, stranger := h.person(t, true), h.person(t, false), h.person(t, false)
	project := h.project(t, &admin, member).String()
	for _, name := range []string{"aa.xml", "bb.xml"} {
		require.Equal(t, http.StatusAccepted, h.upload(t, member, newForm().file("importFile", name, "x").text("project", project)).status)
	}
	open := h.upload(t, stranger, newForm().file("importFile", "cc.xml", "x"))
	require.Equal(t, http.StatusAccepted, open.status, "an import needs no project")
	names := func(who person, filters ...string) []string {
		var names []string
		for _, i := range h.get(t, who, "/api/import", filters...).object(t)["imports"].([]any) {
			names = append(names, i.(object)["filename"].(string))
		}
		return names
	}
	require.Equal(t, []string{"cc.xml", "bb.xml", "aa.xml"}, names(admin, "status=pending"))
	require.Equal(t, []string{"cc.xml", "bb.xml", "aa.xml"}, names(member))
	require.Equal(t, []string{"cc.xml"}, names(stranger), "those of foreign projects are not shown")
	require.Equal(t, []string{"bb.xml"}, names(member, "filename%BB"))
	require.Equal(t, []string{"bb.xml", "aa.xml"}, names(member, "metadata.project_id="+project))
	requireProblem(t, h.get(t, member, "/api/import", "filename~("), http.StatusBadRequest)
	requireMessage(t, h.get(t, member, "/api/import/abc"), http.StatusBadRequest)
	requireMessage(t, h.get(t, member, "/api/import/"+uuid.NewString()), http.StatusNotFound)
	require.Equal(t, http.StatusOK, h.get(t, member, "/api/import/"+open.id(t)).status, "one without a project is open to everyone")
}
