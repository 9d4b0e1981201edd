package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// facts are what a database says about itself.
type facts struct {
	name, user     string
	version        int // server_version_num
	encoding       string
	timezone       string
	standby        bool
	readOnly       bool
	mayCreate      bool
	maxConnections int
	synchronous    string
	skew           time.Duration // how far this machine's clock is ahead
	found          string        // what store.Migrate found
	steps          []string      // what it would do
	schemaErr      error
	activity       activity
}

// database makes all checks of the database.
func database(ctx context.Context, m Machine, p Patient) []Finding {
	url := p.Config.Database.URL.Reveal()
	private := url == "" && p.PrivateDatabase != ""
	if private {
		url = p.PrivateDatabase
	}
	if url == "" {
		return []Finding{{Check: "database", State: Skipped, What: "no database is configured: `ibutsu up` makes one of its own"}}
	}
	ctx, cancel := context.WithTimeout(ctx, p.Limit)
	defer cancel()
	got, err := ask(ctx, m, url)
	if err != nil {
		finding := unreachable(err, url)
		if private {
			finding = Finding{Check: "database", State: Skipped, What: "the private PostgreSQL does not run now; `ibutsu up` starts it"}
		}
		return []Finding{finding}
	}
	return judge(got, p.Config)
}

// ask gathers the facts.
func ask(ctx context.Context, m Machine, url string) (facts, error) {
	var f facts
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return f, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	err = conn.QueryRow(ctx, `
		SELECT current_database(), current_user, current_setting('server_version_num')::int, current_setting('server_encoding'),
		       current_setting('timezone'), pg_is_in_recovery(), current_setting('default_transaction_read_only')::bool,
		       coalesce(has_schema_privilege(current_schema(), 'CREATE'), false), current_setting('max_connections')::int,
		       current_setting('synchronous_commit')`).
		Scan(&f.name, &f.user, &f.version, &f.encoding, &f.timezone, &f.standby, &f.readOnly, &f.mayCreate, &f.maxConnections, &f.synchronous)
	if err != nil {
		return f, err
	}
	if f.skew, err = skew(ctx, m, conn); err != nil {
		return f, err
	}
	if f.activity, err = askActivity(ctx, conn); err != nil {
		return f, err
	}
	if f.version >= oldestPostgres*10000 && f.encoding == "UTF8" {
		report, err := store.Migrate(ctx, url, store.MigrateOptions{DryRun: true, Log: zerolog.Nop()})
		f.found, f.steps, f.schemaErr = report.Found, report.Steps, err
	}
	return f, nil
}

// skew asks for the database's time and compares it with the middle of the asking.
func skew(ctx context.Context, m Machine, conn *pgx.Conn) (time.Duration, error) {
	var theirs time.Time
	before := m.Now()
	if err := conn.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&theirs); err != nil {
		return 0, err
	}
	took := m.Now().Sub(before)
	return before.Add(took / 2).Sub(theirs), nil
}

// NoDatabase says in one line why a database cannot be used and what to do, where that is known; else it is the error.
func NoDatabase(err error, url string) error {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); !ok {
		return err
	}
	f := unreachable(err, url)
	return fmt.Errorf("%s; %s", f.What, f.Fix)
}

// unreachable says why a database cannot be used. The error of pgx repeats user and host, never the password.
func unreachable(err error, url string) Finding {
	f := Finding{Check: "database", State: Broken, Why: "nothing works without the database"}
	target := "the database"
	if parsed, parseErr := pgx.ParseConfig(url); parseErr == nil {
		target = fmt.Sprintf("%s:%d", parsed.Host, parsed.Port)
	}
	var server *pgconn.PgError
	var dns *net.DNSError
	switch {
	case errors.As(err, &server) && (server.Code == "28P01" || server.Code == "28000"):
		f.What = "PostgreSQL refuses the sign-in: " + server.Message
		f.Fix = "check user and password (DATABASE_URL, or POSTGRESQL_USER and POSTGRESQL_PASSWORD), and pg_hba.conf on the server"
	case errors.As(err, &server) && server.Code == "3D000":
		f.What = "PostgreSQL answers, but " + server.Message
		f.Fix = "`createdb` it, or correct the name: DATABASE_URL, or POSTGRESQL_DATABASE"
	case errors.As(err, &server) && server.Code == "53300":
		f.What = "PostgreSQL has no connection left: " + server.Message
		f.Fix = "raise max_connections, or lower database_pool_max"
	case errors.As(err, &server) && server.Code == "57P03":
		f.What = "PostgreSQL is still starting: " + server.Message
		f.Fix = "wait a moment; the server itself waits as long as database_wait says"
	case errors.As(err, &server):
		f.What = "PostgreSQL answers with an error: " + server.Message
		f.Fix = "see the log of PostgreSQL"
	case errors.As(err, &dns):
		f.What = fmt.Sprintf("the host %s is not known", dns.Name)
		f.Fix = "correct the host: DATABASE_URL, or POSTGRESQL_HOST"
	case errors.Is(err, context.DeadlineExceeded):
		f.What = target + " does not answer in time"
		f.Fix = "check the address (DATABASE_URL, or POSTGRESQL_HOST and POSTGRESQL_PORT), and whether a firewall is between"
	default:
		f.What = fmt.Sprintf("%s cannot be reached: %v", target, reason(err))
		f.Fix = "start PostgreSQL, or correct its address: DATABASE_URL, or POSTGRESQL_HOST and POSTGRESQL_PORT"
	}
	return f
}

// reason is the innermost error, without the ways on which it came. Of several tries it is that of the first.
func reason(err error) error {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// judge turns facts into findings.
func judge(f facts, c *config.Config) []Finding {
	findings := []Finding{
		{Check: "database", State: OK, What: fmt.Sprintf("database %s answers user %s", f.name, f.user)},
		judgeVersion(f), judgeEncoding(f), judgeWritable(f), judgeSchema(f, c.Database.MigrateOnStart), judgeTimezone(f),
		judgeClock(f), judgeConnections(f, c.Database.PoolMax),
	}
	findings = append(findings, judgeActivity(f.activity, f.maxConnections)...)
	if f.synchronous == "off" {
		findings = append(findings, Finding{
			Check: "database.durability", State: Warning, What: "synchronous_commit is off",
			Why: "results that were acknowledged are lost when PostgreSQL crashes",
			Fix: fmt.Sprintf("ALTER DATABASE %s RESET synchronous_commit, or set it on in postgresql.conf", pgx.Identifier{f.name}.Sanitize()),
		})
	}
	return findings
}

func judgeVersion(f facts) Finding {
	major := f.version / 10000
	found := Finding{Check: "database.version", State: OK, What: fmt.Sprintf("PostgreSQL %d", major)}
	switch {
	case major < oldestPostgres:
		found.State, found.Why = Broken, fmt.Sprintf("%d to %d are supported", oldestPostgres, newestPostgres)
		found.Fix = "upgrade PostgreSQL (pg_upgrade, or dump and restore)"
	case major > newestPostgres:
		found.State, found.Why = Warning, fmt.Sprintf("this version is tested with %d to %d", oldestPostgres, newestPostgres)
		found.Fix = "look for a newer Ibutsu, or watch the log"
	}
	return found
}

func judgeEncoding(f facts) Finding {
	found := Finding{Check: "database.encoding", State: OK, What: "the encoding is " + f.encoding}
	if f.encoding != "UTF8" {
		found.State, found.Why = Broken, "test names in other scripts cannot be stored"
		found.Fix = "make a database with UTF8 (`createdb -E UTF8 -T template0 NAME`) and load a dump into it"
	}
	return found
}

func judgeWritable(f facts) Finding {
	found := Finding{Check: "database.writable", State: OK, What: "the database takes writes"}
	switch {
	case f.standby:
		found.State, found.What = Broken, "this server is a standby"
		found.Why = "it takes no writes"
		found.Fix = "name the primary in DATABASE_URL, or all with ?target_session_attrs=read-write"
	case f.readOnly:
		found.State, found.What = Broken, "default_transaction_read_only is on"
		found.Why = "no result could be stored"
		found.Fix = fmt.Sprintf("ALTER DATABASE %s RESET default_transaction_read_only, and the same for the user", pgx.Identifier{f.name}.Sanitize())
	}
	return found
}

func judgeSchema(f facts, migrates bool) Finding {
	found := Finding{Check: "database.schema", State: OK}
	switch {
	case f.found == "" && f.schemaErr == nil:
		found.State, found.What = Skipped, "the tables were not looked at"
	case f.schemaErr != nil:
		found.State, found.What = Broken, fmt.Sprintf("the tables cannot be used: %v", f.schemaErr)
		found.Why = "the server does not start on tables that it does not know"
		found.Fix = "`ibutsu migrate --dry-run` says more; DATABASE_URL may name the wrong database"
	case len(f.steps) == 0:
		found.What = "the tables are those of this version"
	case !f.mayCreate:
		found.State, found.What = Broken, fmt.Sprintf("%d steps of migration wait (found: %s), and user %s may not make tables", len(f.steps), f.found, f.user)
		found.Why = "the server cannot bring the tables up to date"
		found.Fix = fmt.Sprintf("GRANT CREATE ON SCHEMA public TO %s, or run `ibutsu migrate` as the owner of the database", pgx.Identifier{f.user}.Sanitize())
	case !migrates:
		found.State, found.What = Broken, fmt.Sprintf("%d steps of migration wait (found: %s)", len(f.steps), f.found)
		found.Why = "migrate_on_start is off, so the server does not start on these tables"
		found.Fix = "run `ibutsu migrate`"
	default:
		found.What = fmt.Sprintf("found: %s; the next start makes %d steps of migration (`ibutsu migrate --dry-run` lists them)", f.found, len(f.steps))
	}
	return found
}

func judgeTimezone(f facts) Finding {
	found := Finding{Check: "database.timezone", State: OK, What: "the time zone is " + f.timezone}
	switch f.timezone {
	case "UTC", "Etc/UTC", "GMT", "UCT", "Zulu", "Etc/UCT", "Universal":
	default:
		found.State = Warning
		found.Why = "times are stored in UTC: this server sees to it, but an old Ibutsu or psql on the same database would write others"
		found.Fix = fmt.Sprintf("ALTER DATABASE %s SET timezone TO 'UTC'", pgx.Identifier{f.name}.Sanitize())
	}
	return found
}

func judgeClock(f facts) Finding {
	off := f.skew.Abs().Round(time.Millisecond)
	found := Finding{Check: "clock", State: OK, What: fmt.Sprintf("the clocks of this machine and the database differ by %s", off)}
	switch {
	case off > time.Minute:
		found.State = Broken
	case off > 2*time.Second:
		found.State = Warning
	default:
		return found
	}
	found.Why = "tokens seem to come from the future and are refused, schedules run at wrong times"
	found.Fix = "let both machines keep their time by NTP (`timedatectl set-ntp true`)"
	return found
}

func judgeConnections(f facts, poolMax int) Finding {
	wanted := 3 * poolMax // backend, worker and scheduler have a pool each
	found := Finding{Check: "database.connections", State: OK, What: fmt.Sprintf("PostgreSQL takes %d connections", f.maxConnections)}
	if wanted > f.maxConnections-3 {
		found.State = Warning
		found.Why = fmt.Sprintf("backend, worker and scheduler may want %d together", wanted)
		found.Fix = fmt.Sprintf("lower database_pool_max (now %d), or raise max_connections in postgresql.conf", poolMax)
	}
	return found
}
