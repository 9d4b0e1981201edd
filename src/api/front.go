package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/ibutsu/ibutsu-go/src/telemetry/health"
)

// Front is the HTTP server from the first moment of a process on. Until the API is opened it answers probes and lets
// everything else wait: who asks during a restart gets an answer a little later, and no refusal.
type Front struct {
	server *fasthttp.Server
	board  *health.Board
	base   string
	app    atomic.Pointer[fiber.App]
	opened chan struct{}
	ended  chan struct{}
	once   sync.Once

	mutex     sync.Mutex
	listeners []*onceClosed
}

// NewFront makes the server. It serves nothing yet. base is the path below which a proxy shows it: such a proxy may take
// it off or leave it on, so requests come with it and without.
func NewFront(l Limits, board *health.Board, base string) *Front {
	f := &Front{board: board, base: base, opened: make(chan struct{}), ended: make(chan struct{})}
	// Fiber knows how its settings become those of the server below it.
	f.server = fiber.New(fiberConfig(l)).Server()
	// A connection that is answered while the server ends must not take another request with it.
	f.server.CloseOnShutdown = true
	f.server.NoDefaultServerHeader = true
	f.server.Handler = f.answer
	unopened := f.server.ErrorHandler
	f.server.ErrorHandler = func(c *fasthttp.RequestCtx, err error) {
		err = withoutRequest(err)
		if app := f.app.Load(); app != nil {
			app.Server().ErrorHandler(c, err)
			return
		}
		unopened(c, err)
	}
	return f
}

var errUnreadable = errors.New("the request cannot be read: it is not HTTP, or has a header that makes no sense")

// withoutRequest is the fault of a request that cannot be read, without what was read of it: there may be a token in it, and
// answers are kept in many places. Faults that say nothing of the request stay what they are; Fiber has a status for each.
func withoutRequest(err error) error {
	var timeout net.Error
	switch {
	case errors.As(err, new(*fasthttp.ErrSmallBuffer)), errors.As(err, &timeout),
		errors.Is(err, fasthttp.ErrBodyTooLarge), errors.Is(err, fasthttp.ErrGetOnly), errors.Is(err, fasthttp.ErrTimeout):
		return err
	}
	return errUnreadable
}

// Open lets requests through to the API. It is called once.
func (f *Front) Open(app *fiber.App) {
	app.Handler() // builds the tree of routes
	f.app.Store(app)
	close(f.opened)
}

// Serve answers requests until Drain.
func (f *Front) Serve(l net.Listener) error {
	closed := &onceClosed{Listener: l}
	f.mutex.Lock()
	f.listeners = append(f.listeners, closed)
	f.mutex.Unlock()
	return f.server.Serve(closed)
}

// onceClosed is closed by us before the server closes it, which takes a second time for a fault.
type onceClosed struct {
	net.Listener
	once sync.Once
	err  error
}

func (l *onceClosed) Close() error {
	l.once.Do(func() { l.err = l.Listener.Close() })
	return l.err
}

// farewell is how long clients that keep their connection may come with another request, whose answer tells them that it
// was the last. Closing at once would take a request with it that is on its way.
const farewell = 300 * time.Millisecond

// Drain takes no new connections and lets the requests at hand end. When ctx ends first, what is still at hand is given up.
func (f *Front) Drain(ctx context.Context) error {
	f.board.Draining()
	f.once.Do(func() {
		close(f.ended)
		f.mutex.Lock()
		defer f.mutex.Unlock()
		for _, l := range f.listeners {
			_ = l.Close()
		}
		f.sayFarewell(ctx)
	})
	return f.server.ShutdownWithContext(ctx)
}

func (f *Front) sayFarewell(ctx context.Context) {
	over := time.NewTimer(farewell)
	defer over.Stop()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for f.server.GetOpenConnectionsCount() >= 0 { // it leaves out one for the listener, which is gone
		select {
		case <-look.C:
		case <-over.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// Ending is closed when the server begins to drain.
func (f *Front) Ending() <-chan struct{} { return f.ended }

func (f *Front) draining() bool {
	select {
	case <-f.ended:
		return true
	default:
		return false
	}
}

// The paths of the probes. They are outside of the contract, as the names that Kubernetes has made usual.
const (
	livePath    = "/livez"
	readyPath   = "/readyz"
	startedPath = "/startupz"
)

func (f *Front) answer(c *fasthttp.RequestCtx) {
	if f.draining() {
		defer c.SetConnectionClose()
	}
	if f.base != "" {
		if below, ok := bytes.CutPrefix(c.RequestURI(), []byte(f.base)); ok && (len(below) == 0 || below[0] == '/' || below[0] == '?') {
			c.Request.SetRequestURI("/" + strings.TrimPrefix(string(below), "/"))
		}
	}
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
