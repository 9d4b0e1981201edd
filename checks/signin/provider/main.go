// Command provider is the OpenID Connect provider of the checks: the certified server library of Zitadel, with its own example
// of a login page and of storage in memory.
//
//	provider LISTEN CLIENT SECRET USERS REDIRECT...
//
// LISTEN is 127.0.0.1:PORT, the issuer http://LISTEN/, USERS a JSON file of users in the form of the library's storage. The
// client may come back to each REDIRECT.
package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "provider:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 5 {
		return fmt.Errorf("usage: provider LISTEN CLIENT SECRET USERS REDIRECT...")
	}
	listen, client, secret, file := args[0], args[1], args[2], args[3]
	users, err := storage.StoreFromFile(file)
	if err != nil {
		return err
	}
	storage.RegisterClients(storage.WebClient(client, secret, args[4:]...))
	handler := exampleop.SetupServer("http://"+listen+"/", storage.NewStorage(users), slog.New(slog.NewTextHandler(os.Stderr, nil)), false)
	server := &http.Server{Addr: listen, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	return server.ListenAndServe()
}
