package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/api"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// files are a result and a run, and who may do what with them.
type files struct {
	*house
	admin, member, stranger person
	result, run             string
}

func newFiles(t *testing.T, change ...func(*api.Options)) files {
	t.Helper()
	f := files{house: newHouse(t, change...)}
	f.admin, f.member, f.stranger = f.person(t, true), f.person(t, false), f.person(t, false)
	project := f.project(t, &f.admin, f.member).String()
	f.run = f.call(t, f.admin, http.MethodPost, "/api/run", object{"metadata": object{"project": project}}).id(t)
	f.result = f.call(t, f.admin, http.MethodPost, "/api/result", object{"metadata": object{"project": project, "run": f.run}}).id(t)
	return f
}

func (f files) upload(t *testing.T, who person, body *form) answer {
	t.Helper()
	return f.call(t, who, http.MethodPost, "/api/artifact", body)
}

func (f files) keep(t *testing.T, filename, content string) string {
	t.Helper()
	a := f.upload(t, f.member, newForm().text("resultId", f.result).text("filename", filename).file("file", "file", content))
	require.Equal(t, http.StatusCreated, a.status, string(a.body))
	return "/api/artifact/" + a.id(t)
}

func TestArtifactIsKeptShownAndDeleted(t *testing.T) {
	t.Parallel()
	f := newFiles(t)
	for _, owner := range []struct{ part, id, column string }{
		{"resultId", f.result, "result_id"}, {"runId", f.run, "run_id"}, {"result_id", f.result, "result_id"}, {"run_id", f.run, "run_id"},
	} {
		made := f.upload(t, f.member, newForm().text(owner.part, owner.id).text("filename", "log.txt").file("file", "blob", "hello artifact").
			text("additionalMetadata", `{"kind": "log", "n": 1}`))
		require.Equal(t, http.StatusCreated, made.status, string(made.body))
		artifact := made.object(t)
		require.Equal(t, owner.id, artifact[owner.column])
		require.Equal(t, "log.txt", artifact["filename"], "not the name of the part")
		require.Equal(t, object{"kind": "log", "n": 1.0}, artifact["additional_metadata"])

		path := "/api/artifact/" + made.id(t)
		require.Equal(t, artifact, f.get(t, f.member, path).object(t))
		for _, how := range []string{"/view", "/download"} {
			content := f.get(t, f.member, path+how)
			require.Equal(t, http.StatusOK, content.status)
			require.Equal(t, "hello artifact", string(content.body))
			require.Equal(t, "text/plain", content.header.Get("Content-Type"))
			require.Equal(t, "nosniff", content.header.Get("X-Content-Type-Options"))
			require.Contains(t, content.header.Get("Content-Security-Policy"), "sandbox")
		}
		require.Equal(t, "attachment; filename=log.txt", f.get(t, f.member, path+"/download").header.Get("Content-Disposition"))
		require.Empty(t, f.get(t, f.member, path+"/view").header.Get("Content-Disposition"))

		for _, operation := range []struct{ method, path string }{
			{http.MethodGet, path}, {http.MethodDelete, path},
		} {
			requireMessage(t, f.call(t, f.stranger, operation.method, operation.path, nil), http.StatusForbidden)
		}
		for _, how := range []string{"/view", "/download"} {
			refused := f.get(t, f.stranger, path+how)
			require.Equal(t, http.StatusForbidden, refused.status)
			require.Equal(t, "Forbidden", string(refused.body))
			require.Equal(t, "text/plain; charset=utf-8", refused.header.Get("Content-Type"))
			require.Empty(t, refused.header.Get("Content-Disposition"))
		}
		deleted := f.call(t, f.member, http.MethodDelete, path, nil)
		require.Equal(t, http.StatusOK, deleted.status)
		require.Equal(t, "\"OK\"\n", string(deleted.body))
		requireMessage(t, f.call(t, f.member, http.MethodDelete, path, nil), http.StatusNotFound)
		requireMessage(t, f.get(t, f.member, path), http.StatusNotFound)
		require.Equal(t, http.StatusNotFound, f.get(t, f.member, path+"/view").status)
		require.Equal(t, http.StatusNotFound, f.get(t, f.member, path+"/download").status)
	}
	requireMessage(t, f.get(t, f.member, "/api/artifact/abc"), http.StatusBadRequest)
	bad := f.get(t, f.member, "/api/artifact/abc/view")
	require.Equal(t, http.StatusBadRequest, bad.status)
	require.Equal(t, "ID: abc is not a valid UUID", string(bad.body))
}

func TestUploadsThatAreRefused(t *testing.T) {
	t.Parallel()
	f := newFiles(t, func(o *api.Options) {
		o.Limits = api.DefaultLimits()
		o.Limits.Artifact = 1000
	})
	on := func() *form { return newForm().text("resultId", f.result) }
	full := func() *form { return on().text("filename", "f").file("file", "f", "x") }
	for name, c := range map[string]struct {
		body    *form
		status  int
		problem bool
	}{
		"no file":            {on().text("filename", "f"), 400, true},
		"file is no file":    {on().text("filename", "f").text("file", "x"), 400, true},
		"no filename":        {on().file("file", "f", "x"), 400, true},
		"empty filename":     {on().text("filename", "").file("file", "f", "x"), 400, false},
		"long filename":      {on().text("filename", strings.Repeat("f", 2000)).file("file", "f", "x"), 400, false},
		"empty file":         {on().text("filename", "f").file("file", "f", ""), 400, false},
		"no owner":           {newForm().text("filename", "f").file("file", "f", "x"), 400, false},
		"two owners":         {full().text("runId", f.run), 400, false},
		"malformed result":   {newForm().text("resultId", "abc").text("filename", "f").file("file", "f", "x"), 400, false},
		"malformed run":      {newForm().text("runId", "abc").text("filename", "f").file("file", "f", "x"), 400, false},
		"unknown result":     {newForm().text("resultId", uuid.NewString()).text("filename", "f").file("file", "f", "x"), 404, false},
		"unknown run":        {newForm().text("runId", uuid.NewString()).text("filename", "f").file("file", "f", "x"), 404, false},
		"too large":          {on().text("filename", "f").file("file", "f", strings.Repeat("x", 1001)), 413, false},
		"metadata is a list": {full().text("additionalMetadata", "[1, 2]"), 400, true},
		"metadata is broken": {full().text("additionalMetadata", "{broken"), 400, false},
		"snake is broken":    {full().text("additional_metadata", "{broken"), 400, false},
		"NUL in a text":      {on().text("filename", "a\x00b").file("file", "f", "x"), 400, true},
		"too many parts":     {manyParts(full()), 400, true},
	} {
		a := f.upload(t, f.member, c.body)
		require.Equal(t, c.status, a.status, "%s: %s", name, a.body)
		if c.problem {
			requireProblem(t, a, c.status)
		} else {
			requireMessage(t, a, c.status)
		}
	}
	requireMessage(t, f.upload(t, f.stranger, full()), http.StatusForbidden)
	requireMessage(t, f.upload(t, f.stranger, on().text("filename", "f").file("file", "f", strings.Repeat("x", 5000))), http.StatusForbidden)
	requireProblem(t, f.call(t, f.member, http.MethodPost, "/api/artifact", object{"resultId": f.result}), http.StatusUnsupportedMediaType)
	requireProblem(t, f.call(t, f.member, http.MethodPost, "/api/artifact", nil), http.StatusBadRequest)
	requireProblem(t, f.call(t, f.member, http.MethodPost, "/api/artifact", "x", header{"Content-Type": "multipart/form-data"}), http.StatusBadRequest)
	requireProblem(t, f.call(t, f.member, http.MethodPost, "/api/artifact", "--x\r\nbroken", header{"Content-Type": "multipart/form-data; boundary=x"}), http.StatusBadRequest)
	require.Equal(t, http.StatusCreated, f.upload(t, f.member, on().text("filename", "f").file("file", "f", strings.Repeat("x", 1000))).status, "exactly as large as may be")
}

func manyParts(f *form) *form {
	for range 100 {
		f.text("x", "y")
	}
	return f
}

func TestMetadataOfAnArtifactMayComeAsAFile(t *testing.T) {
	t.Parallel()
	f := newFiles(t)
	a := f.upload(t, f.member, newForm().blob("additionalMetadata", `{"a": [1]}`).text("filename", "f").file("file", "blob", "xy").text("resultId", f.result))
	require.Equal(t, http.StatusCreated, a.status, string(a.body))
	require.Equal(t, object{"a": []any{1.0}}, a.object(t)["additional_metadata"])
}

func TestArtifactThatIsSentAgainIsKeptOnce(t *testing.T) {
	t.Parallel()
	f := newFiles(t)
	first, again, other := f.keep(t, "a.log", "one"), f.keep(t, "a.log", "one"), f.keep(t, "a.log", "two")
	require.Equal(t, first, again)
	require.NotEqual(t, first, other)
}

func TestArtifactList(t *testing.T) {
	t.Parallel()
	f := newFiles(t)
	for _, name := range []string{"a", "b", "c"} {
		f.keep(t, name, "of a result")
	}
	require.Equal(t, http.StatusCreated, f.upload(t, f.admin, newForm().text("runId", f.run).text("filename", "d").file("file", "d", "of a run")).status)
	count := func(who person, query string) (int, any) {
		a := f.get(t, who, "/api/artifact?"+query)
		require.Equal(t, http.StatusOK, a.status, string(a.body))
		return len(a.object(t)["artifacts"].([]any)), a.object(t)["pagination"].(object)["totalItems"]
	}
	for query, want := range map[string][2]int{
		"resultId=" + f.result: {3, 3}, "result_id=" + f.result: {3, 3}, "runId=" + f.run: {1, 1}, "": {4, 4},
		"resultId=" + f.result + "&pageSize=2&page=2": {1, 3}, "resultId=" + f.result + "&page=9": {0, 3}, "resultId=" + uuid.NewString(): {0, 0},
	} {
		n, total := count(f.member, query)
		require.Equal(t, want[0], n, query)
		require.InDelta(t, want[1], total, 0, query)
	}
	n, total := count(f.stranger, "resultId="+f.result)
	require.Zero(t, n, "nobody sees those of foreign projects")
	require.InDelta(t, 0, total, 0)
	requireMessage(t, f.get(t, f.member, "/api/artifact?resultId=abc"), http.StatusBadRequest)
	requireMessage(t, f.get(t, f.member, "/api/artifact?runId=abc"), http.StatusBadRequest)
	requireProblem(t, f.get(t, f.member, "/api/artifact?pageSize=0"), http.StatusBadRequest)
}

func TestPartsOfAnArtifact(t *testing.T) {
	t.Parallel()
	f := newFiles(t)
	content := `{"a": "` + strings.Repeat("0123456789", 20000) + `"}`
	path := f.keep(t, "trace.json", content) + "/download"
	for asked, want := range map[string]struct {
		status       int
		rangeOf, got string
	}{
		"":                    {200, "", content},
		"bytes=0-6":           {206, "bytes 0-6/200009", content[:7]},
		"bytes=100000-100009": {206, "bytes 100000-100009/200009", content[100000:100010]},
		"bytes=200000-":       {206, "bytes 200000-200008/200009", content[200000:]},
		"bytes=-2":            {206, "bytes 200007-200008/200009", `"}`},
		"bytes=5-9999999":     {206, "bytes 5-200008/200009", content[5:]},
		"bytes=0-200008":      {200, "", content},
		"bytes=9-5":           {200, "", content},
		"bytes=0-1,5-6":       {200, "", content},
		"lines=0-1":           {200, "", content},
		"bytes=200009-":       {416, "bytes */200009", ""},
		"bytes=-0":            {416, "bytes */200009", ""},
	} {
		a := f.call(t, f.member, http.MethodGet, path, nil, header{"Range": asked})
		require.Equal(t, want.status, a.status, asked)
		require.Equal(t, want.rangeOf, a.header.Get("Content-Range"), asked)
		if want.status == http.StatusRequestedRangeNotSatisfiable {
			requireProblem(t, a, want.status)
			continue
		}
		require.Equal(t, want.got, string(a.body), asked)
		require.Equal(t, "application/json", a.header.Get("Content-Type"), "a part has the type of the whole")
	}
	tag := f.get(t, f.member, path).header.Get("ETag")
	require.NotEmpty(t, tag)
	known := f.call(t, f.member, http.MethodGet, path, nil, header{"If-None-Match": tag})
	require.Equal(t, http.StatusNotModified, known.status)
	require.Empty(t, known.body)
	require.Equal(t, http.StatusForbidden, f.call(t, f.stranger, http.MethodGet, path, nil, header{"If-None-Match": tag}).status)
	require.Equal(t, 200, f.call(t, f.member, http.MethodGet, path, nil, header{"Range": "bytes=0-1", "If-Range": `"another"`}).status)
	require.Equal(t, 206, f.call(t, f.member, http.MethodGet, path, nil, header{"Range": "bytes=0-1", "If-Range": tag}).status)
	head := f.call(t, f.member, http.MethodHead, path, nil)
	require.Equal(t, http.StatusOK, head.status)
	require.Empty(t, head.body)
	require.Equal(t, "200009", head.header.Get("Content-Length"))
}

// What a browser makes of a name must be the name, and no header of its own.
func TestNameOfADownload(t *testing.T) {
	t.Parallel()
	f := newFiles(t)
	for name, want := range map[string]string{
		"plain name.txt":          `attachment; filename=plain name.txt`,
		"a&b'(1).txt":             `attachment; filename="a&b'(1).txt"; filename*=UTF-8''a&b%27%281%29.txt`,
		"\u65e5\u672c-\u2603.txt": `attachment; filename="__-_.txt"; filename*=UTF-8''%E6%97%A5%E6%9C%AC-%E2%98%83.txt`,
		`quo"te;x=y.html`:         `attachment; filename="quo_te;x=y.html"; filename*=UTF-8''quo%22te%3Bx%3Dy.html`,
		"../../etc/passwd":        `attachment; filename=".._.._etc_passwd"; filename*=UTF-8''..%2F..%2Fetc%2Fpasswd`,
		"line\r\nSet-Cookie: x":   `attachment; filename="line__Set-Cookie: x"; filename*=UTF-8''line%0D%0ASet-Cookie%3A%20x`,
		" blank":                  `attachment; filename=" blank"; filename*=UTF-8''%20blank`,
		"50%.txt":                 `attachment; filename="50_.txt"; filename*=UTF-8''50%25.txt`,
	} {
		path := f.keep(t, name, "content of "+url.QueryEscape(name))
		require.Equal(t, name, f.get(t, f.member, path).object(t)["filename"])
		a := f.get(t, f.member, path+"/download")
		require.Equal(t, http.StatusOK, a.status)
		require.Equal(t, want, a.header.Get("Content-Disposition"))
		require.Empty(t, a.header.Get("Set-Cookie"))
	}
}

// An artifact of a row without a project, as imports can leave it, is the superadmins' alone.
func TestArtifactWithoutAProject(t *testing.T) {
	t.Parallel()
	f := newFiles(t)
	// A run of its own: one with results has the project of the first.
	alone := f.call(t, f.admin, http.MethodPost, "/api/run", object{"metadata": object{"project": f.project(t, &f.admin, f.member).String()}}).id(t)
	_, err := f.store.UpdateRun(t.Context(), uuid.MustParse(alone), func(r *store.Run) error { r.ProjectID = nil; return nil })
	require.NoError(t, err)
	requireMessage(t, f.upload(t, f.member, newForm().text("runId", alone).text("filename", "f").file("file", "f", "xy")), http.StatusForbidden)
	a := f.upload(t, f.admin, newForm().text("runId", alone).text("filename", "f").file("file", "f", "xy"))
	require.Equal(t, http.StatusCreated, a.status)
	requireMessage(t, f.get(t, f.member, "/api/artifact/"+a.id(t)), http.StatusForbidden)
}
