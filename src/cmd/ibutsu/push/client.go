// Package push is the client side: it sends report files to a server, patiently, and loses none.
package push

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

var (
	// ErrUnreachable means that the server gave no usable answer until the patience was over.
	ErrUnreachable = errors.New("the server cannot be reached")
	// ErrUnauthorized means that the token is missing, wrong, over, or without the right for this.
	ErrUnauthorized = errors.New("the server does not accept the token")
	// ErrRefused means that the server understood and refuses: sending the same again would not help.
	ErrRefused = errors.New("refused by the server")
	// ErrImport means that the file arrived and could not be imported.
	ErrImport = errors.New("the import failed")
	// ErrTimeout means that the import did not end in time; it may still do so.
	ErrTimeout = errors.New("the import did not end in time")
)

// Client talks to one server. All fields but CA are needed; make it with NewClient.
type Client struct {
	// Server is the root of the server, without /api.
	Server string
	// Token is the bearer token.
	Token string
	// HTTP sends the requests.
	HTTP *http.Client
	// Patience bounds the retries of one request.
	Patience time.Duration
	// Stall is how long an upload may make no progress.
	Stall time.Duration
	// Clock tells and passes the time.
	Clock Clock
	// Notice is told of each retry, in words.
	Notice func(text string)
	// UserAgent names this client.
	UserAgent string
}

// Clock tells the time and waits. Tests bring their own.
type Clock interface {
	Now() time.Time
	// Sleep waits, or returns the context's error.
	Sleep(ctx context.Context, d time.Duration) error
	// Jitter gives a number from 0 to 1, so that many clients do not come back at one moment.
	Jitter() float64
}

// ParseServer takes the address of a server with or without /api and gives its root.
func ParseServer(text string) (string, error) {
	text = strings.TrimSpace(text)
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.RawQuery != "" || u.User != nil {
		return "", errors.New("is not an address such as https://ibutsu.example.com")
	}
	root := strings.TrimRight(u.Scheme+"://"+u.Host+u.EscapedPath(), "/")
	return strings.TrimRight(strings.TrimSuffix(root, "/api"), "/"), nil
}

// request is one request that may be sent several times.
type request struct {
	method, path string
	contentType  string
	length       int64
	// body opens the body anew for each try; nil means none.
	body func() (io.ReadCloser, error)
}

// statusError is an answer that is no success.
type statusError struct {
	status  int
	message string
	after   time.Duration // Retry-After, or 0
}

func (e *statusError) Error() string {
	if e.message == "" {
		return fmt.Sprintf("HTTP %d %s", e.status, http.StatusText(e.status))
	}
	return fmt.Sprintf("%s (HTTP %d)", e.message, e.status)
}

// maxAnswer bounds what is read of an answer: the client asks for single objects only.
const maxAnswer = 4 << 20

// do sends a request until it succeeds, is refused, or the patience is over, and decodes the answer into it.
func (c *Client) do(ctx context.Context, r request, into any) error {
	started := c.Clock.Now()
	for try := 0; ; try++ {
		err := c.once(ctx, r, into)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		pause, again := c.pause(err, try)
		if !again {
			return sorted(err)
		}
		if c.Clock.Now().Add(pause).Sub(started) > c.Patience {
			return fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
		c.Notice(fmt.Sprintf("%s; next try in %s", err, pause.Round(100*time.Millisecond)))
		if err := c.Clock.Sleep(ctx, pause); err != nil {
			return context.Cause(ctx)
		}
	}
}

// sorted gives a final answer the sentinel by which callers decide.
func sorted(err error) error {
	var status *statusError
	switch {
	case !errors.As(err, &status):
		return err
	case status.status == http.StatusUnauthorized || status.status == http.StatusForbidden:
		return fmt.Errorf("%w: %w", ErrUnauthorized, err)
	default:
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
}

func (c *Client) once(ctx context.Context, r request, into any) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req, err := http.NewRequestWithContext(ctx, r.method, c.Server+"/api"+r.path, nil)
	if err != nil {
		return err
	}
	if r.body != nil {
		body, err := r.body()
		if err != nil {
			return &finalError{err}
		}
		req.Body, req.ContentLength = c.watched(body, cancel), r.length
		req.Header.Set("Content-Type", r.contentType)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.UserAgent)
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	answer, err := c.HTTP.Do(req)
	if err != nil {
		if cause := context.Cause(ctx); errors.Is(cause, errStalled) {
			return cause
		}
		return plain(err)
	}
	defer func() { _ = answer.Body.Close() }()
	return decode(answer, c.Clock.Now(), into)
}

// finalError is an error on this side, such as a file that is gone: trying again would not help.
type finalError struct{ err error }

func (e *finalError) Error() string { return e.err.Error() }
func (e *finalError) Unwrap() error { return e.err }

// plain takes the method and address off a network error: they are said elsewhere.
func plain(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}

func decode(answer *http.Response, now time.Time, into any) error {
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	switch {
	case answer.StatusCode >= 300 && answer.StatusCode < 400:
		return &statusError{status: answer.StatusCode, message: "the server redirects to " + answer.Header.Get("Location") + "; give that address as --server"}
	case answer.StatusCode >= 400:
		return &statusError{status: answer.StatusCode, message: message(body), after: retryAfter(answer.Header.Get("Retry-After"), now)}
	case err != nil:
		return fmt.Errorf("reading the answer: %w", err)
	case into == nil:
		return nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		return &finalError{fmt.Errorf("this is not the API of Ibutsu (HTTP %d, %s)", answer.StatusCode, answer.Header.Get("Content-Type"))}
	}
	return nil
}

// message finds the words in an error's body: a JSON string, a problem, or {"message"}.
func message(body []byte) string {
	var text string
	if json.Unmarshal(body, &text) == nil {
		return oneLine(text)
	}
	var problem struct {
		Detail  string `json:"detail"`
		Message string `json:"message"`
		Title   string `json:"title"`
	}
	if json.Unmarshal(body, &problem) == nil {
		for _, text := range []string{problem.Detail, problem.Message, problem.Title} {
			if text != "" {
				return oneLine(text)
			}
		}
	}
	return ""
}

// oneLine makes what a server says fit for a line of a log.
func oneLine(text string) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == ' ' }), " ")
	if runes := []rune(text); len(runes) > 300 {
		text = string(runes[:300]) + "…"
	}
	return text
}
