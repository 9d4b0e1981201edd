package cache_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ibutsu/ibutsu-go/src/cache"
)

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestAValueIsKeptForItsTime(t *testing.T) {
	t.Parallel()
	ctx, now := context.Background(), &clock{}
	c := cache.NewMemory(1<<20, now.Now)
	c.Set(ctx, "a", []byte("1"), time.Second)
	now.pass(time.Second - 1)
	value, ok := c.Get(ctx, "a")
	require.True(t, ok)
	require.Equal(t, "1", string(value))
	now.pass(1)
	_, ok = c.Get(ctx, "a")
	require.False(t, ok)

	c.Set(ctx, "a", []byte("2"), time.Second)
	c.Set(ctx, "a", []byte("3"), 0)
	_, ok = c.Get(ctx, "a")
	require.False(t, ok, "a value that is kept for no time takes the place of the old one")
}

func TestTheLeastUsedValuesMakeRoom(t *testing.T) {
	t.Parallel()
	ctx, now := context.Background(), &clock{}
	c := cache.NewMemory(64<<10, now.Now)
	c.Set(ctx, "used", bytes.Repeat([]byte("x"), 4<<10), time.Hour)
	for i := range 100 {
		c.Set(ctx, fmt.Sprint(i), bytes.Repeat([]byte("x"), 4<<10), time.Hour)
		_, ok := c.Get(ctx, "used")
		require.True(t, ok)
	}
	_, ok := c.Get(ctx, "0")
	require.False(t, ok)
	_, ok = c.Get(ctx, "99")
	require.True(t, ok)

	c.Set(ctx, "huge", bytes.Repeat([]byte("x"), 32<<10), time.Hour)
	_, ok = c.Get(ctx, "huge")
	require.False(t, ok)
	_, ok = c.Get(ctx, "99")
	require.True(t, ok, "a huge value pushes nothing out")
}

// Whatever is done to it, it never holds more than it may, and never another value than the one that was set last.
func TestTheMemoryIsBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		ctx, now := context.Background(), &clock{}
		const room = 16 << 10
		c := cache.NewMemory(room, now.Now)
		last := map[string]string{}
		for range rapid.IntRange(1, 200).Draw(r, "steps") {
			key := fmt.Sprint(rapid.IntRange(0, 40).Draw(r, "key"))
			value := bytes.Repeat([]byte{'a' + byte(rapid.IntRange(0, 20).Draw(r, "letter"))}, rapid.IntRange(0, 3000).Draw(r, "size"))
			c.Set(ctx, key, value, time.Duration(rapid.IntRange(0, 5).Draw(r, "ttl"))*time.Second)
			last[key] = string(value)
			now.pass(time.Duration(rapid.IntRange(0, 2).Draw(r, "pass")) * time.Second)
			held := 0
			for k, v := range last {
				if got, ok := c.Get(ctx, k); ok {
					require.Equal(r, v, string(got))
					held += len(k) + len(got)
				}
			}
			require.LessOrEqual(r, held, room)
		}
	})
}
