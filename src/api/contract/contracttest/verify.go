// Package contracttest holds answers of the API against its document, for tests.
package contracttest

import (
	"bytes"
	"context"
	"io"
	"mime"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
)

// Verifier knows the document twice: as requests have to be, and as answers are.
type Verifier struct {
	requests, answers *openapi3.T
}

// New loads the document and checks it for what OpenAPI asks of one.
func New(tb testing.TB) *Verifier {
	tb.Helper()
	v := &Verifier{requests: load(tb), answers: load(tb)}
	for _, s := range v.answers.Components.Schemas {
		for _, property := range s.Value.Properties {
			if _, ok := property.Value.Extensions["x-null-in-answers"]; ok {
				property.Value.Nullable = true
			}
		}
	}
	return v
}

func load(tb testing.TB) *openapi3.T {
	tb.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(contract.YAML())
	require.NoError(tb, err)
	require.NoError(tb, doc.Validate(context.Background()))
	return doc
}

// Document returns the document.
func (v *Verifier) Document() *openapi3.T { return v.requests }

// Exchange is a request and its answer, bodies included.
type Exchange struct {
	Request      *http.Request
	RequestBody  []byte
	Response     *http.Response
	ResponseBody []byte
}

// Verify fails the test when the answer has a status, a type or a body that the document does not know, or when a request
// was accepted that the document refuses. What is no operation of the document is passed over.
func (v *Verifier) Verify(tb testing.TB, e Exchange) {
	tb.Helper()
	route, params := find(v.requests, e.Request)
	if route == nil || route.Operation == nil || e.Response.StatusCode == http.StatusTemporaryRedirect {
		return
	}
	request := e.Request.Clone(context.Background())
	request.Body = io.NopCloser(bytes.NewReader(e.RequestBody))
	input := &openapi3filter.RequestValidationInput{
		Request: request, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
			// A file is not JSON, nor has a form's text the kind of what it spells.
			ExcludeRequestBody: strings.HasPrefix(e.Request.Header.Get("Content-Type"), "multipart/"),
		},
	}
	what := e.Request.Method + " " + e.Request.URL.String()
	if e.Response.StatusCode < http.StatusBadRequest {
		require.NoError(tb, openapi3filter.ValidateRequest(context.Background(), input), "%s was accepted, but is not in the contract", what)
	}
	answered, _ := find(v.answers, e.Request)
	input.Route = answered
	mediaType, _, err := mime.ParseMediaType(e.Response.Header.Get("Content-Type"))
	hasBody := e.Request.Method != http.MethodHead && len(e.ResponseBody) > 0
	if hasBody {
		require.NoError(tb, err, what)
	}
	header := e.Response.Header.Clone()
	header.Set("Content-Type", mediaType)
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: e.Response.StatusCode, Header: header,
		Body: io.NopCloser(bytes.NewReader(e.ResponseBody)),
		Options: &openapi3filter.Options{
			IncludeResponseStatus: true,
			ExcludeResponseBody:   !hasBody || !strings.HasSuffix(mediaType, "json") || strings.HasSuffix(answered.Path, "/view") || strings.HasSuffix(answered.Path, "/download"),
		},
	})
	require.NoError(tb, err, "%s: the answer %d %s is not in the contract: %s", what, e.Response.StatusCode, mediaType, e.ResponseBody)
}

// find returns the operation of a request.
func find(doc *openapi3.T, r *http.Request) (*routers.Route, map[string]string) {
	below, ok := strings.CutPrefix(r.URL.Path, contract.BasePath)
	if !ok {
		return nil, nil
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var found *routers.Route
	var with map[string]string
	for template, item := range doc.Paths.Map() {
		params, ok := match(template, below)
		if !ok || found != nil && len(params) > len(with) {
			continue // of two templates the one with fewer parameters is meant
		}
		found = &routers.Route{Spec: doc, Server: doc.Servers[0], Path: template, PathItem: item, Method: method, Operation: item.GetOperation(method)}
		with = params
	}
	return found, with
}

func match(template, path string) (map[string]string, bool) {
	wanted, given := strings.Split(template, "/"), strings.Split(path, "/")
	if len(wanted) != len(given) {
		return nil, false
	}
	params := map[string]string{}
	for i, segment := range wanted {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			params[strings.TrimSuffix(name, "}")] = given[i]
		} else if segment != given[i] {
			return nil, false
		}
	}
	return params, true
}
