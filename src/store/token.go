package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
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
	return wrap("add token", s.InTx(ctx, func(tx pgx.Tx) error {
		q := s.q.WithTx(tx)
		if err := q.InsertToken(ctx, db.InsertTokenParams(t)); err != nil {
			return err
		}
		return q.InsertTokenUse(ctx, t.ID)
	}))
}

// TokenUse is what is known of an API token's use.
type TokenUse struct {
	// Created is when it was made, LastUsed when it was used last; nil where nobody knows.
	Created, LastUsed *time.Time
	// Client is the address that it was used from, Agent how the client called itself.
	Client, Agent string
}

// TokenUses returns what is known of those of the tokens of which something is.
func (s *Store) TokenUses(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]TokenUse, error) {
	uses := make(map[uuid.UUID]TokenUse, len(ids))
	if len(ids) == 0 {
		return uses, nil
	}
	rows, err := s.q.GetTokenUses(ctx, ids)
	for _, u := range rows {
		uses[u.TokenID] = TokenUse{u.Created, u.LastUsed, u.Client, u.Agent}
	}
	return uses, wrap("token uses", err)
}

// TokenHash is what is kept of a token where the token itself is not.
func TokenHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// hashMark begins the text of a token that was shown once, and of which only the hash is kept. No JWT has a colon.
const hashMark = "sha256:"

func hashedToken(hash []byte) string { return hashMark + hex.EncodeToString(hash) }

// HideToken is what is kept of a token that is shown only once: it still opens what it opened, and nobody can read it.
func HideToken(token string) string { return hashedToken(TokenHash(token)) }

// Hidden says that only the hash of the token is kept.
func (t Token) Hidden() bool { return strings.HasPrefix(t.Token, hashMark) }

// DeleteToken deletes a token, which ends its use. ErrNotFound: there is none.
func (s *Store) DeleteToken(ctx context.Context, id uuid.UUID) error {
	return wrap("delete token", s.change(ctx, func(q *db.Queries) error {
		n, err := q.DeleteToken(ctx, id)
		if err == nil && n == 0 {
			err = pgx.ErrNoRows
		}
		return err
	}))
}

// SetLoginToken keeps the token of a user's last sign-in, and then does what also says in the same transaction; fresh is its
// id if it is the first. ErrNotFound: the user is gone.
func (s *Store) SetLoginToken(ctx context.Context, user, fresh uuid.UUID, token string, also ...TxFunc) error {
	return s.InTx(ctx, func(tx pgx.Tx) error {
		q := s.q.WithTx(tx)
		// Two first sign-ins at the same moment must not leave two rows: the original fails on the next one.
		if _, err := q.LockAccount(ctx, user); err != nil {
			return wrap("login token", err)
		}
		n, err := q.UpdateLoginToken(ctx, db.UpdateLoginTokenParams{UserID: user, Token: token})
		if err == nil && n == 0 {
			err = q.InsertToken(ctx, db.InsertTokenParams{ID: fresh, Name: LoginToken, Token: token, UserID: &user})
		}
		if err != nil {
			return wrap("login token", err)
		}
		for _, f := range also {
			if err := f(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
}
