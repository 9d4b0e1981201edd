package main

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
)

const report = `<testsuite name="s" tests="2" time="2" timestamp="2026-05-04T10:00:00">
  <testcase classname="a.b" name="good" time="1"/><testcase classname="a.b" name="bad" time="1"><failure message="m">trace</failure></testcase></testsuite>`

// ending is a server whose imports end in a status; it takes one token.
func ending(t *testing.T, status string) (*httptest.Server, *atomic.Pointer[http.Request]) {
	t.Helper()
	var last atomic.Pointer[http.Request]
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.Header.Get("Authorization") != "Bearer good":
			w.WriteHeader(http.StatusUnauthorized)
		case r.Method == http.MethodPost:
			_ = r.ParseMultipartForm(1 << 20)
			last.Store(r)
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, `{"id": "i1", "status": "pending"}`)
		default:
			_, _ = fmt.Fprintf(w, `{"id": "i1", "status": %q, "metadata": {"run_id": ["r1"], "error": "why"}}`, status)
		}
	}))
	t.Cleanup(server.Close)
	return server, &last
}

func reportFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "junit.xml")
	require.NoError(t, os.WriteFile(path, []byte(report), 0o600))
	return path
}

func TestImportCommand(t *testing.T) {
	t.Parallel()
	server, last := ending(t, "done")
	server.Start()
	d := newDesk("IBUTSU_MODE="+server.URL+"/api/", "IBUTSU_TOKEN=good", "IBUTSU_PROJECT=shop", "IBUTSU_SOURCE=ci", `IBUTSU_DATA=env="q a" jenkins.job_name=x`)
	path := reportFile(t)
	require.Zero(t, d.call(t, "import", path), d.stderr.String())
	require.Equal(t, path+": imported, run r1\n", d.stdout.String())
	require.Empty(t, d.stderr.String())
	form := last.Load()
	require.Equal(t, "shop", form.FormValue("project"))
	require.Equal(t, "ci", form.FormValue("source"))
	require.JSONEq(t, `{"env": "q a", "jenkins": {"job_name": "x"}}`, form.FormValue("metadata"))

	require.Zero(t, d.call(t, "import", path, "-p", "other", "--data", "a=1,2", "--no-wait", "--source", "s"))
	require.Equal(t, path+": sent, import i1\n", d.stdout.String())
	require.Equal(t, "other", last.Load().FormValue("project"))
	require.JSONEq(t, `{"a": "1,2"}`, last.Load().FormValue("metadata"))
	require.Zero(t, d.call(t, "import", path, "-q"))
	require.Empty(t, d.stdout.String()+d.stderr.String())

	d.errTerminal = true
	require.Zero(t, d.call(t, "import", path))
	require.Contains(t, d.stderr.String(), "junit.xml                      importing")
}

func TestExitCodesOfTheClients(t *testing.T) {
	t.Parallel()
	failing, _ := ending(t, "error")
	failing.Start()
	endless, _ := ending(t, "running")
	endless.Start()
	path := reportFile(t)
	for name, tc := range map[string]struct {
		args []string
		code int
		want string
	}{
		"import fails":    {[]string{"--server", failing.URL, "--token", "good"}, exitFailed, "not imported: the import failed: why"},
		"wrong server":    {[]string{"--server", "ftp://x", "--token", "good"}, exitUsage, "--server (IBUTSU_SERVER) is not an address"},
		"nobody there":    {[]string{"--server", "127.0.0.1:1", "--token", "good", "--retry-for", "0s"}, exitUnreachable, "connection refused"},
		"wrong token":     {[]string{"--server", failing.URL, "--token", "bad"}, exitUnauthorized, "the server does not accept the token"},
		"no token":        {[]string{"--server", failing.URL}, exitUnauthorized, "the server does not accept the token"},
		"takes too long":  {[]string{"--server", endless.URL, "--token", "good", "--timeout", "1ms"}, exitTimeout, "still running after 1ms"},
		"no token file":   {[]string{"--token-file", "/nowhere"}, exitUsage, "--token-file: open /nowhere"},
		"no certificates": {[]string{"--ca-file", path}, exitUsage, "--ca-file: there is no certificate"},
		"wrong data":      {[]string{"--data", "x"}, exitUsage, `--data: "x" is not key=value`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk()
			require.Equal(t, tc.code, d.call(t, append([]string{"import", path, "--project", "shop"}, tc.args...)...), d.stderr.String())
			require.Contains(t, d.stderr.String(), tc.want)

			spool := t.TempDir()
			d = newDesk("IBUTSU_PROJECT=shop", "IBUTSU_SPOOL="+spool)
			require.Equal(t, tc.code, d.call(t, append([]string{"push", path}, tc.args...)...), d.stderr.String())
			kept := tc.code == exitUnreachable || tc.code == exitUnauthorized || tc.code == exitTimeout
			require.Equal(t, kept, strings.Contains(d.stderr.String(), "What was kept is in "+spool))
			require.Zero(t, d.call(t, "push", "--list"))
			require.Equal(t, kept, strings.HasPrefix(d.stdout.String(), "waits    2026-05-04 10:11  "+path), d.stdout.String())
		})
	}
}

func TestPushUsage(t *testing.T) {
	t.Parallel()
	path := reportFile(t)
	d := newDesk("IBUTSU_SPOOL=" + t.TempDir())
	require.Equal(t, exitUsage, d.call(t, "push", path))
	require.Equal(t, "ibutsu: --project (IBUTSU_PROJECT) is missing: "+path+" does not say where it belongs\n", d.stderr.String())
	require.Equal(t, exitUsage, d.call(t, "push", "--no-spool"))
	require.Equal(t, exitFailed, d.call(t, "push", t.TempDir(), "-p", "x"))
	require.Contains(t, d.stderr.String(), "there is no JUnit file")
	require.Zero(t, d.call(t, "push"))
	require.Equal(t, "Nothing waits.\n", d.stdout.String())

	server, _ := ending(t, "done")
	server.Start()
	require.Zero(t, d.call(t, "push", filepath.Dir(path), "-p", "x", "--no-spool", "--server", server.URL, "--token", "good"), d.stderr.String())
	require.Contains(t, d.stdout.String(), "imported, run r1")
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	server, _ := ending(t, "done")
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // the refusals are meant
	server.StartTLS()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("good\n"), 0o600))
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	d := newDesk("IBUTSU_TOKEN_FILE=" + token)
	args := []string{"import", reportFile(t), "-p", "x", "--server", server.URL, "--retry-for", "0s"}
	require.Equal(t, exitUnreachable, d.call(t, args...))
	require.Contains(t, d.stderr.String(), "certificate")
	require.Zero(t, d.call(t, append(args, "--ca-file", ca)...), d.stderr.String())
}

// TestAgainstARealServer takes the way of a user: a server on a database, a project, a token, reports.
func TestAgainstARealServer(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	d := newDesk("DATABASE_URL=" + url)
	d.in = strings.NewReader("a password\n")
	d.now = time.Now
	require.Zero(t, d.call(t, "user", "create", "--email", "ann@example.com", "--superadmin", "--password-stdin", "--bcrypt-cost", "4"), d.stderr.String())
	require.Zero(t, d.call(t, "token", "create", "--email", "ann@example.com", "--name", "ci"), d.stderr.String())
	token := strings.TrimSpace(d.stdout.String())

	server := up(t, stateDir(t), "DATABASE_URL="+url)
	var session struct{ Token string }
	answer(t, server.url+"/api/login", "", `{"email": "ann@example.com", "password": "a password"}`, &session)
	require.NotEmpty(t, session.Token, "the password that the command set signs in")
	var project struct{ ID string }
	answer(t, server.url+"/api/project", token, `{"name": "shop", "title": "Shop"}`, &project)
	require.NotEmpty(t, project.ID)

	spool := t.TempDir()
	d = newDesk("IBUTSU_SERVER="+server.url, "IBUTSU_TOKEN="+token, "IBUTSU_PROJECT=shop", "IBUTSU_SPOOL="+spool, "JOB_NAME=nightly", "BUILD_NUMBER=7")
	d.now = time.Now
	path := reportFile(t)
	require.Zero(t, d.call(t, "import", path), d.stderr.String())
	require.Contains(t, d.stdout.String(), "/project/"+project.ID+"/runs/")
	require.Zero(t, d.call(t, "push", path), d.stderr.String())

	var runs struct {
		Runs []struct {
			Summary  struct{ Tests, Failures int }
			Metadata struct {
				Jenkins map[string]string
			}
		}
	}
	answer(t, server.url+"/api/run?filter=project_id%3D"+project.ID, token, "", &runs)
	require.Len(t, runs.Runs, 2)
	for _, run := range runs.Runs {
		require.Equal(t, 2, run.Summary.Tests)
		require.Equal(t, 1, run.Summary.Failures)
		require.Equal(t, map[string]string{"job_name": "nightly", "build_number": "7"}, run.Metadata.Jenkins)
	}

	twice := filepath.Join(t.TempDir(), "report-8fe6e49c-15cb-456b-b30a-a76a76ee3ae5.xml")
	require.NoError(t, os.WriteFile(twice, []byte(report), 0o600))
	require.Zero(t, d.call(t, "push", twice), d.stderr.String())
	require.Zero(t, d.call(t, "push", twice), d.stderr.String())
	answer(t, server.url+"/api/run?filter=project_id%3D"+project.ID, token, "", &runs)
	require.Len(t, runs.Runs, 3, "a report with the id of its run in its name is one run, however often it arrives")

	require.NoError(t, os.WriteFile(path, []byte("no report"), 0o600))
	require.Equal(t, exitFailed, d.call(t, "push", path))
	require.Contains(t, d.stderr.String(), "not imported: the import failed: ")
	require.Equal(t, exitFailed, d.call(t, "import", path, "--project", "nowhere"))
	require.Contains(t, d.stderr.String(), "nowhere")
}

// answer sends a request, a POST when there is a body, and decodes what comes back.
func answer(t *testing.T, url, token, body string, into any) {
	t.Helper()
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Less(t, response.StatusCode, 300, string(text))
	require.NoError(t, json.Unmarshal(text, into))
}
