package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// UserCmd has the commands about users.
type UserCmd struct {
	Create      UserCreateCmd      `cmd:"" help:"Make a user who can sign in at once"`
	List        UserListCmd        `cmd:"" help:"List all users"`
	SetPassword UserSetPasswordCmd `cmd:"" help:"Give a user a new password"`
}

func newUserCmd() UserCmd {
	groups := []string{config.GroupDatabase, config.GroupSignIn}
	return UserCmd{
		Create:      UserCreateCmd{Settings: newSettings(groups...)},
		List:        UserListCmd{Settings: newSettings(groups...)},
		SetPassword: UserSetPasswordCmd{Settings: newSettings(groups...)},
	}
}

// UserCreateCmd makes a user.
type UserCreateCmd struct {
	Email      string   `required:"" placeholder:"E" help:"Address with which the user signs in"`
	Name       string   `placeholder:"N" help:"Name that is shown"`
	Superadmin bool     `help:"Let the user administer the server"`
	Project    []string `placeholder:"P" sep:"none" help:"Name or id of a project that the user may see; may be repeated"`
	NoPassword bool     `xor:"password" help:"No password: the user signs in by a provider"`

	passwordFlags `embed:""`
	Settings      `embed:""`
}

func (UserCreateCmd) examples() []example {
	return []example{
		{"ibutsu user create --email ann@example.com --name Ann --project shop", "asks for the password"},
		{"pass show ann | ibutsu user create --email ann@example.com --password-stdin", "takes it from another program"},
	}
}

// Run implements the command.
func (cmd *UserCreateCmd) Run(ctx context.Context, c *console) error {
	if at := strings.LastIndexByte(cmd.Email, '@'); at < 1 || at == len(cmd.Email)-1 {
		return failure{exitUsage, fmt.Errorf("--email: %q is not an e-mail address", cmd.Email)}
	}
	var password string
	var err error
	if !cmd.NoPassword {
		if password, err = cmd.read(c); err != nil {
			return err
		}
	}
	a, err := cmd.administer(ctx, c)
	if err != nil {
		return err
	}
	defer a.store.Close()
	projects, err := a.projects(ctx, cmd.Project)
	if err != nil {
		return err
	}
	account := store.Account{User: store.User{ID: uuid.New(), Email: cmd.Email, IsSuperadmin: cmd.Superadmin, IsActive: true}}
	if cmd.Name != "" {
		account.Name = &cmd.Name
	}
	if !cmd.NoPassword {
		if account.PasswordHash, err = a.hash(ctx, password); err != nil {
			return err
		}
	}
	err = a.store.InsertAccount(byHand(ctx), account, projects...)
	if errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("there is a user %s already; `ibutsu user set-password --email %s` gives a new password", cmd.Email, cmd.Email)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "Made %s %s.\n", role(account.User), cmd.Email)
	return nil
}

// byHand lets a change be recorded as made on the command line.
func byHand(ctx context.Context) context.Context {
	return store.WithActor(ctx, store.Actor{Name: "command line"})
}

// projects finds the projects that were named.
func (a *administration) projects(ctx context.Context, named []string) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	for _, name := range named {
		id, err := a.project(ctx, name)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (a *administration) project(ctx context.Context, name string) (uuid.UUID, error) {
	if id, err := uuid.Parse(name); err == nil {
		_, err = a.store.Project(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			return id, fmt.Errorf("--project: there is no project %s", name)
		}
		return id, err
	}
	found, err := a.store.ProjectsNamed(ctx, name)
	switch {
	case err != nil:
		return uuid.UUID{}, err
	case len(found) == 0:
		return uuid.UUID{}, fmt.Errorf("--project: there is no project %s", name)
	case len(found) > 1:
		return uuid.UUID{}, fmt.Errorf("--project: %d projects are called %s; give the id of one", len(found), name)
	}
	return found[0].ID, nil
}

func role(u store.User) string {
	if u.IsSuperadmin {
		return "superadmin"
	}
	return "user"
}

// UserListCmd lists users.
type UserListCmd struct {
	JSON bool `name:"json" help:"As JSON"`

	Settings `embed:""`
}

func (UserListCmd) examples() []example {
	return []example{{"ibutsu user list --json | jq -r '.[] | select(.is_superadmin) | .email'", "who administers the server"}}
}

// listed is a user in the JSON list; the names are those of the API.
type listed struct {
	ID           uuid.UUID `json:"id"`
	Email        string    `json:"email"`
	Name         *string   `json:"name"`
	IsSuperadmin bool      `json:"is_superadmin"`
	IsActive     bool      `json:"is_active"`
}

// Run implements the command.
func (cmd *UserListCmd) Run(ctx context.Context, c *console) error {
	a, err := cmd.administer(ctx, c)
	if err != nil {
		return err
	}
	defer a.store.Close()
	users, err := a.users(ctx)
	if err != nil {
		return err
	}
	if cmd.JSON {
		rows := make([]listed, len(users))
		for i, u := range users {
			rows[i] = listed{u.ID, u.Email, u.Name, u.IsSuperadmin, u.IsActive}
		}
		encoder := json.NewEncoder(c.out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(rows)
	}
	email, name := len("E-MAIL"), len("NAME")
	for _, u := range users {
		email, name = max(email, len(u.Email)), max(name, len(shownName(u)))
	}
	fmt.Fprintf(c.out, "%-*s  %-*s  %-10s  %s\n", email, "E-MAIL", name, "NAME", "ROLE", "STATE")
	for _, u := range users {
		fmt.Fprintf(c.out, "%-*s  %-*s  %-10s  %s\n", email, u.Email, name, shownName(u), role(u), state(u))
	}
	return nil
}

// users reads all users, a page at a time.
func (a *administration) users(ctx context.Context) ([]store.User, error) {
	var users []store.User
	for page := 1; ; page++ {
		some, total, err := a.store.Users(ctx, store.UserQuery{Page: page, PageSize: 500})
		if err != nil {
			return nil, err
		}
		users = append(users, some...)
		if len(some) == 0 || int64(len(users)) >= total {
			return users, nil
		}
	}
}

func shownName(u store.User) string {
	if u.Name == nil {
		return "–"
	}
	return *u.Name
}

func state(u store.User) string {
	if u.IsActive {
		return "active"
	}
	return "inactive"
}

// UserSetPasswordCmd gives a user a new password.
type UserSetPasswordCmd struct {
	Email string `required:"" placeholder:"E" help:"Address of the user"`

	passwordFlags `embed:""`
	Settings      `embed:""`
}

func (UserSetPasswordCmd) examples() []example {
	return []example{{"ibutsu user set-password --email ann@example.com", "asks for the new password"}}
}

// Run implements the command.
func (cmd *UserSetPasswordCmd) Run(ctx context.Context, c *console) error {
	password, err := cmd.read(c)
	if err != nil {
		return err
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
	hash, err := a.hash(ctx, password)
	if err != nil {
		return err
	}
	_, err = a.store.UpdateAccount(byHand(ctx), account.ID, func(changed *store.Account) error {
		changed.PasswordHash = hash
		return nil
	}, func(ctx context.Context, tx pgx.Tx) error {
		// Whoever came in with the old one is out.
		_, err := a.store.RevokeSessionsTx(ctx, tx, account.ID, nil, c.now())
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s has a new password.\n", cmd.Email)
	if !account.IsActive {
		fmt.Fprintf(c.err, "note: the account is inactive and cannot sign in yet\n")
	}
	return nil
}
