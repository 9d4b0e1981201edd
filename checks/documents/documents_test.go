// Package documents holds what the documentation claims against the repository.
package documents

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const root = "../.."

var (
	proof = regexp.MustCompile("`([a-z/-]+): (Test[A-Za-z0-9]+)`")
	trial = regexp.MustCompile("`(operate|signin): ([^`]+)`")
	step  = regexp.MustCompile("`STEPS=([a-z]+)`")
	link  = regexp.MustCompile(`\]\(([a-zA-Z0-9_./-]+\.md)\)`)
)

// A row whose proof is renamed or deleted claims what nobody shows any more.
func TestEveryProofOfTheDeploymentMapExists(t *testing.T) {
	t.Parallel()
	text := read(t, "docs/deployment-map.md")
	steps := read(t, "scripts/test")
	rows := 0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| there") {
			continue
		}
		rows++
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		require.Len(t, cells, 3, line)
		proofs, named := proof.FindAllStringSubmatch(cells[2], -1), step.FindAllStringSubmatch(cells[2], -1)
		trials := trial.FindAllStringSubmatch(cells[2], -1)
		require.Empty(t, strings.Trim(step.ReplaceAllString(trial.ReplaceAllString(proof.ReplaceAllString(cells[2], ""), ""), ""), " "),
			"no proof, or something else beside it: %s", line)
		require.NotEmpty(t, len(proofs)+len(named)+len(trials), "no proof: %s", line)
		for _, x := range trials {
			require.Contains(t, read(t, "checks/"+x[1]+"/main.go"), `{"`+x[2]+`", `, line)
		}
		for _, p := range proofs {
			require.True(t, hasTest(t, p[1], p[2]), "%s has no %s: %s", p[1], p[2], line)
		}
		for _, s := range named {
			require.NotRegexp(t, "operate|signin", s[1], "it has many trials, name the one: %s", line)
			require.Regexp(t, `order=\(.*\b`+s[1]+`\b.*\)`, steps, line)
		}
	}
	require.Greater(t, rows, 40)
}

func TestDocumentsLeadSomewhere(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, to := range link.FindAllStringSubmatch(string(content), -1) {
			require.FileExists(t, filepath.Join(filepath.Dir(file), to[1]), file)
		}
	}
}

func hasTest(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
	require.NoError(t, err)
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		if strings.Contains(string(content), "\nfunc "+name+"(t *testing.T) {") {
			return true
		}
	}
	return false
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, path))
	require.NoError(t, err)
	return string(content)
}
