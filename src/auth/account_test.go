package auth_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
)

// outbox keeps the mails that were sent.
type outbox struct {
	mails []auth.Mail
	err   error
}

func (o *outbox) Send(_ context.Context, m auth.Mail) error {
	o.mails = append(o.mails, m)
	return o.err
}

// link is the last word of the last mail.
func (o *outbox) link(t *testing.T) string {
	t.Helper()
	require.NotEmpty(t, o.mails)
	words := strings.Fields(o.mails[len(o.mails)-1].Text)
	return words[len(words)-1]
}

// code is the last piece of that link.
func (o *outbox) code(t *testing.T) string {
	t.Helper()
	link := o.link(t)
	return link[strings.LastIndexByte(link, '/')+1:]
}

type bureau struct {
	*auth.Accounts
	store   *store.Store
	clock   *clock
	outbox  *outbox
	changes int
	log     bytes.Buffer
}

func newBureau(t *testing.T, change ...func(*auth.AccountsOptions)) *bureau {
	t.Helper()
	b := &bureau{store: dbtest.New(t), clock: newClock(), outbox: &outbox{}}
	o := auth.AccountsOptions{
		Store: b.store, Passwords: passwords(t), Tokens: tokensAt(t, b.clock.Now), Limiter: auth.NewLocalLimiter(b.clock.Now),
		Mailer: b.outbox, Log: zerolog.New(&b.log), Now: b.clock.Now, NewID: uuid.New, Random: rand.Reader,
		Changed: func() { b.changes++ }, UserLogin: true, BackendURL: "https://api.example.com", FrontendURL: "https://example.com",
	}
	for _, f := range change {
		f(&o)
	}
	b.Accounts = auth.NewAccounts(o)
	return b
}

func (b *bureau) add(t *testing.T, email, password string, change ...func(*store.Account)) store.Account {
	t.Helper()
	hash, err := b.Passwords.Hash(context.Background(), password)
	require.NoError(t, err)
	a := store.Account{User: store.User{ID: uuid.New(), Email: email, Name: new("Ana"), IsActive: true}, PasswordHash: &hash}
	for _, f := range change {
		f(&a)
	}
	require.NoError(t, b.store.InsertAccount(context.Background(), a))
	return a
}

func (b *bureau) signIn(email, password string) error {
	_, err := b.SignIn(context.Background(), email, password, "192.0.2.1")
	return err
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	a := b.add(t, "ana@example.com", "secret")
	session, err := b.SignIn(context.Background(), a.Email, "secret", "192.0.2.1")
	require.NoError(t, err)
	require.Equal(t, a.Email, session.Email)
	require.Equal(t, "Ana", *session.Name)
	claims, err := b.Tokens.Read(session.Token)
	require.NoError(t, err)
	require.Equal(t, a.ID, claims.UserID)
	require.True(t, claims.Login)
	c, err := b.store.Caller(context.Background(), a.ID, session.Token)
	require.NoError(t, err)
	require.True(t, c.TokenKept)
}

func TestSignInRefused(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.add(t, "ana@example.com", "secret")
	b.add(t, "gone@example.com", "secret", func(a *store.Account) { a.IsActive = false })
	b.add(t, "oauth@example.com", "secret", func(a *store.Account) { a.PasswordHash = new("8a7f-keycloak") })
	b.add(t, "seed@example.com", "secret", func(a *store.Account) { a.PasswordHash = nil })
	for _, c := range []struct {
		email, password string
		want            error
	}{
		{"ana@example.com", "", auth.ErrPasswordEmpty},
		{"ana@example.com", "wrong", auth.ErrInvalid},
		{"ana@example.com", strings.Repeat("p", 100), auth.ErrInvalid},
		{"ANA@example.com", "secret", auth.ErrInvalid},
		{"nobody@example.com", "secret", auth.ErrInvalid},
		{"gone@example.com", "wrong", auth.ErrInvalid},
		{"gone@example.com", "secret", auth.ErrInactive},
		{"oauth@example.com", "8a7f-keycloak", auth.ErrInvalid},
		{"seed@example.com", "secret", auth.ErrInvalid},
		{strings.Repeat("x", 1<<20) + "@example.com", "secret", auth.ErrInvalid},
	} {
		require.ErrorIs(t, b.signIn(c.email, c.password), c.want, c)
	}
}

func TestWithoutUserLoginOnlySuperadminsSignIn(t *testing.T) {
	t.Parallel()
	b := newBureau(t, func(o *auth.AccountsOptions) { o.UserLogin = false })
	b.add(t, "ana@example.com", "secret")
	b.add(t, "root@example.com", "secret", func(a *store.Account) { a.IsSuperadmin = true })
	require.ErrorIs(t, b.signIn("ana@example.com", "secret"), auth.ErrLoginDisabled)
	require.ErrorIs(t, b.signIn("nobody@example.com", "secret"), auth.ErrLoginDisabled)
	require.ErrorIs(t, b.signIn("root@example.com", "wrong"), auth.ErrInvalid)
	require.NoError(t, b.signIn("root@example.com", "secret"))
}

func TestGuessingIsSlowedDown(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.add(t, "ana@example.com", "secret")
	b.add(t, "bo@example.com", "secret")
	for range 10 {
		require.ErrorIs(t, b.signIn("ana@example.com", "guess"), auth.ErrInvalid)
	}
	var tooMany *auth.TooManyError
	require.ErrorAs(t, b.signIn("ana@example.com", "secret"), &tooMany)
	require.Equal(t, 5*time.Minute, tooMany.After)
	require.NoError(t, b.signIn("bo@example.com", "secret"), "others are not locked out")
	_, err := b.SignIn(context.Background(), "ana@example.com", "secret", "192.0.2.2")
	require.NoError(t, err, "nor is she from elsewhere")
	b.clock.pass(5 * time.Minute)
	require.NoError(t, b.signIn("ana@example.com", "secret"))
	for range 9 {
		require.ErrorIs(t, b.signIn("ana@example.com", "guess"), auth.ErrInvalid)
	}
	require.NoError(t, b.signIn("ana@example.com", "secret"))
	for range 10 {
		require.ErrorIs(t, b.signIn("ana@example.com", "guess"), auth.ErrInvalid, "a success starts anew")
	}
}

func TestClientThatTriesAllAccountsIsStopped(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.add(t, "ana@example.com", "secret")
	for range 200 {
		require.NoError(t, b.signIn("ana@example.com", "secret"), "successes do not count")
	}
	var tooMany *auth.TooManyError
	for range 100 {
		require.ErrorIs(t, b.signIn(uuid.NewString()+"@example.com", "x"), auth.ErrInvalid)
	}
	require.ErrorAs(t, b.signIn("ana@example.com", "secret"), &tooMany)
}

func TestRegistrationIsCompletedByItsLink(t *testing.T) {
	t.Parallel()
	b, ctx := newBureau(t), context.Background()
	require.NoError(t, b.Register(ctx, "new@example.com", "secret", "c"))
	require.Equal(t, "new@example.com", b.outbox.mails[0].To)
	require.Equal(t, "[Ibutsu] Registration Confirmation", b.outbox.mails[0].Subject)
	require.Regexp(t, `^https://api\.example\.com/api/login/activate/[-_A-Za-z0-9]{48}$`, b.outbox.link(t))
	require.ErrorIs(t, b.signIn("new@example.com", "secret"), auth.ErrInactive)
	code := b.outbox.code(t)
	require.ErrorIs(t, b.ResetPassword(ctx, code, "mine", "c"), auth.ErrCodeUnknown, "the link activates, and no more")
	require.NoError(t, b.Activate(ctx, code))
	require.Equal(t, 2, b.changes)
	require.NoError(t, b.signIn("new@example.com", "secret"))
	require.ErrorIs(t, b.Activate(ctx, code), auth.ErrCodeUnknown, "a link works once")

	require.ErrorIs(t, b.Register(ctx, "new@example.com", "other", "c"), store.ErrConflict)
	require.ErrorIs(t, b.Register(ctx, "x@example.com", "", "c"), auth.ErrPasswordEmpty)
	require.ErrorIs(t, b.Register(ctx, "x@example.com", strings.Repeat("x", 73), "c"), auth.ErrPasswordTooLong)
}

func TestLateRegistrationIsStartedAnew(t *testing.T) {
	t.Parallel()
	b, ctx := newBureau(t), context.Background()
	require.NoError(t, b.Register(ctx, "new@example.com", "secret", "c"))
	late := b.outbox.code(t)
	b.clock.pass(3*24*time.Hour + time.Second)
	require.ErrorIs(t, b.Activate(ctx, late), auth.ErrCodeUnknown)
	require.NoError(t, b.Recover(ctx, "new@example.com", "c"))
	require.Contains(t, b.outbox.link(t), "/api/login/activate/")
	require.NoError(t, b.Activate(ctx, b.outbox.code(t)))
	require.NoError(t, b.signIn("new@example.com", "secret"))
}

func TestRecoverySetsANewPassword(t *testing.T) {
	t.Parallel()
	b, ctx := newBureau(t), context.Background()
	b.add(t, "ana@example.com", "forgotten")
	require.ErrorIs(t, b.Recover(ctx, "nobody@example.com", "c"), store.ErrNotFound)
	require.NoError(t, b.Recover(ctx, "ana@example.com", "c"))
	require.Regexp(t, `^https://example\.com/reset-password/[-_A-Za-z0-9]{48}$`, b.outbox.link(t))
	first := b.outbox.code(t)
	require.NoError(t, b.signIn("ana@example.com", "forgotten"), "asking changes nothing")
	require.NoError(t, b.Recover(ctx, "ana@example.com", "c"))
	code := b.outbox.code(t)
	require.ErrorIs(t, b.ResetPassword(ctx, first, "x", "c"), auth.ErrCodeUnknown, "only the last link works")
	require.ErrorIs(t, b.ResetPassword(ctx, code, strings.Repeat("x", 73), "c"), auth.ErrPasswordTooLong)
	require.ErrorIs(t, b.ResetPassword(ctx, code, "", "c"), auth.ErrPasswordEmpty)
	require.ErrorIs(t, b.Activate(ctx, code), auth.ErrCodeUnknown)
	require.NoError(t, b.ResetPassword(ctx, code, "remembered", "c"))
	require.NoError(t, b.signIn("ana@example.com", "remembered"))
	require.ErrorIs(t, b.signIn("ana@example.com", "forgotten"), auth.ErrInvalid)
	require.ErrorIs(t, b.ResetPassword(ctx, code, "again", "c"), auth.ErrCodeUnknown)
}

func TestRecoveryLinkEndsAfterAnHour(t *testing.T) {
	t.Parallel()
	b, ctx := newBureau(t), context.Background()
	b.add(t, "ana@example.com", "forgotten")
	require.NoError(t, b.Recover(ctx, "ana@example.com", "c"))
	b.clock.pass(time.Hour + time.Second)
	require.ErrorIs(t, b.ResetPassword(ctx, b.outbox.code(t), "x", "c"), auth.ErrCodeUnknown)
}

func TestSuspendedAccountDoesNotComeBackByRecovery(t *testing.T) {
	t.Parallel()
	b, ctx := newBureau(t), context.Background()
	b.add(t, "gone@example.com", "secret", func(a *store.Account) { a.IsActive = false })
	require.NoError(t, b.Recover(ctx, "gone@example.com", "c"))
	require.NoError(t, b.ResetPassword(ctx, b.outbox.code(t), "new", "c"))
	require.ErrorIs(t, b.signIn("gone@example.com", "new"), auth.ErrInactive)
}

func TestOneLinkAnsweredTwiceAtTheSameMoment(t *testing.T) {
	t.Parallel()
	b, ctx := newBureau(t), context.Background()
	b.add(t, "ana@example.com", "forgotten")
	require.NoError(t, b.Recover(ctx, "ana@example.com", "c"))
	code := b.outbox.code(t)
	errs := make([]error, 2)
	var both sync.WaitGroup
	for i := range errs {
		both.Go(func() { errs[i] = b.ResetPassword(ctx, code, strings.Repeat("x", i+1), "c") })
	}
	both.Wait()
	require.NotEqual(t, errs[0] == nil, errs[1] == nil, "%v", errs)
	require.ErrorIs(t, errors.Join(errs...), auth.ErrCodeUnknown)
}

func TestCodesOfTheOriginal(t *testing.T) {
	t.Parallel()
	b, ctx := newBureau(t), context.Background()
	old := base64.RawURLEncoding.EncodeToString([]byte(uuid.NewString()))
	mangled := `\x` + old
	b.add(t, "new@example.com", "secret", func(a *store.Account) { a.IsActive, a.ActivationCode = false, &old })
	b.add(t, "lost@example.com", "secret", func(a *store.Account) { a.ActivationCode = &mangled })
	require.ErrorIs(t, b.ResetPassword(ctx, old, "mine", "c"), auth.ErrCodeUnknown)
	require.ErrorIs(t, b.ResetPassword(ctx, mangled, "mine", "c"), auth.ErrCodeMalformed)
	require.NoError(t, b.Activate(ctx, old))
	require.NoError(t, b.signIn("new@example.com", "secret"))
}

func TestTextsThatAreNoCodes(t *testing.T) {
	t.Parallel()
	b, ctx := newBureau(t), context.Background()
	for text, want := range map[string]error{
		"": auth.ErrCodeMalformed, "x": auth.ErrCodeMalformed, "not base64!": auth.ErrCodeMalformed, "ü": auth.ErrCodeMalformed, "====": auth.ErrCodeMalformed,
		"YWJjZGVm": auth.ErrCodeUnknown, "bm90LWEtY29kZQ==": auth.ErrCodeUnknown, "bm90LWEtY29kZQ": auth.ErrCodeUnknown,
		base64.RawURLEncoding.EncodeToString([]byte(uuid.NewString())): auth.ErrCodeUnknown,
	} {
		require.ErrorIs(t, b.Activate(ctx, text), want, text)
		require.ErrorIs(t, b.ResetPassword(ctx, text, "x", "c"), want, text)
	}
}

func TestMailboxesAreNotFlooded(t *testing.T) {
	t.Parallel()
	b, ctx := newBureau(t), context.Background()
	b.add(t, "ana@example.com", "secret")
	for range 5 {
		require.NoError(t, b.Recover(ctx, "ana@example.com", "c"))
	}
	var tooMany *auth.TooManyError
	require.ErrorAs(t, b.Recover(ctx, "ana@example.com", "another"), &tooMany)
	require.Len(t, b.outbox.mails, 5)
	for range 55 {
		_ = b.Recover(ctx, "nobody@example.com", "c")
	}
	require.ErrorAs(t, b.Recover(ctx, "nobody@example.com", "c"), &tooMany)
	require.ErrorAs(t, b.Register(ctx, "x@example.com", "x", "c"), &tooMany)
	require.ErrorAs(t, b.ResetPassword(ctx, "YWJjZGVm", "x", "c"), &tooMany)
}

func TestWithoutMailTheLinkIsInTheLogAndThePasswordIsNot(t *testing.T) {
	t.Parallel()
	b := newBureau(t, func(o *auth.AccountsOptions) { o.Mailer = nil })
	require.NoError(t, b.Register(context.Background(), "new@example.com", "a-secret-password", "c"))
	var line struct {
		Link string `json:"pass_on"`
		To   string `json:"to"`
	}
	require.NoError(t, json.Unmarshal(b.log.Bytes(), &line))
	require.Contains(t, line.Link, "https://api.example.com/api/login/activate/")
	require.Equal(t, "new@example.com", line.To)
	require.NotContains(t, b.log.String(), "a-secret-password")
}

func TestMailThatCannotBeSentIsLoggedWithoutItsLink(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.outbox.err = errors.New("mail server is away")
	require.NoError(t, b.Register(context.Background(), "new@example.com", "secret", "c"))
	require.Contains(t, b.log.String(), "mail server is away")
	require.NotContains(t, b.log.String(), b.outbox.code(t))
}

func TestAPITokenIsKept(t *testing.T) {
	t.Parallel()
	b, ctx := newBureau(t), context.Background()
	a := b.add(t, "ana@example.com", "secret")
	expires, id := b.clock.Now().Add(time.Hour), uuid.New()
	token, err := b.AddToken(ctx, a.ID, &id, "ci", &expires)
	require.NoError(t, err)
	kept, err := b.store.Token(ctx, id)
	require.NoError(t, err)
	require.Equal(t, token, kept)
	require.Equal(t, 1, b.changes)
	_, err = b.AddToken(ctx, a.ID, &id, "ci", nil)
	require.ErrorIs(t, err, store.ErrConflict)
	_, err = b.AddToken(ctx, a.ID, nil, "login-token", nil)
	require.ErrorIs(t, err, auth.ErrReservedName)
	again, err := b.AddToken(ctx, a.ID, nil, "ci", nil)
	require.NoError(t, err)
	require.Nil(t, again.Expires)
	require.NotEqual(t, id, again.ID)
}
