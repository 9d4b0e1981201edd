package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ibutsu/ibutsu-go/checks/harness"
)

// backInTime does what docs/backup.md says of continuous archiving: a base backup while clients post, more runs after it, a
// moment, and runs after that one. Back at the moment there is all that was acknowledged before it and nothing of what came
// after, and the server serves on.
func backInTime(ctx context.Context, program string) (said string, err error) {
	database, err := harness.StartArchived(ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, database.Stop()) }()
	h, err := buildOn(program, database.URL)
	if err != nil {
		return "", err
	}
	defer h.close()
	address, err := freeAddress()
	if err != nil {
		return "", err
	}
	p, err := h.start(nil, nil, "serve", "--listen", address)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	if err := errors.Join(h.ready(ctx, address), h.signIn(ctx)); err != nil {
		return "", err
	}
	before := begin(ctx, "http://"+address, h.token, clients)
	err = errors.Join(before.more(ctx, 50), database.BaseBackup(ctx), before.more(ctx, 50))
	before.end()
	if err := errors.Join(err, before.failures()); err != nil {
		return "", err
	}
	var moment time.Time
	if err := harness.Ask(ctx, database.URL, `SELECT clock_timestamp()`, &moment); err != nil {
		return "", err
	}
	after := begin(ctx, "http://"+address, h.token, clients)
	err = after.more(ctx, 50)
	after.end()
	if err := errors.Join(err, after.failures(), p.stop(), database.BackTo(ctx, moment)); err != nil {
		return "", err
	}

	if err := before.kept(ctx, database.URL); err != nil {
		return "", err
	}
	if gone, err := missingRuns(ctx, database.URL, after.runs); err != nil || len(gone) != len(after.runs) {
		return "", fmt.Errorf("%d of the %d runs after the moment are there: %w", len(after.runs)-len(gone), len(after.runs), err)
	}
	h.database = database.URL
	if p, err = h.start(nil, []string{"DATABASE_URL=" + database.URL}, "serve", "--listen", address); err != nil {
		return "", err
	}
	if err := h.ready(ctx, address); err != nil {
		return "", err
	}
	again := begin(ctx, "http://"+address, h.token, clients)
	err = again.more(ctx, 20)
	again.end()
	return fmt.Sprintf(": %d runs kept, %d undone", len(before.runs), len(after.runs)), errors.Join(err, again.failures(), again.kept(ctx, database.URL))
}
