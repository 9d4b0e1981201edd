package importer

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// recorded is a case that was recorded from Ibutsu 3.1.1, with its mistakes put right. <run>, <project> and <time> stand
// for the run of the import, the project of the upload and the time of the import.
type recorded struct {
	Filename string
	// One of these is the content: as it is, the name of a file, or the members of an archive.
	Text    string
	Fixture string
	Archive map[string]json.RawMessage

	Metadata json.RawMessage
	Source   *string
	Project  bool

	Error       bool
	Run         map[string]any
	Results     map[string]map[string]any // by test_id
	Outcomes    map[string]int
	SkipReasons []any `json:"skip_reasons"`
	Paths       []any
	Artifacts   map[string][]string // by test_id, or <run>
}

func TestRecordedCases(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/recorded/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".json"), func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(name)
			require.NoError(t, err)
			var c recorded
			require.NoError(t, json.Unmarshal(raw, &c))
			c.check(t)
		})
	}
}

func (c *recorded) check(t *testing.T) {
	t.Helper()
	o := options()
	o.Metadata, o.Source = c.Metadata, c.Source
	if c.Project {
		o.ProjectID = &testProject
	}
	if c.Error {
		require.NotEmpty(t, failImport(t, c.file(t), o).Reason)
		return
	}
	got, report := doImport(t, c.file(t), o)
	require.Len(t, report.Runs, 1)
	run := report.Runs[0]

	c.fits(t, "run", run, c.Run, runFields(t, got.runs[0]))
	if c.Results != nil {
		require.Len(t, got.results, len(c.Results))
	}
	for testID, want := range c.Results {
		c.fits(t, testID, run, want, resultFields(t, got.result(t, testID)))
	}
	if c.Outcomes != nil {
		counts := map[string]int{}
		for _, r := range got.results {
			counts[*r.Result]++
		}
		require.Equal(t, c.Outcomes, counts)
	}
	if c.Paths != nil {
		require.ElementsMatch(t, c.Paths, got.metadataOf(t, "fspath"))
		require.ElementsMatch(t, c.SkipReasons, got.metadataOf(t, "skip_reason"))
	}
	for owner, want := range c.Artifacts {
		id := run
		if owner != "<run>" {
			id = got.result(t, owner).ID
		}
		var names []string
		for _, a := range got.artifacts {
			if a.ResultID != nil && *a.ResultID == id || a.RunID != nil && *a.RunID == id {
				names = append(names, a.Filename)
			}
		}
		require.Equal(t, want, append([]string{}, sorted(names)...))
	}
}

// metadataOf collects a member of the metadata of all results that have it.
func (s *stored) metadataOf(t *testing.T, key string) []any {
	t.Helper()
	var values []any
	for _, r := range s.results {
		if v, ok := metadata(t, r.Metadata)[key]; ok {
			values = append(values, v)
		}
	}
	return values
}

func (c *recorded) file(t *testing.T) file {
	t.Helper()
	switch {
	case c.Fixture != "":
		data, err := os.ReadFile(filepath.Join("testdata/recorded", c.Fixture))
		require.NoError(t, err)
		return file{c.Filename, data}
	case c.Archive != nil:
		var entries []entry
		for name, raw := range c.Archive {
			var special struct {
				Dir       bool
				Text, B64 *string
			}
			require.NoError(t, json.Unmarshal(raw, &special))
			switch {
			case special.Dir:
				continue
			case special.Text != nil:
				raw = []byte(*special.Text)
			case special.B64 != nil:
				var err error
				raw, err = base64.StdEncoding.DecodeString(*special.B64)
				require.NoError(t, err)
			}
			entries = append(entries, entry{name: name, content: string(raw)})
		}
		slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
		f := archiveOf(t, entries...)
		f.name = c.Filename
		return f
	}
	return xmlFile(c.Filename, c.Text)
}

// fits sees that every field that was recorded is there. What an importer finds out beyond that is welcome.
func (c *recorded) fits(t *testing.T, what string, run uuid.UUID, want, got map[string]any) {
	t.Helper()
	for key, w := range want {
		switch w {
		case "<any>", "<any string>":
		case "<run>":
			require.Equal(t, run.String(), got[key], "%s: %s", what, key)
		case "<project>":
			require.Equal(t, testProject.String(), got[key], "%s: %s", what, key)
		case "<time>Z":
			require.Equal(t, testImportedAt.Format(time.RFC3339Nano), got[key], "%s: %s", what, key)
		default:
			inner, isObject := w.(map[string]any)
			if !isObject || key == "params" {
				require.Equal(t, w, got[key], "%s: %s", what, key)
				continue
			}
			require.IsType(t, inner, got[key])
			for k := range inner {
				require.Contains(t, got[key], k, "%s: %s", what, key)
			}
			c.fits(t, what+"."+key, run, inner, got[key].(map[string]any))
		}
	}
}

func runFields(t *testing.T, r Run) map[string]any {
	t.Helper()
	return map[string]any{
		"id": r.ID.String(), "project_id": orNil(r.ProjectID), "component": orNil(r.Component), "env": orNil(r.Env),
		"source": orNil(r.Source), "created": r.Created.Format(time.RFC3339Nano), "start_time": r.StartTime.Format(time.RFC3339Nano),
		"duration": orNil(r.Duration), "metadata": metadata(t, r.Metadata),
	}
}

func resultFields(t *testing.T, r Result) map[string]any {
	t.Helper()
	return map[string]any{
		"run_id": r.RunID.String(), "project_id": orNil(r.ProjectID), "test_id": orNil(r.TestID), "result": orNil(r.Result),
		"start_time": r.StartTime.Format(time.RFC3339Nano), "duration": orNil(r.Duration), "component": orNil(r.Component),
		"env": orNil(r.Env), "source": orNil(r.Source), "metadata": metadata(t, r.Metadata), "params": metadata(t, r.Params),
	}
}

func orNil[T any](p *T) any {
	if p == nil {
		return nil
	}
	if id, ok := any(*p).(uuid.UUID); ok {
		return id.String()
	}
	return *p
}
