// Command withpg runs a command with a temporary PostgreSQL:
//
//	go run ./checks/withpg go test ./...
//
// IBUTSU_TEST_DATABASE_URL holds the server's address for the command. Where that is set already, the command simply
// runs. The exit status is that of the command; the server and its data are gone afterwards.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/ibutsu/ibutsu-go/src/supervise"
)

const variable = "IBUTSU_TEST_DATABASE_URL"

func main() {
	status, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "withpg:", err)
		os.Exit(1)
	}
	os.Exit(status)
}

func run(args []string) (status int, err error) {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return 0, errors.New("usage: withpg COMMAND [ARGUMENT...]")
	}
	if os.Getenv(variable) != "" {
		return command(args, os.Environ())
	}
	dir, err := os.MkdirTemp("", "withpg-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o711); err != nil { // the user that PostgreSQL runs as has to get through
		return 0, err
	}
	starting, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	postgres, err := supervise.StartTemporaryPostgres(starting, dir, true)
	if err != nil {
		return 0, err
	}
	defer func() {
		stopping, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		err = errors.Join(err, postgres.Stop(stopping))
	}()
	return command(args, append(os.Environ(), variable+"="+postgres.URL("postgres")))
}

// command runs the command and hands on the signals that would otherwise end this process and leave the command alone.
func command(args, env []string) (int, error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			if s == syscall.SIGTERM { // an interrupt of the terminal reaches the command by itself
				_ = cmd.Process.Signal(s)
			}
		case err := <-ended:
			if exit, ok := errors.AsType[*exec.ExitError](err); ok {
				return max(exit.ExitCode(), 1), nil
			}
			return 0, err
		}
	}
}
