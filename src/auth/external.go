package auth

import (
	"context"
	"errors"
	"fmt"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// ErrUnverified means that a provider does not vouch for the address of somebody whom the server does not know yet.
var ErrUnverified = errors.New("the provider gives no verified e-mail address")

// External is somebody as a provider knows them.
type External struct {
	// Provider is its name here, Subject its own name for the person, which it never gives to another.
	Provider, Subject string
	Email             string
	// Verified says that the provider knows that the address is the person's.
	Verified bool
	Name     string
}

// Admit returns the account of somebody whom a provider has signed in: that of an earlier time, else that of the address, else a
// new one. Errors: ErrUnverified, ErrInactive.
func (a *Accounts) Admit(ctx context.Context, who External, from Origin) (store.Account, error) {
	if who.Subject == "" || len(who.Subject) > emailLongest || len(who.Email) > emailLongest {
		return store.Account{}, ErrUnverified
	}
	account, err := a.known(ctx, who)
	if errors.Is(err, store.ErrNotFound) {
		account, err = a.byAddress(ctx, who, from)
	}
	if err != nil {
		return account, err
	}
	if !account.IsActive {
		return account, ErrInactive
	}
	return account, a.Store.PutIdentity(ctx, who.Provider, who.Subject, account.ID, a.Now())
}

func (a *Accounts) known(ctx context.Context, who External) (store.Account, error) {
	id, err := a.Store.Identity(ctx, who.Provider, who.Subject)
	if err != nil {
		return store.Account{}, err
	}
	return a.Store.AccountByID(ctx, id)
}

// byAddress finds or makes the account of the address, which must be verified: else anybody who writes somebody's address into a
// profile would get the account.
func (a *Accounts) byAddress(ctx context.Context, who External, from Origin) (store.Account, error) {
	if !who.Verified || who.Email == "" {
		return store.Account{}, ErrUnverified
	}
	account, err := a.Store.Account(ctx, who.Email)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return a.admitNew(ctx, who, from)
	case err != nil || !unactivated(account):
		return account, err
	}
	// Registered and never confirmed, perhaps by somebody else: the address is proven now, the password is not.
	_, err = a.Store.UpdateAccount(store.WithActor(ctx, actor(ctx, account.User, from)), account.ID, func(now *store.Account) error {
		now.IsActive, now.PasswordHash, now.ActivationCode = true, nil, nil
		account = *now
		return nil
	})
	a.Changed()
	return account, err
}

func (a *Accounts) admitNew(ctx context.Context, who External, from Origin) (store.Account, error) {
	fresh := store.Account{User: store.User{ID: a.NewID(), Email: who.Email, IsActive: true}}
	if who.Name != "" {
		fresh.Name = &who.Name
	}
	err := a.Store.AddAccount(store.WithActor(ctx, actor(ctx, fresh.User, from)), fresh)
	if errors.Is(err, store.ErrConflict) {
		return a.Store.Account(ctx, who.Email) // signed in twice at the same moment
	}
	if err != nil {
		return fresh, fmt.Errorf("sign in by %s: %w", who.Provider, err)
	}
	a.Changed()
	return fresh, nil
}
