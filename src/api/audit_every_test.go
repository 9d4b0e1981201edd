package api_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
)

// unrecorded are the operations that change something and leave no record, and why.
var unrecorded = map[string]string{
	"add_run": "its own record", "update_run": "its own record", "add_result": "its own record", "update_result": "its own record",
	"update_results": "its own record", "upload_artifact": "its own record", "add_import": "its own record",
	"update_preferences": "nobody but the person sees them",
	"recover":            "sends a mail; the password that is set by it is recorded",
	// Nobody has what these need but from a mail or a provider: TestWhoComesInByALinkIsRecorded, and the sign-in checks.
	"reset_password": "by a link", "activate": "by a link", "redeem_ticket": "by a provider",
	"config": "changes nothing", "support": "changes nothing", "get_health": "changes nothing", "auth": "changes nothing without a provider",
	"start_sign_in": "changes nothing",
}

// changing are tries that change something, where the honest ones of the matrix need not.
var changing = map[string]func(*testing.T, *world) request{
	"update_current_user": func(*testing.T, *world) request { return request{"/user", object{"name": "another"}} },
	"update_project": func(_ *testing.T, w *world) request {
		return request{"/project/" + w.project.String(), object{"title": "another"}}
	},
	"update_member": func(t *testing.T, w *world) request {
		return request{"/project/" + w.project.String() + "/member/" + w.newMember(t), object{"role": "reader"}}
	},
	"admin_update_user": func(t *testing.T, w *world) request {
		email := w.newAccount(t)
		return request{"/admin/user/" + w.people[email].id.String(), object{"email": email, "name": "another"}}
	},
	"admin_delete_sessions": func(t *testing.T, w *world) request {
		who := w.people[w.newAccount(t)].id
		w.newSession(t, who)
		return request{path: "/admin/user/" + who.String() + "/session"}
	},
	"delete_sessions": func(t *testing.T, w *world) request {
		w.newSession(t, w.people[superadmin].id)
		return request{path: "/user/session"}
	},
	"admin_update_queue": func(t *testing.T, w *world) request {
		w.exec(t, `INSERT INTO river_queue (name, created_at, updated_at) VALUES ('default', now(), now()) ON CONFLICT DO NOTHING`)
		return request{"/admin/queue/default", object{"paused": true}}
	},
	"admin_delete_retention": func(t *testing.T, w *world) request {
		w.exec(t, `INSERT INTO retention_policies (project_id, artifacts) VALUES ($1, 30) ON CONFLICT DO NOTHING`, w.project)
		return request{path: "/admin/retention/" + w.project.String()}
	},
	"unpin_run": func(t *testing.T, w *world) request {
		w.exec(t, `INSERT INTO pinned_runs (run_id) VALUES ($1) ON CONFLICT DO NOTHING`, w.run)
		return request{path: "/run/" + w.run.String() + "/pin"}
	},
	"delete_session": func(t *testing.T, w *world) request {
		return request{path: "/user/session/" + w.newSession(t, w.people[superadmin].id)}
	},
}

func (w *world) newSession(t *testing.T, of uuid.UUID) string {
	t.Helper()
	id := uuid.New()
	w.exec(t, `INSERT INTO sessions (id, user_id, method, token_hash, created, last_used) VALUES ($1, $2, 'password', decode(replace($1::uuid::text, '-', ''), 'hex'), now(), now())`, id, of)
	return id.String()
}

// lastRecord is the newest entry of the audit log.
func (w *world) lastRecord(t *testing.T) (id int64, actor *uuid.UUID, action string) {
	t.Helper()
	require.NoError(t, w.store.Pool().QueryRow(context.Background(), `
		SELECT id, actor_id, action FROM audit UNION ALL SELECT 0, NULL, '' ORDER BY id DESC LIMIT 1`).Scan(&id, &actor, &action))
	return id, actor, action
}

// TestEveryChangeIsRecorded tries every operation of the contract that changes something: who did it is on record, or why not is
// written above. A new operation is in neither, and fails.
func TestEveryChangeIsRecorded(t *testing.T) {
	t.Parallel()
	document, err := contract.Load()
	require.NoError(t, err)
	w := newWorld(t)
	for _, op := range document.Operations() {
		if op.Method == http.MethodGet && !op.Public {
			continue
		}
		if _, known := unrecorded[op.ID]; known {
			continue
		}
		try, ok := changing[op.ID]
		if !ok {
			try = requests[op.ID]
		}
		role := superadmin
		if len(matrix[op.ID]) == 1 {
			role = matrix[op.ID][0]
		}
		r := try(t, w)
		before, _, _ := w.lastRecord(t)
		who := w.people[role]
		if op.Public {
			who = person{}
		}
		a := w.call(t, who, op.Method, contract.BasePath+r.path, r.body)
		require.Less(t, a.status, http.StatusMultipleChoices, "%s: %s", op.ID, a.body)
		after, actor, action := w.lastRecord(t)
		require.Greater(t, after, before, "%s leaves no record", op.ID)
		if !op.Public {
			require.NotNil(t, actor, "%s: nobody did %s", op.ID, action)
			require.Equal(t, who.id, *actor, op.ID)
		}
	}
}

func TestWhoComesInByALinkIsRecorded(t *testing.T) {
	t.Parallel()
	h := lodge(t)
	super := h.person(t, true)
	require.Equal(t, http.StatusCreated, h.post(t, "/api/login/register", object{"email": "new@example.com", "password": "first"}).status)
	require.Equal(t, "user.create", h.audit(t, super, "")[0]["action"])
	require.Equal(t, http.StatusFound, h.get(t, person{}, h.link(t)).status)
	confirmed := h.audit(t, super, "")[0]
	require.Equal(t, "user.update", confirmed["action"])
	require.Equal(t, []any{false, true}, confirmed["changes"].(object)["is_active"])

	require.Equal(t, http.StatusCreated, h.post(t, "/api/login/recover", object{"email": "new@example.com"}).status)
	code := h.link(t)[len("/reset-password/"):]
	require.Equal(t, http.StatusCreated, h.post(t, "/api/login/reset-password", object{"activation_code": code, "password": "second"}).status)
	changed := h.audit(t, super, "object_type=user")[0]
	require.Equal(t, []any{"…", "…"}, changed["changes"].(object)["password"])
	require.Equal(t, "new@example.com", changed["object_name"])
}
