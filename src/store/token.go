package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/store/db"
)

// LoginToken is the name of the one token that each sign-in replaces. No other token may have it.
const LoginToken = "login-token"

// Token is a token that a user keeps.
type Token struct {
	ID   uuid.UUID
	Name string
	// Token is the signed text. It opens everything that its user may do.
	Token string
	// Expires is when it ends; nil means never.
	Expires *time.Time
	UserID  *uuid.UUID
}

// Token returns one token, or ErrNotFound.
func (s *Store) Token(ctx context.Context, id uuid.UUID) (Token, error) {
	t, err := s.q.GetToken(ctx, id)
	return Token(t), wrap("token", err)
}

// Tokens returns a page of a user's tokens in the order of their names, without the one of the last sign-in, and how many
// there are in all. Page counts from 1.
func (s *Store) Tokens(ctx context.Context, user uuid.UUID, page, size int) ([]Token, int64, error) {
	total, err := s.q.CountTokens(ctx, user)
	if err != nil {
		return nil, 0, wrap("count tokens", err)
	}
	offset, fits := ListQuery{Page: page, PageSize: size}.offset()
	if !fits || offset >= total || size <= 0 {
		return []Token{}, total, nil
	}
	rows, err := s.q.ListTokens(ctx, db.ListTokensParams{UserID: user, Most: int64(size), Skip: offset})
	tokens := make([]Token, len(rows))
	for i, t := range rows {
		tokens[i] = Token(t)
	}
	return tokens, total, wrap("list tokens", err)
}

// InsertToken adds a token. ErrConflict: the id is taken; ErrReference: there is no such user.
func (s *Store) InsertToken(ctx context.Context, t Token) error {
	return wrap("add token", s.q.InsertToken(ctx, db.InsertTokenParams(t)))
}

// DeleteToken deletes a token, which ends its use. ErrNotFound: there is none.
func (s *Store) DeleteToken(ctx context.Context, id uuid.UUID) error {
	n, err := s.q.DeleteToken(ctx, id)
	if err == nil && n == 0 {
		err = pgx.ErrNoRows
	}
	return wrap("delete token", err)
}

// SetLoginToken keeps the token of a user's last sign-in; fresh is its id if it is the first. ErrNotFound: the user is gone.
func (s *Store) SetLoginToken(ctx context.Context, user, fresh uuid.UUID, token string) error {
	return wrap("login token", s.InTx(ctx, func(tx pgx.Tx) error {
		q := s.q.WithTx(tx)
		// Two first sign-ins at the same moment must not leave two rows: the original fails on the next one.
		if _, err := q.LockAccount(ctx, user); err != nil {
			return err
		}
		n, err := q.UpdateLoginToken(ctx, db.UpdateLoginTokenParams{UserID: user, Token: token})
		if err != nil || n > 0 {
			return err
		}
		return q.InsertToken(ctx, db.InsertTokenParams{ID: fresh, Name: LoginToken, Token: token, UserID: &user})
	}))
}
