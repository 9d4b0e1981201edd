package cache_test

import (
	"context"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/checks/harness"
	"github.com/ibutsu/ibutsu-go/src/cache"
)

func open(t *testing.T, url, namespace string) cache.Cache {
	t.Helper()
	c, err := cache.Open(cache.Options{RedisURL: url, Namespace: namespace, Log: zerolog.Nop()})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func TestProcessesShareWhatIsInRedis(t *testing.T) {
	t.Parallel()
	redis, err := harness.StartRedis(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, redis.Stop()) })
	ctx := context.Background()
	one, two, other := open(t, redis.URL, "a"), open(t, redis.URL, "a"), open(t, redis.URL, "b")

	_, ok := two.Get(ctx, "key\x00\xff")
	require.False(t, ok)
	one.Set(ctx, "key\x00\xff", []byte("value\x00"), time.Minute)
	require.Eventually(t, func() bool { // what it knew not to be there is told to be there now
		value, ok := two.Get(ctx, "key\x00\xff")
		return ok && string(value) == "value\x00"
	}, 5*time.Second, time.Millisecond)
	_, ok = other.Get(ctx, "key\x00\xff")
	require.False(t, ok, "another installation's")

	one.Set(ctx, "short", []byte("1"), 30*time.Millisecond)
	require.Eventually(t, func() bool {
		_, ok := two.Get(ctx, "short")
		return !ok
	}, 5*time.Second, time.Millisecond)
}

func TestAProcessKeepsValuesByItselfWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	redis, err := harness.StartRedis(t.Context())
	require.NoError(t, err)
	ctx := context.Background()
	c := open(t, redis.URL, "")
	c.Set(ctx, "before", []byte("1"), time.Minute)
	require.NoError(t, redis.Stop())

	require.Eventually(t, func() bool {
		c.Set(ctx, "meanwhile", []byte("2"), time.Minute)
		value, ok := c.Get(ctx, "meanwhile")
		return ok && string(value) == "2"
	}, 10*time.Second, time.Millisecond)
}

func TestARedisThatWasNeverThereIsNoError(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	c := open(t, "redis://127.0.0.1:1", "")
	c.Set(ctx, "a", []byte("1"), time.Minute)
	value, ok := c.Get(ctx, "a")
	require.True(t, ok)
	require.Equal(t, "1", string(value))
}

func TestAnAddressThatIsNoneIsAnErrorWithoutIt(t *testing.T) {
	t.Parallel()
	_, err := cache.Open(cache.Options{RedisURL: "http://:secret@host", Log: zerolog.Nop()})
	require.Error(t, err)
	require.NotContains(t, err.Error(), "secret")
}
