package main

import (
	"context"

	"github.com/ibutsu/ibutsu-go/src/cmd/ibutsu/push"
)

// ImportCmd sends report files to a server and waits for them to be imported.
type ImportCmd struct {
	File    []string `arg:"" help:"JUnit files (.xml) and Ibutsu archives (.tar.gz)"`
	Project string   `required:"" short:"p" placeholder:"P" from:"IBUTSU_PROJECT" help:"Name or id of the project"`

	clientFlags `embed:""`
}

func (ImportCmd) note() string {
	return "Passing trouble (no connection, 429, 5xx) is tried again; a file that arrives twice is still there only once. " +
		"`ibutsu push` does the same and also keeps what could not be sent.\n\n" + exitCodes
}

func (ImportCmd) examples() []example {
	return []example{
		{"ibutsu import junit.xml --project shop", "to the server of IBUTSU_SERVER, with IBUTSU_TOKEN"},
		{"ibutsu import *.tar.gz -p shop --data env=qa --data jenkins.job_name=nightly", "archives of pytest-ibutsu, with metadata"},
	}
}

// Run implements the command.
func (cmd *ImportCmd) Run(ctx context.Context, c *console) error {
	files, err := push.Collect(cmd.File)
	if err != nil {
		return err
	}
	delivery, err := cmd.delivery(c, cmd.Project)
	if err != nil {
		return failure{exitUsage, err}
	}
	_, err = deliver(ctx, delivery, files)
	return err
}
