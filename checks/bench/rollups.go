package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// turnsInPass is how often the two loads of rollups take turns in a pass: a machine that is slow for a while is slow for both.
const turnsInPass = 8

// rollups measures what keeping tallies, project versions and run summaries costs those who write: the same load with the
// database's triggers and without, in turns, as the share of the rate that the triggers take. Each rate is that of all its turns.
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
		return b.hammer(32, b.duration/turnsInPass, b.server.Token, 201, result)
	}
	var with, without float64
	turns := b.passes * turnsInPass
	for range turns {
		w, err := turn("ENABLE")
		if err != nil {
			return err
		}
		o, err := turn("DISABLE")
		if err = errors.Join(err, enable(conn)); err != nil {
			return err
		}
		with, without = with+w.PerSecond/float64(turns), without+o.PerSecond/float64(turns)
	}
	b.note(line{What: "share of the rate of POST /api/result that rollups take", Value: 100 * (1 - with/without), Unit: "%", Goal: 20,
		Note: fmt.Sprintf("%.0f/s with, %.0f/s without, in %d turns each", with, without, turns)})
	// What was written meanwhile is counted now.
	_, err = conn.Exec(ctx, "SELECT ibutsu_rebuild_rollups()")
	return err
}

func enable(conn *pgx.Conn) error {
	_, err := conn.Exec(context.Background(), "ALTER TABLE results ENABLE TRIGGER USER")
	return err
}
