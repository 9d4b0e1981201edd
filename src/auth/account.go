package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
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
	InsertAccount(ctx context.Context, a store.Account, projects ...uuid.UUID) error
	UpdateAccount(ctx context.Context, id uuid.UUID, change func(*store.Account) error, also ...store.TxFunc) (store.User, error)
	SetLoginToken(ctx context.Context, user, fresh uuid.UUID, token string) error
	InsertToken(ctx context.Context, t store.Token) error
}

// Mail is one message in plain text.
type Mail struct {
	To, Subject, Text string
}

// Mailer sends mails, or takes them to be sent.
type Mailer interface {
	Send(ctx context.Context, m Mail) error
}

// AccountsOptions are what Accounts works with. All but Mailer are needed.
type AccountsOptions struct {
	Store     AccountStore
	Passwords *Passwords
	Tokens    *Tokens
	Limiter   Limiter
	// Mailer nil means that links are written to the log, for the administrator to pass on.
	Mailer Mailer
	Log    zerolog.Logger
	Now    func() time.Time
	NewID  func() uuid.UUID
	Random io.Reader
	// Changed is called after an account has changed (see Directory.Flush).
	Changed func()
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
func NewAccounts(o AccountsOptions) *Accounts { return &Accounts{o} }

// Session is a sign-in that succeeded.
type Session struct {
	Name  *string
	Email string
	Token string
}

// The limits of what somebody without a token may try. Per address and client it is about one account, per client about
// all of them; clients behind one proxy are one client, so the second is wide.
const (
	loginsPerAddress    = 10
	failuresPerClient   = 100
	mailsPerAddress     = 5
	accountsPerClient   = 60
	limitWindow         = 5 * time.Minute
	emailLongest        = 1000
	mailLimitWindow     = 15 * time.Minute
	registrationSubject = "[Ibutsu] Registration Confirmation"
	recoverySubject     = "[Ibutsu] Password Reset"
)

// SignIn checks address and password and issues a token. The client is whom attempts are counted for: an IP address.
// Errors: ErrPasswordEmpty, ErrInvalid, ErrInactive, ErrLoginDisabled, *TooManyError, ErrBusy.
func (a *Accounts) SignIn(ctx context.Context, email, password, client string) (Session, error) {
	if password == "" {
		return Session{}, ErrPasswordEmpty
	}
	if len(email) > emailLongest {
		return Session{}, ErrInvalid // nobody's, and nothing to keep a count of
	}
	byAddress, byClient := "login "+client+" "+email, "logins "+client
	if err := a.limit(ctx, byAddress, loginsPerAddress, limitWindow); err != nil {
		return Session{}, err
	}
	if err := a.limit(ctx, byClient, failuresPerClient, limitWindow); err != nil {
		return Session{}, err
	}
	account, err := a.verified(ctx, email, password)
	if err != nil {
		return Session{}, err
	}
	if err := errors.Join(a.Limiter.Forget(ctx, byAddress), a.Limiter.Give(ctx, byClient)); err != nil {
		return Session{}, fmt.Errorf("count sign-ins: %w", err)
	}
	if !account.IsActive {
		return Session{}, ErrInactive
	}
	token, err := a.Tokens.Login(account.ID)
	if err != nil {
		return Session{}, err
	}
	if err := a.Store.SetLoginToken(ctx, account.ID, a.NewID(), token); err != nil {
		return Session{}, err
	}
	return Session{Name: account.Name, Email: account.Email, Token: token}, nil
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
	return account, nil
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

// Register makes an inactive account and sends the link that activates it. Errors: ErrPasswordEmpty, ErrPasswordTooLong,
// store.ErrConflict for an address that is taken, *TooManyError, ErrBusy.
func (a *Accounts) Register(ctx context.Context, email, password, client string) error {
	if err := CheckNew(password); err != nil {
		return err
	}
	if err := a.limit(ctx, "accounts "+client, accountsPerClient, limitWindow); err != nil {
		return err
	}
	if _, err := a.Store.Account(ctx, email); !errors.Is(err, store.ErrNotFound) {
		if err == nil {
			err = store.ErrConflict
		}
		return fmt.Errorf("register: %w", err)
	}
	hash, err := a.Passwords.Hash(ctx, password)
	if err != nil {
		return err
	}
	code, err := newCode(activation, a.Now(), a.Random)
	if err != nil {
		return err
	}
	fresh := store.Account{User: store.User{ID: a.NewID(), Email: email}, PasswordHash: &hash, ActivationCode: &code}
	if err := a.Store.InsertAccount(ctx, fresh); err != nil {
		return err
	}
	a.Changed()
	a.sendActivation(ctx, email, code)
	return nil
}

// Activate makes the account active that waits for the code. Errors: ErrCodeMalformed, ErrCodeUnknown.
func (a *Accounts) Activate(ctx context.Context, code string) error {
	account, err := a.waiting(ctx, code, activation)
	if err != nil {
		return err
	}
	return a.answer(ctx, account.ID, code, func(account *store.Account) { account.IsActive = true })
}

// Recover sends a link that sets a new password. To an account that has never been activated it sends that link again.
// Errors: store.ErrNotFound for an address that nobody has, *TooManyError.
func (a *Accounts) Recover(ctx context.Context, email, client string) error {
	if err := a.limit(ctx, "accounts "+client, accountsPerClient, limitWindow); err != nil {
		return err
	}
	account, err := a.Store.Account(ctx, email)
	if err != nil {
		return err
	}
	if err := a.limit(ctx, "mails "+email, mailsPerAddress, mailLimitWindow); err != nil {
		return err
	}
	wanted := recovery
	if unactivated(account) {
		wanted = activation
	}
	code, err := newCode(wanted, a.Now(), a.Random)
	if err != nil {
		return err
	}
	_, err = a.Store.UpdateAccount(ctx, account.ID, func(account *store.Account) error {
		account.ActivationCode = &code
		return nil
	})
	if err != nil {
		return err
	}
	if wanted == activation {
		a.sendActivation(ctx, email, code)
		return nil
	}
	a.send(ctx, email, recoverySubject, "Somebody, hopefully you, asked for a new password for your Ibutsu account. "+
		"Set it here within an hour; if it was not you, ignore this mail.", a.FrontendURL+"/reset-password/"+code)
	return nil
}

// unactivated says whether the account has never been activated: then the code of its registration is still there.
func unactivated(account store.Account) bool {
	if account.IsActive || account.ActivationCode == nil {
		return false
	}
	code, err := readCode(*account.ActivationCode)
	return err == nil && code.purpose == activation
}

// ResetPassword sets the password of the account that waits for the code; it does not activate it. Errors:
// ErrPasswordEmpty, ErrPasswordTooLong, ErrCodeMalformed, ErrCodeUnknown, *TooManyError, ErrBusy.
func (a *Accounts) ResetPassword(ctx context.Context, code, password, client string) error {
	if err := CheckNew(password); err != nil {
		return err
	}
	if err := a.limit(ctx, "accounts "+client, accountsPerClient, limitWindow); err != nil {
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
	return a.answer(ctx, account.ID, code, func(account *store.Account) { account.PasswordHash = &hash })
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
func (a *Accounts) answer(ctx context.Context, id uuid.UUID, code string, change func(*store.Account)) error {
	_, err := a.Store.UpdateAccount(ctx, id, func(account *store.Account) error {
		if account.ActivationCode == nil || *account.ActivationCode != code {
			return ErrCodeUnknown
		}
		account.ActivationCode = nil
		change(account)
		return nil
	})
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
	if err := a.Store.InsertToken(ctx, token); err != nil {
		return store.Token{}, err
	}
	a.Changed()
	return token, nil
}

func (a *Accounts) sendActivation(ctx context.Context, email, code string) {
	a.send(ctx, email, registrationSubject, "Welcome to Ibutsu. Confirm your e-mail address here within three days:",
		a.BackendURL+"/api/login/activate/"+code)
}

// send sends a link. A mail that cannot be sent is no failure of the request: the account is there, and its owner can ask
// for the mail again.
func (a *Accounts) send(ctx context.Context, email, subject, text, link string) {
	if a.Mailer == nil {
		a.Log.Info().Str("to", email).Str("subject", subject).Str("pass_on", link).Msg("mail is not set up; pass this link on")
		return
	}
	if err := a.Mailer.Send(ctx, Mail{To: email, Subject: subject, Text: text + "\n\n" + link + "\n"}); err != nil {
		a.Log.Error().Err(err).Str("to", email).Str("subject", subject).Msg("mail could not be sent")
	}
}
