package main

import (
	"encoding/json"
	"fmt"
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
	collector := startCollector(t) // else there is nothing to be counted of traces
	p := up(t, stateDir(t), "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.url, "IBUTSU_ADMIN_LISTEN="+admin, "IBUTSU_METRICS_TOKEN=the scraper's",
		"IBUTSU_SUPERADMIN_EMAIL=me@example.com", "IBUTSU_SUPERADMIN_PASSWORD=mine alone", "IBUTSU_SUPERADMIN_OWN_PROJECT=shop")
	p.modulePID(t, "worker", 1)
	token := p.token(t, "me@example.com", "mine alone")
	status, content, err := p.post(token, "/api/run", map[string]any{"metadata": map[string]any{"project": "shop"}})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, status, string(content)) // it adds a job for later

	p.upload(t, token)
	status, _ = fetch(t, p.url+"/api/widget/run-aggregator?params=%7B%22group_field%22%3A%22component%22%2C%22weeks%22%3A4%7D", token) // looks into the cache
	require.Equal(t, http.StatusOK, status)

	for who, want := range map[string]int{"": http.StatusUnauthorized, "nobody's": http.StatusUnauthorized, "the scraper's": http.StatusOK, token: http.StatusOK} {
		status, _ := fetch(t, p.url+"/metrics", who)
		require.Equal(t, want, status)
	}
	var text string
	p.await(t, "the other listener", func() bool { return len(p.logged("metrics and profiles are served")) == 1 })
	p.await(t, "what the worker counts", func() bool {
		status, text = fetch(t, "http://"+admin+"/metrics", "")
		return status == http.StatusOK && strings.Contains(text, `ibutsu_import_results_total{format="junit",module="worker"} 1`)
	})
	// A run adds a job for a few seconds from now: what is told of jobs is told of those that are not over.
	status, content, err = p.post(token, "/api/run", map[string]any{"metadata": map[string]any{"project": "shop"}})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, status, string(content))
	status, text = fetch(t, "http://"+admin+"/metrics", "")
	require.Equal(t, http.StatusOK, status)
	requireOncePerMetric(t, text)
	require.Contains(t, text, `ibutsu_http_requests_total{method="POST",route="/api/run",status="201"} 2`)
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

// requireOncePerMetric sees that Prometheus can read the page: it refuses one on which a metric, or a series, comes twice.
func requireOncePerMetric(t *testing.T, page string) {
	t.Helper()
	seen := map[string]bool{}
	for line := range strings.Lines(page) {
		series := line[:strings.LastIndexByte(strings.TrimSpace(line), ' ')]
		if strings.HasPrefix(line, "# HELP ") {
			series = strings.Join(strings.Fields(line)[:3], " ")
		}
		if !strings.HasPrefix(line, "# TYPE ") {
			require.False(t, seen[series], "%s comes twice", series)
			seen[series] = true
		}
	}
}

// The level of the log is turned while the server runs, for the modules too, and falls back by itself; superadmins alone may
// do it, and it is recorded.
func TestTheLogTurnsWhileItRuns(t *testing.T) {
	t.Parallel()
	p := up(t, stateDir(t), "IBUTSU_LOG_LEVEL=info", "IBUTSU_SUPERADMIN_EMAIL=me@example.com", "IBUTSU_SUPERADMIN_PASSWORD=mine alone", "IBUTSU_SUPERADMIN_OWN_PROJECT=shop")
	worker := p.modulePID(t, "worker", 1)
	token := p.token(t, "me@example.com", "mine alone")
	put := func(token, body string) (int, string) {
		request, err := http.NewRequest(http.MethodPut, p.url+"/api/admin/log-level", strings.NewReader(body))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer func() { require.NoError(t, answer.Body.Close()) }()
		content, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return answer.StatusCode, string(content)
	}
	for body, named := range map[string]string{`{"level": "loud"}`: "level", `{"level": "debug", "seconds": -1}`: "seconds", `{"level": "debug", "second": 1}`: "second", `{}`: "level"} {
		status, answer := put(token, body)
		require.Equal(t, http.StatusBadRequest, status, answer)
		require.Contains(t, answer, named)
	}
	status, answer := put("nobody's", `{"level": "debug"}`)
	require.Equal(t, http.StatusUnauthorized, status, answer)

	status, answer = put(token, `{"level": "error", "seconds": 3600}`)
	require.Equal(t, http.StatusOK, status, answer)
	require.Contains(t, answer, `"level":"error"`)
	require.Contains(t, answer, `"configured":"info"`)
	require.Contains(t, answer, fmt.Sprintf(":%d\"", p.Process.Pid))
	requests := len(p.logged("request"))
	require.Equal(t, http.StatusUnauthorized, p.get(t, "/api/project"))
	require.Len(t, p.logged("request"), requests, "requests are told at info")

	status, answer = put(token, `{"level": "debug", "seconds": 2}`)
	require.Equal(t, http.StatusOK, status, answer)
	p.await(t, "the fall back", func() bool {
		_, answer := fetch(t, p.url+"/api/admin/log-level", token)
		return strings.Contains(answer, `"level":"info"`) && strings.Contains(answer, `"until":null`)
	})
	_, events := fetch(t, p.url+"/api/admin/audit?action=log.admin_set_log_level", token)
	require.Contains(t, events, `"object_id":"error"`)
	require.Contains(t, events, "me@example.com")
	require.True(t, alive(worker), "no module was started anew for it")

	// A profile is for superadmins, and for a bounded time.
	status, profile := fetch(t, p.url+"/api/admin/debug/pprof/heap", token)
	require.Equal(t, http.StatusOK, status)
	require.True(t, strings.HasPrefix(profile, "\x1f\x8b"), "gzip, as go tool pprof reads it")
	status, profile = fetch(t, p.url+"/api/admin/debug/pprof/profile?seconds=1", token)
	require.Equal(t, http.StatusOK, status)
	require.True(t, strings.HasPrefix(profile, "\x1f\x8b"))
	for path, want := range map[string]int{"profile?seconds=61": 400, "trace?seconds=11": 400, "passwords": 400} {
		status, answer = fetch(t, p.url+"/api/admin/debug/pprof/"+path, token)
		require.Equal(t, want, status, answer)
	}
	status, _ = fetch(t, p.url+"/api/admin/debug/pprof/heap", "")
	require.Equal(t, http.StatusUnauthorized, status)
	require.Zero(t, p.stop(t), p.out)
}
