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
		proofs, named := proof.FindAllStringSubmatch(line, -1), step.FindAllStringSubmatch(line, -1)
		require.NotEmpty(t, append(proofs, named...), "no proof: %s", line)
		for _, p := range proofs {
			require.True(t, hasTest(t, p[1], p[2]), "%s has no %s: %s", p[1], p[2], line)
		}
		for _, s := range named {
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
