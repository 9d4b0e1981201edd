package auth_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
)

// outbox keeps the letters that were to be sent, as they would be written in the end.
type outbox struct {
	mails []auth.Letter
	now   func() time.Time
	err   error
}

func (o *outbox) Letter(kind auth.LetterKind, user uuid.UUID) store.TxFunc {
	return func(ctx context.Context, tx pgx.Tx) error {
		var to store.Account
		if err := tx.QueryRow(ctx, `SELECT email, activation_code FROM users WHERE id = $1`, user).Scan(&to.Email, &to.ActivationCode); err != nil {
			return err
		}
		letter, err := kind.Write(to, auth.Addresses{Backend: "https://api.example.com", Frontend: "https://example.com"}, o.now())
		o.mails = append(o.mails, letter)
		return errors.Join(err, o.err)
	}
}

// link is that of the last letter.
func (o *outbox) link(t *testing.T) string {
	t.Helper()
	require.NotEmpty(t, o.mails)
	return o.mails[len(o.mails)-1].Link
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
	b.outbox.now = b.clock.Now
	o := auth.AccountsOptions{
		Store: b.store, Passwords: passwords(t), Tokens: tokensAt(t, b.clock.Now), Limiter: auth.NewLocalLimiter(b.clock.Now),
		Outbox: b.outbox, Log: zerolog.New(&b.log), Now: b.clock.Now, NewID: uuid.New, Random: rand.Reader,
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

func from(client string) auth.Origin { return auth.Origin{Client: client, Agent: "test"} }

func (b *bureau) signIn(email, password string) error {
	_, err := b.SignIn(context.Background(), email, password, auth.Origin{Client: "192.0.2.1"})
	return err
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	a := b.add(t, "ana@example.com", "secret")
	session, err := b.SignIn(context.Background(), a.Email, "secret", auth.Origin{Client: "192.0.2.1"})
	require.NoError(t, err)
	require.Equal(t, a.Email, session.Email)
	require.Equal(t, "Ana", *session.Name)
	claims, err := b.Tokens.Read(session.Token)
	require.NoError(t, err)
	require.Equal(t, a.ID, claims.UserID)
	require.True(t, claims.Login)
	c, err := b.store.Caller(context.Background(), a.ID, session.Token)
	require.NoError(t, err)
	require.NotEqual(t, uuid.Nil, c.Token)
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
	_, err := b.SignIn(context.Background(), "ana@example.com", "secret", auth.Origin{Client: "192.0.2.2"})
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
	require.NoError(t, b.Register(ctx, "new@example.com", "secret", from("c")))
	require.Equal(t, "new@example.com", b.outbox.mails[0].To)
	require.Equal(t, "[Ibutsu] Registration Confirmation", b.outbox.mails[0].Subject)
	require.Regexp(t, `^https://api\.example\.com/api/login/activate/[-_A-Za-z0-9]{48}$`, b.outbox.link(t))
	require.ErrorIs(t, b.signIn("new@example.com", "secret"), auth.ErrInactive)
	code := b.outbox.code(t)
	require.ErrorIs(t, b.ResetPassword(ctx, code, "mine", from("c")), auth.ErrCodeUnknown, "the link activates, and no more")
	require.NoError(t, b.Activate(ctx, code, from("c")))
	require.Equal(t, 2, b.changes)
	require.NoError(t, b.signIn("new@example.com", "secret"))
	require.ErrorIs(t, b.Activate(ctx, code, from("c")), auth.ErrCodeUnknown, "a link works once")

	require.NoError(t, b.Register(ctx, "new@example.com", "other", from("c")), "who asks does not hear that there is an account")
	require.Equal(t, "[Ibutsu] You have an account", b.outbox.mails[1].Subject)
	require.Equal(t, "https://example.com/login", b.outbox.link(t))
	require.NoError(t, b.signIn("new@example.com", "secret"), "and changes nothing")
	require.ErrorIs(t, b.Register(ctx, "x@example.com", "", from("c")), auth.ErrPasswordEmpty)
	require.ErrorIs(t, b.Register(ctx, "x@example.com", strings.Repeat("x", 73), from("c")), auth.ErrPasswordTooLong)
}

func TestLateRegistrationIsStartedAnew(t *testing.T) {
	t.Parallel()
	b, ctx := newBureau(t), context.Background()
	require.NoError(t, b.Register(ctx, "new@example.com", "secret", from("c")))
	late := b.outbox.code(t)
	b.clock.pass(3*24*time.Hour + time.Second)
	require.ErrorIs(t, b.Activate(ctx, late, from("c")), auth.ErrCodeUnknown)
	require.NoError(t, b.Recover(ctx, "new@example.com", from("c")))
	require.Contains(t, b.outbox.link(t), "/api/login/activate/")
	require.NoError(t, b.Activate(ctx, b.outbox.code(t), from("c")))
	require.NoError(t, b.signIn("new@example.com", "secret"))
}

func TestRecoverySetsANewPassword(t *testing.T) {
	t.Parallel()
	b, ctx := newBureau(t), context.Background()
	b.add(t, "ana@example.com", "forgotten")
	require.NoError(t, b.Recover(ctx, "nobody@example.com", from("c")), "nobody hears who has an account")
	require.Empty(t, b.outbox.mails)
	require.NoError(t, b.Recover(ctx, "ana@example.com", from("c")))
	require.Regexp(t, `^https://example\.com/reset-password/[-_A-Za-z0-9]{48}$`, b.outbox.link(t))
	first := b.outbox.code(t)
	require.NoError(t, b.signIn("ana@example.com", "forgotten"), "asking changes nothing")
	require.NoError(t, b.Recover(ctx, "ana@example.com", from("c")))
	code := b.outbox.code(t)
	require.ErrorIs(t, b.ResetPassword(ctx, first, "x", from("c")), auth.ErrCodeUnknown, "only the last link works")
	require.ErrorIs(t, b.ResetPassword(ctx, code, strings.Repeat("x", 73), from("c")), auth.ErrPasswordTooLong)
	require.ErrorIs(t, b.ResetPassword(ctx, code, "", from("c")), auth.ErrPasswordEmpty)
	require.ErrorIs(t, b.Activate(ctx, code, from("c")), auth.ErrCodeUnknown)
	require.NoError(t, b.ResetPassword(ctx, code, "remembered", from("c")))
	require.NoError(t, b.signIn("ana@example.com", "remembered"))
	require.ErrorIs(t, b.signIn("ana@example.com", "forgotten"), auth.ErrInvalid)
	require.ErrorIs(t, b.ResetPassword(ctx, code, "again", from("c")), auth.ErrCodeUnknown)
}

func TestRecoveryLinkEndsAfterAnHour(t *testing.T) {
	t.Parallel()
	b, ctx := newBureau(t), context.Background()
	b.add(t, "ana@example.com", "forgotten")
	require.NoError(t, b.Recover(ctx, "ana@example.com", from("c")))
	b.clock.pass(time.Hour + time.Second)
	require.ErrorIs(t, b.ResetPassword(ctx, b.outbox.code(t), "x", from("c")), auth.ErrCodeUnknown)
}

func TestSuspendedAccountDoesNotComeBackByRecovery(t *testing.T) {
	t.Parallel()
	b, ctx := newBureau(t), context.Background()
	b.add(t, "gone@example.com", "secret", func(a *store.Account) { a.IsActive = false })
	require.NoError(t, b.Recover(ctx, "gone@example.com", from("c")))
	require.NoError(t, b.ResetPassword(ctx, b.outbox.code(t), "new", from("c")))
	require.ErrorIs(t, b.signIn("gone@example.com", "new"), auth.ErrInactive)
}

func TestOneLinkAnsweredTwiceAtTheSameMoment(t *testing.T) {
	t.Parallel()
	b, ctx := newBureau(t), context.Background()
	b.add(t, "ana@example.com", "forgotten")
	require.NoError(t, b.Recover(ctx, "ana@example.com", from("c")))
	code := b.outbox.code(t)
	errs := make([]error, 2)
	var both sync.WaitGroup
	for i := range errs {
		both.Go(func() { errs[i] = b.ResetPassword(ctx, code, strings.Repeat("x", i+1), from("c")) })
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
	require.ErrorIs(t, b.ResetPassword(ctx, old, "mine", from("c")), auth.ErrCodeUnknown)
	require.ErrorIs(t, b.ResetPassword(ctx, mangled, "mine", from("c")), auth.ErrCodeMalformed)
	require.NoError(t, b.Activate(ctx, old, from("c")))
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
		require.ErrorIs(t, b.Activate(ctx, text, from("c")), want, text)
		require.ErrorIs(t, b.ResetPassword(ctx, text, "x", from("c")), want, text)
	}
}

func TestMailboxesAreNotFlooded(t *testing.T) {
	t.Parallel()
	b, ctx := newBureau(t), context.Background()
	b.add(t, "ana@example.com", "secret")
	for range 5 {
		require.NoError(t, b.Recover(ctx, "ana@example.com", from("c")))
	}
	var tooMany *auth.TooManyError
	require.ErrorAs(t, b.Recover(ctx, "ana@example.com", from("another")), &tooMany)
	require.Len(t, b.outbox.mails, 5)
	for range 5 {
		require.NoError(t, b.Recover(ctx, "nobody@example.com", from("c")))
	}
	require.ErrorAs(t, b.Recover(ctx, "nobody@example.com", from("c")), &tooMany, "waiting tells nobody who has an account")
	require.NoError(t, b.Register(ctx, "ana@example.com", "x", from("c")))
	require.Len(t, b.outbox.mails, 5)
	for range 50 {
		_ = b.Recover(ctx, uuid.NewString()+"@example.com", from("c"))
	}
	require.ErrorAs(t, b.Register(ctx, "x@example.com", "x", from("c")), &tooMany)
	require.ErrorAs(t, b.ResetPassword(ctx, "YWJjZGVm", "x", from("c")), &tooMany)
}

func TestWithoutMailTheLinkIsInTheLogAndThePasswordIsNot(t *testing.T) {
	t.Parallel()
	b := newBureau(t, func(o *auth.AccountsOptions) { o.Outbox = nil })
	require.NoError(t, b.Register(context.Background(), "new@example.com", "a-secret-password", from("c")))
	var line struct {
		Link string `json:"pass_on"`
		To   string `json:"to"`
	}
	require.NoError(t, json.Unmarshal(b.log.Bytes(), &line))
	require.Contains(t, line.Link, "https://api.example.com/api/login/activate/")
	require.Equal(t, "new@example.com", line.To)
	require.NotContains(t, b.log.String(), "a-secret-password")
}

func TestWithoutMailTheAnswerSaysWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	b, ctx := newBureau(t, func(o *auth.AccountsOptions) { o.Outbox = nil }), context.Background()
	b.add(t, "ana@example.com", "secret")
	require.ErrorIs(t, b.Register(ctx, "ana@example.com", "other", from("c")), store.ErrConflict)
	require.ErrorIs(t, b.Recover(ctx, "nobody@example.com", from("c")), store.ErrNotFound)
}

func TestAccountWithoutItsLetterIsNotMade(t *testing.T) {
	t.Parallel()
	b, ctx := newBureau(t), context.Background()
	b.outbox.err = errors.New("the queue is away")
	require.ErrorContains(t, b.Register(ctx, "new@example.com", "secret", from("c")), "the queue is away")
	_, err := b.store.Account(ctx, "new@example.com")
	require.ErrorIs(t, err, store.ErrNotFound)
}

func TestHashesAreRenewedAtSignIn(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	hashOf := func(b *bureau, email string) string {
		a, err := b.store.Account(ctx, email)
		require.NoError(t, err)
		return *a.PasswordHash
	}
	b := newBureau(t)
	b.add(t, "ana@example.com", "secret")
	require.NoError(t, b.signIn("ana@example.com", "secret"))
	require.True(t, strings.HasPrefix(hashOf(b, "ana@example.com"), "$2b$"), "where the way back is open, it stays so")

	b.Passwords = auth.NewArgon2idPasswords()
	require.ErrorIs(t, b.signIn("ana@example.com", "wrong"), auth.ErrInvalid)
	require.True(t, strings.HasPrefix(hashOf(b, "ana@example.com"), "$2b$"))
	require.NoError(t, b.signIn("ana@example.com", "secret"))
	renewed := hashOf(b, "ana@example.com")
	require.True(t, strings.HasPrefix(renewed, "$argon2id$v=19$m=19456,t=2,p=1$"), renewed)
	require.NoError(t, b.signIn("ana@example.com", "secret"))
	require.Equal(t, renewed, hashOf(b, "ana@example.com"))
	require.ErrorIs(t, b.signIn("ana@example.com", "wrong"), auth.ErrInvalid)
	events, _, err := b.store.Audit(ctx, store.AuditQuery{Action: "user.update", Page: 1, PageSize: 10})
	require.NoError(t, err)
	require.Empty(t, events, "the password is the same")

	b.Passwords = passwords(t)
	require.NoError(t, b.signIn("ana@example.com", "secret"))
	require.True(t, strings.HasPrefix(hashOf(b, "ana@example.com"), "$2b$"), "asked for, the way back opens again")
}

func TestManyClientsThatGuessTogetherAreStopped(t *testing.T) {
	t.Parallel()
	b := newBureau(t, func(o *auth.AccountsOptions) { o.Attempts, o.Lockout = 2, time.Minute })
	b.add(t, "ana@example.com", "secret")
	guess := func(i int) error {
		_, err := b.SignIn(context.Background(), "ana@example.com", "guess", from(fmt.Sprint(i)))
		return err
	}
	for i := range 20 {
		require.ErrorIs(t, guess(i), auth.ErrInvalid)
	}
	var tooMany *auth.TooManyError
	require.ErrorAs(t, guess(20), &tooMany)
	events, _, err := b.store.Audit(context.Background(), store.AuditQuery{Action: "login.locked", Page: 1, PageSize: 10})
	require.NoError(t, err)
	require.Len(t, events, 1)
	require.Equal(t, "ana@example.com", events[0].ObjectName)
	require.Equal(t, "20", events[0].Client)
	b.clock.pass(time.Minute)
	require.NoError(t, b.signIn("ana@example.com", "secret"))
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	b, ctx := newBureau(t), context.Background()
	a := b.add(t, "ana@example.com", "secret")
	d := auth.NewDirectory(b.store, b.Tokens, b.clock.Now)
	in := func() string {
		s, err := b.SignIn(ctx, "ana@example.com", "secret", from("192.0.2.7"))
		require.NoError(t, err)
		return s.Token
	}
	who := func(token string) *auth.Identity {
		d.Flush()
		i, err := d.Authenticate(ctx, token)
		if err != nil {
			require.ErrorIs(t, err, auth.ErrUnauthenticated)
			return nil
		}
		return i
	}
	// One that another server made with the same key, which nobody has seen yet.
	elsewhere, err := b.Tokens.Login(a.ID)
	require.NoError(t, err)
	first, second, third := in(), in(), in()
	require.NotEqual(t, first, second, "two in the same second are two")
	list := func() []store.Session {
		sessions, total, err := b.store.Sessions(ctx, a.ID, b.clock.Now(), 1, 10)
		require.NoError(t, err)
		require.EqualValues(t, len(sessions), total)
		return sessions
	}
	require.Len(t, list(), 3)
	require.Equal(t, "password", list()[0].Method)
	require.Equal(t, "192.0.2.7", list()[0].Client)

	require.NoError(t, b.EndCurrent(ctx, who(third)))
	require.Nil(t, who(third))
	require.NotNil(t, who(second))
	require.NotNil(t, who(elsewhere))
	b.clock.pass(time.Second)
	n, err := b.EndSessions(ctx, a.ID, who(first))
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	require.NotNil(t, who(first))
	require.Nil(t, who(second))
	require.Nil(t, who(elsewhere), "also those that no server has seen")
	b.clock.pass(time.Second)
	require.NotNil(t, who(in()), "and a new one is good")

	require.NoError(t, b.Recover(ctx, "ana@example.com", from("c")))
	require.NoError(t, b.ResetPassword(ctx, b.outbox.code(t), "new", from("c")))
	require.Nil(t, who(first), "a new password ends what began with the old one")
	require.Empty(t, list())
}

func TestUseIsWrittenDown(t *testing.T) {
	t.Parallel()
	b, ctx := newBureau(t), context.Background()
	a := b.add(t, "ana@example.com", "secret")
	d := auth.NewDirectory(b.store, b.Tokens, b.clock.Now)
	uses := auth.NewUses(b.store, b.clock.Now, uuid.New, zerolog.New(&b.log))
	use := func(token, client string) {
		who, err := d.Authenticate(ctx, token)
		require.NoError(t, err)
		text := func(s string) func() string { return func() string { return s } }
		uses.Saw(who, text(client), text("browser\x00\xff"))
		uses.Write(ctx)
	}
	elsewhere, err := b.Tokens.Login(a.ID)
	require.NoError(t, err)
	use(elsewhere, "192.0.2.1")
	b.clock.pass(time.Minute)
	use(elsewhere, "192.0.2.2")
	sessions, _, err := b.store.Sessions(ctx, a.ID, b.clock.Now(), 1, 10)
	require.NoError(t, err)
	require.Len(t, sessions, 1)
	require.Equal(t, "192.0.2.2", sessions[0].Client)
	require.Empty(t, sessions[0].Method)
	require.WithinDuration(t, b.clock.Now(), sessions[0].LastUsed, time.Millisecond)

	token, err := b.AddToken(ctx, a.ID, nil, "ci", nil)
	require.NoError(t, err)
	use(token.Token, "192.0.2.3")
	known, err := b.store.TokenUses(ctx, []uuid.UUID{token.ID})
	require.NoError(t, err)
	require.Equal(t, "192.0.2.3", known[token.ID].Client)
	require.WithinDuration(t, b.clock.Now(), *known[token.ID].LastUsed, time.Millisecond)
	require.NotNil(t, known[token.ID].Created)
}

func TestTokenThatIsShownOnceOpensAndIsNotKept(t *testing.T) {
	t.Parallel()
	b, ctx := newBureau(t, func(o *auth.AccountsOptions) { o.TokensOnce = true }), context.Background()
	a := b.add(t, "ana@example.com", "secret")
	token, err := b.AddToken(ctx, a.ID, nil, "ci", nil)
	require.NoError(t, err)
	kept, err := b.store.Token(ctx, token.ID)
	require.NoError(t, err)
	require.True(t, kept.Hidden())
	require.NotContains(t, kept.Token, token.Token)
	d := auth.NewDirectory(b.store, b.Tokens, b.clock.Now)
	who, err := d.Authenticate(ctx, token.Token)
	require.NoError(t, err)
	require.Equal(t, token.ID, who.Access.Token)
	require.NoError(t, b.store.DeleteToken(ctx, token.ID))
	d.Flush()
	_, err = d.Authenticate(ctx, token.Token)
	require.ErrorIs(t, err, auth.ErrUnauthenticated)
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
