package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/ibutsu/ibutsu-go/packaging"
)

// UnitsCmd writes the unit files that belong to this version.
type UnitsCmd struct {
	Systemd bool   `help:"Unit files of systemd, for the program itself"`
	Quadlet bool   `help:"Quadlets of Podman, for one container with everything"`
	Roles   bool   `help:"With --quadlet: a container for each role"`
	Program string `default:"/usr/bin/ibutsu" placeholder:"FILE" help:"Where the program is, with --systemd"`
	To      string `placeholder:"DIR" help:"Folder to write them to; without it they are printed"`
}

func (UnitsCmd) note() string {
	return "The same as the NixOS module makes, for every other Linux: docs/deploy.md says how they are set up."
}

func (UnitsCmd) examples() []example {
	return []example{
		{"ibutsu units --systemd --to /etc/systemd/system", "then systemctl daemon-reload"},
		{"ibutsu units --quadlet --to /etc/containers/systemd", "everything in one container"},
		{"ibutsu units --quadlet --roles", "look at them"},
	}
}

// Run implements the command.
func (cmd *UnitsCmd) Run(c *console) error {
	folder := "systemd"
	switch {
	case cmd.Systemd == cmd.Quadlet:
		return failure{exitUsage, errors.New("one of --systemd and --quadlet says which")}
	case cmd.Roles && !cmd.Quadlet:
		return failure{exitUsage, errors.New("--roles goes with --quadlet; the units of systemd are one for each role")}
	case cmd.Roles:
		folder = "quadlet-roles"
	case cmd.Quadlet:
		folder = "quadlet"
	}
	if !filepath.IsAbs(cmd.Program) {
		return failure{exitUsage, fmt.Errorf("--program %s: systemd wants the whole path", cmd.Program)}
	}
	entries, err := fs.ReadDir(packaging.Files, folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		text, err := fs.ReadFile(packaging.Files, path.Join(folder, entry.Name()))
		if err != nil {
			return err
		}
		text = bytes.ReplaceAll(text, []byte("ExecStart=/usr/bin/ibutsu "), []byte("ExecStart="+cmd.Program+" "))
		if cmd.To == "" {
			fmt.Fprintf(c.out, "# %s\n%s\n", entry.Name(), text)
			continue
		}
		target := filepath.Join(cmd.To, entry.Name())
		if err := os.WriteFile(target, text, 0o644); err != nil { //nolint:gosec // systemd warns of units that others cannot read
			return err
		}
		fmt.Fprintln(c.out, target)
	}
	return nil
}
