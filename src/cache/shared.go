package cache

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/telemetry/metrics"
	"github.com/ibutsu/ibutsu-go/src/telemetry/tracing"
)

// shared keeps values in Redis, for all processes, and what was read there in this process too, where Redis tells of
// every change (client-side caching). While Redis is away, this process keeps values by itself.
type shared struct {
	client atomic.Pointer[rueidis.Client] // nil until there is one
	own    *Memory
	prefix string
	local  time.Duration
	log    zerolog.Logger
	now    func() time.Time

	pause atomic.Int64 // unix microseconds until which Redis is not asked
	stop  context.CancelFunc
	done  sync.WaitGroup
}

const (
	// patience is how long Redis may take: what it keeps can be computed in about that time.
	patience = 100 * time.Millisecond
	// rest is how long Redis is left alone after it failed, so that a sick one slows one request down and not all.
	rest = time.Second
	// reconnect is how often a connection is tried while there is none.
	reconnect = 2 * time.Second
	// localFor bounds how long this process keeps what it read without asking again.
	localFor = 10 * time.Minute
)

func openShared(o Options) (*shared, error) {
	option, err := Redis(o.RedisURL)
	if err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	option.CacheSizeEachConn = o.Bytes
	option.PipelineMultiplex = -1 // one connection carries everything
	option.ReadBufferEachConn, option.WriteBufferEachConn = 64<<10, 64<<10
	option.BlockingPoolSize = 1
	option.ConnWriteTimeout = 2 * time.Second
	option.Dialer.Timeout, option.Sentinel.Dialer.Timeout = 2*time.Second, 2*time.Second
	option.DisableRetry = true
	option.ClientName = "ibutsu"

	ctx, stop := context.WithCancel(context.Background())
	s := &shared{
		own: NewMemory(o.Bytes, o.Now), prefix: "ibutsu:" + o.Namespace + ":", local: localFor, log: o.Log, now: o.Now, stop: stop,
	}
	if err := s.connect(option); err != nil {
		s.log.Warn().Err(err).Msg("Redis cannot be reached: each process keeps its answers by itself until it can")
		s.done.Go(func() { s.keepTrying(ctx, option) })
	}
	return s, nil
}

func (s *shared) connect(option rueidis.ClientOption) error {
	client, err := rueidis.NewClient(option)
	if err != nil {
		return fmt.Errorf("connect to Redis: %w", err)
	}
	s.client.Store(&client)
	return nil
}

func (s *shared) keepTrying(ctx context.Context, option rueidis.ClientOption) {
	ticker := time.NewTicker(reconnect)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if s.connect(option) == nil {
				s.log.Info().Msg("Redis is there: answers are shared")
				return
			}
		}
	}
}

// redis returns the client, unless there is none or it is to be left alone.
func (s *shared) redis() (rueidis.Client, bool) {
	client := s.client.Load()
	if client == nil || s.now().UnixMicro() < s.pause.Load() {
		return nil, false
	}
	return *client, true
}

func (s *shared) failed(err error) {
	s.own.measures.errors.Add(1)
	now := s.now()
	if until := s.pause.Swap(now.Add(rest).UnixMicro()); until < now.Add(-time.Minute).UnixMicro() {
		s.log.Warn().Err(err).Msg("Redis does not answer: this process keeps its answers by itself meanwhile")
	}
}

func (s *shared) Get(ctx context.Context, key string) ([]byte, bool) {
	client, ok := s.redis()
	if !ok {
		return s.own.Get(ctx, key)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ctx, span := tracing.Start(ctx, tracing.Client, "redis GET")
	defer span.End()
	answer := client.DoCache(ctx, client.B().Get().Key(s.prefix+key).Cache(), s.local)
	value, err := answer.AsBytes()
	switch {
	case rueidis.IsRedisNil(err):
		s.own.measures.look(key, fromNone)
		return nil, false
	case err != nil:
		span.Fail("no answer")
		s.failed(err)
		return s.own.Get(ctx, key)
	case answer.IsCacheHit():
		s.own.measures.look(key, fromMemory)
	default:
		s.own.measures.look(key, fromRedis)
	}
	return value, true
}

func (s *shared) Set(ctx context.Context, key string, value []byte, ttl time.Duration) {
	client, ok := s.redis()
	if !ok || ttl < time.Millisecond {
		s.own.Set(ctx, key, value, ttl)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	ctx, span := tracing.Start(ctx, tracing.Client, "redis SET")
	defer span.End()
	if err := client.Do(ctx, client.B().Set().Key(s.prefix+key).Value(rueidis.BinaryString(value)).Px(ttl).Build()).Error(); err != nil {
		span.Fail("no answer")
		s.failed(err)
		s.own.Set(ctx, key, value, ttl)
	}
}

// Measure is what the cache counts, and whether Redis is asked at this moment.
func (s *shared) Measure() []metrics.Family {
	asked := 0.0
	if _, ok := s.redis(); ok {
		asked = 1
	}
	return append(s.own.Measure(), metrics.One("ibutsu_redis_up", "Whether Redis is asked; 0 while it is away or rests after an error.", metrics.TypeGauge, asked))
}

func (s *shared) Close() {
	s.stop()
	s.done.Wait()
	if client := s.client.Load(); client != nil {
		(*client).Close()
	}
}
