// Command signin signs people in as they do: by a mail's link through a real SMTP server, and by a real OpenID Connect
// provider.
//
//	bin/checks/signin [-binary bin/ibutsu] [-provider bin/checks/oidc-provider] [-python bin/venv/bin/python]
//
// It starts `ibutsu up`, aiosmtpd (STARTTLS and a password required) and the provider (checks/signin/provider), all on this
// machine. The last line is "N checks passed, M failed".
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/ibutsu/ibutsu-go/checks/harness"
)

// world is everything that runs.
type world struct {
	dir, binary, providerProgram, python string

	server            *harness.Server
	smtp, provider    *program
	smtpPort, opPort  int
	certFile, keyFile string
	mails             string // the folder
	admin             client
	session           string
}

const (
	smtpUser     = "ibutsu"
	smtpPassword = "of-the-mail-server"
	clientID     = "ibutsu"
	clientSecret = "of-the-client"
)

func main() {
	w := &world{}
	flag.StringVar(&w.binary, "binary", filepath.Join("bin", "ibutsu"), "the server's program")
	flag.StringVar(&w.providerProgram, "provider", filepath.Join("bin", "checks", "oidc-provider"), "the provider's program")
	flag.StringVar(&w.python, "python", filepath.Join("bin", "venv", "bin", "python"), "Python with aiosmtpd")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	passed, failed, err := run(ctx, w)
	stop()
	if err != nil {
		fmt.Println("FAIL", err)
		failed = max(failed, 1)
	}
	fmt.Printf("%d checks passed, %d failed\n", passed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}

func run(ctx context.Context, w *world) (passed, failed int, err error) {
	if w.dir, err = os.MkdirTemp("", "ibutsu-signin-"); err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	if err := w.open(ctx); err != nil {
		return 0, 0, err
	}
	for _, c := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"a mail waits for the SMTP server, and the request does not", w.registration},
		{"who registers twice hears it by mail alone", w.registeredTwice},
		{"a forgotten password is set anew, and ends the sign-ins before", w.recovery},
		{"a mail that is refused for good is not tried again", w.refusedMail},
		{"a provider that is away is said on the page", w.providerAway},
		{"a sign-in by the provider, from the page back to the page", w.providerSignIn},
		{"a sign-in that this browser did not begin is none", w.foreignReturn},
		{"a ticket is good once, and for the page that began", w.tickets},
		{"an address that is not verified opens no account", w.unverifiedAddress},
		{"a sign-in that is ended is over", w.endedSession},
		{"what happened is on record", w.onRecord},
	} {
		if err := c.do(ctx); err != nil {
			failed++
			fmt.Printf("FAIL %s: %v\n", c.what, err)
			continue
		}
		passed++
		fmt.Println("ok  ", c.what)
	}
	if failed > 0 {
		fmt.Println("The end of the server's log:\n" + w.server.LogTail(25))
	}
	return passed, failed, nil
}

func (w *world) open(ctx context.Context) (err error) {
	w.mails = filepath.Join(w.dir, "mails")
	if err := os.Mkdir(w.mails, 0o700); err != nil {
		return err
	}
	if w.certFile, w.keyFile, err = certificate(w.dir); err != nil {
		return err
	}
	if w.smtpPort, err = freePort(); err != nil {
		return err
	}
	if w.opPort, err = freePort(); err != nil {
		return err
	}
	// The worker reads the certificate, and may be another user.
	if err := os.Chmod(w.dir, 0o755); err != nil {
		return err
	}
	w.server, err = harness.Start(ctx, harness.Options{Binary: w.binary, Env: []string{
		"MAIL_SERVER=127.0.0.1", fmt.Sprintf("MAIL_PORT=%d", w.smtpPort), "MAIL_USE_TLS=true", "MAIL_USERNAME=" + smtpUser, "MAIL_PASSWORD=" + smtpPassword,
		"MAIL_DEFAULT_SENDER=Ibutsu <ibutsu@example.com>", "MAIL_CA_FILE=" + w.certFile, "MAIL_TIMEOUT=5",
		fmt.Sprintf("OIDC_ISSUER_URL=http://127.0.0.1:%d/", w.opPort), "OIDC_CLIENT_ID=" + clientID, "OIDC_CLIENT_SECRET=" + clientSecret, "OIDC_NAME=Example",
	}})
	if err != nil {
		return err
	}
	w.admin = client{base: w.server.URL, token: w.server.Token}
	return nil
}

func (w *world) close() error {
	w.smtp.stop()
	w.provider.stop()
	var err error
	if w.server != nil {
		err = w.server.Close()
	}
	return errors.Join(err, os.RemoveAll(w.dir))
}

func (w *world) startSMTP(ctx context.Context) (err error) {
	w.smtp, err = start(ctx, filepath.Join(w.dir, "smtp.log"), fmt.Sprintf("127.0.0.1:%d", w.smtpPort), w.python, filepath.Join("checks", "signin", "smtp.py"),
		fmt.Sprint(w.smtpPort), w.certFile, w.keyFile, w.mails, smtpUser, smtpPassword)
	return err
}

func (w *world) startProvider(ctx context.Context) error {
	users, err := providerUsers(w.dir)
	if err != nil {
		return err
	}
	listen := fmt.Sprintf("127.0.0.1:%d", w.opPort)
	w.provider, err = start(ctx, filepath.Join(w.dir, "provider.log"), listen, w.providerProgram, listen, clientID, clientSecret, users,
		w.server.URL+"/api/login/auth/oidc")
	return err
}
