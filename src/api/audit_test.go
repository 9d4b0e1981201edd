package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// audit returns the events that a query finds, newest first.
func (h *house) audit(t *testing.T, who person, query string) []object {
	t.Helper()
	a := h.get(t, who, "/api/admin/audit?"+query)
	require.Equal(t, http.StatusOK, a.status, string(a.body))
	var events []object
	for _, e := range a.object(t)["events"].([]any) {
		events = append(events, e.(object))
	}
	return events
}

func TestWhoChangedWhatIsRecorded(t *testing.T) {
	t.Parallel()
	h := lodge(t)
	super, ana := h.person(t, true), h.person(t, false)
	p := h.project(t, &ana, ana)

	h.call(t, super, http.MethodPut, "/api/admin/user/"+ana.id.String(), object{"email": ana.email(), "name": "Ana", "password": "a-secret", "projects": []any{object{"id": p}}})
	events := h.audit(t, super, "object_type=user&object_id="+ana.id.String())
	require.Equal(t, "user.update", events[0]["action"])
	require.Equal(t, super.id.String(), events[0]["actor_id"])
	require.Equal(t, super.email(), events[0]["actor"])
	require.Equal(t, ana.email(), events[0]["object_name"])
	require.NotEmpty(t, events[0]["request_id"])
	require.Equal(t, object{"name": []any{nil, "Ana"}, "password": []any{"…", "…"}}, events[0]["changes"])
	require.Equal(t, "user.create", events[1]["action"])
	require.Nil(t, events[1]["actor_id"], "made past the API")

	ana = h.signIn(t, ana.email(), "a-secret")
	require.Equal(t, "session.create", h.audit(t, super, "object_type=session")[0]["action"])
	h.call(t, ana, http.MethodPut, "/api/project/"+p.String(), object{"title": "Shop"})
	h.call(t, ana, http.MethodPost, "/api/project/"+p.String()+"/member", object{"email": super.email(), "role": "reader"})
	h.call(t, ana, http.MethodPost, "/api/dashboard", object{"title": "board", "project_id": p.String()})
	h.call(t, ana, http.MethodPost, "/api/group", object{"name": "all"})
	token := h.call(t, ana, http.MethodPost, "/api/user/token", object{"name": "ci", "expires": "2099-01-01T00:00:00Z"}).object(t)
	h.call(t, ana, http.MethodDelete, "/api/user/token/"+token["id"].(string), nil)
	var actions []string
	all := h.audit(t, super, "actor="+url.QueryEscape(strings.ToUpper(ana.emailOf(t, h)))+"&pageSize=100")
	for _, e := range all {
		actions = append(actions, e["action"].(string))
	}
	require.Equal(t, []string{"token.delete", "token.create", "group.create", "dashboard.create", "member.create", "project.update", "session.create"}, actions)
	require.Equal(t, object{"title": []any{all[5]["changes"].(object)["title"].([]any)[0], "Shop"}}, all[5]["changes"])
	require.Len(t, h.audit(t, super, "project_id="+p.String()+"&action=member.create&actor="+url.QueryEscape(ana.emailOf(t, h))), 1)
	body := string(h.get(t, super, "/api/admin/audit?pageSize=500").body)
	for _, secret := range []string{"a-secret", "$2b$", token["token"].(string), "activation_code"} {
		require.NotContains(t, body, secret)
	}

	job := h.call(t, super, http.MethodPost, "/api/admin/task", object{"task": "runs.sync_aborted_runs"})
	require.Equal(t, http.StatusAccepted, job.status, string(job.body))
	started := h.audit(t, super, "object_type=task")
	require.Len(t, started, 1)
	require.Equal(t, "runs.sync_aborted_runs", started[0]["object_id"])
	require.Equal(t, super.id.String(), started[0]["actor_id"])

	require.Empty(t, h.audit(t, super, "until=2020-01-01"))
	require.NotEmpty(t, h.audit(t, super, "since=2020-01-01T00:00:00%2B02:00"))
	require.Len(t, h.audit(t, super, "pageSize=2&page=2"), 2)
	for _, bad := range []string{"since=yesterday", "actor_id=x", "project_id=x", "pageSize=100000"} {
		require.Equal(t, http.StatusBadRequest, h.get(t, super, "/api/admin/audit?"+bad).status, bad)
	}
	require.Empty(t, h.audit(t, super, "actor=%00&object_id="+uuid.NewString()))
}

// TestRefusedChangesLeaveNoRecord: the record is part of the change.
func TestRefusedChangesLeaveNoRecord(t *testing.T) {
	t.Parallel()
	h := lodge(t)
	super, ana := h.person(t, true), h.person(t, false)
	before := len(h.audit(t, super, "pageSize=100"))
	require.Equal(t, http.StatusConflict, h.call(t, super, http.MethodPut, "/api/admin/user/"+ana.id.String(), object{"email": super.email()}).status)
	require.Len(t, h.audit(t, super, "pageSize=100"), before)
}

// emailOf asks who a token is.
func (p person) emailOf(t *testing.T, h *house) string {
	t.Helper()
	return h.get(t, p, "/api/user").object(t)["email"].(string)
}
