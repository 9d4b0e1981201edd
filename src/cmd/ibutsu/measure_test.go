package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

func fetch(t *testing.T, url, token string) (int, string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { require.NoError(t, answer.Body.Close()) }()
	content, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(content)
}

// Whoever imports the dashboard and the rules must not find them empty: every metric that they name is there.
func TestMetricsAreThereForThoseWhoMayReadThem(t *testing.T) {
	t.Parallel()
	admin := freeAddress(t)
	p := up(t, stateDir(t), "IBUTSU_ADMIN_LISTEN="+admin, "IBUTSU_METRICS_TOKEN=the scraper's",
		"IBUTSU_SUPERADMIN_EMAIL=me@example.com", "IBUTSU_SUPERADMIN_PASSWORD=mine alone", "IBUTSU_SUPERADMIN_OWN_PROJECT=shop")
	p.modulePID(t, "worker", 1)
	token := p.token(t, "me@example.com", "mine alone")
	status, content, err := p.post(token, "/api/run", map[string]any{"metadata": map[string]any{"project": "shop"}})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, status, string(content)) // it adds a job for later

	for who, want := range map[string]int{"": http.StatusUnauthorized, "nobody's": http.StatusUnauthorized, "the scraper's": http.StatusOK, token: http.StatusOK} {
		status, _ := fetch(t, p.url+"/metrics", who)
		require.Equal(t, want, status)
	}
	var text string
	p.await(t, "the other listener", func() bool { return len(p.logged("metrics and profiles are served")) == 1 })
	status, text = fetch(t, "http://"+admin+"/metrics", "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, `ibutsu_http_requests_total{method="POST",route="/api/run",status="201"} 1`)
	require.Contains(t, text, `ibutsu_module_restarts_total{module="worker"} 0`)
	status, _ = fetch(t, "http://"+admin+"/debug/pprof/goroutine?debug=1", "")
	require.Equal(t, http.StatusOK, status)
	status, _ = fetch(t, p.url+"/debug/pprof/goroutine?debug=1", token)
	require.Equal(t, http.StatusNotFound, status)

	name := regexp.MustCompile(`\b(?:ibutsu|go)_[a-z_]+\b`)
	for _, file := range []string{"alerts.yaml", "dashboard.json"} {
		content, err := os.ReadFile(filepath.Join("..", "..", "..", "packaging", "monitoring", file))
		require.NoError(t, err)
		var parsed any
		if strings.HasSuffix(file, ".json") {
			require.NoError(t, json.Unmarshal(content, &parsed))
		} else {
			require.NoError(t, yaml.Unmarshal(content, &parsed))
		}
		named := name.FindAllString(string(content), -1)
		require.NotEmpty(t, named)
		for _, metric := range named {
			require.Regexp(t, `(?m)^`+metric+`[ {]`, text, "%s names %s", file, metric)
		}
	}
	require.Zero(t, p.stop(t), p.out)
}
