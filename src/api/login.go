package api

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// origin is where a request comes from. Its texts are copies: the bytes of a header are the next request's.
func origin(c *fiber.Ctx) auth.Origin {
	return auth.Origin{Client: strings.Clone(c.IP()), Agent: strings.Clone(c.Get(fiber.HeaderUserAgent))}
}

// Login signs in with address and password.
func (s *Server) Login(c *fiber.Ctx) error {
	email, _ := object(c).Text("email")
	password, _ := object(c).Text("password")
	session, err := s.accounts.SignIn(c.UserContext(), email, password, origin(c))
	if err != nil {
		return loginError(c, http.StatusUnauthorized, err)
	}
	return sendSession(c, session)
}

// sendSession answers who is signed in now.
func sendSession(c *fiber.Ctx, session auth.Session) error {
	return sendJSON(c, http.StatusOK, struct {
		Name  *string `json:"name"`
		Email string  `json:"email"`
		Token string  `json:"token"`
	}{session.Name, session.Email, session.Token})
}

// loginError answers what is wrong with an address or a password, in the form that the sign-in page shows.
func loginError(c *fiber.Ctx, status int, err error) error {
	var answer contract.LoginError
	switch {
	case errors.Is(err, auth.ErrPasswordEmpty):
		answer = contract.LoginError{Code: "EMPTY", Message: "Username and/or password are empty"}
	case errors.Is(err, auth.ErrPasswordTooLong):
		answer = contract.LoginError{Code: "INVALID", Message: "The password is longer than 72 bytes"}
	case errors.Is(err, auth.ErrInvalid):
		answer = contract.LoginError{Code: "INVALID", Message: "Username and/or password are invalid"}
	case errors.Is(err, auth.ErrInactive):
		answer = contract.LoginError{Code: "INACTIVE", Message: "User account is inactive"}
	case errors.Is(err, auth.ErrLoginDisabled):
		answer = contract.LoginError{Code: "INVALID", Message: "Signing in with a password is off; use one of the links below"}
	default:
		return busy(err)
	}
	return sendJSON(c, status, answer)
}

// busy asks for patience where too many passwords are being checked already.
func busy(err error) error {
	if errors.Is(err, auth.ErrBusy) {
		return &refusalError{Status: http.StatusTooManyRequests, Message: "Too many people sign in at the moment", style: asProblem, cause: err, after: 2}
	}
	return err
}

// Support says which ways of signing in there are.
func (s *Server) Support(c *fiber.Ctx) error {
	return sendJSON(c, http.StatusOK, s.accounts.Offers())
}

// Config answers what a page needs to send somebody to a provider.
func (s *Server) Config(c *fiber.Ctx, provider contract.Provider) error {
	return sendJSON(c, http.StatusOK, s.accounts.ProviderConfig(provider))
}

// Register makes an account that its link activates.
func (s *Server) Register(c *fiber.Ctx) error {
	email, _ := object(c).Text("email")
	password, _ := object(c).Text("password")
	err := s.accounts.Register(c.UserContext(), email, password, origin(c))
	switch {
	case errors.Is(err, store.ErrConflict):
		return emailTaken(http.StatusBadRequest, email)
	case errors.Is(err, auth.ErrPasswordTooLong):
		return loginError(c, http.StatusBadRequest, err)
	case err != nil:
		return loginError(c, http.StatusUnauthorized, err)
	}
	return sendJSON(c, http.StatusCreated, struct{}{})
}

// emailTaken answers somebody who wants the address of another account.
func emailTaken(status int, email string) error {
	return refuse(status, "The user with email %s already exists", shown(email))
}

// Activate makes an account active, and sends its owner on to the page.
func (s *Server) Activate(c *fiber.Ctx, code string) error {
	err := s.accounts.Activate(c.UserContext(), strings.Clone(code), origin(c))
	switch {
	case errors.Is(err, auth.ErrCodeMalformed):
		return refuse(http.StatusBadRequest, "Not Found")
	case errors.Is(err, auth.ErrCodeUnknown):
		return s.toLogin(c, "error", "Invalid activation code, please check the link in your email.")
	case err != nil:
		return err
	}
	return s.toLogin(c, "success", "Your account has been activated, you can now sign in.")
}

// toLogin sends somebody to the sign-in page, which shows the message in the colour of the kind.
func (s *Server) toLogin(c *fiber.Ctx, kind, message string) error {
	return redirect(c, s.frontend+"/login?st="+kind+"&msg="+strings.ReplaceAll(message, " ", "+"), http.StatusFound)
}

// Recover sends a link that sets a new password.
func (s *Server) Recover(c *fiber.Ctx) error {
	email, _ := object(c).Text("email")
	err := s.accounts.Recover(c.UserContext(), email, origin(c))
	if errors.Is(err, store.ErrNotFound) {
		return refuse(http.StatusBadRequest, "Bad Request")
	}
	if err != nil {
		return err
	}
	return sendJSON(c, http.StatusCreated, struct{}{})
}

// ResetPassword sets a new password for who has the link.
func (s *Server) ResetPassword(c *fiber.Ctx) error {
	code, _ := object(c).Text("activation_code")
	password, _ := object(c).Text("password")
	if code == "" {
		return refuse(http.StatusNotFound, "Not Found")
	}
	err := s.accounts.ResetPassword(c.UserContext(), code, password, origin(c))
	switch {
	case errors.Is(err, auth.ErrCodeMalformed), errors.Is(err, auth.ErrCodeUnknown):
		return refuse(http.StatusBadRequest, "Invalid activation code")
	case err != nil:
		return loginError(c, http.StatusBadRequest, err)
	}
	return sendJSON(c, http.StatusCreated, struct{}{})
}
