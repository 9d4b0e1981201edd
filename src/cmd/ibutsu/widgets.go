package main

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/cache"
	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/widget"
)

// openWidgets makes the widgets with a cache for their answers, in Redis where there is one.
func openWidgets(ctx context.Context, c *config.Config, s *store.Store, log zerolog.Logger, now func() time.Time) (*widget.Widgets, cache.Cache, error) {
	// Several installations may share a Redis, and count their versions alike.
	instance, err := s.Instance(ctx)
	if err != nil {
		return nil, nil, err
	}
	answers, err := cache.Open(cache.Options{RedisURL: c.Redis.URL.Reveal(), Namespace: instance, Log: log, Now: now})
	if err != nil {
		return nil, nil, err
	}
	return widget.New(widget.Options{Store: s, Cache: answers, Now: now}), answers, nil
}
