package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"strconv"
	"syscall"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/checks/harness"
)

// rounds is how often the server is restarted.
const rounds = 20

// clients is how many post and read meanwhile.
const clients = 8

// succeed has a server hand its listener over to a new process, again and again.
func succeed(ctx context.Context, program string) (said string, err error) {
	h, err := build(ctx, program)
	if err != nil {
		return "", err
	}
	defer h.close()
	address, err := freeAddress()
	if err != nil {
		return "", err
	}
	first, err := h.start(nil, nil, "serve", "--listen", address)
	if err != nil {
		return "", err
	}
	pid := first.Process.Pid
	defer func() { err = errors.Join(err, end(pid)) }()
	if err := errors.Join(h.ready(ctx, address), h.signIn(ctx)); err != nil {
		return "", err
	}
	l := begin(ctx, "http://"+address, h.token, clients)
	for round := range rounds {
		if err := l.more(ctx, 20); err != nil {
			l.end()
			return "", err
		}
		next, err := h.successor(ctx, pid, round+1)
		if err != nil {
			l.end()
			return "", err
		}
		pid = next
	}
	err = l.more(ctx, 20)
	l.end()
	return fmt.Sprintf(": %d requests, %d failed", l.requests, len(l.failed)), errors.Join(err, l.failures(), l.kept(ctx, h.database))
}

var successorLine = regexp.MustCompile(`process (\d+) serves from now on`)

// successor asks a process for its nth successor, and waits until it has taken over and the old one is gone.
func (h *house) successor(ctx context.Context, pid, nth int) (int, error) {
	if err := syscall.Kill(pid, syscall.SIGUSR2); err != nil {
		return 0, err
	}
	next := 0
	err := harness.Await(ctx, "a successor", func() bool {
		raw, err := os.ReadFile(h.log.Name())
		if err != nil {
			return false
		}
		if found := successorLine.FindAllSubmatch(raw, -1); len(found) == nth {
			next, _ = strconv.Atoi(string(found[nth-1][1]))
		}
		return next != 0
	})
	return next, errors.Join(err, harness.Await(ctx, "the end of the old process", func() bool { return !alive(pid) }))
}

// alive tells whether a process runs; one that only waits to be noticed does not.
func alive(pid int) bool {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !regexp.MustCompile(`\) Z `).Match(raw)
}

// end stops a process that is not a child of ours.
func end(pid int) error {
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return err
	}
	return harness.Await(context.Background(), "the end of the server", func() bool { return !alive(pid) })
}

// restart ends a server and starts another, again and again, on a socket that stays open meanwhile.
func restart(ctx context.Context, program string) (said string, err error) {
	h, err := build(ctx, program)
	if err != nil {
		return "", err
	}
	defer h.close()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer socket.Close()
	p, err := h.start(socket, nil, "serve")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	if err := errors.Join(h.ready(ctx, socket.Addr().String()), h.signIn(ctx)); err != nil {
		return "", err
	}
	l := begin(ctx, "http://"+socket.Addr().String(), h.token, clients)
	for range rounds {
		if err := errors.Join(l.more(ctx, 20), p.stop()); err != nil {
			l.end()
			return "", err
		}
		if p, err = h.start(socket, nil, "serve"); err != nil {
			l.end()
			return "", err
		}
	}
	err = l.more(ctx, 20)
	l.end()
	return fmt.Sprintf(": %d requests, %d failed", l.requests, len(l.failed)), errors.Join(err, l.failures(), l.kept(ctx, h.database))
}

func missingRuns(ctx context.Context, database string, ids []string) ([]string, error) {
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, _ := conn.Query(ctx, `SELECT id::text FROM unnest($1::text[]) AS sent (id) WHERE NOT EXISTS (SELECT 1 FROM runs WHERE runs.id::text = sent.id)`, ids)
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
