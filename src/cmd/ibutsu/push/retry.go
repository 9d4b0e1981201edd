package push

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// Back-off between two tries: doubling from the first to the longest, plus up to half of that by chance.
const (
	firstPause   = 500 * time.Millisecond
	longestPause = 30 * time.Second
)

// pause says whether a failed request is worth another try, and when.
func (c *Client) pause(err error, try int) (time.Duration, bool) {
	if _, final := errors.AsType[*finalError](err); final {
		return 0, false
	}
	if status, ok := errors.AsType[*statusError](err); ok {
		if !passing(status.status) {
			return 0, false
		}
		if status.after > 0 {
			return status.after, true
		}
	}
	pause := min(firstPause<<min(try, 10), longestPause)
	return pause + time.Duration(c.Clock.Jitter()*float64(pause)/2), true
}

// passing are statuses that another try may change.
func passing(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return false
	default:
		return status >= 500
	}
}

// retryAfter reads the header: seconds or a date.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 20); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

// SystemClock is the real one.
type SystemClock struct{}

// Now implements [Clock].
func (SystemClock) Now() time.Time { return time.Now() }

// Jitter implements [Clock].
func (SystemClock) Jitter() float64 { return rand.Float64() } //nolint:gosec // nobody gains by guessing a pause

// Sleep implements [Clock].
func (SystemClock) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// errStalled ends an upload that makes no progress: a server that hangs keeps the connection open for ever.
var errStalled = errors.New("the upload makes no progress")

// watched cancels the request when nobody reads from the body for too long.
func (c *Client) watched(body io.ReadCloser, cancel context.CancelCauseFunc) io.ReadCloser {
	if c.Stall <= 0 {
		return body
	}
	return &watchedBody{ReadCloser: body, stall: c.Stall, timer: time.AfterFunc(c.Stall, func() { cancel(errStalled) })}
}

type watchedBody struct {
	io.ReadCloser
	stall time.Duration
	timer *time.Timer
}

// Read implements [io.Reader].
func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil { // all read: from here the wait for the answer has a limit of its own
		b.timer.Stop()
	} else {
		b.timer.Reset(b.stall)
	}
	return n, err
}

// Close implements [io.Closer].
func (b *watchedBody) Close() error {
	b.timer.Stop()
	return b.ReadCloser.Close()
}
