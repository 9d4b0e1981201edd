package api_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/ibutsu/ibutsu-go/src/api"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// instant is a write path that has committed before it was asked.
type instant struct{ api.Writer }

func (instant) Result(context.Context, store.Result) error { return nil }

// What the API itself costs, with neither socket nor database.
func BenchmarkOperations(b *testing.B) {
	h := newHouse(b, func(o *api.Options) { o.Writer = instant{o.Writer} })
	admin := h.person(b, true)
	member := h.person(b, false)
	project := h.project(b, &admin, member)
	body := []byte(`{"test_id": "test_pass", "start_time": "2026-05-04T10:11:12.687551+00:00", "duration": 0.0006, "result": "passed",
		"run_id": "ad69366b-dec6-47b9-8855-197b070bdafb", "metadata": {"statuses": {"setup": ["passed", false], "call": ["passed", false]},
		"durations": {"setup": 0.0002, "call": 0.0002, "teardown": 0.0001}, "fspath": "test_sample.py", "project": "project-` + project.String() + `",
		"markers": [{"name": "area", "args": ["login"], "kwargs": {"owner": "team-a"}}], "node_id": "test_sample.py::test_pass",
		"env": "qa", "component": "cart"}, "params": {}, "source": "local", "component": null, "env": null}`)
	h.app.Handler()
	for name, c := range map[string]struct {
		method, path string
		body         []byte
		status       int
	}{
		"health":      {fasthttp.MethodGet, "/api/health", nil, fasthttp.StatusOK},
		"health/info": {fasthttp.MethodGet, "/api/health/info", nil, fasthttp.StatusOK},
		"result":      {fasthttp.MethodPost, "/api/result", body, fasthttp.StatusCreated},
		"refused":     {fasthttp.MethodPost, "/api/result", []byte(`{"result": "great"}`), fasthttp.StatusBadRequest},
	} {
		b.Run(name, func(b *testing.B) {
			request := fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
				c.method, c.path, member.token, len(c.body), c.body)
			pipe := &endless{request: request, left: b.N}
			b.ReportAllocs()
			b.ResetTimer()
			require.NoError(b, h.app.Server().ServeConn(pipe))
			require.Contains(b, pipe.first.String(), fmt.Sprintf("HTTP/1.1 %d", c.status))
		})
	}
}

// endless is a connection on which the same request comes again and again.
type endless struct {
	net.Conn
	request []byte
	at      int
	left    int
	first   bytes.Buffer
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := copy(p, e.request[e.at:])
	if e.at += n; e.at == len(e.request) {
		e.at = 0
		e.left--
	}
	return n, nil
}

func (e *endless) Write(p []byte) (int, error) {
	if e.first.Len() == 0 {
		e.first.Write(p)
	}
	return len(p), nil
}

func (*endless) Close() error                     { return nil }
func (*endless) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
func (*endless) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
func (*endless) SetDeadline(time.Time) error      { return nil }
func (*endless) SetReadDeadline(time.Time) error  { return nil }
func (*endless) SetWriteDeadline(time.Time) error { return nil }
