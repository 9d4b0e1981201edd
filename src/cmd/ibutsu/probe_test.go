package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
	"github.com/ibutsu/ibutsu-go/src/telemetry/health"
)

// report asks a probe.
func (p *program) report(t *testing.T, path string) (int, health.Report) {
	t.Helper()
	answer, err := http.Get(p.url + path)
	require.NoError(t, err)
	defer func() { require.NoError(t, answer.Body.Close()) }()
	var r health.Report
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&r))
	return answer.StatusCode, r
}

// awaitReport asks until a part says this.
func (p *program) awaitReport(t *testing.T, path, part, message string) (int, health.Report) {
	t.Helper()
	var status int
	var r health.Report
	p.await(t, path+" "+part+": "+message, func() bool {
		status, r = p.report(t, path)
		for _, found := range r.Parts {
			if found.Name == part && found.Message == message {
				return true
			}
		}
		return false
	})
	return status, r
}

// freeAddress is one that nobody listens on at this moment.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

func TestReadinessFallsBeforeMigrationsWhileTheDatabaseIsAwayAndWhileDraining(t *testing.T) {
	t.Parallel()
	database := relayTo(t, dbtest.Empty(t))
	p := start(t, []string{"DATABASE_URL=" + database.url, "IBUTSU_MIGRATE_ON_START=no", "IBUTSU_DRAIN_DELAY=1h"},
		"serve", "--listen", freeAddress(t), "--state", stateDir(t))
	p.url = "http://" + p.Args[3]
	p.await(t, "the port", func() bool {
		conn, err := net.Dial("tcp", p.Args[3])
		return err == nil && conn.Close() == nil
	})

	status, r := p.awaitReport(t, "/readyz", "database", store.ErrSchema.Error())
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, health.Error, r.Status)
	status, _ = p.report(t, "/startupz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	status, _ = p.report(t, "/livez")
	require.Equal(t, http.StatusOK, status)
	early := make(chan int, 1) // who asks for more than a probe waits
	go func() {
		answer, err := http.Get(p.url + "/api/health")
		if err != nil {
			early <- 0
			return
		}
		_ = answer.Body.Close()
		early <- answer.StatusCode
	}()

	_, err := store.Migrate(t.Context(), database.target, store.MigrateOptions{Log: zerolog.Nop()})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, <-early)
	status, r = p.awaitReport(t, "/readyz", "database", "answers, and has the tables of this version")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "serving", r.Parts[0].Message)
	status, _ = p.report(t, "/startupz")
	require.Equal(t, http.StatusOK, status)

	d := newDesk()
	require.Zero(t, d.call(t, "healthcheck", "--listen", p.Args[3]))
	require.Contains(t, d.stdout.String(), "database   OK     answers")

	database.cut()
	status, _ = p.awaitReport(t, "/readyz", "database", "does not answer")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, exitFailed, d.call(t, "healthcheck", "--listen", p.Args[3]))
	require.Contains(t, d.stdout.String(), "does not answer")
	require.Zero(t, d.call(t, "healthcheck", "--listen", p.Args[3], "--live"))
	status, _ = p.report(t, "/livez")
	require.Equal(t, http.StatusOK, status, "a restart would not bring the database back")
	database.mend(t)
	status, _ = p.awaitReport(t, "/readyz", "database", "answers, and has the tables of this version")
	require.Equal(t, http.StatusOK, status)

	require.NoError(t, p.Process.Signal(syscall.SIGTERM))
	status, _ = p.awaitReport(t, "/readyz", "process", "draining: about to end")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, http.StatusOK, p.get(t, "/api/health"), "requests are still taken")
	p.await(t, "the second signal", func() bool { // those that come too soon are taken for echoes of the first
		_ = p.Process.Signal(syscall.SIGTERM)
		return len(p.logged("told twice to stop: ending at once")) > 0
	})
}

func TestUpShowsItsModulesToProbes(t *testing.T) {
	t.Parallel()
	p := up(t, stateDir(t))
	p.awaitReport(t, "/startupz", "worker", "running: working")
	p.awaitReport(t, "/startupz", "scheduler", "running: working")
	require.NoError(t, syscall.Kill(p.modulePID(t, "worker", 1), syscall.SIGKILL))
	p.await(t, "the restart", func() bool {
		status, r := p.report(t, "/readyz")
		require.Equal(t, http.StatusOK, status, "jobs wait for the worker, requests do not")
		return r.Parts[2].Name == "worker" && r.Parts[2].Restarts == 1 && r.Parts[2].Status == health.OK
	})
	require.Zero(t, p.stop(t), p.out)
}

// relay stands between a program and its database, and can be cut.
type relay struct {
	url, target string
	address     string // where it listens
	// network and server are where the database does: the tests' own is on a socket, without a host in its address.
	network, server string

	mutex    sync.Mutex
	listener net.Listener
	open     map[net.Conn]bool
	running  sync.WaitGroup
}

func relayTo(t *testing.T, target string) *relay {
	t.Helper()
	u, err := url.Parse(target)
	require.NoError(t, err)
	r := &relay{target: target, network: "tcp", server: u.Host, address: freeAddress(t), open: map[net.Conn]bool{}}
	query := u.Query()
	if dir := query.Get("host"); dir != "" {
		port := query.Get("port")
		if port == "" {
			port = "5432"
		}
		r.network, r.server = "unix", filepath.Join(dir, ".s.PGSQL."+port)
		query.Del("host")
		query.Del("port")
	}
	u.Host, u.RawQuery = r.address, query.Encode()
	r.url = u.String()
	r.mend(t)
	t.Cleanup(r.cut)
	return r
}

func (r *relay) mend(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", r.address)
	require.NoError(t, err)
	r.mutex.Lock()
	r.listener = l
	r.mutex.Unlock()
	r.running.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.DialTimeout(r.network, r.server, time.Minute)
			if err != nil {
				_ = in.Close()
				continue
			}
			for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
				r.mutex.Lock()
				r.open[pair[0]] = true
				r.mutex.Unlock()
				r.running.Go(func() {
					_, _ = io.Copy(pair[0], pair[1])
					_ = pair[0].Close()
					_ = pair[1].Close()
				})
			}
		}
	})
}

// cut ends all connections and takes no new ones.
func (r *relay) cut() {
	r.mutex.Lock()
	_ = r.listener.Close()
	for conn := range r.open {
		_ = conn.Close()
	}
	clear(r.open)
	r.mutex.Unlock()
	r.running.Wait()
}
