package harness

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Events is a stream that tells of a project's changes.
type Events struct {
	body  io.ReadCloser
	lines *bufio.Scanner
}

// Hear opens the stream of a project; it stays open for as long as the context lives.
func (c *Client) Hear(ctx context.Context, project string) (*Events, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+"/api/project/"+project+"/events", http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.Token)
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("the stream of %s: %s", project, resp.Status), resp.Body.Close())
	}
	return &Events{body: resp.Body, lines: bufio.NewScanner(resp.Body)}, nil
}

// Next waits for the next version of the project.
func (e *Events) Next() (string, error) {
	for e.lines.Scan() {
		if version, ok := strings.CutPrefix(e.lines.Text(), "data: "); ok {
			return version, nil
		}
	}
	if err := e.lines.Err(); err != nil {
		return "", err
	}
	return "", io.ErrUnexpectedEOF
}

// Close leaves the stream.
func (e *Events) Close() error { return e.body.Close() }
