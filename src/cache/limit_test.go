package cache_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/checks/harness"
	"github.com/ibutsu/ibutsu-go/src/cache"
)

func TestProcessesCountTogether(t *testing.T) {
	t.Parallel()
	redis, err := harness.StartRedis(t.Context())
	require.NoError(t, err)
	stopped := false
	t.Cleanup(func() {
		if !stopped {
			require.NoError(t, redis.Stop())
		}
	})
	ctx := context.Background()
	one, two := cache.LimitsOf(open(t, redis.URL, "a")), cache.LimitsOf(open(t, redis.URL, "a"))
	take := func(l cache.Limits, key string) time.Duration {
		wait, ok := l.Take(ctx, key, 2, time.Hour)
		require.True(t, ok)
		return wait
	}
	require.Zero(t, take(one, "ana"))
	require.Zero(t, take(two, "ana"))
	require.InDelta(t, time.Hour, take(one, "ana"), float64(time.Minute))
	require.Positive(t, take(two, "ana"))
	require.Zero(t, take(two, "bo"))
	require.True(t, one.Give(ctx, "ana"))
	require.Zero(t, take(two, "ana"), "what was refused did not count")
	require.Positive(t, take(two, "ana"))
	require.True(t, two.Forget(ctx, "ana"))
	require.True(t, two.Give(ctx, "ana"), "nothing to give back is no debt")
	require.Zero(t, take(one, "ana"))
	require.Zero(t, take(one, "ana"))
	require.Positive(t, take(one, "ana"))

	_, ok := one.Take(ctx, "short", 1, time.Millisecond)
	require.True(t, ok)
	require.Eventually(t, func() bool {
		wait, ok := one.Take(ctx, "short", 1, time.Millisecond)
		return ok && wait == 0
	}, 10*time.Second, time.Millisecond, "windows end")

	stopped = true
	require.NoError(t, redis.Stop())
	_, ok = one.Take(ctx, "ana", 1, time.Hour)
	require.False(t, ok, "each process counts by itself then")
	require.Nil(t, cache.LimitsOf(cache.NewMemory(1<<20, time.Now)))
}
