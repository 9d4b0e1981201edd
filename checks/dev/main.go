// Command dev runs Ibutsu while it is being worked on:
//
//	go run ./checks/dev [-state DIR] [-listen ADDRESS] [-page ADDRESS]
//
// It starts PostgreSQL, server, worker and scheduler, and Vite for the page, which shows a changed file at once. When a
// source of the server changes it builds anew, and hands the listener to the new server: no request fails. What does not
// build, or does not start, changes nothing. The page is left out with -page "".
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/supervise"
)

func main() {
	state := flag.String("state", filepath.Join(".ibutsu", "dev"), "folder of the database and of what is built")
	listen := flag.String("listen", "127.0.0.1:8080", "address of the server")
	page := flag.String("page", "127.0.0.1:5173", "address of the page; empty for none")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, *state, *listen, *page)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "dev:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir, listen, page string) (err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return err
	}
	state := supervise.State(dir)
	if err := state.Make(); err != nil {
		return err
	}
	lock, err := supervise.LockState(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	postgres, err := supervise.StartPostgres(ctx, supervise.PostgresOptions{
		Dir: state.Postgres(), Log: state.PostgresLog(), Bin: os.Getenv("IBUTSU_POSTGRES_BIN"), Logger: zerolog.Nop(),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopPostgres(postgres)) }()

	backend := "http://" + listener.Addr().String()
	s := &site{dir: dir, listener: listener, env: environment(dir, postgres.URL(postgres.Database()), backend, page)}
	defer s.stop()
	if err := s.renew(ctx); err != nil {
		return err
	}
	if page != "" {
		vite, err := startPage(page, backend)
		if err != nil {
			return err
		}
		defer vite.stop()
	}
	welcome(backend, page)
	watch(ctx, func() {
		if err := s.renew(ctx); err != nil && ctx.Err() == nil {
			fmt.Fprintf(os.Stderr, "dev: the server that runs goes on: %v\n", err)
		}
	})
	fmt.Println("dev: stopping")
	return nil
}

func stopPostgres(p *supervise.Postgres) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return p.Stop(ctx)
}

const (
	email    = "admin@example.com"
	password = "admin12345" // of a server that only this machine reaches
)

// environment is that of the server and its modules. What is set already stays.
func environment(state, database, backend, page string) []string {
	env := os.Environ()
	unlessSet := func(name, value string) {
		if os.Getenv(name) == "" {
			env = append(env, name+"="+value)
		}
	}
	env = append(env, "DATABASE_URL="+database, "IBUTSU_STATE_DIR="+state, "BACKEND_URL="+backend)
	if page != "" {
		env = append(env, "FRONTEND_URL=http://"+page)
	}
	unlessSet("IBUTSU_SUPERADMIN_EMAIL", email)
	unlessSet("IBUTSU_SUPERADMIN_PASSWORD", password)
	unlessSet("IBUTSU_SUPERADMIN_OWN_PROJECT", "my-project")
	return env
}

func welcome(backend, page string) {
	fmt.Println()
	if page != "" {
		fmt.Printf("    Page      http://%s/\n", page)
	}
	fmt.Printf("    Server    %s\n    API       %s/api/ui/\n", backend, backend)
	if os.Getenv("IBUTSU_SUPERADMIN_EMAIL") == "" {
		fmt.Printf("    Sign in   %s, %s\n", email, password)
	}
	fmt.Print("\n    A changed source is served by itself. Ctrl-C stops everything.\n\n")
}
