package api

import (
	"errors"
	"mime"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/api/encode"
	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// GetCurrentUser answers who asks.
func (s *Server) GetCurrentUser(c *fiber.Ctx) error {
	u, err := s.store.User(c.UserContext(), identity(c).UserID)
	if err != nil {
		return gone(err)
	}
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.User(dst, &u) })
}

// gone answers a user who has been deleted since the request came in.
func gone(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return auth.ErrUnauthenticated
	}
	return err
}

// notTheUsers are members of an account that nobody writes through this interface. The other columns that are not theirs
// to write are passed over, since pages send back the whole user that they have read.
var notTheUsers = []string{"_password", "activation_code", "owned_projects", "projects", "tokens", "dashboards", "group"}

// UpdateCurrentUser changes name, address or password of who asks, and nothing else.
func (s *Server) UpdateCurrentUser(c *fiber.Ctx) error {
	// The contract declares no body here, so that its checks are this operation's.
	if mediaType, _, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType)); err != nil || mediaType != fiber.MIMEApplicationJSON {
		return refuse(http.StatusBadRequest, "Bad Request JSON required")
	}
	op := s.contract.Operation(http.MethodPut, "/user")
	return s.withObject(c, op, true, func() error { return s.updateCurrentUser(c, object(c)) })
}

func (s *Server) updateCurrentUser(c *fiber.Ctx, body contract.Object) error {
	for _, name := range notTheUsers {
		if _, ok := body.Get(name); ok {
			return badField(name, "it cannot be written")
		}
	}
	change, err := s.accountChange(c, body)
	if err != nil {
		return err
	}
	var also []store.TxFunc
	if newPassword(body) {
		end, err := s.accounts.EndOthersTx(c.UserContext(), identity(c).UserID, identity(c))
		if err != nil {
			return err
		}
		also = append(also, end)
	}
	u, err := s.store.UpdateAccount(c.UserContext(), identity(c).UserID, change, also...)
	if err != nil {
		return gone(accountConflict(err, body))
	}
	s.directory.Flush()
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.User(dst, &u) })
}

// accountChange reads name, address and password, and returns what they do to an account. The password is hashed here,
// before the account is locked: it takes a while.
func (s *Server) accountChange(c *fiber.Ctx, body contract.Object) (func(*store.Account) error, error) {
	name, setName, err := textOrNullField(body, "name")
	if err != nil {
		return nil, err
	}
	email, setEmail, err := textOrNullField(body, "email")
	if err != nil {
		return nil, err
	}
	if setEmail && (email == nil || !strings.Contains(*email, "@")) {
		return nil, badField("email", "it is no e-mail address")
	}
	hash, err := s.passwordField(c, body)
	if err != nil {
		return nil, err
	}
	return func(a *store.Account) error {
		if setName {
			a.Name = name
		}
		if setEmail {
			a.Email = *email
		}
		if hash != nil {
			a.PasswordHash = hash
		}
		return nil
	}, nil
}

// textOrNullField returns a member that is a string or null, and whether there is one.
func textOrNullField(body contract.Object, name string) (text *string, given bool, err error) {
	raw, given := body.Get(name)
	if !given || contract.IsNull(raw) {
		return nil, given, nil
	}
	if text = textField(body, name); text == nil {
		return nil, given, badField(name, "it is not a string")
	}
	return text, given, nil
}

// newPassword says whether the body sets a password.
func newPassword(body contract.Object) bool {
	raw, ok := body.Get("password")
	return ok && !contract.IsNull(raw)
}

// passwordField returns the hash of a new password; nil where there is none.
func (s *Server) passwordField(c *fiber.Ctx, body contract.Object) (*string, error) {
	password, _, err := textOrNullField(body, "password")
	if err != nil || password == nil {
		return nil, err
	}
	hash, err := s.accounts.Passwords.Hash(c.UserContext(), *password)
	switch {
	case errors.Is(err, auth.ErrPasswordEmpty), errors.Is(err, auth.ErrPasswordTooLong):
		return nil, badField("password", "%s", err)
	case err != nil:
		return nil, busy(err)
	}
	return &hash, nil
}

// accountConflict answers a change that takes the address of another account.
func accountConflict(err error, body contract.Object) error {
	if email := textField(body, "email"); email != nil && errors.Is(err, store.ErrConflict) {
		return emailTaken(http.StatusConflict, *email)
	}
	return err
}
