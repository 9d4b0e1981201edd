package store

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// SeededProject names the people of a project by e-mail.
type SeededProject struct {
	Owner string   `json:"owner"`
	Users []string `json:"users"`
}

// SeedUsers makes the people that the projects name, where they are missing: active, without password, named by what stands
// before the @. Owners are set, members added, nobody is removed; names of projects that do not exist are passed over.
func (s *Store) SeedUsers(ctx context.Context, projects map[string]SeededProject) error {
	return wrap("seed users", s.InTx(ctx, func(tx pgx.Tx) error {
		for name, people := range projects {
			var project uuid.UUID
			err := tx.QueryRow(ctx, `SELECT id FROM projects WHERE name = $1 ORDER BY id LIMIT 1`, name).Scan(&project)
			if errors.Is(err, pgx.ErrNoRows) {
				continue
			}
			if err != nil {
				return err
			}
			if people.Owner != "" {
				owner, err := userByEmail(ctx, tx, people.Owner)
				if err != nil {
					return err
				}
				if _, err := tx.Exec(ctx, `UPDATE projects SET owner_id = $2 WHERE id = $1`, project, owner); err != nil {
					return err
				}
			}
			for _, email := range slices.Compact(slices.Sorted(slices.Values(people.Users))) {
				user, err := userByEmail(ctx, tx, email)
				if err != nil {
					return err
				}
				_, err = tx.Exec(ctx, `INSERT INTO users_projects (user_id, project_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`, user, project)
				if err != nil {
					return err
				}
			}
		}
		return nil
	}))
}

func userByEmail(ctx context.Context, tx pgx.Tx, email string) (uuid.UUID, error) {
	name, _, _ := strings.Cut(email, "@")
	_, err := tx.Exec(ctx, `INSERT INTO users (id, email, name, is_superadmin, is_active) VALUES ($1, $2, $3, false, true)
		ON CONFLICT (email) DO NOTHING`, uuid.New(), email, name)
	if err != nil {
		return uuid.Nil, err
	}
	var id uuid.UUID
	err = tx.QueryRow(ctx, `SELECT id FROM users WHERE email = $1`, email).Scan(&id)
	return id, err
}
