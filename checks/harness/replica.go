package harness

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/supervise"
)

// Replicated is a PostgreSQL with a streaming standby, in a folder of its own.
type Replicated struct {
	// Primary and Standby are the addresses of the database `ibutsu` on both.
	Primary, Standby string

	dir     string
	bin     string
	owner   *syscall.SysProcAttr
	primary *supervise.Postgres
	standby *copied
}

// StartReplicated makes both.
func StartReplicated(ctx context.Context) (*Replicated, error) {
	dir, err := os.MkdirTemp("", "replicated-")
	if err != nil {
		return nil, err
	}
	r := &Replicated{dir: dir}
	if err := r.start(ctx); err != nil {
		return nil, errors.Join(err, r.Stop())
	}
	return r, nil
}

func (r *Replicated) start(ctx context.Context) error {
	if err := os.Chmod(r.dir, 0o711); err != nil { // the user that PostgreSQL runs as has to get through
		return err
	}
	found, err := supervise.FindPostgres(ctx, os.Getenv("IBUTSU_POSTGRES_BIN"), 0)
	if err != nil {
		return err
	}
	r.bin = found.Bin
	r.primary, err = supervise.StartPostgres(ctx, supervise.PostgresOptions{
		Dir: filepath.Join(r.dir, "primary"), Log: filepath.Join(r.dir, "primary.log"), Bin: found.Bin, Database: "ibutsu", Logger: zerolog.Nop(),
	})
	if err != nil {
		return err
	}
	r.Primary = r.primary.URL("ibutsu")
	if r.owner, err = allowReplication(ctx, r.Primary); err != nil {
		return err
	}
	return r.startStandby(ctx)
}

// allowReplication lets standbys and copies in, who may reach the socket anyway, and returns whom the server runs as.
func allowReplication(ctx context.Context, address string) (*syscall.SysProcAttr, error) {
	var file string
	if err := Ask(ctx, address, `SHOW hba_file`, &file); err != nil {
		return nil, err
	}
	hba, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	_, err = hba.WriteString("local replication all trust\n")
	if err := errors.Join(err, hba.Close()); err != nil {
		return nil, err
	}
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	owner := &syscall.SysProcAttr{Setsid: true}
	if stat := info.Sys().(*syscall.Stat_t); os.Geteuid() == 0 {
		owner.Credential = &syscall.Credential{Uid: stat.Uid, Gid: stat.Gid}
	}
	var reloaded bool
	return owner, Ask(ctx, address, `SELECT pg_reload_conf()`, &reloaded)
}

// ownFolder makes a folder of the owner's own.
func ownFolder(owner *syscall.SysProcAttr, path string) (string, error) {
	if err := os.Mkdir(path, 0o700); err != nil {
		return "", err
	}
	if owner.Credential == nil {
		return path, nil
	}
	return path, os.Chown(path, int(owner.Credential.Uid), int(owner.Credential.Gid))
}

// baseBackup copies a server's whole cluster into a folder.
func baseBackup(ctx context.Context, bin string, owner *syscall.SysProcAttr, address, data string, args ...string) error {
	server, err := url.Parse(address)
	if err != nil {
		return err
	}
	where := server.Query()
	args = append(args, "--pgdata", data, "--checkpoint=fast",
		"--host", where.Get("host"), "--port", where.Get("port"), "--username", server.User.Username(), "--no-password")
	copying := exec.CommandContext(ctx, filepath.Join(bin, "pg_basebackup"), args...)
	copying.SysProcAttr, copying.Dir = owner, "/"
	if out, err := copying.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_basebackup: %w\n%s", err, out)
	}
	return nil
}

// copied is a server on a copy of a cluster.
type copied struct {
	URL     string
	command *exec.Cmd
	ended   chan struct{}
}

// serveCopy starts a server on a copy, with its socket in a folder. original is the address of what was copied.
func serveCopy(bin string, owner *syscall.SysProcAttr, data, socket, logFile, original string, args ...string) (*copied, error) {
	address, err := url.Parse(original)
	if err != nil {
		return nil, err
	}
	where := address.Query()
	where.Set("host", socket)
	address.RawQuery = where.Encode()
	log, err := os.OpenFile(logFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	args = append([]string{"-D", data, "-c", "unix_socket_directories=" + socket, "-c", "listen_addresses="}, args...)
	c := &copied{URL: address.String(), command: exec.Command(filepath.Join(bin, "postgres"), args...), ended: make(chan struct{})}
	c.command.SysProcAttr, c.command.Dir, c.command.Stdout, c.command.Stderr = owner, "/", log, log
	if err := c.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = c.command.Wait()
		close(c.ended)
	}()
	return c, nil
}

// kill ends it as a power failure does.
func (c *copied) kill() error {
	err := c.command.Process.Signal(syscall.SIGQUIT)
	<-c.ended
	return err
}

func (r *Replicated) startStandby(ctx context.Context) error {
	home, err := ownFolder(r.owner, filepath.Join(r.dir, "standby"))
	if err != nil {
		return err
	}
	data := filepath.Join(home, "data")
	if err := baseBackup(ctx, r.bin, r.owner, r.Primary, data, "--write-recovery-conf"); err != nil {
		return err
	}
	r.standby, err = serveCopy(r.bin, r.owner, data, home, filepath.Join(r.dir, "standby.log"), r.Primary, "-c", "max_standby_streaming_delay=100ms")
	if err != nil {
		return err
	}
	r.Standby = r.standby.URL
	var standby bool
	return Await(ctx, "the standby", func() bool { return Ask(ctx, r.Standby, `SELECT pg_is_in_recovery()`, &standby) == nil && standby })
}

// KillStandby ends the standby as a power failure does.
func (r *Replicated) KillStandby() error {
	err := r.standby.kill()
	r.standby = nil
	return err
}

// Stop ends both and removes them.
func (r *Replicated) Stop() error {
	var err error
	if r.standby != nil {
		_ = r.standby.kill()
	}
	if r.primary != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		err = r.primary.Stop(ctx)
	}
	return errors.Join(err, os.RemoveAll(r.dir))
}

// Ask asks a database for one value.
func Ask(ctx context.Context, address, sql string, into any) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return conn.QueryRow(ctx, sql).Scan(into)
}

// Await waits for at most a minute until something is so.
func Await(ctx context.Context, what string, is func() bool) error {
	return Within(ctx, time.Minute, what, is)
}

// Within is Await with another patience.
func Within(ctx context.Context, patience time.Duration, what string, is func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for !is() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited in vain for %s: %w", what, ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}
