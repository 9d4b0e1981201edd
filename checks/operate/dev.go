package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/ibutsu/ibutsu-go/checks/harness"
)

// develop has `make dev` run on a copy of the sources, changes one of them under load, and ends it as Ctrl-C does.
func develop(ctx context.Context, _ string) (said string, err error) {
	dir, err := os.MkdirTemp("", "ibutsu-dev-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	if err := errors.Join(os.Chmod(dir, 0o711), copySources(ctx, dir)); err != nil { // the user of PostgreSQL passes through
		return "", err
	}
	address, err := freeAddress()
	if err != nil {
		return "", err
	}
	page, err := freeAddress()
	if err != nil {
		return "", err
	}
	d, err := startDev(ctx, dir, address, page)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, d.end()) }()
	h := house{}
	if err := d.until(ctx, "Ctrl-C"); err != nil {
		return "", err
	}
	if err := errors.Join(h.ready(ctx, address), d.pageWorks(ctx, page)); err != nil {
		return "", err
	}
	token, err := signInTo(ctx, "http://"+address)
	if err != nil {
		return "", err
	}
	l := begin(ctx, "http://"+address, token, 2)
	err = errors.Join(l.more(ctx, 20), d.change(ctx, address), l.more(ctx, 20))
	l.end()
	return fmt.Sprintf(": %d requests, %d failed", l.requests, len(l.failed)), errors.Join(err, l.failures())
}

// copySources copies what git knows, and lends the copy the packages of the page.
func copySources(ctx context.Context, dir string) error {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", `git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read -T - -c | tar -x -C "$0"`, dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("copying the sources: %w %s", err, out)
	}
	packages, err := filepath.Abs(filepath.Join("src", "web", "node_modules"))
	if err != nil {
		return err
	}
	return os.Symlink(packages, filepath.Join(dir, "src", "web", "node_modules"))
}

// dev is a running `make dev`.
type dev struct {
	*process
	dir, log string
}

func startDev(ctx context.Context, dir, address, page string) (*dev, error) {
	program := filepath.Join(dir, "dev")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./checks/dev")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building dev: %w %s", err, out)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(program, "-state", filepath.Join(dir, "state"), "-listen", address, "-page", page)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	cmd.Env = append(os.Environ(), "IBUTSU_BCRYPT_COST=4", "IBUTSU_SUPERADMIN_OWN_PROJECT=shop",
		"IBUTSU_SUPERADMIN_EMAIL="+harness.AdminEmail, "IBUTSU_SUPERADMIN_PASSWORD="+harness.AdminPassword)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{Cmd: cmd, ended: make(chan struct{})}
	go func() { _ = cmd.Wait(); close(p.ended) }()
	return &dev{p, dir, log.Name()}, nil
}

// patience is for building everything, on whatever machine this is.
const patience = 10 * time.Minute

// until waits for a word in what dev says.
func (d *dev) until(ctx context.Context, word string) error {
	var said []byte
	err := harness.Within(ctx, patience, word, func() bool {
		said, _ = os.ReadFile(d.log)
		select {
		case <-d.ended:
			return true
		default:
			return bytes.Contains(said, []byte(word))
		}
	})
	if err == nil && bytes.Contains(said, []byte(word)) {
		return nil
	}
	return errors.Join(err, fmt.Errorf("dev has not said %q, but:\n%s", word, said))
}

// change breaks a source, which must change nothing, and then mends it with another answer, which must come.
func (d *dev) change(ctx context.Context, address string) error {
	const old, fresh = "Service is running", "Service runs what was changed"
	source := filepath.Join(d.dir, "src", "api", "health.go")
	text, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	if !bytes.Contains(text, []byte(old)) {
		return fmt.Errorf("%s does not say %q any more: this trial has to be told another line", source, old)
	}
	if err := os.WriteFile(source, append(bytes.Clone(text), "no go\n"...), 0o600); err != nil {
		return err
	}
	if err := d.until(ctx, "the server that runs goes on"); err != nil {
		return err
	}
	if answer, err := get(ctx, "http://"+address+"/api/health"); err != nil || !strings.Contains(answer, old) {
		return fmt.Errorf("after a source that does not build the answer is %q: %w", answer, err)
	}
	if err := os.WriteFile(source, bytes.ReplaceAll(text, []byte(old), []byte(fresh)), 0o600); err != nil {
		return err
	}
	return harness.Within(ctx, patience, "the changed answer", func() bool {
		answer, err := get(ctx, "http://"+address+"/api/health")
		return err == nil && strings.Contains(answer, fresh)
	})
}

// pageWorks asks Vite for the page, which it reloads by itself, and for something of the server behind it.
func (d *dev) pageWorks(ctx context.Context, address string) error {
	return harness.Await(ctx, "the page, and the server behind it", func() bool {
		page, err := get(ctx, "http://"+address+"/")
		health, failed := get(ctx, "http://"+address+"/api/health")
		return errors.Join(err, failed) == nil && strings.Contains(page, "/@vite/client") && strings.Contains(health, "Service is running")
	})
}

// end interrupts dev, and sees that nothing of it is left.
func (d *dev) end() error {
	all, err := harness.Processes(d.Process.Pid)
	if err != nil {
		return err
	}
	if err := d.Process.Signal(syscall.SIGINT); err != nil {
		return err
	}
	select {
	case <-d.ended:
	case <-time.After(2 * time.Minute):
		return errors.Join(errors.New("dev did not end"), d.Process.Kill())
	}
	if !d.ProcessState.Success() {
		err = fmt.Errorf("dev ended with %s", d.ProcessState)
	}
	if len(all) < 5 { // dev, server, hosts of the modules, Vite, PostgreSQL
		err = errors.Join(err, fmt.Errorf("there were only %d processes", len(all)))
	}
	for _, p := range all {
		if alive(p.Pid) {
			err = errors.Join(err, fmt.Errorf("process %d is left: %s", p.Pid, strings.Join(p.Command, " ")))
		}
	}
	return err
}

func get(ctx context.Context, url string) (string, error) {
	_, raw, err := harness.NewClient(url, "", 10*time.Second).Do(ctx, http.MethodGet, "", "", nil)
	return string(raw), err
}

func signInTo(ctx context.Context, url string) (string, error) {
	status, raw, err := harness.NewClient(url, "", 30*time.Second).Do(ctx, http.MethodPost, "/api/login", "application/json",
		strings.NewReader(fmt.Sprintf(`{"email": %q, "password": %q}`, harness.AdminEmail, harness.AdminPassword)))
	if err != nil || status != http.StatusOK {
		return "", fmt.Errorf("signing in: %d %s %w", status, raw, err)
	}
	var answer struct{ Token string }
	return answer.Token, json.Unmarshal(raw, &answer)
}
