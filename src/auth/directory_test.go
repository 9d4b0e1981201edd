package auth_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
)

// office is a directory of one user with an API token.
type office struct {
	*auth.Directory
	people *people
	clock  *clock
	tokens *auth.Tokens
	user   uuid.UUID
	token  string
}

func newOffice(t *testing.T) office {
	t.Helper()
	c, user := newClock(), uuid.New()
	tokens := tokensAt(t, c.Now)
	token, err := tokens.API(user, new(c.Now().Add(24*time.Hour)))
	require.NoError(t, err)
	p := &people{
		callers: map[uuid.UUID]store.Caller{user: {User: store.User{ID: user, Email: "ana@example.com", IsActive: true}}},
		kept:    map[string]bool{token: true},
	}
	return office{auth.NewDirectory(p, tokens, c.Now), p, c, tokens, user, token}
}

// hears makes the directory believe that changes are told.
func (o office) hears() { o.Listening().Live(true) }

func (o office) authenticate(t *testing.T) *auth.Identity {
	t.Helper()
	who, err := o.Authenticate(context.Background(), o.token)
	require.NoError(t, err)
	return who
}

func (o office) requireRefused(t *testing.T, token string) {
	t.Helper()
	_, err := o.Authenticate(context.Background(), token)
	require.ErrorIs(t, err, auth.ErrUnauthenticated)
}

func TestManyRequestsOfOneTokenAskTheDatabaseOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hears()
	require.Equal(t, o.user, o.authenticate(t).ID())
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { _, _ = o.Authenticate(context.Background(), o.token) })
	}
	all.Wait()
	require.Equal(t, 1, o.people.questions())
}

func TestWhoIsRefused(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.requireRefused(t, "")
	o.requireRefused(t, "garbage")
	stranger, err := o.tokens.Login(uuid.New())
	require.NoError(t, err)
	o.requireRefused(t, stranger)
	unkept, err := o.tokens.API(o.user, nil)
	require.NoError(t, err)
	o.requireRefused(t, unkept)
	login, err := o.tokens.Login(o.user)
	require.NoError(t, err)
	_, err = o.Authenticate(context.Background(), login)
	require.NoError(t, err, "a sign-in need not be kept: the next one replaces its row")
	o.people.change(func() {
		o.people.callers[o.user] = store.Caller{User: store.User{ID: o.user}}
	})
	o.Flush()
	o.requireRefused(t, login)
	o.requireRefused(t, o.token)
}

func TestRevokedTokenIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	for name, tell := range map[string]func(office){
		"by this process":            func(o office) { o.Flush() },
		"by another":                 func(o office) { o.Listening().Notified("tokens") },
		"while nothing was heard":    func(o office) { o.Listening().Live(false) },
		"before something was heard": func(o office) { o.Listening().Live(true) },
		"and nobody told":            func(o office) { o.clock.pass(31 * time.Second) },
	} {
		o := newOffice(t)
		o.hears()
		o.authenticate(t)
		o.people.change(func() { clear(o.people.kept) })
		o.authenticate(t)
		tell(o)
		_, err := o.Authenticate(context.Background(), o.token)
		require.ErrorIs(t, err, auth.ErrUnauthenticated, name)
	}
}

func TestWhileDeafNothingIsTrustedForLong(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.authenticate(t)
	o.people.change(func() { clear(o.people.kept) })
	o.clock.pass(time.Second)
	o.authenticate(t)
	require.Equal(t, 1, o.people.questions())
	o.clock.pass(2 * time.Second)
	o.requireRefused(t, o.token)
}

func TestTokenEndsWhileItIsRemembered(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hears()
	short, err := o.tokens.API(o.user, new(o.clock.Now().Add(5*time.Second)))
	require.NoError(t, err)
	o.people.change(func() { o.people.kept[short] = true })
	_, err = o.Authenticate(context.Background(), short)
	require.NoError(t, err)
	o.clock.pass(5 * time.Second)
	o.requireRefused(t, short)
	require.Equal(t, 1, o.people.questions())
}

func TestWhatWasReadBeforeAChangeIsNotRemembered(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hears()
	// The change comes while the answer of the database is on its way.
	o.people.change(func() { o.people.during = o.Flush })
	o.authenticate(t)
	o.people.change(func() { clear(o.people.kept) })
	o.requireRefused(t, o.token)
}

func TestDatabaseThatIsDownIsNoReasonToSignOut(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	down := auth.NewDirectory(failing{}, o.tokens, o.clock.Now)
	_, err := down.Authenticate(context.Background(), o.token)
	require.ErrorIs(t, err, errDown)
	require.NotErrorIs(t, err, auth.ErrUnauthenticated)
	_, err = down.FindProject(context.Background(), "x", nil)
	require.ErrorIs(t, err, errDown)
}

type failing struct{}

func (failing) Caller(context.Context, uuid.UUID, string) (store.Caller, error) {
	return store.Caller{}, errDown
}
func (failing) Project(context.Context, uuid.UUID) (store.Project, error) {
	return store.Project{}, errDown
}
func (failing) ProjectsNamed(context.Context, string) ([]store.Project, error) { return nil, errDown }

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hears()
	for i := range 10_050 {
		o.people.projects = []store.Project{{ID: uuid.New(), Name: new(fmt.Sprint(i))}}
		_, err := o.FindProject(context.Background(), fmt.Sprint(i), nil)
		require.NoError(t, err)
	}
	asked := o.people.questions()
	o.people.projects = nil
	forgotten := 0
	for i := range 10_050 {
		if _, err := o.FindProject(context.Background(), fmt.Sprint(i), nil); errors.Is(err, store.ErrNotFound) {
			forgotten++
		}
	}
	require.Equal(t, 50, forgotten)
	require.Equal(t, asked+50, o.people.questions())
}

func TestProjectThatACallerMeans(t *testing.T) {
	t.Parallel()
	project := func(name string) store.Project { return store.Project{ID: uuid.New(), Name: &name} }
	single, nameless := project("single"), store.Project{ID: uuid.New()}
	twins := []store.Project{project("twin"), project("twin"), project("twin")}
	odd := project(uuid.NewString())
	source := &people{projects: append([]store.Project{single, nameless, odd}, twins...)}
	d := auth.NewDirectory(source, tokensAt(t, time.Now), time.Now)
	who := func(super bool, member, owned []uuid.UUID) *auth.Identity {
		return auth.NewIdentity(store.Caller{User: store.User{ID: uuid.New(), IsSuperadmin: super}, Member: member, Owned: owned})
	}
	ids := func(ps ...store.Project) (ids []uuid.UUID) {
		for _, p := range ps {
			ids = append(ids, p.ID)
		}
		return ids
	}
	stranger, super := who(false, nil, nil), who(true, nil, nil)
	for name, c := range map[string]struct {
		text string
		who  *auth.Identity
		want store.Project
		err  error
	}{
		"by id":                      {text: nameless.ID.String(), who: stranger, want: nameless},
		"by id, otherwise spelt":     {text: "{" + nameless.ID.String() + "}", who: stranger, want: nameless},
		"by name":                    {text: "single", who: stranger, want: single},
		"by name, for a job":         {text: "single", want: single},
		"a name like an id":          {text: *odd.Name, who: stranger, want: odd},
		"unknown":                    {text: "nothing", who: super, err: store.ErrNotFound},
		"unknown id":                 {text: uuid.NewString(), who: super, err: store.ErrNotFound},
		"empty":                      {text: "", who: super, err: store.ErrNotFound},
		"twins, member of one":       {text: "twin", who: who(false, ids(twins[1]), nil), want: twins[1]},
		"twins, owner of one":        {text: "twin", who: who(false, nil, ids(twins[2])), want: twins[2]},
		"twins, superadmin in one":   {text: "twin", who: who(true, ids(twins[1]), nil), want: twins[1]},
		"twins, owner among members": {text: "twin", who: who(false, ids(twins...), ids(twins[1])), want: twins[1]},
		"twins, member of two":       {text: "twin", who: who(false, ids(twins[:2]...), nil), err: auth.ErrAmbiguous},
		"twins, owner of two":        {text: "twin", who: who(false, nil, ids(twins[:2]...)), err: auth.ErrAmbiguous},
		"twins, superadmin":          {text: "twin", who: super, err: auth.ErrAmbiguous},
		"twins, for a job":           {text: "twin", err: auth.ErrAmbiguous},
		"twins, stranger":            {text: "twin", who: stranger, want: twins[0]},
	} {
		got, err := d.FindProject(context.Background(), c.text, c.who)
		if c.err != nil {
			require.ErrorIs(t, err, c.err, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, c.want.ID, got.ID, name)
	}
}

// TestDirectoryHearsOfChanges is the whole way: another process writes, the database tells, this one forgets.
func TestDirectoryHearsOfChanges(t *testing.T) {
	t.Parallel()
	s, ctx := dbtest.New(t), context.Background()
	tokens := tokensAt(t, time.Now)
	d := auth.NewDirectory(s, tokens, time.Now)
	live := make(chan bool, 10)
	listening := d.Listening()
	tell := listening.Live
	listening.Live = func(l bool) { tell(l); live <- l }
	listen, stop := context.WithCancel(ctx)
	stopped := make(chan struct{})
	go func() { defer close(stopped); s.Listen(listen, listening) }()
	t.Cleanup(func() { stop(); <-stopped })
	require.True(t, <-live)

	user := store.Account{User: store.User{ID: uuid.New(), Email: "ana@example.com", IsActive: true}}
	require.NoError(t, s.InsertAccount(ctx, user))
	text, err := tokens.API(user.ID, nil)
	require.NoError(t, err)
	token := store.Token{ID: uuid.New(), Name: "ci", Token: text, UserID: &user.ID}
	require.NoError(t, s.InsertToken(ctx, token))
	project := store.Project{ID: uuid.New(), Name: new("p")}
	require.NoError(t, s.InsertProject(ctx, project, user.ID))

	who := func() *auth.Identity {
		who, err := d.Authenticate(ctx, text)
		if err != nil {
			return nil
		}
		return who
	}
	soon := func(what string, is func() bool) {
		require.Eventually(t, is, 10*time.Second, time.Millisecond, what)
	}
	soon("member", func() bool { w := who(); return w != nil && w.CanWrite(&project.ID) })
	for _, c := range []struct {
		what, statement string
		is              func() bool
	}{
		{"no member any more", `DELETE FROM users_projects`, func() bool { return !who().CanWrite(&project.ID) }},
		{"owner", `UPDATE projects SET owner_id = (SELECT id FROM users)`, func() bool { return who().CanWrite(&project.ID) }},
		{"superadmin", `UPDATE users SET is_superadmin = true`, func() bool { return who().IsSuperadmin() }},
	} {
		_, err := s.Pool().Exec(ctx, c.statement)
		require.NoError(t, err)
		soon(c.what, c.is)
	}
	_, err = s.Pool().Exec(ctx, `DELETE FROM tokens`)
	require.NoError(t, err)
	soon("revoked", func() bool { return who() == nil })
}
