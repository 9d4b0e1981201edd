// Package dependencies keeps docs/dependencies.md equal to what go.mod asks for.
package dependencies

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// row is a line of a table in docs/dependencies.md: | `module` | what for | instead of | licence |
var row = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]+) \\| ([^|]+) \\| ([^|]+) \\|$")

func TestEveryDirectDependencyIsExplained(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/dependencies.md")
	require.NoError(t, err)
	var explained []string
	for _, line := range row.FindAllStringSubmatch(string(text), -1) {
		explained = append(explained, line[1])
		for _, cell := range line[2:] {
			require.NotEmpty(t, strings.TrimSpace(cell), "a cell of %s is empty", line[1])
		}
	}
	slices.Sort(explained)
	require.Equal(t, imported(t), explained, "our imports and docs/dependencies.md name different modules")
	require.Equal(t, direct(t), explained, "go.mod and docs/dependencies.md name different direct dependencies")
	require.Less(t, len(explained), 40)
}

// direct lists what go.mod requires without calling it indirect.
func direct(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	var found []string
	for _, line := range regexp.MustCompile(`(?m)^(?:require )?\s*(\S+) v\S+$`).FindAllStringSubmatch(string(text), -1) {
		found = append(found, line[1])
	}
	slices.Sort(found)
	return found
}

// imported lists the modules of which our own code, tests included, uses a package.
func imported(t *testing.T) []string {
	t.Helper()
	const ours = "github.com/ibutsu/ibutsu-go"
	imports, err := exec.Command("go", "list", "-f", `{{join .Imports "\n"}}
{{join .TestImports "\n"}}
{{join .XTestImports "\n"}}`, ours+"/...").Output()
	require.NoError(t, err)
	raw, err := exec.Command("go", "list", "-m", "-json", "all").Output()
	require.NoError(t, err)
	var modules []string
	for decoder := json.NewDecoder(strings.NewReader(string(raw))); decoder.More(); {
		var m struct{ Path string }
		require.NoError(t, decoder.Decode(&m))
		modules = append(modules, m.Path)
	}
	// The longest path first: a module may lie below another.
	slices.SortFunc(modules, func(a, b string) int { return len(b) - len(a) })
	var found []string
	for path := range strings.Lines(string(imports)) {
		path = strings.TrimSpace(path)
		i := slices.IndexFunc(modules, func(m string) bool { return path == m || strings.HasPrefix(path, m+"/") })
		if i >= 0 && modules[i] != ours && !slices.Contains(found, modules[i]) {
			found = append(found, modules[i])
		}
	}
	slices.Sort(found)
	return found
}
