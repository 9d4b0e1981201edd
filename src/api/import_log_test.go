package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestTheImportLogTellsOfImports(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	super, member, reader, stranger := h.person(t, true), h.person(t, false), h.person(t, false), h.person(t, false)
	project := h.project(t, &super, member, reader)
	h.exec(t, `UPDATE users_projects SET role = 'reader' WHERE user_id = $1`, reader.id)
	h.exec(t, `UPDATE users SET name = 'Ann' WHERE id = $1`, member.id)
	h.directory.Flush()
	sent := h.upload(t, member, newForm().file("importFile", "report.xml", "<testsuite/>").text("project", project.String()))
	id := uuid.MustParse(sent.id(t))
	other := h.upload(t, stranger, newForm().file("importFile", "other.xml", "<testsuite/>"))
	one := func(who person) object {
		found := h.get(t, who, "/api/import-log?project="+project.String()).object(t)["imports"].([]any)
		require.Len(t, found, 1)
		return found[0].(object)
	}
	mine := one(member)
	require.Equal(t, "report.xml", mine["filename"])
	require.Equal(t, "pending", mine["status"])
	require.Equal(t, "Ann", mine["uploader"])
	require.EqualValues(t, len("<testsuite/>"), mine["size"])
	require.Equal(t, "project-"+project.String(), mine["project"])
	require.Nil(t, mine["progress"])
	require.Nil(t, mine["started"])
	require.Equal(t, true, mine["can_cancel"])
	require.Equal(t, false, mine["can_retry"])
	require.Equal(t, false, one(reader)["can_cancel"], "readers look on")

	require.NoError(t, h.store.SetImportState(t.Context(), id, "running", nil))
	require.NoError(t, h.store.SetImportProgress(t.Context(), id, 3, 10))
	mine = one(member)
	require.Equal(t, object{"done": 3.0, "total": 10.0}, mine["progress"])
	require.NotNil(t, mine["started"])
	require.NoError(t, h.store.SetImportState(t.Context(), id, "done", []byte(`{"run_id":["`+id.String()+`"],"results":10,"notes":["a folder"]}`)))
	mine = one(member)
	require.Equal(t, []any{id.String()}, mine["runs"])
	require.Equal(t, []any{"a folder"}, mine["notes"])
	require.EqualValues(t, 10, mine["results"])
	started, err := time.Parse(time.RFC3339Nano, mine["started"].(string))
	require.NoError(t, err)
	finished, err := time.Parse(time.RFC3339Nano, mine["finished"].(string))
	require.NoError(t, err)
	require.False(t, finished.Before(started))
	require.Equal(t, false, mine["can_cancel"])
	record := h.get(t, member, "/api/import/"+id.String()).object(t)["metadata"].(object)
	require.Equal(t, object{"metadata": nil, "project_id": project.String(), "run_id": []any{id.String()}, "notes": []any{"a folder"}}, record,
		"what clients of the original read is as it was")

	all := h.get(t, super, "/api/import-log").object(t)["imports"].([]any)
	require.Len(t, all, 2, "administrators see all")
	require.Equal(t, other.id(t), all[0].(object)["id"])
	require.Len(t, h.get(t, super, "/api/import-log?status=pending").object(t)["imports"], 1)
	requireMessage(t, h.get(t, member, "/api/import-log"), http.StatusForbidden)
	requireMessage(t, h.get(t, stranger, "/api/import-log?project="+project.String()), http.StatusForbidden)
	requireProblem(t, h.get(t, super, "/api/import-log?status=odd"), http.StatusBadRequest)
	requireProblem(t, h.get(t, super, "/api/import-log?pageSize=501"), http.StatusBadRequest)
	require.Equal(t, http.StatusBadRequest, h.get(t, super, "/api/import-log?project=odd").status)
}

func TestWhoMayEndAnImportAndLetItBeginAnew(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	super, member, reader, stranger := h.person(t, true), h.person(t, false), h.person(t, false), h.person(t, false)
	project := h.project(t, &super, member, reader)
	h.exec(t, `UPDATE users_projects SET role = 'reader' WHERE user_id = $1`, reader.id)
	h.directory.Flush()
	file := func() *form { return newForm().file("importFile", "report.xml", "<testsuite/>") }
	try := func(who person, id, what string) answer {
		return h.call(t, who, http.MethodPost, "/api/import/"+id+"/"+what, nil)
	}
	sent := h.upload(t, super, file().text("project", project.String())).id(t)
	for _, who := range []person{reader, stranger} {
		requireMessage(t, try(who, sent, "cancel"), http.StatusForbidden)
		requireMessage(t, try(who, sent, "retry"), http.StatusForbidden)
	}
	requireMessage(t, try(member, sent, "retry"), http.StatusConflict)
	ended := try(member, sent, "cancel").object(t)
	require.Equal(t, "error", ended["status"])
	require.Contains(t, ended["error"], "cancelled by ")
	require.Equal(t, true, ended["can_retry"])
	requireMessage(t, try(member, sent, "cancel"), http.StatusConflict)
	require.Equal(t, "pending", try(member, sent, "retry").object(t)["status"])

	// One of no project is its uploader's, and the superadmins'.
	alone := h.upload(t, stranger, file()).id(t)
	requireMessage(t, try(member, alone, "cancel"), http.StatusForbidden)
	require.Equal(t, "error", try(stranger, alone, "cancel").object(t)["status"])
	h.exec(t, `DELETE FROM import_chunks WHERE import_id = $1`, alone)
	requireMessage(t, try(stranger, alone, "retry"), http.StatusConflict)
	requireMessage(t, try(super, uuid.NewString(), "retry"), http.StatusNotFound)
	requireMessage(t, try(super, "odd", "cancel"), http.StatusBadRequest)
}
