package filter_test

import (
	"context"
	"os"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/filter"
)

// connect opens a session with empty tables of its own, which are gone when the test ends.
func connect(t testing.TB) *pgx.Conn {
	t.Helper()
	server := os.Getenv("IBUTSU_TEST_DATABASE_URL")
	require.NotEmpty(t, server, "set IBUTSU_TEST_DATABASE_URL to the address of a PostgreSQL")
	conn, err := pgx.Connect(context.Background(), server)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	_, err = conn.Exec(context.Background(), tables)
	require.NoError(t, err)
	return conn
}

// tables have the types of the original's; that is all the filters depend on.
const tables = `
CREATE TEMPORARY TABLE results (id uuid, project_id uuid, run_id uuid, test_id text, result text, data jsonb, params jsonb,
    duration float8, start_time timestamp, source text, env text, component text);
CREATE TEMPORARY TABLE runs (id uuid, project_id uuid, data jsonb, env text, component text, source text, start_time timestamp,
    duration float8, summary jsonb, created timestamp);
CREATE TEMPORARY TABLE projects (id uuid, name text, title text, owner_id uuid, group_id uuid, default_dashboard_id uuid);
CREATE TEMPORARY TABLE dashboards (id uuid, title text, description text, filters text, project_id uuid, user_id uuid);
CREATE TEMPORARY TABLE widget_configs (id uuid, project_id uuid, dashboard_id uuid, title text, type text, weight int, widget text,
    params jsonb, navigable bool);
CREATE TEMPORARY TABLE imports (id uuid, filename text, format text, data jsonb, status text, created timestamp);
CREATE TEMPORARY TABLE users (id uuid, email text, _password text, name text, activation_code text, is_superadmin bool,
    is_active bool, group_id uuid);
`

// table is a model with the statement that lists its rows.
type table struct {
	model filter.Model
	query string
}

func everyTable() map[string]table {
	return map[string]table{
		"result":        {filter.Result().As("t"), `SELECT t.id FROM results t WHERE %s ORDER BY t.start_time DESC, t.id`},
		"run":           {filter.Run().As("t"), `SELECT t.id FROM runs t WHERE %s ORDER BY t.start_time DESC, t.id`},
		"project":       {filter.Project(), `SELECT id FROM projects WHERE %s ORDER BY name`},
		"dashboard":     {filter.Dashboard(), `SELECT id FROM dashboards WHERE %s ORDER BY lower(title) COLLATE "C" = 'mid u' DESC, title`},
		"widget-config": {filter.WidgetConfig(), `SELECT id FROM widget_configs WHERE %s ORDER BY weight DESC`},
		"import":        {filter.Import(), `SELECT id FROM imports WHERE %s ORDER BY created DESC`},
		"admin-user":    {filter.User(), `SELECT id FROM users WHERE %s ORDER BY email`},
	}
}

// id gives a row the same id in every test.
func id(label string) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceOID, []byte(label)) }
