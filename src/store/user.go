package store

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/store/db"
)

// ErrLastSuperadmin means that nobody could administer the server any more.
var ErrLastSuperadmin = errors.New("the last active superadmin")

// User is who may sign in, without the secrets: what may be shown to others.
type User struct {
	ID           uuid.UUID
	Email        string
	Name         *string
	IsSuperadmin bool
	IsActive     bool
	GroupID      *uuid.UUID
}

// Account is a user with the secrets. It never leaves the server.
type Account struct {
	User
	// PasswordHash is a bcrypt hash, or anything else (also nil) for an account without a local password.
	PasswordHash *string
	// ActivationCode is the code of the last mail that is still to be answered.
	ActivationCode *string
}

func account(u db.User) Account {
	return Account{User: User{u.ID, u.Email, u.Name, u.IsSuperadmin, u.IsActive, u.GroupID}, PasswordHash: u.Password, ActivationCode: u.ActivationCode}
}

const userColumns = "id, email, name, is_superadmin, is_active, group_id"

func scanUser(row pgx.CollectableRow) (User, error) {
	var u User
	err := row.Scan(&u.ID, &u.Email, &u.Name, &u.IsSuperadmin, &u.IsActive, &u.GroupID)
	return u, err
}

// User returns one user, or ErrNotFound.
func (s *Store) User(ctx context.Context, id uuid.UUID) (User, error) {
	u, err := s.q.GetUser(ctx, id)
	return User(u), wrap("user", err)
}

// UsersByID returns those of the users that exist.
func (s *Store) UsersByID(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]User, error) {
	if len(ids) == 0 {
		return map[uuid.UUID]User{}, nil
	}
	rows, err := s.q.GetUsers(ctx, ids)
	users := make(map[uuid.UUID]User, len(rows))
	for _, u := range rows {
		users[u.ID] = User(u)
	}
	return users, wrap("users", err)
}

// Account returns the account of exactly this address (case counts), or ErrNotFound.
func (s *Store) Account(ctx context.Context, email string) (Account, error) {
	u, err := s.q.GetAccountByEmail(ctx, email)
	return account(u), wrap("account", err)
}

// AccountByID returns one account, or ErrNotFound.
func (s *Store) AccountByID(ctx context.Context, id uuid.UUID) (Account, error) {
	u, err := s.q.GetAccount(ctx, id)
	return account(u), wrap("account", err)
}

// AccountByCode returns the account that has this activation code, or ErrNotFound.
func (s *Store) AccountByCode(ctx context.Context, code string) (Account, error) {
	u, err := s.q.GetAccountByCode(ctx, &code)
	return account(u), wrap("account by code", err)
}

// UserQuery asks for a page of users, in the order of their addresses.
type UserQuery struct {
	Filter filter.Set
	// Page counts from 1; lower means 1. PageSize is the number of rows.
	Page, PageSize int
}

// Users returns a page of users and how many match in all. A filter that cannot be used is a *filter.Error.
func (s *Store) Users(ctx context.Context, q UserQuery) ([]User, int64, error) {
	args := filter.NewArgs(0)
	where, err := filter.Compile(filter.User(), q.Filter, args)
	if err != nil {
		return nil, 0, err
	}
	l := shortList[User]{table: "users", columns: userColumns, order: "email, id", scan: scanUser}
	return l.page(ctx, s, condition{where, args.Values()}, q.Page, q.PageSize)
}

// InsertAccount adds an account that the projects list. ErrConflict: the id or the address is taken; ErrReference: there is
// no such group or project.
func (s *Store) InsertAccount(ctx context.Context, a Account, projects ...uuid.UUID) error {
	return s.AddAccount(ctx, a, func(ctx context.Context, tx pgx.Tx) error { return s.SetProjectsTx(ctx, tx, a.ID, projects) })
}

// AddAccount adds an account, and then does what also says in the same transaction. Errors are those of InsertAccount, and of
// also as they are.
func (s *Store) AddAccount(ctx context.Context, a Account, also ...TxFunc) error {
	return s.InTx(ctx, func(tx pgx.Tx) error {
		if err := s.q.WithTx(tx).InsertAccount(ctx, db.InsertAccountParams(accountRow(a))); err != nil {
			return wrap("add user", err)
		}
		for _, f := range also {
			if err := f(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
}

func accountRow(a Account) db.UpdateAccountParams {
	return db.UpdateAccountParams{ID: a.ID, Email: a.Email, Password: a.PasswordHash, Name: a.Name, ActivationCode: a.ActivationCode,
		IsSuperadmin: a.IsSuperadmin, IsActive: a.IsActive, GroupID: a.GroupID}
}

// InsertNewAccountTx adds an account and says whether it did: another process may have been first.
func (s *Store) InsertNewAccountTx(ctx context.Context, tx pgx.Tx, a Account) (bool, error) {
	n, err := s.q.WithTx(tx).InsertNewAccount(ctx, db.InsertNewAccountParams(accountRow(a)))
	return n == 1, wrap("add user", err)
}

// PromoteUserTx makes the user of this address a superadmin, and says who it was; ErrNotFound when there is nobody to promote.
func (s *Store) PromoteUserTx(ctx context.Context, tx pgx.Tx, email string) (uuid.UUID, error) {
	id, err := s.q.WithTx(tx).PromoteUser(ctx, email)
	return id, wrap("promote user", err)
}

// TxFunc does more in the transaction of a change.
type TxFunc = func(context.Context, pgx.Tx) error

// UpdateAccount changes an account under its row lock, and then does what also says in the same transaction. An error of
// change or also is returned as it is, and nothing is written. ErrLastSuperadmin: nobody would be left to administer.
func (s *Store) UpdateAccount(ctx context.Context, id uuid.UUID, change func(*Account) error, also ...TxFunc) (User, error) {
	var after Account
	err := s.InTx(ctx, func(tx pgx.Tx) error {
		q := s.q.WithTx(tx)
		before, err := q.LockAccount(ctx, id)
		if err != nil {
			return wrap("user", err)
		}
		after = account(before)
		if err := change(&after); err != nil {
			return err
		}
		after.ID = id
		if before.IsSuperadmin && before.IsActive && (!after.IsSuperadmin || !after.IsActive) {
			if err := requireAnotherSuperadmin(ctx, q, id); err != nil {
				return err
			}
		}
		if err := q.UpdateAccount(ctx, accountRow(after)); err != nil {
			return wrap("update user", err)
		}
		for _, f := range also {
			if err := f(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	return after.User, err
}

func requireAnotherSuperadmin(ctx context.Context, q *db.Queries, id uuid.UUID) error {
	if err := q.LockSuperadmins(ctx); err != nil {
		return wrap("lock superadmins", err)
	}
	others, err := q.OtherSuperadmins(ctx, id)
	if err != nil {
		return wrap("count superadmins", err)
	}
	if others == 0 {
		return ErrLastSuperadmin
	}
	return nil
}

// DeleteUser deletes a user with memberships and tokens; the heir gets the projects and dashboards. ErrLastSuperadmin:
// nobody would be left to administer.
func (s *Store) DeleteUser(ctx context.Context, id, heir uuid.UUID) error {
	return s.InTx(ctx, func(tx pgx.Tx) error {
		q := s.q.WithTx(tx)
		governs, err := q.LockUser(ctx, id)
		if err != nil {
			return wrap("user", err)
		}
		if governs {
			if err := requireAnotherSuperadmin(ctx, q, id); err != nil {
				return err
			}
		}
		for _, step := range []func() error{
			func() error { return q.DeleteMembershipsOfUser(ctx, id) },
			func() error { return q.DeleteTokensOfUser(ctx, &id) },
			func() error { return q.HandOverProjects(ctx, db.HandOverProjectsParams{ID: id, Heir: heir}) },
			func() error { return q.HandOverDashboards(ctx, db.HandOverDashboardsParams{ID: id, Heir: heir}) },
			func() error { _, err := q.DeleteUser(ctx, id); return err },
		} {
			if err := step(); err != nil {
				return wrap("delete user", err)
			}
		}
		return nil
	})
}

// Caller is what a request is judged by.
type Caller struct {
	User
	// Member are the projects that list the user, Owned those that the user owns, Reads those of Member where the user may
	// only read; each in the order of the ids. An owner reads and writes whatever the list says.
	Member, Owned, Reads []uuid.UUID
	// Token is the API token that this is; the zero id where it is none that its user keeps.
	Token uuid.UUID
	// Session is the sign-in that this is the token of; nil where none is known. Revoked says that it was ended.
	Session *uuid.UUID
	Revoked bool
	// Cut is the moment before which sign-ins do not count that have no session; nil for none.
	Cut *time.Time
}

// Caller returns the user with the projects, and what is known of the token; ErrNotFound when there is no such user.
func (s *Store) Caller(ctx context.Context, id uuid.UUID, token string) (Caller, error) {
	hash := TokenHash(token)
	c, err := s.q.GetCaller(ctx, db.GetCallerParams{ID: id, Token: token, Hashed: hashedToken(hash), Hash: hash})
	return Caller{
		User: User{c.ID, c.Email, c.Name, c.IsSuperadmin, c.IsActive, c.GroupID}, Member: c.Member, Owned: c.Owned, Reads: c.Reads,
		Token: c.TokenID, Session: c.SessionID, Revoked: c.Revoked, Cut: c.Cut,
	}, wrap("caller", err)
}
