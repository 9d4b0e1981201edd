package api

import (
	"context"
	"encoding/json"
	"net"
	"sync"
	"sync/atomic"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/ibutsu/ibutsu-go/src/telemetry/health"
)

// Front is the HTTP server from the first moment of a process on. Until the API is opened it answers probes and lets
// everything else wait: who asks during a restart gets an answer a little later, and no refusal.
type Front struct {
	server *fasthttp.Server
	board  *health.Board
	app    atomic.Pointer[fiber.App]
	opened chan struct{}
	ended  chan struct{}
	once   sync.Once
}

// NewFront makes the server. It serves nothing yet.
func NewFront(l Limits, board *health.Board) *Front {
	f := &Front{board: board, opened: make(chan struct{}), ended: make(chan struct{})}
	// Fiber knows how its settings become those of the server below it.
	f.server = fiber.New(fiberConfig(l)).Server()
	// A connection that is answered while the server ends must not take another request with it.
	f.server.CloseOnShutdown = true
	f.server.NoDefaultServerHeader = true
	f.server.Handler = f.answer
	unopened := f.server.ErrorHandler
	f.server.ErrorHandler = func(c *fasthttp.RequestCtx, err error) {
		if app := f.app.Load(); app != nil {
			app.Server().ErrorHandler(c, err)
			return
		}
		unopened(c, err)
	}
	return f
}

// Open lets requests through to the API. It is called once.
func (f *Front) Open(app *fiber.App) {
	app.Handler() // builds the tree of routes
	f.app.Store(app)
	close(f.opened)
}

// Serve answers requests until Drain.
func (f *Front) Serve(l net.Listener) error { return f.server.Serve(l) }

// Drain takes no new connections and lets the requests at hand end. When ctx ends first, what is still at hand is given up.
func (f *Front) Drain(ctx context.Context) error {
	f.board.Draining()
	f.once.Do(func() { close(f.ended) })
	return f.server.ShutdownWithContext(ctx)
}

// The paths of the probes. They are outside of the contract, as the names that Kubernetes has made usual.
const (
	livePath    = "/livez"
	readyPath   = "/readyz"
	startedPath = "/startupz"
)

func (f *Front) answer(c *fasthttp.RequestCtx) {
	switch string(c.Path()) {
	case livePath:
		sendReport(c, f.board.Live())
		return
	case readyPath:
		sendReport(c, f.board.Ready(context.Background()))
		return
	case startedPath:
		sendReport(c, f.board.Started(context.Background()))
		return
	}
	if app := f.app.Load(); app != nil {
		app.Server().Handler(c)
		return
	}
	select {
	case <-f.opened:
		f.app.Load().Server().Handler(c)
	case <-f.ended:
		c.Response.Header.Set(fiber.HeaderRetryAfter, "2")
		c.Error("The server ends before it has started.\n", fiber.StatusServiceUnavailable)
	}
}

func sendReport(c *fasthttp.RequestCtx, r health.Report) {
	if !c.IsGet() && !c.IsHead() {
		c.Response.Header.Set(fiber.HeaderAllow, "GET, HEAD")
		c.SetStatusCode(fiber.StatusMethodNotAllowed)
		return
	}
	if r.Status != health.OK {
		c.SetStatusCode(fiber.StatusServiceUnavailable)
	}
	text, err := json.Marshal(r)
	if err != nil { // texts and numbers always can be
		text = nil
	}
	c.Response.Header.Set(fiber.HeaderCacheControl, "no-store")
	c.SetContentType(fiber.MIMEApplicationJSON)
	c.SetBody(append(text, '\n'))
}
