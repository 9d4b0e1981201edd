package store

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// LargestPreferences bounds what is kept of one person's choices, in bytes of JSON.
const LargestPreferences = 64 << 10

// ErrPreferencesTooLarge means that the choices together would be larger than LargestPreferences.
var ErrPreferencesTooLarge = errors.New("the preferences together are too large")

// Preferences returns what a user has chosen for the page, a JSON object.
func (s *Store) Preferences(ctx context.Context, user uuid.UUID) (json.RawMessage, error) {
	var data json.RawMessage
	err := s.pool.QueryRow(ctx, `SELECT data FROM preferences WHERE user_id = $1`, user).Scan(&data)
	if errors.Is(err, pgx.ErrNoRows) {
		return json.RawMessage("{}"), nil
	}
	return data, wrap("preferences", err)
}

// SetPreferences lays the members of set over a user's choices, takes those of remove away, and returns what there is then.
// ErrReference: there is no such user.
func (s *Store) SetPreferences(ctx context.Context, user uuid.UUID, set map[string]json.RawMessage, remove []string) (json.RawMessage, error) {
	var data json.RawMessage
	err := s.InTx(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `
			INSERT INTO preferences (user_id, data) VALUES ($1, $2)
			ON CONFLICT (user_id) DO UPDATE SET data = (preferences.data || $2) - $3::text[]
			RETURNING data`, user, set, remove).Scan(&data)
		if err == nil && len(data) > LargestPreferences {
			return ErrPreferencesTooLarge
		}
		return err
	})
	return data, wrap("set preferences", err)
}
