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
	standby *exec.Cmd
	ended   chan struct{}
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
	if err := r.allowReplication(ctx); err != nil {
		return err
	}
	return r.startStandby(ctx)
}

// allowReplication lets standbys in, who may reach the socket anyway, and takes note of whom the primary runs as.
func (r *Replicated) allowReplication(ctx context.Context) error {
	var file string
	if err := Ask(ctx, r.Primary, `SHOW hba_file`, &file); err != nil {
		return err
	}
	hba, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = hba.WriteString("local replication all trust\n")
	if err := errors.Join(err, hba.Close()); err != nil {
		return err
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	r.owner = &syscall.SysProcAttr{Setsid: true}
	if stat := info.Sys().(*syscall.Stat_t); os.Geteuid() == 0 {
		r.owner.Credential = &syscall.Credential{Uid: stat.Uid, Gid: stat.Gid}
	}
	var reloaded bool
	return Ask(ctx, r.Primary, `SELECT pg_reload_conf()`, &reloaded)
}

func (r *Replicated) startStandby(ctx context.Context) error {
	home := filepath.Join(r.dir, "standby")
	if err := os.Mkdir(home, 0o700); err != nil {
		return err
	}
	if r.owner.Credential != nil {
		if err := os.Chown(home, int(r.owner.Credential.Uid), int(r.owner.Credential.Gid)); err != nil {
			return err
		}
	}
	primary, err := url.Parse(r.Primary)
	if err != nil {
		return err
	}
	where := primary.Query()
	data := filepath.Join(home, "data")
	copying := exec.CommandContext(ctx, filepath.Join(r.bin, "pg_basebackup"), "--pgdata", data, "--write-recovery-conf", "--checkpoint=fast",
		"--host", where.Get("host"), "--port", where.Get("port"), "--username", primary.User.Username(), "--no-password")
	copying.SysProcAttr, copying.Dir = r.owner, "/"
	if out, err := copying.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_basebackup: %w\n%s", err, out)
	}
	log, err := os.OpenFile(filepath.Join(r.dir, "standby.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	r.standby = exec.Command(filepath.Join(r.bin, "postgres"), "-D", data, "-c", "unix_socket_directories="+home, "-c", "listen_addresses=",
		"-c", "max_standby_streaming_delay=100ms")
	r.standby.SysProcAttr, r.standby.Dir, r.standby.Stdout, r.standby.Stderr = r.owner, "/", log, log
	if err := r.standby.Start(); err != nil {
		return err
	}
	r.ended = make(chan struct{})
	go func() {
		_ = r.standby.Wait()
		close(r.ended)
	}()
	where.Set("host", home)
	primary.RawQuery = where.Encode()
	r.Standby = primary.String()
	var standby bool
	return Await(ctx, "the standby", func() bool { return Ask(ctx, r.Standby, `SELECT pg_is_in_recovery()`, &standby) == nil && standby })
}

// KillStandby ends the standby as a power failure does.
func (r *Replicated) KillStandby() error {
	if err := r.standby.Process.Signal(syscall.SIGQUIT); err != nil {
		return err
	}
	<-r.ended
	return nil
}

// Stop ends both and removes them.
func (r *Replicated) Stop() error {
	var err error
	if r.ended != nil {
		_ = r.standby.Process.Signal(syscall.SIGQUIT)
		<-r.ended
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
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
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
