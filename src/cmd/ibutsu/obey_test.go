package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
)

// settingsFile is a file of settings that a test changes.
type settingsFile string

func (f settingsFile) write(t *testing.T, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(string(f), []byte(text), 0o600))
}

func (p *program) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	require.NoError(t, p.Process.Signal(s))
}

// askedOf says whether the access log has a request for this path.
func (p *program) askedOf(path string) bool {
	for _, line := range p.logged("request") {
		if line["path"] == path {
			return true
		}
	}
	return false
}

func TestSettingsAreReadAgainWhenAskedFor(t *testing.T) {
	t.Parallel()
	file := settingsFile(filepath.Join(t.TempDir(), "ibutsu.yaml"))
	file.write(t, "log_level: info\njwt_issuer: before\n")
	p := start(t, []string{"DATABASE_URL=" + dbtest.URL(t)}, "serve", "--listen", "127.0.0.1:0", "--state", stateDir(t), "--config", string(file))
	p.await(t, "the address", func() bool { return len(p.logged("serving")) == 1 })
	p.url = p.logged("serving")[0]["url"].(string)
	require.Equal(t, http.StatusOK, p.get(t, "/api/login/config/github"))
	p.await(t, "its line", func() bool { return p.askedOf("/api/login/config/github") })

	file.write(t, "log_level: debug\naccess_log: false\njwt_issuer: after\n")
	p.signal(t, syscall.SIGHUP)
	p.await(t, "the settings", func() bool { return len(p.logged("settings read again")) == 1 })
	line := p.logged("settings read again")[0]
	require.Equal(t, "debug", line["log_level"])
	require.Equal(t, false, line["access_log"])
	require.Equal(t, "jwt_issuer", line["after_a_restart"], "what a running server cannot take over is named")
	require.Equal(t, http.StatusOK, p.get(t, "/livez"))
	require.Equal(t, http.StatusOK, p.get(t, "/api/login/support"))

	file.write(t, "log_level: loud\n")
	p.signal(t, syscall.SIGHUP)
	const wrong = "settings read again: they are wrong, the old ones stay"
	p.await(t, "the refusal", func() bool { return len(p.logged(wrong)) == 1 })
	require.Contains(t, p.logged(wrong)[0]["error"], "log_level")
	require.Equal(t, http.StatusOK, p.get(t, "/api/login/support"))
	require.False(t, p.askedOf("/api/login/support"), "the access log is still off")

	file.write(t, "log_level: info\naccess_log: true\n")
	p.signal(t, syscall.SIGHUP)
	p.await(t, "the settings", func() bool { return len(p.logged("settings read again")) == 2 })
	require.Equal(t, http.StatusOK, p.get(t, "/api/login/support"))
	p.await(t, "the access log is on again", func() bool { return p.askedOf("/api/login/support") })
	require.Zero(t, p.stop(t), p.out)
}

func TestNewSettingsForModulesLoseNoJob(t *testing.T) {
	t.Parallel()
	file := settingsFile(filepath.Join(t.TempDir(), "ibutsu.yaml"))
	file.write(t, "worker_concurrency: 1\n")
	p := up(t, stateDir(t), "IBUTSU_CONFIG="+string(file),
		"IBUTSU_SUPERADMIN_EMAIL=me@example.com", "IBUTSU_SUPERADMIN_PASSWORD=mine alone", "IBUTSU_SUPERADMIN_OWN_PROJECT=shop")
	token := p.token(t, "me@example.com", "mine alone")
	p.modulePID(t, "worker", 1)
	var imports []string
	for round := range 3 {
		for range 10 {
			imports = append(imports, p.importJUnit(t, token))
		}
		file.write(t, fmt.Sprintf("worker_concurrency: %d\n", round+2))
		p.signal(t, syscall.SIGHUP)
		p.modulePID(t, "worker", round+2)
	}
	for _, id := range imports {
		p.await(t, "import "+id, func() bool { return p.importStatus(t, token, id) == "done" })
	}
	require.Empty(t, p.logged("module ended, starting it again"), "they are started anew, nothing crashed")
	require.Zero(t, p.stop(t), p.out)
}

func TestTheListenerIsNotHandedOverWhereThatCannotBe(t *testing.T) {
	t.Parallel()
	p := up(t, stateDir(t))
	p.signal(t, syscall.SIGUSR2)
	p.await(t, "a sentence", func() bool {
		return strings.Contains(p.out.String(), "`ibutsu up` holds its state folder and cannot hand over")
	})
	require.Equal(t, http.StatusOK, p.get(t, "/api/health"))
}

// importJUnit sends a small file and returns the import.
func (p *program) importJUnit(t *testing.T, token string) string {
	t.Helper()
	body := &bytes.Buffer{}
	form := multipart.NewWriter(body)
	require.NoError(t, form.WriteField("project", "shop"))
	part, err := form.CreateFormFile("importFile", "report.xml")
	require.NoError(t, err)
	_, err = io.WriteString(part, `<testsuite name="s" tests="1"><testcase classname="c" name="t"/></testsuite>`)
	require.NoError(t, err)
	require.NoError(t, form.Close())
	request, err := http.NewRequest(http.MethodPost, p.url+"/api/import", body)
	require.NoError(t, err)
	request.Header.Set("Content-Type", form.FormDataContentType())
	var made struct{ ID string }
	p.answer(t, request, token, http.StatusAccepted, &made)
	return made.ID
}

func (p *program) importStatus(t *testing.T, token, id string) string {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, p.url+"/api/import/"+id, nil)
	require.NoError(t, err)
	var found struct{ Status string }
	p.answer(t, request, token, http.StatusOK, &found)
	return found.Status
}

// answer sends a request and reads the answer, which has this status.
func (p *program) answer(t *testing.T, request *http.Request, token string, status int, into any) {
	t.Helper()
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	content, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, status, answer.StatusCode, string(content))
	require.NoError(t, json.Unmarshal(content, into))
}
