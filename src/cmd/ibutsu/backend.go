package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/rs/zerolog"

	ibutsu "github.com/ibutsu/ibutsu-go"
	"github.com/ibutsu/ibutsu-go/src/api"
	"github.com/ibutsu/ibutsu-go/src/artifact"
	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/cache"
	"github.com/ibutsu/ibutsu-go/src/cmd/ibutsu/doctor"
	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/ingest"
	"github.com/ibutsu/ibutsu-go/src/jobs"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/telemetry"
	"github.com/ibutsu/ibutsu-go/src/telemetry/health"
	"github.com/ibutsu/ibutsu-go/src/telemetry/metrics"
	"github.com/ibutsu/ibutsu-go/src/telemetry/tracing"
	"github.com/ibutsu/ibutsu-go/src/web"
)

// openDatabase waits for the database, brings it up to date and opens it. board hears how far it is.
func openDatabase(ctx context.Context, c *config.Config, board *health.Board, traced bool, log zerolog.Logger) (*store.Store, error) {
	address := c.Database.URL.Reveal()
	board.Phase("waiting for the database, and bringing its tables up to date")
	err := awaitDatabase(ctx, c.Database, log, func(ctx context.Context) error {
		if !c.Database.MigrateOnStart {
			return nil
		}
		report, err := store.Migrate(ctx, address, store.MigrateOptions{Log: log})
		if err == nil && len(report.Steps) > 0 {
			log.Info().Str("found", report.Found).Strs("steps", report.Steps).Msg("database brought up to date")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	statement := c.Database.StatementTimeout
	if statement == 0 {
		statement = -1 // no limit, as the store says it
	}
	var s *store.Store
	err = awaitDatabase(ctx, c.Database, log, func(ctx context.Context) error {
		s, err = store.Open(ctx, store.Options{URL: address, MaxConns: c.Database.PoolMax, StatementTimeout: statement, Name: "backend",
			Replicas: c.Database.Replicas.Reveal(), ReplicaWait: c.Database.ReplicaWait, Traced: traced})
		return err
	})
	if err != nil {
		return nil, err
	}
	err = awaitTables(ctx, c.Database, s, log)
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// awaitTables waits for somebody else's migration, where this process makes none.
func awaitTables(ctx context.Context, d config.Database, s *store.Store, log zerolog.Logger) error {
	deadline := time.Now().Add(d.Wait)
	for said := false; ; {
		current, err := s.SchemaCurrent(ctx)
		if err != nil || current {
			return err
		}
		if time.Now().Add(time.Second).After(deadline) {
			return errors.New("the database is not in the shape that this version works with; run `ibutsu migrate`, or leave migrate_on_start on")
		}
		if !said {
			said = true
			log.Warn().Dur("at_most", d.Wait).Msg("waiting for `ibutsu migrate`")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// awaitDatabase tries until the database answers, for as long as the setting says. Only its absence is waited out: a
// wrong password is as wrong in a minute.
func awaitDatabase(ctx context.Context, d config.Database, log zerolog.Logger, try func(context.Context) error) error {
	deadline := time.Now().Add(d.Wait)
	for pause, said := 50*time.Millisecond, false; ; pause = min(2*pause, 2*time.Second) {
		err := try(ctx)
		if err == nil || ctx.Err() != nil {
			return err
		}
		why := doctor.NoDatabase(err, d.URL.Reveal())
		if !errors.Is(err, store.ErrUnavailable) {
			return why
		}
		if time.Now().Add(pause).After(deadline) {
			return fmt.Errorf("the database did not answer within %s: %w", d.Wait, why)
		}
		if !said {
			said = true
			log.Warn().Err(why).Dur("at_most", d.Wait).Msg("waiting for the database")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// operated is what those who keep a server running see of it, and change: where requests are counted, what writes all that
// is, who begins traces, and what is logged.
type operated struct {
	requests *metrics.Requests
	write    api.Measurements
	tracer   *tracing.Tracer
	dial     *telemetry.Dial
}

// backend is what is behind the HTTP server in this process.
type backend struct {
	app        *fiber.App
	writer     *ingest.Writer
	answers    cache.Cache
	background context.CancelFunc
	running    sync.WaitGroup
}

// newBackend wires the rooms together. It serves nothing yet. ending is closed when the server drains; requests is the log of
// the API.
func newBackend(ctx context.Context, c *config.Config, s *store.Store, ending <-chan struct{}, log, requests zerolog.Logger, now func() time.Time, operated *operated) (*backend, error) {
	key, err := signingKey(ctx, c, s)
	if err != nil {
		return nil, err
	}
	tokens, err := auth.NewTokens(key, c.SignIn.JWTIssuer, c.SignIn.JWTLifetime, now)
	if err != nil {
		return nil, err
	}
	passwords, err := newPasswords(ctx, c.SignIn, s)
	if err != nil {
		return nil, err
	}
	queue, err := jobs.NewClientKeeping(s, c.Retention)
	if err != nil {
		return nil, err
	}
	widgets, views, answers, err := openViews(ctx, c, s, log, now)
	if err != nil {
		return nil, err
	}
	library, err := artifact.Open(c, s)
	if err != nil {
		answers.Close()
		return nil, err
	}
	directory := auth.NewDirectory(s, tokens, now)
	options := auth.AccountsOptions{
		Store: s, Passwords: passwords, Tokens: tokens, Limiter: limiter(answers, now), Log: log, Now: now, NewID: uuid.New,
		Random: rand.Reader, Changed: directory.Flush, UserLogin: c.SignIn.UserLogin, Providers: c.Providers,
		Attempts: c.SignIn.Attempts, Lockout: c.SignIn.Lockout, TokensOnce: c.SignIn.TokensOnce,
		BackendURL: c.Server.BackendURL, FrontendURL: c.Server.FrontendURL,
	}
	if c.Mail.Sends() {
		options.Outbox = queue
	}
	accounts := auth.NewAccounts(options)
	flow, err := auth.NewFlow(accounts, key)
	if err != nil {
		answers.Close()
		return nil, err
	}
	uses := auth.NewUses(s, now, uuid.New, log)
	b := &backend{writer: ingest.NewWriterKeeping(s, queue.RunsChanged, library), answers: answers}
	b.app, err = api.New(api.Options{ //nolint:contextcheck // each request has its own
		Store:       s,
		Writer:      b.writer,
		Jobs:        queue,
		Artifacts:   library,
		Directory:   directory,
		Accounts:    accounts,
		Flow:        flow,
		Uses:        uses,
		Widgets:     widgets,
		Ending:      ending,
		Version:     ibutsu.Version(),
		Insight:     views,
		Limits:      apiLimits(c),
		Page:        web.Files(),
		FrontendURL: c.Server.FrontendURL,
		BackendURL:  c.Server.BackendURL,
		Origins:     c.Server.CORSOrigins,
		Proxies:     c.Server.TrustedProxies,

		Requests: operated.requests, Measurements: operated.write, MetricsToken: c.Server.MetricsToken.Reveal(),
		Tracer: operated.tracer, Level: operated.dial,

		Log: requests,
		Now: now,
	})
	if err != nil {
		b.writer.Close()
		b.answers.Close()
		return nil, err
	}
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	b.background = cancel
	b.running.Go(func() { s.Listen(background, directory.Listening()) })
	b.running.Go(func() { uses.Run(background) })
	return b, nil
}

// measure is what the rooms behind the server count.
func (b *backend) measure() []metrics.Family {
	return append(b.writer.Measure(), b.answers.Measure()...)
}

// newPasswords makes hashes of the kind that the settings ask for.
func newPasswords(ctx context.Context, c config.SignIn, s *store.Store) (*auth.Passwords, error) {
	kind := c.PasswordHash
	if kind == "auto" {
		// The original reads bcrypt alone: one who signs in here once could never go back.
		adopted, err := s.Adopted(ctx)
		if err != nil {
			return nil, err
		}
		kind = "argon2id"
		if adopted {
			kind = "bcrypt"
		}
	}
	if kind == "argon2id" {
		return auth.NewArgon2idPasswords(), nil
	}
	return auth.NewPasswords(c.BcryptCost)
}

// limiter counts attempts to sign in: in Redis for all backends together, where there is one.
func limiter(c cache.Cache, now func() time.Time) auth.Limiter {
	own := auth.NewLocalLimiter(now)
	if shared := cache.LimitsOf(c); shared != nil {
		return auth.SharedLimiter{Shared: shared, Own: own}
	}
	return own
}

func apiLimits(c *config.Config) api.Limits {
	l := api.DefaultLimits()
	l.JSONBody, l.Artifact, l.Upload = c.Limits.JSONBody, c.Limits.Artifact, c.Limits.Upload
	l.Read, l.Write, l.Idle = c.Server.ReadTimeout, c.Server.WriteTimeout, c.Server.IdleTimeout
	return l
}

// drain lets the rows of the requests that were at hand be committed.
func (b *backend) drain() { b.writer.Close() }

// close ends what runs beside the requests.
func (b *backend) close() {
	b.background()
	b.running.Wait()
	b.answers.Close()
}
