package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/ibutsu/ibutsu-go/checks/harness"
)

// lostRedis lets Redis hang, crash and come back.
func lostRedis(ctx context.Context, program string) (said string, err error) {
	redis, err := harness.StartRedis(ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, redis.Stop()) }()
	return withRedis(ctx, program, redis.URL, redis.Keys, []func() error{
		func() error { return redis.Signal(syscall.SIGSTOP) },
		func() error { return redis.Signal(syscall.SIGCONT) },
		redis.Kill,
		func() error { return redis.Start(ctx) },
	})
}

// failedOver kills the primary, so that the sentinels make its replica the primary.
func failedOver(ctx context.Context, program string) (said string, err error) {
	redis, err := harness.StartSentinels(ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, redis.Stop()) }()
	keys := func(ctx context.Context) (int, error) { return redis.Primary().Keys(ctx) }
	return withRedis(ctx, program, redis.URL, keys, []func() error{
		func() error { return redis.FailOver(ctx) },
	})
}

// withRedis does something to Redis now and then, while clients post, list and look at a widget: nothing fails, each answer
// counts what was written before it, and answers are shared again afterwards.
func withRedis(ctx context.Context, program, url string, keys func(context.Context) (int, error), changes []func() error) (said string, err error) {
	h, err := build(ctx, program, "REDIS_URL="+url)
	if err != nil {
		return "", err
	}
	defer h.close()
	address, err := freeAddress()
	if err != nil {
		return "", err
	}
	p, err := h.start(nil, nil, "serve", "--listen", address)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	if err := errors.Join(h.ready(ctx, address), h.signIn(ctx)); err != nil {
		return "", err
	}
	w := watcher{harness.NewClient("http://"+address, h.token, 30*time.Second)}
	l := begin(ctx, "http://"+address, h.token, clients)
	err = w.lookThrough(ctx, l)
	for _, change := range changes {
		if err == nil {
			err = change()
		}
		if err == nil {
			err = w.lookThrough(ctx, l)
		}
	}
	if err == nil {
		err = w.shared(ctx, keys)
	}
	l.end()
	if err := errors.Join(err, l.failures(), l.kept(ctx, h.database)); err != nil {
		return "", err
	}
	return fmt.Sprintf(": %d requests, none failed, all widgets exact", l.requests), nil
}

// watcher looks at a widget after each write.
type watcher struct{ client *harness.Client }

// look writes a result and says whether the widget counts it.
func (w watcher) look(ctx context.Context) error {
	before, err := w.count(ctx)
	if err != nil {
		return err
	}
	status, raw, err := w.client.Do(ctx, http.MethodPost, "/api/result", "application/json", strings.NewReader(`{"metadata": {"project": "shop"}, "result": "passed"}`))
	if err != nil || status != http.StatusCreated {
		return fmt.Errorf("POST /api/result: %d %w %.200s", status, err, raw)
	}
	after, err := w.count(ctx)
	if err == nil && after != before+1 {
		err = fmt.Errorf("the widget counts %d results where there is one more than %d", after, before)
	}
	return err
}

// lookThrough looks a few times while the load goes on.
func (w watcher) lookThrough(ctx context.Context, l *load) error {
	if err := l.more(ctx, 100); err != nil {
		return err
	}
	for range 5 {
		if err := w.look(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (w watcher) count(ctx context.Context) (int, error) {
	status, raw, err := w.client.Do(ctx, http.MethodGet, "/api/widget/result-aggregator?project=shop&group_field=result&days=7", "", nil)
	if err != nil || status != http.StatusOK {
		return 0, fmt.Errorf("GET /api/widget/result-aggregator: %d %w %.200s", status, err, raw)
	}
	var groups []struct{ Count int }
	err = json.Unmarshal(raw, &groups)
	total := 0
	for _, g := range groups {
		total += g.Count
	}
	return total, err
}

// shared waits until answers are kept in Redis.
func (w watcher) shared(ctx context.Context, count func(context.Context) (int, error)) error {
	return harness.Await(ctx, "answers in Redis", func() bool {
		if w.look(ctx) != nil {
			return false
		}
		keys, err := count(ctx)
		return err == nil && keys > 0
	})
}
