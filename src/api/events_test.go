package api_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/api"
)

// A stream over a real connection: what is written elsewhere is heard, and a server that drains ends it.
func TestAClientHearsOfChangesUntilTheServerDrains(t *testing.T) {
	t.Parallel()
	ending := make(chan struct{})
	h := newHouse(t, func(o *api.Options) { o.Ending = ending })
	admin := h.person(t, true)
	project := h.project(t, &admin, admin)
	other := h.project(t, &admin, admin)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- h.app.Listener(l) }()
	t.Cleanup(func() {
		require.NoError(t, h.app.Shutdown())
		require.NoError(t, <-served)
	})

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+l.Addr().String()+"/api/project/"+project.String()+"/events", nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+admin.token)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))

	lines := bufio.NewScanner(response.Body)
	next := func() string {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return data
			}
		}
		require.NoError(t, lines.Err())
		return ""
	}
	first := next()
	require.NotEmpty(t, first)
	h.results(t, admin, other, object{}) // nobody hears of it here
	h.results(t, admin, project, object{})
	second := next()
	require.NotEmpty(t, second)
	require.NotEqual(t, first, second)

	close(ending)
	require.Empty(t, next(), "the stream has ended, and the client knows it")
}

func TestStreamsAreForThoseWhoMayReadTheProject(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin, stranger := h.person(t, true), h.person(t, false)
	project := h.project(t, &admin, admin)
	require.Equal(t, http.StatusForbidden, h.get(t, stranger, "/api/project/"+project.String()+"/events").status)
}
