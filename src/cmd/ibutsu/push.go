package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/cmd/ibutsu/push"
)

// PushCmd sends reports from CI, through a spool.
type PushCmd struct {
	Path    []string `arg:"" optional:"" help:"Report files, or folders to look for them in; none to send only what waits"`
	Project string   `short:"p" placeholder:"P" from:"IBUTSU_PROJECT" help:"Name or id of the project"`
	Spool   string   `placeholder:"DIR" from:"IBUTSU_SPOOL" help:"Where files wait until the server has them" shown-default:"~/.local/state/ibutsu/spool"`
	NoSpool bool     `help:"Keep nothing: what cannot be sent now is an error"`
	List    bool     `help:"Show what waits in the spool, and send nothing"`

	clientFlags `embed:""`
}

// maxSpool is what waits at most; a forgotten server must not fill the disk of a CI machine.
const maxSpool = 4 << 30

func (PushCmd) note() string {
	return "Every file is first copied into the spool, then sent, and taken off when the server has imported it. What the server " +
		"cannot take now (it is away, busy, or the token is over) stays there, and the next push sends it. Of a folder, archives " +
		"(.tar.gz) and those .xml files that are JUnit reports are sent. JOB_NAME, BUILD_NUMBER, BUILD_URL and IBUTSU_ENV_ID " +
		"become metadata, as with pytest-ibutsu.\n\n" + exitCodes
}

func (PushCmd) examples() []example {
	return []example{
		{"ibutsu push reports/ --project shop", "all reports of a job"},
		{"ibutsu push", "only what waits from earlier"},
		{"ibutsu push --list", "what waits, and why"},
	}
}

// Run implements the command.
func (cmd *PushCmd) Run(ctx context.Context, c *console) error {
	if cmd.NoSpool && (cmd.List || len(cmd.Path) == 0) {
		return failure{exitUsage, errors.New("--no-spool needs files to send")}
	}
	dir := cmd.Spool
	if dir == "" {
		dir = filepath.Join(defaultStateDir(c), "spool")
	}
	if cmd.List {
		return list(c, dir)
	}
	files, err := push.Collect(cmd.Path)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(files, func(f string) bool { return strings.HasSuffix(strings.ToLower(f), ".xml") }); i >= 0 && cmd.Project == "" {
		return failure{exitUsage, fmt.Errorf("--project (IBUTSU_PROJECT) is missing: %s does not say where it belongs", files[i])}
	}
	delivery, err := cmd.delivery(c, cmd.Project)
	if err != nil {
		return failure{exitUsage, err}
	}
	if !cmd.NoSpool {
		if delivery.Spool, err = push.OpenSpool(dir, maxSpool, c.now, uuid.NewString); err != nil {
			if len(files) == 0 {
				return err
			}
			delivery.Show.Note(err.Error() + "; sending without a safety net")
		}
	}
	outcome, err := deliver(ctx, delivery, files)
	switch {
	case outcome.Kept > 0:
		delivery.Show.Note(fmt.Sprintf("What was kept is in %s; `ibutsu push` sends it.", dir))
	case err == nil && outcome.Delivered == 0 && !cmd.Quiet:
		fmt.Fprintln(c.out, "Nothing waits.")
	}
	return err
}

// list shows what is in the spool.
func list(c *console, dir string) error {
	spool, err := push.OpenSpool(dir, maxSpool, c.now, uuid.NewString)
	if err != nil {
		return err
	}
	waiting, aside, err := spool.List()
	if err != nil {
		return err
	}
	if len(waiting)+len(aside) == 0 {
		fmt.Fprintf(c.out, "Nothing waits in %s.\n", dir)
		return nil
	}
	for _, e := range waiting {
		fmt.Fprintf(c.out, "waits    %s  %s  %s, project %s%s\n", e.Created.Format("2006-01-02 15:04"), e.Path, e.Server, orDash(e.Project), lastError(e))
	}
	for _, e := range aside {
		fmt.Fprintf(c.out, "refused  %s  %s  %s, project %s%s\n", e.Created.Format("2006-01-02 15:04"), e.Path, e.Server, orDash(e.Project), lastError(e))
	}
	return nil
}

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

func lastError(e push.Entry) string {
	if e.LastError == "" {
		return ""
	}
	return "\n         " + e.LastError
}
