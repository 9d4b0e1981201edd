package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/checks/harness"
)

// reader compares what the API says with what the database holds.
type reader struct {
	ctx      context.Context
	tally    *harness.Tally
	server   *harness.Server
	api      *harness.Client
	conn     *pgx.Conn
	fixtures string
}

func newReader(ctx context.Context, tally *harness.Tally, server *harness.Server, database, fixtures string) (*reader, error) {
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return nil, err
	}
	return &reader{ctx: ctx, tally: tally, server: server, api: server.Client(), conn: conn, fixtures: fixtures}, nil
}

func (r *reader) close() { _ = r.conn.Close(r.ctx) }

type object = map[string]any

// rows reads a query whose only column is a JSON object.
func (r *reader) rows(query string, args ...any) ([]object, error) {
	rows, err := r.conn.Query(r.ctx, query, args...)
	if err != nil {
		return nil, err
	}
	raws, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if err != nil {
		return nil, err
	}
	all := make([]object, len(raws))
	for i, raw := range raws {
		if err := json.Unmarshal(raw, &all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// list reads every page of a list.
func (r *reader) list(api *harness.Client, path, key string, pageSize int) ([]object, error) {
	var all []object
	for page := 1; ; page++ {
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		var answer object
		if err := api.Get(r.ctx, fmt.Sprintf("%s%spage=%d&pageSize=%d", path, separator, page, pageSize), &answer); err != nil {
			return nil, err
		}
		items, ok := answer[key].([]any)
		if !ok {
			return nil, fmt.Errorf("%s has no list %q", path, key)
		}
		for _, item := range items {
			all = append(all, item.(object))
		}
		pagination, _ := answer["pagination"].(object)
		total, _ := pagination["totalItems"].(float64)
		if len(items) == 0 || len(all) >= int(total) {
			if len(all) != int(total) {
				return nil, fmt.Errorf("%s: %d items on all pages, totalItems says %d", path, len(all), int(total))
			}
			return all, nil
		}
	}
}

func (r *reader) login(email, password string) (*harness.Client, int, error) {
	raw, err := json.Marshal(map[string]string{"email": email, "password": password})
	if err != nil {
		return nil, 0, err
	}
	anonymous := harness.NewClient(r.server.URL, "", time.Minute)
	status, body, err := anonymous.Do(r.ctx, http.MethodPost, "/api/login", "application/json", bytes.NewReader(raw))
	if err != nil {
		return nil, 0, err
	}
	var answer struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal(body, &answer); err != nil && status == http.StatusOK {
		return nil, status, err
	}
	return harness.NewClient(r.server.URL, answer.Token, time.Minute), status, nil
}

func (r *reader) signIn() {
	for _, u := range []struct {
		email, password string
		status          int
	}{
		{"admin@example.com", "admin-fixture-password", http.StatusOK},
		{"ana@example.com", "fixture-0-password", http.StatusOK},
		{"bo@example.com", "fixture-1-password", http.StatusOK},
		{"gone@example.com", "fixture-2-password", http.StatusUnauthorized},
		{"ana@example.com", "fixture-1-password", http.StatusUnauthorized},
		{"admin@example.com", harness.AdminPassword, http.StatusUnauthorized}, // an existing administrator keeps the old password
	} {
		client, status, err := r.login(u.email, u.password)
		if err == nil && status != u.status {
			err = fmt.Errorf("expected status %d, got %d", u.status, status)
		}
		if err == nil && status == http.StatusOK {
			var me object
			err = client.Get(r.ctx, "/api/user", &me)
			if err == nil && me["email"] != u.email {
				err = fmt.Errorf("signed in as %v", me["email"])
			}
		}
		r.tally.Check(fmt.Sprintf("signing in as %s with %q: %d", u.email, u.password, u.status), err)
	}
}

// oldTokens tries the tokens that 3.1.1 signed; one whose time has come is refused, and today's date must not break us.
func (r *reader) oldTokens() {
	text, err := os.ReadFile(filepath.Join(r.fixtures, "tokens.txt"))
	if !r.tally.Check("the old tokens are at hand", err) {
		return
	}
	for line := range strings.Lines(string(text)) {
		name, token, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			continue
		}
		want := http.StatusOK
		if expiry(token).Before(time.Now()) {
			want = http.StatusUnauthorized
		}
		status, body, err := harness.NewClient(r.server.URL, token, time.Minute).Do(r.ctx, http.MethodGet, "/api/user", "", nil)
		if err == nil && status != want {
			err = fmt.Errorf("expected %d, got %d %s", want, status, body)
		}
		if err == nil && status == http.StatusOK && !bytes.Contains(body, []byte(`admin@example.com`)) {
			err = fmt.Errorf("it is somebody else's: %s", body)
		}
		r.tally.Check(fmt.Sprintf("the old token %q: %d", name, want), err)
	}
}

// expiry reads the claim of a JWT.
func expiry(token string) time.Time {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	raw, _ := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Exp float64 `json:"exp"`
	}
	_ = json.Unmarshal(raw, &claims)
	return time.Unix(int64(claims.Exp), 0)
}

func (r *reader) users() {
	want, err := r.rows(`SELECT json_build_object('id', id, 'email', email, 'name', name, 'is_superadmin', is_superadmin,
		'is_active', is_active, 'group_id', group_id) FROM users`)
	got, err2 := r.list(r.api, "/api/admin/user", "users", 25)
	r.tally.Check(fmt.Sprintf("the %d users", len(want)), firstError(err, err2, same(want, got)))
}

func (r *reader) projects() {
	want, err := r.rows(`SELECT json_build_object('id', id, 'name', name, 'title', title, 'owner_id', owner_id, 'group_id', group_id,
		'default_dashboard_id', default_dashboard_id) FROM projects`)
	got, err2 := r.list(r.api, "/api/project", "projects", 25)
	r.tally.Check(fmt.Sprintf("the %d projects", len(want)), firstError(err, err2, same(want, got)))
	for _, p := range want {
		var one object
		err := r.api.Get(r.ctx, "/api/project/"+p["id"].(string), &one)
		r.tally.Check(fmt.Sprintf("project %v alone", p["name"]), firstError(err, same([]object{p}, []object{one})))
	}
}

// members reads as the members do: their projects, and nothing of others.
func (r *reader) members() {
	for i, email := range []string{"ana@example.com", "bo@example.com"} {
		client, _, err := r.login(email, fmt.Sprintf("fixture-%d-password", i))
		if !r.tally.Check(email+" signs in", err) {
			return
		}
		want, err := r.rows(`SELECT json_build_object('id', p.id, 'name', p.name) FROM projects p
			JOIN users_projects m ON m.project_id = p.id JOIN users u ON u.id = m.user_id WHERE u.email = $1`, email)
		got, err2 := r.list(client, "/api/project", "projects", 25)
		r.tally.Check(fmt.Sprintf("%s sees %d projects", email, len(want)), firstError(err, err2, same(want, got)))

		runs, err := r.rows(`SELECT json_build_object('id', r.id) FROM runs r JOIN users_projects m USING (project_id)
			JOIN users u ON u.id = m.user_id WHERE u.email = $1`, email)
		seen, err2 := r.list(client, "/api/run", "runs", 200)
		r.tally.Check(fmt.Sprintf("%s sees %d runs", email, len(runs)), firstError(err, err2, same(runs, seen)))

		var foreign string
		err = r.conn.QueryRow(r.ctx, `SELECT r.id FROM runs r WHERE r.project_id NOT IN (SELECT m.project_id FROM users_projects m
			JOIN users u ON u.id = m.user_id WHERE u.email = $1) LIMIT 1`, email).Scan(&foreign)
		if err == nil {
			err = wantStatus(client.Get(r.ctx, "/api/run/"+foreign, nil), http.StatusForbidden)
		}
		r.tally.Check(email+" may not read a run of another project", err)
	}
}

const runColumns = `json_build_object('id', id, 'project_id', project_id, 'env', env, 'component', component, 'source', source,
	'start_time', start_time, 'created', created, 'duration', duration, 'summary', summary, 'metadata', coalesce(nullif(data, 'null'), '{}'))`

const resultColumns = `json_build_object('id', id, 'project_id', project_id, 'run_id', run_id, 'test_id', test_id, 'result', result,
	'env', env, 'component', component, 'source', source, 'start_time', start_time, 'duration', duration, 'params', params,
	'metadata', coalesce(nullif(data, 'null'), '{}'))`

// eachProject calls f with id and name of every project.
func (r *reader) eachProject(f func(id, name string)) {
	projects, err := r.rows(`SELECT json_build_object('id', id, 'name', name) FROM projects ORDER BY name`)
	if err != nil {
		r.tally.Check("the list of projects", err)
		return
	}
	for _, p := range projects {
		f(p["id"].(string), p["name"].(string))
	}
}

func (r *reader) runs() {
	r.eachProject(func(id, name string) {
		want, err := r.rows(`SELECT `+runColumns+` FROM runs WHERE project_id = $1`, id)
		got, err2 := r.list(r.api, "/api/run?filter="+url.QueryEscape("project_id="+id), "runs", 10)
		r.tally.Check(fmt.Sprintf("the %d runs of %s, field by field", len(want), name), firstError(err, err2, same(want, got)))
	})
	// The counts of every run, told by the API, against the results themselves.
	counted, err := r.rows(`SELECT json_build_object('id', r.id, 'summary', json_build_object('tests', count(q.id),
		'failures', count(*) FILTER (WHERE q.result = 'failed'), 'errors', count(*) FILTER (WHERE q.result = 'error'),
		'skips', count(*) FILTER (WHERE q.result = 'skipped'), 'xfailures', count(*) FILTER (WHERE q.result = 'xfailed'),
		'xpasses', count(*) FILTER (WHERE q.result = 'xpassed')))
		FROM runs r LEFT JOIN results q ON q.run_id = r.id GROUP BY r.id`)
	if !r.tally.Check("recounting the runs", err) {
		return
	}
	var wrong []error
	for _, c := range counted {
		var one object
		if err := r.api.Get(r.ctx, "/api/run/"+c["id"].(string), &one); err != nil {
			wrong = append(wrong, err)
			continue
		}
		wrong = append(wrong, same([]object{{"id": c["id"], "summary": c["summary"]}}, []object{{"id": one["id"], "summary": pick(one["summary"], c["summary"])}}))
	}
	r.tally.Check(fmt.Sprintf("the summaries of %d runs equal a recount", len(counted)), errors.Join(wrong...))
}

// pick keeps of an object the keys that another one has.
func pick(from, keys any) object {
	kept := object{}
	o, _ := from.(object)
	for k := range keys.(object) {
		kept[k] = o[k]
	}
	return kept
}

func (r *reader) results() {
	r.eachProject(func(id, name string) {
		want, err := r.rows(`SELECT `+resultColumns+` FROM results WHERE project_id = $1`, id)
		got, err2 := r.list(r.api, "/api/result?filter="+url.QueryEscape("project_id="+id), "results", 100)
		r.tally.Check(fmt.Sprintf("the %d results of %s, field by field", len(want), name), firstError(err, err2, same(want, got)))
		for _, status := range []string{"passed", "failed", "error", "skipped", "xfailed", "xpassed"} {
			var total int
			err := r.conn.QueryRow(r.ctx, `SELECT count(*) FROM results WHERE project_id = $1 AND result = $2`, id, status).Scan(&total)
			got, err2 := r.list(r.api, "/api/result?filter="+url.QueryEscape("project_id="+id)+"&filter="+url.QueryEscape("result="+status), "results", 500)
			r.tally.Check(fmt.Sprintf("%d results of %s are %s", total, name, status), firstError(err, err2, unless(len(got) == total, fmt.Sprintf("the API lists %d", len(got)))))
		}
	})
}

func (r *reader) artifacts() {
	type artifact struct {
		id, filename string
		content      []byte
	}
	rows, err := r.conn.Query(r.ctx, `SELECT id::text, filename, content FROM artifacts`)
	var all []artifact
	if err == nil {
		all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (a artifact, err error) {
			err = row.Scan(&a.id, &a.filename, &a.content)
			return a, err
		})
	}
	if !r.tally.Check("the list of artifacts", err) {
		return
	}
	var wrong []error
	for _, a := range all {
		for _, how := range []string{"download", "view"} {
			status, body, err := r.api.Do(r.ctx, http.MethodGet, "/api/artifact/"+a.id+"/"+how, "", nil)
			if err == nil && (status != http.StatusOK || !bytes.Equal(body, a.content)) {
				err = fmt.Errorf("%s %s (%s): status %d, %d bytes of %d", how, a.id, a.filename, status, len(body), len(a.content))
			}
			wrong = append(wrong, err)
		}
	}
	r.tally.Check(fmt.Sprintf("the bytes of %d artifacts", len(all)), errors.Join(wrong...))

	for _, owner := range []string{"result", "run"} {
		want, err := r.rows(fmt.Sprintf(`SELECT json_build_object('id', id, 'filename', filename, 'result_id', result_id, 'run_id', run_id,
			'upload_date', upload_date, 'additional_metadata', coalesce(nullif(data, 'null'), '{}')) FROM artifacts WHERE %s_id IS NOT NULL`, owner))
		if !r.tally.Check("the artifacts of "+owner+"s", err) {
			continue
		}
		byOwner := map[string][]object{}
		for _, a := range want {
			id := a[owner+"_id"].(string)
			byOwner[id] = append(byOwner[id], a)
		}
		var wrong []error
		for id, artifacts := range byOwner {
			got, err := r.list(r.api, "/api/artifact?"+owner+"Id="+id, "artifacts", 25)
			wrong = append(wrong, firstError(err, same(artifacts, got)))
		}
		r.tally.Check(fmt.Sprintf("the artifacts of %d %ss, field by field", len(byOwner), owner), errors.Join(wrong...))
	}
}

func (r *reader) imports() {
	want, err := r.rows(`SELECT json_build_object('id', id, 'filename', filename, 'status', status, 'created', created, 'metadata', data) FROM imports`)
	got, err2 := r.list(r.api, "/api/import", "imports", 25)
	r.tally.Check(fmt.Sprintf("the %d imports", len(want)), firstError(err, err2, same(want, got)))
}

func (r *reader) groups() {
	want, err := r.rows(`SELECT json_build_object('id', id, 'name', name, 'metadata', coalesce(nullif(data, 'null'), '{}')) FROM groups`)
	got, err2 := r.list(r.api, "/api/group", "groups", 25)
	r.tally.Check(fmt.Sprintf("the %d groups", len(want)), firstError(err, err2, same(want, got)))
}

func (r *reader) dashboards() {
	want, err := r.rows(`SELECT json_build_object('id', id, 'title', title, 'description', description, 'filters', filters,
		'project_id', project_id, 'user_id', user_id) FROM dashboards`)
	got, err2 := r.list(r.api, "/api/dashboard", "dashboards", 25)
	r.tally.Check(fmt.Sprintf("the %d dashboards", len(want)), firstError(err, err2, same(want, got)))

	// Parameters with old names are brought up to date as they are read, so only their widgets are compared.
	want, err = r.rows(`SELECT json_build_object('id', id, 'title', title, 'type', type, 'widget', widget, 'weight', weight,
		'dashboard_id', dashboard_id, 'project_id', project_id) FROM widget_configs`)
	got, err2 = r.list(r.api, "/api/widget-config", "widgets", 100)
	r.tally.Check(fmt.Sprintf("the %d widget configurations", len(want)), firstError(err, err2, same(want, got)))
}

// writing adds to what was adopted: counts go on from where they were.
func (r *reader) writing() {
	var run, project string
	var tests, failures, total int
	err := r.conn.QueryRow(r.ctx, `SELECT r.id, r.project_id, (SELECT count(*) FROM results q WHERE q.run_id = r.id),
		(SELECT count(*) FROM results q WHERE q.run_id = r.id AND result = 'failed'),
		(SELECT count(*) FROM results q WHERE q.project_id = r.project_id)
		FROM runs r ORDER BY r.start_time LIMIT 1`).Scan(&run, &project, &tests, &failures, &total)
	if err == nil {
		err = r.api.Post(r.ctx, "/api/result", object{"test_id": "test_after_the_move", "result": "failed", "duration": 1.5,
			"metadata": object{"run": run, "project": project}}, nil)
	}
	if !r.tally.Check("a new result in an old run", err) {
		return
	}
	var one object
	err = r.api.Get(r.ctx, "/api/run/"+run, &one)
	want := object{"tests": float64(tests + 1), "failures": float64(failures + 1)}
	r.tally.Check("the old run counts it at once", firstError(err, same([]object{{"summary": want}}, []object{{"summary": pick(one["summary"], want)}})))
	got, err := r.list(r.api, "/api/result?filter="+url.QueryEscape("project_id="+project), "results", 500)
	r.tally.Check("the list counts it too", firstError(err, unless(len(got) == total+1, fmt.Sprintf("%d instead of %d", len(got), total+1))))
}

// originalWriting inserts as the original does, which knows none of our columns: going back, and coming again, must work.
func (r *reader) originalWriting() {
	var run, project string
	var tests int
	err := r.conn.QueryRow(r.ctx, `SELECT r.id, r.project_id, (SELECT count(*) FROM results q WHERE q.run_id = r.id)
		FROM runs r ORDER BY r.start_time DESC LIMIT 1`).Scan(&run, &project, &tests)
	if err == nil {
		_, err = r.conn.Exec(r.ctx, `INSERT INTO results (id, project_id, run_id, test_id, result, data, params, duration, start_time, source, env, component)
			VALUES (gen_random_uuid(), $1, $2, 'test_of_the_original', 'passed', '{}', 'null', 0.5, now() at time zone 'UTC', 'x', null, null)`, project, run)
	}
	if !r.tally.Check("the original can still write", err) {
		return
	}
	var one object
	err = r.api.Get(r.ctx, "/api/run/"+run, &one)
	want := object{"tests": float64(tests + 1)}
	r.tally.Check("what it writes is counted", firstError(err, same([]object{{"summary": want}}, []object{{"summary": pick(one["summary"], want)}})))
}

func wantStatus(err error, status int) error {
	var answer *harness.StatusError
	if errors.As(err, &answer) && answer.Status == status {
		return nil
	}
	if err == nil {
		return fmt.Errorf("expected %d, it was allowed", status)
	}
	return fmt.Errorf("expected %d: %w", status, err)
}

// same compares lists of objects by id, in any order; what the API says beyond the wanted keys does not count.
func same(want, got []object) error {
	byID := map[any]object{}
	for _, o := range got {
		if _, twice := byID[o["id"]]; twice {
			return fmt.Errorf("%v is in the list twice", o["id"])
		}
		byID[o["id"]] = o
	}
	var wrong []error
	for _, w := range want {
		g, ok := byID[w["id"]]
		if !ok {
			wrong = append(wrong, fmt.Errorf("%v is missing", w["id"]))
			continue
		}
		for key, value := range w {
			if !equal(value, g[key]) {
				wrong = append(wrong, fmt.Errorf("%v: %s is %.300v instead of %.300v", w["id"], key, g[key], value))
			}
		}
	}
	if len(got) != len(want) {
		wrong = append(wrong, fmt.Errorf("%d instead of %d", len(got), len(want)))
	}
	return errors.Join(wrong[:min(len(wrong), 10)]...)
}

// equal compares JSON values; times may be written in two ways, numbers differ by their last bits.
func equal(a, b any) bool {
	switch a := a.(type) {
	case float64:
		f, ok := b.(float64)
		return ok && math.Abs(a-f) <= 1e-9*math.Max(1, math.Abs(a))
	case string:
		s, ok := b.(string)
		if !ok {
			return false
		}
		if a == s {
			return true
		}
		// PostgreSQL writes no Z, the API always does.
		t, err := time.Parse("2006-01-02T15:04:05.999999", a)
		u, err2 := time.Parse(time.RFC3339Nano, s)
		return err == nil && err2 == nil && t.Equal(u)
	case object:
		o, ok := b.(object)
		if !ok || len(a) != len(o) {
			return false
		}
		for k, v := range a {
			if !equal(v, o[k]) {
				return false
			}
		}
		return true
	case []any:
		l, ok := b.([]any)
		if !ok || len(a) != len(l) {
			return false
		}
		for i := range a {
			if !equal(a[i], l[i]) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(a, b)
}
