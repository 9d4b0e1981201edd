package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// roles are the units that live as long as the service.
var roles = []string{"backend", "worker", "scheduler"}

// machine is what the steps share.
type machine struct {
	api, token, project string
	acknowledged        int // results that the server has confirmed
}

// sh runs a command line; its error has the output in it.
func sh(format string, args ...any) (string, error) {
	line := fmt.Sprintf(format, args...)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "/bin/sh", "-c", line).CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil {
		return text, fmt.Errorf("%s: %w: %s", line, err, text)
	}
	return text, nil
}

// dump shows what the units said last, but for the requests.
func (m *machine) dump() {
	out, _ := sh("systemctl --no-pager --no-legend list-units 'ibutsu*'; " +
		"journalctl --no-pager -o short-monotonic -n 400 -u 'ibutsu*' | grep -v '\"message\":\"request\"' | tail -n 25 | cut -c 1-300")
	fmt.Println(out)
}

func unit(role string) string { return "ibutsu-" + role + ".service" }

// show is a property of a unit.
func show(unit, property string) string {
	out, _ := sh("systemctl show -P %s %s", property, unit)
	return out
}

func number(unit, property string) int64 {
	n, _ := strconv.ParseInt(show(unit, property), 10, 64)
	return n
}

// await tries until it holds, and says how long it took.
func await(limit time.Duration, what string, holds func() bool) (time.Duration, error) {
	begin := time.Now()
	for !holds() {
		if time.Since(begin) > limit {
			return 0, fmt.Errorf("%s: not within %s", what, limit)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return time.Since(begin), nil
}

// fresh opens a connection for each request, as a client does that comes for the first time.
var fresh = &http.Client{
	Timeout: 20 * time.Second,
	Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
	},
}

// call sends a request as the client does and returns the body of a 2xx answer.
func (m *machine) call(client *http.Client, method, path, body string) (string, error) {
	request, err := http.NewRequest(method, m.api+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	if m.token != "" {
		request.Header.Set("Authorization", "Bearer "+m.token)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", err
	}
	if answer.StatusCode/100 != 2 {
		return "", fmt.Errorf("%s %s: %d %s", method, path, answer.StatusCode, text)
	}
	return string(text), nil
}

func (m *machine) healthy() bool {
	_, err := m.call(fresh, "GET", "/health", "")
	return err == nil
}

// up waits until all units are active and the server answers.
func (m *machine) up(limit time.Duration) (time.Duration, error) {
	return await(limit, "all units active", func() bool {
		for _, role := range roles {
			if show(unit(role), "ActiveState") != "active" {
				return false
			}
		}
		return m.healthy()
	})
}

// ibutsu runs a command as the units' user with their settings and secrets.
func ibutsu(stdin, arguments string) (string, error) {
	return sh("printf '%%s' '%s' | systemd-run --quiet --collect --pipe --wait -p DynamicUser=yes -p User=ibutsu -p StateDirectory=ibutsu "+
		"-p LoadCredential=IBUTSU:/etc/ibutsu/credentials --setenv=IBUTSU_CONFIG=/etc/ibutsu/ibutsu.yaml /usr/bin/ibutsu %s", stdin, arguments)
}

var errHolds = errors.New("it does not hold")
