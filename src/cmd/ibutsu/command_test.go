package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	ibutsu "github.com/ibutsu/ibutsu-go"
	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
)

// desk is where a test sits: what it types, what the commands see, and what they answer.
type desk struct {
	console
	stdout, stderr bytes.Buffer
}

func newDesk(environ ...string) *desk {
	d := &desk{}
	d.console = console{
		in: strings.NewReader(""), out: &d.stdout, err: &d.stderr, environ: environ, width: 96,
		now: func() time.Time { return time.Date(2026, 5, 4, 10, 11, 12, 0, time.UTC) },
	}
	return d
}

// call runs a command and gives its exit code; the outputs are those of this call alone.
func (d *desk) call(t *testing.T, args ...string) int {
	t.Helper()
	d.stdout.Reset()
	d.stderr.Reset()
	return run(t.Context(), args, &d.console)
}

var updateGolden = flag.Bool("update", false, "write the golden files")

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, command := range []string{
		"", "up", "serve", "module", "migrate", "check-config", "doctor", "healthcheck", "user", "user create", "user list", "user set-password",
		"token", "token create", "import", "push", "version", "units",
		"backup", "restore", "jobs", "jobs list", "jobs show", "jobs schedule", "jobs run", "jobs retention",
	} {
		d := newDesk()
		require.Zero(t, d.call(t, append(strings.Fields(command), "--help")...))
		require.Empty(t, d.stderr.String())
		golden := filepath.Join("testdata", "help", strings.ReplaceAll("ibutsu "+command, " ", "-")+".txt")
		if *updateGolden {
			require.NoError(t, os.MkdirAll(filepath.Dir(golden), 0o755))
			require.NoError(t, os.WriteFile(golden, d.stdout.Bytes(), 0o644))
		}
		want, err := os.ReadFile(golden)
		require.NoError(t, err)
		require.Equal(t, string(want), d.stdout.String(), "go test ./src/cmd/ibutsu -run ^TestHelp$ -update")
		for line := range strings.Lines(d.stdout.String()) {
			require.LessOrEqual(t, len([]rune(line)), 110, line)
		}
	}
}

func TestWaysToTheHelp(t *testing.T) {
	t.Parallel()
	d := newDesk()
	require.Zero(t, d.call(t))
	root := d.stdout.String()
	require.Contains(t, root, "Usage: ibutsu COMMAND")
	require.NotContains(t, root, "module-process", "hidden")
	require.Zero(t, d.call(t, "help"))
	require.Equal(t, root, d.stdout.String())
	require.Zero(t, d.call(t, "help", "push"))
	require.Contains(t, d.stdout.String(), "Usage: ibutsu push")
	require.NotContains(t, d.stdout.String(), "\x1b[", "no colour outside of terminals")

	d.outTerminal = true
	require.Zero(t, d.call(t, "push", "-h"))
	require.Contains(t, d.stdout.String(), "\x1b[1mFlags\x1b[0m")
	d.environ = []string{"NO_COLOR=1"}
	require.Zero(t, d.call(t, "push", "-h"))
	require.NotContains(t, d.stdout.String(), "\x1b[")
}

func TestVersion(t *testing.T) {
	t.Parallel()
	for _, arg := range []string{"version", "--version", "-v"} {
		d := newDesk()
		require.Zero(t, d.call(t, arg))
		require.Regexp(t, `^ibutsu \d+\.\d+\.\d+ \(API of Ibutsu 3\.1\.1, go1\.\d+`, d.stdout.String())
		require.Contains(t, d.stdout.String(), ibutsu.Version())
	}
}

func TestWrongUsage(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		args    []string
		environ []string
		want    string
	}{
		"unknown command":      {[]string{"psh"}, nil, "ibutsu: unexpected argument psh, did you mean \"push\"?\nSee `ibutsu --help`.\n"},
		"unknown flag":         {[]string{"push", "--projct", "x"}, nil, "ibutsu: unknown flag --projct, did you mean \"--project\"?\nSee `ibutsu push --help`.\n"},
		"flag without value":   {[]string{"token", "create", "--email"}, nil, "ibutsu: --email needs a value\nSee `ibutsu token create --help`.\n"},
		"missing flags":        {[]string{"token", "create"}, nil, "ibutsu: missing flags: --email=E, --name=N\nSee `ibutsu token create --help`.\n"},
		"missing argument":     {[]string{"import", "--project", "x"}, nil, "ibutsu: expected \"<file> ...\"\nSee `ibutsu import --help`.\n"},
		"setting in a flag":    {[]string{"check-config", "--listen", "nowhere"}, nil, "ibutsu: --listen is not HOST:PORT, for example 127.0.0.1:8080 or :8080\n"},
		"setting of another":   {[]string{"version", "--listen", ":1"}, nil, "ibutsu: unknown flag --listen\nSee `ibutsu version --help`.\n"},
		"secret as a flag":     {[]string{"serve", "--jwt-secret", "x"}, nil, "ibutsu: unknown flag --jwt-secret, did you mean \"--jwt-secret-file\"?\nSee `ibutsu serve --help`.\n"},
		"two ways of password": {[]string{"user", "create", "--email", "a@b", "--no-password", "--password-stdin"}, nil, "ibutsu: --no-password and --password-stdin can't be used together\nSee `ibutsu user create --help`.\n"},
		"no database":          {[]string{"user", "list", "--state", "/nowhere"}, nil, "ibutsu: no database is configured: set DATABASE_URL=postgres://user:password@host:5432/name (or POSTGRESQL_HOST, POSTGRESQL_DATABASE, …), or start one of your own with `ibutsu up`\n"},
		"two faults":           {[]string{"user", "list"}, []string{"DATABASE_URL=mysql://x", "BCRYPT_LOG_ROUNDS=x"}, "ibutsu: DATABASE_URL is not a PostgreSQL URL (postgres://…); no other database works\nibutsu: BCRYPT_LOG_ROUNDS is not a whole number from 4 to 31\n"},
		"no e-mail":            {[]string{"user", "create", "--email", "ann"}, nil, "ibutsu: --email: \"ann\" is not an e-mail address\n"},
		"no password":          {[]string{"user", "create", "--email", "a@b"}, nil, "ibutsu: no password was given: use --password-stdin or --password-file FILE\n"},
		"expired":              {[]string{"token", "create", "--email", "a@b", "--name", "x", "--expires", "2020-01-01"}, nil, "ibutsu: --expires: that is in the past\n"},
		"no time":              {[]string{"token", "create", "--email", "a@b", "--name", "x", "--expires", "soon"}, nil, "ibutsu: --expires: \"soon\" is no time; write 90d, 2027-01-31 or 2027-01-31T12:00:00Z\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(tc.environ...)
			code := d.call(t, tc.args...)
			require.Equal(t, tc.want, d.stderr.String())
			require.Empty(t, d.stdout.String())
			if tc.args[0] == "check-config" {
				require.Equal(t, exitFailed, code)
			} else {
				require.Equal(t, exitUsage, code)
			}
		})
	}
}

func TestCheckConfig(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "ibutsu.yaml")
	require.NoError(t, os.WriteFile(file, []byte("jwt_issuer: me\njwt_secret: hunter2-hunter2\n"), 0o600))
	d := newDesk("DATABASE_URL=postgres://u:hunter2@h/d", "IBUTSU_LOGLEVEL=x")
	require.Zero(t, d.call(t, "check-config", "--config", file, "--changed", "--no-access-log"))
	require.Equal(t, `# Server
backend_url   http://127.0.0.1:8080      derived from listen
frontend_url  http://localhost:8080      derived from backend_url

# Database
database_url  postgres://u:********@h/d  environment DATABASE_URL

# Sign-in
jwt_secret    ********                   file FILE line 2
jwt_issuer    me                         file FILE line 1

# Log
access_log    false                      flag --access-log
`, strings.ReplaceAll(d.stdout.String(), file, "FILE"))
	require.Equal(t, "warning: IBUTSU_LOGLEVEL is not a setting and is ignored (did you mean IBUTSU_LOG_LEVEL?)\n", d.stderr.String())

	require.Zero(t, d.call(t, "check-config", "--config", file, "--json"))
	require.NotContains(t, d.stdout.String(), "hunter2")
	var rows []map[string]any
	require.NoError(t, json.Unmarshal(d.stdout.Bytes(), &rows))
	require.Len(t, rows, len(config.Settings()))
	require.Contains(t, rows, map[string]any{"name": "listen", "value": ":8080", "origin": map[string]any{"level": "default"}})

	require.Zero(t, d.call(t, "check-config"))
	for _, s := range config.Settings() {
		require.Contains(t, d.stdout.String(), "\n"+s.Name+" ")
	}
	require.Zero(t, newDesk().call(t, "check-config", "--changed"))
}

func TestEverySettingIsAFlagOfServe(t *testing.T) {
	t.Parallel()
	commands := newRoot()
	buildSettings(reflect.ValueOf(commands).Elem(), "serve")
	require.Len(t, commands.Serve.settings, len(config.Settings()))
	require.Empty(t, commands.Up.settings, "flags are made for the command that is called alone")
}

func TestSettingsOfACommand(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("k\n"), 0o600))
	d := newDesk("IBUTSU_LISTEN=:1", "HOME=/home/ann")
	require.Zero(t, d.call(t, "check-config", "--json", "--listen", ":2", "--jwt-secret-file", secret, "--state", "/s", "--migrate-on-start=false"))
	for _, want := range []string{`"value": ":2"`, `"name": "--jwt-secret-file"`, `"value": "/s"`, `"name": "--migrate-on-start"`} {
		require.Contains(t, d.stdout.String(), want)
	}
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	url := dbtest.Empty(t)
	d := newDesk("DATABASE_URL=" + url)
	require.Zero(t, d.call(t, "migrate", "--dry-run"), d.stderr.String())
	require.Contains(t, d.stdout.String(), "Found: empty.\nWould do:\n  - ")
	require.Zero(t, d.call(t, "migrate"), d.stderr.String())
	require.Contains(t, d.stdout.String(), "Found: empty.\nDone:\n  - ")
	require.Zero(t, d.call(t, "migrate"))
	require.Contains(t, d.stdout.String(), "Nothing to do")
	require.Equal(t, exitFailed, newDesk("DATABASE_URL=postgres://127.0.0.1:1/x").call(t, "migrate"))
}

func TestUsers(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	d := newDesk("DATABASE_URL="+url, "BCRYPT_LOG_ROUNDS=4")

	d.in = strings.NewReader("first password\nrest")
	require.Zero(t, d.call(t, "user", "create", "--email", "ann@example.com", "--name", "Ann", "--superadmin", "--password-stdin"), d.stderr.String())
	require.Equal(t, "Made superadmin ann@example.com.\n", d.stdout.String())
	d.in = strings.NewReader("x\n")
	require.Equal(t, exitFailed, d.call(t, "user", "create", "--email", "ann@example.com", "--password-stdin"))
	require.Equal(t, "ibutsu: there is a user ann@example.com already; `ibutsu user set-password --email ann@example.com` gives a new password\n", d.stderr.String())
	require.Zero(t, d.call(t, "user", "create", "--email", "bob@example.com", "--no-password"))

	require.Zero(t, d.call(t, "user", "list"))
	require.Equal(t, "E-MAIL           NAME  ROLE        STATE\nann@example.com  Ann   superadmin  active\nbob@example.com  –     user        active\n", d.stdout.String())
	require.Zero(t, d.call(t, "user", "list", "--json"))
	var users []listed
	require.NoError(t, json.Unmarshal(d.stdout.Bytes(), &users))
	require.Len(t, users, 2)
	require.True(t, users[0].IsSuperadmin)

	typed := []string{"second password", "second password", "a", "b"}
	d.inTerminal = true
	d.readPassword = func() (string, error) {
		next := typed[0]
		typed = typed[1:]
		return next, nil
	}
	require.Zero(t, d.call(t, "user", "set-password", "--email", "bob@example.com"))
	require.Equal(t, "bob@example.com has a new password.\n", d.stdout.String())
	require.Equal(t, exitFailed, d.call(t, "user", "set-password", "--email", "bob@example.com"))
	require.Contains(t, d.stderr.String(), "the two passwords differ; nothing was changed")
	d.inTerminal = false

	file := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(file, []byte(strings.Repeat("x", 73)+"\n"), 0o600))
	require.Equal(t, exitFailed, d.call(t, "user", "set-password", "--email", "bob@example.com", "--password-file", file))
	require.Contains(t, d.stderr.String(), "72 bytes")
	require.NoError(t, os.WriteFile(file, []byte("third\n"), 0o600))
	require.Equal(t, exitFailed, d.call(t, "user", "set-password", "--email", "eve@example.com", "--password-file", file))
	require.Contains(t, d.stderr.String(), "there is no user eve@example.com")
	require.Equal(t, exitFailed, d.call(t, "user", "create", "--email", "eve@example.com", "--project", "shop", "--no-password"))
	require.Equal(t, "ibutsu: --project: there is no project shop\n", d.stderr.String())

	db, err := store.Open(t.Context(), store.Options{URL: url})
	require.NoError(t, err)
	defer db.Close()
	account, err := db.Account(t.Context(), "bob@example.com")
	require.NoError(t, err)
	require.NotNil(t, account.PasswordHash)
	require.True(t, strings.HasPrefix(*account.PasswordHash, "$argon2id$"), "a database that was never the old server's")
}

func TestTokens(t *testing.T) {
	t.Parallel()
	d := newDesk("DATABASE_URL=" + dbtest.URL(t))
	require.Zero(t, d.call(t, "user", "create", "--email", "ci@example.com", "--no-password"), d.stderr.String())
	require.Zero(t, d.call(t, "token", "create", "--email", "ci@example.com", "--name", "one", "--expires", "30d"), d.stderr.String())
	require.Regexp(t, `^eyJ[\w-]+\.[\w-]+\.[\w-]+\n$`, d.stdout.String(), "the token alone")
	require.Empty(t, d.stderr.String())

	require.Equal(t, exitFailed, d.call(t, "token", "create", "--email", "eve@example.com", "--name", "x"))
	require.Contains(t, d.stderr.String(), "there is no user eve@example.com; `ibutsu user list` shows who there is")
	require.Equal(t, exitUsage, d.call(t, "token", "create", "--email", "ci@example.com", "--name", "login-token"))
	require.Contains(t, d.stderr.String(), "--name: the name is reserved")
	require.Equal(t, exitFailed, newDesk("DATABASE_URL="+dbtest.Empty(t)).call(t, "token", "create", "--email", "a@b", "--name", "x"))
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", 2*3600)
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, zone)
	for text, want := range map[string]time.Time{
		"90d":                  now.AddDate(0, 0, 90),
		"12h":                  now.Add(12 * time.Hour),
		"2026-05-04":           time.Date(2026, 5, 4, 23, 59, 59, 999e6, zone),
		"2027-01-31T12:00:00Z": time.Date(2027, 1, 31, 12, 0, 0, 0, time.UTC),
	} {
		got, err := expiry(text, now)
		require.NoError(t, err)
		require.True(t, want.Equal(*got), "%s: %s", text, got)
	}
	got, err := expiry("", now)
	require.NoError(t, err)
	require.Nil(t, got)
	for _, text := range []string{"-1h", "2026-05-03", "0d", "12"} {
		_, err := expiry(text, now)
		require.Error(t, err, text)
	}
}

func TestThePrivateDatabaseIsFoundByItsNote(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	d := newDesk()
	require.NoError(t, notePrivateDatabase(state, dbtest.URL(t)))
	info, err := os.Stat(filepath.Join(state, privateDatabaseNote))
	require.NoError(t, err)
	require.Zero(t, info.Mode().Perm()&0o077)
	require.Zero(t, d.call(t, "user", "list", "--state", state), d.stderr.String())

	require.NoError(t, notePrivateDatabase(state, "postgres:///x?host="+state))
	require.Equal(t, exitFailed, d.call(t, "user", "list", "--state", state))
	require.Contains(t, d.stderr.String(), "the private PostgreSQL of "+state+" does not run; start `ibutsu up --state "+state+"` first")
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	d := newDesk("DATABASE_URL="+dbtest.URL(t), "IBUTSU_LISTEN=127.0.0.1:0", "IBUTSU_STATE_DIR="+t.TempDir())
	require.Zero(t, d.call(t, "doctor"), d.stdout.String())
	require.Contains(t, d.stdout.String(), "✓ database.schema")
	require.Equal(t, exitFailed, d.call(t, "doctor", "--json", "--database-url", "postgres://127.0.0.1:1/x"))
	var findings []map[string]string
	require.NoError(t, json.Unmarshal(d.stdout.Bytes(), &findings))
	require.Contains(t, d.stdout.String(), `"state": "broken"`)
	d.outTerminal = true
	require.Equal(t, exitFailed, d.call(t, "doctor", "--database-url", "postgres://127.0.0.1:1/x"))
	require.Contains(t, d.stdout.String(), "\x1b[31m✗\x1b[0m database")
	require.Contains(t, d.stdout.String(), "fix: start PostgreSQL, or correct its address: DATABASE_URL")
}
