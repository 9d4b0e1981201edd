package api

import (
	"errors"
	"net/http"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/api/encode"
	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// GetTokenList answers the API tokens of who asks.
func (s *Server) GetTokenList(c *fiber.Ctx, params contract.GetTokenListParams) error {
	number, size, err := page(params.Page, params.PageSize)
	if err != nil {
		return err
	}
	tokens, total, err := s.store.Tokens(c.UserContext(), identity(c).UserID, number, size)
	if err != nil {
		return err
	}
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.TokenList(dst, tokens, number, size, total) })
}

// tokenFields are those of a token. What it says and whose it is are not the client's to choose.
var tokenFields = []string{"id", "name", "expires", "token", "user_id"}

// AddToken makes an API token.
func (s *Server) AddToken(c *fiber.Ctx) error {
	body := object(c)
	if err := onlyKnown(body, tokenFields...); err != nil {
		return err
	}
	id, err := idField(body, "id")
	if err != nil {
		return err
	}
	expires, err := timeField(body, "expires")
	if err != nil {
		return err
	}
	if expires == nil {
		// Clients may rely on a refusal here, as they always got one; a token for ever is made where the server runs.
		return badField("expires", "say when the token ends")
	}
	name, _ := body.Text("name")
	token, err := s.accounts.AddToken(c.UserContext(), identity(c).UserID, id, name, expires)
	if errors.Is(err, auth.ErrReservedName) {
		return badField("name", "%s", err)
	}
	if err != nil {
		return err
	}
	return send(c, http.StatusCreated, func(dst []byte) []byte { return encode.Token(dst, &token) })
}

// GetToken answers one API token to its user.
func (s *Server) GetToken(c *fiber.Ctx, text contract.PlainId) error {
	token, err := s.ownToken(c, "get_token", text)
	if err != nil {
		return missing(err, "Token not found")
	}
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.Token(dst, &token) })
}

// DeleteToken deletes an API token, which ends its use at once.
func (s *Server) DeleteToken(c *fiber.Ctx, text contract.PlainId) error {
	token, err := s.ownToken(c, "delete_token", text)
	if err != nil {
		return err
	}
	return s.deleteToken(c, token.ID)
}

func (s *Server) deleteToken(c *fiber.Ctx, id uuid.UUID) error {
	if err := s.store.DeleteToken(c.UserContext(), id); err != nil {
		return err
	}
	s.directory.Flush()
	return sendMessage(c, http.StatusOK, "OK")
}

func (s *Server) ownToken(c *fiber.Ctx, operation, text string) (store.Token, error) {
	id, err := pathID(text)
	if err != nil {
		return store.Token{}, err
	}
	token, err := s.store.Token(c.UserContext(), id)
	if err != nil {
		return token, err
	}
	return token, s.permissions.Allow(operation, identity(c), auth.Object{User: token.UserID})
}
