package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/widget"
)

// Widgets computes widgets (widget.Widgets).
type Widgets interface {
	Answer(ctx context.Context, id string, values widget.Values, scope []uuid.UUID) (json.RawMessage, error)
}

// GetWidgetTypes answers the kinds of widgets.
func (s *Server) GetWidgetTypes(c *fiber.Ctx, params contract.GetWidgetTypesParams) error {
	of := ""
	if params.Type != nil {
		of = *params.Type
	}
	types := widget.Types(of)
	return sendJSON(c, http.StatusOK, struct {
		Types      []widget.Type       `json:"types"`
		Pagination contract.Pagination `json:"pagination"`
	}{types, contract.Pagination{Page: 1, PageSize: len(types), TotalItems: len(types), TotalPages: 1}})
}

// GetWidget answers the data of a widget, over the projects that are open to who asks.
func (s *Server) GetWidget(c *fiber.Ctx, id string, _ contract.GetWidgetParams) error {
	values := widget.Values{}
	c.Context().QueryArgs().VisitAll(func(key, value []byte) {
		values[string(key)] = append(values[string(key)], string(value))
	})
	answer, err := s.widgets.Answer(c.UserContext(), id, values, accessible(identity(c)))
	if err != nil {
		return widgetRefusal(err)
	}
	if answer == nil {
		c.Context().Response.Header.SetContentType(fiber.MIMEApplicationJSON)
		c.Status(http.StatusNoContent)
		return nil
	}
	return send(c, http.StatusOK, func(dst []byte) []byte { return append(dst, answer...) })
}

func widgetRefusal(err error) error {
	var wrong *widget.ParamError
	var unusable *filter.Error
	switch {
	case errors.As(err, &wrong):
		return refuse(http.StatusBadRequest, "Invalid parameters for widget '%s': %s: %s", wrong.Widget, wrong.Param, wrong.Reason)
	case errors.As(err, &unusable):
		return refuse(http.StatusBadRequest, "Invalid parameters for widget: %s", unusable.Error())
	case errors.Is(err, widget.ErrUnknown):
		return problem(http.StatusBadRequest, "There is no such widget")
	}
	return err
}

// accessible are the projects that are open to somebody, as member or owner; nil means all.
func accessible(who *auth.Identity) []uuid.UUID {
	scope := who.Scope()
	if scope == nil {
		return nil
	}
	scope = slices.Clone(scope)
	for _, id := range who.Owned {
		if !slices.Contains(scope, id) {
			scope = append(scope, id)
		}
	}
	return scope
}
