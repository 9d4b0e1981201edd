package push

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Upload is one file to import.
type Upload struct {
	// Name is the file name that the server sees; it decides the format, and a UUID in that of a JUnit file is the run's id.
	Name string
	// Size is the number of bytes that Open's reader gives.
	Size int64
	// Open opens the content; it is called once for each try.
	Open func() (io.ReadCloser, error)
	// Project is the name or id of the project, Source overrides the run's source; both may be empty.
	Project, Source string
	// Metadata is merged into the metadata of the run and its results; nil means none.
	Metadata map[string]any
}

// Import is the server's record of an import.
type Import struct {
	ID       string `json:"id"`
	Filename string `json:"filename"`
	// Status is pending, running, done or error.
	Status   string `json:"status"`
	Metadata struct {
		Error     string   `json:"error"`
		ProjectID string   `json:"project_id"`
		RunID     []string `json:"run_id"`
		Progress  struct {
			Done  int64 `json:"done"`
			Total int64 `json:"total"`
		} `json:"progress"`
	} `json:"metadata"`
}

// Send uploads a file and returns the import that the server has queued for it. sent is told how many bytes of the body
// have gone out, from 0 again at each try.
func (c *Client) Send(ctx context.Context, u Upload, sent func(int64)) (Import, error) {
	head, tail, contentType, err := frame(u)
	if err != nil {
		return Import{}, err
	}
	var record Import
	err = c.do(ctx, request{
		method: http.MethodPost, path: "/import", contentType: contentType,
		length: int64(len(head)) + u.Size + int64(len(tail)),
		body: func() (io.ReadCloser, error) {
			content, err := u.Open()
			if err != nil {
				return nil, err
			}
			// The length is promised in the header: a file that grows meanwhile must not break the request.
			counted := &counter{r: io.LimitReader(content, u.Size), told: sent}
			return &body{io.MultiReader(bytes.NewReader(head), counted, bytes.NewReader(tail)), content}, nil
		},
	}, &record)
	if err == nil && record.ID == "" {
		err = errors.New("this is not the API of Ibutsu: the answer has no id")
	}
	return record, err
}

// frame builds what stands around the content of the file in the multipart body.
func frame(u Upload) (head, tail []byte, contentType string, err error) {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	fields := []struct{ name, value string }{{"project", u.Project}, {"source", u.Source}}
	if u.Metadata != nil {
		text, err := json.Marshal(u.Metadata)
		if err != nil {
			return nil, nil, "", fmt.Errorf("writing the metadata: %w", err)
		}
		fields = append(fields, struct{ name, value string }{"metadata", string(text)})
	}
	for _, field := range fields {
		if field.value == "" {
			continue
		}
		if err := form.WriteField(field.name, field.value); err != nil {
			return nil, nil, "", err
		}
	}
	if _, err := form.CreateFormFile("importFile", u.Name); err != nil {
		return nil, nil, "", err
	}
	head = bytes.Clone(b.Bytes())
	if err := form.Close(); err != nil {
		return nil, nil, "", err
	}
	return head, b.Bytes()[len(head):], form.FormDataContentType(), nil
}

// body is a request body whose file is closed with it.
type body struct {
	io.Reader
	io.Closer
}

type counter struct {
	r    io.Reader
	n    int64
	told func(int64)
}

// Read implements [io.Reader].
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	c.told(c.n)
	return n, err
}

// Waiting between two looks at an import: short at first, for most imports take a moment.
const (
	firstLook   = 100 * time.Millisecond
	longestLook = 2 * time.Second
)

// Wait looks at an import until it has ended, and returns it. seen is told of each state. Errors: ErrImport with the
// server's reason, ErrTimeout, ErrRefused when the import is unknown, and those of the connection.
func (c *Client) Wait(ctx context.Context, id string, limit time.Duration, seen func(Import)) (Import, error) {
	deadline := c.Clock.Now().Add(limit)
	for pause := firstLook; ; pause = min(pause*3/2, longestLook) {
		var record Import
		if err := c.do(ctx, request{method: http.MethodGet, path: "/import/" + url.PathEscape(id)}, &record); err != nil {
			return record, err
		}
		seen(record)
		switch record.Status {
		case "done":
			return record, nil
		case "error":
			why := oneLine(record.Metadata.Error)
			if why == "" {
				why = "the server gives no reason"
			}
			return record, fmt.Errorf("%w: %s", ErrImport, why)
		}
		if c.Clock.Now().Add(pause).After(deadline) {
			return record, fmt.Errorf("%w: still %s after %s", ErrTimeout, record.Status, limit)
		}
		if err := c.Clock.Sleep(ctx, pause); err != nil {
			return record, context.Cause(ctx)
		}
	}
}

// Links gives the address of a run's page, or "" when the server does not say where its page is.
func (c *Client) Links(ctx context.Context) (func(Import) string, error) {
	var info struct {
		Frontend string `json:"frontend"`
	}
	if err := c.do(ctx, request{method: http.MethodGet, path: "/health/info"}, &info); err != nil {
		return nil, err
	}
	root := strings.TrimRight(info.Frontend, "/")
	return func(record Import) string {
		if root == "" || record.Metadata.ProjectID == "" || len(record.Metadata.RunID) == 0 {
			return ""
		}
		return root + "/project/" + record.Metadata.ProjectID + "/runs/" + record.Metadata.RunID[0]
	}, nil
}
