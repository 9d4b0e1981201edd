package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWireReadsEveryKindOfAnswer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/chunked":
			for range 3 {
				_, _ = io.WriteString(w, strings.Repeat("x", 5000))
				w.(http.Flusher).Flush()
			}
		case "/echo":
			w.WriteHeader(http.StatusCreated)
			_, _ = w.Write(body)
		case "/who":
			_, _ = io.WriteString(w, r.Header.Get("Authorization"))
		}
	}))
	t.Cleanup(server.Close)
	w, err := dial(server.URL, "secret")
	require.NoError(t, err)
	t.Cleanup(w.close)
	for range 2 { // the second round reads what the first left in the connection
		for _, c := range []struct {
			method, path   string
			body           []byte
			status, length int
		}{
			{"GET", "/chunked", nil, 200, 15000},
			{"POST", "/echo", []byte(`{"a": 1}`), 201, 8},
			{"GET", "/who", nil, 200, len("Bearer secret")},
			{"GET", "/nothing", nil, 200, 0},
		} {
			status, length, err := w.do(c.method, c.path, "application/json", c.body)
			require.NoError(t, err, c.path)
			require.Equal(t, c.status, status, c.path)
			require.Equal(t, c.length, length, c.path)
		}
	}
}

func TestFiguresAreThoseOfTheTimes(t *testing.T) {
	t.Parallel()
	var times []time.Duration
	for i := 100; i > 0; i-- {
		times = append(times, time.Duration(i)*time.Millisecond)
	}
	f := figuresOf(times, 2*time.Second, 500*time.Millisecond)
	require.Equal(t, figures{Count: 100, PerSecond: 50, P50: 51, P95: 96, P99: 100, CPU: 5}, f)
}

func TestTheTableComparesInTheRightDirection(t *testing.T) {
	t.Parallel()
	rate := line{Value: 4000, Unit: "/s", Goal: 4000, Original: 200}
	require.True(t, rate.met())
	require.InDelta(t, 20, rate.ratio(), 0)
	late := line{Value: 3, Unit: "ms", Goal: 2, Original: 15}
	require.False(t, late.met())
	require.InDelta(t, 5, late.ratio(), 0)
	require.Equal(t, "1,234,567", number(1234567))
}

func TestTheOriginalsFiguresAreRead(t *testing.T) {
	t.Parallel()
	o, err := readOriginal("original")
	require.NoError(t, err)
	require.InDelta(t, 193.3, o.Best.Ingest, 0.1)
	require.InDelta(t, 499, o.importRate(), 1)
	require.InDelta(t, 542.5, o.memory(""), 1)
	require.InDelta(t, 14.1, o.Best.Lists["result list, first page"].P50, 0)
}
