package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
)

func addUser(t *testing.T, s *store.Store, change ...func(*store.Account)) store.Account {
	t.Helper()
	id := uuid.New()
	a := store.Account{User: store.User{ID: id, Email: id.String()[:8] + "@example.com", IsActive: true}}
	for _, f := range change {
		f(&a)
	}
	require.NoError(t, s.InsertAccount(context.Background(), a))
	return a
}

func superadmin(a *store.Account) { a.IsSuperadmin = true }

func addProject(t *testing.T, s *store.Store, owner *uuid.UUID, members ...uuid.UUID) store.Project {
	t.Helper()
	id := uuid.New()
	p := store.Project{ID: id, Name: new("p-" + id.String()[:8]), OwnerID: owner}
	require.NoError(t, s.InsertProject(context.Background(), p, members...))
	return p
}

func TestAccountIsKeptWithItsSecrets(t *testing.T) {
	t.Parallel()
	s, ctx := dbtest.New(t), context.Background()
	p := addProject(t, s, nil)
	a := store.Account{
		User:         store.User{ID: uuid.New(), Email: "Ana@example.com", Name: new("Ana"), IsActive: true},
		PasswordHash: new("$2b$12$x"), ActivationCode: new("code"),
	}
	require.NoError(t, s.InsertAccount(ctx, a, p.ID))

	got, err := s.Account(ctx, "Ana@example.com")
	require.NoError(t, err)
	require.Equal(t, a, got)
	byCode, err := s.AccountByCode(ctx, "code")
	require.NoError(t, err)
	require.Equal(t, a, byCode)
	u, err := s.User(ctx, a.ID)
	require.NoError(t, err)
	require.Equal(t, a.User, u)

	_, err = s.Account(ctx, "ana@example.com")
	require.ErrorIs(t, err, store.ErrNotFound, "the case of an address counts")
	a.ID = uuid.New()
	require.ErrorIs(t, s.InsertAccount(ctx, a), store.ErrConflict)
	a.Email, a.GroupID = "other@example.com", new(uuid.New())
	require.ErrorIs(t, s.InsertAccount(ctx, a), store.ErrReference)
	a.GroupID = nil
	require.ErrorIs(t, s.InsertAccount(ctx, a, uuid.New()), store.ErrReference)
	_, err = s.Account(ctx, "other@example.com")
	require.ErrorIs(t, err, store.ErrNotFound, "nothing of a refused account is there")
}

func TestUsersAreListedByAddress(t *testing.T) {
	t.Parallel()
	s, ctx := dbtest.New(t), context.Background()
	for _, email := range []string{"bo@x", "al@x", "cy@y"} {
		addUser(t, s, func(a *store.Account) { a.Email = email })
	}
	emails := func(q store.UserQuery) (emails []string, total int64) {
		users, total, err := s.Users(ctx, q)
		require.NoError(t, err)
		for _, u := range users {
			emails = append(emails, u.Email)
		}
		return emails, total
	}
	got, total := emails(store.UserQuery{PageSize: 2})
	require.Equal(t, []string{"al@x", "bo@x"}, got)
	require.EqualValues(t, 3, total)
	got, _ = emails(store.UserQuery{PageSize: 2, Page: 2})
	require.Equal(t, []string{"cy@y"}, got)
	set, err := filter.Parse([]string{"email~@x$"})
	require.NoError(t, err)
	got, total = emails(store.UserQuery{Filter: set, PageSize: 25})
	require.Equal(t, []string{"al@x", "bo@x"}, got)
	require.EqualValues(t, 2, total)
	got, total = emails(store.UserQuery{PageSize: 25, Page: 1 << 61})
	require.Empty(t, got)
	require.EqualValues(t, 3, total)
}

func TestUpdateAccountChangesAllOrNothing(t *testing.T) {
	t.Parallel()
	s, ctx := dbtest.New(t), context.Background()
	a, other := addUser(t, s), addUser(t, s)
	p, q := addProject(t, s, nil, a.ID), addProject(t, s, nil)
	set := func(ids ...uuid.UUID) store.TxFunc {
		return func(ctx context.Context, tx pgx.Tx) error { return s.SetProjectsTx(ctx, tx, a.ID, ids) }
	}
	rename := func(a *store.Account) error { a.Name = new("New"); return nil }

	got, err := s.UpdateAccount(ctx, a.ID, rename, set(q.ID))
	require.NoError(t, err)
	require.Equal(t, "New", *got.Name)
	of, err := s.ProjectsOf(ctx, []uuid.UUID{a.ID})
	require.NoError(t, err)
	require.Equal(t, []store.Project{q}, of[a.ID])

	_, err = s.UpdateAccount(ctx, a.ID, func(a *store.Account) error { a.Name = new("Newer"); return nil }, set(uuid.New()))
	require.ErrorIs(t, err, store.ErrReference)
	_, err = s.UpdateAccount(ctx, a.ID, func(a *store.Account) error { a.Email = other.Email; return nil })
	require.ErrorIs(t, err, store.ErrConflict)
	kept, err := s.User(ctx, a.ID)
	require.NoError(t, err)
	require.Equal(t, got, kept)

	_, err = s.UpdateAccount(ctx, a.ID, rename, set())
	require.NoError(t, err)
	members, err := s.Members(ctx, []uuid.UUID{p.ID, q.ID})
	require.NoError(t, err)
	require.Empty(t, members)
	_, err = s.UpdateAccount(ctx, uuid.New(), rename)
	require.ErrorIs(t, err, store.ErrNotFound)
}

func TestLastSuperadminStays(t *testing.T) {
	t.Parallel()
	s, ctx := dbtest.New(t), context.Background()
	last, user := addUser(t, s, superadmin), addUser(t, s)
	addUser(t, s, superadmin, func(a *store.Account) { a.IsActive = false })
	demote := func(a *store.Account) error { a.IsSuperadmin = false; return nil }
	suspend := func(a *store.Account) error { a.IsActive = false; return nil }

	require.ErrorIs(t, s.DeleteUser(ctx, last.ID, user.ID), store.ErrLastSuperadmin)
	for _, change := range []func(*store.Account) error{demote, suspend} {
		_, err := s.UpdateAccount(ctx, last.ID, change)
		require.ErrorIs(t, err, store.ErrLastSuperadmin)
	}
	got, err := s.User(ctx, last.ID)
	require.NoError(t, err)
	require.Equal(t, last.User, got)

	addUser(t, s, superadmin)
	_, err = s.UpdateAccount(ctx, last.ID, demote)
	require.NoError(t, err)
}

func TestSuperadminsCannotRemoveEachOtherAtTheSameMoment(t *testing.T) {
	t.Parallel()
	s, ctx := dbtest.New(t), context.Background()
	a, b := addUser(t, s, superadmin), addUser(t, s, superadmin)
	errs := make([]error, 2)
	var both sync.WaitGroup
	both.Go(func() { errs[0] = s.DeleteUser(ctx, b.ID, a.ID) })
	both.Go(func() {
		_, errs[1] = s.UpdateAccount(ctx, a.ID, func(a *store.Account) error { a.IsSuperadmin = false; return nil })
	})
	both.Wait()
	if errs[0] == nil {
		require.ErrorIs(t, errs[1], store.ErrLastSuperadmin)
		return
	}
	require.ErrorIs(t, errs[0], store.ErrLastSuperadmin)
	require.NoError(t, errs[1])
}

func TestDeletedUserLeavesProjectsAndDashboardsToTheHeir(t *testing.T) {
	t.Parallel()
	s, ctx := dbtest.New(t), context.Background()
	gone, heir := addUser(t, s), addUser(t, s)
	owned := addProject(t, s, &gone.ID, gone.ID, heir.ID)
	require.NoError(t, s.InsertToken(ctx, store.Token{ID: uuid.New(), Name: "ci", Token: "t", UserID: &gone.ID}))
	board := uuid.New()
	_, err := s.Pool().Exec(ctx, `INSERT INTO dashboards (id, title, user_id) VALUES ($1, 'd', $2)`, board, gone.ID)
	require.NoError(t, err)

	require.NoError(t, s.DeleteUser(ctx, gone.ID, heir.ID))
	p, err := s.Project(ctx, owned.ID)
	require.NoError(t, err)
	require.Equal(t, heir.ID, *p.OwnerID)
	boards, err := s.DashboardsByID(ctx, []uuid.UUID{board, uuid.New()})
	require.NoError(t, err)
	require.Len(t, boards, 1)
	require.Equal(t, heir.ID, *boards[board].UserID)
	members, err := s.Members(ctx, []uuid.UUID{owned.ID})
	require.NoError(t, err)
	require.Equal(t, []store.User{heir.User}, members[owned.ID])
	require.ErrorIs(t, s.DeleteUser(ctx, gone.ID, heir.ID), store.ErrNotFound)
}

func TestCallerHasProjectsAndTokens(t *testing.T) {
	t.Parallel()
	s, ctx := dbtest.New(t), context.Background()
	a := addUser(t, s)
	member, owned := addProject(t, s, nil, a.ID), addProject(t, s, &a.ID)
	addProject(t, s, nil)
	token := store.Token{ID: uuid.New(), Name: "ci", Token: "kept", UserID: &a.ID}
	require.NoError(t, s.InsertToken(ctx, token))

	c, err := s.Caller(ctx, a.ID, "kept")
	require.NoError(t, err)
	require.Equal(t, store.Caller{User: a.User, Member: []uuid.UUID{member.ID}, Owned: []uuid.UUID{owned.ID}, Reads: []uuid.UUID{}, Token: token.ID}, c)
	require.NoError(t, s.DeleteToken(ctx, token.ID))
	c, err = s.Caller(ctx, a.ID, "kept")
	require.NoError(t, err)
	require.Equal(t, uuid.Nil, c.Token)
	_, err = s.Caller(ctx, uuid.New(), "kept")
	require.ErrorIs(t, err, store.ErrNotFound)
}

func TestProjectsAreScopedAndFiltered(t *testing.T) {
	t.Parallel()
	s, ctx := dbtest.New(t), context.Background()
	owner := addUser(t, s)
	g := store.Group{ID: uuid.New(), Name: new("g")}
	require.NoError(t, s.InsertGroup(ctx, g))
	alpha, beta := addProject(t, s, &owner.ID), addProject(t, s, nil)
	twin := store.Project{ID: uuid.New(), Name: alpha.Name, GroupID: &g.ID}
	require.NoError(t, s.InsertProject(ctx, twin))
	require.ErrorIs(t, s.InsertProject(ctx, twin), store.ErrConflict)

	for name, c := range map[string]struct {
		query store.ProjectQuery
		want  []uuid.UUID
	}{
		"all":      {store.ProjectQuery{}, []uuid.UUID{alpha.ID, beta.ID, twin.ID}},
		"scope":    {store.ProjectQuery{Scope: []uuid.UUID{beta.ID}}, []uuid.UUID{beta.ID}},
		"no scope": {store.ProjectQuery{Scope: []uuid.UUID{}}, nil},
		"owner":    {store.ProjectQuery{OwnerID: &owner.ID}, []uuid.UUID{alpha.ID}},
		"group":    {store.ProjectQuery{GroupID: &g.ID}, []uuid.UUID{twin.ID}},
	} {
		c.query.PageSize = 25
		projects, total, err := s.Projects(ctx, c.query)
		require.NoError(t, err, name)
		var got []uuid.UUID
		for _, p := range projects {
			got = append(got, p.ID)
		}
		require.ElementsMatch(t, c.want, got, name)
		require.EqualValues(t, len(c.want), total, name)
	}
	named, err := s.ProjectsNamed(ctx, *alpha.Name)
	require.NoError(t, err)
	require.ElementsMatch(t, []store.Project{alpha, twin}, named)
}

func TestMembersAreAddedByAddress(t *testing.T) {
	t.Parallel()
	s, ctx := dbtest.New(t), context.Background()
	a, b := addUser(t, s), addUser(t, s)
	p := addProject(t, s, nil, a.ID)
	got, err := s.UpdateProject(ctx, p.ID, func(p *store.Project) error { p.Title = new("T"); return nil },
		func(ctx context.Context, tx pgx.Tx) error {
			return s.AddMembersByEmailTx(ctx, tx, p.ID, a.Email, b.Email, "ghost@example.com")
		})
	require.NoError(t, err)
	require.Equal(t, "T", *got.Title)
	members, err := s.Members(ctx, []uuid.UUID{p.ID})
	require.NoError(t, err)
	require.ElementsMatch(t, []store.User{a.User, b.User}, members[p.ID])
	_, err = s.UpdateProject(ctx, p.ID, func(p *store.Project) error { p.OwnerID = new(uuid.New()); return nil })
	require.ErrorIs(t, err, store.ErrReference)
}

// fill gives a project one of everything.
func fill(t *testing.T, s *store.Store, p uuid.UUID) {
	t.Helper()
	ids := map[string]uuid.UUID{}
	for _, name := range []string{"run", "result", "import", "board"} {
		ids[name] = uuid.New()
	}
	for _, statement := range []string{
		`INSERT INTO runs (id, project_id, start_time, created) VALUES ($1, $2, now(), now())`,
		`INSERT INTO results (id, run_id, project_id, start_time) VALUES ($3, $1, $2, now())`,
		`INSERT INTO artifacts (id, run_id, upload_date) VALUES (gen_random_uuid(), $1, now())`,
		`INSERT INTO artifacts (id, result_id, upload_date) VALUES (gen_random_uuid(), $3, now())`,
		`INSERT INTO results (id, run_id, start_time) VALUES (gen_random_uuid(), $1, now())`,
		`INSERT INTO imports (id, data) VALUES ($4, jsonb_build_object('project_id', $2::text))`,
		`INSERT INTO import_files (id, import_id) VALUES (gen_random_uuid(), $4)`,
		`INSERT INTO dashboards (id, project_id) VALUES ($5, $2)`,
		`INSERT INTO widget_configs (id, dashboard_id) VALUES (gen_random_uuid(), $5)`,
		`INSERT INTO widget_configs (id, project_id) VALUES (gen_random_uuid(), $2)`,
		`UPDATE projects SET default_dashboard_id = $5 WHERE id = $2`,
	} {
		// Each statement names all five, so that all take the same arguments.
		_, err := s.Pool().Exec(context.Background(), `WITH ids AS (SELECT $1::uuid, $2::uuid, $3::uuid, $4::uuid, $5::uuid) `+statement,
			ids["run"], p, ids["result"], ids["import"], ids["board"])
		require.NoError(t, err, statement)
	}
}

var projectTables = []string{"runs", "results", "artifacts", "imports", "import_files", "dashboards", "widget_configs", "users_projects", "projects"}

func rows(t *testing.T, s *store.Store) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, table := range projectTables {
		var n int
		require.NoError(t, s.Pool().QueryRow(context.Background(), `SELECT count(*) FROM `+table).Scan(&n))
		counts[table] = n
	}
	return counts
}

func TestDeletedProjectTakesItsRowsAlongAndNoOthers(t *testing.T) {
	t.Parallel()
	s, ctx := dbtest.New(t), context.Background()
	u := addUser(t, s)
	stays := addProject(t, s, &u.ID, u.ID)
	fill(t, s, stays.ID)
	before := rows(t, s)

	goes := addProject(t, s, &u.ID, u.ID)
	fill(t, s, goes.ID)
	guest := uuid.New() // a result that the other project has in a run of this one
	_, err := s.Pool().Exec(ctx, `INSERT INTO results (id, run_id, project_id, start_time) SELECT $1, id, $2, now() FROM runs WHERE project_id = $3 LIMIT 1`,
		guest, stays.ID, goes.ID)
	require.NoError(t, err)

	require.NoError(t, s.DeleteProject(ctx, goes.ID))
	before["results"]++
	require.Equal(t, before, rows(t, s))
	r, err := s.Result(ctx, guest)
	require.NoError(t, err)
	require.Nil(t, r.RunID)
	require.ErrorIs(t, s.DeleteProject(ctx, goes.ID), store.ErrNotFound)
	var tallied int
	require.NoError(t, s.Pool().QueryRow(ctx, `SELECT coalesce(sum(n), 0) FROM result_tally WHERE project_id = $1`, goes.ID).Scan(&tallied))
	require.Zero(t, tallied)
}

func TestDeleteProjectOutlastsAClientThatGoesOnWriting(t *testing.T) {
	t.Parallel()
	s, ctx := dbtest.New(t), context.Background()
	p := addProject(t, s, nil)
	writing := make(chan struct{})
	var client sync.WaitGroup
	client.Go(func() {
		for n := 0; ; n++ {
			_, err := s.Pool().Exec(ctx, `INSERT INTO results (id, project_id, start_time) VALUES (gen_random_uuid(), $1, now())`, p.ID)
			if n == 20 {
				close(writing)
			}
			if err != nil {
				return // the project is gone
			}
		}
	})
	<-writing
	require.NoError(t, s.DeleteProject(ctx, p.ID))
	client.Wait()
	require.Zero(t, rows(t, s)["results"])
}

func TestNewestResult(t *testing.T) {
	t.Parallel()
	s, ctx := dbtest.New(t), context.Background()
	p := addProject(t, s, nil)
	_, err := s.NewestResult(ctx, p.ID)
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = s.Pool().Exec(ctx, `INSERT INTO results (id, project_id, test_id, start_time)
		SELECT gen_random_uuid(), $1, 'test_' || n, timestamp '2024-01-01' + n * interval '1 day' FROM generate_series(1, 3) n`, p.ID)
	require.NoError(t, err)
	r, err := s.NewestResult(ctx, p.ID)
	require.NoError(t, err)
	require.Equal(t, "test_3", *r.TestID)
}

func TestGroupsKeepNameAndMetadata(t *testing.T) {
	t.Parallel()
	s, ctx := dbtest.New(t), context.Background()
	b, a := store.Group{ID: uuid.New(), Name: new("b")}, store.Group{ID: uuid.New(), Name: new("a"), Data: []byte(`{"k": 1}`)}
	require.NoError(t, s.InsertGroup(ctx, b))
	require.NoError(t, s.InsertGroup(ctx, a))
	require.ErrorIs(t, s.InsertGroup(ctx, a), store.ErrConflict)
	got, total, err := s.Groups(ctx, 1, 25)
	require.NoError(t, err)
	require.Equal(t, []store.Group{a, b}, got)
	require.EqualValues(t, 2, total)
	got, _, err = s.Groups(ctx, 2, 1)
	require.NoError(t, err)
	require.Equal(t, []store.Group{b}, got)

	changed, err := s.UpdateGroup(ctx, b.ID, func(g *store.Group) error { g.Name = new("c"); return nil })
	require.NoError(t, err)
	kept, err := s.Group(ctx, b.ID)
	require.NoError(t, err)
	require.Equal(t, changed, kept)
	require.Equal(t, "c", *kept.Name)
	_, err = s.UpdateGroup(ctx, uuid.New(), func(*store.Group) error { return nil })
	require.ErrorIs(t, err, store.ErrNotFound)
}

func TestTokensWithoutThatOfTheLastSignIn(t *testing.T) {
	t.Parallel()
	s, ctx := dbtest.New(t), context.Background()
	a, other := addUser(t, s), addUser(t, s)
	expires := time.Date(2038, 1, 1, 0, 0, 0, 5000, time.UTC)
	ci := store.Token{ID: uuid.New(), Name: "ci", Token: "one", Expires: &expires, UserID: &a.ID}
	for _, token := range []store.Token{ci, {ID: uuid.New(), Name: "ci", Token: "two", UserID: &other.ID}} {
		require.NoError(t, s.InsertToken(ctx, token))
	}
	require.NoError(t, s.SetLoginToken(ctx, a.ID, uuid.New(), "login"))
	require.ErrorIs(t, s.InsertToken(ctx, ci), store.ErrConflict)

	tokens, total, err := s.Tokens(ctx, a.ID, 1, 25)
	require.NoError(t, err)
	require.Equal(t, []store.Token{ci}, tokens)
	require.EqualValues(t, 1, total)
	got, err := s.Token(ctx, ci.ID)
	require.NoError(t, err)
	require.Equal(t, ci, got)
	require.NoError(t, s.DeleteToken(ctx, ci.ID))
	require.ErrorIs(t, s.DeleteToken(ctx, ci.ID), store.ErrNotFound)
}

func TestSignInsShareOneRow(t *testing.T) {
	t.Parallel()
	s, ctx := dbtest.New(t), context.Background()
	a := addUser(t, s)
	errs := make([]error, 6)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { errs[i] = s.SetLoginToken(ctx, a.ID, uuid.New(), fmt.Sprint("token ", i)) })
	}
	all.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.NoError(t, s.SetLoginToken(ctx, a.ID, uuid.New(), "last"))
	rows, _ := s.Pool().Query(ctx, `SELECT token FROM tokens WHERE user_id = $1`, a.ID)
	tokens, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Equal(t, []string{"last"}, tokens)
	require.ErrorIs(t, s.SetLoginToken(ctx, uuid.New(), uuid.New(), "x"), store.ErrNotFound)
}
