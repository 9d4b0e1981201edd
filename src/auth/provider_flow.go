package auth

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"golang.org/x/oauth2"

	"github.com/ibutsu/ibutsu-go/src/store"
)

var (
	// ErrNoProvider means that there is no provider of that name, or that it is not set up.
	ErrNoProvider = errors.New("no such sign-in provider")
	// ErrState means that a browser came back from a provider without having been sent there by this server.
	ErrState = errors.New("this sign-in was not begun here, or took too long")
	// ErrChallenge means that a page gave no challenge to begin with.
	ErrChallenge = errors.New("it is no S256 challenge: 43 characters of base64 for URLs")
	// ErrTicket means that a ticket is over, or that its secret is another one.
	ErrTicket = errors.New("the sign-in is over; begin again")
	// ErrProvider means that the provider refused, or could not be asked.
	ErrProvider = errors.New("the provider does not confirm the sign-in")
)

const (
	// stateLives is how long somebody may take at the provider: finding a password, confirming on a phone.
	stateLives = 15 * time.Minute
	// providerTries bounds what one client may begin, and come back from, within limitWindow.
	providerTries = 200
)

// Flow signs people in by providers: the authorization code flow with PKCE, a state and, for OpenID Connect, a nonce. What must
// be remembered meanwhile travels in a cookie that only this server's key opens, so that any backend can go on. Safe for
// concurrent use.
type Flow struct {
	accounts  *Accounts
	providers map[string]identityProvider
	seal      cipher.AEAD
	// Original lets people come back whom the page of Ibutsu 3.1.1 sent: without a state of ours, and so without proof that
	// it was this browser that began.
	Original bool
}

// identityProvider is one that is set up.
type identityProvider interface {
	// authURL is where the browser goes.
	authURL(ctx context.Context, k *keepsake, back string) (string, error)
	// identify says whom the code is for. A keepsake without verifier and nonce is that of a page that knows neither.
	identify(ctx context.Context, code string, k *keepsake, back string) (External, error)
}

// keepsake is what the cookie holds.
type keepsake struct {
	Provider  string `json:"p"`
	State     string `json:"s"`
	Verifier  string `json:"v"`
	Nonce     string `json:"n"`
	Challenge string `json:"c"`
	Begun     int64  `json:"t"`
}

// newFlow derives the key of the cookies from that of the tokens, which all backends share.
func newFlow(a *Accounts, key string, providers map[string]identityProvider) (*Flow, error) {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("ibutsu sign-in cookie 1"))
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		return nil, fmt.Errorf("sign-in cookies: %w", err)
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("sign-in cookies: %w", err)
	}
	return &Flow{accounts: a, providers: providers, seal: seal}, nil
}

func (f *Flow) provider(name string) (identityProvider, string, error) {
	if f == nil || f.providers[name] == nil {
		return nil, "", ErrNoProvider
	}
	return f.providers[name], f.accounts.redirectURI(name), nil
}

var challengeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// Begin returns where the browser of a page goes, and the cookie that it must come back with. The challenge is the S256 one of a
// secret that the page keeps. Errors: ErrNoProvider, ErrChallenge, ErrProvider, *TooManyError.
func (f *Flow) Begin(ctx context.Context, name, challenge string, from Origin) (to, cookie string, err error) {
	provider, back, err := f.provider(name)
	if err != nil {
		return "", "", err
	}
	if !challengeForm.MatchString(challenge) {
		return "", "", ErrChallenge
	}
	if err := f.accounts.limit(ctx, "providers "+from.Client, providerTries, limitWindow); err != nil {
		return "", "", err
	}
	k := keepsake{Provider: name, Verifier: oauth2.GenerateVerifier(), Challenge: challenge, Begun: f.accounts.Now().Unix()}
	if k.State, err = f.accounts.secretText(); err != nil {
		return "", "", err
	}
	if k.Nonce, err = f.accounts.secretText(); err != nil {
		return "", "", err
	}
	if to, err = provider.authURL(ctx, &k, back); err != nil {
		return "", "", fmt.Errorf("%w: %w", ErrProvider, err)
	}
	plain, err := json.Marshal(k)
	if err != nil {
		return "", "", err
	}
	return to, base64.RawURLEncoding.EncodeToString(f.seal.Seal(nil, nil, plain, []byte(name))), nil //nolint:gosec // it makes a nonce by itself
}

// secretText is a text of 256 bits that nobody can guess.
func (a *Accounts) secretText() (string, error) {
	raw := make([]byte, 32)
	if _, err := io.ReadFull(a.Random, raw); err != nil {
		return "", fmt.Errorf("make a secret: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// Expected says whether the browser comes back with the cookie and the state that it was sent with.
func (f *Flow) Expected(name, state, cookie string) bool {
	_, err := f.open(name, state, cookie)
	return err == nil
}

func (f *Flow) open(name, state, cookie string) (keepsake, error) {
	var k keepsake
	if f == nil || len(cookie) > 4096 {
		return k, ErrState
	}
	sealed, err := base64.RawURLEncoding.DecodeString(cookie)
	if err != nil {
		return k, ErrState
	}
	plain, err := f.seal.Open(nil, nil, sealed, []byte(name))
	if err != nil || json.Unmarshal(plain, &k) != nil {
		return k, ErrState
	}
	same := subtle.ConstantTimeCompare([]byte(k.State), []byte(state)) == 1
	if !same || k.Provider != name || f.accounts.Now().After(time.Unix(k.Begun, 0).Add(stateLives)) {
		return k, ErrState
	}
	return k, nil
}

// Return is where the provider sends the browser back to. It gives a ticket that the page redeems. Errors: ErrNoProvider,
// ErrState, ErrProvider, ErrUnverified, ErrInactive, *TooManyError.
func (f *Flow) Return(ctx context.Context, name, code, state, cookie string, from Origin) (ticket string, err error) {
	k, err := f.open(name, state, cookie)
	if err != nil {
		return "", err
	}
	account, err := f.admit(ctx, name, code, &k, from)
	if err != nil {
		return "", err
	}
	if ticket, err = f.accounts.secretText(); err != nil {
		return "", err
	}
	t := store.Ticket{UserID: account.ID, Method: name, Challenge: k.Challenge, Created: f.accounts.Now()}
	return ticket, f.accounts.Store.InsertTicket(ctx, store.TokenHash(ticket), t)
}

func (f *Flow) admit(ctx context.Context, name, code string, k *keepsake, from Origin) (store.Account, error) {
	provider, back, err := f.provider(name)
	if err != nil {
		return store.Account{}, err
	}
	if err := f.accounts.limit(ctx, "providers "+from.Client, providerTries, limitWindow); err != nil {
		return store.Account{}, err
	}
	who, err := provider.identify(ctx, code, k, back)
	if errors.Is(err, ErrUnverified) {
		return store.Account{}, err
	}
	if err != nil {
		return store.Account{}, fmt.Errorf("%w: %w", ErrProvider, err)
	}
	who.Provider = name
	return f.accounts.Admit(ctx, who, from)
}

// Redeem signs in who has a ticket and the secret whose challenge began the sign-in. Errors: ErrTicket, ErrInactive,
// *TooManyError.
func (a *Accounts) Redeem(ctx context.Context, ticket, verifier string, from Origin) (Session, error) {
	if err := a.limit(ctx, "providers "+from.Client, providerTries, limitWindow); err != nil {
		return Session{}, err
	}
	t, err := a.Store.TakeTicket(ctx, store.TokenHash(ticket), a.Now())
	if errors.Is(err, store.ErrNotFound) {
		return Session{}, ErrTicket
	}
	if err != nil {
		return Session{}, err
	}
	if subtle.ConstantTimeCompare([]byte(oauth2.S256ChallengeFromVerifier(verifier)), []byte(t.Challenge)) != 1 {
		return Session{}, ErrTicket
	}
	account, err := a.Store.AccountByID(ctx, t.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return Session{}, ErrTicket
	}
	if err != nil {
		return Session{}, err
	}
	if !account.IsActive {
		return Session{}, ErrInactive
	}
	return a.open(ctx, account.User, t.Method, from)
}

// ReturnToOriginal signs in somebody whom the page of Ibutsu 3.1.1 sent to the provider, where that is allowed. Errors:
// ErrNoProvider, ErrState, ErrProvider, ErrUnverified, ErrInactive, *TooManyError.
func (f *Flow) ReturnToOriginal(ctx context.Context, name, code string, from Origin) (Session, error) {
	if f == nil || !f.Original {
		return Session{}, ErrState
	}
	account, err := f.admit(ctx, name, code, &keepsake{}, from)
	if err != nil {
		return Session{}, err
	}
	return f.accounts.open(ctx, account.User, name, from)
}
