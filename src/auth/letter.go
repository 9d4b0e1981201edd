package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// ErrUnsendable means that a letter will never be delivered: the mailbox is none, or the server does not like the sender.
var ErrUnsendable = errors.New("the mail cannot be delivered")

// LetterKind is what a letter to a user is about.
type LetterKind string

// The letters.
const (
	// ActivationLetter has the link that makes a new account active.
	ActivationLetter LetterKind = "activation"
	// RecoveryLetter has the link that sets a new password.
	RecoveryLetter LetterKind = "recovery"
	// TakenLetter tells somebody who registers that they have an account.
	TakenLetter LetterKind = "taken"
)

// Letter is a letter to a user, before it is put into words for a mail.
type Letter struct {
	To, Subject string
	// Text are the paragraphs in front of the link, which Label names.
	Text        []string
	Link, Label string
}

// Addresses are the roots that links begin with: that of the API without /api, and that of the page, without a slash at the
// end.
type Addresses struct{ Backend, Frontend string }

// Write writes a letter to the account. ErrCodeUnknown: it is about a code that the account no longer waits for, or that is
// over at that moment.
func (kind LetterKind) Write(account store.Account, at Addresses, now time.Time) (Letter, error) {
	l := Letter{To: account.Email}
	switch kind {
	case TakenLetter:
		l.Subject, l.Label, l.Link = "[Ibutsu] You have an account", "Sign in", at.Frontend+"/login"
		l.Text = []string{"Somebody, hopefully you, registered with your e-mail address, which has an Ibutsu account already. Nothing was changed.",
			"If you have forgotten the password, ask for a new one on the page where you sign in; if it was not you, ignore this mail."}
		return l, nil
	case ActivationLetter:
		l.Subject, l.Label = "[Ibutsu] Registration Confirmation", "Confirm the address"
		l.Text = []string{"Welcome to Ibutsu. Confirm your e-mail address here within three days:"}
	case RecoveryLetter:
		l.Subject, l.Label = "[Ibutsu] Password Reset", "Set a new password"
		l.Text = []string{"Somebody, hopefully you, asked for a new password for your Ibutsu account. Set it here within an hour; if it was not you, ignore this mail."}
	default:
		return l, fmt.Errorf("there is no letter %q", kind)
	}
	if account.ActivationCode == nil {
		return l, ErrCodeUnknown
	}
	written, err := readCode(*account.ActivationCode)
	if err != nil {
		return l, err
	}
	switch {
	case kind == ActivationLetter && written.goodFor(activation, now):
		l.Link = at.Backend + "/api/login/activate/" + *account.ActivationCode
	case kind == RecoveryLetter && written.goodFor(recovery, now):
		l.Link = at.Frontend + "/reset-password/" + *account.ActivationCode
	default:
		return l, ErrCodeUnknown
	}
	return l, nil
}

// letter sends a letter in the transaction of the change that it tells of; without mail it logs what the letter would say.
func (a *Accounts) letter(kind LetterKind, account store.Account) store.TxFunc {
	if a.Outbox != nil {
		return a.Outbox.Letter(kind, account.ID)
	}
	return func(context.Context, pgx.Tx) error {
		l, err := kind.Write(account, Addresses{a.BackendURL, a.FrontendURL}, a.Now())
		if err == nil {
			a.Log.Info().Str("to", l.To).Str("subject", l.Subject).Str("pass_on", l.Link).Msg("mail is not set up; pass this link on")
		}
		return err
	}
}
