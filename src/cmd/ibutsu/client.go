package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"

	ibutsu "github.com/ibutsu/ibutsu-go"
	"github.com/ibutsu/ibutsu-go/src/cmd/ibutsu/push"
)

// Exit codes of import and push, beside 1 (a file was refused, or its import failed) and 2 (wrong usage).
const (
	exitUnreachable  = 3
	exitUnauthorized = 4
	exitTimeout      = 5
	exitInterrupted  = 130
)

// exitCodes is the part of the help that lists them.
const exitCodes = `Exit codes:
  0    everything was imported
  1    a file was refused, or its import failed; the reason is printed
  2    wrong usage
  3    the server could not be reached
  4    the token is missing, wrong, or may not do this
  5    an import did not end within --timeout
  130  interrupted`

// clientFlags say which server to send to, and what to say about the files.
type clientFlags struct {
	Server    string        `placeholder:"URL" from:"IBUTSU_SERVER IBUTSU_URL" help:"Address of the server, with or without /api; the address in IBUTSU_MODE when that is one" shown-default:"http://127.0.0.1:8080"`
	Token     string        `placeholder:"T" from:"IBUTSU_TOKEN" help:"API token; better in the environment, where others do not see it"`
	TokenFile string        `placeholder:"FILE" from:"IBUTSU_TOKEN_FILE" help:"File with the token alone in it"`
	CAFile    string        `name:"ca-file" placeholder:"FILE" from:"IBUTSU_CA_BUNDLE REQUESTS_CA_BUNDLE" help:"Certificates to trust beside those of the system"`
	Source    string        `placeholder:"S" from:"IBUTSU_SOURCE" help:"Source of the runs; that of the file when left out"`
	Data      []string      `placeholder:"K=V" sep:"none" help:"Metadata for the runs; may be repeated, dots nest" shown-env:"IBUTSU_DATA"`
	Wait      bool          `default:"true" negatable:"" help:"Wait for the imports to end" shown-default:"yes"`
	Timeout   time.Duration `default:"30m" placeholder:"TIME" help:"How long to wait for an import to end"`
	RetryFor  time.Duration `default:"2m" placeholder:"TIME" help:"How long to try again when the server is away or busy"`
	Quiet     bool          `short:"q" help:"Say only what went wrong"`
}

// delivery makes the delivery that the flags describe.
func (f *clientFlags) delivery(c *console, project string) (*push.Delivery, error) {
	server, err := f.server(c)
	if err != nil {
		return nil, err
	}
	token, err := f.token()
	if err != nil {
		return nil, err
	}
	pairs := f.Data
	if len(pairs) == 0 {
		if pairs, err = push.Words(c.getenv("IBUTSU_DATA")); err != nil {
			return nil, fmt.Errorf("IBUTSU_DATA: %w", err)
		}
	}
	metadata, err := push.Metadata(pairs, c.getenv)
	if err != nil {
		return nil, fmt.Errorf("--data: %w", err)
	}
	transport, err := f.transport()
	if err != nil {
		return nil, err
	}
	limit := f.Timeout
	if !f.Wait {
		limit = 0
	}
	show := f.display(c)
	return &push.Delivery{
		Client: &push.Client{
			Server: server, Token: token, Patience: f.RetryFor, Stall: time.Minute, Clock: push.SystemClock{},
			UserAgent: "ibutsu/" + ibutsu.Version(), Notice: show.Note,
			HTTP: &http.Client{
				Transport: transport,
				// A POST that follows a redirect becomes a GET, and the token would go to whoever is named there.
				CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			},
		},
		Project: project, Source: f.Source, Metadata: metadata, Limit: limit, NewID: uuid.NewString, Show: show,
	}, nil
}

func (f *clientFlags) server(c *console) (string, error) {
	text := f.Server
	if mode := c.getenv("IBUTSU_MODE"); text == "" && strings.HasPrefix(mode, "http") {
		text = mode // the variable in which pytest-ibutsu has the address
	}
	if text == "" {
		text = "http://127.0.0.1:8080"
	}
	server, err := push.ParseServer(text)
	if err != nil {
		return "", fmt.Errorf("--server (IBUTSU_SERVER) %w", err)
	}
	return server, nil
}

func (f *clientFlags) token() (string, error) {
	if f.Token != "" || f.TokenFile == "" {
		return strings.TrimSpace(f.Token), nil
	}
	text, err := os.ReadFile(f.TokenFile)
	if err != nil {
		return "", fmt.Errorf("--token-file: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

func (f *clientFlags) transport() (*http.Transport, error) {
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 2 * time.Minute,
		IdleConnTimeout:       30 * time.Second,
		ForceAttemptHTTP2:     true,
	}
	if f.CAFile == "" {
		return transport, nil
	}
	pem, err := os.ReadFile(f.CAFile)
	if err != nil {
		return nil, fmt.Errorf("--ca-file: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("--ca-file: there is no certificate (PEM) in %s", f.CAFile)
	}
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return transport, nil
}

func (f *clientFlags) display(c *console) push.Display {
	plain := push.Plain{Out: c.out, Err: c.err, Quiet: f.Quiet}
	if c.errTerminal && !f.Quiet && c.getenv("TERM") != "dumb" {
		return &push.Bar{Plain: plain, Terminal: c.err, Width: c.width, Now: c.now}
	}
	return &plain
}

// errInterrupted is the cause of a context that Ctrl-C has ended.
var errInterrupted = errors.New("interrupted")

// deliver sends files until it is done or interrupted, and gives the error with its exit code.
func deliver(ctx context.Context, d *push.Delivery, files []string) (push.Outcome, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	go func() {
		select {
		case <-signals:
			cancel(errInterrupted)
		case <-ctx.Done():
		}
	}()
	outcome, err := d.Deliver(ctx, files)
	if err != nil {
		return outcome, err
	}
	return outcome, coded(outcome)
}

// coded gives the outcome its exit code.
func coded(o push.Outcome) error {
	code := exitFailed
	switch {
	case o.Err == nil:
		return nil
	case errors.Is(o.Err, errInterrupted):
		code = exitInterrupted
	case errors.Is(o.Err, push.ErrUnauthorized):
		code = exitUnauthorized
	case errors.Is(o.Err, push.ErrUnreachable):
		code = exitUnreachable
	case errors.Is(o.Err, push.ErrTimeout):
		code = exitTimeout
	}
	return failure{code, fmt.Errorf("%d imported, %d failed, %d kept for later", o.Delivered, o.Failed, o.Kept)}
}
