// Command cluster runs two backends, two workers and two schedulers, each a process of its own, on one PostgreSQL with a
// streaming standby and one Redis:
//
//	go run ./checks/cluster [-binary FILE]
//
// What one backend has acknowledged the other shows at once, in lists and widgets, while the standby follows, while it is
// held back, and after it was killed; imports come to their end though a worker is killed. The last line is "N steps
// passed, M failed".
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/ibutsu/ibutsu-go/checks/harness"
)

func main() {
	binary := flag.String("binary", filepath.Join("bin", "ibutsu"), "the program")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	passed, err := run(ctx, *binary)
	stop()
	if err != nil {
		fmt.Println("FAIL", err)
		fmt.Printf("%d steps passed, 1 failed\n", passed)
		os.Exit(1)
	}
	fmt.Printf("%d steps passed, 0 failed\n", passed)
}

type cluster struct {
	binary     string
	dir        string
	env        []string
	replicated *harness.Replicated
	processes  []*process
	a, b       *harness.Client
	project    string
	sent       int
}

type process struct {
	name  string
	cmd   *exec.Cmd
	log   string
	ended chan struct{}
}

func run(ctx context.Context, binary string) (passed int, err error) {
	c := &cluster{binary: binary}
	if c.dir, err = os.MkdirTemp("", "cluster-"); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(c.dir)) }()
	if c.replicated, err = harness.StartReplicated(ctx); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, c.replicated.Stop()) }()
	redis, err := harness.StartRedis(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, redis.Stop()) }()
	c.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + c.dir, "TMPDIR=" + os.TempDir(), "IBUTSU_BCRYPT_COST=4", "IBUTSU_LOG_FORMAT=json",
		"DATABASE_URL=" + c.replicated.Primary, "IBUTSU_DATABASE_REPLICAS=" + c.replicated.Standby, "REDIS_URL=" + redis.URL,
		"IBUTSU_SUPERADMIN_EMAIL=" + harness.AdminEmail, "IBUTSU_SUPERADMIN_PASSWORD=" + harness.AdminPassword, "IBUTSU_SUPERADMIN_NAME=" + harness.AdminName,
	}
	defer c.stop()
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"two of each start at once on an empty database", c.start},
		{"what one backend acknowledged the other shows", func(ctx context.Context) error { return c.writeAndRead(ctx, 100) }},
		{"who listens at one backend hears of what comes in at the other", c.heard},
		{"the standby answered", c.standbyAnswered},
		{"a standby that is held back shows nobody what is old", c.heldBack},
		{"a standby that is killed is not missed", c.withoutStandby},
		{"imports end though a worker is killed", c.imports},
		{"one backend serves when the other is killed", c.oneBackend},
	} {
		begin := time.Now()
		if err := step.do(ctx); err != nil {
			return passed, fmt.Errorf("%s: %w\n%s", step.what, err, c.logs())
		}
		fmt.Printf("ok   %-60s %5.1f s\n", step.what, time.Since(begin).Seconds())
		passed++
	}
	return passed, nil
}

func (c *cluster) launch(name string, args ...string) error {
	p := &process{name: name, cmd: exec.Command(c.binary, args...), log: filepath.Join(c.dir, name+".log"), ended: make(chan struct{})}
	log, err := os.Create(p.log)
	if err != nil {
		return err
	}
	defer log.Close()
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = c.env, log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.ended)
	}()
	c.processes = append(c.processes, p)
	return nil
}

func (c *cluster) start(ctx context.Context) error {
	var addresses []string
	for _, name := range []string{"backend-a", "backend-b"} {
		address, err := freeAddress(ctx)
		if err != nil {
			return err
		}
		addresses = append(addresses, "http://"+address)
		if err := c.launch(name, "serve", "--listen", address); err != nil {
			return err
		}
	}
	for _, name := range []string{"worker-a", "worker-b", "scheduler-a", "scheduler-b"} {
		if err := c.launch(name, "module", strings.Split(name, "-")[0]); err != nil {
			return err
		}
	}
	for _, address := range addresses {
		err := harness.Await(ctx, address, func() bool {
			answer, err := http.Get(address + "/readyz")
			if err != nil {
				return false
			}
			_ = answer.Body.Close()
			return answer.StatusCode == http.StatusOK
		})
		if err != nil {
			return err
		}
	}
	create := exec.CommandContext(ctx, c.binary, "token", "create", "--email", harness.AdminEmail, "--name", "cluster")
	create.Env = c.env
	token, err := create.Output()
	if err != nil {
		return err
	}
	c.a = harness.NewClient(addresses[0], strings.TrimSpace(string(token)), 30*time.Second)
	c.b = harness.NewClient(addresses[1], strings.TrimSpace(string(token)), 30*time.Second)
	var made struct{ ID string }
	err = c.a.Post(ctx, "/api/project", map[string]any{"name": "shared"}, &made)
	c.project = made.ID
	return err
}

// writeAndRead sends results through one backend and looks at once through the other.
func (c *cluster) writeAndRead(ctx context.Context, n int) error {
	for range n {
		result := map[string]any{"project_id": c.project, "test_id": fmt.Sprint("t", c.sent), "result": "passed", "start_time": time.Now().UTC().Format(time.RFC3339Nano)}
		if err := c.a.Post(ctx, "/api/result", result, nil); err != nil {
			return err
		}
		c.sent++
		for _, reader := range []*harness.Client{c.a, c.b} {
			var list struct{ Pagination struct{ TotalItems int } }
			if err := reader.Get(ctx, "/api/result?pageSize=1&filter="+url.QueryEscape("project_id="+c.project), &list); err != nil {
				return err
			}
			if list.Pagination.TotalItems != c.sent {
				return fmt.Errorf("%d results were acknowledged, a list has %d", c.sent, list.Pagination.TotalItems)
			}
			var counts []struct{ Count int }
			if err := reader.Get(ctx, "/api/widget/result-aggregator?group_field=result&project="+c.project, &counts); err != nil {
				return err
			}
			if len(counts) != 1 || counts[0].Count != c.sent {
				return fmt.Errorf("%d results were acknowledged, a widget counts %v", c.sent, counts)
			}
		}
	}
	return nil
}

// heard listens at one backend while results come in at the other.
func (c *cluster) heard(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	events, err := c.b.Hear(ctx, c.project)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, events.Close()) }()
	before, err := events.Next()
	if err != nil {
		return err
	}
	for range 3 {
		if err := c.writeAndRead(ctx, 1); err != nil {
			return err
		}
		after, err := events.Next()
		if err != nil {
			return err
		}
		if after == before {
			return fmt.Errorf("a change was told without another version: %s", after)
		}
		before = after
	}
	return nil
}

// scans is how often the standby has looked into the tables that lists and widgets read.
func (c *cluster) scans(ctx context.Context) (n int, err error) {
	return n, harness.Ask(ctx, c.replicated.Standby, `SELECT coalesce(sum(coalesce(idx_scan, 0) + coalesce(seq_scan, 0)), 0)::int
		FROM pg_stat_user_tables WHERE relname IN ('results', 'result_tally', 'result_tally_days')`, &n)
}

func (c *cluster) standbyAnswered(ctx context.Context) error {
	return harness.Await(ctx, "reads on the standby", func() bool {
		n, err := c.scans(ctx)
		return err == nil && n >= c.sent
	})
}

func (c *cluster) heldBack(ctx context.Context) error {
	var nothing string
	if err := harness.Ask(ctx, c.replicated.Standby, `SELECT pg_wal_replay_pause()::text`, &nothing); err != nil {
		return err
	}
	var paused bool
	err := harness.Await(ctx, "the pause", func() bool {
		return harness.Ask(ctx, c.replicated.Standby, `SELECT pg_get_wal_replay_pause_state() = 'paused'`, &paused) == nil && paused
	})
	if err != nil {
		return err
	}
	if err := c.writeAndRead(ctx, 30); err != nil {
		return err
	}
	var old bool
	if err := harness.Ask(ctx, c.replicated.Standby, fmt.Sprintf(`SELECT count(*) < %d FROM results`, c.sent), &old); err != nil {
		return err
	}
	if !old {
		return errors.New("the standby was not held back: this step shows nothing")
	}
	if err := harness.Ask(ctx, c.replicated.Standby, `SELECT pg_wal_replay_resume()::text`, &nothing); err != nil {
		return err
	}
	before, err := c.scans(ctx)
	if err != nil {
		return err
	}
	return harness.Await(ctx, "reads on the standby that has caught up", func() bool {
		if c.writeAndRead(ctx, 1) != nil {
			return false
		}
		n, err := c.scans(ctx)
		return err == nil && n > before
	})
}

func (c *cluster) withoutStandby(ctx context.Context) error {
	if err := c.replicated.KillStandby(); err != nil {
		return err
	}
	return c.writeAndRead(ctx, 30)
}

func (c *cluster) imports(ctx context.Context) error {
	const files, cases = 20, 200
	var report strings.Builder
	report.WriteString(`<testsuite name="s">`)
	for i := range cases {
		fmt.Fprintf(&report, `<testcase classname="c" name="t%d"/>`, i)
	}
	report.WriteString(`</testsuite>`)
	for i := range files {
		client := []*harness.Client{c.a, c.b}[i%2]
		err := client.Upload(ctx, "/api/import", "importFile", fmt.Sprintf("r%d.xml", i), []byte(report.String()), map[string]string{"project": c.project}, nil)
		if err != nil {
			return err
		}
		if i == files/2 {
			if err := c.kill("worker-a"); err != nil {
				return err
			}
		}
	}
	c.sent += files * cases
	done := 0
	err := harness.Await(ctx, "all imports", func() bool {
		return harness.Ask(ctx, c.replicated.Primary, `SELECT count(*)::int FROM imports WHERE status = 'done'`, &done) == nil && done == files
	})
	if err != nil {
		return fmt.Errorf("%w: %d of %d are done", err, done, files)
	}
	return c.writeAndRead(ctx, 1)
}

func (c *cluster) oneBackend(ctx context.Context) error {
	if err := c.kill("backend-b"); err != nil {
		return err
	}
	c.b = c.a
	return c.writeAndRead(ctx, 5)
}

func (c *cluster) kill(name string) error {
	for _, p := range c.processes {
		if p.name == name {
			err := p.cmd.Process.Kill()
			<-p.ended
			return err
		}
	}
	return fmt.Errorf("there is no %s", name)
}

func (c *cluster) stop() {
	for _, p := range c.processes {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
	}
	for _, p := range c.processes {
		select {
		case <-p.ended:
		case <-time.After(time.Minute):
			_ = p.cmd.Process.Kill()
			<-p.ended
		}
	}
}

// logs are the warnings of all processes.
func (c *cluster) logs() string {
	var lines []string
	for _, p := range c.processes {
		raw, err := os.ReadFile(p.log)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(raw)) {
			var entry struct{ Level string }
			if json.Unmarshal([]byte(line), &entry) != nil || entry.Level == "warn" || entry.Level == "error" {
				lines = append(lines, p.name+": "+strings.TrimSpace(line))
			}
		}
	}
	return strings.Join(lines[max(0, len(lines)-30):], "\n")
}

func freeAddress(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
