package store

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/store/db"
)

// Session is a sign-in that has not ended.
type Session struct {
	ID     uuid.UUID
	UserID uuid.UUID
	// Hash is the TokenHash of its token.
	Hash []byte
	// Method is password, or the name of the provider; empty for a token that was made elsewhere with the same key.
	Method            string
	Created, LastUsed time.Time
	Expires           *time.Time
	// Client is the address that it was used from, Agent how the client called itself.
	Client, Agent string
}

// InsertSessionTx adds a session in a transaction.
func (s *Store) InsertSessionTx(ctx context.Context, tx pgx.Tx, n Session) error {
	return wrap("add session", s.q.WithTx(tx).InsertSession(ctx, db.InsertSessionParams{
		ID: n.ID, UserID: n.UserID, TokenHash: n.Hash, Method: n.Method, Created: n.Created.UTC(), Expires: n.Expires,
		Client: plain(n.Client), Agent: plain(n.Agent),
	}))
}

// Sessions returns a page of the user's sessions at that moment, the last used first, and how many there are. Page counts
// from 1.
func (s *Store) Sessions(ctx context.Context, user uuid.UUID, now time.Time, page, size int) ([]Session, int64, error) {
	total, err := s.q.CountSessions(ctx, db.CountSessionsParams{UserID: user, Now: now.UTC()})
	if err != nil {
		return nil, 0, wrap("count sessions", err)
	}
	offset, fits := ListQuery{Page: page, PageSize: size}.offset()
	if !fits || offset >= total || size <= 0 {
		return []Session{}, total, nil
	}
	rows, err := s.q.ListSessions(ctx, db.ListSessionsParams{UserID: user, Now: now.UTC(), Most: int64(size), Skip: offset})
	sessions := make([]Session, len(rows))
	for i, r := range rows {
		sessions[i] = Session{ID: r.ID, UserID: r.UserID, Hash: r.TokenHash, Method: r.Method, Created: r.Created, LastUsed: r.LastUsed,
			Expires: r.Expires, Client: r.Client, Agent: r.Agent}
	}
	return sessions, total, wrap("list sessions", err)
}

// RevokeSession ends a session of the user. ErrNotFound: there is none of that id.
func (s *Store) RevokeSession(ctx context.Context, user, id uuid.UUID, now time.Time) error {
	return wrap("revoke session", s.change(ctx, func(q *db.Queries) error {
		n, err := q.RevokeSession(ctx, db.RevokeSessionParams{ID: id, UserID: user, Now: now.UTC()})
		if err == nil && n == 0 {
			err = pgx.ErrNoRows
		}
		return err
	}))
}

// RevokeToken ends the session of the token with that hash. ErrNotFound: there is none.
func (s *Store) RevokeToken(ctx context.Context, user uuid.UUID, hash []byte, now time.Time) error {
	return wrap("revoke session", s.change(ctx, func(q *db.Queries) error {
		n, err := q.RevokeToken(ctx, db.RevokeTokenParams{Hash: hash, UserID: user, Now: now.UTC()})
		if err == nil && n == 0 {
			err = pgx.ErrNoRows
		}
		return err
	}))
}

// RevokeSessions ends all sessions of the user but the one of the token with that hash (nil for none), those too that no
// server has seen yet, and returns how many it knew of.
func (s *Store) RevokeSessions(ctx context.Context, user uuid.UUID, but []byte, now time.Time) (int64, error) {
	var n int64
	err := s.InTx(ctx, func(tx pgx.Tx) (err error) {
		n, err = s.RevokeSessionsTx(ctx, tx, user, but, now)
		return err
	})
	return n, err
}

// RevokeSessionsTx is RevokeSessions in a transaction.
func (s *Store) RevokeSessionsTx(ctx context.Context, tx pgx.Tx, user uuid.UUID, but []byte, now time.Time) (int64, error) {
	if but == nil {
		but = []byte{} // nil would be NULL, which no hash is different from
	}
	q := s.q.WithTx(tx)
	n, err := q.RevokeSessions(ctx, db.RevokeSessionsParams{UserID: user, But: but, Now: now.UTC()})
	if err == nil {
		err = q.CutSessions(ctx, db.CutSessionsParams{UserID: user, At: now.UTC()})
	}
	return n, wrap("revoke sessions", err)
}

// Use is one look at who uses what: a session by its token's hash, or an API token by its id.
type Use struct {
	Hash    []byte    // of a sign-in's token; nil for an API token
	Token   uuid.UUID // of an API token
	UserID  uuid.UUID
	Created time.Time // when the sign-in's token was made
	Expires time.Time // when it ends
	At      time.Time
	Client  string
	Agent   string
}

// TouchUses keeps when sessions and tokens were used. A session that has no row yet gets one, with an id from newID.
func (s *Store) TouchUses(ctx context.Context, uses []Use, newID func() uuid.UUID) error {
	var sessions db.TouchSessionsParams
	var tokens db.TouchTokensParams
	for _, u := range uses {
		if u.Hash == nil {
			tokens.Ids, tokens.Used = append(tokens.Ids, u.Token), append(tokens.Used, u.At.UTC())
			tokens.Clients, tokens.Agents = append(tokens.Clients, plain(u.Client)), append(tokens.Agents, plain(u.Agent))
			continue
		}
		sessions.Ids, sessions.Users = append(sessions.Ids, newID()), append(sessions.Users, u.UserID)
		sessions.Hashes, sessions.Created = append(sessions.Hashes, hex.EncodeToString(u.Hash)), append(sessions.Created, u.Created.UTC())
		sessions.Expires, sessions.Used = append(sessions.Expires, u.Expires.UTC()), append(sessions.Used, u.At.UTC())
		sessions.Clients, sessions.Agents = append(sessions.Clients, plain(u.Client)), append(sessions.Agents, plain(u.Agent))
	}
	if len(sessions.Ids) > 0 {
		if err := s.q.TouchSessions(ctx, sessions); err != nil {
			return wrap("touch sessions", err)
		}
	}
	if len(tokens.Ids) > 0 {
		return wrap("touch tokens", s.q.TouchTokens(ctx, tokens))
	}
	return nil
}

// ticketLives is how long a page may take to fetch the sign-in that a provider has confirmed.
const ticketLives = time.Minute

// Ticket is a sign-in that a provider has confirmed, and that the page which began it may fetch once.
type Ticket struct {
	UserID            uuid.UUID
	Method, Challenge string
	Created           time.Time
}

// InsertTicket keeps a ticket under the hash of its text.
func (s *Store) InsertTicket(ctx context.Context, hash []byte, t Ticket) error {
	return wrap("add ticket", s.q.InsertTicket(ctx, db.InsertTicketParams{Hash: hash, UserID: t.UserID, Method: t.Method, Challenge: t.Challenge,
		Created: t.Created.UTC()}))
}

// TakeTicket returns a ticket and ends it. ErrNotFound: there is none, or it has been taken, or it is too old.
func (s *Store) TakeTicket(ctx context.Context, hash []byte, now time.Time) (Ticket, error) {
	t, err := s.q.TakeTicket(ctx, hash)
	if err == nil && now.After(t.Created.Add(ticketLives)) {
		err = pgx.ErrNoRows
	}
	return Ticket(t), wrap("ticket", err)
}

// Tidy deletes sessions that have ended and tickets that nobody fetched, and returns how many.
func (s *Store) Tidy(ctx context.Context, now time.Time) (int64, error) {
	sessions, err := s.q.PruneSessions(ctx, now.UTC())
	if err != nil {
		return 0, wrap("prune sessions", err)
	}
	tickets, err := s.q.PruneTickets(ctx, now.UTC().Add(-ticketLives))
	return sessions + tickets, wrap("prune tickets", err)
}

// Identity returns the user whom the provider means by the subject, or ErrNotFound.
func (s *Store) Identity(ctx context.Context, provider, subject string) (uuid.UUID, error) {
	id, err := s.q.GetIdentity(ctx, db.GetIdentityParams{Provider: provider, Subject: subject})
	return id, wrap("identity", err)
}

// PutIdentity keeps whom the provider means by the subject.
func (s *Store) PutIdentity(ctx context.Context, provider, subject string, user uuid.UUID, now time.Time) error {
	return wrap("identity", s.q.PutIdentity(ctx, db.PutIdentityParams{Provider: provider, Subject: subject, UserID: user, Created: now.UTC()}))
}
