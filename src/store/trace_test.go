package store

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStatementsAreNamedWithoutWhatUsersWrote(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		"-- name: RunByID :one\nSELECT * FROM runs":                               "RunByID",
		"SELECT a FROM results WHERE x = 'y'":                                     "SELECT results",
		"\n\t\tWITH s AS (SELECT 1) INSERT INTO artifacts (id) VALUES ('secret')": "WITH artifacts",
		"SELECT count(*) FROM (SELECT 1 FROM runs r) x":                           "SELECT runs",
		"UPDATE \"users\" SET password = 'secret'":                                "UPDATE",
		"begin":               "BEGIN",
		"SELECT 'secret'":     "SELECT",
		"select pg_notify(1)": "SELECT",
		"":                    "SQL",
	} {
		require.Equal(t, want, summary(sql), sql)
	}
}
