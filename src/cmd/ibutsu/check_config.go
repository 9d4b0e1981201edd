package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/ibutsu/ibutsu-go/src/config"
)

// CheckConfigCmd prints the effective settings.
type CheckConfigCmd struct {
	Changed bool `help:"Only what is not at its default"`
	JSON    bool `name:"json" help:"As JSON: a list of name, value, origin"`

	Settings `embed:""`
}

func (CheckConfigCmd) note() string {
	return "Exits with 1 when something is wrong, and says in one line for each fault what. Secrets are masked."
}

func (CheckConfigCmd) examples() []example {
	return []example{
		{"ibutsu check-config --changed", "what the environment of this shell sets"},
		{"ibutsu check-config --config /etc/ibutsu.yaml", "check a file before the service is restarted"},
	}
}

// effective is a setting as it is in force.
type effective struct {
	Name   string        `json:"name"`
	Value  string        `json:"value"`
	Origin config.Origin `json:"origin"`
	group  string
	help   string
}

// Run implements the command.
func (cmd *CheckConfigCmd) Run(c *console) error {
	loaded, err := cmd.load(c)
	if err != nil {
		return failure{exitFailed, err}
	}
	var rows []effective
	for _, s := range config.Settings() {
		origin := loaded.Origin(s.Name)
		if cmd.Changed && origin.Level == config.LevelDefault {
			continue
		}
		rows = append(rows, effective{s.Name, s.Shown(&loaded.Config), origin, s.Group, s.Help})
	}
	if cmd.JSON {
		encoder := json.NewEncoder(c.out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(rows)
	}
	printEffective(c, rows)
	for _, warning := range loaded.Warnings {
		fmt.Fprintf(c.err, "warning: %s\n", warning)
	}
	return nil
}

func printEffective(c *console, rows []effective) {
	if len(rows) == 0 {
		fmt.Fprintln(c.out, "Every setting is at its default.")
		return
	}
	name, value := 0, 0
	for _, r := range rows {
		name = max(name, len(r.Name))
		value = max(value, min(utf8.RuneCountInString(r.Value), 40))
	}
	group := ""
	for _, r := range rows {
		if r.group != group {
			if group != "" {
				fmt.Fprintln(c.out)
			}
			group = r.group
			fmt.Fprintf(c.out, "# %s\n", group)
		}
		shown := r.Value
		if shown == "" {
			shown = "–"
		}
		pad := strings.Repeat(" ", max(0, value-utf8.RuneCountInString(shown)))
		fmt.Fprintf(c.out, "%-*s  %s%s  %s\n", name, r.Name, shown, pad, r.Origin)
	}
}
