package store

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/store/db"
)

// Group is a group of projects and users.
type Group struct {
	ID   uuid.UUID
	Name *string
	// Data is the metadata: an object, or nil.
	Data json.RawMessage
}

func group(g db.Group) Group { return Group{g.ID, g.Name, object(g.Data)} }

// Group returns one group, or ErrNotFound.
func (s *Store) Group(ctx context.Context, id uuid.UUID) (Group, error) {
	g, err := s.q.GetGroup(ctx, id)
	return group(g), wrap("group", err)
}

// Groups returns a page of groups in the order of their names, and how many there are in all. Page counts from 1.
func (s *Store) Groups(ctx context.Context, page, size int) ([]Group, int64, error) {
	total, err := s.q.CountGroups(ctx)
	if err != nil {
		return nil, 0, wrap("count groups", err)
	}
	offset, fits := ListQuery{Page: page, PageSize: size}.offset()
	if !fits || offset >= total || size <= 0 {
		return []Group{}, total, nil
	}
	rows, err := s.q.ListGroups(ctx, db.ListGroupsParams{Most: int64(size), Skip: offset})
	groups := make([]Group, len(rows))
	for i, g := range rows {
		groups[i] = group(g)
	}
	return groups, total, wrap("list groups", err)
}

// InsertGroup adds a group. ErrConflict: the id is taken.
func (s *Store) InsertGroup(ctx context.Context, g Group) error {
	return wrap("add group", s.change(ctx, func(q *db.Queries) error {
		return q.InsertGroup(ctx, db.InsertGroupParams{ID: g.ID, Name: g.Name, Data: orNull(g.Data)})
	}))
}

// UpdateGroup changes a group under its row lock. An error of change is returned as it is, and nothing is written.
func (s *Store) UpdateGroup(ctx context.Context, id uuid.UUID, change func(*Group) error) (Group, error) {
	var after Group
	err := s.InTx(ctx, func(tx pgx.Tx) error {
		q := s.q.WithTx(tx)
		before, err := q.LockGroup(ctx, id)
		if err != nil {
			return wrap("group", err)
		}
		after = group(before)
		if err := change(&after); err != nil {
			return err
		}
		after.ID = id
		return wrap("update group", q.UpdateGroup(ctx, db.UpdateGroupParams{ID: id, Name: after.Name, Data: orNull(after.Data)}))
	})
	return after, err
}
