package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"

	ibutsu "github.com/ibutsu/ibutsu-go"
	"github.com/ibutsu/ibutsu-go/src/artifact"
	"github.com/ibutsu/ibutsu-go/src/backup"
	"github.com/ibutsu/ibutsu-go/src/cmd/ibutsu/push"
	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/supervise"
)

// BackupCmd writes the whole database into a file.
type BackupCmd struct {
	Path   string `arg:"" name:"file" help:"File to write, folder to put one into, or - for standard output"`
	Verify bool   `help:"Write nothing: read FILE (or - for standard input) to its end and say what is in it"`
	Keep   int    `placeholder:"N" help:"With a folder: keep the newest N backups in it, and delete older ones"`
	Bare   bool   `name:"without-contents" help:"Leave out what artifacts have in files or S3, and only say where it is"`
	Lost   bool   `name:"allow-lost" help:"Leave out what files or S3 have lost, with a warning; without it that is an error"`
	Quiet  bool   `short:"q" help:"Say nothing but errors"`

	Settings `embed:""`
}

func newBackupCmd() BackupCmd {
	return BackupCmd{Settings: newSettings(config.GroupDatabase, config.GroupArtifacts, config.GroupLog)}
}

func (BackupCmd) note() string {
	return "Writes all that the database holds at one moment: users, tokens, runs, results, artifacts, rollups, jobs, and what artifacts " +
		"have in files or S3. The server works on meanwhile. The file is there only when it is whole, nobody else may read it, and `ibutsu restore` makes a database of it. " +
		"It holds password hashes, tokens and keys: keep it like the database itself."
}

func (BackupCmd) examples() []example {
	return []example{
		{"ibutsu backup /var/backups/ibutsu --keep 7", "one more file in this folder; the newest seven stay"},
		{"ibutsu backup ibutsu.tar.zst", "into this file"},
		{"ibutsu backup - | age -r KEY >ibutsu.age", "elsewhere, without a file of its own"},
		{"ibutsu backup --verify ibutsu.tar.zst", "is it whole?"},
	}
}

// Run implements the command.
func (cmd *BackupCmd) Run(ctx context.Context, c *console) error {
	if cmd.Verify {
		return cmd.verify(c)
	}
	target, err := backupTarget(c, cmd.Path, cmd.Keep)
	if err != nil {
		return failure{exitUsage, err}
	}
	ctx, stop := supervise.OnSignal(ctx, func(os.Signal) { os.Exit(exitFailed) })
	defer stop()
	begin := c.now()
	bar := c.bar(cmd.Quiet)
	var summary backup.Summary
	err = cmd.withDatabase(ctx, c, mustExist, func(cfg *config.Config, _ zerolog.Logger) error {
		contents, err := cmd.contents(cfg)
		if err != nil {
			return err
		}
		summary, err = target.write(func(out io.Writer) (backup.Summary, error) {
			return backup.Take(ctx, out, backup.TakeOptions{
				URL: cfg.Database.URL.Reveal(), Version: ibutsu.Version(), Contents: contents, AllowLost: cmd.Lost,
				Progress: func(done, total int64) { bar.Progress(target.name, "writing", done, total) },
			})
		})
		return err
	})
	if err != nil {
		clearBar(bar)
		if errors.Is(err, backup.ErrLost) {
			err = fmt.Errorf("%w; is the folder mounted, and the bucket the right one? --allow-lost leaves out what is lost", err)
		}
		return fmt.Errorf("no backup was made: %w", orSignal(ctx, err))
	}
	if summary.Lost > 0 {
		bar.Note(fmt.Sprintf("warning: %d contents of artifacts are lost and not in the backup", summary.Lost))
	}
	if !cmd.Quiet {
		bar.Note(fmt.Sprintf("%s: %s, taken %s in %s", target.name, contents(summary), summary.Header.Taken.Format(time.RFC3339),
			c.now().Sub(begin).Round(100*time.Millisecond)))
	}
	return nil
}

// contents is where artifacts have what is not in the database.
func (cmd *BackupCmd) contents(cfg *config.Config) (*artifact.Library, error) {
	if cmd.Bare {
		return nil, nil
	}
	return artifact.Open(cfg, nil)
}

// verify reads a backup to its end.
func (cmd *BackupCmd) verify(c *console) error {
	in, err := backupSource(c, cmd.Path, "checking", cmd.Quiet)
	if err != nil {
		return failure{exitUsage, err}
	}
	defer in.close()
	summary, err := backup.Verify(in)
	if err != nil {
		clearBar(in.bar)
		return fmt.Errorf("%s: %w", in.name, err)
	}
	if cmd.Quiet {
		return nil
	}
	h := summary.Header
	in.bar.Note(fmt.Sprintf("%s is whole: %s", in.name, contents(summary)))
	fmt.Fprintf(c.out, "taken       %s, of database %s (PostgreSQL %s), by Ibutsu %s\n", h.Taken.Format(time.RFC3339), h.Database, h.PostgreSQL, h.Version)
	for _, t := range h.Tables {
		if n := summary.Tables[t.Name]; n > 0 {
			fmt.Fprintf(c.out, "%11d %s\n", n, t.Name)
		}
	}
	return nil
}

func contents(s backup.Summary) string {
	outside := ""
	if s.Header.Contents {
		outside = fmt.Sprintf(" and %d contents of artifacts", s.Contents)
	}
	return fmt.Sprintf("%d rows of %d tables%s, %s", s.Rows, len(s.Header.Tables), outside, push.Size(s.Bytes))
}

// bar is where the progress is shown, if somebody sits there.
func (c *console) bar(quiet bool) push.Display {
	plain := push.Plain{Out: c.err, Err: c.err, Quiet: quiet}
	if c.errTerminal && !quiet && c.getenv("TERM") != "dumb" {
		return &push.Bar{Plain: plain, Terminal: c.err, Width: c.width, Now: c.now}
	}
	return &plain
}

func clearBar(d push.Display) {
	if bar, ok := d.(*push.Bar); ok {
		bar.Clear()
	}
}

var errTerminalOutput = errors.New("a backup is nothing to show on a terminal: name a file, or send the output somewhere")
