// Package api is Ibutsu's HTTP interface: the contract (contract), what every request passes (middleware), and one file for
// the operations of each resource. It holds no SQL and no rules of the write path; those are the rooms' behind it.
package api

import (
	"context"
	"encoding/json"
	"io/fs"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/api/middleware"
	"github.com/ibutsu/ibutsu-go/src/artifact"
	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/insight"
	"github.com/ibutsu/ibutsu-go/src/jobs"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/telemetry"
	"github.com/ibutsu/ibutsu-go/src/telemetry/metrics"
	"github.com/ibutsu/ibutsu-go/src/telemetry/tracing"
	"github.com/ibutsu/ibutsu-go/src/widget"
)

// Writer commits single rows (ingest.Writer).
type Writer interface {
	Result(ctx context.Context, r store.Result) error
	Run(ctx context.Context, r store.Run) error
	Artifact(ctx context.Context, a *store.Artifact) error
}

// Jobs adds work for later (jobs.Client).
type Jobs interface {
	Import(id, user uuid.UUID) func(context.Context, pgx.Tx) error
	RetryImport(ctx context.Context, id, user uuid.UUID) error
	CancelImport(ctx context.Context, id uuid.UUID, by string) error
	RunChanged(ctx context.Context, tx pgx.Tx, run uuid.UUID) error
	QueryPage(ctx context.Context, task, user uuid.UUID, page jobs.QueryRequest) error
	Start(ctx context.Context, task string, params json.RawMessage) (int64, error)
	JobAdministration
}

// Contents finds the content of an artifact (artifact.Library): length bytes from the first on, all where length < 0.
type Contents interface {
	// Keeps is where new contents go: postgresql, files or s3.
	Keeps() string
	Content(ctx context.Context, a store.Artifact, first, length int64) ([]byte, error)
}

// inDatabase finds contents where all are in the database.
type inDatabase struct{ *store.Store }

func (inDatabase) Keeps() string { return artifact.InPostgreSQL }

func (d inDatabase) Content(ctx context.Context, a store.Artifact, first, length int64) ([]byte, error) {
	return d.ArtifactContent(ctx, a.ID, first, length)
}

// Limits bound what a client may send, and how long it may take to.
type Limits struct {
	// JSONBody and Artifact bound a JSON body and the content of an artifact, Upload the file of an import; in bytes.
	JSONBody, Artifact, Upload int64
	// Uploads bounds the imports that come in at one time: each holds a database connection meanwhile.
	Uploads int
	// Headers bounds the request line and the headers together, in bytes.
	Headers int
	// Read bounds a request on its way in, but for the file of an import: there only a silence of this length ends it.
	// Write bounds an answer on its way out. Idle is how long a connection is kept between two requests.
	Read, Write, Idle time.Duration
}

// DefaultLimits are those of a server that nobody has configured.
func DefaultLimits() Limits {
	return Limits{
		JSONBody: 10 << 20, Artifact: 5 << 20, Upload: 2 << 30, Uploads: 8, Headers: 16 << 10,
		Read: 60 * time.Second, Write: 60 * time.Second, Idle: 120 * time.Second,
	}
}

// Options are what the API is made of. Widgets, Limits, Origins, Proxies, Now and NewID may be left out.
type Options struct {
	Store     *store.Store
	Writer    Writer
	Jobs      Jobs
	Directory *auth.Directory
	Accounts  *auth.Accounts
	Flow      *auth.Flow       // nil: no sign-in by providers
	Uses      *auth.Uses       // nil: nobody keeps when tokens were used
	Widgets   Widgets          // nil: computed anew each time
	Insight   *insight.Insight // nil: computed anew each time
	Ending    <-chan struct{}  // closed when the server drains, so that streams end; nil: never
	Limits    Limits           // zero: DefaultLimits
	Page      fs.FS            // the built page (web.Files); nil, or without index.html: no page
	Artifacts Contents         // nil: all contents are in the database
	Version   string           // of this build
	// FrontendURL is where the page is, BackendURL where this server is, as clients see them, without a slash at the end.
	FrontendURL, BackendURL string
	// Origins may use the API from a browser; none, or "*", means all.
	Origins []string
	// Proxies are the networks whose X-Forwarded-For, -Proto, -Host and Forwarded are believed.
	Proxies []netip.Prefix
	// Requests counts requests, Measurements are what /metrics answers to MetricsToken and superadmins; both may be nil.
	Requests     *metrics.Requests
	Measurements Measurements
	MetricsToken string
	Tracer       *tracing.Tracer // nil: nobody collects traces
	// Level is what superadmins turn; nil: one that nothing follows.
	Level *telemetry.Dial
	Log   zerolog.Logger
	Now   func() time.Time // nil: time.Now
	NewID func() uuid.UUID // nil: random
}

// Server answers the operations of the contract.
type Server struct {
	store       *store.Store
	writer      Writer
	jobs        Jobs
	directory   *auth.Directory
	accounts    *auth.Accounts
	flow        *auth.Flow
	uses        *auth.Uses
	widgets     Widgets
	insight     *insight.Insight
	permissions auth.Table
	limits      Limits
	version     string
	frontend    string
	backend     string
	base        string // the path below which clients see this server, without a slash at the end; mostly ""
	contract    *contract.Document
	log         zerolog.Logger
	now         func() time.Time
	newID       func() uuid.UUID
	uploading   chan struct{} // a place for each import that comes in
	receiving   chan struct{} // a place for each artifact that comes in
	runProjects *runProjects
	contents    Contents
	feed        *feed
	resultsOf   *gathered
	page        fiber.Handler // nil when the binary was built without it
	level       *telemetry.Dial
	ending      <-chan struct{}
}

var _ contract.ServerInterface = (*Server)(nil)

// New makes the API as a Fiber app, ready to listen.
func New(o Options) (*fiber.App, error) {
	document, err := contract.Load()
	if err != nil {
		return nil, err
	}
	s := &Server{
		store: o.Store, writer: o.Writer, jobs: o.Jobs, directory: o.Directory, accounts: o.Accounts, flow: o.Flow, uses: o.Uses, widgets: o.Widgets, insight: o.Insight, permissions: auth.Permissions(),
		limits: o.Limits, version: o.Version, frontend: o.FrontendURL, backend: o.BackendURL, contract: document, log: o.Log, now: o.Now, newID: o.NewID,
	}
	s.base = BasePath(o.BackendURL)
	if s.limits == (Limits{}) {
		s.limits = DefaultLimits()
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.widgets == nil {
		s.widgets = widget.New(widget.Options{Store: s.store, Now: s.now})
	}
	if s.insight == nil {
		s.insight = insight.New(insight.Options{Store: s.store, Now: s.now})
	}
	if s.newID == nil {
		s.newID = uuid.New
	}
	if s.contents = o.Artifacts; s.contents == nil {
		s.contents = inDatabase{s.store}
	}
	if s.level, s.ending = o.Level, o.Ending; s.level == nil {
		s.level = telemetry.NewDial(new(telemetry.Level), nil)
	}
	s.feed = newFeed(s.store.Versions, o.Ending)
	s.resultsOf = &gathered{read: s.store.ResultProjects}
	s.runProjects = newRunProjects(s.store.RunProject, s.now)
	s.uploading = make(chan struct{}, s.limits.Uploads)
	s.receiving = make(chan struct{}, uploadsInMemory)
	app := fiber.New(s.config())

	requests := o.Requests
	if requests == nil {
		requests = metrics.NewRequests()
	}
	app.Use(
		middleware.Proxy(o.Proxies),
		middleware.RequestID(middleware.RequestIDs()),
	)
	if o.Tracer != nil { // without one, requests do not even pass it
		app.Use(middleware.Trace(o.Tracer))
	}
	app.Use(
		middleware.Measure(requests, s.now),
		middleware.AccessLog(s.log, s.now, userOf),
		middleware.CORS(o.Origins),
		middleware.Recover(s.log),
		middleware.Body(),
		safe,
	)
	if err := s.pages(app); err != nil {
		return nil, err
	}
	if err := s.frontendFiles(app, o.Page); err != nil {
		return nil, err
	}
	if o.Measurements != nil {
		app.Get(metricsPath, s.metrics(o.Measurements, o.MetricsToken))
	}
	operations := routes{app, s}
	// Before /widget/{id}, which would take it for the name of a widget.
	operations.Get(contract.BasePath+"/widget/types", (&contract.ServerInterfaceWrapper{Handler: s}).GetWidgetTypes)
	contract.RegisterHandlersWithOptions(operations, s, contract.FiberServerOptions{BaseURL: contract.BasePath})
	app.Post(runTaskPath, s.runTask)
	app.Use(s.unknown)
	return app, nil
}

func (s *Server) config() fiber.Config {
	c := fiberConfig(s.limits)
	c.ErrorHandler = s.fail
	// Fiber believes what middleware.Proxy leaves.
	c.EnableTrustedProxyCheck = false
	return c
}

// fiberConfig is what is the same for all servers.
func fiberConfig(l Limits) fiber.Config {
	return fiber.Config{
		AppName:                      "ibutsu",
		BodyLimit:                    int(l.JSONBody),
		CaseSensitive:                true,
		DisablePreParseMultipartForm: true,
		DisableStartupMessage:        true,
		IdleTimeout:                  l.Idle,
		ReadBufferSize:               l.Headers,
		ReadTimeout:                  l.Read,
		StreamRequestBody:            true,
		StrictRouting:                true,
		WriteTimeout:                 l.Write,
	}
}

// BasePath is the path of a server's address, without a slash at the end: where a proxy shows it.
func BasePath(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(u.EscapedPath(), "/")
}

// safe sets what every answer has, whatever is in it.
func safe(c *fiber.Ctx) error {
	c.Response().Header.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	// Answers are somebody's own, and change. What may be kept says so itself.
	c.Response().Header.Set(fiber.HeaderCacheControl, "no-store")
	return c.Next()
}
