package service

import (
	"context"
	"errors"
	"time"

	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// errSchema keeps a module from working on tables that are not there yet.
var errSchema = errors.New("the database is not in the shape that this version works with; 'ibutsu migrate' brings it there")

// OpenStore opens the database for jobs, and refuses one that is not migrated.
func OpenStore(ctx context.Context, c config.Config, about About) (*store.Store, error) {
	connecting, cancel := context.WithTimeout(ctx, c.Database.ConnectTimeout+time.Second)
	defer cancel()
	s, err := store.Open(connecting, store.Options{
		URL:              c.Database.URL.Reveal(),
		MaxConns:         c.Database.PoolMax,
		StatementTimeout: never(c.Database.JobStatementTimeout),
		Name:             about.Name,
		Traced:           about.Tracer != nil,
	})
	if err != nil {
		return nil, err
	}
	current, err := s.SchemaCurrent(connecting)
	if err == nil && !current {
		err = errSchema
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// never turns the setting's zero, which means no limit, into the store's way to say so.
func never(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}
