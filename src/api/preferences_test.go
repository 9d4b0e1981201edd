package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/store"
)

func TestPreferencesFollowAPerson(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ana, ben := h.person(t, false), h.person(t, false)
	require.Empty(t, h.get(t, ana, "/api/user/preferences").object(t))

	h.call(t, ana, http.MethodPut, "/api/user/preferences", object{"theme": "dark", "stars": []string{"a", "b"}})
	changed := h.call(t, ana, http.MethodPut, "/api/user/preferences", object{"theme": nil, "density": "dense"})
	require.Equal(t, http.StatusOK, changed.status, string(changed.body))
	want := map[string]any{"stars": []any{"a", "b"}, "density": "dense"}
	require.Equal(t, want, changed.object(t), "one choice is changed, one taken away, one left")
	require.Equal(t, want, h.get(t, ana, "/api/user/preferences").object(t))
	require.Empty(t, h.get(t, ben, "/api/user/preferences").object(t), "they are hers alone")
}

func TestPreferencesAreBounded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ana := h.person(t, false)
	half := strings.Repeat("x", store.LargestPreferences/2)
	require.Equal(t, http.StatusOK, h.call(t, ana, http.MethodPut, "/api/user/preferences", object{"one": half}).status)
	refused := h.call(t, ana, http.MethodPut, "/api/user/preferences", object{"two": half})
	require.Equal(t, http.StatusBadRequest, refused.status)
	require.Contains(t, string(refused.body), "larger than")
	require.NotContains(t, h.get(t, ana, "/api/user/preferences").object(t), "two", "what is refused changes nothing")

	named := h.call(t, ana, http.MethodPut, "/api/user/preferences", object{strings.Repeat("n", 101): 1})
	require.Equal(t, http.StatusBadRequest, named.status)
}

func TestAdministratorsRevokeTokens(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	root, ana, ben := h.person(t, true), h.person(t, false), h.person(t, false)
	made := h.call(t, ana, http.MethodPost, "/api/user/token", object{"name": "ci", "expires": time.Now().Add(time.Hour).Format(time.RFC3339)}).object(t)
	path := "/api/admin/user/" + ana.id.String() + "/token"
	listed := h.get(t, root, path)
	require.Contains(t, string(listed.body), `"ci"`)
	require.NotContains(t, string(listed.body), made["token"].(string), "the token itself is nobody else's")

	pipeline := person{ana.id, made["token"].(string)}
	require.Equal(t, http.StatusOK, h.get(t, pipeline, "/api/user").status)
	id := made["id"].(string)
	others := h.call(t, root, http.MethodDelete, "/api/admin/user/"+ben.id.String()+"/token/"+id, nil)
	require.Equal(t, http.StatusNotFound, others.status, "it is not a token of that user")
	require.Equal(t, http.StatusOK, h.call(t, root, http.MethodDelete, path+"/"+id, nil).status)
	require.Equal(t, http.StatusUnauthorized, h.get(t, pipeline, "/api/user").status)
	require.Equal(t, http.StatusNotFound, h.call(t, root, http.MethodDelete, path+"/"+uuid.NewString(), nil).status)
}

func TestAboutSaysHowLongThingsAreKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	root, ana := h.person(t, true), h.person(t, false)
	project := h.project(t, nil, ana)
	general := h.get(t, ana, "/api/about").object(t)
	h.call(t, root, http.MethodPut, "/api/admin/retention/"+project.String(), object{"artifacts_days": 7, "results_days": 0})
	own := h.get(t, ana, "/api/about?project="+project.String()).object(t)
	require.EqualValues(t, 7, own["artifacts_days"])
	require.EqualValues(t, 0, own["results_days"])
	require.Equal(t, general["runs_days"], own["runs_days"], "what the project says nothing about stays")
	require.Equal(t, http.StatusForbidden, h.get(t, h.person(t, false), "/api/about?project="+project.String()).status)
}
