package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/config"
)

// TokenCmd has the commands about API tokens.
type TokenCmd struct {
	Create TokenCreateCmd `cmd:"" help:"Make an API token and print it, alone"`
}

func newTokenCmd() TokenCmd {
	return TokenCmd{Create: TokenCreateCmd{Settings: newSettings(config.GroupDatabase, config.GroupSignIn)}}
}

// TokenCreateCmd makes an API token.
type TokenCreateCmd struct {
	Email   string `required:"" placeholder:"E" help:"User in whose name the token speaks"`
	Name    string `required:"" placeholder:"N" help:"Name by which the token is known in the user's list"`
	Expires string `placeholder:"WHEN" help:"When it ends: 90d, 12h, a date (2027-01-31) or a time (2027-01-31T12:00:00Z); never when left out"`

	Settings `embed:""`
}

func (TokenCreateCmd) note() string {
	return "The token can do all that its user can. It is made in the database, so this runs where the server runs; the page " +
		"makes tokens, too."
}

func (TokenCreateCmd) examples() []example {
	return []example{
		{"ibutsu token create --email ci@example.com --name jenkins --expires 365d", "with the database of DATABASE_URL"},
		{"export IBUTSU_TOKEN=$(ibutsu token create --email me@example.com --name laptop)", "beside a running `ibutsu up`"},
	}
}

// Run implements the command.
func (cmd *TokenCreateCmd) Run(ctx context.Context, c *console) error {
	expires, err := expiry(cmd.Expires, c.now())
	if err != nil {
		return failure{exitUsage, fmt.Errorf("--expires: %w", err)}
	}
	a, err := cmd.administer(ctx, c)
	if err != nil {
		return err
	}
	defer a.store.Close()
	account, err := a.account(ctx, cmd.Email)
	if err != nil {
		return err
	}
	if !account.IsActive {
		return fmt.Errorf("%s is inactive: a token would open nothing", cmd.Email)
	}
	key, err := signingKey(ctx, a.config, a.store)
	if err != nil {
		return err
	}
	tokens, err := auth.NewTokens(key, a.config.SignIn.JWTIssuer, a.config.SignIn.JWTLifetime, c.now)
	if err != nil {
		return err
	}
	accounts := auth.NewAccounts(auth.AccountsOptions{
		Store: a.store, Tokens: tokens, Now: c.now, NewID: uuid.New,
		TokensOnce: a.config.SignIn.TokensOnce,
		Changed:    func() {}, // servers hear of it from the database
	})
	token, err := accounts.AddToken(byHand(ctx), account.ID, nil, cmd.Name, expires)
	if errors.Is(err, auth.ErrReservedName) {
		return failure{exitUsage, fmt.Errorf("--name: %w", err)}
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.out, token.Token)
	return err
}

// expiry reads when a token ends. A date means the end of that day where the command runs, as on the page.
func expiry(text string, now time.Time) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	end, err := moment(text, now)
	if err != nil {
		return nil, err
	}
	if !end.After(now) {
		return nil, errors.New("that is in the past")
	}
	return &end, nil
}

func moment(text string, now time.Time) (time.Time, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return now.AddDate(0, 0, int(n)), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil {
		return now.Add(d), nil
	}
	if date, err := time.ParseInLocation(time.DateOnly, text, now.Location()); err == nil {
		return date.AddDate(0, 0, 1).Add(-time.Millisecond), nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	return time.Time{}, fmt.Errorf("%q is no time; write 90d, 2027-01-31 or 2027-01-31T12:00:00Z", text)
}
