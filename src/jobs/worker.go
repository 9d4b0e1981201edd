package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"
	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/artifact"
	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/importer"
	"github.com/ibutsu/ibutsu-go/src/ingest"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/telemetry/metrics"
	"github.com/ibutsu/ibutsu-go/src/telemetry/tracing"
)

// WorkerOptions say what a worker works with.
type WorkerOptions struct {
	Store   *store.Store
	Formats []importer.Format
	Limits  importer.Limits
	Encode  Encoder
	// Imports is how many imports run at once; 0 means 2.
	Imports int
	Log     zerolog.Logger
	// Post sends mails, whose links begin with Addresses; nil: mails wait for a worker that can.
	Post      Post
	Addresses auth.Addresses
	// TallyWishes looks after the fields that dashboards count; nil: nobody does.
	TallyWishes func(context.Context) error
	// Slog receives what the job queue itself has to say from warnings on; nil discards it.
	Slog *slog.Logger
	Now  func() time.Time
	// Version is what administrators see.
	Version string
	// Artifacts keeps the contents of artifacts; nil: the database does.
	Artifacts *artifact.Library
	// Tracer begins traces; nil: nobody collects any.
	Tracer *tracing.Tracer
}

// keeper is nil itself where there is no library: an interface that holds nil would be asked.
func (o WorkerOptions) keeper() ingest.Keeper {
	if o.Artifacts == nil {
		return nil
	}
	return o.Artifacts
}

// Worker works on jobs until it is stopped. Several may run against one database.
type Worker struct {
	id    string
	store *store.Store
	river *river.Client[pgx.Tx]
	lease *lease
	beat  *heartbeat
	log   zerolog.Logger

	working *working
	imports *importMeasures

	stop    context.CancelFunc
	running sync.WaitGroup
}

// suffixes are the ends of file names that formats of third parties read: the built-in ones are known to everybody.
func suffixes(formats []importer.Format) []string {
	var all []string
	for _, f := range formats {
		if claims, ok := f.(interface{ Suffixes() []string }); ok {
			all = append(all, claims.Suffixes()...)
		}
	}
	return all
}

// NewWorker makes a worker; Start lets it work.
func NewWorker(o WorkerOptions) (*Worker, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Imports == 0 {
		o.Imports = 2
	}
	if o.Slog == nil {
		o.Slog = slog.New(slog.DiscardHandler)
	}
	client, err := NewClient(o.Store)
	if err != nil {
		return nil, err
	}
	client.now = o.Now
	w := &Worker{id: "worker-" + uuid.NewString(), store: o.Store, log: o.Log, working: newWorking(o.Tracer), imports: newImportMeasures()}
	workers := river.NewWorkers()
	river.AddWorker(workers, &importWorker{
		store: o.Store, client: client, formats: o.Formats, limits: o.Limits, keeper: o.keeper(), log: o.Log, measures: w.imports,
	})
	river.AddWorker(workers, &clearImport{store: o.Store})
	river.AddWorker(workers, &updateRun{store: o.Store})
	river.AddWorker(workers, &syncRuns{store: o.Store, client: client, now: o.Now})
	river.AddWorker(workers, &addResultStartTime{store: o.Store})
	river.AddWorker(workers, &queryPage{store: o.Store, encode: o.Encode, log: o.Log})
	river.AddWorker(workers, &seedUsers{store: o.Store})
	river.AddWorker(workers, &recountRollups{store: o.Store, log: o.Log})
	river.AddWorker(workers, &tallyWishes{tend: o.TallyWishes})
	river.AddWorker(workers, &sendMail{store: o.Store, post: o.Post, at: o.Addresses, now: o.Now, log: o.Log})
	river.AddWorker(workers, &tidyAccounts{store: o.Store, now: o.Now, log: o.Log})
	river.AddWorker(workers, &moveArtifacts{library: o.Artifacts, store: o.Store, log: o.Log})
	river.AddWorker(workers, &sweepArtifacts{library: o.Artifacts, now: o.Now, log: o.Log})
	addPruners(workers, o.Store, o.Now, o.Log)

	w.lease = &lease{store: o.Store, holder: w.id, log: o.Log}
	room := map[string]int{queueDefault: 4, queueImports: o.Imports, queueQueries: 2, queueMaintenance: 1, queueMail: 2}
	w.beat = newHeartbeat(o.Store, w.id, "worker", o.Version, room, o.Log)
	w.beat.row.Suffixes = suffixes(o.Formats)
	queues := map[string]river.QueueConfig{}
	for queue, most := range room {
		queues[queue] = river.QueueConfig{MaxWorkers: most}
	}
	w.river, err = river.NewClient(riverpgxv5.New(o.Store.Pool()), &river.Config{
		ID:      w.id,
		Logger:  slog.New(warnings{o.Slog.Handler()}),
		Workers: workers,
		Queues:  queues,
		// An upload should not wait for the tenth of a second that is the library's own pause between two looks.
		FetchCooldown: 20 * time.Millisecond,
		// Kept long enough to look at, not so long that the queue's own table grows heavy.
		CompletedJobRetentionPeriod: 6 * time.Hour,
		JobTimeout:                  2 * time.Minute,
		ErrorHandler:                &errorLog{o.Log},
		Middleware:                  []rivertype.Middleware{w.working},
	})
	if err != nil {
		return nil, fmt.Errorf("jobs: worker: %w", err)
	}
	return w, nil
}

// Start begins to work: first of all on what a killed worker left.
func (w *Worker) Start(ctx context.Context) error {
	if err := w.lease.take(ctx); err != nil {
		return fmt.Errorf("jobs: start worker: %w", err)
	}
	if _, err := w.store.RescueJobs(ctx); err != nil {
		w.lease.drop() // its connection would keep the store from being closed
		return fmt.Errorf("jobs: start worker: %w", err)
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	w.stop = stop
	if err := w.river.Start(running); err != nil {
		stop()
		w.lease.drop()
		return fmt.Errorf("jobs: start worker: %w", err)
	}
	w.running.Go(func() { w.keep(running) })
	w.running.Go(func() { w.beat.run(running) })
	return nil
}

// keep holds the lease and takes over the jobs of workers that died.
func (w *Worker) keep(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := w.lease.keep(ctx); err != nil {
			w.log.Warn().Err(err).Msg("the worker's lease is lost; trying to take it again")
			continue
		}
		switch n, err := w.store.RescueJobs(ctx); {
		case err != nil && ctx.Err() == nil:
			w.log.Warn().Err(err).Msg("cannot look for jobs of dead workers")
		case n > 0:
			w.log.Warn().Int64("jobs", n).Msg("took over jobs of a worker that died")
		}
	}
}

// Stop takes no new jobs and waits for the running ones until ctx ends; then they are handed back. Nothing is lost either way.
func (w *Worker) Stop(ctx context.Context) error {
	if w.stop == nil {
		return nil
	}
	err := w.river.Stop(ctx)
	if err != nil {
		hurry, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = w.river.StopAndCancel(hurry)
	}
	w.stop()
	w.running.Wait()
	// Last, so that no other worker takes a job that this one was still ending.
	w.lease.drop()
	return err
}

// Healthy says whether the worker can do its work: the database answers, and the lease is held.
func (w *Worker) Healthy(ctx context.Context) error {
	if err := w.store.Ping(ctx); err != nil {
		return err
	}
	if !w.lease.held() {
		return errors.New("the worker's lease is lost")
	}
	return nil
}

// Measure is what the worker counts.
func (w *Worker) Measure() []metrics.Family {
	return append(w.imports.families(), w.working.took.Family())
}

// Stats are numbers that say what the worker does.
func (w *Worker) Stats(ctx context.Context) (map[string]int64, error) {
	return w.store.JobCounts(ctx)
}

type errorLog struct{ log zerolog.Logger }

func (e *errorLog) HandleError(ctx context.Context, job *jobRow, err error) *river.ErrorHandlerResult {
	e.log.Error().Ctx(ctx).Err(err).Int64("job", job.ID).Str("kind", job.Kind).Int("attempt", job.Attempt).Msg("job failed")
	return nil
}

func (e *errorLog) HandlePanic(ctx context.Context, job *jobRow, value any, trace string) *river.ErrorHandlerResult {
	e.log.Error().Ctx(ctx).Interface("panic", value).Str("stack", trace).Int64("job", job.ID).Str("kind", job.Kind).Msg("job panicked")
	return nil
}

// warnings passes on what is at least a warning: the queue's own counts, every few seconds, bury the rest of the log.
type warnings struct{ slog.Handler }

func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}
