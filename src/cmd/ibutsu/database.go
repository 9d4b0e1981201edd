package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// administration is what the commands for users and tokens work with.
type administration struct {
	config *config.Config
	store  *store.Store
}

// administer opens the database for a command, and makes sure that it has the tables of this version.
func (s *Settings) administer(ctx context.Context, c *console) (*administration, error) {
	loaded, err := s.loadWithDatabase(c)
	if err != nil {
		return nil, err
	}
	url := loaded.Config.Database.URL.Reveal()
	db, err := store.Open(ctx, store.Options{URL: url, MaxConns: 2, Name: "ibutsu command"})
	if state := loaded.Config.Server.StateDir; err != nil && loaded.Origin("database_url").Name == privateOrigin {
		return nil, fmt.Errorf("the private PostgreSQL of %s does not run; start `ibutsu up --state %s` first", state, state)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	current, err := db.SchemaCurrent(ctx)
	if err == nil && !current {
		err = errors.New("it has not the tables of this version yet; run `ibutsu migrate`, or start the server once")
	}
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	return &administration{config: &loaded.Config, store: db}, nil
}

// jwtSecretKey is where the database keeps the signing key that was made at the first start.
const jwtSecretKey = "jwt_secret"

// signingKey is the key of the tokens: JWT_SECRET, or the one that the database keeps, made by whoever comes first.
func signingKey(ctx context.Context, c *config.Config, db *store.Store) (string, error) {
	if c.SignIn.JWTSecret.IsSet() {
		return c.SignIn.JWTSecret.Reveal(), nil
	}
	fresh := make([]byte, 32)
	if _, err := rand.Read(fresh); err != nil {
		return "", fmt.Errorf("making the key of the tokens: %w", err)
	}
	key, err := db.Secret(ctx, jwtSecretKey, base64.RawURLEncoding.EncodeToString(fresh))
	if err != nil {
		return "", fmt.Errorf("reading the key of the tokens: %w", err)
	}
	return key, nil
}

// account finds a user by address.
func (a *administration) account(ctx context.Context, email string) (store.Account, error) {
	account, err := a.store.Account(ctx, email)
	if errors.Is(err, store.ErrNotFound) {
		return account, fmt.Errorf("there is no user %s; `ibutsu user list` shows who there is", email)
	}
	return account, err
}

// hash makes the hash of a new password.
func (a *administration) hash(ctx context.Context, password string) (*string, error) {
	passwords, err := newPasswords(ctx, a.config.SignIn, a.store)
	if err != nil {
		return nil, err
	}
	hash, err := passwords.Hash(ctx, password)
	return &hash, err
}
