package api

import (
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/rs/zerolog"
	"github.com/valyala/fasthttp"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/api/middleware"
	"github.com/ibutsu/ibutsu-go/src/auth"
)

const (
	// stateCookie and the begin of the state name the cookie of one sign-in: people begin several, in several tabs.
	stateCookie   = "ibutsu_sign_in_"
	stateShort    = 8
	cookieSeconds = 15 * 60
)

// StartSignIn sends a browser to a provider.
func (s *Server) StartSignIn(c *fiber.Ctx, provider contract.Provider, params contract.StartSignInParams) error {
	to, sealed, err := s.flow.Begin(c.UserContext(), strings.Clone(provider), strings.Clone(params.Challenge), origin(c))
	switch {
	case errors.Is(err, auth.ErrNoProvider):
		return refuse(http.StatusNotFound, "Not Found")
	case errors.Is(err, auth.ErrChallenge):
		return badField("challenge", "%s", err)
	case errors.Is(err, auth.ErrProvider):
		return s.signInFailed(c, provider, err)
	case err != nil:
		return err
	}
	address, err := url.Parse(to)
	if err != nil {
		return err
	}
	s.setStateCookie(c, address.Query().Get("state"), sealed, cookieSeconds)
	return redirect(c, to, http.StatusFound)
}

// setStateCookie sets the cookie of a sign-in, or takes it away. It comes back with the provider's redirect alone.
func (s *Server) setStateCookie(c *fiber.Ctx, state, value string, seconds int) {
	back, _ := url.Parse(s.backend)
	cookie := &fiber.Cookie{
		Name: stateCookieName(state), Value: value, Path: back.Path + contract.BasePath + "/login/auth/", MaxAge: seconds, HTTPOnly: true,
		Secure: back.Scheme == "https", SameSite: fiber.CookieSameSiteLaxMode,
	}
	if seconds <= 0 {
		cookie.Expires = fasthttp.CookieExpireDelete
	}
	c.Cookie(cookie)
}

func stateCookieName(state string) string { return stateCookie + state[:min(len(state), stateShort)] }

// Auth is where providers send people back to.
func (s *Server) Auth(c *fiber.Ctx, provider contract.Provider, params contract.AuthParams) error {
	provider, code, state := strings.Clone(provider), copyOf(params.Code), copyOf(params.State)
	sealed := strings.Clone(c.Cookies(stateCookieName(state)))
	ours := state != "" && s.flow.Expected(provider, state, sealed)
	if ours {
		s.setStateCookie(c, state, "", 0)
	}
	if code == "" {
		if ours {
			return s.signInFailed(c, provider, auth.ErrProvider)
		}
		return refuse(http.StatusBadRequest, "Bad Request")
	}
	if !s.accounts.Offers()[provider] {
		return refuse(http.StatusNotFound, "Not Found")
	}
	if !ours {
		return s.returnToOriginal(c, provider, code)
	}
	ticket, err := s.flow.Return(c.UserContext(), provider, code, state, sealed, origin(c))
	if err != nil {
		return s.signInFailed(c, provider, err)
	}
	return redirect(c, s.frontend+"/login?ticket="+ticket, http.StatusFound)
}

func copyOf(text *string) string {
	if text == nil {
		return ""
	}
	return strings.Clone(*text)
}

// signInFailed tells somebody on the page why the provider's sign-in is none, and the log more.
func (s *Server) signInFailed(c *fiber.Ctx, provider string, err error) error {
	var message string
	level := zerolog.InfoLevel
	switch {
	case errors.Is(err, auth.ErrUnverified):
		message = "The provider gives no verified e-mail address."
	case errors.Is(err, auth.ErrInactive):
		message = "User account is inactive"
	case errors.Is(err, auth.ErrProvider):
		message = "The provider does not confirm the sign-in, please try again."
		level = zerolog.WarnLevel
	default:
		return err
	}
	s.log.WithLevel(level).Ctx(c.UserContext()).Err(err).Str("request_id", middleware.ID(c)).Str("provider", provider).Msg("sign-in by a provider failed")
	return s.toLogin(c, "error", message)
}

// returnToOriginal answers the page of Ibutsu 3.1.1, which sends people to providers by itself: by a redirect for Keycloak, by
// JSON for Google, and else in a window that hands over to the page that opened it.
func (s *Server) returnToOriginal(c *fiber.Ctx, provider, code string) error {
	session, err := s.flow.ReturnToOriginal(c.UserContext(), provider, code, origin(c))
	switch {
	case errors.Is(err, auth.ErrState), errors.Is(err, auth.ErrProvider), errors.Is(err, auth.ErrUnverified), errors.Is(err, auth.ErrInactive):
		s.log.Warn().Ctx(c.UserContext()).Err(err).Str("request_id", middleware.ID(c)).Str("provider", provider).Bool("original_page", s.flow.Original).
			Msg("sign-in by a provider failed")
		return refuse(http.StatusUnauthorized, "Unauthorized")
	case err != nil:
		return err
	}
	switch provider {
	case auth.Google:
		return sendSession(c, session)
	case auth.Keycloak, auth.OpenID:
		name := ""
		if session.Name != nil {
			name = *session.Name
		}
		query := url.Values{"email": {session.Email}, "name": {name}, "token": {session.Token}}
		return redirect(c, s.frontend+"/login?"+query.Encode(), http.StatusFound)
	}
	return s.handOver(c, session)
}

var handOverPage = template.Must(template.New("").Parse(`<!DOCTYPE html>
<html><head><title>Signed in</title></head><body><script nonce="{{.Nonce}}">
window.addEventListener("message", function (e) {
  if (e.origin === {{.Page}} && e.data && e.data.message === "requestResult") {
    e.source.postMessage({message: "deliverResult", result: {{.Result}}}, e.origin);
  }
});
</script></body></html>
`))

// handOver answers a window that waits for the page which opened it to ask. No page of another origin gets an answer.
func (s *Server) handOver(c *fiber.Ctx, session auth.Session) error {
	page, err := url.Parse(s.frontend)
	if err != nil {
		return err
	}
	result, err := json.Marshal(map[string]any{"email": session.Email, "name": session.Name, "token": session.Token})
	if err != nil {
		return err
	}
	nonce := s.newID().String()
	c.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; script-src 'nonce-"+nonce+"'")
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	return handOverPage.Execute(c.Status(http.StatusOK), map[string]any{
		"Nonce": nonce, "Page": page.Scheme + "://" + page.Host, "Result": template.JS(result), //nolint:gosec // it is JSON
	})
}

// RedeemTicket gives a page the sign-in that it began.
func (s *Server) RedeemTicket(c *fiber.Ctx) error {
	body := object(c)
	if err := onlyKnown(body, "ticket", "verifier"); err != nil {
		return err
	}
	ticket, _ := body.Text("ticket")
	verifier, _ := body.Text("verifier")
	session, err := s.accounts.Redeem(c.UserContext(), ticket, verifier, origin(c))
	if errors.Is(err, auth.ErrTicket) {
		return sendJSON(c, http.StatusUnauthorized, contract.LoginError{Code: "INVALID", Message: "The sign-in is over, please begin again"})
	}
	if err != nil {
		return loginError(c, http.StatusUnauthorized, err)
	}
	return sendSession(c, session)
}
