package api_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/api"
	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// The roles of the matrix. The project is one that the member is listed in, and that the owner owns without being listed.
const (
	anonymous  = "anonymous"
	stranger   = "stranger"
	member     = "member"
	reader     = "reader"
	owner      = "owner"
	superadmin = "superadmin"
	inactive   = "inactive"
	deleted    = "deleted"
	revoked    = "revoked" // a member, with an API token that was deleted
)

var roles = []string{anonymous, stranger, reader, member, owner, superadmin, inactive, deleted, revoked}

var (
	all     = roles
	active  = []string{stranger, reader, member, owner, superadmin}
	reading = []string{reader, member, owner, superadmin}
	inside  = []string{member, owner, superadmin}
	owning  = []string{owner, superadmin}
	ruling  = []string{superadmin}
	// mine is what belongs to the member alone.
	mine         = []string{member}
	mineOrRuling = []string{member, superadmin}
	// listed are those whom the project lists, and who see everything.
	listed = []string{reader, member, superadmin}
)

// matrix is who may do what. It is written down once more here, so that a slip in the server's own table is found.
var matrix = map[string][]string{
	"login": all, "support": all, "config": all, "auth": all, "register": all, "recover": all, "reset_password": all, "activate": all,
	"start_sign_in": all, "redeem_ticket": {}, // nobody has a ticket
	"get_health": all, "get_database_health": active, "get_health_info": active,

	"get_run_list": active, "add_run": inside, "get_run": reading, "update_run": inside, "bulk_update": {stranger, member, owner, superadmin}, // what is in scope: nothing, for a stranger
	"export_run": reading, "delete_run": owning,
	"get_result_list": active, "add_result": inside, "get_result": reading, "update_result": inside, "update_results": inside,
	"get_artifact_list": active, "upload_artifact": inside, "get_artifact": reading, "view_artifact": reading,
	"download_artifact": reading, "delete_artifact": inside,
	"get_triage": reading, "get_failure_groups": reading, "get_test_history": reading, "get_flaky_tests": reading, "get_comparison": reading, "get_test_list": reading,
	"get_field_values": reading, "get_run_files": reading,
	"get_import_list": active, "add_import": inside, "get_import": reading,
	"get_import_log": reading, "retry_import": inside, "cancel_import": inside,
	"get_task": mineOrRuling,

	"get_project_list": active, "add_project": active, "get_project": reading, "update_project": owning, "get_filter_params": reading, "get_project_events": reading, "search_project": reading,
	"get_member_list": reading, "add_member": owning, "update_member": owning, "delete_member": owning,
	"get_group_list": active, "add_group": active, "get_group": active, "update_group": mineOrRuling,

	"get_dashboard_list": reading, "add_dashboard": inside, "get_dashboard": reading, "update_dashboard": inside, "delete_dashboard": inside,
	"get_widget_types": active, "get_widget": active, // with what is in scope

	"get_widget_config_list": active, "add_widget_config": inside, "get_widget_config": reading,
	"update_widget_config": inside, "delete_widget_config": inside,

	"get_current_user": active, "update_current_user": active,
	"get_token_list": active, "add_token": active, "get_token": mine, "delete_token": mine,
	"get_session_list": active, "delete_sessions": active, "delete_session": active, "get_token_use_list": active,
	"get_preferences": active, "update_preferences": active, "get_about": reading,

	"admin_get_user_list": ruling, "admin_add_user": ruling, "admin_get_user": ruling, "admin_update_user": ruling, "admin_delete_user": ruling,
	"admin_get_project_list": ruling, "admin_add_project": ruling, "admin_get_project": ruling, "admin_update_project": ruling,
	"admin_delete_project": ruling, "admin_get_session_list": ruling, "admin_delete_sessions": ruling, "admin_get_audit_list": ruling,
	"admin_get_token_list": ruling, "admin_delete_token": ruling,

	"admin_get_queue_list": ruling, "admin_update_queue": ruling, "admin_get_job_list": ruling, "admin_get_job": ruling, "admin_delete_job": ruling,
	"admin_retry_job": ruling, "admin_cancel_job": ruling, "admin_get_worker_list": ruling, "admin_get_schedule_list": ruling,
	"get_run_pin": reading, "pin_run": inside, "unpin_run": inside,
	"admin_get_retention": ruling, "admin_preview_retention": ruling, "admin_set_retention": ruling, "admin_delete_retention": ruling,
	"admin_update_schedule": ruling, "admin_run_schedule": ruling, "admin_get_task_list": ruling, "admin_start_task": ruling,
	"admin_get_storage": ruling, "admin_get_log_level": ruling, "admin_set_log_level": ruling, "admin_get_profile": ruling,
}

// world is one of everything, in a project.
type world struct {
	*house
	accounts                                  *auth.Accounts
	people                                    map[string]person
	project, run, result, group, task, loaded uuid.UUID
	dashboard, widget                         uuid.UUID
}

func newWorld(t *testing.T) *world {
	t.Helper()
	ctx := context.Background()
	w := &world{people: map[string]person{anonymous: {}}}
	ended := make(chan struct{})
	close(ended) // streams end as soon as they begin
	w.house = newHouse(t, func(o *api.Options) {
		o.Ending = ended
		w.accounts = o.Accounts
		w.accounts.Random = rand.Reader
	})
	for _, role := range roles[1:] {
		w.people[role] = w.person(t, role == superadmin)
	}
	own := w.people[owner]
	w.project = w.house.project(t, &own, w.people[reader], w.people[member], w.people[inactive], w.people[revoked])
	w.exec(t, `UPDATE users_projects SET role = 'reader' WHERE user_id = $1`, w.people[reader].id)
	w.group = w.newGroup(t)
	w.change(t, inactive, func(a *store.Account) { a.IsActive = false })
	w.change(t, member, func(a *store.Account) { a.GroupID = &w.group })
	require.NoError(t, w.store.DeleteUser(ctx, w.people[deleted].id, own.id))
	gone, err := w.tokens.API(w.people[revoked].id, nil)
	require.NoError(t, err)
	w.people[revoked] = person{w.people[revoked].id, gone}

	w.run, w.result, w.task, w.loaded, w.dashboard, w.widget = uuid.New(), uuid.New(), uuid.New(), uuid.New(), uuid.New(), uuid.New()
	w.exec(t, `INSERT INTO runs (id, project_id, start_time, created, data) VALUES ($1, $2, now(), now(), '{}')`, w.run, w.project)
	w.exec(t, `INSERT INTO results (id, run_id, project_id, start_time, data) VALUES ($1, $2, $3, now(), '{}')`, w.result, w.run, w.project)
	w.exec(t, `INSERT INTO tasks (id, user_id, state, request) VALUES ($1, $2, 'PENDING', '{}')`, w.task, w.people[member].id)
	w.exec(t, `INSERT INTO imports (id, filename, status, data) VALUES ($1, 'a.xml', 'done', jsonb_build_object('project_id', $2::text, 'metadata', '{}'::jsonb))`,
		w.loaded, w.project)
	w.exec(t, `INSERT INTO dashboards (id, title, project_id) VALUES ($1, 'd', $2)`, w.dashboard, w.project)
	w.exec(t, `INSERT INTO widget_configs (id, type, widget, title, weight, params, project_id) VALUES ($1, 'widget', 'run-aggregator', 'w', 0, '{}', $2)`, w.widget, w.project)
	w.directory.Flush()
	return w
}

func (w *world) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	_, err := w.store.Pool().Exec(context.Background(), statement, args...)
	require.NoError(t, err, statement)
}

func (w *world) change(t *testing.T, role string, change func(*store.Account)) {
	t.Helper()
	_, err := w.store.UpdateAccount(context.Background(), w.people[role].id, func(a *store.Account) error {
		change(a)
		return nil
	})
	require.NoError(t, err)
}

func (w *world) newGroup(t *testing.T) uuid.UUID {
	t.Helper()
	g := store.Group{ID: uuid.New()}
	require.NoError(t, w.store.InsertGroup(context.Background(), g))
	return g.ID
}

func (w *world) newArtifact(t *testing.T) string {
	t.Helper()
	id := uuid.New()
	w.exec(t, `INSERT INTO artifacts (id, result_id, filename, content, upload_date) VALUES ($1, $2, 'log.txt', 'text', now())`, id, w.result)
	return id.String()
}

// newImport is one that is as far as the status says, with its file and without a job.
func (w *world) newImport(t *testing.T, status string) string {
	t.Helper()
	id := uuid.New()
	w.exec(t, `INSERT INTO imports (id, filename, status, data) VALUES ($1, 'a.xml', $2, jsonb_build_object('project_id', $3::text))`, id, status, w.project)
	w.exec(t, `INSERT INTO import_chunks (import_id, seq, content) VALUES ($1, 0, '<testsuites/>')`, id)
	return id.String()
}

func (w *world) newRun(t *testing.T) string {
	t.Helper()
	id := uuid.New()
	w.exec(t, `INSERT INTO runs (id, project_id, start_time, created) VALUES ($1, $2, now(), now())`, id, w.project)
	return id.String()
}

func (w *world) newJob(t *testing.T) string {
	t.Helper()
	var id int64
	err := w.store.Pool().QueryRow(context.Background(), `INSERT INTO river_job (kind, args, max_attempts) VALUES ('sync_runs', '{}', 3) RETURNING id`).Scan(&id)
	require.NoError(t, err)
	return strconv.FormatInt(id, 10)
}

func (w *world) newToken(t *testing.T) string {
	t.Helper()
	id, mine := uuid.New(), w.people[member].id
	require.NoError(t, w.store.InsertToken(context.Background(), store.Token{ID: id, Name: "ci", Token: "x", UserID: &mine}))
	return id.String()
}

// newAccount makes an account with a password, and returns its address.
func (w *world) newAccount(t *testing.T) string {
	t.Helper()
	p := w.person(t, false)
	email := p.id.String() + "@example.com"
	w.people[email] = p
	hash, err := w.accounts.Passwords.Hash(context.Background(), "secret")
	require.NoError(t, err)
	w.exec(t, `UPDATE users SET _password = $2 WHERE id = $1`, p.id, hash)
	return email
}

// newMember puts somebody into the project, and returns the id.
func (w *world) newMember(t *testing.T) string {
	t.Helper()
	id := w.people[w.newAccount(t)].id
	w.exec(t, `INSERT INTO users_projects (user_id, project_id) VALUES ($1, $2)`, id, w.project)
	return id.String()
}

type request struct {
	path string
	body any
}

// requests are an honest try at each operation, as anyone would make it.
var requests = map[string]func(*testing.T, *world) request{
	"login": func(t *testing.T, w *world) request {
		return request{"/login", object{"email": w.newAccount(t), "password": "secret"}}
	},
	"support": plain("/login/support"),
	"config":  plain("/login/config/github"),
	"auth":    plain("/login/auth/github?code=x"),
	"register": func(*testing.T, *world) request {
		return request{"/login/register", object{"email": uuid.NewString() + "@example.com", "password": "x"}}
	},
	"recover": func(t *testing.T, w *world) request {
		return request{"/login/recover", object{"email": w.newAccount(t)}}
	},
	"reset_password": func(*testing.T, *world) request {
		return request{"/login/reset-password", object{"activation_code": "YWJjZGVm", "password": "x"}}
	},
	"activate":      plain("/login/activate/YWJjZGVm"),
	"start_sign_in": plain("/login/start/github?challenge=" + strings.Repeat("x", 43)),
	"redeem_ticket": func(*testing.T, *world) request {
		return request{"/login/ticket", object{"ticket": "x", "verifier": "x"}}
	},

	"get_health":          plain("/health"),
	"get_database_health": plain("/health/database"),
	"get_health_info":     plain("/health/info"),

	"get_run_list": func(_ *testing.T, w *world) request {
		return request{path: "/run?filter=project_id=" + w.project.String()}
	},
	"add_run": func(_ *testing.T, w *world) request {
		return request{"/run", object{"metadata": object{"project": w.project.String()}}}
	},
	"get_run":    func(_ *testing.T, w *world) request { return request{path: "/run/" + w.run.String()} },
	"update_run": func(_ *testing.T, w *world) request { return request{"/run/" + w.run.String(), object{"source": "x"}} },
	"bulk_update": func(_ *testing.T, w *world) request {
		return request{"/runs/bulk-update?filter=project_id=" + w.project.String(), object{"metadata": object{"k": "v"}}}
	},
	"get_result_list": func(_ *testing.T, w *world) request {
		return request{path: "/result?filter=project_id=" + w.project.String()}
	},
	"add_result": func(_ *testing.T, w *world) request {
		return request{"/result", object{"project_id": w.project.String()}}
	},
	"get_result": func(_ *testing.T, w *world) request { return request{path: "/result/" + w.result.String()} },
	"update_result": func(_ *testing.T, w *world) request {
		return request{"/result/" + w.result.String(), object{"source": "x"}}
	},
	"update_results": func(_ *testing.T, w *world) request {
		return request{"/result", object{"ids": []string{w.result.String()}, "metadata": object{"note": "x"}}}
	},
	"get_artifact_list": plain("/artifact"),
	"upload_artifact": func(_ *testing.T, w *world) request {
		return request{"/artifact", newForm().text("runId", w.run.String()).text("filename", "log").file("file", "file", "text")}
	},
	"get_artifact":  func(t *testing.T, w *world) request { return request{path: "/artifact/" + w.newArtifact(t)} },
	"view_artifact": func(t *testing.T, w *world) request { return request{path: "/artifact/" + w.newArtifact(t) + "/view"} },
	"download_artifact": func(t *testing.T, w *world) request {
		return request{path: "/artifact/" + w.newArtifact(t) + "/download"}
	},
	"delete_artifact": func(t *testing.T, w *world) request { return request{path: "/artifact/" + w.newArtifact(t)} },

	"get_triage":         insightOf("triage", ""),
	"get_failure_groups": insightOf("failures", ""),
	"get_test_history":   insightOf("test", "&test=t"),
	"get_flaky_tests":    insightOf("flaky", ""),
	"get_comparison": func(_ *testing.T, w *world) request {
		return request{path: "/insight/compare?project=" + w.project.String() + "&run=" + w.run.String()}
	},
	"get_field_values": insightOf("values", "&field=env"),
	"get_test_list":    insightOf("tests", ""),
	"get_run_files": func(_ *testing.T, w *world) request {
		return request{path: "/insight/files?project=" + w.project.String() + "&run=" + w.run.String()}
	},
	"export_run": func(_ *testing.T, w *world) request {
		return request{path: "/run/" + w.run.String() + "/export?format=csv"}
	},
	"delete_run": func(t *testing.T, w *world) request { return request{path: "/run/" + w.newRun(t) + "/deletion"} },

	"get_import_list": plain("/import"),
	"add_import": func(_ *testing.T, w *world) request {
		return request{"/import", newForm().text("project", w.project.String()).file("importFile", "a.xml", "<testsuites/>")}
	},
	"get_import": func(_ *testing.T, w *world) request { return request{path: "/import/" + w.loaded.String()} },
	"get_import_log": func(_ *testing.T, w *world) request {
		return request{path: "/import-log?project=" + w.project.String()}
	},
	"retry_import": func(t *testing.T, w *world) request {
		return request{path: "/import/" + w.newImport(t, "error") + "/retry"}
	},
	"cancel_import": func(t *testing.T, w *world) request {
		return request{path: "/import/" + w.newImport(t, "pending") + "/cancel"}
	},
	"get_task": func(_ *testing.T, w *world) request { return request{path: "/task/" + w.task.String()} },

	"get_project_list": plain("/project"),
	"add_project":      func(*testing.T, *world) request { return request{"/project", object{"name": "new"}} },
	"get_project":      func(_ *testing.T, w *world) request { return request{path: "/project/" + w.project.String()} },
	"update_project": func(_ *testing.T, w *world) request {
		return request{"/project/" + w.project.String(), object{"title": "x"}}
	},
	"get_project_events": func(_ *testing.T, w *world) request {
		return request{path: "/project/" + w.project.String() + "/events"}
	},
	"search_project": func(_ *testing.T, w *world) request {
		return request{path: "/project/" + w.project.String() + "/search?q=timeout"}
	},
	"get_filter_params": func(_ *testing.T, w *world) request {
		return request{path: "/project/filter-params/" + w.project.String()}
	},
	"get_member_list": func(_ *testing.T, w *world) request {
		return request{path: "/project/" + w.project.String() + "/member"}
	},
	"add_member": func(t *testing.T, w *world) request {
		return request{"/project/" + w.project.String() + "/member", object{"email": w.newAccount(t), "role": "reader"}}
	},
	"update_member": func(t *testing.T, w *world) request {
		return request{"/project/" + w.project.String() + "/member/" + w.newMember(t), object{"role": "member"}}
	},
	"delete_member": func(t *testing.T, w *world) request {
		return request{path: "/project/" + w.project.String() + "/member/" + w.newMember(t)}
	},
	"get_group_list": plain("/group"),
	"add_group":      func(*testing.T, *world) request { return request{"/group", object{"name": "new"}} },
	"get_group":      func(_ *testing.T, w *world) request { return request{path: "/group/" + w.group.String()} },
	"update_group": func(_ *testing.T, w *world) request {
		return request{"/group/" + w.group.String(), object{"name": "x"}}
	},

	"get_dashboard_list": func(_ *testing.T, w *world) request {
		return request{path: "/dashboard?project_id=" + w.project.String()}
	},
	"add_dashboard": func(_ *testing.T, w *world) request {
		return request{"/dashboard", object{"title": "new", "project_id": w.project.String()}}
	},
	"get_dashboard": func(_ *testing.T, w *world) request { return request{path: "/dashboard/" + w.dashboard.String()} },
	"update_dashboard": func(_ *testing.T, w *world) request {
		return request{"/dashboard/" + w.dashboard.String(), object{"title": "x"}}
	},
	"delete_dashboard": func(t *testing.T, w *world) request {
		id := uuid.New()
		w.exec(t, `INSERT INTO dashboards (id, title, project_id) VALUES ($1, 'd', $2)`, id, w.project)
		return request{path: "/dashboard/" + id.String()}
	},
	"get_widget_types": plain("/widget/types"),
	"get_widget": func(_ *testing.T, w *world) request {
		return request{path: "/widget/run-aggregator?group_field=component&weeks=4&project=" + w.project.String()}
	},
	"get_widget_config_list": plain("/widget-config"),
	"add_widget_config": func(_ *testing.T, w *world) request {
		return request{"/widget-config", object{"type": "widget", "widget": "run-aggregator", "project_id": w.project.String()}}
	},
	"get_widget_config": func(_ *testing.T, w *world) request { return request{path: "/widget-config/" + w.widget.String()} },
	"update_widget_config": func(_ *testing.T, w *world) request {
		return request{"/widget-config/" + w.widget.String(), object{"title": "x"}}
	},
	"delete_widget_config": func(t *testing.T, w *world) request {
		id := uuid.New()
		w.exec(t, `INSERT INTO widget_configs (id, type, widget, project_id) VALUES ($1, 'widget', 'run-aggregator', $2)`, id, w.project)
		return request{path: "/widget-config/" + id.String()}
	},

	"get_current_user":    plain("/user"),
	"update_current_user": func(*testing.T, *world) request { return request{"/user", object{}} },
	"get_token_list":      plain("/user/token"),
	"add_token": func(*testing.T, *world) request {
		return request{"/user/token", object{"name": "ci", "expires": time.Now().Add(time.Hour).Format(time.RFC3339)}}
	},
	"get_token":    func(t *testing.T, w *world) request { return request{path: "/user/token/" + w.newToken(t)} },
	"delete_token": func(t *testing.T, w *world) request { return request{path: "/user/token/" + w.newToken(t)} },

	"get_session_list":   plain("/user/session"),
	"delete_sessions":    plain("/user/session"),
	"get_token_use_list": plain("/user/token-use"),
	"delete_session": func(*testing.T, *world) request {
		return request{path: "/user/session/" + uuid.NewString()} // nobody's: not found, but not forbidden
	},

	"get_preferences":    plain("/user/preferences"),
	"update_preferences": func(*testing.T, *world) request { return request{"/user/preferences", object{"theme": "dark"}} },
	"get_about":          func(_ *testing.T, w *world) request { return request{path: "/about?project=" + w.project.String()} },

	"admin_get_token_list": func(_ *testing.T, w *world) request {
		return request{path: "/admin/user/" + w.people[member].id.String() + "/token"}
	},
	"admin_delete_token": func(t *testing.T, w *world) request {
		return request{path: "/admin/user/" + w.people[member].id.String() + "/token/" + w.newToken(t)}
	},
	"admin_get_session_list": func(_ *testing.T, w *world) request {
		return request{path: "/admin/user/" + w.people[member].id.String() + "/session"}
	},
	"admin_delete_sessions": func(t *testing.T, w *world) request {
		return request{path: "/admin/user/" + w.people[w.newAccount(t)].id.String() + "/session"}
	},
	"admin_get_audit_list": plain("/admin/audit"),

	"admin_get_user_list": plain("/admin/user"),
	"admin_add_user": func(*testing.T, *world) request {
		return request{"/admin/user", object{"email": uuid.NewString() + "@example.com"}}
	},
	"admin_get_user": func(_ *testing.T, w *world) request {
		return request{path: "/admin/user/" + w.people[member].id.String()}
	},
	"admin_update_user": func(t *testing.T, w *world) request {
		email := w.newAccount(t)
		return request{"/admin/user/" + w.people[email].id.String(), object{"email": email}}
	},
	"admin_delete_user": func(t *testing.T, w *world) request {
		return request{path: "/admin/user/" + w.people[w.newAccount(t)].id.String()}
	},
	"admin_get_project_list": plain("/admin/project"),
	"admin_add_project":      func(*testing.T, *world) request { return request{"/admin/project", object{"name": "new"}} },
	"admin_get_project":      func(_ *testing.T, w *world) request { return request{path: "/admin/project/" + w.project.String()} },
	"admin_update_project": func(_ *testing.T, w *world) request {
		return request{"/admin/project/" + w.project.String(), object{"title": "x"}}
	},
	"admin_delete_project": func(t *testing.T, w *world) request {
		return request{path: "/admin/project/" + w.house.project(t, nil).String()}
	},

	"get_run_pin": func(_ *testing.T, w *world) request { return request{path: "/run/" + w.run.String() + "/pin"} },
	"pin_run": func(_ *testing.T, w *world) request {
		return request{"/run/" + w.run.String() + "/pin", object{"reason": "a release"}}
	},
	"unpin_run":               func(_ *testing.T, w *world) request { return request{path: "/run/" + w.run.String() + "/pin"} },
	"admin_get_retention":     plain("/admin/retention"),
	"admin_preview_retention": plain("/admin/retention/preview"),
	"admin_set_retention": func(_ *testing.T, w *world) request {
		return request{"/admin/retention/" + w.project.String(), object{"artifacts_days": 30}}
	},
	"admin_delete_retention": func(_ *testing.T, w *world) request {
		return request{path: "/admin/retention/" + w.project.String()}
	},

	"admin_get_queue_list": plain("/admin/queue"),
	"admin_update_queue":   func(*testing.T, *world) request { return request{"/admin/queue/default", object{"paused": false}} },
	"admin_get_job_list":   plain("/admin/job"),
	"admin_get_job":        func(t *testing.T, w *world) request { return request{path: "/admin/job/" + w.newJob(t)} },
	"admin_delete_job":     func(t *testing.T, w *world) request { return request{path: "/admin/job/" + w.newJob(t)} },
	"admin_retry_job": func(t *testing.T, w *world) request {
		return request{path: "/admin/job/" + w.newJob(t) + "/retry"}
	},
	"admin_cancel_job": func(t *testing.T, w *world) request {
		return request{path: "/admin/job/" + w.newJob(t) + "/cancel"}
	},
	"admin_get_worker_list":   plain("/admin/worker"),
	"admin_get_schedule_list": plain("/admin/schedule"),
	"admin_update_schedule": func(*testing.T, *world) request {
		return request{"/admin/schedule/prune-old-runs", object{"enabled": true}}
	},
	"admin_run_schedule":  plain("/admin/schedule/sync-aborted-runs/run"),
	"admin_get_task_list": plain("/admin/task"),
	"admin_start_task": func(*testing.T, *world) request {
		return request{"/admin/task", object{"task": "runs.sync_aborted_runs"}}
	},
	"admin_get_storage":   plain("/admin/storage"),
	"admin_get_log_level": plain("/admin/log-level"),
	"admin_set_log_level": func(*testing.T, *world) request {
		return request{"/admin/log-level", object{"level": "debug", "seconds": 60}}
	},
	"admin_get_profile": plain("/admin/debug/pprof/goroutine"),
}

func plain(path string) func(*testing.T, *world) request {
	return func(*testing.T, *world) request { return request{path: path} }
}

// TestWhoMayDoWhat tries every operation of the contract in every role.
func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	document, err := contract.Load()
	require.NoError(t, err)
	w := newWorld(t)
	require.Len(t, matrix, len(document.Operations()))
	for _, op := range document.Operations() {
		allowed, ok := matrix[op.ID]
		require.True(t, ok, op.ID)
		for _, role := range roles {
			r := requests[op.ID](t, w)
			a := w.call(t, w.people[role], op.Method, contract.BasePath+r.path, r.body)
			if a.status == http.StatusNotImplemented && role != anonymous {
				continue // not offered yet: who may has no meaning
			}
			cell := op.ID + " as " + role + ": " + string(a.body)
			require.Less(t, a.status, http.StatusInternalServerError, cell)
			refused := a.status == http.StatusUnauthorized || a.status == http.StatusForbidden
			require.Equal(t, !slices.Contains(allowed, role), refused, cell)
			if refused {
				requireRefusal(t, op, role, a)
			}
		}
	}
}

// requireRefusal says that those who are not known get 401, and those who are 403, each in its form.
func requireRefusal(t *testing.T, op *contract.Operation, role string, a answer) {
	t.Helper()
	switch {
	case op.ID == "redeem_ticket":
		require.Equal(t, "INVALID", a.object(t)["code"])
	case !slices.Contains(active, role):
		requireProblem(t, a, http.StatusUnauthorized)
		require.Equal(t, "Bearer", a.header.Get("WWW-Authenticate"))
	case strings.HasPrefix(op.Path, "/admin/"):
		requireProblem(t, a, http.StatusForbidden)
	case op.ID == "get_project" || op.ID == "get_filter_params":
		requireMessage(t, a, http.StatusUnauthorized)
	case op.ID == "view_artifact" || op.ID == "download_artifact":
		require.Equal(t, http.StatusForbidden, a.status)
		require.True(t, strings.HasPrefix(a.header.Get("Content-Type"), "text/plain"), a.header)
	default:
		requireMessage(t, a, http.StatusForbidden)
	}
}

// TestListsShowWhatIsInScope: an owner who is not listed opens rows, but does not find them in lists.
func TestListsShowWhatIsInScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	artifact := w.newArtifact(t)
	filter := "?filter=project_id=" + w.project.String()
	for _, list := range []struct {
		path, key, id string
		sees          []string
	}{
		{"/run" + filter, "runs", w.run.String(), listed},
		{"/result" + filter, "results", w.result.String(), listed},
		{"/artifact?resultId=" + w.result.String(), "artifacts", artifact, listed},
		{"/import", "imports", w.loaded.String(), listed},
		{"/project", "projects", w.project.String(), listed},
	} {
		for _, role := range active {
			a := w.call(t, w.people[role], http.MethodGet, contract.BasePath+list.path, nil)
			if a.status == http.StatusForbidden {
				require.NotContains(t, list.sees, role, list.path)
				continue
			}
			require.Equal(t, http.StatusOK, a.status, string(a.body))
			var page map[string]json.RawMessage
			require.NoError(t, json.Unmarshal(a.body, &page))
			require.Equal(t, slices.Contains(list.sees, role), strings.Contains(string(page[list.key]), list.id), "%s as %s", list.path, role)
		}
	}
}

func insightOf(question, more string) func(*testing.T, *world) request {
	return func(_ *testing.T, w *world) request {
		return request{path: "/insight/" + question + "?project=" + w.project.String() + more}
	}
}
