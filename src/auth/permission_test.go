package auth_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/store"
)

func TestEveryOperationOfTheContractHasARule(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../api/contract/openapi.yaml")
	require.NoError(t, err)
	table := auth.Permissions()
	known := map[string]bool{"run_task": true} // beside the contract
	for _, m := range regexp.MustCompile(`(?m)^\s+operationId: (\w+)$`).FindAllStringSubmatch(string(text), -1) {
		known[m[1]] = true
		require.NotEqual(t, auth.Nobody, table[m[1]], m[1])
	}
	require.Len(t, table, len(known))
	for operation := range table {
		require.True(t, known[operation], operation)
	}
}

func TestWhatTheTableDoesNotKnowIsDenied(t *testing.T) {
	t.Parallel()
	super := auth.NewIdentity(store.Caller{User: store.User{ID: uuid.New(), IsSuperadmin: true}})
	for _, who := range []*auth.Identity{nil, super} {
		require.ErrorIs(t, auth.Permissions().Enter("drop_everything", who), auth.ErrForbidden)
		require.ErrorIs(t, auth.Permissions().Allow("drop_everything", who, auth.Object{}), auth.ErrForbidden)
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	mine, owned, read, foreign, group := uuid.New(), uuid.New(), uuid.New(), uuid.New(), uuid.New()
	user := auth.NewIdentity(store.Caller{User: store.User{ID: uuid.New(), GroupID: &group}, Member: []uuid.UUID{mine, read}, Owned: []uuid.UUID{owned}, Reads: []uuid.UUID{read}})
	super := auth.NewIdentity(store.Caller{User: store.User{ID: uuid.New(), IsSuperadmin: true}})
	other := uuid.New()

	none := auth.Object{}
	inMine, inOwned, inRead, inForeign := auth.Object{Project: &mine}, auth.Object{Project: &owned}, auth.Object{Project: &read}, auth.Object{Project: &foreign}
	for _, c := range []struct {
		rule  auth.Rule
		what  auth.Object
		user  bool
		super bool
	}{
		{auth.Nobody, inMine, false, false},
		{auth.Anyone, none, true, true},
		{auth.SignedIn, none, true, true},
		{auth.Superadmins, none, false, true},
		{auth.Listed, inMine, true, true},
		{auth.Listed, inForeign, false, true},
		{auth.Listed, none, false, true},
		{auth.ReadsProject, inMine, true, true},
		{auth.ReadsProject, inOwned, true, true},
		{auth.ReadsProject, inRead, true, true},
		{auth.ReadsProject, inForeign, false, true},
		{auth.ReadsProject, none, false, true},
		{auth.ReadsProjectIfAny, inRead, true, true},
		{auth.ReadsProjectIfAny, inForeign, false, true},
		{auth.ReadsProjectIfAny, none, true, true},
		{auth.WritesProject, inMine, true, true},
		{auth.WritesProject, inOwned, true, true},
		{auth.WritesProject, inRead, false, true},
		{auth.WritesProject, inForeign, false, true},
		{auth.WritesProject, none, false, true},
		{auth.WritesProjectIfAny, inMine, true, true},
		{auth.WritesProjectIfAny, inRead, false, true},
		{auth.WritesProjectIfAny, inForeign, false, true},
		{auth.WritesProjectIfAny, none, true, true},
		{auth.WritesProjectOrMaker, inMine, true, true},
		{auth.WritesProjectOrMaker, auth.Object{Project: &read, User: &user.UserID}, false, true},
		{auth.WritesProjectOrMaker, auth.Object{Project: &foreign, User: &user.UserID}, false, true},
		{auth.WritesProjectOrMaker, auth.Object{User: &user.UserID}, true, true},
		{auth.WritesProjectOrMaker, auth.Object{User: &other}, false, true},
		{auth.WritesProjectOrMaker, none, false, true},
		{auth.ProjectOwnerOrOwn, auth.Object{Project: &mine, User: &user.UserID}, true, true},
		{auth.ProjectOwnerOrOwn, auth.Object{Project: &mine, User: &other}, false, true},
		{auth.ProjectOwner, inOwned, true, true},
		{auth.ProjectOwner, auth.Object{Project: &owned, Owner: &user.UserID}, true, true},
		{auth.ProjectOwner, auth.Object{Project: &mine, Owner: &other}, false, true},
		{auth.ProjectOwner, inMine, false, true},
		{auth.Own, auth.Object{User: &user.UserID}, true, false},
		{auth.Own, auth.Object{User: &super.UserID}, false, true},
		{auth.Own, none, false, false},
		{auth.OwnOrSuperadmin, auth.Object{User: &user.UserID}, true, true},
		{auth.OwnOrSuperadmin, auth.Object{User: &other}, false, true},
		{auth.OwnOrSuperadmin, none, false, true},
		{auth.InGroup, auth.Object{Group: &group}, true, true},
		{auth.InGroup, auth.Object{Group: &other}, false, true},
		{auth.InGroup, none, false, true},
	} {
		table := auth.Table{"op": c.rule}
		require.Equal(t, c.user, table.Allow("op", user, c.what) == nil, "user: %+v", c)
		require.Equal(t, c.super, table.Allow("op", super, c.what) == nil, "superadmin: %+v", c)
		if c.rule != auth.Anyone && c.rule != auth.Nobody {
			require.ErrorIs(t, table.Allow("op", nil, c.what), auth.ErrUnauthenticated, "nobody: %+v", c)
			require.ErrorIs(t, table.Enter("op", nil), auth.ErrUnauthenticated, "nobody: %+v", c)
		}
	}
	require.ErrorIs(t, auth.Table{"op": auth.Superadmins}.Enter("op", user), auth.ErrForbidden)
	require.NoError(t, auth.Table{"op": auth.ReadsProject}.Enter("op", user), "the object decides, later")
	require.NoError(t, auth.Table{"op": auth.Anyone}.Enter("op", nil))
}

func TestScope(t *testing.T) {
	t.Parallel()
	mine, owned := uuid.New(), uuid.New()
	require.Nil(t, auth.NewIdentity(store.Caller{User: store.User{IsSuperadmin: true}}).Scope())
	require.Equal(t, []uuid.UUID{mine}, auth.NewIdentity(store.Caller{Member: []uuid.UUID{mine}, Owned: []uuid.UUID{owned}}).Scope())
	scope := auth.NewIdentity(store.Caller{}).Scope()
	require.NotNil(t, scope, "nil would be everything")
	require.Empty(t, scope)
}
