package api

import (
	"bytes"
	"net/http"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// GetSessionList answers the sign-ins of who asks.
func (s *Server) GetSessionList(c *fiber.Ctx, params contract.GetSessionListParams) error {
	return s.sessionList(c, identity(c).UserID, params.Page, params.PageSize)
}

// AdminGetSessionList answers the sign-ins of a user.
func (s *Server) AdminGetSessionList(c *fiber.Ctx, text string, params contract.AdminGetSessionListParams) error {
	user, err := s.existingUser(c, text)
	if err != nil {
		return err
	}
	return s.sessionList(c, user, params.Page, params.PageSize)
}

func (s *Server) sessionList(c *fiber.Ctx, user uuid.UUID, pageOf, sizeOf *int) error {
	number, size, err := page(pageOf, sizeOf)
	if err != nil {
		return err
	}
	sessions, total, err := s.store.Sessions(c.UserContext(), user, s.now(), number, min(size, largestPage))
	if err != nil {
		return err
	}
	own := identity(c).Access.Hash
	shown := make([]map[string]any, len(sessions))
	for i, session := range sessions {
		shown[i] = map[string]any{
			"id": session.ID, "method": session.Method, "created": moment(session.Created), "last_used": moment(session.LastUsed),
			"expires": momentOrNull(session.Expires), "client": session.Client, "agent": session.Agent, "current": bytes.Equal(session.Hash, own),
		}
	}
	return sendJSON(c, http.StatusOK, map[string]any{"sessions": shown, "pagination": pagination(number, size, total)})
}

// existingUser reads the id of a user in a path.
func (s *Server) existingUser(c *fiber.Ctx, text string) (uuid.UUID, error) {
	id, err := pathID(text)
	if err != nil {
		return id, err
	}
	_, err = s.store.User(c.UserContext(), id)
	return id, adminMissing(err)
}

// DeleteSession ends a sign-in of who asks.
func (s *Server) DeleteSession(c *fiber.Ctx, text string) error {
	who := identity(c)
	if text == "current" {
		if err := s.accounts.EndCurrent(c.UserContext(), who); err != nil {
			return err
		}
		return sendMessage(c, http.StatusOK, "OK")
	}
	id, err := pathID(text)
	if err != nil {
		return err
	}
	if err := s.accounts.EndSession(c.UserContext(), who.UserID, id); err != nil {
		return missing(err, "Session not found")
	}
	return sendMessage(c, http.StatusOK, "OK")
}

// DeleteSessions ends all sign-ins of who asks but the one that asks.
func (s *Server) DeleteSessions(c *fiber.Ctx) error {
	who := identity(c)
	n, err := s.accounts.EndSessions(c.UserContext(), who.UserID, who)
	if err != nil {
		return err
	}
	return sendJSON(c, http.StatusOK, map[string]any{"ended": n})
}

// AdminDeleteSessions ends all sign-ins of a user.
func (s *Server) AdminDeleteSessions(c *fiber.Ctx, text string) error {
	user, err := s.existingUser(c, text)
	if err != nil {
		return err
	}
	n, err := s.accounts.EndSessions(c.UserContext(), user, nil)
	if err != nil {
		return err
	}
	return sendJSON(c, http.StatusOK, map[string]any{"ended": n})
}

// GetTokenUseList answers when the API tokens of who asks were used.
func (s *Server) GetTokenUseList(c *fiber.Ctx, params contract.GetTokenUseListParams) error {
	return s.tokenUseList(c, identity(c).UserID, params.Page, params.PageSize)
}

// AdminGetTokenList answers the API tokens of a user, and when they were used: never the tokens themselves.
func (s *Server) AdminGetTokenList(c *fiber.Ctx, text string, params contract.AdminGetTokenListParams) error {
	user, err := s.existingUser(c, text)
	if err != nil {
		return err
	}
	return s.tokenUseList(c, user, params.Page, params.PageSize)
}

// AdminDeleteToken deletes an API token of a user, which ends its use at once.
func (s *Server) AdminDeleteToken(c *fiber.Ctx, userText, text string) error {
	user, err := s.existingUser(c, userText)
	if err != nil {
		return err
	}
	id, err := pathID(text)
	if err != nil {
		return err
	}
	token, err := s.store.Token(c.UserContext(), id)
	if err == nil && (token.UserID == nil || *token.UserID != user) {
		err = store.ErrNotFound
	}
	if err != nil {
		return adminMissing(err)
	}
	return s.deleteToken(c, id)
}

func (s *Server) tokenUseList(c *fiber.Ctx, user uuid.UUID, pageOf, sizeOf *int) error {
	number, size, err := page(pageOf, sizeOf)
	if err != nil {
		return err
	}
	tokens, total, err := s.store.Tokens(c.UserContext(), user, number, min(size, largestPage))
	if err != nil {
		return err
	}
	ids := make([]uuid.UUID, len(tokens))
	for i, t := range tokens {
		ids[i] = t.ID
	}
	uses, err := s.store.TokenUses(c.UserContext(), ids)
	if err != nil {
		return err
	}
	shown := make([]map[string]any, len(tokens))
	for i, t := range tokens {
		use := uses[t.ID]
		shown[i] = map[string]any{
			"id": t.ID, "name": t.Name, "created": momentOrNull(use.Created), "last_used": momentOrNull(use.LastUsed),
			"expires": momentOrNull(t.Expires), "client": use.Client, "agent": use.Agent,
		}
	}
	return sendJSON(c, http.StatusOK, map[string]any{"tokens": shown, "pagination": pagination(number, size, total)})
}
