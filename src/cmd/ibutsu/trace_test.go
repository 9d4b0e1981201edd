package main

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	collectormetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collectortrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	"google.golang.org/protobuf/proto"
)

// collector takes OTLP over HTTP, as that of OpenTelemetry does.
type collector struct {
	url string

	mutex   sync.Mutex
	spans   []span
	metrics map[string]bool // by process and name
}

type span struct {
	process, name     string
	trace, id, parent string
	attributes        map[string]string
	links             []string // ids of spans
}

func startCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{metrics: map[string]bool{}}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = unpacked
	}
	raw, err := io.ReadAll(body)
	if err == nil {
		err = c.take(r.URL.Path, raw)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func (c *collector) take(path string, raw []byte) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if path == "/v1/metrics" {
		var sent collectormetrics.ExportMetricsServiceRequest
		if err := proto.Unmarshal(raw, &sent); err != nil {
			return err
		}
		for _, resource := range sent.GetResourceMetrics() {
			process := texts(resource.GetResource().GetAttributes())["service.name"]
			for _, scope := range resource.GetScopeMetrics() {
				for _, m := range scope.GetMetrics() {
					c.metrics[process+" "+m.GetName()] = true
				}
			}
		}
		return nil
	}
	var sent collectortrace.ExportTraceServiceRequest
	if err := proto.Unmarshal(raw, &sent); err != nil {
		return err
	}
	for _, resource := range sent.GetResourceSpans() {
		process := texts(resource.GetResource().GetAttributes())["service.name"]
		for _, scope := range resource.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				got := span{
					process: process, name: s.GetName(), trace: hex.EncodeToString(s.GetTraceId()), id: hex.EncodeToString(s.GetSpanId()),
					parent: hex.EncodeToString(s.GetParentSpanId()), attributes: texts(s.GetAttributes()),
				}
				for _, link := range s.GetLinks() {
					got.links = append(got.links, hex.EncodeToString(link.GetSpanId()))
				}
				c.spans = append(c.spans, got)
			}
		}
	}
	return nil
}

func texts(attributes []*commonpb.KeyValue) map[string]string {
	all := map[string]string{}
	for _, a := range attributes {
		all[a.GetKey()] = a.GetValue().GetStringValue()
	}
	return all
}

// of are the spans of a trace, in the order in which they came.
func (c *collector) of(trace string) []span {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return slices.DeleteFunc(slices.Clone(c.spans), func(s span) bool { return s.trace != trace })
}

func (c *collector) counts(process, metric string) bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.metrics[process+" "+metric]
}

// below tells whether s is somewhere below a span of that name and process.
func below(all []span, s span, process, name string) bool {
	for range all {
		i := slices.IndexFunc(all, func(p span) bool { return p.id == s.parent })
		if i < 0 {
			return false
		}
		if s = all[i]; s.process == process && s.name == name {
			return true
		}
	}
	return false
}

const (
	clientTrace = "0af7651916cd43dd8448eb211c80319c"
	clientSpan  = "b7ad6b7169203331"
)

// send sends a request within the trace of its client.
func (p *program) send(t *testing.T, token, path, contentType string, body []byte) (int, []byte) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, p.url+path, bytes.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Traceparent", "00-"+clientTrace+"-"+clientSpan+"-01")
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { require.NoError(t, answer.Body.Close()) }()
	content, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, content
}

func (p *program) upload(t *testing.T, token string) string {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	require.NoError(t, form.WriteField("project", "shop"))
	file, err := form.CreateFormFile("importFile", "report.xml")
	require.NoError(t, err)
	_, err = file.Write([]byte(`<testsuites><testsuite name="s"><testcase classname="c" name="a" time="1"/></testsuite></testsuites>`))
	require.NoError(t, err)
	require.NoError(t, form.Close())
	status, content := p.send(t, token, "/api/import?note=not%20for%20traces", form.FormDataContentType(), body.Bytes())
	require.Less(t, status, 300, string(content))
	var made struct{ ID string }
	require.NoError(t, json.Unmarshal(content, &made))
	return made.ID
}

// One trace runs from a client's request over the job that it adds to the statements of the worker, which is another
// process.
func TestATraceRunsFromTheRequestOverTheJobToItsStatements(t *testing.T) {
	t.Parallel()
	c := startCollector(t)
	p := up(t, stateDir(t), "OTEL_EXPORTER_OTLP_ENDPOINT="+c.url, "OTEL_BSP_SCHEDULE_DELAY=50", "OTEL_METRIC_EXPORT_INTERVAL=200",
		"IBUTSU_SUPERADMIN_EMAIL=me@example.com", "IBUTSU_SUPERADMIN_PASSWORD=mine alone", "IBUTSU_SUPERADMIN_OWN_PROJECT=shop")
	token := p.token(t, "me@example.com", "mine alone")
	p.upload(t, token)
	stored := func(all []span) int {
		return slices.IndexFunc(all, func(s span) bool {
			return s.process == "ibutsu-worker" && below(all, s, "ibutsu-worker", "job import") && s.attributes["db.system.name"] == "postgresql"
		})
	}
	complete := func(all []span) bool {
		return stored(all) >= 0 && slices.ContainsFunc(all, func(s span) bool { return s.name == "POST /api/import" }) &&
			slices.ContainsFunc(all, func(s span) bool { return s.name == "job import" })
	}
	p.await(t, "the trace of the import", func() bool { return complete(c.of(clientTrace)) })
	all := c.of(clientTrace)
	statement := all[stored(all)]
	require.True(t, below(all, statement, "ibutsu-backend", "POST /api/import"), all)
	request := all[slices.IndexFunc(all, func(s span) bool { return s.name == "POST /api/import" })]
	require.Equal(t, clientSpan, request.parent)
	require.Equal(t, "/api/import", request.attributes["http.route"])

	// A row that is committed with others: its request and the batch know of each other.
	status, content := p.send(t, token, "/api/run", "application/json", []byte(`{"metadata": {"project": "shop", "secret": "hunter2"}}`))
	require.Equal(t, http.StatusCreated, status, string(content))
	find := func(name string) (span, bool) {
		all := c.of(clientTrace)
		i := slices.IndexFunc(all, func(s span) bool { return s.name == name })
		if i < 0 {
			return span{}, false
		}
		return all[i], true
	}
	p.await(t, "the trace of the run", func() bool {
		_, batch := find("commit runs")
		_, wait := find("group commit")
		_, job := find("job update_run")
		return batch && wait && job
	})
	batch, _ := find("commit runs")
	wait, _ := find("group commit")
	require.Contains(t, batch.links, wait.id)
	require.Contains(t, wait.links, batch.id)
	job, _ := find("job update_run")
	require.True(t, below(c.of(clientTrace), job, "ibutsu-backend", "POST /api/run"))

	for _, s := range c.of(clientTrace) {
		for _, text := range s.attributes {
			for _, secret := range []string{"hunter2", "not for traces", "not%20for", token} {
				require.NotContains(t, s.name+text, secret)
			}
		}
	}

	// The log says which trace its lines belong to, in both processes.
	for _, message := range []string{"request", "import done"} {
		lines := p.logged(message)
		require.True(t, slices.ContainsFunc(lines, func(line map[string]any) bool { return line["trace_id"] == clientTrace && line["span_id"] != "" }), message)
	}

	// What /metrics shows goes out, too: of each process under its own name.
	for _, m := range []struct{ process, metric string }{
		{"ibutsu-backend", "ibutsu_http_request_duration_seconds"}, {"ibutsu-worker", "ibutsu_import_results_total"},
		{"ibutsu-scheduler", "ibutsu_scheduler_leads"}, {"ibutsu-backend", "ibutsu_trace_spans_total"},
	} {
		p.await(t, m.metric, func() bool { return c.counts(m.process, m.metric) })
	}
	require.Zero(t, p.stop(t), p.out)
}

// A collector that takes connections and never answers costs no request, and does not hold up the end.
func TestACollectorThatHangsCostsNoRequest(t *testing.T) {
	t.Parallel()
	hangs := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hangs }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(hangs) })
	p := up(t, stateDir(t), "OTEL_EXPORTER_OTLP_ENDPOINT="+server.URL, "OTEL_BSP_SCHEDULE_DELAY=10", "OTEL_BSP_MAX_QUEUE_SIZE=64",
		"OTEL_BSP_MAX_EXPORT_BATCH_SIZE=8", "IBUTSU_METRICS_TOKEN=the scraper's",
		"IBUTSU_SUPERADMIN_EMAIL=me@example.com", "IBUTSU_SUPERADMIN_PASSWORD=mine alone")
	token := p.token(t, "me@example.com", "mine alone")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 25 {
				status, _, err := p.post(token, "/api/project", map[string]any{"name": "p"})
				if err != nil || status >= 500 {
					t.Errorf("%d %v", status, err)
				}
			}
		})
	}
	all.Wait()
	_, page := fetch(t, p.url+"/metrics", "the scraper's")
	require.Contains(t, page, `ibutsu_trace_spans_total{outcome="delivered"} 0`)
	require.NotContains(t, page, `ibutsu_trace_spans_total{outcome="dropped"} 0`+"\n")
	require.Zero(t, p.stop(t), p.out)
	require.Empty(t, p.logged("not all requests ended in time"))
}

// What cannot be spoken is said at the start, not lost in silence.
func TestAProtocolThatIsNotSpokenIsRefused(t *testing.T) {
	t.Parallel()
	d := newDesk("OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4317", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "DATABASE_URL=postgres://h/d")
	require.NotZero(t, d.call(t, "check-config"))
	said := d.stdout.String() + d.stderr.String()
	require.Contains(t, said, "OTEL_EXPORTER_OTLP_PROTOCOL")
	require.Contains(t, said, "http/protobuf")
}
