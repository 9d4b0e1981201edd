package push

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		child()
	}
	goleak.VerifyTestMain(m)
}

// clock is a time that passes only by sleeping.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
	// before is called ahead of each sleep, if set.
	before func(n int)
}

func newClock() *clock { return &clock{now: time.Date(2026, 5, 4, 10, 11, 12, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Jitter() float64 { return 0 }

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	c.now = c.now.Add(d)
	c.slept = append(c.slept, d)
	n, before := len(c.slept), c.before
	c.mu.Unlock()
	if before != nil {
		before(n)
	}
	return ctx.Err()
}

func (c *clock) pauses() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]time.Duration{}, c.slept...)
}

// ids gives run ids in order.
func ids() func() string {
	n := 0
	return func() string {
		n++
		return fmt.Sprintf("00000000-0000-4000-8000-%012d", n)
	}
}

// shown is a display that remembers what it was told, a line for each thing.
type shown struct {
	mu    sync.Mutex
	lines []string
	moved []string
}

func (s *shown) add(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

func (s *shown) Progress(path, doing string, done, total int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moved = append(s.moved, fmt.Sprintf("%s %s %d/%d", filepath.Base(path), doing, done, total))
}

func (s *shown) Delivered(path string, record Import, link string) {
	s.add("delivered %s %s %s", filepath.Base(path), record.Status, link)
}

func (s *shown) Failed(path string, err error, aside string) {
	put := ""
	if aside != "" {
		put = " (put aside)"
	}
	s.add("failed %s: %v%s", filepath.Base(path), err, put)
}
func (s *shown) Kept(path string, err error) { s.add("kept %s: %v", filepath.Base(path), err) }
func (s *shown) Note(text string)            { s.add("note %s", text) }

// file writes a file and gives its path.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}
