// Command withserver runs a command against a server that it starts for it:
//
//	go run ./checks/withserver [-redis] [-mail] [-binary FILE] COMMAND [ARGUMENT...]
//
// In the arguments {url} is the server's address without /api, {token} a superadmin's token and {token-file} a file that
// holds it; IBUTSU_URL, IBUTSU_TOKEN and IBUTSU_TOKEN_FILE say the same; IBUTSU_SERVER_LOG names its log and,
// with -mail, IBUTSU_MAILS the file to which its mails go. The server has a private state folder, gone afterwards. The exit status is that of the command; it is 1 when the server did
// not stop in good order.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/ibutsu/ibutsu-go/checks/harness"
)

func main() {
	redis := flag.Bool("redis", false, "give the server a Redis as well")
	mail := flag.Bool("mail", false, "give it a mail server")
	binary := flag.String("binary", "", "the server's program (default bin/ibutsu)")
	flag.Parse()
	status, err := run(*binary, *redis, *mail, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "withserver:", err)
		os.Exit(1)
	}
	os.Exit(status)
}

func run(binary string, redis, mail bool, args []string) (status int, err error) {
	if len(args) == 0 {
		return 0, errors.New("usage: withserver [-redis] [-mail] COMMAND [ARGUMENT...]")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	options := harness.Options{Binary: binary}
	if redis {
		r, err := harness.StartRedis(ctx)
		if err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, r.Stop()) }()
		options.Env = append(options.Env, "REDIS_URL="+r.URL)
	}
	mails := ""
	if mail {
		m, err := harness.StartMail()
		if err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, m.Stop()) }()
		options.Env = append(options.Env, m.Env...)
		mails = m.File
	}
	server, err := harness.Start(ctx, options)
	if err != nil {
		return 0, err
	}
	defer func() {
		if status != 0 {
			fmt.Fprintln(os.Stderr, "The end of the server's log:\n"+server.LogTail(15))
		}
		err = errors.Join(err, server.Close())
	}()
	tokenFile := filepath.Join(server.State, "check.token")
	if err := os.WriteFile(tokenFile, []byte(server.Token), 0o600); err != nil {
		return 0, err
	}
	fill := strings.NewReplacer("{url}", server.URL, "{token}", server.Token, "{token-file}", tokenFile)
	for i := range args {
		args[i] = fill.Replace(args[i])
	}
	command := exec.CommandContext(ctx, args[0], args[1:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.Env = append(os.Environ(), "IBUTSU_URL="+server.URL, "IBUTSU_TOKEN="+server.Token,
		"IBUTSU_TOKEN_FILE="+tokenFile, "IBUTSU_MAILS="+mails, "IBUTSU_SERVER_LOG="+server.LogFile())
	err = command.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return max(exit.ExitCode(), 1), nil
	}
	return 0, err
}
