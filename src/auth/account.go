package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/store"
)

var (
	// ErrInvalid means that address or password are wrong, or that there is no such account.
	ErrInvalid = errors.New("username and/or password are invalid")
	// ErrInactive means that the password is right, and the account inactive.
	ErrInactive = errors.New("user account is inactive")
	// ErrLoginDisabled means that only providers sign people in here.
	ErrLoginDisabled = errors.New("signing in with a password is off")
	// ErrReservedName means that no API token may have this name.
	ErrReservedName = errors.New("the name is reserved for sign-ins")
)

// AccountStore is where the accounts are.
type AccountStore interface {
	Account(ctx context.Context, email string) (store.Account, error)
	AccountByCode(ctx context.Context, code string) (store.Account, error)
	AccountByID(ctx context.Context, id uuid.UUID) (store.Account, error)
	AddAccount(ctx context.Context, a store.Account, also ...store.TxFunc) error
	UpdateAccount(ctx context.Context, id uuid.UUID, change func(*store.Account) error, also ...store.TxFunc) (store.User, error)
	SetLoginToken(ctx context.Context, user, fresh uuid.UUID, token string, also ...store.TxFunc) error
	InsertSessionTx(ctx context.Context, tx pgx.Tx, s store.Session) error
	InsertToken(ctx context.Context, t store.Token) error
	Identity(ctx context.Context, provider, subject string) (uuid.UUID, error)
	PutIdentity(ctx context.Context, provider, subject string, user uuid.UUID, now time.Time) error
	InsertTicket(ctx context.Context, hash []byte, t store.Ticket) error
	TakeTicket(ctx context.Context, hash []byte, now time.Time) (store.Ticket, error)
	Record(ctx context.Context, e store.AuditEvent) error
	SessionStore
}

// Outbox takes a letter to a user to be sent, in the transaction of the change that it tells of: neither is there alone.
type Outbox interface {
	Letter(kind LetterKind, user uuid.UUID) store.TxFunc
}

// AccountsOptions are what Accounts works with. All but Outbox are needed.
type AccountsOptions struct {
	Store     AccountStore
	Passwords *Passwords
	Tokens    *Tokens
	Limiter   Limiter
	// Outbox nil means that links are written to the log, for the administrator to pass on.
	Outbox Outbox
	Log    zerolog.Logger
	Now    func() time.Time
	NewID  func() uuid.UUID
	Random io.Reader
	// Changed is called after an account has changed (see Directory.Flush).
	Changed func()
	// Attempts are the wrong passwords for one address that one client may send before it has to wait, Lockout is how long;
	// zero means 10, and five minutes.
	Attempts int
	Lockout  time.Duration
	// TokensOnce shows an API token only when it is made, and keeps no more of it than its hash.
	TokensOnce bool
	// UserLogin lets everyone sign in with a password; superadmins always may.
	UserLogin bool
	// Providers sign people in without a password.
	Providers config.Providers
	// BackendURL and FrontendURL are the roots of the API (without /api) and of the page, without a slash at the end.
	BackendURL, FrontendURL string
}

// Accounts are local accounts: signing in, registering, recovering. Safe for concurrent use.
type Accounts struct {
	AccountsOptions
}

// NewAccounts makes Accounts.
func NewAccounts(o AccountsOptions) *Accounts {
	if o.Attempts == 0 {
		o.Attempts = 10
	}
	if o.Lockout == 0 {
		o.Lockout = limitWindow
	}
	return &Accounts{o}
}

// Session is a sign-in that succeeded.
type Session struct {
	Name  *string
	Email string
	Token string
}

// The limits of what somebody without a token may try. Per address and client it is about one account, per client about
// all of them; clients behind one proxy are one client, so the second is wide. Per address alone it is about many clients that
// guess together: wide too, since it locks the owner out as well.
const (
	failuresPerClient = 100
	accountPerAttempt = 10
	mailsPerAddress   = 5
	accountsPerClient = 60
	limitWindow       = 5 * time.Minute
	emailLongest      = 1000
	mailLimitWindow   = 15 * time.Minute
)

// SignIn checks address and password and issues a token. Errors: ErrPasswordEmpty, ErrInvalid, ErrInactive, ErrLoginDisabled,
// *TooManyError, ErrBusy.
func (a *Accounts) SignIn(ctx context.Context, email, password string, from Origin) (Session, error) {
	if password == "" {
		return Session{}, ErrPasswordEmpty
	}
	if len(email) > emailLongest {
		return Session{}, ErrInvalid // nobody's, and nothing to keep a count of
	}
	byAddress, byClient, byAccount := "login "+from.Client+" "+email, "logins "+from.Client, "account "+email
	for _, l := range []struct {
		key    string
		most   int
		window time.Duration
	}{{byAddress, a.Attempts, a.Lockout}, {byAccount, accountPerAttempt * a.Attempts, a.Lockout}, {byClient, failuresPerClient, limitWindow}} {
		if err := a.limit(ctx, l.key, l.most, l.window); err != nil {
			a.recordLock(ctx, err, email, from)
			return Session{}, err
		}
	}
	account, err := a.verified(ctx, email, password)
	if err != nil {
		return Session{}, err
	}
	if err := errors.Join(a.Limiter.Forget(ctx, byAddress), a.Limiter.Give(ctx, byAccount), a.Limiter.Give(ctx, byClient)); err != nil {
		return Session{}, fmt.Errorf("count sign-ins: %w", err)
	}
	if !account.IsActive {
		return Session{}, ErrInactive
	}
	return a.open(ctx, account.User, PasswordMethod, from)
}

// recordLock lets administrators see, once in a while, that somebody guesses.
func (a *Accounts) recordLock(ctx context.Context, err error, email string, from Origin) {
	if _, tooMany := errors.AsType[*TooManyError](err); !tooMany {
		return
	}
	if wait, err := a.Limiter.Take(ctx, "told "+from.Client+" "+email, 1, a.Lockout); err != nil || wait > 0 {
		return
	}
	who := store.ActorOf(ctx)
	who.Client = from.Client
	event := store.AuditEvent{Action: "login.locked", ObjectType: "login", ObjectName: email}
	if err := a.Store.Record(store.WithActor(ctx, who), event); err != nil {
		a.Log.Error().Err(err).Msg("cannot record that sign-ins were locked")
	}
}

// verified returns the account whose password this is. Whatever is wrong with an account, finding it out takes one hash.
func (a *Accounts) verified(ctx context.Context, email, password string) (store.Account, error) {
	account, err := a.Store.Account(ctx, email)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return account, err
	}
	right, err := a.Passwords.Verify(ctx, account.PasswordHash, password)
	switch {
	case err != nil:
		return account, err
	case !a.UserLogin && !account.IsSuperadmin:
		return account, ErrLoginDisabled
	case !right:
		return account, ErrInvalid
	}
	a.renew(ctx, account, password)
	return account, nil
}

// renew puts the password under the kind of hash that new ones get. That it cannot is no failure of the sign-in.
func (a *Accounts) renew(ctx context.Context, account store.Account, password string) {
	old := *account.PasswordHash
	if !a.Passwords.Outdated(old) {
		return
	}
	fresh, err := a.Passwords.Hash(ctx, password[:min(len(password), MaxPassword)])
	if err == nil {
		_, err = a.Store.UpdateAccount(store.WithActor(ctx, store.Actor{Silent: true}), account.ID, func(now *store.Account) error {
			if now.PasswordHash != nil && *now.PasswordHash == old {
				now.PasswordHash = &fresh
			}
			return nil
		})
	}
	if err != nil {
		a.Log.Warn().Err(err).Str("user", account.ID.String()).Msg("a password could not be put under a better hash")
	}
}

func (a *Accounts) limit(ctx context.Context, key string, most int, window time.Duration) error {
	wait, err := a.Limiter.Take(ctx, key, most, window)
	if err != nil {
		return fmt.Errorf("count attempts: %w", err)
	}
	if wait > 0 {
		return &TooManyError{After: wait}
	}
	return nil
}

// Register makes an inactive account and sends the link that activates it. Who has an account already gets a mail that says so,
// and nobody else hears of it; without mail it is store.ErrConflict. Errors: ErrPasswordEmpty, ErrPasswordTooLong,
// *TooManyError, ErrBusy.
func (a *Accounts) Register(ctx context.Context, email, password string, from Origin) error {
	if err := CheckNew(password); err != nil {
		return err
	}
	if err := a.limit(ctx, "accounts "+from.Client, accountsPerClient, limitWindow); err != nil {
		return err
	}
	taken, err := a.Store.Account(ctx, email)
	if err == nil && a.Outbox == nil {
		return fmt.Errorf("register: %w", store.ErrConflict)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	// Hashed whether or not it is needed: the time must not tell who has an account.
	hash, hashErr := a.Passwords.Hash(ctx, password)
	if hashErr != nil {
		return hashErr
	}
	if err == nil {
		return a.writeAgain(ctx, taken)
	}
	code, err := newCode(activation, a.Now(), a.Random)
	if err != nil {
		return err
	}
	fresh := store.Account{User: store.User{ID: a.NewID(), Email: email}, PasswordHash: &hash, ActivationCode: &code}
	err = a.Store.AddAccount(store.WithActor(ctx, actor(ctx, fresh.User, from)), fresh, a.letter(ActivationLetter, fresh))
	if errors.Is(err, store.ErrConflict) && a.Outbox != nil {
		return nil // somebody was faster with the same address, and gets the mail
	}
	if err == nil {
		a.Changed()
	}
	return err
}

// writeAgain writes to somebody who has an account and registers once more. Too many such mails are not sent.
func (a *Accounts) writeAgain(ctx context.Context, account store.Account) error {
	err := a.limit(ctx, "mails "+account.Email, mailsPerAddress, mailLimitWindow)
	if _, tooMany := errors.AsType[*TooManyError](err); tooMany {
		return nil
	}
	if err != nil {
		return err
	}
	if unactivated(account) {
		return a.send(ctx, account, activation, ActivationLetter)
	}
	_, err = a.Store.UpdateAccount(ctx, account.ID, func(*store.Account) error { return nil }, a.letter(TakenLetter, account))
	return err
}

// Activate makes the account active that waits for the code. Errors: ErrCodeMalformed, ErrCodeUnknown.
func (a *Accounts) Activate(ctx context.Context, code string, from Origin) error {
	account, err := a.waiting(ctx, code, activation)
	if err != nil {
		return err
	}
	ctx = store.WithActor(ctx, actor(ctx, account.User, from))
	return a.answer(ctx, account.ID, code, func(account *store.Account) { account.IsActive = true })
}

// Recover sends a link that sets a new password. To an account that has never been activated it sends that link again. Nobody
// hears whether there is an account; without mail, an address that nobody has is store.ErrNotFound. Errors: *TooManyError.
func (a *Accounts) Recover(ctx context.Context, email string, from Origin) error {
	if err := a.limit(ctx, "accounts "+from.Client, accountsPerClient, limitWindow); err != nil {
		return err
	}
	if len(email) > emailLongest {
		return a.unknown(store.ErrNotFound)
	}
	if a.Outbox != nil { // before it is known whether there is an account, so that waiting tells nothing
		if err := a.limit(ctx, "mails "+email, mailsPerAddress, mailLimitWindow); err != nil {
			return err
		}
	}
	account, err := a.Store.Account(ctx, email)
	if err != nil {
		return a.unknown(err)
	}
	if a.Outbox == nil {
		if err := a.limit(ctx, "mails "+email, mailsPerAddress, mailLimitWindow); err != nil {
			return err
		}
	}
	if unactivated(account) {
		return a.send(ctx, account, activation, ActivationLetter)
	}
	return a.send(ctx, account, recovery, RecoveryLetter)
}

// unknown is the answer to an address that nobody has: none where a mail would tell whoever has it.
func (a *Accounts) unknown(err error) error {
	if errors.Is(err, store.ErrNotFound) && a.Outbox != nil {
		return nil
	}
	return err
}

// send makes a new code for the account and sends it.
func (a *Accounts) send(ctx context.Context, account store.Account, wanted purpose, kind LetterKind) error {
	code, err := newCode(wanted, a.Now(), a.Random)
	if err != nil {
		return err
	}
	account.ActivationCode = &code
	_, err = a.Store.UpdateAccount(ctx, account.ID, func(now *store.Account) error {
		now.ActivationCode = &code
		return nil
	}, a.letter(kind, account))
	return err
}

// unactivated says whether the account has never been activated: then the code of its registration is still there.
func unactivated(account store.Account) bool {
	if account.IsActive || account.ActivationCode == nil {
		return false
	}
	code, err := readCode(*account.ActivationCode)
	return err == nil && code.purpose == activation
}

// ResetPassword sets the password of the account that waits for the code, and ends its sessions; it does not activate it. Errors:
// ErrPasswordEmpty, ErrPasswordTooLong, ErrCodeMalformed, ErrCodeUnknown, *TooManyError, ErrBusy.
func (a *Accounts) ResetPassword(ctx context.Context, code, password string, from Origin) error {
	if err := CheckNew(password); err != nil {
		return err
	}
	if err := a.limit(ctx, "accounts "+from.Client, accountsPerClient, limitWindow); err != nil {
		return err
	}
	account, err := a.waiting(ctx, code, recovery)
	if err != nil {
		return err
	}
	hash, err := a.Passwords.Hash(ctx, password)
	if err != nil {
		return err
	}
	ctx = store.WithActor(ctx, actor(ctx, account.User, from))
	return a.answer(ctx, account.ID, code, func(account *store.Account) { account.PasswordHash = &hash }, a.endSessionsTx(account.ID))
}

// waiting returns the account that waits for a code of that purpose.
func (a *Accounts) waiting(ctx context.Context, text string, wanted purpose) (store.Account, error) {
	code, err := readCode(text)
	if err != nil {
		return store.Account{}, err
	}
	if !code.goodFor(wanted, a.Now()) {
		return store.Account{}, ErrCodeUnknown
	}
	account, err := a.Store.AccountByCode(ctx, text)
	if errors.Is(err, store.ErrNotFound) {
		err = ErrCodeUnknown
	}
	return account, err
}

// answer changes the account and ends the code. Of two answers at the same moment one comes too late.
func (a *Accounts) answer(ctx context.Context, id uuid.UUID, code string, change func(*store.Account), also ...store.TxFunc) error {
	_, err := a.Store.UpdateAccount(ctx, id, func(account *store.Account) error {
		if account.ActivationCode == nil || *account.ActivationCode != code {
			return ErrCodeUnknown
		}
		account.ActivationCode = nil
		change(account)
		return nil
	}, also...)
	if err == nil {
		a.Changed()
	}
	return err
}

// AddToken issues an API token and keeps it, under the given id or a new one. Expires nil means never. Errors:
// ErrReservedName, store.ErrConflict for an id that is taken.
func (a *Accounts) AddToken(ctx context.Context, user uuid.UUID, id *uuid.UUID, name string, expires *time.Time) (store.Token, error) {
	if name == store.LoginToken {
		return store.Token{}, ErrReservedName
	}
	text, err := a.Tokens.API(user, expires)
	if err != nil {
		return store.Token{}, err
	}
	token := store.Token{ID: a.NewID(), Name: name, Token: text, Expires: expires, UserID: &user}
	if id != nil {
		token.ID = *id
	}
	kept := token
	if a.TokensOnce {
		kept.Token = store.HideToken(text)
	}
	if err := a.Store.InsertToken(ctx, kept); err != nil {
		return store.Token{}, err
	}
	a.Changed()
	return token, nil
}
