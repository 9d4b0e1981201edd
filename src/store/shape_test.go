package store

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/stretchr/testify/require"
)

// A newer library whose tables this build does not make would fail at its first job.
func TestTheQueuesTablesAreThoseOfTheLibrary(t *testing.T) {
	t.Parallel()
	river, err := rivermigrate.New[pgx.Tx](riverpgxv5.New(nil), nil)
	require.NoError(t, err)
	versions := river.AllVersions()
	require.Equal(t, riverSchema, versions[len(versions)-1].Version)
}

func TestOnlyShapesOfThisBuildAreKnown(t *testing.T) {
	t.Parallel()
	known := migrationsUpTo(latestMigration())
	require.True(t, Shape{known, riverSchema}.Known())
	require.True(t, Shape{known[:4], 6}.Known(), "an older one")
	require.False(t, Shape{append(known, 99999), riverSchema}.Known(), "a newer one")
	require.False(t, Shape{known, riverSchema + 1}.Known())
	require.False(t, Shape{known[1:], riverSchema}.Known(), "one that never was")
	require.False(t, Shape{}.Known())
}
