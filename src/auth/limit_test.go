package auth_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/auth"
)

func TestLimiterCountsInWindows(t *testing.T) {
	t.Parallel()
	c, ctx := newClock(), context.Background()
	l := auth.NewLocalLimiter(c.Now)
	take := func(key string) time.Duration {
		wait, err := l.Take(ctx, key, 2, time.Minute)
		require.NoError(t, err)
		return wait
	}
	require.Zero(t, take("a"))
	c.pass(20 * time.Second)
	require.Zero(t, take("a"))
	require.Equal(t, 40*time.Second, take("a"))
	require.Zero(t, take("b"))
	require.NoError(t, l.Give(ctx, "a"))
	require.Zero(t, take("a"))
	require.Equal(t, 40*time.Second, take("a"))
	require.NoError(t, l.Forget(ctx, "a"))
	require.Zero(t, take("a"))
	c.pass(time.Minute)
	require.Zero(t, take("a"))
	require.Zero(t, take("a"))
	require.Equal(t, time.Minute, take("a"))
	require.NoError(t, l.Give(ctx, "never taken"))
}

func TestLimiterForgetsTheOldBeforeTheNew(t *testing.T) {
	t.Parallel()
	c, ctx := newClock(), context.Background()
	l := auth.NewLocalLimiter(c.Now)
	for i := range 49_999 {
		_, err := l.Take(ctx, fmt.Sprint(i), 1, time.Minute)
		require.NoError(t, err)
	}
	c.pass(time.Hour)
	for _, key := range []string{"mine", "another", "a third"} {
		_, err := l.Take(ctx, key, 1, time.Minute)
		require.NoError(t, err)
	}
	wait, err := l.Take(ctx, "mine", 1, time.Minute)
	require.NoError(t, err)
	require.NotZero(t, wait)
}

// away is a Redis that is there, or not.
type away struct {
	auth.Limiter
	gone bool
}

func (a *away) Take(ctx context.Context, key string, most int, window time.Duration) (time.Duration, bool) {
	if a.gone {
		return 0, false
	}
	wait, _ := a.Limiter.Take(ctx, key, most, window)
	return wait, true
}

func (a *away) Give(context.Context, string) bool   { return !a.gone }
func (a *away) Forget(context.Context, string) bool { return !a.gone }

func TestGuessersAreStoppedWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	c, ctx := newClock(), context.Background()
	redis := &away{Limiter: auth.NewLocalLimiter(c.Now)}
	l := auth.SharedLimiter{Shared: redis, Own: auth.NewLocalLimiter(c.Now)}
	take := func() time.Duration {
		wait, err := l.Take(ctx, "ana", 1, time.Minute)
		require.NoError(t, err)
		return wait
	}
	require.Zero(t, take())
	require.Positive(t, take())
	redis.gone = true
	require.Zero(t, take())
	require.Positive(t, take())
	require.NoError(t, l.Give(ctx, "ana"))
	require.Zero(t, take())
	require.NoError(t, l.Forget(ctx, "ana"))
	require.Zero(t, take())
	redis.gone = false
	require.Positive(t, take(), "what Redis knows, it knows still")
}
