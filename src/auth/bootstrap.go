package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// BootstrapOptions describe the superadmin that a server starts with. An empty Email means none.
type BootstrapOptions struct {
	Email string
	// Password is needed only when there is no such user yet. That of an existing one stays.
	Password string
	// Name is shown; empty means `Ibutsu Admin`.
	Name string
	// OwnProject is the name of a project that the user gets when made or promoted; empty means none.
	OwnProject string
	Passwords  *Passwords
	NewID      func() uuid.UUID
}

// Bootstrapped says what was done.
type Bootstrapped int

// What Bootstrap did.
const (
	Unchanged Bootstrapped = iota
	Created
	Promoted
)

// Bootstrap makes the superadmin, or promotes the user of that address, or does nothing when there is one already. Processes
// that start together make one.
func Bootstrap(ctx context.Context, s *store.Store, o BootstrapOptions) (Bootstrapped, error) {
	if o.Email == "" {
		if o.Password != "" || o.OwnProject != "" {
			return Unchanged, errors.New("the superadmin needs an e-mail address")
		}
		return Unchanged, nil
	}
	if !strings.Contains(o.Email, "@") {
		return Unchanged, errors.New("the superadmin's e-mail address has no @")
	}
	existing, err := s.Account(ctx, o.Email)
	switch {
	case err == nil && existing.IsSuperadmin:
		return Unchanged, nil
	case err == nil:
		return promote(ctx, s, o)
	case !errors.Is(err, store.ErrNotFound):
		return Unchanged, err
	}
	fresh, err := superadmin(ctx, o)
	if err != nil {
		return Unchanged, fmt.Errorf("make the superadmin: %w", err)
	}
	done := Unchanged
	err = s.InTx(ctx, func(tx pgx.Tx) error {
		first, err := s.InsertNewAccountTx(ctx, tx, fresh)
		if err != nil || !first {
			return err
		}
		done = Created
		return ownProject(ctx, s, tx, o, fresh.ID)
	})
	return done, err
}

func superadmin(ctx context.Context, o BootstrapOptions) (store.Account, error) {
	hash, err := o.Passwords.Hash(ctx, o.Password)
	if err != nil {
		return store.Account{}, err
	}
	name := o.Name
	if name == "" {
		name = "Ibutsu Admin"
	}
	return store.Account{
		User:         store.User{ID: o.NewID(), Email: o.Email, Name: &name, IsSuperadmin: true, IsActive: true},
		PasswordHash: &hash,
	}, nil
}

func promote(ctx context.Context, s *store.Store, o BootstrapOptions) (Bootstrapped, error) {
	done := Unchanged
	err := s.InTx(ctx, func(tx pgx.Tx) error {
		id, err := s.PromoteUserTx(ctx, tx, o.Email)
		if errors.Is(err, store.ErrNotFound) {
			return nil // another process was first
		}
		if err != nil {
			return err
		}
		done = Promoted
		return ownProject(ctx, s, tx, o, id)
	})
	return done, err
}

// ownProject gives the user the project of that name, and makes it when there is none.
func ownProject(ctx context.Context, s *store.Store, tx pgx.Tx, o BootstrapOptions, owner uuid.UUID) error {
	if o.OwnProject == "" {
		return nil
	}
	return s.OwnProjectTx(ctx, tx, store.Project{ID: o.NewID(), Name: &o.OwnProject, Title: &o.OwnProject, OwnerID: &owner})
}
