package auth

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// openID is a provider that speaks OpenID Connect. It is asked for its addresses and keys when somebody first signs in, so that
// a server starts while its provider is down.
type openID struct {
	issuer, clientID, clientSecret string
	scopes                         []string
	// authEndpoint and tokenEndpoint go before those that the provider tells of itself.
	authEndpoint, tokenEndpoint string
	// trustEmail takes every address for verified.
	trustEmail bool
	// codeIsToken says that the page of Ibutsu 3.1.1 sends the ID token itself as code.
	codeIsToken bool
	client      *http.Client

	mu    sync.Mutex
	found *oidc.Provider
}

func (p *openID) discover(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	// The keys are fetched again later, when this request is over; the client bounds each of them.
	found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.client), p.issuer)
	if err != nil {
		return nil, err
	}
	p.found = found
	return found, nil
}

func (p *openID) config(ctx context.Context, back string) (*oauth2.Config, *oidc.Provider, error) {
	provider, err := p.discover(ctx)
	if err != nil {
		return nil, nil, err
	}
	endpoint := provider.Endpoint()
	if p.authEndpoint != "" {
		endpoint.AuthURL = p.authEndpoint
	}
	if p.tokenEndpoint != "" {
		endpoint.TokenURL = p.tokenEndpoint
	}
	if p.clientSecret == "" {
		endpoint.AuthStyle = oauth2.AuthStyleInParams // a public client names itself in the body, or nowhere
	}
	return &oauth2.Config{ClientID: p.clientID, ClientSecret: p.clientSecret, Endpoint: endpoint, RedirectURL: back, Scopes: p.scopes}, provider, nil
}

func (p *openID) authURL(ctx context.Context, k *keepsake, back string) (string, error) {
	config, _, err := p.config(ctx, back)
	if err != nil {
		return "", err
	}
	return config.AuthCodeURL(k.State, oauth2.S256ChallengeOption(k.Verifier), oidc.Nonce(k.Nonce)), nil
}

// claims are those of an ID token, or of what the provider says of the user.
type claims struct {
	Email    string `json:"email"`
	Verified any    `json:"email_verified"` // some write "true"
	Name     string `json:"name"`
}

func (c claims) verified() bool {
	text, isText := c.Verified.(string)
	return c.Verified == true || isText && strings.EqualFold(text, "true")
}

func (p *openID) identify(ctx context.Context, code string, k *keepsake, back string) (External, error) {
	ctx = oidc.ClientContext(ctx, p.client)
	config, provider, err := p.config(ctx, back)
	if err != nil {
		return External{}, err
	}
	if k.Verifier == "" && p.codeIsToken {
		_, who, err := p.read(ctx, provider, code)
		return who, err
	}
	var options []oauth2.AuthCodeOption
	if k.Verifier != "" {
		options = append(options, oauth2.VerifierOption(k.Verifier))
	}
	token, err := config.Exchange(ctx, code, options...)
	if err != nil {
		return External{}, withoutBody(err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return External{}, errors.New("it gives no ID token")
	}
	id, who, err := p.read(ctx, provider, raw)
	if err != nil {
		return External{}, err
	}
	if k.Verifier != "" && subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(k.Nonce)) != 1 {
		return External{}, errors.New("the ID token is for another sign-in")
	}
	if who.Email != "" && who.Verified && who.Name != "" {
		return who, nil
	}
	return p.complete(ctx, provider, token, who)
}

// read checks an ID token and returns what it says.
func (p *openID) read(ctx context.Context, provider *oidc.Provider, raw string) (*oidc.IDToken, External, error) {
	id, err := provider.Verifier(&oidc.Config{ClientID: p.clientID}).Verify(ctx, raw)
	if err != nil {
		return nil, External{}, err
	}
	var c claims
	if err := id.Claims(&c); err != nil {
		return nil, External{}, fmt.Errorf("read the ID token: %w", err)
	}
	return id, External{Subject: id.Subject, Email: c.Email, Verified: c.Email != "" && (p.trustEmail || c.verified()), Name: c.Name}, nil
}

// complete asks the provider for what its ID token leaves out.
func (p *openID) complete(ctx context.Context, provider *oidc.Provider, token *oauth2.Token, who External) (External, error) {
	if provider.UserInfoEndpoint() == "" {
		return who, nil
	}
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return who, nil //nolint:nilerr // the ID token is enough, or the address is not verified
	}
	if info.Subject != who.Subject {
		return who, errors.New("it tells of another user")
	}
	var c claims
	if err := info.Claims(&c); err != nil {
		return who, fmt.Errorf("read what it says of the user: %w", err)
	}
	if c.Email != "" && (who.Email == "" || who.Email == c.Email) {
		who.Email, who.Verified = c.Email, who.Verified || p.trustEmail || c.verified()
	}
	if who.Name == "" {
		who.Name = c.Name
	}
	return who, nil
}

// withoutBody keeps what a provider answers to a wrong code out of the log: it may repeat secrets.
func withoutBody(err error) error {
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return fmt.Errorf("it answers %s %s to the code", refused.Response.Status, refused.ErrorCode)
	}
	return err
}
