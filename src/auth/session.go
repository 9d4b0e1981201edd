package auth

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// PasswordMethod is how a session began that began with a password.
const PasswordMethod = "password"

// Origin is where a request comes from.
type Origin struct {
	// Client is the IP address, whom attempts are counted for; Agent how the client calls itself.
	Client, Agent string
}

// open issues the token of a sign-in and keeps its session.
func (a *Accounts) open(ctx context.Context, account store.User, method string, from Origin) (Session, error) {
	id, now := a.NewID(), a.Now()
	token, expires, err := a.Tokens.Session(account.ID, id)
	if err != nil {
		return Session{}, err
	}
	ctx = store.WithActor(ctx, actor(ctx, account, from))
	utc := expires.UTC()
	session := store.Session{ID: id, UserID: account.ID, Hash: store.TokenHash(token), Method: method, Created: now, Expires: &utc,
		Client: from.Client, Agent: from.Agent}
	err = a.Store.SetLoginToken(ctx, account.ID, a.NewID(), token, func(ctx context.Context, tx pgx.Tx) error {
		return a.Store.InsertSessionTx(ctx, tx, session)
	})
	if err != nil {
		return Session{}, err
	}
	return Session{Name: account.Name, Email: account.Email, Token: token}, nil
}

// actor is the user of an account as whoever makes a change, in a request that came without a token.
func actor(ctx context.Context, account store.User, from Origin) store.Actor {
	a := store.ActorOf(ctx)
	a.ID, a.Name, a.Client = &account.ID, account.Email, from.Client
	return a
}

// EndSession ends a session of the user. store.ErrNotFound: there is none of that id.
func (a *Accounts) EndSession(ctx context.Context, user, id uuid.UUID) error {
	if err := a.Store.RevokeSession(ctx, user, id, a.Now()); err != nil {
		return err
	}
	a.Changed()
	return nil
}

// EndCurrent ends the session that a request came with. An API token is no session, and is deleted instead:
// store.ErrNotFound.
func (a *Accounts) EndCurrent(ctx context.Context, who *Identity) error {
	if _, err := a.keep(ctx, who); err != nil {
		return err
	}
	if err := a.Store.RevokeToken(ctx, who.UserID, who.Access.Hash, a.Now()); err != nil {
		return err
	}
	a.Changed()
	return nil
}

// EndSessions ends all sessions of the user but the one whose token is given ("" for none), and returns how many it knew of.
func (a *Accounts) EndSessions(ctx context.Context, user uuid.UUID, but *Identity) (int64, error) {
	keep, err := a.keep(ctx, but)
	if err != nil {
		return 0, err
	}
	n, err := a.Store.RevokeSessions(ctx, user, keep, a.Now())
	if err == nil {
		a.Changed()
	}
	return n, err
}

// endSessionsTx is EndSessions in the transaction of a change.
func (a *Accounts) endSessionsTx(user uuid.UUID) store.TxFunc {
	return func(ctx context.Context, tx pgx.Tx) error {
		_, err := a.Store.RevokeSessionsTx(ctx, tx, user, nil, a.Now())
		return err
	}
}

// EndOthersTx ends, in the transaction of a change, all sessions of the user but the one of the identity, nil for none: a new
// password locks out whoever came in with the old one.
func (a *Accounts) EndOthersTx(ctx context.Context, user uuid.UUID, but *Identity) (store.TxFunc, error) {
	keep, err := a.keep(ctx, but)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, tx pgx.Tx) error {
		_, err := a.Store.RevokeSessionsTx(ctx, tx, user, keep, a.Now())
		return err
	}, nil
}

// keep returns the hash of the identity's sign-in, nil for none, once it has a row that outlives the others.
func (a *Accounts) keep(ctx context.Context, who *Identity) ([]byte, error) {
	if who == nil || who.Access.Hash == nil {
		return nil, nil
	}
	use := store.Use{Hash: who.Access.Hash, UserID: who.UserID, Created: who.Access.Created, Expires: who.Access.Expires, At: a.Now()}
	return who.Access.Hash, a.Store.TouchUses(ctx, []store.Use{use}, a.NewID)
}

// SessionStore is where the sessions are.
type SessionStore interface {
	UseStore
	RevokeSession(ctx context.Context, user, id uuid.UUID, now time.Time) error
	RevokeToken(ctx context.Context, user uuid.UUID, hash []byte, now time.Time) error
	RevokeSessions(ctx context.Context, user uuid.UUID, but []byte, now time.Time) (int64, error)
	RevokeSessionsTx(ctx context.Context, tx pgx.Tx, user uuid.UUID, but []byte, now time.Time) (int64, error)
}
