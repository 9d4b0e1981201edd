package contract

// This package is the API as openapi.yaml describes it: the document, the Go types and routes that are generated from it,
// and the checks that follow from it for each request, compiled once.

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

//go:generate oapi-codegen -config oapi-codegen.yaml openapi.yaml
//go:generate go run ./internal/tojson

// BasePath is what all paths of the document start with on the server.
const BasePath = "/api"

//go:embed openapi.yaml
var yamlText []byte

//go:embed openapi.json
var jsonText []byte

// YAML returns the document as it is written.
func YAML() []byte { return yamlText }

// JSON returns the document in JSON.
func JSON() []byte { return jsonText }

// Document is the compiled document. It is safe for concurrent use.
type Document struct {
	operations []*Operation
	byRoute    map[string]*Operation // by method, blank and path template
}

// Operation is one method of one path, with what a request of it has to be like.
type Operation struct {
	ID     string
	Method string
	Path   string // below BasePath, such as /run/{id}
	Tag    string
	// Public operations need no token. All others do.
	Public bool

	segments []string // of Path; a parameter's is ""
	enums    map[string][]string
	query    []parameter
	body     *body
}

// Load compiles the document that the binary holds. It fails only if that is broken.
func Load() (*Document, error) {
	var source struct {
		Security   []map[string][]string                  `json:"security"`
		Paths      map[string]map[string]*sourceOperation `json:"paths"`
		Components struct {
			Parameters map[string]*sourceParameter `json:"parameters"`
			Schemas    map[string]*schema          `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(jsonText, &source); err != nil {
		return nil, fmt.Errorf("contract: read the document: %w", err)
	}
	c := compiler{parameters: source.Components.Parameters, schemas: source.Components.Schemas}
	d := &Document{byRoute: map[string]*Operation{}}
	for path, methods := range source.Paths {
		for method, o := range methods {
			op, err := c.operation(strings.ToUpper(method), path, o)
			if err != nil {
				return nil, fmt.Errorf("contract: %s %s: %w", method, path, err)
			}
			security := source.Security
			if o.Security != nil {
				security = *o.Security
			}
			op.Public = len(security) == 0
			d.operations = append(d.operations, op)
			d.byRoute[op.Method+" "+path] = op
		}
	}
	slices.SortFunc(d.operations, func(a, b *Operation) int { return strings.Compare(a.ID, b.ID) })
	return d, nil
}

// Operation returns the operation of a method and a path template, or nil.
func (d *Document) Operation(method, path string) *Operation { return d.byRoute[method+" "+path] }

// Operations returns all operations, in the order of their ids.
func (d *Document) Operations() []*Operation { return d.operations }

// Methods returns the methods of a path, which starts below BasePath, HEAD beside GET; none if the document has no such path.
func (d *Document) Methods(path string) []string {
	segments := strings.Split(path, "/")
	var methods []string
	for _, o := range d.operations {
		if !o.matches(segments) {
			continue
		}
		methods = append(methods, o.Method)
		if o.Method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	slices.Sort(methods)
	return slices.Compact(methods)
}

// Knows says whether the document has the path, which starts below BasePath, whatever the method.
func (d *Document) Knows(path string) bool {
	return len(d.Methods(path)) > 0
}

func (o *Operation) matches(segments []string) bool {
	if len(segments) != len(o.segments) {
		return false
	}
	for i, s := range o.segments {
		if s != segments[i] && (s != parameterSegment || segments[i] == "") {
			return false
		}
	}
	return true
}

// parameterSegment stands for any text in the segments of a path.
const parameterSegment = "{}"

type sourceOperation struct {
	OperationID string                 `json:"operationId"`
	Tags        []string               `json:"tags"`
	Security    *[]map[string][]string `json:"security"`
	Parameters  []*sourceParameter     `json:"parameters"`
	RequestBody *struct {
		Content map[string]struct {
			Schema *schema `json:"schema"`
		} `json:"content"`
	} `json:"requestBody"`
}

type sourceParameter struct {
	Ref    string  `json:"$ref"`
	Name   string  `json:"name"`
	In     string  `json:"in"`
	Schema *schema `json:"schema"`
}

type schema struct {
	Ref        string             `json:"$ref"`
	Type       string             `json:"type"`
	Format     string             `json:"format"`
	Nullable   bool               `json:"nullable"`
	Enum       []string           `json:"enum"`
	Minimum    *int64             `json:"minimum"`
	Required   []string           `json:"required"`
	Properties map[string]*schema `json:"properties"`
}

type compiler struct {
	parameters map[string]*sourceParameter
	schemas    map[string]*schema
}

func (c compiler) operation(method, path string, o *sourceOperation) (*Operation, error) {
	op := &Operation{ID: o.OperationID, Method: method, Path: path, segments: strings.Split(path, "/"), enums: map[string][]string{}}
	if len(o.Tags) > 0 {
		op.Tag = o.Tags[0]
	}
	for i, s := range op.segments {
		if strings.HasPrefix(s, "{") {
			op.segments[i] = parameterSegment
		}
	}
	for _, p := range o.Parameters {
		if p.Ref != "" {
			if p = c.parameters[nameOf(p.Ref)]; p == nil {
				return nil, errors.New("a parameter is not there")
			}
		}
		switch p.In {
		case "path":
			if len(p.Schema.Enum) > 0 {
				op.enums[p.Name] = p.Schema.Enum
			}
		case "query":
			op.query = append(op.query, parameter{name: p.Name, kind: p.Schema.Type, minimum: p.Schema.Minimum})
		}
	}
	if o.RequestBody == nil {
		return op, nil
	}
	for mediaType, content := range o.RequestBody.Content {
		s := content.Schema
		if s.Ref != "" {
			if s = c.schemas[nameOf(s.Ref)]; s == nil {
				return nil, errors.New("a schema is not there")
			}
		}
		op.body = &body{mediaType: mediaType, required: s.Required}
		for name, property := range s.Properties {
			op.body.properties = append(op.body.properties, c.property(name, property))
		}
		// In the order of names, so that of several faults the same one is always told.
		sortProperties(op.body.properties)
	}
	return op, nil
}

func (c compiler) property(name string, s *schema) property {
	if s.Ref != "" {
		s = c.schemas[nameOf(s.Ref)]
	}
	return property{name: name, kind: s.Type, email: s.Format == "email", nullable: s.Nullable, enum: s.Enum, minimum: s.Minimum}
}

func nameOf(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }
