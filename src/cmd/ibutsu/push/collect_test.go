package push

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCollect(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for name, content := range map[string]string{
		"junit.xml":                "<?xml version='1.0' encoding='ISO-8859-1'?>\n<!-- c --><testsuites/>",
		"deep/er/TEST-a.XML":       "<testsuite name='a'>cut off",
		"run.tar.gz":               "anything",
		"coverage.xml":             "<coverage/>",
		"broken.xml":               "no xml",
		"empty.xml":                "",
		"notes.txt":                "<testsuite/>",
		".hidden/junit.xml":        "<testsuite/>",
		"node_modules/x/junit.xml": "<testsuite/>",
	} {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	files, err := Collect([]string{root})
	require.NoError(t, err)
	require.Equal(t, []string{
		filepath.Join(root, "deep/er/TEST-a.XML"), filepath.Join(root, "junit.xml"), filepath.Join(root, "run.tar.gz"),
	}, files)

	files, err = Collect([]string{filepath.Join(root, "coverage.xml"), filepath.Join(root, ".hidden")})
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(root, "coverage.xml"), filepath.Join(root, ".hidden/junit.xml")}, files, "what is named is sent")

	for path, want := range map[string]string{
		filepath.Join(root, "notes.txt"):      "is neither .xml (JUnit) nor .tar.gz",
		filepath.Join(root, "missing.xml"):    "no such file or directory",
		filepath.Join(root, "node_modules/x"): "",
		t.TempDir():                           "there is no JUnit file",
	} {
		_, err := Collect([]string{path})
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, path+": ")
		require.ErrorContains(t, err, want)
	}
}

func TestNameWithRunID(t *testing.T) {
	t.Parallel()
	const id = "00000000-0000-4000-8000-000000000001"
	for path, want := range map[string]string{
		"a/junit.xml": "junit-" + id + ".xml",
		"a/x.tar.gz":  "x.tar.gz",
		"TEST-AD69366B-DEC6-47B9-8855-197B070BDAFB.xml": "TEST-AD69366B-DEC6-47B9-8855-197B070BDAFB.xml",
		"ad69366b-dec6-17b9-8855-197b070bdafb.xml":      "ad69366b-dec6-17b9-8855-197b070bdafb-" + id + ".xml",
	} {
		require.Equal(t, want, nameWithRunID(path, id))
	}
}
