package cache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"github.com/redis/rueidis"
)

// Limits counts events by key for all processes together. ok is false where Redis cannot be asked: then each process counts by
// itself. Safe for concurrent use.
type Limits interface {
	// Take counts one event. When there were more than most within the window, wait is how long until the next is welcome.
	Take(ctx context.Context, key string, most int, window time.Duration) (wait time.Duration, ok bool)
	// Give takes one event back, Forget all of them.
	Give(ctx context.Context, key string) (ok bool)
	Forget(ctx context.Context, key string) (ok bool)
}

// LimitsOf returns the limits that are kept beside the cache; nil for one that is in this process alone.
func LimitsOf(c Cache) Limits {
	if s, ok := c.(*shared); ok {
		return limits{s}
	}
	return nil
}

type limits struct{ *shared }

// A window starts with its first event. What is refused does not count: it must not keep a patient caller out.
var (
	takeScript = rueidis.NewLuaScript(`
		local n = redis.call('INCR', KEYS[1])
		if n == 1 or redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
		if n <= tonumber(ARGV[1]) then return 0 end
		redis.call('DECR', KEYS[1])
		return redis.call('PTTL', KEYS[1])`)
	giveScript = rueidis.NewLuaScript(`
		local n = tonumber(redis.call('GET', KEYS[1]) or '0')
		if n > 0 then redis.call('DECR', KEYS[1]) end
		return 0`)
	forgetScript = rueidis.NewLuaScript(`redis.call('DEL', KEYS[1]) return 0`)
)

func (l limits) Take(ctx context.Context, key string, most int, window time.Duration) (time.Duration, bool) {
	left, ok := l.run(ctx, takeScript, key, strconv.Itoa(most), strconv.FormatInt(window.Milliseconds(), 10))
	return time.Duration(left) * time.Millisecond, ok
}

func (l limits) Give(ctx context.Context, key string) bool {
	_, ok := l.run(ctx, giveScript, key)
	return ok
}

func (l limits) Forget(ctx context.Context, key string) bool {
	_, ok := l.run(ctx, forgetScript, key)
	return ok
}

func (l limits) run(ctx context.Context, script *rueidis.Lua, key string, args ...string) (int64, bool) {
	client, ok := l.redis()
	if !ok {
		return 0, false
	}
	// Hashed: keys have people's addresses in them, of any length.
	sum := sha256.Sum256([]byte(key))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	n, err := script.Exec(ctx, client, []string{l.prefix + "limit:" + hex.EncodeToString(sum[:16])}, args).AsInt64()
	if err != nil {
		l.failed(err)
		return 0, false
	}
	return n, true
}
