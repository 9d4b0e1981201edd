// Package worker is the module that works on jobs.
package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/rs/zerolog"

	ibutsu "github.com/ibutsu/ibutsu-go"
	"github.com/ibutsu/ibutsu-go/modules/importers"
	"github.com/ibutsu/ibutsu-go/modules/service"
	"github.com/ibutsu/ibutsu-go/src/artifact"
	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/importer"
	"github.com/ibutsu/ibutsu-go/src/jobs"
	"github.com/ibutsu/ibutsu-go/src/mail"
	"github.com/ibutsu/ibutsu-go/src/plugin"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/telemetry"
	"github.com/ibutsu/ibutsu-go/src/telemetry/metrics"
	"github.com/ibutsu/ibutsu-go/src/widget"
)

// Options are what the worker cannot know by itself.
type Options struct {
	// Encode writes pages as the API does.
	Encode jobs.Encoder
	// Log is where lines go to, for the host to read.
	Log io.Writer
	// RuntimeDir is a private folder for the sockets of importers, Environment is all that these get.
	RuntimeDir  string
	Environment []string
}

// New makes the module.
func New(o Options) plugin.Module {
	return service.New("worker", o.Log, func(ctx context.Context, c config.Config, about service.About) (service.Service, error) {
		log := about.Log
		s, err := service.OpenStore(ctx, c, about)
		if err != nil {
			return nil, err
		}
		formats, err := importers.Discover(ctx, importers.Options{
			Dir: c.Server.PluginDir, RuntimeDir: o.RuntimeDir, Environment: o.Environment, Log: log,
		})
		if err != nil {
			s.Close()
			return nil, err
		}
		post, err := post(c.Mail)
		if err != nil {
			s.Close()
			return nil, err
		}
		library, err := artifact.Open(&c, s)
		if err != nil {
			s.Close()
			return nil, err
		}
		w, err := jobs.NewWorker(jobs.WorkerOptions{
			Store: s,
			// Whoever puts an importer into the folder wants it to be asked first.
			Formats: append(formats, importer.Builtin()...),
			Limits:  limits(c.Limits),
			Encode:  o.Encode,
			Imports: c.Jobs.Concurrency,
			Log:     log,
			Slog:    telemetry.Slog(log),
			Version: ibutsu.Version(),
			Post:    post,
			Tracer:  about.Tracer,

			Addresses: auth.Addresses{Backend: c.Server.BackendURL, Frontend: c.Server.FrontendURL},

			Artifacts: library,

			TallyWishes: func(ctx context.Context) error { return tendTallies(ctx, s, c.Jobs.TallyFields, log) },
		})
		if err == nil {
			err = w.Start(ctx)
		}
		if err != nil {
			s.Close()
			return nil, fmt.Errorf("starting the worker: %w", err)
		}
		return &running{Worker: w, store: s}, nil
	})
}

// post is who sends the mails; nil where mail is not set up.
func post(c config.Mail) (jobs.Post, error) {
	if !c.Sends() {
		return nil, nil
	}
	return mail.NewSender(c, time.Now)
}

// running is a worker and the store that is its own.
type running struct {
	*jobs.Worker
	store *store.Store
}

func (r *running) Close() { r.store.Close() }

func (r *running) Measure() []metrics.Family { return append(r.store.Measure(), r.Worker.Measure()...) }

// tendTallies proposes tallies for what dashboards often count, makes them where that is allowed, and forgets what was counted
// without one.
func tendTallies(ctx context.Context, s *store.Store, build bool, log zerolog.Logger) error {
	proposals, err := widget.TallyWishes(ctx, s, build)
	for _, p := range proposals {
		said := "dashboards often group by this field of the metadata; a tally would answer them at once (setting tally_fields)"
		if p.Tallied {
			said = "a tally was made for a field that dashboards often group by"
		}
		log.Info().Str("field", p.Field).Int64("asked", p.Asked).Dur("took", p.Took).Msg(said)
	}
	return errors.Join(err, widget.ForgetCountedDays(ctx, s, time.Now().Add(-widget.CountedDaysLive)))
}

func limits(c config.Limits) importer.Limits {
	return importer.Limits{Upload: c.Upload, Unpacked: c.Unpacked, Members: c.Members, Artifact: c.ImportArtifact}
}
