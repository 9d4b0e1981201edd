package contract_test

import (
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/api/contract/contracttest"
)

func TestDocumentIsTheOneThatClientsKnow(t *testing.T) {
	t.Parallel()
	doc := contracttest.New(t).Document()
	require.Equal(t, "3.0.0", doc.OpenAPI)
	require.Equal(t, "Ibutsu API", doc.Info.Title)
	require.Equal(t, "3.1.1", doc.Info.Version)
	require.Equal(t, "/api", doc.Servers[0].URL)
	require.GreaterOrEqual(t, doc.Paths.Len(), 41, "the original's, and what came since")

	d, err := contract.Load()
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(d.Operations()), 67)
	var public []string
	for _, o := range d.Operations() {
		if o.Public {
			public = append(public, o.ID)
		}
	}
	slices.Sort(public)
	require.Equal(t, []string{"activate", "auth", "config", "get_health", "login", "recover", "redeem_ticket", "register", "reset_password", "start_sign_in",
		"support"}, public,
		"everything else needs a token")
}

func TestJSONSaysWhatYAMLSays(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("openapi.yaml")
	require.NoError(t, err)
	var fromYAML any
	require.NoError(t, yaml.Unmarshal(text, &fromYAML))
	want, err := json.Marshal(fromYAML)
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(contract.JSON()), "run go generate in src/api/contract")
	require.Equal(t, string(text), string(contract.YAML()))
	require.NotContains(t, string(text), "x-go-", "what only our code needs stays out of the published document")
}

func TestMethodsOfAPath(t *testing.T) {
	t.Parallel()
	d, err := contract.Load()
	require.NoError(t, err)
	require.Equal(t, []string{"GET", "HEAD", "POST"}, d.Methods("/run"))
	require.Equal(t, []string{"GET", "HEAD", "PUT"}, d.Methods("/run/17"))
	require.Equal(t, []string{"POST"}, d.Methods("/runs/bulk-update"))
	for _, path := range []string{"", "/", "/runs", "/run/", "/run/17/results", "/nothing"} {
		require.Empty(t, d.Methods(path), path)
		require.False(t, d.Knows(path), path)
	}
	require.Nil(t, d.Operation(http.MethodDelete, "/run/{id}"))
}

func operation(t *testing.T, method, path string) *contract.Operation {
	t.Helper()
	d, err := contract.Load()
	require.NoError(t, err)
	o := d.Operation(method, path)
	require.NotNil(t, o)
	return o
}

func TestCheckQuery(t *testing.T) {
	t.Parallel()
	o := operation(t, http.MethodGet, "/run")
	for query, want := range map[string]string{
		"":                                   "",
		"page=2&pageSize=10&estimate=true":   "page=2&pageSize=10&estimate=true",
		"page=-3":                            "page=-3",
		"page=0":                             "page=0",
		"page=1&page=2":                      "page=2",
		"pageSize=x&pageSize=5":              "pageSize=5",
		"estimate=TrUe":                      "estimate=true",
		"estimate=FALSE":                     "estimate=false",
		"unknown=x&page=1":                   "unknown=x&page=1",
		"filter=a=1&filter=b=2":              "filter=a=1&filter=b=2",
		"filter=id*a;b":                      "filter=id%2Aa%3Bb",
		"filter=component%LOGIN&page=1":      "filter=component%25LOGIN&page=1",
		"filter=metadata.tags%2Aa%3Bb&page=": "error: page",
		"page=1.0":                           "error: page",
		"page=first":                         "error: page",
		"page=10000000000000000000":          "error: page",
		"pageSize=0":                         "error: pageSize",
		"pageSize=-1":                        "error: pageSize",
		"estimate=1":                         "error: estimate",
		"estimate=maybe":                     "error: estimate",
	} {
		got, err := o.CheckQuery([]byte(query))
		if reason, refused := strings.CutPrefix(want, "error: "); refused {
			require.ErrorContains(t, err, reason+":", query)
			continue
		}
		require.NoError(t, err, query)
		require.Equal(t, want, string(got), query)
	}
}

func TestCheckPath(t *testing.T) {
	t.Parallel()
	o := operation(t, http.MethodGet, "/widget/{id}")
	require.NoError(t, o.CheckPath("id", "result-summary"))
	require.ErrorContains(t, o.CheckPath("id", "pie"), "id:")
	require.NoError(t, operation(t, http.MethodGet, "/run/{id}").CheckPath("id", "not a uuid"), "the operation says so itself")
}

func TestCheckMediaType(t *testing.T) {
	t.Parallel()
	for path, types := range map[string]map[string]int{
		"/run": {
			"application/json": 0, "application/json; charset=utf-8": 0, "APPLICATION/JSON": 0, "": 0,
			"text/plain": http.StatusUnsupportedMediaType, "application/x-www-form-urlencoded": http.StatusUnsupportedMediaType,
			"application/jsonx": http.StatusUnsupportedMediaType, "multipart/form-data; boundary=x": http.StatusUnsupportedMediaType,
		},
		"/artifact": {"multipart/form-data; boundary=x": 0, "application/json": http.StatusUnsupportedMediaType},
	} {
		o := operation(t, http.MethodPost, path)
		for mediaType, status := range types {
			given, err := o.CheckMediaType(mediaType)
			require.Equal(t, mediaType != "", given)
			if status == 0 {
				require.NoError(t, err, mediaType)
				continue
			}
			var v *contract.ViolationError
			require.ErrorAs(t, err, &v, mediaType)
			require.Equal(t, status, v.Status)
		}
	}
}

func TestParseBody(t *testing.T) {
	t.Parallel()
	const good = ""
	for path, bodies := range map[string]map[string]string{
		"POST /run": {
			`{}`: good, `{"metadata":{"a":1},"colour":"red"}`: good, `{"metadata":null,"env":null,"component":null,"source":null,"project_id":null}`: good,
			`{"duration":5}`: good, `{"duration":1e3}`: good, `{"id":"not a uuid"}`: good, `{"start_time":"junk"}`: good,
			`{"metadata":"x"}`: "metadata", `{"duration":"long"}`: "duration", `{"duration":null}`: "duration", `{"summary":[1]}`: "summary",
			`{"summary":null}`: "summary", `{"id":5}`: "id", `{"id":null}`: "id", `{"start_time":null}`: "start_time", `{"source":7}`: "source",
			``: "no body", `null`: "not a JSON object", `[1, 2]`: "not a JSON object", `{"name": `: "byte 9", `{"a":"\u0000"}`: "NUL",
		},
		"POST /result": {
			`{"result":"passed","test_id":"a","metadata":{},"params":{},"run_id":null}`: good,
			`{"result":"great"}`: "none of passed, failed", `{"result":null}`: "result", `{"test_id":5}`: "test_id", `{"metadata":null}`: "metadata",
			`{"duration":true}`: "duration", `{"params":null}`: "params", `{"source":null}`: "source",
		},
		"POST /runs/bulk-update": {`{"metadata":{"a":1}}`: good, `{"summary":{}}`: good, `{"metadata":"x"}`: "metadata", `{"metadata":null}`: "metadata"},
		"POST /project": {
			`{"name":"p","title":"t","owner_id":null,"group_id":null,"nonsense":1}`: good, `{"name":7}`: "name", `{"name":null}`: "name", `{"title":["a"]}`: "title",
		},
		"POST /admin/user": {
			`{"email":"a@b","name":null,"group_id":null,"is_active":true,"projects":[{"id":"x"}]}`: good,
			`{"name":"x"}`: "email: it is required", `{"email":"nobody"}`: "e-mail", `{"email":5}`: "email", `{"email":"a@b","is_active":"yes"}`: "is_active",
		},
		"POST /login":      {`{"email":"a@b","password":""}`: good, `{"email":"","password":"x"}`: "email", `{"email":"a@b"}`: "password", `{"email":"a@b","password":null}`: "password"},
		"POST /user/token": {`{"name":"x","expires":null}`: good, `{"name":"x"}`: "expires", `{"name":5,"expires":null}`: "name", `{"expires":null}`: "name"},
		"POST /widget-config": {
			`{"widget":"x","navigable":"yes","weight":3,"dashboard_id":null}`: good, `{"weight":1.5}`: "weight", `{"weight":"1"}`: "weight", `{"params":[]}`: "params",
		},
		"POST /dashboard": {`{"title":"t","user_id":null}`: good, `{"title":null}`: "title", `{"filters":5}`: "filters"},
		"POST /group":     {`{"name":"g","metadata":{}}`: good, `{"name":5}`: "name"},
	} {
		method, template, _ := strings.Cut(path, " ")
		o := operation(t, method, template)
		for body, fault := range bodies {
			_, err := o.ParseBody([]byte(body))
			if fault == good {
				require.NoError(t, err, "%s %s", path, body)
				continue
			}
			require.ErrorContains(t, err, fault, "%s %s", path, body)
			var v *contract.ViolationError
			require.ErrorAs(t, err, &v)
			require.Equal(t, http.StatusBadRequest, v.Status)
		}
	}
}
