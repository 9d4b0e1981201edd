package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/checks/harness"
	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
)

// machine is a healthy machine, unless a test says otherwise.
type machine struct {
	burden   Burden
	listen   error
	answers  bool
	bin      string
	major    int
	postgres error
	bytes    uint64
	files    uint64
	disk     error
	limit    uint64
	limitErr error
	folder   Folder
	ahead    time.Duration
}

func healthy() *machine {
	return &machine{
		bin: "/usr/bin", major: 17, bytes: 1 << 40, files: 1 << 30, limit: 65536,
		folder: Folder{Exists: true, IsDir: true, Writable: true, Mode: 0o700, Ours: true},
		burden: Burden{Load: 1, Cores: 2, Available: 1 << 30},
	}
}

func (m *machine) Listen(context.Context, string) error { return m.listen }
func (m *machine) Answers(context.Context, string) bool { return m.answers }
func (m *machine) Disk(string) (uint64, uint64, error)  { return m.bytes, m.files, m.disk }
func (m *machine) FileLimit() (uint64, error)           { return m.limit, m.limitErr }
func (m *machine) Folder(string) Folder                 { return m.folder }
func (m *machine) Burden() (Burden, error)              { return m.burden, nil }
func (m *machine) Now() time.Time                       { return time.Now().Add(m.ahead) }
func (m *machine) Postgres(context.Context, string) (string, int, error) {
	return m.bin, m.major, m.postgres
}

func settings(t *testing.T, environ ...string) *config.Config {
	t.Helper()
	loaded, err := config.Load(config.Input{Environ: environ, DefaultStateDir: "/state"})
	require.NoError(t, err)
	return &loaded.Config
}

func examine(t *testing.T, m Machine, environ ...string) map[string]Finding {
	t.Helper()
	found := map[string]Finding{}
	for _, f := range Examine(t.Context(), m, Patient{Config: settings(t, environ...), Limit: 5 * time.Second}) {
		require.NotContains(t, found, f.Check, "each check has one finding")
		found[f.Check] = f
		if f.State == Broken || f.State == Warning {
			require.NotEmpty(t, f.Why, f.Check)
			require.NotEmpty(t, f.Fix, f.Check)
		}
	}
	return found
}

func TestAHealthyMachineWithoutServers(t *testing.T) {
	t.Parallel()
	found := examine(t, healthy())
	require.Len(t, found, 9)
	for _, check := range []string{"port", "state", "disk", "files", "postgres", "cpu", "memory"} {
		require.Equal(t, OK, found[check].State, "%+v", found[check])
	}
	require.Equal(t, Skipped, found["database"].State)
	require.Equal(t, Skipped, found["redis"].State)
}

func TestTheMachine(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		harm    func(*machine)
		environ []string
		check   string
		state   State
		what    string
	}{
		"load":                     {func(m *machine) { m.burden.Load = 5 }, nil, "cpu", Warning, "load 5.0 on 2 cores"},
		"no memory":                {func(m *machine) { m.burden.Available = 100 << 20 }, nil, "memory", Warning, "100 MiB"},
		"port in use":              {func(m *machine) { m.listen = &net.OpError{Err: syscall.EADDRINUSE} }, nil, "port", Broken, "in use by another program"},
		"port in use by ours":      {func(m *machine) { m.listen = &net.OpError{Err: syscall.EADDRINUSE}; m.answers = true }, nil, "port", OK, "an Ibutsu server answers"},
		"port for root":            {func(m *machine) { m.listen = &net.OpError{Err: syscall.EACCES} }, []string{"PORT=80"}, "port", Broken, "may not listen on :80"},
		"address of another":       {func(m *machine) { m.listen = &net.OpError{Err: syscall.EADDRNOTAVAIL} }, nil, "port", Broken, "cannot assign requested address"},
		"state is a file":          {func(m *machine) { m.folder.IsDir = false }, nil, "state", Broken, "/state is not a folder"},
		"state not writable":       {func(m *machine) { m.folder.Writable = false }, nil, "state", Broken, "cannot write in /state"},
		"state cannot be made":     {func(m *machine) { m.folder = Folder{Parent: "/", IsDir: true} }, nil, "state", Broken, "cannot write in /"},
		"state will be made":       {func(m *machine) { m.folder = Folder{Parent: "/", IsDir: true, Writable: true} }, nil, "state", OK, "will be made"},
		"state open to all":        {func(m *machine) { m.folder.Mode = 0o777 }, nil, "state", Broken, "writable for every user"},
		"disk full":                {func(m *machine) { m.bytes = 100 << 20 }, nil, "disk", Broken, "only 100 MiB free at /state"},
		"disk scarce":              {func(m *machine) { m.bytes = 1 << 30 }, nil, "disk", Warning, "only 1024 MiB free"},
		"no files left":            {func(m *machine) { m.files = 5 }, nil, "disk", Broken, "only 5 more files"},
		"file system without i":    {func(m *machine) { m.files = 0 }, nil, "disk", OK, "free at"},
		"disk unknown":             {func(m *machine) { m.disk = errors.New("stale handle") }, nil, "disk", Warning, "stale handle"},
		"too few files":            {func(m *machine) { m.limit = 256 }, nil, "files", Broken, "only 256"},
		"few files":                {func(m *machine) { m.limit = 1024 }, nil, "files", Warning, "only 1024"},
		"files unknown":            {func(m *machine) { m.limitErr = errors.New("x") }, nil, "files", Skipped, "cannot be told"},
		"no PostgreSQL":            {func(m *machine) { m.postgres = errors.New("x") }, nil, "postgres", Broken, "no PostgreSQL programs"},
		"no PostgreSQL needed":     {func(m *machine) { m.postgres = errors.New("x") }, []string{"DATABASE_URL=postgres://127.0.0.1:1/x"}, "postgres", Skipped, "none are needed"},
		"old PostgreSQL":           {func(m *machine) { m.major = 13 }, nil, "postgres", Broken, "PostgreSQL 13 in /usr/bin is too old"},
		"old PostgreSQL, not used": {func(m *machine) { m.major = 13 }, []string{"DATABASE_URL=postgres://127.0.0.1:1/x"}, "postgres", OK, "PostgreSQL 13"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := healthy()
			tc.harm(m)
			got := examine(t, m, tc.environ...)[tc.check]
			require.Equal(t, tc.state, got.State)
			require.Contains(t, got.What, tc.what)
		})
	}
}

func goodFacts() facts {
	return facts{name: "ibutsu", user: "me", version: 170002, encoding: "UTF8", timezone: "UTC", mayCreate: true, maxConnections: 100, synchronous: "on", found: "this server's"}
}

func TestTheDatabaseIsJudged(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		harm  func(*facts)
		check string
		state State
		text  string
	}{
		"good":             {func(*facts) {}, "database", OK, "database ibutsu answers user me"},
		"old version":      {func(f *facts) { f.version = 140011 }, "database.version", Broken, "15 to 18"},
		"new version":      {func(f *facts) { f.version = 190000 }, "database.version", Warning, "15 to 18"},
		"encoding":         {func(f *facts) { f.encoding = "SQL_ASCII" }, "database.encoding", Broken, "createdb -E UTF8"},
		"standby":          {func(f *facts) { f.standby = true }, "database.writable", Broken, "primary"},
		"read only":        {func(f *facts) { f.readOnly = true }, "database.writable", Broken, `ALTER DATABASE "ibutsu" RESET default_transaction_read_only`},
		"time zone":        {func(f *facts) { f.timezone = "Europe/Prague" }, "database.timezone", Warning, `ALTER DATABASE "ibutsu" SET timezone TO 'UTC'`},
		"time zone, other": {func(f *facts) { f.timezone = "Etc/UTC" }, "database.timezone", OK, ""},
		"clock ahead":      {func(f *facts) { f.skew = 5 * time.Second }, "clock", Warning, "5s"},
		"clock behind":     {func(f *facts) { f.skew = -2 * time.Minute }, "clock", Broken, "2m0s"},
		"connections":      {func(f *facts) { f.maxConnections = 40 }, "database.connections", Warning, "may want 48 together"},
		"slow statement": {func(f *facts) {
			f.activity = activity{longest: time.Minute, longestPID: 42, longestText: "SELECT slow"}
		}, "database.activity", Warning, "SELECT slow"},
		"stuck transaction":   {func(f *facts) { f.activity = activity{stuck: time.Hour, stuckPID: 43} }, "database.activity", Warning, "pg_terminate_backend(43)"},
		"locks":               {func(f *facts) { f.activity = activity{waiting: 3} }, "database.activity", Warning, "3 sessions wait"},
		"no connection left":  {func(f *facts) { f.activity = activity{connections: 95} }, "database.activity", Warning, "95 of 100"},
		"slow network":        {func(f *facts) { f.activity = activity{took: time.Second} }, "database.activity", Warning, "takes 1s"},
		"jobs wait":           {func(f *facts) { f.activity = activity{due: 7, oldest: time.Hour} }, "jobs", Warning, "the oldest for 1h0m0s"},
		"jobs failed":         {func(f *facts) { f.activity = activity{dead: 2} }, "jobs", Warning, "2 have failed"},
		"durability":          {func(f *facts) { f.synchronous = "off" }, "database.durability", Warning, "lost"},
		"unknown tables":      {func(f *facts) { f.schemaErr = errors.New("revision abc is unknown") }, "database.schema", Broken, "revision abc is unknown"},
		"steps wait":          {func(f *facts) { f.steps = []string{"a", "b"}; f.found = "empty" }, "database.schema", OK, "found: empty; the next start makes 2 steps"},
		"steps without right": {func(f *facts) { f.steps = []string{"a"}; f.mayCreate = false }, "database.schema", Broken, `GRANT CREATE ON SCHEMA public TO "me"`},
		"not looked at":       {func(f *facts) { f.found = "" }, "database.schema", Skipped, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := goodFacts()
			tc.harm(&f)
			for _, got := range judge(f, settings(t)) {
				if got.Check != tc.check {
					require.Equal(t, OK, got.State, "nothing else is wrong: %+v", got)
					continue
				}
				require.Equal(t, tc.state, got.State)
				require.Contains(t, got.What+got.Why+got.Fix, tc.text)
				return
			}
			require.Fail(t, "no finding "+tc.check)
		})
	}
	f := goodFacts()
	f.steps = []string{"a"}
	for _, got := range judge(f, settings(t, "IBUTSU_MIGRATE_ON_START=no")) {
		if got.Check == "database.schema" {
			require.Equal(t, Broken, got.State)
			require.Contains(t, got.Fix, "ibutsu migrate")
		}
	}
}

func TestWhyADatabaseCannotBeUsed(t *testing.T) {
	t.Parallel()
	const url = "postgres://u:hunter2@db.example:5433/ibutsu"
	for text, err := range map[string]error{
		"refuses the sign-in":                    &pgconn.PgError{Code: "28P01", Message: "password authentication failed"},
		"no connection left":                     &pgconn.PgError{Code: "53300", Message: "too many clients"},
		"still starting":                         &pgconn.PgError{Code: "57P03", Message: "the database system is starting up"},
		"answers with an error: disk on fire":    &pgconn.PgError{Code: "XX000", Message: "disk on fire"},
		"the host db.example is not known":       fmt.Errorf("x: %w", &net.DNSError{Name: "db.example"}),
		"db.example:5433 does not answer":        context.DeadlineExceeded,
		"db.example:5433 cannot be reached: oh":  fmt.Errorf("connecting: %w", errors.New("oh")),
		`answers, but database "x" is not there`: &pgconn.PgError{Code: "3D000", Message: `database "x" is not there`},
	} {
		got := unreachable(err, url)
		require.Equal(t, Broken, got.State)
		require.Contains(t, got.What, text)
		require.NotEmpty(t, got.Fix)
		require.NotContains(t, got.What+got.Fix, "hunter2")
	}
}

func TestARealDatabase(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	found := examine(t, healthy(), "DATABASE_URL="+url)
	for _, check := range []string{"database", "database.version", "database.encoding", "database.writable", "database.schema", "clock"} {
		require.Equal(t, OK, found[check].State, "%+v", found[check])
	}
	require.Equal(t, "the tables are those of this version", found["database.schema"].What)

	m := healthy()
	m.ahead = time.Hour
	require.Equal(t, Broken, examine(t, m, "DATABASE_URL="+url)["clock"].State)

	empty := examine(t, healthy(), "DATABASE_URL="+dbtest.Empty(t))["database.schema"]
	require.Equal(t, OK, empty.State)
	require.Contains(t, empty.What, "found: empty")
}

func TestNoDatabaseThere(t *testing.T) {
	t.Parallel()
	got := examine(t, healthy(), "DATABASE_URL=postgres://u:hunter2@127.0.0.1:1/x")["database"]
	require.Equal(t, Broken, got.State)
	require.Contains(t, got.What, "127.0.0.1:1 cannot be reached: connection refused")

	p := Patient{Config: settings(t), PrivateDatabase: "postgres:///x?host=/nowhere", Limit: time.Second}
	for _, f := range Examine(t.Context(), healthy(), p) {
		if f.Check == "database" {
			require.Equal(t, Skipped, f.State)
			require.Contains(t, f.What, "`ibutsu up` starts it")
		}
	}
}

// redisServer answers INFO with the text and everything else with OK or an error.
func redisServer(t *testing.T, info string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			answerRedis(conn, info)
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	return "redis://:hunter2@" + listener.Addr().String()
}

func answerRedis(conn net.Conn, info string) {
	defer func() { _ = conn.Close() }()
	buffer := make([]byte, 64<<10)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return
		}
		for command := range strings.SplitSeq(string(buffer[:n]), "*") {
			words := strings.Split(command, "\r\n")
			switch {
			case len(words) < 3:
			case strings.EqualFold(words[2], "INFO"):
				_, _ = fmt.Fprintf(conn, "$%d\r\n%s\r\n", len(info), info)
			case strings.EqualFold(words[2], "PING"):
				_, _ = fmt.Fprint(conn, "+PONG\r\n")
			default:
				_, _ = fmt.Fprint(conn, "+OK\r\n")
			}
		}
	}
}

func TestRedis(t *testing.T) {
	t.Parallel()
	for info, want := range map[string]Finding{
		"# Server\r\nredis_version:7.0.15\r\nos:Linux\r\n": {Check: "redis", State: OK, What: "Redis 7.0.15 answers"},
		"redis_version:7.2.4\r\nvalkey_version:8.0.1\r\n":  {Check: "redis", State: OK, What: "Valkey 8.0.1 answers"},
		"redis_version:5.0.7\r\n":                          {Check: "redis", State: Broken, What: "Redis 5.0.7 answers"},
	} {
		got := examine(t, healthy(), "REDIS_URL="+redisServer(t, info))["redis"]
		require.Equal(t, want.State, got.State)
		require.Equal(t, want.What, got.What)
	}
	got := examine(t, healthy(), "REDIS_URL=redis://:hunter2@127.0.0.1:1")["redis"]
	require.Equal(t, Warning, got.State, "the server works without it")
	require.Contains(t, got.What, "connection refused")
	require.NotContains(t, got.What+got.Fix, "hunter2")
}

func TestWhyARedisCannotBeUsed(t *testing.T) {
	t.Parallel()
	locked, err := harness.StartRedis(t.Context(), "--requirepass", "s3cret")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, locked.Stop()) })
	host := strings.TrimPrefix(locked.URL, "redis://")
	look := func(address string) Finding { return examine(t, healthy(), "REDIS_URL="+address)["redis"] }
	require.Equal(t, OK, look("redis://:s3cret@"+host).State)
	for _, wrong := range []string{locked.URL, "redis://:hunter2@" + host, "redis://nobody:hunter2@" + host} {
		got := look(wrong)
		require.Equal(t, Warning, got.State, wrong)
		require.Contains(t, got.What, "it refuses: ", wrong)
		require.Contains(t, got.Fix, "user and password")
	}

	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	got := look("rediss://" + strings.TrimPrefix(secure.URL, "https://"))
	require.Contains(t, got.What, "TLS fails: ")
	require.Contains(t, got.Fix, "ssl_ca_certs")
}

func TestARedisBehindSentinels(t *testing.T) {
	t.Parallel()
	redis, err := harness.StartSentinels(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, redis.Stop()) })
	got := examine(t, healthy(), "REDIS_URL="+redis.URL)["redis"]
	require.Equal(t, OK, got.State, got.What)
}

func TestTheSystem(t *testing.T) {
	t.Parallel()
	var s System
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path != "/api/health" {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	require.ErrorIs(t, s.Listen(t.Context(), address), syscall.EADDRINUSE)
	require.True(t, s.Answers(t.Context(), server.URL))
	require.False(t, s.Answers(t.Context(), server.URL+"/other"))
	require.False(t, s.Answers(t.Context(), "http://127.0.0.1:1"))
	require.NoError(t, s.Listen(t.Context(), "127.0.0.1:0"))

	dir := t.TempDir()
	require.NoError(t, s.Listen(t.Context(), "unix:"+filepath.Join(dir, "s.sock")))
	require.NoFileExists(t, filepath.Join(dir, "s.sock"))
	bytes, _, err := s.Disk(dir)
	require.NoError(t, err)
	require.NotZero(t, bytes)
	_, _, err = s.Disk(filepath.Join(dir, "nothing"))
	require.Error(t, err)
	limit, err := s.FileLimit()
	require.NoError(t, err)
	require.NotZero(t, limit)

	require.NoError(t, os.Chmod(dir, 0o750))
	require.Equal(t, Folder{Exists: true, IsDir: true, Writable: true, Mode: 0o750, Ours: true}, s.Folder(dir))
	require.Equal(t, Folder{Parent: dir, IsDir: true, Writable: true}, s.Folder(filepath.Join(dir, "a", "b")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	require.False(t, s.Folder(filepath.Join(dir, "file")).IsDir)
}

// A statement that runs long is named with what ends it.
func TestABusyDatabase(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `BEGIN; LOCK TABLE projects; INSERT INTO river_job (args, kind, max_attempts, state, finalized_at, scheduled_at) VALUES ('{}', 'import', 1, 'discarded', now(), now())`)
	require.NoError(t, err)
	other, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() {
		_, _ = other.Exec(context.WithoutCancel(t.Context()), `SELECT * FROM projects`)
		close(ended)
	}()
	require.Eventually(t, func() bool {
		got := examine(t, healthy(), "DATABASE_URL="+url)["database.activity"]
		return got.State == Warning && strings.Contains(got.What, "1 sessions wait for locks")
	}, 30*time.Second, 10*time.Millisecond)
	_, err = conn.Exec(t.Context(), "COMMIT")
	require.NoError(t, err)
	<-ended
	require.NoError(t, other.Close(t.Context()))
	require.NoError(t, conn.Close(t.Context()))
	require.Contains(t, examine(t, healthy(), "DATABASE_URL="+url)["jobs"].What, "1 have failed for good")

	replica := examine(t, healthy(), "DATABASE_URL="+url, "IBUTSU_DATABASE_REPLICAS="+url+",postgres://u:hunter2@127.0.0.1:1/x")
	require.Equal(t, Broken, replica["replica.1"].State, "a primary is no standby")
	require.Equal(t, Warning, replica["replica.2"].State)
	require.NotContains(t, replica["replica.2"].What, "hunter2")
}
