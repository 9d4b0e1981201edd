package auth_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
)

func bootstrap(t *testing.T, change ...func(*auth.BootstrapOptions)) auth.BootstrapOptions {
	t.Helper()
	o := auth.BootstrapOptions{Email: "admin@example.com", Password: "first", Passwords: passwords(t), NewID: uuid.New}
	for _, f := range change {
		f(&o)
	}
	return o
}

func TestBootstrapOfProcessesThatStartTogether(t *testing.T) {
	t.Parallel()
	s, ctx := dbtest.New(t), context.Background()
	o := bootstrap(t, func(o *auth.BootstrapOptions) { o.OwnProject = "mine" })
	done, errs := make([]auth.Bootstrapped, 6), make([]error, 6)
	var all sync.WaitGroup
	for i := range done {
		all.Go(func() { done[i], errs[i] = auth.Bootstrap(ctx, s, o) })
	}
	all.Wait()
	created := 0
	for i := range done {
		require.NoError(t, errs[i])
		if done[i] == auth.Created {
			created++
		}
	}
	require.Equal(t, 1, created)
	admin, err := s.Account(ctx, "admin@example.com")
	require.NoError(t, err)
	require.True(t, admin.IsActive && admin.IsSuperadmin)
	require.Equal(t, "Ibutsu Admin", *admin.Name)
	right, err := o.Passwords.Verify(ctx, admin.PasswordHash, "first")
	require.NoError(t, err)
	require.True(t, right)
	projects, err := s.ProjectsNamed(ctx, "mine")
	require.NoError(t, err)
	require.Len(t, projects, 1)
	require.Equal(t, admin.ID, *projects[0].OwnerID)
	members, err := s.Members(ctx, []uuid.UUID{projects[0].ID})
	require.NoError(t, err)
	require.Empty(t, members)
}

func TestBootstrapLeavesASuperadminAlone(t *testing.T) {
	t.Parallel()
	s, ctx := dbtest.New(t), context.Background()
	_, err := auth.Bootstrap(ctx, s, bootstrap(t))
	require.NoError(t, err)
	before, err := s.Account(ctx, "admin@example.com")
	require.NoError(t, err)
	done, err := auth.Bootstrap(ctx, s, bootstrap(t, func(o *auth.BootstrapOptions) { o.Password, o.Name, o.OwnProject = "second", "Other", "late" }))
	require.NoError(t, err)
	require.Equal(t, auth.Unchanged, done)
	after, err := s.Account(ctx, "admin@example.com")
	require.NoError(t, err)
	require.Equal(t, before, after)
	late, err := s.ProjectsNamed(ctx, "late")
	require.NoError(t, err)
	require.Empty(t, late)
}

func TestBootstrapPromotesAndGivesTheProject(t *testing.T) {
	t.Parallel()
	s, ctx := dbtest.New(t), context.Background()
	user := store.Account{User: store.User{ID: uuid.New(), Email: "admin@example.com", Name: new("Ana"), IsActive: true}, PasswordHash: new("kept")}
	require.NoError(t, s.InsertAccount(ctx, user))
	project := store.Project{ID: uuid.New(), Name: new("mine")}
	require.NoError(t, s.InsertProject(ctx, project))
	done, err := auth.Bootstrap(ctx, s, bootstrap(t, func(o *auth.BootstrapOptions) { o.Password, o.OwnProject = "", "mine" }))
	require.NoError(t, err)
	require.Equal(t, auth.Promoted, done)
	user.IsSuperadmin = true
	got, err := s.Account(ctx, "admin@example.com")
	require.NoError(t, err)
	require.Equal(t, user, got)
	p, err := s.Project(ctx, project.ID)
	require.NoError(t, err)
	require.Equal(t, user.ID, *p.OwnerID)
}

func TestBootstrapThatCannotBe(t *testing.T) {
	t.Parallel()
	s, ctx := dbtest.New(t), context.Background()
	for name, change := range map[string]func(*auth.BootstrapOptions){
		"no address":        func(o *auth.BootstrapOptions) { o.Email = "" },
		"no e-mail address": func(o *auth.BootstrapOptions) { o.Email = "admin" },
		"no password":       func(o *auth.BootstrapOptions) { o.Password = "" },
		"a long password":   func(o *auth.BootstrapOptions) { o.Password = strings.Repeat("x", 73) },
	} {
		_, err := auth.Bootstrap(ctx, s, bootstrap(t, change))
		require.Error(t, err, name)
	}
	done, err := auth.Bootstrap(ctx, s, auth.BootstrapOptions{})
	require.NoError(t, err)
	require.Equal(t, auth.Unchanged, done)
}
