package api

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/api/encode"
	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/widget"
)

// GetWidgetConfigList answers a page of widget configurations: those of the projects that list who asks, and those of none.
func (s *Server) GetWidgetConfigList(c *fiber.Ctx, params contract.GetWidgetConfigListParams) error {
	number, size, err := page(params.Page, params.PageSize)
	if err != nil {
		return err
	}
	_, set, err := filters(params.Filter, filter.WidgetConfig())
	if err != nil {
		return err
	}
	q := store.WidgetConfigQuery{Filter: set, Scope: accessible(identity(c)), Page: number, PageSize: size}
	configs, total, err := s.store.WidgetConfigs(c.UserContext(), q)
	if err != nil {
		return filter.Refused(set, err)
	}
	for i := range configs {
		s.clean(&configs[i])
	}
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.WidgetConfigList(dst, configs, number, size, total) })
}

// clean brings saved parameters into today's form. Configurations that an older version saved are not written anew for it.
func (s *Server) clean(w *store.WidgetConfig) {
	if w.Widget == nil || !widget.Known(*w.Widget) || len(w.Params) == 0 {
		return
	}
	var params map[string]json.RawMessage
	if json.Unmarshal(w.Params, &params) != nil || len(params) == 0 {
		return
	}
	params, dropped := widget.Clean(*w.Widget, params)
	if len(dropped) > 0 {
		s.log.Debug().Stringer("widget_config", w.ID).Str("widget", *w.Widget).Strs("dropped", dropped).Msg("the widget does not have these parameters")
	}
	if text, err := json.Marshal(params); err == nil {
		w.Params = text
	}
}

var widgetConfigFields = []string{"id", "type", "widget", "project", "project_id", "dashboard_id", "title", "weight", "navigable", "params"}

// AddWidgetConfig makes a widget configuration.
func (s *Server) AddWidgetConfig(c *fiber.Ctx) error {
	body := object(c)
	if err := onlyKnown(body, widgetConfigFields...); err != nil {
		return err
	}
	id, err := idField(body, "id")
	if err != nil {
		return err
	}
	if textField(body, "widget") == nil {
		return badField("widget", "it is required")
	}
	w := store.WidgetConfig{ID: s.idOr(id)}
	change, err := s.widgetConfigChange(c, "add_widget_config", body)
	if err != nil {
		return err
	}
	change(&w)
	if w.Weight == nil || *w.Weight == 0 {
		w.Weight = middle()
	}
	if err := s.allow(c, "add_widget_config", w.ProjectID); err != nil {
		return err
	}
	if err := s.store.InsertWidgetConfig(c.UserContext(), w); err != nil {
		return noReference(err, w.ProjectID)
	}
	return send(c, http.StatusCreated, func(dst []byte) []byte { return encode.WidgetConfig(dst, &w) })
}

// middle is the weight of a widget that nobody has given one.
func middle() *int32 {
	weight := int32(10)
	return &weight
}

// widgetConfigChange reads the columns of a widget configuration, and returns what they do to it. What it is to belong to has
// to be open to who asks.
func (s *Server) widgetConfigChange(c *fiber.Ctx, operation string, body contract.Object) (func(*store.WidgetConfig), error) {
	kind := textField(body, "widget")
	if kind != nil && !widget.Known(*kind) {
		return nil, refuse(http.StatusBadRequest, "Bad request, widget type does not exist")
	}
	project, given, err := s.widgetProject(c, operation, body)
	if err != nil {
		return nil, err
	}
	dashboard, err := s.widgetDashboard(c, operation, body)
	if err != nil {
		return nil, err
	}
	weight, err := weightField(body)
	if err != nil {
		return nil, err
	}
	navigable, err := navigableField(body)
	if err != nil {
		return nil, err
	}
	params := objectField(body, "params")
	return func(w *store.WidgetConfig) {
		setText(body, "type", &w.Type)
		setText(body, "widget", &w.Widget)
		setText(body, "title", &w.Title)
		if given {
			w.ProjectID = project
		}
		setID(body, "dashboard_id", dashboard, &w.DashboardID)
		if weight != nil {
			w.Weight = weight
		}
		switch _, said := body.Get("navigable"); {
		case said && navigable != nil:
			w.Navigable = navigable
		case textIs(body, "type", "view"):
			yes := true
			w.Navigable = &yes
		case said:
			w.Navigable = nil
		}
		if params != nil {
			w.Params = append(json.RawMessage(nil), params...)
			s.clean(w)
		}
	}, nil
}

func textIs(body contract.Object, name, want string) bool {
	text := textField(body, name)
	return text != nil && *text == want
}

// widgetProject reads which project a configuration belongs to: project, a name or an id, or project_id. given says that
// the body says so at all.
func (s *Server) widgetProject(c *fiber.Ctx, operation string, body contract.Object) (project *uuid.UUID, given bool, err error) {
	if text := textField(body, "project"); text != nil && *text != "" {
		id, err := s.findProject(c.UserContext(), identity(c), *text)
		if err != nil {
			return nil, false, err
		}
		return &id, true, s.allow(c, operation, &id)
	}
	if project, err = idField(body, "project_id"); err != nil {
		return nil, false, err
	}
	_, given = body.Get("project_id")
	return project, given, s.allow(c, operation, project)
}

// widgetDashboard reads which dashboard a configuration stands on.
func (s *Server) widgetDashboard(c *fiber.Ctx, operation string, body contract.Object) (*uuid.UUID, error) {
	id, err := idField(body, "dashboard_id")
	if err != nil || id == nil {
		return nil, err
	}
	d, err := s.store.Dashboard(c.UserContext(), *id)
	if err != nil {
		if errors.Is(err, store.ErrNotFound) {
			return nil, badField("dashboard_id", "there is no dashboard %s", *id)
		}
		return nil, err
	}
	return id, s.allow(c, operation, d.ProjectID)
}

func weightField(body contract.Object) (*int32, error) {
	raw, ok := body.Get("weight")
	if !ok || contract.IsNull(raw) {
		return nil, nil
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil || n < math.MinInt32 || n > math.MaxInt32 {
		return nil, badField("weight", "%s is out of range", shown(string(raw)))
	}
	weight := int32(n)
	return &weight, nil
}

// navigableField reads whether a view is in the menu: a boolean, or a text that starts with y, t or 1 for yes.
func navigableField(body contract.Object) (*bool, error) {
	raw, ok := body.Get("navigable")
	if !ok || contract.IsNull(raw) {
		return nil, nil
	}
	var yes bool
	if text, ok := contract.Text(raw); ok {
		yes = text != "" && strings.IndexByte("yt1", text[0]) >= 0
	} else if err := json.Unmarshal(raw, &yes); err != nil {
		return nil, badField("navigable", "%s is neither true nor false", shown(string(raw)))
	}
	return &yes, nil
}

// GetWidgetConfig answers one widget configuration.
func (s *Server) GetWidgetConfig(c *fiber.Ctx, text contract.Id) error {
	w, err := s.openWidgetConfig(c, "get_widget_config", text, "Widget config not found")
	if err != nil {
		return err
	}
	s.clean(&w)
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.WidgetConfig(dst, &w) })
}

// openWidgetConfig returns the configuration of a path if it is open to who asks.
func (s *Server) openWidgetConfig(c *fiber.Ctx, operation, text, none string) (store.WidgetConfig, error) {
	id, err := pathID(text)
	if err != nil {
		return store.WidgetConfig{}, err
	}
	w, err := s.store.WidgetConfig(c.UserContext(), id)
	if err != nil {
		return w, missing(err, none)
	}
	return w, s.allow(c, operation, w.Belongs())
}

// UpdateWidgetConfig changes a widget configuration.
func (s *Server) UpdateWidgetConfig(c *fiber.Ctx, text contract.Id) error {
	before, err := s.openWidgetConfig(c, "update_widget_config", text, "Widget config not found")
	if err != nil {
		return err
	}
	body := object(c)
	change, err := s.widgetConfigChange(c, "update_widget_config", body)
	if err != nil {
		return err
	}
	_, weighed := body.Get("weight")
	after, err := s.store.UpdateWidgetConfig(c.UserContext(), before.ID, func(w *store.WidgetConfig) error {
		if err := s.allow(c, "update_widget_config", w.Belongs()); err != nil {
			return err
		}
		change(w)
		if !weighed && (w.Weight == nil || *w.Weight == 0) {
			w.Weight = middle()
		}
		return nil
	})
	if err != nil {
		return missing(noReference(err, after.ProjectID), "Widget config not found")
	}
	return send(c, http.StatusOK, func(dst []byte) []byte { return encode.WidgetConfig(dst, &after) })
}

// DeleteWidgetConfig deletes a widget configuration.
func (s *Server) DeleteWidgetConfig(c *fiber.Ctx, text contract.Id) error {
	w, err := s.openWidgetConfig(c, "delete_widget_config", text, "Not Found")
	if err != nil {
		return err
	}
	if err := s.store.DeleteWidgetConfig(c.UserContext(), w.ID); err != nil {
		return err
	}
	return sendMessage(c, http.StatusOK, "OK")
}
