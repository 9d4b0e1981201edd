package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/supervise"
)

// The first administrator, and a project to push to, where the settings name none and there is nobody yet.
const (
	firstEmail   = "admin@example.com"
	firstName    = "Administrator"
	firstProject = "my-project"
)

// administrator is what the first screen says about signing in.
type administrator struct {
	email    string // empty when nobody was made now
	password string // only when it was made up now
	file     string // where a made-up password is kept; empty when there is none
}

// firstAdministrator makes the administrator of the settings. A password that they leave out is made up when the user has
// to be made; so is the whole administrator when the settings name none and the database has no users.
func firstAdministrator(ctx context.Context, cfg *config.Config, s *store.Store, state supervise.State, log zerolog.Logger) (administrator, error) {
	kept := administrator{}
	if _, err := os.Stat(state.AdminPassword()); err == nil {
		kept.file = state.AdminPassword()
	}
	who := *cfg // the modules get the configuration without what is made up here
	missing, err := administratorMissing(ctx, &who, s)
	if err != nil {
		return administrator{}, fmt.Errorf("looking for the administrator: %w", err)
	}
	if !missing || who.Superadmin.Password.IsSet() {
		return kept, bootstrap(ctx, &who, s, log)
	}
	// Kept before the user is made: a start that is killed in between finds the password again, not a user without one.
	password, err := keptPassword(state.AdminPassword())
	if err != nil {
		return administrator{}, fmt.Errorf("keeping the password of the first administrator: %w", err)
	}
	who.Superadmin.Password = config.Secret(password)
	if err := bootstrap(ctx, &who, s, log); err != nil {
		return administrator{}, err
	}
	return administrator{email: who.Superadmin.Email, password: password, file: state.AdminPassword()}, nil
}

// administratorMissing says whether a user has to be made, and names the one to make where the settings do not.
func administratorMissing(ctx context.Context, cfg *config.Config, s *store.Store) (bool, error) {
	if cfg.Superadmin.Email == "" {
		_, users, err := s.Users(ctx, store.UserQuery{Page: 1, PageSize: 1})
		if err != nil || users > 0 {
			return false, err
		}
		cfg.Superadmin.Email, cfg.Superadmin.Name, cfg.Superadmin.OwnProject = firstEmail, firstName, firstProject
		return true, nil
	}
	_, err := s.Account(ctx, cfg.Superadmin.Email)
	if errors.Is(err, store.ErrNotFound) {
		return true, nil
	}
	return false, err
}

// keptPassword reads the password in the file, or makes one up and keeps it there, readable for this user alone.
func keptPassword(path string) (string, error) {
	text, err := os.ReadFile(path)
	if password := strings.TrimSpace(string(text)); err == nil && password != "" {
		return password, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	password := rand.Text()
	temp := path + ".new"
	if err := os.WriteFile(temp, []byte(password+"\n"), 0o600); err != nil {
		return "", err
	}
	return password, os.Rename(temp, path)
}
