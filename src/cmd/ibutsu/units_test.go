package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnitsOfThisVersion(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	d := newDesk()
	require.Zero(t, d.call(t, "units", "--systemd", "--program", "/opt/ibutsu/ibutsu", "--to", folder))
	worker, err := os.ReadFile(filepath.Join(folder, "ibutsu-worker.service"))
	require.NoError(t, err)
	require.Contains(t, string(worker), "\nExecStart=/opt/ibutsu/ibutsu module worker\n")
	require.Contains(t, d.stdout.String(), filepath.Join(folder, "ibutsu-backend.socket"))

	require.Zero(t, d.call(t, "units", "--quadlet"))
	require.Contains(t, d.stdout.String(), "# ibutsu.container\n")
	require.Zero(t, d.call(t, "units", "--quadlet", "--roles"))
	require.Contains(t, d.stdout.String(), "# ibutsu-worker.container\n")

	for _, args := range [][]string{{}, {"--systemd", "--quadlet"}, {"--systemd", "--roles"}, {"--systemd", "--program", "ibutsu"}} {
		require.Equal(t, exitUsage, d.call(t, append([]string{"units"}, args...)...), args)
	}
}
