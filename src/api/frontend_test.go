package api_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/api"
)

func TestFrontendIsServedToBrowsersOutsideTheAPI(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := w.Write([]byte("run()"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	h := newHouse(t, func(o *api.Options) {
		o.Page = fstest.MapFS{
			".gitkeep":              {},
			"index.html":            {Data: []byte("<title>page</title>")},
			"assets/app-abc.js.gz":  {Data: packed.Bytes()},
			"favicon.svg":           {Data: []byte("<svg/>")},
			"assets/text-abc.woff2": {Data: []byte("font")},
		}
	})
	browser := header{"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
	for _, path := range []string{"/", "/login", "/project/x/runs/y", "/runs/y", "/apiary"} {
		a := h.call(t, person{}, http.MethodGet, path, nil, browser)
		require.Equal(t, http.StatusOK, a.status, path)
		require.Equal(t, "<title>page</title>", string(a.body))
		require.Equal(t, "no-cache", a.header.Get("Cache-Control"))
		require.Contains(t, a.header.Get("Content-Security-Policy"), "script-src 'self'")
		require.NotContains(t, a.header.Get("Content-Security-Policy"), "unsafe")
	}
	// Scripts that ask for the root are sent to the contract, as ever; other addresses are unknown to them.
	require.Equal(t, http.StatusFound, h.call(t, person{}, http.MethodGet, "/", nil, header{"Accept": "*/*"}).status)
	require.Equal(t, http.StatusNotFound, h.call(t, person{}, http.MethodGet, "/login", nil, header{"Accept": "*/*"}).status)
	require.Equal(t, http.StatusNotFound, h.call(t, person{}, http.MethodGet, "/api/nothing", nil, browser).status)
	require.Equal(t, http.StatusNotFound, h.call(t, person{}, http.MethodGet, "/.gitkeep", nil).status)
	require.NotEqual(t, http.StatusOK, h.call(t, person{}, http.MethodPost, "/login", nil, browser).status)

	script := h.call(t, person{}, http.MethodGet, "/assets/app-abc.js", nil)
	require.Equal(t, "run()", string(script.body))
	require.Equal(t, "public, max-age=31536000, immutable", script.header.Get("Cache-Control"))
	require.Contains(t, script.header.Get("Content-Type"), "text/javascript")
	script = h.call(t, person{}, http.MethodGet, "/assets/app-abc.js", nil, header{"Accept-Encoding": "gzip"})
	require.Equal(t, "gzip", script.header.Get("Content-Encoding"))
	require.Equal(t, "font/woff2", h.call(t, person{}, http.MethodGet, "/assets/text-abc.woff2", nil).header.Get("Content-Type"))
	require.Equal(t, "no-cache", h.call(t, person{}, http.MethodGet, "/favicon.svg", nil).header.Get("Cache-Control"))
}

// A browser that comes back asks whether the page is still the same, and after an update gets the new one.
func TestAPageThatABrowserHasIsNotSentAgain(t *testing.T) {
	t.Parallel()
	served := func(content string) *house {
		return newHouse(t, func(o *api.Options) {
			o.Page = fstest.MapFS{"index.html": {Data: []byte(content)}, "favicon.svg": {Data: []byte("<svg/>")}}
		})
	}
	old, updated := served("<title>old</title>"), served("<title>new</title>")
	for _, path := range []string{"/", "/project/x/triage", "/favicon.svg"} {
		browser := header{"Accept": "text/html"}
		first := old.call(t, person{}, http.MethodGet, path, nil, browser)
		require.Equal(t, http.StatusOK, first.status)
		require.NotEmpty(t, first.header.Get("ETag"))
		browser["If-None-Match"] = first.header.Get("ETag")
		again := old.call(t, person{}, http.MethodGet, path, nil, browser)
		require.Equal(t, http.StatusNotModified, again.status, path)
		require.Empty(t, again.body)
		require.Equal(t, first.header.Get("Cache-Control"), again.header.Get("Cache-Control"))
		require.Equal(t, first.header.Get("Content-Security-Policy"), again.header.Get("Content-Security-Policy"))
	}
	browser := header{"Accept": "text/html", "If-None-Match": old.call(t, person{}, http.MethodGet, "/", nil, header{"Accept": "text/html"}).header.Get("ETag")}
	require.Equal(t, "<title>new</title>", string(updated.call(t, person{}, http.MethodGet, "/", nil, browser).body))
}

// Of the page's folder only what the build has put there by name is served: no list of it, nothing beside or above it.
func TestNothingElseIsServedBesideThePage(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *api.Options) {
		o.Page = fstest.MapFS{"index.html": {Data: []byte("<title>page</title>")}, "assets/app-abc.js": {Data: []byte("run()")}, ".gitkeep": {}}
	})
	for _, path := range []string{
		"/assets", "/assets/", "/assets/app-abc.js.gz", "/assets/app-abc.js.map", "/assets/../.gitkeep", "/assets/%2e%2e/.gitkeep",
		"/.gitkeep", "/embed.go", "/package.json", "/dist/index.html", "/etc/passwd", "//etc/passwd", "/assets/..%2f..%2fetc/passwd",
	} {
		require.Equal(t, http.StatusNotFound, h.call(t, person{}, http.MethodGet, path, nil).status, path)
	}
}

func TestWithoutAPageBrowsersGetTheContract(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *api.Options) { o.Page = fstest.MapFS{".gitkeep": {}} })
	browser := header{"Accept": "text/html"}
	require.Equal(t, http.StatusFound, h.call(t, person{}, http.MethodGet, "/", nil, browser).status)
	require.Equal(t, http.StatusNotFound, h.call(t, person{}, http.MethodGet, "/login", nil, browser).status)
}

// A proxy may show the server below a path. The page then loads its parts from there, and knows where it is.
func TestThePageBelowAPath(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *api.Options) {
		o.BackendURL = "https://ci.example/ibutsu"
		o.Page = fstest.MapFS{"index.html": {Data: []byte(`<meta name="base" content="" /><script src="./assets/a.js"></script>`)}}
	})
	address := h.listening(t)
	for path, want := range map[string]string{
		"/ibutsu/project/1": `<meta name="base" content="/ibutsu" /><script src="/ibutsu/assets/a.js"></script>`,
		"/project/1":        `<meta name="base" content="/ibutsu" /><script src="/ibutsu/assets/a.js"></script>`,
		"/ibutsu":           `<meta name="base" content="/ibutsu" /><script src="/ibutsu/assets/a.js"></script>`,
	} {
		request, err := http.NewRequest(http.MethodGet, "http://"+address+path, http.NoBody)
		require.NoError(t, err)
		request.Header.Set("Accept", "text/html")
		answer, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		content, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, want, string(content), path)
	}
}

func TestTheShowcaseOfArtifactsHasNoOriginAndNoScriptButItsOwn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *api.Options) { o.Page = fstest.MapFS{"index.html": {Data: []byte("<title>page</title>")}} })
	a := h.call(t, person{}, http.MethodGet, "/showcase", nil, header{"Accept": "text/html"})
	require.Equal(t, http.StatusOK, a.status)
	require.Contains(t, string(a.body), "document.write")
	policy := a.header.Get("Content-Security-Policy")
	require.Contains(t, policy, "sandbox allow-scripts;")
	require.NotContains(t, policy, "allow-same-origin")
	require.Contains(t, policy, "default-src 'none'")
	require.Regexp(t, `script-src 'sha256-[^']+';`, policy)
	require.Contains(t, policy, "frame-ancestors 'self'")
}
