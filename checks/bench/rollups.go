package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// rollups measures what keeping tallies, project versions and run summaries costs those who write: the same load with the
// database's triggers and without, in turns, as the share of the rate that the triggers take.
func (b *bench) rollups(ctx context.Context) error {
	address, err := b.server.Database()
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	project, err := b.project(ctx, "rollups")
	if err != nil {
		return err
	}
	result, err := b.resultPosts(ctx, project)
	if err != nil {
		return err
	}
	turn := func(state string) (figures, error) {
		if _, err := conn.Exec(ctx, "ALTER TABLE results "+state+" TRIGGER USER"); err != nil {
			return figures{}, err
		}
		return b.hammer(32, b.duration, b.server.Token, 201, result)
	}
	var with, without figures
	for range b.passes {
		w, err := turn("ENABLE")
		if err != nil {
			return err
		}
		o, err := turn("DISABLE")
		if err = errors.Join(err, enable(conn)); err != nil {
			return err
		}
		with, without = fasterOf(with, w), fasterOf(without, o)
	}
	b.note(line{What: "share of the rate of POST /api/result that rollups take", Value: 100 * (1 - with.PerSecond/without.PerSecond), Unit: "%", Goal: 20,
		Note: fmt.Sprintf("%.0f/s with, %.0f/s without", with.PerSecond, without.PerSecond)})
	// What was written meanwhile is counted now.
	_, err = conn.Exec(ctx, "SELECT ibutsu_rebuild_rollups()")
	return err
}

func enable(conn *pgx.Conn) error {
	_, err := conn.Exec(context.Background(), "ALTER TABLE results ENABLE TRIGGER USER")
	return err
}

func fasterOf(a, b figures) figures {
	if faster(a, b) {
		return a
	}
	return b
}
