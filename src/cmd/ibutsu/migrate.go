package main

import (
	"context"
	"fmt"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// MigrateCmd brings a database up to date.
type MigrateCmd struct {
	DryRun bool `help:"Say what would be done, and do nothing"`

	Settings `embed:""`
}

func (MigrateCmd) note() string {
	return "Makes the tables in an empty database, adopts a database of Ibutsu 3.1.1 where it stands, or brings one of this " +
		"server up to date; all three end in the same shape. Servers do the same at start, so this is for looking first " +
		"(--dry-run) and for set-ups where servers may not change the schema (migrate_on_start: false)."
}

func (MigrateCmd) examples() []example {
	return []example{
		{"ibutsu migrate --dry-run", "what would happen to the database of DATABASE_URL"},
		{"ibutsu migrate --database-url postgres://ibutsu@db/ibutsu", "do it"},
	}
}

// Run implements the command.
func (cmd *MigrateCmd) Run(ctx context.Context, c *console) error {
	loaded, err := cmd.loadWithDatabase(c)
	if err != nil {
		return err
	}
	log, err := c.logger(loaded)
	if err != nil {
		return err
	}
	report, err := store.Migrate(ctx, loaded.Config.Database.URL.Reveal(), store.MigrateOptions{DryRun: cmd.DryRun, Log: log})
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "Found: %s.\n", report.Found)
	if len(report.Steps) == 0 {
		fmt.Fprintln(c.out, "Nothing to do: the schema is up to date.")
		return nil
	}
	if cmd.DryRun {
		fmt.Fprintln(c.out, "Would do:")
	} else {
		fmt.Fprintln(c.out, "Done:")
	}
	for _, step := range report.Steps {
		fmt.Fprintf(c.out, "  - %s\n", step)
	}
	return nil
}
