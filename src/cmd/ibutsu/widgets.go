package main

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/cache"
	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/insight"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/widget"
)

// openViews makes what computes widgets and views. The cache is for their answers, in Redis where there is one; it is there, too,
// where the settings say that no answer is kept: others count in it.
func openViews(ctx context.Context, c *config.Config, s *store.Store, log zerolog.Logger, now func() time.Time) (*widget.Widgets, *insight.Insight, cache.Cache, error) {
	// Several installations may share a Redis, and count their versions alike.
	instance, err := s.Instance(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	answers, err := cache.Open(cache.Options{RedisURL: c.Redis.URL.Reveal(), Namespace: instance, Log: log, Now: now})
	if err != nil {
		return nil, nil, nil, err
	}
	widgets, views := widget.Options{Store: s, Now: now}, insight.Options{Store: s, Now: now}
	if c.Server.CacheAnswers {
		widgets.Cache, views.Cache = answers, answers
	}
	return widget.New(widgets), insight.New(views), answers, nil
}
