package api_test

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRunIsExportedWhole(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	who := h.person(t, false)
	project := h.project(t, &who, who)
	run := h.call(t, who, http.MethodPost, "/api/run", object{"metadata": object{"project": project.String()}}).id(t)
	// More than is read at a time, and all at the same instant.
	const many = 1100
	_, err := h.store.Pool().Exec(t.Context(), `
		INSERT INTO results (id, project_id, run_id, test_id, result, start_time, duration, data)
		SELECT gen_random_uuid(), $1, $2, CASE WHEN n = 1 THEN '=cmd()' WHEN n = 2 THEN NULL ELSE 'tests/a.py::test_' || n || '[a.b]' END,
		       CASE WHEN n <= 3 THEN 'failed' WHEN n = 4 THEN 'skipped' ELSE 'passed' END, '2026-01-01', 0.5,
		       CASE WHEN n <= 3 THEN jsonb_build_object('exception_name', 'KeyError', 'short_tb', E'a.py:1: in f\nE   KeyError: <x> & \u0001', 'note', n)
		            ELSE '{"skip_reason": "not here"}' END
		  FROM generate_series(1, $3) AS n`, project, run, many)
	require.NoError(t, err)
	get := func(format string) answer {
		a := h.get(t, who, "/api/run/"+run+"/export?format="+format)
		require.Equal(t, http.StatusOK, a.status, string(a.body))
		return a
	}
	var whole struct {
		Run     object   `json:"run"`
		Results []object `json:"results"`
	}
	require.NoError(t, json.Unmarshal(get("json").body, &whole))
	require.Equal(t, run, whole.Run["id"])
	require.Len(t, whole.Results, many)
	ids := map[string]bool{}
	for _, r := range whole.Results {
		ids[fmt.Sprint(r["id"])] = true
	}
	require.Len(t, ids, many)

	lines, err := csv.NewReader(strings.NewReader(string(get("csv").body))).ReadAll()
	require.NoError(t, err)
	require.Len(t, lines, many+1)
	require.Contains(t, lines[0], "test_id")
	for _, line := range lines[1:] {
		require.False(t, strings.HasPrefix(line[1], "="), "a formula")
	}

	var suites struct {
		Suite struct {
			Tests int `xml:"tests,attr"`
			Cases []struct {
				Class   string `xml:"classname,attr"`
				Name    string `xml:"name,attr"`
				Failure *struct {
					Type    string `xml:"type,attr"`
					Message string `xml:"message,attr"`
				} `xml:"failure"`
				Skipped *struct {
					Message string `xml:"message,attr"`
				} `xml:"skipped"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	require.NoError(t, xml.Unmarshal(get("junit").body, &suites))
	require.Len(t, suites.Suite.Cases, many)
	failed, skipped, named := 0, 0, 0
	for _, c := range suites.Suite.Cases {
		if c.Failure != nil {
			failed++
			require.Equal(t, "KeyError", c.Failure.Type)
			require.True(t, strings.HasPrefix(c.Failure.Message, "KeyError: <x> & "), c.Failure.Message)
		}
		if c.Skipped != nil {
			skipped++
			require.Equal(t, "not here", c.Skipped.Message)
		}
		if c.Class == "tests/a.py" && strings.HasSuffix(c.Name, "[a.b]") {
			named++
		}
	}
	require.Equal(t, []int{3, 1, many - 2}, []int{failed, skipped, named})

	require.Equal(t, http.StatusBadRequest, h.get(t, who, "/api/run/"+run+"/export?format=exe").status)
	require.Equal(t, http.StatusBadRequest, h.get(t, who, "/api/run/"+run+"/export").status)
	requireMessage(t, h.get(t, h.person(t, false), "/api/run/"+run+"/export?format=csv"), http.StatusForbidden)
}

func TestRunIsDeletedWithAllThatIsInIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	owner, member := h.person(t, false), h.person(t, false)
	project := h.project(t, &owner, owner, member)
	run := h.call(t, member, http.MethodPost, "/api/run", object{"metadata": object{"project": project.String()}}).id(t)
	other := h.call(t, member, http.MethodPost, "/api/run", object{"metadata": object{"project": project.String()}}).id(t)
	var kept string
	for _, in := range []string{run, run, other} {
		kept = h.call(t, member, http.MethodPost, "/api/result", object{
			"test_id": "t", "result": "failed", "metadata": object{"project": project.String(), "run": in},
		}).id(t)
	}
	_, err := h.store.Pool().Exec(t.Context(), `
		INSERT INTO artifacts (id, result_id, run_id, filename, content, upload_date)
		SELECT gen_random_uuid(), id, NULL::uuid, 'a.log', 'x'::bytea, now() FROM results WHERE run_id = $1 UNION ALL SELECT gen_random_uuid(), NULL, $1, 'b.log', 'x'::bytea, now()`, run)
	require.NoError(t, err)
	requireMessage(t, h.call(t, member, http.MethodPost, "/api/run/"+run+"/deletion", nil), http.StatusForbidden)
	require.Equal(t, http.StatusOK, h.call(t, member, http.MethodPut, "/api/run/"+run+"/pin", object{}).status)
	requireMessage(t, h.call(t, owner, http.MethodPost, "/api/run/"+run+"/deletion", nil), http.StatusConflict)
	require.Equal(t, http.StatusOK, h.call(t, member, http.MethodDelete, "/api/run/"+run+"/pin", nil).status)
	require.Equal(t, http.StatusOK, h.call(t, owner, http.MethodPost, "/api/run/"+run+"/deletion", nil).status)
	requireMessage(t, h.get(t, owner, "/api/run/"+run), http.StatusNotFound)
	requireMessage(t, h.call(t, owner, http.MethodPost, "/api/run/"+run+"/deletion", nil), http.StatusNotFound)
	require.Equal(t, http.StatusOK, h.get(t, member, "/api/result/"+kept).status)
	var left int
	require.NoError(t, h.store.Pool().QueryRow(t.Context(), `
		SELECT (SELECT count(*) FROM results WHERE run_id = $1) + (SELECT count(*) FROM artifacts) + (SELECT count(*) FROM result_failures WHERE run_id = $1)`, run).Scan(&left))
	require.Zero(t, left)
	wrong, err := h.store.WrongRollups(t.Context())
	require.NoError(t, err)
	require.Zero(t, wrong)
}
