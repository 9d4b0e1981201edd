package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/plugin"
	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
)

// The test binary is the program when a test starts it as one, and when the program starts itself for a module.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "--help" || !strings.HasPrefix(os.Args[1], "-")) {
		os.Exit(run(context.Background(), os.Args[1:], systemConsole()))
	}
	if os.Getenv("IBUTSU_MODULE") != "" { // started by a host without arguments: a module of a third party
		plugin.Serve(context.Background(), "echo", echo{})
		return
	}
	os.Exit(m.Run())
}

const patience = 90 * time.Second

// program is a running `ibutsu`.
type program struct {
	*exec.Cmd
	state string
	url   string
	out   *output
	ended chan struct{}
}

// output is what a program prints, readable while it is written.
type output struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.text.String()
}

// stateDir is a folder that the user of PostgreSQL can pass through.
func stateDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ibutsu-up-") //nolint:usetesting // a short path, for sockets
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o711))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return filepath.Join(dir, "state")
}

// start starts the program with a clean environment. It is killed when the test ends, if it is still there.
func start(t *testing.T, env []string, args ...string) *program {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	p := &program{Cmd: exec.Command(self, args...), out: &output{}, ended: make(chan struct{})}
	p.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "IBUTSU_BCRYPT_COST=4"}, env...)
	p.Stdout, p.Stderr = p.out, p.out
	require.NoError(t, p.Cmd.Start())
	go func() {
		_ = p.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.ended:
		case <-time.After(patience):
			_ = p.Process.Kill()
			t.Errorf("the program did not end:\n%s", p.out)
		}
		if t.Failed() {
			t.Logf("output:\n%s", p.out)
		}
	})
	return p
}

var readyLine = regexp.MustCompile(`Ibutsu is ready at (http://\S+)`)

// up starts `ibutsu up` and waits until it is ready.
func up(t *testing.T, state string, env ...string) *program {
	t.Helper()
	p := start(t, env, "up", "--state", state, "--listen", "127.0.0.1:0")
	p.state = state
	p.await(t, "ready", func() bool {
		m := readyLine.FindStringSubmatch(p.out.String())
		if m != nil {
			p.url = m[1]
		}
		return m != nil
	})
	require.Equal(t, http.StatusOK, p.get(t, "/api/health"))
	return p
}

func (p *program) await(t *testing.T, what string, is func() bool) {
	t.Helper()
	require.Eventually(t, func() bool {
		select {
		case <-p.ended:
			return true
		default:
			return is()
		}
	}, patience, 5*time.Millisecond, what)
	require.True(t, is(), "%s: the program ended\n%s", what, p.out)
}

func (p *program) get(t *testing.T, path string) int {
	t.Helper()
	answer, err := http.Get(p.url + path)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	return answer.StatusCode
}

// stop asks the program to end and returns its exit code.
func (p *program) stop(t *testing.T) int {
	t.Helper()
	require.NoError(t, p.Process.Signal(syscall.SIGTERM))
	select {
	case <-p.ended:
	case <-time.After(patience):
		t.Fatalf("the program did not end:\n%s", p.out)
	}
	return p.ProcessState.ExitCode()
}

func (p *program) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, p.Process.Kill())
	<-p.ended
}

// logged gives the log lines with this message.
func (p *program) logged(message string) []map[string]any {
	var found []map[string]any
	for line := range strings.Lines(p.out.String()) {
		var fields map[string]any
		if json.Unmarshal([]byte(line), &fields) == nil && fields["message"] == message {
			found = append(found, fields)
		}
	}
	return found
}

// modulePID is the process of a module that has answered, at its nth start.
func (p *program) modulePID(t *testing.T, name string, nth int) int {
	t.Helper()
	pid := 0
	p.await(t, "module "+name, func() bool {
		var starts []map[string]any
		for _, line := range p.logged("module started") {
			if line["module"] == name {
				starts = append(starts, line)
			}
		}
		well := 0
		for _, line := range p.logged("module is well") {
			if line["module"] == name {
				well++
			}
		}
		if len(starts) < nth || well < nth {
			return false
		}
		pid = int(starts[nth-1]["pid"].(float64))
		return true
	})
	return pid
}

func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || !strings.Contains(string(stat), ") Z ") // a zombie waits for whoever inherited it
}

// post sends JSON and returns the status and the answer.
func (p *program) post(token, path string, body any) (int, []byte, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, nil, err
	}
	request, err := http.NewRequest(http.MethodPost, p.url+path, bytes.NewReader(text))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(answer.Body)
	return answer.StatusCode, content, err
}

func (p *program) token(t *testing.T, email, password string) string {
	t.Helper()
	status, content, err := p.post("", "/api/login", map[string]string{"email": email, "password": password})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, string(content))
	var answer struct{ Token string }
	require.NoError(t, json.Unmarshal(content, &answer))
	require.NotEmpty(t, answer.Token)
	return answer.Token
}

func TestUpMakesAnAdministratorOnceAndStopsInGoodOrder(t *testing.T) {
	t.Parallel()
	state := stateDir(t)
	p := up(t, state)
	kept, err := os.ReadFile(filepath.Join(state, "admin-password"))
	require.NoError(t, err)
	info, err := os.Stat(filepath.Join(state, "admin-password"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	password := strings.TrimSpace(string(kept))
	require.NotContains(t, p.out.String(), password, "the output is no terminal, so it may be kept")
	p.token(t, firstEmail, password)

	modules := []int{p.modulePID(t, "worker", 1), p.modulePID(t, "scheduler", 1)}
	postgres := int(p.logged("PostgreSQL started")[0]["pid"].(float64))
	require.Zero(t, p.stop(t), p.out)
	for _, pid := range append(modules, postgres) {
		require.False(t, alive(pid))
	}
	require.Len(t, p.logged("module drained"), 2)

	again := up(t, state)
	require.NotContains(t, again.out.String(), "administrator made")
	again.token(t, firstEmail, password)
}

func TestUpTakesTheAdministratorOfTheEnvironment(t *testing.T) {
	t.Parallel()
	p := up(t, stateDir(t), "IBUTSU_SUPERADMIN_EMAIL=me@example.com", "IBUTSU_SUPERADMIN_PASSWORD=mine alone")
	p.token(t, "me@example.com", "mine alone")
	require.NoFileExists(t, filepath.Join(p.state, "admin-password"))
	require.NotContains(t, p.out.String(), "mine alone")
}

func TestUpLeavesNothingOutsideOfItsStateAndSharesItWithNobody(t *testing.T) {
	t.Parallel()
	p := up(t, stateDir(t))
	second := start(t, nil, "up", "--state", p.state, "--listen", "127.0.0.1:0")
	<-second.ended
	require.Equal(t, exitFailed, second.ProcessState.ExitCode())
	require.Contains(t, second.out.String(), fmt.Sprintf("another ibutsu uses this state folder: %s (process %d)", p.state, p.Process.Pid))

	entries, err := os.ReadDir(filepath.Dir(p.state))
	require.NoError(t, err)
	require.Len(t, entries, 1)
	home := ""
	for _, entry := range p.Env {
		if value, ok := strings.CutPrefix(entry, "HOME="); ok {
			home = value
		}
	}
	entries, err = os.ReadDir(home)
	require.NoError(t, err)
	require.Empty(t, entries)
}

func TestUpSaysAtOnceThatThePortIsTaken(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	state := stateDir(t)
	p := start(t, nil, "up", "--state", state, "--listen", l.Addr().String())
	<-p.ended
	require.Equal(t, exitFailed, p.ProcessState.ExitCode())
	require.Contains(t, p.out.String(), l.Addr().String()+" is in use by another program")
	require.NoDirExists(t, filepath.Join(state, "postgres"))
}

func TestUpThatIsStoppedWhileItStartsLeavesNothingRunning(t *testing.T) {
	t.Parallel()
	p := start(t, nil, "up", "--state", stateDir(t), "--listen", "127.0.0.1:0")
	p.await(t, "PostgreSQL", func() bool { return len(p.logged("PostgreSQL started")) == 1 })
	postgres := int(p.logged("PostgreSQL started")[0]["pid"].(float64))
	p.stop(t)
	require.False(t, alive(postgres))
}

func TestUpThatIsKilledLeavesNoModuleAndStartsAgain(t *testing.T) {
	t.Parallel()
	p := up(t, stateDir(t))
	modules := []int{p.modulePID(t, "worker", 1), p.modulePID(t, "scheduler", 1)}
	p.kill(t)
	for _, pid := range modules {
		require.Eventually(t, func() bool { return !alive(pid) }, patience, time.Millisecond)
	}
	again := up(t, p.state)
	require.Len(t, again.logged("PostgreSQL runs already, left by an earlier start: taking it over"), 1)
	require.Zero(t, again.stop(t))
}

func TestBackendAnswersWhileModulesAreKilledInALoop(t *testing.T) {
	t.Parallel()
	p := up(t, stateDir(t))
	for nth := range 3 {
		for _, name := range []string{"worker", "scheduler"} {
			require.NoError(t, syscall.Kill(p.modulePID(t, name, nth+1), syscall.SIGKILL))
			require.Equal(t, http.StatusOK, p.get(t, "/api/health"))
		}
	}
	p.modulePID(t, "worker", 4)
	restarts := p.logged("module ended, starting it again")
	require.Len(t, restarts, 6)
	require.Equal(t, "signal: killed", restarts[0]["reason"])
}

func TestStopLosesNothingThatWasAccepted(t *testing.T) {
	t.Parallel()
	state := stateDir(t)
	env := []string{"IBUTSU_SUPERADMIN_EMAIL=me@example.com", "IBUTSU_SUPERADMIN_PASSWORD=mine alone", "IBUTSU_SUPERADMIN_OWN_PROJECT=shop"}
	p := up(t, state, env...)
	token := p.token(t, "me@example.com", "mine alone")
	var mutex sync.Mutex
	var accepted []string
	var refused []string
	var senders sync.WaitGroup
	for range 8 {
		senders.Go(func() {
			for {
				status, content, err := p.post(token, "/api/run", map[string]any{"metadata": map[string]any{"project": "shop"}})
				if err != nil {
					return // not accepted: the server is gone
				}
				mutex.Lock()
				var run struct{ ID string }
				if status == http.StatusCreated && json.Unmarshal(content, &run) == nil {
					accepted = append(accepted, run.ID)
				} else {
					refused = append(refused, fmt.Sprint(status, string(content)))
				}
				mutex.Unlock()
			}
		})
	}
	require.Eventually(t, func() bool {
		mutex.Lock()
		defer mutex.Unlock()
		return len(accepted) > 50 || len(refused) > 0
	}, patience, time.Millisecond)
	require.Zero(t, p.stop(t), p.out)
	senders.Wait()
	require.Empty(t, refused, "what is accepted is also answered")

	again := up(t, state, env...)
	token = again.token(t, "me@example.com", "mine alone")
	for _, id := range accepted {
		request, err := http.NewRequest(http.MethodGet, again.url+"/api/run/"+id, nil)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusOK, answer.StatusCode, id)
	}
}

func TestServeAndModuleRunAloneOnASharedServer(t *testing.T) {
	t.Parallel()
	env := []string{"DATABASE_URL=" + dbtest.URL(t), "IBUTSU_SUPERADMIN_EMAIL=me@example.com", "IBUTSU_SUPERADMIN_PASSWORD=mine alone"}
	socket := filepath.Join(t.TempDir(), "n")
	systemd, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	require.NoError(t, err)
	defer func() { require.NoError(t, systemd.Close()) }()

	serve := start(t, append(env, "NOTIFY_SOCKET="+socket, "WATCHDOG_USEC=3000000"), "serve", "--listen", "127.0.0.1:0", "--state", stateDir(t))
	hear(t, systemd, "READY=1")
	serve.await(t, "the address", func() bool { return len(serve.logged("serving")) == 1 })
	serve.url = serve.logged("serving")[0]["url"].(string)
	serve.token(t, "me@example.com", "mine alone")
	hear(t, systemd, "WATCHDOG=1")
	require.Zero(t, serve.stop(t), serve.out)
	hear(t, systemd, "STOPPING=1")

	module := start(t, append(env, "NOTIFY_SOCKET="+socket, "WATCHDOG_USEC=6000000"), "module", "worker")
	hear(t, systemd, "READY=1")
	hear(t, systemd, "WATCHDOG=1")
	require.NoError(t, syscall.Kill(module.modulePID(t, "worker", 1), syscall.SIGKILL))
	hear(t, systemd, "STATUS=waiting: signal: killed (restarts: 1, the last after: signal: killed)")
	hear(t, systemd, "WATCHDOG=1")
	require.Zero(t, module.stop(t), module.out)
	hear(t, systemd, "STOPPING=1")
}

// hear reads what is told to systemd until it is this.
func hear(t *testing.T, systemd *net.UnixConn, want string) {
	t.Helper()
	require.NoError(t, systemd.SetReadDeadline(time.Now().Add(patience)))
	for buffer := make([]byte, 4096); ; {
		n, err := systemd.Read(buffer)
		require.NoError(t, err, "waiting for %s", want)
		if string(buffer[:n]) == want {
			return
		}
	}
}

func TestModuleWaitsForADatabaseThatIsAway(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	p := start(t, []string{"DATABASE_URL=postgres://nobody@" + address + "/none"}, "module", "scheduler")
	p.await(t, "the reason", func() bool { return len(p.logged("cannot work yet, trying on")) > 0 })
	require.Zero(t, p.stop(t), p.out)
	require.Empty(t, p.logged("module ended, starting it again"))
}

func TestServeWithoutADatabaseSaysWhatToSet(t *testing.T) {
	t.Parallel()
	p := start(t, nil, "serve", "--state", stateDir(t))
	<-p.ended
	require.Equal(t, exitUsage, p.ProcessState.ExitCode())
	require.Contains(t, p.out.String(), "DATABASE_URL")
}

func TestServeSaysInOneLineThatTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	p := start(t, []string{"DATABASE_URL=postgres://nobody:secret@127.0.0.1:1/none", "IBUTSU_DATABASE_WAIT=100ms"}, "serve", "--listen", "127.0.0.1:0", "--state", stateDir(t))
	<-p.ended
	require.Equal(t, exitFailed, p.ProcessState.ExitCode())
	var said []string
	for line := range strings.Lines(p.out.String()) {
		if strings.HasPrefix(line, "ibutsu:") {
			said = append(said, line)
		}
	}
	require.Len(t, said, 1)
	require.Contains(t, said[0], "127.0.0.1:1 cannot be reached: connection refused; start PostgreSQL, or correct its address")
	require.NotContains(t, p.out.String(), "secret")
}

func TestModuleProcessIsNotForPeople(t *testing.T) {
	t.Parallel()
	p := start(t, nil, moduleProcess, "worker")
	<-p.ended
	require.Equal(t, 1, p.ProcessState.ExitCode())
	help := start(t, nil, "--help")
	<-help.ended
	require.NotContains(t, help.out.String(), moduleProcess)
}

func TestFirstScreen(t *testing.T) {
	t.Parallel()
	w := welcome{program: "bin/ibutsu", url: "http://127.0.0.1:8080", state: "/a folder/x", admin: administrator{email: "a@b", password: "secret", file: "/a folder/x/admin-password"}}
	require.NotContains(t, w.String(), "secret")
	require.Contains(t, w.String(), "$(bin/ibutsu token create --state '/a folder/x' --email a@b")
	w.terminal = true
	require.Contains(t, w.String(), "secret")
	require.NotContains(t, w.String(), "\x1b")
	w.admin = administrator{}
	require.NotContains(t, w.String(), "Sign in")
	lines := bufio.NewScanner(strings.NewReader(w.String()))
	for lines.Scan() {
		require.LessOrEqual(t, len(lines.Text()), 100)
	}
}

func TestMadeUpPasswordIsKeptOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "admin-password")
	first, err := keptPassword(path)
	require.NoError(t, err)
	require.Len(t, first, 26)
	second, err := keptPassword(path)
	require.NoError(t, err)
	require.Equal(t, first, second)
}
