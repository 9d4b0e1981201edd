package supervise

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/supervise/child"
)

const (
	superuser  = "ibutsu"
	port       = "5432" // only a part of the socket's name
	socketName = ".s.PGSQL." + port
)

// cluster is the folder of a private PostgreSQL and what is needed to run it.
type cluster struct {
	options PostgresOptions
	dir     string // absolute
	data    string // dir/data
	socket  string // the socket's folder, as clients name it
	account account
	install Installation
}

// openCluster makes the cluster when there is none. A half-made one, from a start that was killed, is thrown away.
func openCluster(ctx context.Context, options PostgresOptions) (*cluster, error) {
	dir, err := filepath.Abs(options.Dir)
	if err != nil {
		return nil, err
	}
	c := &cluster{options: options, dir: dir, data: filepath.Join(dir, "data")}
	major, err := c.madeBy()
	if err != nil {
		return nil, err
	}
	if c.install, err = FindPostgres(ctx, options.Bin, major); err != nil {
		return nil, err
	}
	if c.account, err = clusterAccount(c.dir, c.data); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(c.dir), 0o711); err != nil { //nolint:gosec // PostgreSQL runs as another user
		return nil, err
	}
	if err := c.account.own(c.dir); err != nil {
		return nil, fmt.Errorf("making its folder: %w", err)
	}
	c.socket, err = shortDir(filepath.Join(c.dir, "run"), filepath.Join(c.dir, "socket-dir"), len(socketName), c.account, os.Getenv("XDG_RUNTIME_DIR"))
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(options.Log), 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of its log: %w", err)
	}
	if major == 0 {
		return c, c.create(ctx)
	}
	if err := c.account.ownAll(c.data); err != nil {
		return nil, fmt.Errorf("giving the data to user %s: %w", c.account.name, err)
	}
	return c, nil
}

// madeBy is the major version of the cluster that exists, zero when there is none.
func (c *cluster) madeBy() (int, error) {
	text, err := os.ReadFile(filepath.Join(c.data, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("reading the version of the cluster: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("%s/PG_VERSION is unreadable", c.data)
	}
	return major, nil
}

// create makes the cluster beside its place and moves it there when it is whole.
func (c *cluster) create(ctx context.Context) error {
	fresh := c.data + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("removing what an earlier start left: %w", err)
	}
	if err := c.account.own(fresh); err != nil {
		return fmt.Errorf("making the data folder: %w", err)
	}
	// C.UTF-8 knows upper and lower case beyond ASCII and compares as fast as C. Some systems do not have it.
	err := c.initdb(ctx, fresh, "C.UTF-8")
	if err != nil && strings.Contains(err.Error(), "locale") {
		if err := os.RemoveAll(fresh); err != nil {
			return err
		}
		if err := c.account.own(fresh); err != nil {
			return err
		}
		err = c.initdb(ctx, fresh, "C")
	}
	if err != nil {
		return err
	}
	// Written before the file of the user's own settings ends, so that these win.
	conf := filepath.Join(fresh, "postgresql.conf")
	text, err := os.ReadFile(conf)
	if err != nil {
		return err
	}
	text = append([]byte("include_if_exists = 'ibutsu.conf'\n"), uncomment(text)...)
	if err := c.write(conf, string(text)); err != nil {
		return err
	}
	if err := c.write(filepath.Join(fresh, "pg_hba.conf"), hba); err != nil {
		return err
	}
	if err := os.RemoveAll(c.data); err != nil { // a folder without PG_VERSION is no cluster
		return err
	}
	return os.Rename(fresh, c.data)
}

// uncomment takes out the settings that initdb wrote, which would win over ibutsu.conf, except those that describe how
// the cluster was made.
func uncomment(conf []byte) []byte {
	lines := strings.SplitAfter(string(conf), "\n")
	for i, line := range lines {
		name, _, found := strings.Cut(line, "=")
		name = strings.TrimSpace(name)
		if !found || strings.HasPrefix(name, "#") || strings.HasPrefix(name, "lc_") || name == "default_text_search_config" {
			continue
		}
		lines[i] = "#" + line
	}
	return []byte(strings.Join(lines, ""))
}

func (c *cluster) initdb(ctx context.Context, dir, locale string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(c.install.Bin, "initdb"),
		"--username="+superuser, "--auth=trust", "--encoding=UTF8", "--locale="+locale, "--data-checksums")
	if c.options.unsafe {
		cmd.Args = append(cmd.Args, "--no-sync")
	}
	release, err := c.runAs(cmd, dir)
	if err != nil {
		return err
	}
	defer release()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb failed: %w: %s", err, lastLines(out))
	}
	return nil
}

// runAs lets cmd run as the account, with a clean environment, on the data folder dir. Where the account cannot reach
// the folder by its path, because the state is below /root, the folder is handed over as an open file.
func (c *cluster) runAs(cmd *exec.Cmd, dir string) (release func(), err error) {
	cmd.Dir = "/"
	cmd.Env = []string{"LC_ALL=C", "PATH=" + c.install.Bin + ":/usr/bin:/bin", "TZ=UTC"}
	cmd.SysProcAttr = c.account.attributes()
	if c.account.reaches(dir) {
		cmd.Args = append(cmd.Args, "-D", dir)
		return func() {}, nil
	}
	if runtime.GOOS != "linux" {
		return nil, fmt.Errorf("user %s, which PostgreSQL runs as, may not enter the folders above %s", c.account.name, dir)
	}
	handle, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	cmd.ExtraFiles = []*os.File{handle}
	cmd.Args = append(cmd.Args, "-D", "/proc/self/fd/3")
	return func() { _ = handle.Close() }, nil
}

// write writes a file of the account, whole or not at all.
func (c *cluster) write(path, text string) error {
	temp := path + ".tmp"
	if err := os.WriteFile(temp, []byte(text), 0o600); err != nil { //nolint:gosec // in our own folder
		return err
	}
	if c.account.other {
		if err := os.Chown(temp, int(c.account.uid), int(c.account.gid)); err != nil {
			return err
		}
	}
	return os.Rename(temp, path)
}

// start brings the server up, or takes over the one that runs already.
func (c *cluster) start(ctx context.Context, logger zerolog.Logger) (server, error) {
	begin := time.Now()
	for {
		pm, err := readPostmaster(c.data)
		if err != nil {
			return server{}, err
		}
		if pm.pid == 0 {
			break
		}
		who := occupant(pm.pid, c.data)
		if who == foreign {
			logger.Warn().Int("pid", pm.pid).Msg("PostgreSQL was not shut down, and another process has its number now: removing its pid file")
			if err := os.Remove(filepath.Join(c.data, pidFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return server{}, err
			}
			break
		}
		if who != running {
			break // PostgreSQL deals with it by itself
		}
		if pm.state == "ready" || pm.state == "standby" {
			logger.Info().Int("pid", pm.pid).Msg("PostgreSQL runs already, left by an earlier start: taking it over")
			return server{pid: pm.pid, cluster: c}, nil
		}
		// It is on its way up or down: after either, the answer is plain.
		if !sleep(ctx, 5*time.Millisecond) {
			return server{}, fmt.Errorf("waiting for the running server, which is %q: %w", pm.state, ctx.Err())
		}
	}
	s, err := c.launch(ctx)
	if err != nil {
		return server{}, err
	}
	logger.Info().Int("pid", s.pid).Int("version", c.install.Major).Str("data", c.data).Dur("took", time.Since(begin)).Msg("PostgreSQL started")
	return s, nil
}

// launch starts the server and waits until it is ready. Processes of a server that was killed may live for a moment
// longer and hold its shared memory, so that refusal is tried again.
func (c *cluster) launch(ctx context.Context) (server, error) {
	conf := configuration(c.options.Memory, c.options.unsafe, c.options.Settings)
	if err := c.write(filepath.Join(c.data, "ibutsu.conf"), conf); err != nil {
		return server{}, fmt.Errorf("writing its settings: %w", err)
	}
	for attempt := 0; ; attempt++ {
		s, err := c.launchOnce(ctx)
		if err == nil || attempt == 50 || !strings.Contains(err.Error(), "shared memory block") {
			return s, err
		}
		if !sleep(ctx, 100*time.Millisecond) {
			return server{}, ctx.Err()
		}
	}
}

func (c *cluster) launchOnce(ctx context.Context) (server, error) {
	log, err := openLog(c.options.Log)
	if err != nil {
		return server{}, fmt.Errorf("opening its log: %w", err)
	}
	defer func() { _ = log.Close() }()
	written, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return server{}, err
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), filepath.Join(c.install.Bin, "postgres"), // lives on after the start
		"-c", "listen_addresses=", "-c", "port="+port,
		"-c", "unix_socket_directories="+c.socketForServer(), "-c", "unix_socket_permissions=0700")
	cmd.Stdout, cmd.Stderr = log, log
	release, err := c.runAs(cmd, c.data)
	if err != nil {
		return server{}, err
	}
	defer release()
	death := syscall.Signal(0)
	if c.options.temporary {
		death = syscall.SIGQUIT
	}
	process, err := child.Start(cmd, death)
	if err != nil {
		return server{}, fmt.Errorf("starting %s: %w", cmd.Path, err)
	}
	s := server{pid: process.PID(), child: process, cluster: c}
	for {
		if pm, err := readPostmaster(c.data); err == nil && pm.pid == s.pid && pm.state == "ready" {
			return s, nil
		}
		select {
		case <-process.Done():
			return server{}, fmt.Errorf("postgres ended with %s: %s", process.Exit(), logTail(c.options.Log, written))
		case <-ctx.Done():
			s.signal(syscall.SIGINT)
			<-process.Done()
			return server{}, fmt.Errorf("waiting until it is ready: %w", ctx.Err())
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// socketForServer is the socket's folder as the server names it. It is relative to the data folder where an absolute
// path would lead through folders that the account may not enter.
func (c *cluster) socketForServer() string {
	if c.socket == filepath.Join(c.dir, "run") && !c.account.reaches(c.socket) {
		return "../run"
	}
	return c.socket
}

// cleanUp removes a socket folder outside of the state folder.
func (c *cluster) cleanUp() {
	if filepath.Dir(c.socket) != c.dir {
		_ = os.Remove(c.socket)
	}
}

// ensureDatabase makes the database at the first start, and proves at each that the server answers.
func (p *Postgres) ensureDatabase(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, p.URL(p.options.Database))
	if err == nil {
		return conn.Close(ctx)
	}
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Code != "3D000" {
		return fmt.Errorf("connecting to it: %w", err)
	}
	conn, err = pgx.Connect(ctx, p.URL("postgres"))
	if err != nil {
		return fmt.Errorf("connecting to it: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "create database "+pgx.Identifier{p.options.Database}.Sanitize()); err != nil {
		return fmt.Errorf("making database %s: %w", p.options.Database, err)
	}
	return nil
}

// openLog opens the log for appending. One that has grown is put aside first, so that two files are the most there is.
func openLog(path string) (*os.File, error) {
	const large = 16 * mib
	if info, err := os.Stat(path); err == nil && info.Size() > large {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

func logTail(path string, from int64) string {
	f, err := os.Open(path)
	if err != nil {
		return "its log cannot be read"
	}
	defer func() { _ = f.Close() }()
	text, _ := io.ReadAll(io.LimitReader(io.NewSectionReader(f, from, 1<<20), 1<<20))
	return lastLines(text)
}

// lastLines gives the end of a program's output on one line.
func lastLines(out []byte) string {
	const most = 6
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	lines = lines[max(0, len(lines)-most):]
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, " / ")
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
