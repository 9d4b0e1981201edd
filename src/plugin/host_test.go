package plugin_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/ibutsu/ibutsu-go/src/plugin"
	"github.com/ibutsu/ibutsu-go/src/plugin/proto"
)

const patience = 60 * time.Second

// lines is a log that can be read while it is written.
type lines struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.Write(p)
}

// find gives the log lines with this message.
func (l *lines) find(t *testing.T, message string) []map[string]any {
	t.Helper()
	l.mutex.Lock()
	defer l.mutex.Unlock()
	var found []map[string]any
	for line := range strings.SplitSeq(strings.TrimSpace(l.text.String()), "\n") {
		var fields map[string]any
		if json.Unmarshal([]byte(line), &fields) == nil && fields["message"] == message {
			found = append(found, fields)
		}
	}
	return found
}

// hosted is a host that runs until the test ends or calls stop.
type hosted struct {
	*plugin.Host
	log  *lines
	stop func()
}

func host(t *testing.T, o orders, change func(*plugin.HostOptions)) hosted {
	t.Helper()
	self, err := plugin.Self()
	require.NoError(t, err)
	config, err := json.Marshal(o)
	require.NoError(t, err)
	dir, err := os.MkdirTemp("", "ibutsu-") //nolint:usetesting // a short path, for sockets
	require.NoError(t, err)
	log := &lines{}
	options := plugin.HostOptions{
		Name: "test", Executable: self, Arguments: []string{"module-process"}, Config: config, RuntimeDir: dir,
		Logger:         zerolog.New(log),
		HealthInterval: 20 * time.Millisecond, StatsInterval: 20 * time.Millisecond, HealthTimeout: patience, DrainTimeout: patience, StartTimeout: patience,
		Backoff: plugin.Backoff{Min: time.Millisecond, Max: 2 * time.Millisecond},
	}
	if change != nil {
		change(&options)
	}
	h, err := plugin.NewHost(options)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			require.NoError(t, err)
		case <-time.After(patience):
			t.Error("the host did not stop")
		}
		require.Equal(t, plugin.Stopped, h.Status().State)
		require.NoError(t, os.RemoveAll(dir))
	})
	t.Cleanup(stop)
	return hosted{Host: h, log: log, stop: stop}
}

func (h hosted) await(t *testing.T, what string, is func(plugin.Status) bool) plugin.Status {
	t.Helper()
	var s plugin.Status
	require.Eventually(t, func() bool { s = h.Status(); return is(s) }, patience, 2*time.Millisecond, what)
	return s
}

func well(s plugin.Status) bool { return s.State == plugin.Running && s.Health.OK && s.PID != 0 }

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func TestModuleThatIsKilledInALoopComesBack(t *testing.T) {
	t.Parallel()
	h := host(t, orders{}, nil)
	const rounds = 5
	for round := range rounds {
		s := h.await(t, "well", func(s plugin.Status) bool { return well(s) && s.Restarts == round })
		require.NoError(t, syscall.Kill(s.PID, syscall.SIGKILL))
		s = h.await(t, "restart", func(s plugin.Status) bool { return s.Restarts == round+1 })
		require.Equal(t, "signal: killed", s.LastReason)
	}
	h.await(t, "well", well)
	restarts := h.log.find(t, "module ended, starting it again")
	require.Len(t, restarts, rounds, "one line for each restart")
	require.Equal(t, "signal: killed", restarts[0]["reason"])
	require.Equal(t, "test", restarts[0]["module"])
}

func TestModuleThatHangsIsKilledAndComesBack(t *testing.T) {
	t.Parallel()
	h := host(t, orders{}, func(o *plugin.HostOptions) { o.HealthTimeout = 2 * time.Second })
	first := h.await(t, "well", well).PID
	require.NoError(t, syscall.Kill(first, syscall.SIGSTOP))
	s := h.await(t, "restart", func(s plugin.Status) bool { return s.Restarts == 1 })
	require.Equal(t, "health check: no answer within 2s, killed", s.LastReason)
	require.False(t, alive(first))
	h.await(t, "well", well)
}

func TestModuleThatHangsIsStoppedInBoundedTime(t *testing.T) {
	t.Parallel()
	h := host(t, orders{}, func(o *plugin.HostOptions) { o.DrainTimeout = 100 * time.Millisecond })
	pid := h.await(t, "well", well).PID
	require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
	h.stop()
	require.False(t, alive(pid))
}

func TestModuleThatFailsSaysWhy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		orders    orders
		arguments []string
		reason    string
	}{
		"at its start":         {arguments: []string{"crash-at-start"}, reason: "start failed: exit status 7: no such thing as a start"},
		"by a panic":           {orders: orders{Panic: true}, reason: "exit status 2: panic: something unforeseen"},
		"in its work":          {orders: orders{Fail: "the queue is gone"}, reason: "the queue is gone"},
		"at its configuration": {orders: orders{Refuse: "DATABASE_URL is empty"}, reason: "start failed: the module refuses its configuration: DATABASE_URL is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := host(t, c.orders, func(o *plugin.HostOptions) {
				if c.arguments != nil {
					o.Arguments = c.arguments
				}
			})
			s := h.await(t, "a second restart", func(s plugin.Status) bool { return s.Restarts >= 2 })
			// A panic may end a call before it ends the process; either way its text has to be there.
			if name == "by a panic" {
				require.Contains(t, s.LastReason, "panic: something unforeseen")
				return
			}
			require.Equal(t, c.reason, s.LastReason)
		})
	}
}

func TestModuleThatSaysNothingAtItsStartIsGivenUp(t *testing.T) {
	t.Parallel()
	h := host(t, orders{}, func(o *plugin.HostOptions) {
		o.Arguments, o.StartTimeout = []string{"silent"}, 300*time.Millisecond
	})
	s := h.await(t, "restart", func(s plugin.Status) bool { return s.Restarts >= 1 })
	require.Contains(t, s.LastReason, "start failed: ")
	require.Regexp(t, "timeout while waiting for plugin to start|did not answer within 300ms", s.LastReason)
}

func TestModuleThatIsNotWellIsLeftAlone(t *testing.T) {
	t.Parallel()
	h := host(t, orders{Unwell: "the database does not answer"}, nil)
	s := h.await(t, "unwell", func(s plugin.Status) bool { return s.Health.Detail == "the database does not answer" })
	require.Equal(t, plugin.Running, s.State)
	require.Never(t, func() bool { return h.Status().Restarts > 0 }, 300*time.Millisecond, 20*time.Millisecond)
	require.Equal(t, s.PID, h.Status().PID)
}

func TestStoppingLetsRunningWorkEnd(t *testing.T) {
	t.Parallel()
	work := filepath.Join(t.TempDir(), "work")
	h := host(t, orders{Work: work}, nil)
	pid := h.await(t, "a job at work", func(s plugin.Status) bool { return well(s) && s.Stats.JobsRunning == 1 }).PID
	require.NoFileExists(t, work)
	h.stop()
	content, err := os.ReadFile(work)
	require.NoError(t, err)
	require.Equal(t, "whole", string(content))
	require.False(t, alive(pid))
	require.Len(t, h.log.find(t, "module drained"), 1)
	require.Equal(t, "exit status 0", h.log.find(t, "module stopped")[0]["exit"])
}

func TestModuleThatGrowsEndsItsWorkAndIsStartedAnew(t *testing.T) {
	t.Parallel()
	work := filepath.Join(t.TempDir(), "work")
	// Each process has so long until it is renewed, too: the next one has to be seen at work.
	const between = 5 * time.Second
	h := host(t, orders{Work: work}, func(o *plugin.HostOptions) { o.MemoryMax, o.RenewalInterval = 1, between })
	h.await(t, "the next process at work", func(s plugin.Status) bool { return s.Renewals > 0 && well(s) })
	content, err := os.ReadFile(work)
	require.NoError(t, err)
	require.Equal(t, "whole", string(content), "the job at hand came to its end")
	require.Contains(t, h.log.find(t, "module is started anew")[0]["reason"], "more than the 0 MiB that it may")
	require.Zero(t, h.Status().Restarts, "it is nothing that went wrong")
}

func TestModuleThatIsLargeFromItsStartWorksNevertheless(t *testing.T) {
	t.Parallel()
	h := host(t, orders{}, func(o *plugin.HostOptions) { o.MemoryMax = 1 })
	first := h.await(t, "its figures", func(s plugin.Status) bool { return well(s) && s.Stats.RSS > 1 })
	checked := h.await(t, "another look at it", func(s plugin.Status) bool { return s.Health.Since != first.Health.Since || s.Stats.JobsRunning == 1 })
	require.Equal(t, first.PID, checked.PID)
	require.Zero(t, checked.Renewals)
}

func TestNewSettingsReachAModuleOnceItsWorkIsDone(t *testing.T) {
	t.Parallel()
	work := filepath.Join(t.TempDir(), "work")
	h := host(t, orders{Work: work}, nil)
	first := h.await(t, "a job at work", func(s plugin.Status) bool { return well(s) && s.Stats.JobsRunning == 1 }).PID
	fresh, err := json.Marshal(orders{Unwell: "told so"})
	require.NoError(t, err)
	h.Reload(fresh)
	next := h.await(t, "the new settings", func(s plugin.Status) bool { return s.Health.Detail == "told so" })
	require.NotEqual(t, first, next.PID)
	require.FileExists(t, work, "the job at hand came to its end")
	require.Equal(t, 1, next.Renewals)
	require.Zero(t, next.Restarts)
}

func TestStoppingDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	h := host(t, orders{Endure: true}, func(o *plugin.HostOptions) { o.DrainTimeout = 100 * time.Millisecond })
	pid := h.await(t, "well", well).PID
	h.stop()
	require.False(t, alive(pid))
	require.Len(t, h.log.find(t, "module did not drain"), 1)
}

func TestStoppingWhileTheModuleWaitsForItsRestart(t *testing.T) {
	t.Parallel()
	h := host(t, orders{}, func(o *plugin.HostOptions) {
		o.Arguments, o.Backoff = []string{"crash-at-start"}, plugin.Backoff{Min: time.Hour, Max: time.Hour}
	})
	h.await(t, "waiting", func(s plugin.Status) bool { return s.State == plugin.Waiting })
	h.stop()
}

func TestChangedExecutableIsNotStarted(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	program, err := os.ReadFile(self)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "program")
	require.NoError(t, os.WriteFile(path, program, 0o700))
	measured, err := plugin.Measure(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, append(program, 0), 0o700))

	h := host(t, orders{}, func(o *plugin.HostOptions) { o.Executable = measured })
	s := h.await(t, "restart", func(s plugin.Status) bool { return s.Restarts >= 1 })
	require.Equal(t, "start failed: "+path+": "+plugin.ErrChanged.Error(), s.LastReason)
}

func TestModuleGetsACleanEnvironmentAndItsLinesReachTheLog(t *testing.T) {
	t.Parallel()
	require.NotEmpty(t, os.Getenv("PATH"), "something to keep from the module")
	h := host(t, orders{}, func(o *plugin.HostOptions) { o.Environment = []string{"TZ=Europe/Prague"} })
	h.await(t, "well", well)
	require.Eventually(t, func() bool { return len(h.log.find(t, "an hclog line")) == 1 }, patience, time.Millisecond)
	line := h.log.find(t, "an hclog line")[0]
	require.Equal(t, "warn", line["level"])
	require.InDelta(t, 42, line["secret_of_life"], 0)

	require.Eventually(t, func() bool { return len(h.log.find(t, "environment")) == 1 }, patience, time.Millisecond)
	environment := h.log.find(t, "environment")[0]["environment"].(string)
	require.Contains(t, environment, "TZ=Europe/Prague")
	for variable := range strings.SplitSeq(environment, "|") {
		name, _, _ := strings.Cut(variable, "=")
		require.Regexp(t, `^(TZ|IBUTSU_MODULE|PLUGIN_[A-Z_]+)$`, name)
	}
}

func TestStatusHoldsWhatMetricsNeed(t *testing.T) {
	t.Parallel()
	h := host(t, orders{}, nil)
	s := h.await(t, "figures", func(s plugin.Status) bool { return well(s) && s.Stats.Counters["answers"] == 42 })
	require.Positive(t, s.Stats.Goroutines)
	require.Greater(t, s.Stats.RSS, uint64(1<<20))
	require.Equal(t, "fine", s.Health.Detail)
	require.WithinDuration(t, time.Now(), s.Health.Since, patience)
}

func TestModuleEndsWithItsHost(t *testing.T) {
	t.Parallel()
	for _, hung := range []bool{false, true} {
		t.Run(fmt.Sprintf("hung %t", hung), func(t *testing.T) {
			t.Parallel()
			dir, err := os.MkdirTemp("", "ibutsu-") //nolint:usetesting // a short path, for sockets
			require.NoError(t, err)
			defer func() { require.NoError(t, os.RemoveAll(dir)) }()
			self, err := os.Executable()
			require.NoError(t, err)
			cmd := exec.Command(self, "host", dir)
			out, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			text := make([]byte, 20)
			n, err := out.Read(text)
			require.NoError(t, err)
			pid, err := strconv.Atoi(strings.TrimSpace(string(text[:n])))
			require.NoError(t, err)
			require.True(t, alive(pid))
			if hung {
				require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
			}
			require.NoError(t, cmd.Process.Kill())
			require.Error(t, cmd.Wait())
			require.Eventually(t, func() bool { return !alive(pid) }, patience, time.Millisecond)
		})
	}
}

func TestModuleEndsWhenTheLifelineBreaks(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self, "module-process") // without the signal that Linux sends
	cmd.Env = append(os.Environ(), "IBUTSU_MODULE=b7f7a9d0c4f54d0fb2c1a5b85a1c0f6e")
	lifeline, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = out.Read(make([]byte, 1))
	require.NoError(t, err, "it serves")
	require.NoError(t, lifeline.Close())
	require.NoError(t, cmd.Wait())
}

func TestRuntimeFolderThatIsTooLongForASocketIsRefused(t *testing.T) {
	t.Parallel()
	self, err := plugin.Self()
	require.NoError(t, err)
	h, err := plugin.NewHost(plugin.HostOptions{Name: "test", Executable: self, RuntimeDir: filepath.Join(t.TempDir(), strings.Repeat("x", 60))})
	require.NoError(t, err)
	require.ErrorContains(t, h.Run(t.Context()), "too long for sockets")
}

func TestModuleTalksToItsHostAlone(t *testing.T) {
	t.Parallel()
	var dir string
	h := host(t, orders{}, func(o *plugin.HostOptions) { dir = o.RuntimeDir })
	h.await(t, "well", well)
	sockets, err := filepath.Glob(filepath.Join(dir, "test", "*", "plugin*"))
	require.NoError(t, err)
	require.Len(t, sockets, 1)
	for path, want := range map[string]os.FileMode{filepath.Dir(sockets[0]): 0o700, filepath.Join(dir, "test"): 0o700} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, want, info.Mode().Perm())
	}
	for name, credentials := range map[string]credentials.TransportCredentials{
		"plain":                 insecure.NewCredentials(),
		"without a certificate": credentials.NewTLS(&tls.Config{InsecureSkipVerify: true}),
	} {
		conn, err := grpc.NewClient("unix:"+sockets[0], grpc.WithTransportCredentials(credentials))
		require.NoError(t, err)
		_, err = proto.NewModuleClient(conn).Health(t.Context(), &proto.HealthRequest{})
		require.Error(t, err, name)
		require.NoError(t, conn.Close())
	}
	h.await(t, "well", well)
}
