package config

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

//go:generate go test -run ^TestDocumentationIsFresh$ -update

var update = flag.Bool("update", false, "write docs/configuration.md")

func TestDocumentationIsFresh(t *testing.T) {
	t.Parallel()
	const path = "../../docs/configuration.md"
	if *update {
		require.NoError(t, os.MkdirAll("../../docs", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(Markdown()), 0o644))
	}
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, Markdown(), string(written), "run `go generate ./src/config`")
}
