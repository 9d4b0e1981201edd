package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/supervise"

	"github.com/ibutsu/ibutsu-go/checks/harness"
)

// lostDatabase kills PostgreSQL while clients post, and lets it come back. Until then the server says that it is not ready
// and refuses with 503; from then on nothing fails, and nothing that was acknowledged is lost.
func lostDatabase(ctx context.Context, program string) (said string, err error) {
	dir, err := os.MkdirTemp("", "ibutsu-operate-pg-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o711); err != nil { // the user that PostgreSQL runs as has to get through
		return "", err
	}
	starting, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	postgres, err := supervise.StartPostgres(starting, supervise.PostgresOptions{
		Dir: filepath.Join(dir, "data"), Log: filepath.Join(dir, "log"), Logger: zerolog.Nop(),
	})
	if err != nil {
		return "", err
	}
	defer func() {
		stopping, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		err = errors.Join(err, postgres.Stop(stopping))
	}()
	h, err := buildOn(program, postgres.URL(postgres.Database()))
	if err != nil {
		return "", err
	}
	defer h.close()
	address, err := freeAddress()
	if err != nil {
		return "", err
	}
	p, err := h.start(nil, nil, "serve", "--listen", address)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	if err := errors.Join(h.ready(ctx, address), h.signIn(ctx)); err != nil {
		return "", err
	}
	acknowledged, refused := 0, 0
	for range 3 {
		l := begin(ctx, "http://"+address, h.token, clients)
		err := errors.Join(l.more(ctx, 100), syscall.Kill(postgres.PID(), syscall.SIGKILL), unready(ctx, address))
		if err == nil {
			err = h.ready(ctx, address)
		}
		l.end()
		if err != nil {
			return "", err
		}
		if err := l.onlyUnavailable(); err != nil {
			return "", err
		}
		after := begin(ctx, "http://"+address, h.token, clients)
		err = after.more(ctx, 100)
		after.end()
		if err := errors.Join(err, after.failures(), l.kept(ctx, h.database), after.kept(ctx, h.database)); err != nil {
			return "", err
		}
		acknowledged += len(l.runs) + len(after.runs)
		refused += len(l.failed)
	}
	return fmt.Sprintf(": %d runs acknowledged and kept, %d requests refused with 503 meanwhile", acknowledged, refused), nil
}

// unready waits until /readyz says no.
func unready(ctx context.Context, address string) error {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	return harness.Await(ctx, "unreadiness", func() bool {
		resp, err := client.Get("http://" + address + "/readyz")
		return err == nil && resp.Body.Close() == nil && resp.StatusCode == http.StatusServiceUnavailable
	})
}
