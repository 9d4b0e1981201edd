package encode

import (
	"strconv"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// Dashboard appends a dashboard.
func Dashboard(dst []byte, d *store.Dashboard) []byte { return dashboard(dst, d) }

// DashboardList appends a page of dashboards.
func DashboardList(dst []byte, rows []store.Dashboard, page, pageSize int, total int64) []byte {
	return list(dst, "dashboards", rows, Dashboard, page, pageSize, total)
}

// WidgetConfig appends a widget configuration.
func WidgetConfig(dst []byte, w *store.WidgetConfig) []byte {
	dst = ID(append(dst, `{"id":`...), w.ID)
	dst = TextOrNull(append(dst, `,"type":`...), w.Type)
	dst = TextOrNull(append(dst, `,"widget":`...), w.Widget)
	dst = IDOrNull(append(dst, `,"project_id":`...), w.ProjectID)
	dst = IDOrNull(append(dst, `,"dashboard_id":`...), w.DashboardID)
	dst = TextOrNull(append(dst, `,"title":`...), w.Title)
	dst = append(dst, `,"weight":`...)
	if w.Weight == nil {
		dst = append(dst, "null"...)
	} else {
		dst = strconv.AppendInt(dst, int64(*w.Weight), 10)
	}
	dst = append(dst, `,"navigable":`...)
	if w.Navigable == nil {
		dst = append(dst, "null"...)
	} else {
		dst = strconv.AppendBool(dst, *w.Navigable)
	}
	return append(ObjectOrNull(append(dst, `,"params":`...), w.Params), '}')
}

// WidgetConfigList appends a page of widget configurations.
func WidgetConfigList(dst []byte, rows []store.WidgetConfig, page, pageSize int, total int64) []byte {
	return list(dst, "widgets", rows, WidgetConfig, page, pageSize, total)
}
