package widget

import (
	"encoding/json"
	"slices"
)

// Type describes a kind of widget to the page, which builds its form from it.
type Type struct {
	ID          string  `json:"id"`
	Title       string  `json:"title"`
	Description string  `json:"description,omitempty"`
	Params      []Param `json:"params"`
	// Kind is "widget" for what stands on dashboards and "view" for pages of their own.
	Kind string `json:"type"`
}

// Param describes a parameter. Required and Default are absent where nil.
type Param struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	// Type is string, integer, float, boolean or list.
	Type     string `json:"type"`
	Required *bool  `json:"required,omitempty"`
	Default  any    `json:"default,omitempty"`
}

// kind is a type with what computes it.
type kind struct {
	Type
	// renames are the names that parameters had in older versions, in saved configurations and links.
	renames map[string]string
	// silent are parameters that pages send along though the type does not name them.
	silent []string
	// kept says that the answer depends on nothing but runs and results, so that it can be kept until these change.
	kept bool
	read func(*reader) computation
}

func (k *kind) has(param string) bool {
	return slices.ContainsFunc(k.Params, func(p Param) bool { return p.Name == param })
}

func (k *kind) takes(param string) bool { return k.has(param) || slices.Contains(k.silent, param) }

// kinds are all widgets, in the order in which the page offers them.
var kinds = []*kind{
	compareRuns(), jenkinsHeatmap(), filterHeatmap(), runAggregator(), resultSummary(), resultAggregator(),
	importanceComponent(), accessibilityDashboard(), accessibilityAnalysis(), accessibilityBarChart(), jenkinsJobView(),
	jenkinsAnalysis(), jenkinsBarChart(), jenkinsLineChart(),
}

func kindOf(id string) (*kind, bool) {
	for _, k := range kinds {
		if k.ID == id {
			return k, true
		}
	}
	return nil, false
}

// Types returns the types of one kind, "widget" or "view"; "" means all. It is empty for any other kind.
func Types(of string) []Type {
	types := []Type{}
	for _, k := range kinds {
		if of == "" || of == k.Kind {
			types = append(types, k.Type)
		}
	}
	return types
}

// Known says whether there is a widget of this name.
func Known(id string) bool {
	_, ok := kindOf(id)
	return ok
}

// Clean brings the parameters of a saved configuration into today's form: old names are translated, and what the widget
// does not have is dropped and named. Values stay as they are. The widget has to be known.
func Clean(id string, params map[string]json.RawMessage) (clean map[string]json.RawMessage, dropped []string) {
	k, ok := kindOf(id)
	if !ok {
		return params, nil
	}
	clean = map[string]json.RawMessage{}
	for name, value := range params {
		if k.has(name) {
			clean[name] = value
		}
	}
	for name, value := range params {
		if k.has(name) {
			continue
		}
		today, renamed := k.renames[name]
		if !renamed || !k.has(today) {
			dropped = append(dropped, name)
			continue
		}
		if _, given := clean[today]; !given { // today's name wins over the old one beside it
			clean[today] = value
		}
	}
	slices.Sort(dropped)
	return clean, dropped
}

func param(name, kind, description string) Param {
	return Param{Name: name, Type: kind, Description: description}
}

func (p Param) with(required bool) Param {
	p.Required = &required
	return p
}

func (p Param) by(value any) Param {
	p.Default = value
	return p
}

func projectParam() Param {
	return param("project", "string", "The project: its id or its name. Without one, all projects that you can see").with(false)
}

func filtersParam(of string) Param {
	return param("additional_filters", "string", "Only "+of+" that match these filters, separated by commas: env=qa,component!cart").with(false)
}
