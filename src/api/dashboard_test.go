package api_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// titles are the titles of a list's items, in its order; "" for none.
func titles(t *testing.T, a answer, key string) []string {
	t.Helper()
	require.Equal(t, http.StatusOK, a.status, string(a.body))
	all := []string{}
	for _, item := range a.object(t)[key].([]any) {
		title, _ := item.(map[string]any)["title"].(string)
		all = append(all, title)
	}
	return all
}

func TestDashboardsAreThoseOfProjectsThatAreOpen(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin, owner, member, stranger := h.person(t, true), h.person(t, false), h.person(t, false), h.person(t, false)
	project := h.project(t, &owner, member).String()
	other := h.project(t, &admin).String()
	made := h.call(t, member, http.MethodPost, "/api/dashboard", object{"title": "b", "project_id": project, "description": "d"})
	require.Equal(t, http.StatusCreated, made.status, string(made.body))
	path := "/api/dashboard/" + made.id(t)
	require.Equal(t, http.StatusCreated, h.call(t, admin, http.MethodPost, "/api/dashboard", object{"title": "a", "project_id": other}).status)
	require.Equal(t, http.StatusCreated, h.call(t, stranger, http.MethodPost, "/api/dashboard", object{"title": "c"}).status)

	require.Equal(t, []string{"a", "b", "c"}, titles(t, h.get(t, admin, "/api/dashboard"), "dashboards"))
	require.Equal(t, []string{"b", "c"}, titles(t, h.get(t, member, "/api/dashboard"), "dashboards"))
	require.Equal(t, []string{"c"}, titles(t, h.get(t, stranger, "/api/dashboard"), "dashboards"))
	require.Equal(t, []string{"b"}, titles(t, h.get(t, owner, "/api/dashboard?project_id="+project), "dashboards"))
	require.Equal(t, []string{"b"}, titles(t, h.get(t, member, "/api/dashboard?project_id="+project), "dashboards"))
	requireMessage(t, h.get(t, member, "/api/dashboard?project_id="+other), http.StatusForbidden)
	requireMessage(t, h.get(t, member, "/api/dashboard?project_id="+uuid.NewString()), http.StatusForbidden)
	require.Empty(t, titles(t, h.get(t, admin, "/api/dashboard?project_id="+uuid.NewString()), "dashboards"), "of no project, not of all")
	require.Equal(t, http.StatusBadRequest, h.get(t, admin, "/api/dashboard?project_id=x").status)

	requireMessage(t, h.call(t, member, http.MethodPut, path, object{"project_id": other}), http.StatusForbidden)
	requireMessage(t, h.call(t, stranger, http.MethodPut, path, object{"title": "mine"}), http.StatusForbidden)
	changed := h.call(t, owner, http.MethodPut, path, object{"title": "B", "filters": "env=qa", "description": nil, "id": uuid.NewString(), "colour": "red"})
	require.Equal(t, http.StatusOK, changed.status, string(changed.body))
	require.Equal(t, object{"id": made.id(t), "title": "B", "filters": "env=qa", "description": nil, "project_id": project, "user_id": nil}, changed.object(t))
	require.Equal(t, changed.object(t), h.get(t, member, path).object(t))
}

func TestDashboardsThatAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin := h.person(t, true)
	project := h.project(t, &admin).String()
	first := h.call(t, admin, http.MethodPost, "/api/dashboard", object{"title": "x", "project_id": project, "user_id": admin.id.String()})
	require.Equal(t, http.StatusCreated, first.status, string(first.body))
	require.Equal(t, admin.id.String(), first.object(t)["user_id"])
	for _, body := range []object{
		{"project_id": uuid.NewString()}, {"project_id": "x"}, {"user_id": uuid.NewString()}, {"user_id": "x"}, {"id": "x"}, {"colour": "red"},
	} {
		requireMessage(t, h.call(t, admin, http.MethodPost, "/api/dashboard", body), http.StatusBadRequest)
	}
	requireMessage(t, h.call(t, admin, http.MethodPost, "/api/dashboard", object{"id": first.id(t)}), http.StatusConflict)
	requireMessage(t, h.call(t, admin, http.MethodPut, "/api/dashboard/"+first.id(t), object{"project_id": uuid.NewString()}), http.StatusBadRequest)
	requireMessage(t, h.call(t, admin, http.MethodPut, "/api/dashboard/"+first.id(t), object{"user_id": uuid.NewString()}), http.StatusBadRequest)
}

func TestADashboardWithoutProjectIsDeletedByItsMaker(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	maker, other := h.person(t, false), h.person(t, false)
	made := h.call(t, maker, http.MethodPost, "/api/dashboard", object{"title": "x", "user_id": maker.id.String()})
	require.Equal(t, http.StatusCreated, made.status, string(made.body))
	path := "/api/dashboard/" + made.id(t)
	requireMessage(t, h.call(t, other, http.MethodDelete, path, nil), http.StatusForbidden)
	require.Equal(t, http.StatusOK, h.call(t, maker, http.MethodDelete, path, nil).status)
	requireMessage(t, h.get(t, maker, path), http.StatusNotFound)
}

func TestWidgetConfigurationsAreThoseOfProjectsThatAreOpen(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin, owner, member, stranger := h.person(t, true), h.person(t, false), h.person(t, false), h.person(t, false)
	project := h.project(t, &owner, member).String()
	add := func(who person, body object) answer {
		return h.call(t, who, http.MethodPost, "/api/widget-config", body)
	}
	dashboard := h.call(t, member, http.MethodPost, "/api/dashboard", object{"title": "d", "project_id": project}).id(t)
	own := add(member, object{"widget": "run-aggregator", "title": "own", "weight": 3, "project_id": project, "dashboard_id": dashboard})
	require.Equal(t, http.StatusCreated, own.status, string(own.body))
	onBoard := add(owner, object{"widget": "run-aggregator", "title": "board", "weight": 2, "dashboard_id": dashboard})
	require.Equal(t, http.StatusCreated, onBoard.status, string(onBoard.body))
	global := add(admin, object{"widget": "jenkins-job-view", "type": "view", "title": "global", "weight": 1})
	require.Equal(t, http.StatusCreated, global.status, string(global.body))

	for who, want := range map[*person][]string{
		&admin: {"global", "board", "own"}, &member: {"global", "board", "own"}, &owner: {"global", "board", "own"}, &stranger: {"global"},
	} {
		require.Equal(t, want, titles(t, h.get(t, *who, "/api/widget-config"), "widgets"))
	}
	require.Equal(t, []string{"global", "own"}, titles(t, h.get(t, member, "/api/widget-config?filter=project_id="+project+"&filter=weight!2"), "widgets"))
	require.Equal(t, []string{"global"}, titles(t, h.get(t, stranger, "/api/widget-config?filter=project_id="+project), "widgets"))
	for _, id := range []string{own.id(t), onBoard.id(t)} {
		requireMessage(t, h.get(t, stranger, "/api/widget-config/"+id), http.StatusForbidden)
		requireMessage(t, h.call(t, stranger, http.MethodPut, "/api/widget-config/"+id, object{"title": "x"}), http.StatusForbidden)
		requireMessage(t, h.call(t, stranger, http.MethodDelete, "/api/widget-config/"+id, nil), http.StatusForbidden)
	}
	for _, body := range []object{{"project_id": project}, {"project": project}, {"dashboard_id": dashboard}} {
		requireMessage(t, h.call(t, stranger, http.MethodPut, "/api/widget-config/"+global.id(t), body), http.StatusForbidden)
		body["widget"] = "result-summary"
		requireMessage(t, add(stranger, body), http.StatusForbidden)
	}
	for _, body := range []object{
		{"widget": "result-summary", "project_id": uuid.NewString()}, {"widget": "result-summary", "dashboard_id": uuid.NewString()},
		{"widget": "result-summary", "weight": 1 << 40}, {"widget": "result-summary", "navigable": 7}, {"widget": "nosuch"}, {"title": "x"}, {"widget": "result-summary", "id": "x"},
	} {
		requireMessage(t, add(admin, body), http.StatusBadRequest)
	}
	requireMessage(t, add(admin, object{"widget": "result-summary", "id": own.id(t)}), http.StatusConflict)
}

func TestAWidgetConfigurationIsCompletedAndCleaned(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin := h.person(t, true)
	put := func(path string, body object) map[string]any {
		a := h.call(t, admin, http.MethodPut, path, body)
		require.Equal(t, http.StatusOK, a.status, string(a.body))
		return a.object(t)
	}
	made := h.call(t, admin, http.MethodPost, "/api/widget-config", object{"widget": "jenkins-heatmap", "navigable": true, "params": object{"builds": 3, "nosuch": 1}})
	require.Equal(t, http.StatusCreated, made.status, string(made.body))
	require.Equal(t, object{"builds": 3.0}, made.object(t)["params"].(map[string]any))
	require.Equal(t, true, made.object(t)["navigable"])
	path := "/api/widget-config/" + made.id(t)
	require.InDelta(t, 0, put(path, object{"weight": 0})["weight"], 0)
	require.InDelta(t, 10, put(path, object{"title": "x"})["weight"], 0)
	require.Equal(t, object{"builds": 3.0}, put(path, object{"title": "y"})["params"].(map[string]any))
	require.Equal(t, false, put(path, object{"navigable": "True"})["navigable"], "only y, t and 1 in lower case mean yes")
	require.Equal(t, true, put(path, object{"type": "view"})["navigable"])
	require.Nil(t, put(path, object{"navigable": nil})["navigable"])
	require.Empty(t, put(path, object{"params": object{}})["params"])
	require.Equal(t, object{"group_field": "env"}, put(path, object{"widget": "run-aggregator", "params": object{"group_field": "env", "job_name": "x"}})["params"].(map[string]any))

	_, err := h.store.Pool().Exec(t.Context(), `UPDATE widget_configs SET widget = 'filter-heatmap', params = '{"filters": "env=qa", "chart_type": "bar"}'`)
	require.NoError(t, err)
	clean := map[string]any{"additional_filters": "env=qa"}
	require.Equal(t, clean, h.get(t, admin, path).object(t)["params"], "what an older version saved")
	require.Equal(t, clean, h.get(t, admin, "/api/widget-config").object(t)["widgets"].([]any)[0].(map[string]any)["params"])
}

func TestWidgetsAnswerWithinTheScopeOfWhoAsks(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin, owner, member, stranger := h.person(t, true), h.person(t, false), h.person(t, false), h.person(t, false)
	project := h.project(t, &owner, member)
	_, err := h.store.Pool().Exec(t.Context(), `INSERT INTO runs (id, project_id, start_time, created, summary) VALUES ($1, $2, now(), now(), '{"tests": 7}')`, uuid.New(), project)
	require.NoError(t, err)
	for who, want := range map[*person]float64{&admin: 7, &owner: 7, &member: 7, &stranger: 0} {
		for _, query := range []string{"", "?project=" + project.String(), "?params[project]=" + project.String(), "?params=%7B%22project%22%3A%22" + project.String() + "%22%7D"} {
			a := h.get(t, *who, "/api/widget/result-summary"+query)
			require.Equal(t, http.StatusOK, a.status, string(a.body))
			require.InDelta(t, want, a.object(t)["total"], 0, query)
		}
	}
	empty := h.get(t, member, "/api/widget/accessibility-dashboard-view")
	require.Equal(t, http.StatusNoContent, empty.status)
	require.Empty(t, empty.body)
	require.Equal(t, "application/json", empty.header.Get("Content-Type"))
	requireMessage(t, h.get(t, member, "/api/widget/result-summary?nosuch=1"), http.StatusBadRequest)
	requireMessage(t, h.get(t, member, "/api/widget/result-summary?additional_filters=duration=x"), http.StatusBadRequest)
	requireMessage(t, h.get(t, member, "/api/widget/result-summary?additional_filters=source~((a%7B255%7D)%7B255%7D)%7B255%7D"), http.StatusBadRequest)
	require.Equal(t, http.StatusBadRequest, h.get(t, member, "/api/widget/nosuch").status)
	types := h.get(t, stranger, "/api/widget/types?type=view")
	require.Len(t, types.object(t)["types"], 5)
}
