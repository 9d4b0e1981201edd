package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/artifact"
	"github.com/ibutsu/ibutsu-go/src/backup"
	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/supervise"
)

// RestoreCmd makes a database of a backup.
type RestoreCmd struct {
	Path    string `arg:"" name:"file" help:"The backup, or - for standard input"`
	Replace bool   `help:"Drop everything in the database first, when the file has been found whole; without it the database has to be empty"`
	Quiet   bool   `short:"q" help:"Say nothing but errors"`

	Settings `embed:""`
}

func newRestoreCmd() RestoreCmd {
	return RestoreCmd{Settings: newSettings(config.GroupDatabase, config.GroupArtifacts, config.GroupLog)}
}

func (RestoreCmd) note() string {
	return "Makes the database of a backup: the same rows and rollups, in the shape of this version, also when an older one made the " +
		"backup. What artifacts had in files or S3 goes where artifact_store says. All rows come at once at the end; until then no server starts on the database. Stop the servers first: " +
		"without a configured database, the private one of the state folder is started for the time of the restore."
}

func (RestoreCmd) examples() []example {
	return []example{
		{"ibutsu restore ibutsu.tar.zst --state ./ibutsu", "into the private PostgreSQL of that folder"},
		{"ibutsu restore - --database-url postgres://ibutsu@db/ibutsu <ibutsu.tar.zst", "into an empty database"},
		{"ibutsu restore ibutsu.tar.zst --replace", "in place of what is there"},
	}
}

// Run implements the command.
func (cmd *RestoreCmd) Run(ctx context.Context, c *console) error {
	if cmd.Replace && cmd.Path == "-" {
		return failure{exitUsage, errors.New("--replace needs a file: it is read to its end before anything is dropped")}
	}
	ctx, stop := supervise.OnSignal(ctx, func(os.Signal) { os.Exit(exitFailed) })
	defer stop()
	if cmd.Replace {
		if err := (&BackupCmd{Path: cmd.Path, Quiet: true}).verify(c); err != nil {
			return fmt.Errorf("nothing was changed: %w", err)
		}
	}
	in, err := backupSource(c, cmd.Path, "restoring", cmd.Quiet)
	if err != nil {
		return failure{exitUsage, err}
	}
	defer in.close()
	begin := c.now()
	var summary backup.Summary
	err = cmd.withDatabase(ctx, c, mayBeMade, func(cfg *config.Config, log zerolog.Logger) error {
		contents, err := artifact.Open(cfg, nil)
		if err != nil {
			return err
		}
		summary, err = backup.Restore(ctx, in, backup.RestoreOptions{
			URL: cfg.Database.URL.Reveal(), Replace: cmd.Replace, Contents: contents, Log: log,
		})
		return err
	})
	if err != nil {
		clearBar(in.bar)
		if errors.Is(err, store.ErrFilled) {
			err = fmt.Errorf("%w; --replace drops what is in it, after a look at the file", err)
		}
		return fmt.Errorf("nothing was restored: %w", orSignal(ctx, err))
	}
	if len(summary.Left) > 0 {
		in.bar.Note(fmt.Sprintf("warning: left out, for they are none of Ibutsu's tables: %s", strings.Join(summary.Left, ", ")))
	}
	if !cmd.Quiet {
		in.bar.Note(fmt.Sprintf("restored %s: %s, as of %s, in %s", in.name, contents(summary), summary.Header.Taken.Format(time.RFC3339),
			c.now().Sub(begin).Round(100*time.Millisecond)))
	}
	return nil
}
