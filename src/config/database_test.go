package config

import (
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

func loadURL(text string) (string, error) {
	loaded, err := Load(Input{Flags: map[string]string{"database_url": text}})
	if err != nil {
		return "", err
	}
	return loaded.Config.Database.URL.Reveal(), nil
}

func TestDatabaseURL(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"postgres://u:p@h:5433/d":                             "postgres://u:p@h:5433/d",
		"\tpostgresql://u:p@h/d\n":                            "postgres://u:p@h/d",
		"POSTGRESQL+psycopg2://u:p@h/d?sslmode=require":       "postgres://u:p@h/d?sslmode=require",
		"postgresql+pg8000://h/d":                             "postgres://h/d",
		"postgresql:///d":                                     "postgres:///d",
		"postgresql://u@/d?host=/run/postgresql":              "postgres://u@/d?host=%2Frun%2Fpostgresql",
		"postgres://u@%2Frun%2Fpostgresql/d":                  "postgres://u@/d?host=%2Frun%2Fpostgresql",
		"postgres://u:a/b#c@h/d":                              "postgres://u:a%2Fb%23c@h/d",
		"postgres://u:a?b@h/d":                                "postgres://u:a%3Fb@h/d",
		"postgres://u:a@b@h/d":                                "postgres://u:a%40b@h/d",
		"postgres://u:100%@h/d":                               "postgres://u:100%25@h/d",
		"postgres://u:a%40b+c@h/d":                            "postgres://u:a%40b+c@h/d",
		"postgres://[::1]:5432/d":                             "postgres://[::1]:5432/d",
		"postgres:///d?host=::1&port=5433":                    "postgres://[::1]:5433/d",
		"postgres://h1:1,h2:2/d?target_session_attrs=primary": "postgres:///d?host=h1%2Ch2&port=1%2C2&target_session_attrs=primary",
		"postgresql://u@/d?host=h1:1&host=h2:2":               "postgres://u@/d?host=h1%2Ch2&port=1%2C2",
		"postgres://h/d?keepalives=1&gssencmode=disable":      "postgres://h/d",
		"postgres://h?dbname=d&user=u&password=p":             "postgres://u:p@h/d",
		"postgres://h/my%20db":                                "postgres://h/my%20db",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			got, err := loadURL(text)
			require.NoError(t, err)
			require.Equal(t, want, got)
			_, err = pgx.ParseConfig(got)
			require.NoError(t, err)
		})
	}
}

func TestDatabaseURLRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"h/d":                           "is not a URL",
		"host=h dbname=d":               "is not a URL",
		"sqlite:///ibutsu.db":           "no other database works",
		"mysql+pymysql://h/d":           "no other database works",
		"postgres://h:port/d":           "has a port",
		"postgres://h:0/d":              "has a port",
		"postgres://h:1:2/d":            "has a host",
		"postgres://[::1/d":             "has a host",
		"postgres://[::1]x/d":           "has a host",
		"postgres://a b/d":              "has a host",
		"postgres://h/d?x=%zz":          "part after ?",
		"postgres://u:p@h/d?port=many":  "has a port",
		"postgres://:1,":                "an empty host among several",
		"postgres://h1,h2/d?port=1,2,3": "another number of ports",
		"postgres://\x1f/d":             "has a host",
		"postgres://u:\x00@h/d":         "NUL",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			_, err := loadURL(text)
			require.ErrorContains(t, err, "--database-url ")
			require.ErrorContains(t, err, want)
		})
	}
}

// FuzzDatabaseURL: whatever is accepted is a URL that net/url reads, and reading it again changes nothing.
func FuzzDatabaseURL(f *testing.F) {
	for _, seed := range []string{
		"postgres://u:p@h:5433/d", "postgresql+psycopg2://u:a/b?c@[::1]:1/d?sslmode=require", "postgres:///d?host=/run/x&port=1",
		"postgres://h1:1,h2/d", "postgres://u@%2Frun/d", "postgres://:@:/?host=,", "sqlite://", "postgres://%:%@%/%?%", "postgres://?port=1,",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once, err := loadURL(text)
		if err != nil || once == "" {
			return
		}
		_, err = url.Parse(once)
		require.NoError(t, err)
		twice, err := loadURL(once)
		require.NoError(t, err)
		require.Equal(t, once, twice)
	})
}

// FuzzDatabaseParts: the user, password and name that go in are those that pgx gets.
func FuzzDatabaseParts(f *testing.F) {
	f.Add("localhost", "ibutsu", "ibutsu", "p@ss:/?#[]%20")
	f.Add("::1", "d", "", "")
	f.Add("/run/postgresql", "ünï", "a b", "\\'\"")
	f.Fuzz(func(t *testing.T, host, name, user, password string) {
		if user == "" { // libpq and pgx have no password without a user: it is then that of the process
			password = ""
		}
		given := map[string]string{"database_host": host, "database_name": name, "database_user": user}
		in := Input{Flags: given, Environ: []string{"POSTGRESQL_PASSWORD=" + password}}
		loaded, err := Load(in)
		if err != nil || host == "" || strings.ContainsAny(host, ",:") {
			return
		}
		parsed, err := url.Parse(loaded.Config.Database.URL.Reveal())
		require.NoError(t, err)
		gotPassword, _ := parsed.User.Password()
		require.Equal(t, password, gotPassword)
		require.Equal(t, user, parsed.User.Username())
		require.Equal(t, name, strings.TrimPrefix(parsed.Path, "/"))
	})
}
