package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"time"
)

// Client speaks JSON to the API. It keeps its connections, and tries nothing twice.
type Client struct {
	URL, Token string
	HTTP       *http.Client
}

// NewClient returns a client with a time limit for each request.
func NewClient(url, token string, limit time.Duration) *Client {
	transport := &http.Transport{MaxIdleConns: 256, MaxIdleConnsPerHost: 256}
	return &Client{URL: url, Token: token, HTTP: &http.Client{Timeout: limit, Transport: transport}}
}

// Client is a client with the server's own token.
func (s *Server) Client() *Client { return NewClient(s.URL, s.Token, time.Minute) }

// StatusError is an answer that the caller did not want.
type StatusError struct {
	Method, Path string
	Status       int
	Body         string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s %s: %d %s", e.Method, e.Path, e.Status, e.Body)
}

// Do sends a request and returns the status and the body; only a request that got no answer is an error.
func (c *Client) Do(ctx context.Context, method, path, contentType string, body io.Reader) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.URL+path, body)
	if err != nil {
		return 0, nil, err
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return resp.StatusCode, raw, err
}

// Get reads a JSON answer with status 200 into out.
func (c *Client) Get(ctx context.Context, path string, out any) error {
	return c.call(ctx, http.MethodGet, path, "", nil, out)
}

// Post sends a JSON body; any 2xx is right. out may be nil.
func (c *Client) Post(ctx context.Context, path string, in, out any) error {
	return c.send(ctx, http.MethodPost, path, in, out)
}

// Put sends a JSON body; any 2xx is right. out may be nil.
func (c *Client) Put(ctx context.Context, path string, in, out any) error {
	return c.send(ctx, http.MethodPut, path, in, out)
}

// Upload sends a form with one file and text fields; any 2xx is right.
func (c *Client) Upload(ctx context.Context, path, part, filename string, content []byte, fields map[string]string, out any) error {
	body, contentType, err := Form(part, filename, content, fields)
	if err != nil {
		return err
	}
	return c.call(ctx, http.MethodPost, path, contentType, bytes.NewReader(body), out)
}

// Form writes a multipart body with one file.
func Form(part, filename string, content []byte, fields map[string]string) (body []byte, contentType string, err error) {
	var buffer bytes.Buffer
	form := multipart.NewWriter(&buffer)
	for name, value := range fields {
		if err := form.WriteField(name, value); err != nil {
			return nil, "", err
		}
	}
	file, err := form.CreateFormFile(part, filename)
	if err != nil {
		return nil, "", err
	}
	if _, err := file.Write(content); err != nil {
		return nil, "", err
	}
	if err := form.Close(); err != nil {
		return nil, "", err
	}
	return buffer.Bytes(), form.FormDataContentType(), nil
}

func (c *Client) send(ctx context.Context, method, path string, in, out any) error {
	raw, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return c.call(ctx, method, path, "application/json", bytes.NewReader(raw), out)
}

func (c *Client) call(ctx context.Context, method, path, contentType string, body io.Reader, out any) error {
	status, raw, err := c.Do(ctx, method, path, contentType, body)
	if err != nil {
		return err
	}
	if status >= 300 || (method == http.MethodGet && status != http.StatusOK) {
		return &StatusError{Method: method, Path: path, Status: status, Body: string(raw[:min(len(raw), 500)])}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("%s %s: reading the answer: %w", method, path, err)
	}
	return nil
}
