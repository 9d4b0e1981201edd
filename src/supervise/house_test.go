package supervise_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ibutsu/ibutsu-go/src/supervise"
)

// TestMain lets the test binary play the processes that the tests need.
func TestMain(m *testing.M) {
	switch os.Getenv("IBUTSU_TEST_PART") {
	case "":
		goleak.VerifyTestMain(m)
	case "socket-activated":
		// systemd sets LISTEN_PID between fork and exec, which a test cannot.
		_ = os.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
		l, err := supervise.Listen(context.Background(), "127.0.0.1:1")
		if err != nil || os.Getenv("LISTEN_FDS") != "" {
			os.Exit(3)
		}
		conn, err := l.Accept()
		if err != nil {
			os.Exit(4)
		}
		_, _ = conn.Write([]byte("served"))
		_ = conn.Close()
	case "signals":
		ctx, _ := supervise.OnSignal(context.Background(), func(os.Signal) { os.Exit(42) })
		_, _ = os.Stdout.WriteString("ready\n")
		<-ctx.Done()
		_, _ = os.Stdout.WriteString(context.Cause(ctx).Error() + "\n")
		select {}
	case "release":
		before := mappedKiB()
		supervise.ReleaseAfterStart(context.Background(), 0)
		fmt.Println(before, mappedKiB())
	case "temporary-postgres":
		p, err := supervise.StartTemporaryPostgres(context.Background(), os.Getenv("IBUTSU_TEST_DIR"), true)
		if err != nil {
			os.Exit(3)
		}
		_, _ = os.Stdout.WriteString(strconv.Itoa(p.PID()) + "\n")
		select {}
	case "postgres":
		dir := os.Getenv("IBUTSU_TEST_DIR")
		p, err := supervise.StartPostgres(context.Background(), options(dir))
		if err != nil {
			os.Exit(3)
		}
		_, _ = os.Stdout.WriteString(strconv.Itoa(p.PID()) + "\n")
		select {}
	}
}

// part starts this test binary in one of the parts of TestMain.
func part(t *testing.T, name string, env ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), append(env, "IBUTSU_TEST_PART="+name)...)
	cmd.Stderr = os.Stderr
	return cmd
}

// line reads one line of the part's output.
func line(t *testing.T, out *os.File) string {
	t.Helper()
	require.NoError(t, out.SetReadDeadline(time.Now().Add(60*time.Second)))
	var text []byte
	for one := make([]byte, 1); ; {
		n, err := out.Read(one)
		require.NoError(t, err)
		if n == 1 && one[0] == '\n' {
			return string(text)
		}
		text = append(text, one[:n]...)
	}
}

// run starts the part with its output in a pipe.
func run(t *testing.T, cmd *exec.Cmd) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	cmd.Stdout = w
	require.NoError(t, cmd.Start())
	require.NoError(t, w.Close())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = r.Close()
	})
	return r
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func TestStateFolderHasOneUser(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lock, err := supervise.LockState(dir)
	require.NoError(t, err)
	_, err = supervise.LockState(dir)
	require.ErrorIs(t, err, supervise.ErrLocked)
	require.ErrorContains(t, err, "process "+strconv.Itoa(os.Getpid()))
	require.NoError(t, lock.Unlock())
	lock, err = supervise.LockState(dir)
	require.NoError(t, err)
	require.NoError(t, lock.Unlock())
}

func TestListenSaysThatThePortIsTaken(t *testing.T) {
	t.Parallel()
	l, err := supervise.Listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	_, err = supervise.Listen(t.Context(), l.Addr().String())
	require.ErrorContains(t, err, l.Addr().String()+" is in use by another program")
}

func TestListenOnASocketThatAKilledProcessLeft(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	require.NoError(t, err)
	_, err = supervise.Listen(t.Context(), "unix:"+path)
	require.ErrorContains(t, err, "another program does already")

	left.SetUnlinkOnClose(false)
	require.NoError(t, left.Close())
	// A process that another test is starting holds a copy of the socket until it has become its program.
	var l net.Listener
	require.Eventually(t, func() bool {
		l, err = supervise.Listen(t.Context(), "unix:"+path)
		return err == nil
	}, 30*time.Second, time.Millisecond)
	require.NoError(t, l.Close())

	require.NoError(t, os.WriteFile(path, []byte("precious"), 0o600))
	_, err = supervise.Listen(t.Context(), "unix:"+path)
	require.ErrorContains(t, err, "no socket")
	require.FileExists(t, path)
}

func TestListenTakesTheSocketThatSystemdPasses(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	file, err := l.(*net.TCPListener).File()
	require.NoError(t, err)
	cmd := part(t, "socket-activated", "LISTEN_FDS=1")
	cmd.ExtraFiles = []*os.File{file}
	run(t, cmd)
	require.NoError(t, file.Close())
	require.NoError(t, l.Close()) // from here on only the child can accept

	conn, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	require.NoError(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
	answer := make([]byte, 6)
	_, err = conn.Read(answer)
	require.NoError(t, err)
	require.Equal(t, "served", string(answer))
}

func TestNotifierSpeaksToSystemd(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "n")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	require.NoError(t, err)
	defer func() { require.NoError(t, socket.Close()) }()
	env := map[string]string{"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": strconv.Itoa(os.Getpid())}
	n := supervise.NewNotifier(func(name string) string { return env[name] })
	require.Equal(t, 10*time.Second, n.WatchdogInterval())
	require.NoError(t, n.Ready())
	require.NoError(t, n.Status("two\nlines"))
	require.NoError(t, n.Alive())
	require.NoError(t, n.Stopping())
	for _, want := range []string{"READY=1", "STATUS=two lines", "WATCHDOG=1", "STOPPING=1"} {
		buffer := make([]byte, 100)
		got, err := socket.Read(buffer)
		require.NoError(t, err)
		require.Equal(t, want, string(buffer[:got]))
	}
}

func TestNotifierWithoutSystemd(t *testing.T) {
	t.Parallel()
	n := supervise.NewNotifier(func(string) string { return "" })
	require.NoError(t, n.Ready())
	require.Zero(t, n.WatchdogInterval())

	path := filepath.Join(t.TempDir(), "n")
	env := map[string]string{"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}
	n = supervise.NewNotifier(func(name string) string { return env[name] })
	require.Zero(t, n.WatchdogInterval(), "a watchdog that is meant for a parent")
	require.Error(t, n.Ready(), "nobody listens")
}

func TestSignalsDrainFirstAndEndSecond(t *testing.T) {
	t.Parallel()
	cmd := part(t, "signals")
	out := run(t, cmd)
	require.Equal(t, "ready", line(t, out))
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.Equal(t, "told to stop by signal: terminated", line(t, out))
	begin := time.Now()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		_ = cmd.Process.Signal(syscall.SIGINT)
		select {
		case <-ended:
			require.Equal(t, 42, cmd.ProcessState.ExitCode())
			require.Greater(t, time.Since(begin), 300*time.Millisecond, "the same signal delivered twice is one wish")
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// mappedKiB is how much of files is mapped and resident, which for a program of ours is the program.
func mappedKiB() int {
	status, _ := os.ReadFile("/proc/self/status")
	for text := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(text, "RssFile:"); ok {
			n, _ := strconv.Atoi(strings.Fields(value)[0])
			return n
		}
	}
	return 0
}

func TestMemoryOfTheStartIsGivenBack(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		return // nothing is promised there
	}
	var before, after int
	_, err := fmt.Sscan(line(t, run(t, part(t, "release"))), &before, &after)
	require.NoError(t, err)
	require.Positive(t, after, "the program goes on")
	require.Less(t, after, before*3/4)
}

func TestPostgresOutlivesAKilledStarterAndIsTakenOver(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	cmd := part(t, "postgres", "IBUTSU_TEST_DIR="+dir)
	pid, err := strconv.Atoi(line(t, run(t, cmd)))
	require.NoError(t, err)
	require.NoError(t, cmd.Process.Kill())
	_, err = cmd.Process.Wait()
	require.NoError(t, err)

	p := start(t, options(dir))
	defer stop(t, p)
	require.Equal(t, pid, p.PID())
}

func TestTemporaryPostgresEndsWithItsStarter(t *testing.T) {
	t.Parallel()
	cmd := part(t, "temporary-postgres", "IBUTSU_TEST_DIR="+stateDir(t))
	pid, err := strconv.Atoi(line(t, run(t, cmd)))
	require.NoError(t, err)
	require.True(t, alive(pid))
	require.NoError(t, cmd.Process.Kill())
	require.Eventually(t, func() bool { return !alive(pid) }, 30*time.Second, 5*time.Millisecond)
}
