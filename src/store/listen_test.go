package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
)

// heard is what a listener was told, in order.
type heard chan string

func (h heard) next(t *testing.T) string {
	t.Helper()
	select {
	case s := <-h:
		return s
	case <-time.After(20 * time.Second):
		require.Fail(t, "nothing was heard")
		return ""
	}
}

func listen(t *testing.T, s *store.Store, heartbeat time.Duration) heard {
	t.Helper()
	told := make(heard, 100)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Listen(ctx, store.Listening{
			Channel: "ibutsu_identity", Heartbeat: heartbeat, Pause: time.Millisecond,
			Notified: func(payload string) { told <- payload },
			Live:     func(live bool) { told <- map[bool]string{true: "live", false: "deaf"}[live] },
		})
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return told
}

func TestChangesOfPeopleAreHeard(t *testing.T) {
	t.Parallel()
	s, ctx := dbtest.New(t), context.Background()
	told := listen(t, s, 0)
	require.Equal(t, "live", told.next(t))

	a := addUser(t, s)
	require.Equal(t, "users", told.next(t))
	require.Equal(t, "users_projects", told.next(t)) // set to none
	p := addProject(t, s, nil, a.ID)
	require.Equal(t, "projects", told.next(t))
	require.Equal(t, "users_projects", told.next(t))
	token := store.Token{ID: uuid.New(), Name: "ci", Token: "t", UserID: &a.ID}
	require.NoError(t, s.InsertToken(ctx, token))
	require.Equal(t, "tokens", told.next(t))
	require.NoError(t, s.SetLoginToken(ctx, a.ID, uuid.New(), "login"))
	require.NoError(t, s.SetLoginToken(ctx, a.ID, uuid.New(), "again"))
	require.NoError(t, s.DeleteToken(ctx, token.ID))
	require.Equal(t, "tokens", told.next(t), "sign-ins are not told: they change nobody's rights")
	_, err := s.Pool().Exec(ctx, `UPDATE projects SET title = 'by hand' WHERE id = $1`, p.ID)
	require.NoError(t, err)
	require.Equal(t, "projects", told.next(t))
}

func TestLostConnectionIsNoticedAndMended(t *testing.T) {
	t.Parallel()
	s, ctx := dbtest.New(t), context.Background()
	told := listen(t, s, 0)
	require.Equal(t, "live", told.next(t))
	_, err := s.Pool().Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`)
	require.NoError(t, err)
	require.Equal(t, "deaf", told.next(t))
	require.Equal(t, "live", told.next(t))
	addUser(t, s)
	require.Equal(t, "users", told.next(t))
}

func TestConnectionThatDeliversNothingIsNotLive(t *testing.T) {
	t.Parallel()
	s, ctx := dbtest.New(t), context.Background()
	// What a connection pooler does: LISTEN succeeds, and no notification ever comes.
	_, err := s.Pool().Exec(ctx, `CREATE FUNCTION public.pg_notify(text, text) RETURNS void LANGUAGE sql AS ''`)
	require.NoError(t, err)
	_, err = s.Pool().Exec(ctx, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database()); END $$`)
	require.NoError(t, err)
	s.Pool().Reset()
	told := listen(t, s, 20*time.Millisecond)
	require.Equal(t, "deaf", told.next(t))
	require.Equal(t, "deaf", told.next(t))
}
