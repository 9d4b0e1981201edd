package harness

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/supervise"
)

// Archived is a PostgreSQL whose log is archived, as docs/backup.md has it.
type Archived struct {
	// URL is the address of the database `ibutsu`; another one after BackTo.
	URL string

	dir      string
	bin      string
	owner    *syscall.SysProcAttr
	original *supervise.Postgres
	restored *copied
}

// StartArchived starts one, in a folder of its own.
func StartArchived(ctx context.Context) (*Archived, error) {
	dir, err := os.MkdirTemp("", "archived-")
	if err != nil {
		return nil, err
	}
	a := &Archived{dir: dir}
	if err := a.start(ctx); err != nil {
		return nil, errors.Join(err, a.Stop())
	}
	return a, nil
}

func (a *Archived) start(ctx context.Context) error {
	if err := os.Chmod(a.dir, 0o711); err != nil { // the user that PostgreSQL runs as has to get through
		return err
	}
	found, err := supervise.FindPostgres(ctx, os.Getenv("IBUTSU_POSTGRES_BIN"), 0)
	if err != nil {
		return err
	}
	a.bin = found.Bin
	wal := filepath.Join(a.dir, "wal")
	if err := errors.Join(os.Mkdir(wal, 0o700), os.Chmod(wal, 0o777)); err != nil {
		return err
	}
	a.original, err = supervise.StartPostgres(ctx, supervise.PostgresOptions{
		Dir: filepath.Join(a.dir, "original"), Log: filepath.Join(a.dir, "original.log"), Bin: found.Bin, Database: "ibutsu", Logger: zerolog.Nop(),
		Settings: map[string]string{
			"archive_mode":    "on",
			"archive_command": fmt.Sprintf("'test ! -f %s/%%f && cp %%p %s/%%f'", wal, wal),
		},
	})
	if err != nil {
		return err
	}
	a.URL = a.original.URL("ibutsu")
	a.owner, err = allowReplication(ctx, a.URL)
	return err
}

// BaseBackup copies the whole cluster, and checks the copy.
func (a *Archived) BaseBackup(ctx context.Context) error {
	home, err := ownFolder(a.owner, filepath.Join(a.dir, "base"))
	if err != nil {
		return err
	}
	data := filepath.Join(home, "data")
	if err := baseBackup(ctx, a.bin, a.owner, a.URL, data); err != nil {
		return err
	}
	return a.run(ctx, "pg_verifybackup", data)
}

// BackTo ends the server, and makes it anew as it was at a moment after the base backup.
func (a *Archived) BackTo(ctx context.Context, moment time.Time) error {
	var segment string
	if err := Ask(ctx, a.URL, `SELECT pg_walfile_name(pg_switch_wal())`, &segment); err != nil {
		return err
	}
	if err := Await(ctx, "the archive to have "+segment, func() bool {
		_, err := os.Stat(filepath.Join(a.dir, "wal", segment))
		return err == nil
	}); err != nil {
		return err
	}
	if err := a.original.Stop(ctx); err != nil {
		return err
	}
	a.original = nil
	data := filepath.Join(a.dir, "base", "data")
	settings := fmt.Sprintf("restore_command = 'cp %s/%%f %%p'\nrecovery_target_time = '%s'\nrecovery_target_action = 'promote'\narchive_mode = off\n",
		filepath.Join(a.dir, "wal"), moment.UTC().Format("2006-01-02 15:04:05.999999+00"))
	// The last file that PostgreSQL reads, whatever was set by ALTER SYSTEM or in files that are included.
	file, err := os.OpenFile(filepath.Join(data, "postgresql.auto.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(settings)
	if err := errors.Join(err, file.Close(), os.WriteFile(filepath.Join(data, "recovery.signal"), nil, 0o644)); err != nil {
		return err
	}
	return a.startRestored(ctx, data)
}

func (a *Archived) startRestored(ctx context.Context, data string) error {
	socket, err := ownFolder(a.owner, filepath.Join(a.dir, "socket"))
	if err != nil {
		return err
	}
	log := filepath.Join(a.dir, "restored.log")
	if a.restored, err = serveCopy(a.bin, a.owner, data, socket, log, a.URL); err != nil {
		return err
	}
	a.URL = a.restored.URL
	recovering := true
	err = Await(ctx, "the end of the recovery", func() bool { return Ask(ctx, a.URL, `SELECT pg_is_in_recovery()`, &recovering) == nil && !recovering })
	if err != nil {
		said, _ := os.ReadFile(log)
		return fmt.Errorf("%w\n%s", err, said)
	}
	return nil
}

func (a *Archived) run(ctx context.Context, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(a.bin, program), args...)
	cmd.SysProcAttr, cmd.Dir = a.owner, "/"
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", program, err, out)
	}
	return nil
}

// Stop ends it and removes everything.
func (a *Archived) Stop() error {
	var err error
	if a.restored != nil {
		_ = a.restored.kill()
	}
	if a.original != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		err = a.original.Stop(ctx)
	}
	return errors.Join(err, os.RemoveAll(a.dir))
}
