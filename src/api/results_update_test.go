package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func (h *house) results(t *testing.T, who person, project uuid.UUID, bodies ...object) []string {
	t.Helper()
	var ids []string
	for _, body := range bodies {
		body["project_id"] = project.String()
		made := h.call(t, who, http.MethodPost, "/api/result", body)
		require.Equal(t, http.StatusCreated, made.status, string(made.body))
		ids = append(ids, made.id(t))
	}
	return ids
}

func TestManyResultsAreClassifiedAtOnceAndPutBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin := h.person(t, true)
	project := h.project(t, &admin, admin)
	ids := h.results(t, admin, project, object{"metadata": object{"classification": "test_failure", "kept": 1}}, object{"metadata": object{}}, object{})

	changed := h.call(t, admin, http.MethodPut, "/api/result", object{"ids": ids, "metadata": object{"classification": "product_failure", "note": "see 12"}})
	require.Equal(t, http.StatusOK, changed.status, string(changed.body))
	before := map[string]any{}
	for _, r := range changed.object(t)["results"].([]any) {
		before[r.(object)["id"].(string)] = r.(object)["before"]
	}
	require.Equal(t, map[string]any{
		ids[0]: object{"classification": "test_failure", "note": nil},
		ids[1]: object{"classification": nil, "note": nil},
		ids[2]: object{"classification": nil, "note": nil},
	}, before)
	for _, id := range ids {
		metadata := h.get(t, admin, "/api/result/"+id).object(t)["metadata"].(object)
		require.Equal(t, "product_failure", metadata["classification"])
		require.Equal(t, "see 12", metadata["note"])
	}

	// What is answered is what puts it back: null removes.
	for id, was := range before {
		back := h.call(t, admin, http.MethodPut, "/api/result", object{"ids": []string{id}, "metadata": was})
		require.Equal(t, http.StatusOK, back.status, string(back.body))
	}
	metadata := h.get(t, admin, "/api/result/"+ids[0]).object(t)["metadata"].(object)
	require.Equal(t, "test_failure", metadata["classification"])
	require.EqualValues(t, 1, metadata["kept"])
	require.NotContains(t, metadata, "note")
	require.NotContains(t, h.get(t, admin, "/api/result/"+ids[1]).object(t)["metadata"], "classification")
}

func TestManyResultsAreChangedAllOrNone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin, stranger := h.person(t, true), h.person(t, false)
	project, other := h.project(t, &admin, admin), h.project(t, &stranger, stranger)
	mine := h.results(t, stranger, other, object{})[0]
	foreign := h.results(t, admin, project, object{})[0]
	missing := uuid.NewString()
	for name, refused := range map[string]struct {
		ids      any
		metadata any
		status   int
		says     string
	}{
		"a foreign one":      {[]string{mine, foreign}, object{"note": "x"}, http.StatusForbidden, ""},
		"one that is not":    {[]string{mine, missing}, object{"note": "x"}, http.StatusNotFound, "Result not found"},
		"none":               {[]string{}, object{"note": "x"}, http.StatusBadRequest, "ids"},
		"too many":           {slices.Repeat([]string{mine}, 1001), object{"note": "x"}, http.StatusBadRequest, "ids"},
		"no id":              {[]string{"x"}, object{"note": "x"}, http.StatusBadRequest, "ids"},
		"nothing to change":  {[]string{mine}, object{}, http.StatusBadRequest, "metadata"},
		"where they belong":  {[]string{mine}, object{"project": project.String()}, http.StatusBadRequest, "metadata.project"},
		"no metadata at all": {[]string{mine}, "x", http.StatusBadRequest, "metadata"},
	} {
		t.Run(name, func(t *testing.T) {
			got := h.call(t, stranger, http.MethodPut, "/api/result", object{"ids": refused.ids, "metadata": refused.metadata})
			require.Equal(t, refused.status, got.status, string(got.body))
			require.Contains(t, string(got.body), refused.says)
			metadata, _ := h.get(t, stranger, "/api/result/"+mine).object(t)["metadata"].(object)
			require.NotContains(t, metadata, "note")
		})
	}
}

func TestListsAreSortedByTheServer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin := h.person(t, true)
	project := h.project(t, &admin, admin)
	var bodies []object
	for i, duration := range []any{3, 1, nil, 2, 1} {
		body := object{"test_id": fmt.Sprintf("t%d", i), "start_time": fmt.Sprintf("2024-01-01T00:00:0%d", i)}
		if duration != nil {
			body["duration"] = duration
		}
		bodies = append(bodies, body)
	}
	h.results(t, admin, project, bodies...)
	order := func(sort string, pageSize int) []string {
		var tests []string
		for page := 1; ; page++ {
			list := h.get(t, admin, fmt.Sprintf("/api/result?filter=project_id=%s&orderBy=%s&page=%d&pageSize=%d", project, sort, page, pageSize)).object(t)
			rows := list["results"].([]any)
			if len(rows) == 0 {
				return tests
			}
			for _, r := range rows {
				tests = append(tests, r.(object)["test_id"].(string))
			}
		}
	}
	require.Equal(t, []string{"t4", "t1", "t3", "t0", "t2"}, order("duration", 2), "of equal ones the newest first; those without last")
	require.Equal(t, []string{"t0", "t3", "t4", "t1", "t2"}, order("-duration", 2))
	require.Equal(t, []string{"t0", "t1", "t2", "t3", "t4"}, order("start_time", 5))

	for _, path := range []string{"/api/result", "/api/run"} {
		refused := h.get(t, admin, path+"?orderBy=data%27&filter=project_id="+project.String())
		require.Equal(t, http.StatusBadRequest, refused.status)
		require.Contains(t, string(refused.body), "orderBy")
	}
	require.Equal(t, http.StatusOK, h.get(t, admin, "/api/run?orderBy=-summary.pass_percent&filter=project_id="+project.String()).status)
}
