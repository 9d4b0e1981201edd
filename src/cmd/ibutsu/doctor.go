package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ibutsu/ibutsu-go/src/cmd/ibutsu/doctor"
)

// DoctorCmd looks for what is wrong around the server.
type DoctorCmd struct {
	JSON    bool          `name:"json" help:"As JSON: a list of check, state (ok, skipped, warning, broken), what, why, fix"`
	Timeout time.Duration `default:"5s" placeholder:"TIME" help:"How long a server may take to answer"`

	Settings `embed:""`
}

func (DoctorCmd) note() string {
	return "Looks at the port, the state folder, disk and file limits, the PostgreSQL programs, the database (reachable, version, " +
		"tables, encoding, time zone, clock) and Redis, with the settings that the server would have. Exits with 1 when something is broken."
}

func (DoctorCmd) examples() []example {
	return []example{
		{"ibutsu doctor", "with the environment of this shell"},
		{"ibutsu doctor --config /etc/ibutsu.yaml --json", "for a monitor"},
	}
}

// Run implements the command.
func (cmd *DoctorCmd) Run(ctx context.Context, c *console) error {
	loaded, err := cmd.load(c)
	if err != nil {
		return err
	}
	private, err := privateDatabase(loaded.Config.Server.StateDir)
	if err != nil {
		fmt.Fprintf(c.err, "warning: %v\n", err)
	}
	findings := doctor.Examine(ctx, doctor.System{}, doctor.Patient{
		Config: &loaded.Config, PrivateDatabase: private.Reveal(), Limit: cmd.Timeout,
	})
	if cmd.JSON {
		encoder := json.NewEncoder(c.out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(findings); err != nil {
			return err
		}
	} else {
		for _, warning := range loaded.Warnings {
			fmt.Fprintf(c.err, "warning: %s\n", warning)
		}
		printFindings(c, findings)
	}
	if doctor.AnyBroken(findings) {
		return errors.New("something is broken")
	}
	return nil
}

// printFindings writes a line for each finding, and below it why it matters and how to mend it.
func printFindings(c *console, findings []doctor.Finding) {
	signs := map[doctor.State][2]string{ // sign, colour
		doctor.OK: {"✓", "32"}, doctor.Skipped: {"–", "2"}, doctor.Warning: {"!", "33"}, doctor.Broken: {"✗", "31"},
	}
	width := 0
	for _, f := range findings {
		width = max(width, len(f.Check))
	}
	for _, f := range findings {
		sign := signs[f.State][0]
		if c.colour(c.outTerminal) {
			sign = "\x1b[" + signs[f.State][1] + "m" + sign + "\x1b[0m"
		}
		fmt.Fprintf(c.out, "%s %-*s  %s\n", sign, width, f.Check, f.What)
		if f.Why != "" {
			fmt.Fprintf(c.out, "  %-*s  why: %s\n", width, "", f.Why)
			fmt.Fprintf(c.out, "  %-*s  fix: %s\n", width, "", f.Fix)
		}
	}
}
