package doctor

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// activity is what a database is busy with.
type activity struct {
	connections int
	// longest is how long the slowest statement of now has been running, by which process; stuck is a transaction that has
	// been open without one.
	longest, stuck       time.Duration
	longestPID, stuckPID int
	longestText          string
	// waiting are the sessions that wait for a lock.
	waiting int
	// took is how long a question without work took.
	took time.Duration
	// jobs: how many are due, since when the oldest is, and how many have failed for good.
	due, dead int
	oldest    time.Duration
}

// askActivity gathers it. Sessions of other users show no text to one who may not see it.
func askActivity(ctx context.Context, conn *pgx.Conn) (activity, error) {
	var a activity
	var longest, stuck, oldest float64
	begin := time.Now()
	if _, err := conn.Exec(ctx, "SELECT 1"); err != nil {
		return a, err
	}
	a.took = time.Since(begin)
	err := conn.QueryRow(ctx, `
		WITH sessions AS (SELECT *, extract(epoch FROM clock_timestamp() - query_start)::float8 AS seconds FROM pg_stat_activity
		                   WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'),
		     slow AS (SELECT * FROM sessions WHERE state = 'active' AND query NOT ILIKE 'copy %' ORDER BY seconds DESC NULLS LAST LIMIT 1),
		     idle AS (SELECT * FROM sessions WHERE state LIKE 'idle in transaction%' ORDER BY seconds DESC NULLS LAST LIMIT 1)
		SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
		       coalesce((SELECT seconds FROM slow), 0), coalesce((SELECT pid FROM slow), 0), coalesce((SELECT left(regexp_replace(query, '\s+', ' ', 'g'), 60) FROM slow), ''),
		       coalesce((SELECT seconds FROM idle), 0), coalesce((SELECT pid FROM idle), 0),
		       (SELECT count(*) FROM sessions WHERE wait_event_type = 'Lock')`).
		Scan(&a.connections, &longest, &a.longestPID, &a.longestText, &stuck, &a.stuckPID, &a.waiting)
	if err != nil {
		return a, err
	}
	var queue bool
	if err := conn.QueryRow(ctx, `SELECT to_regclass('river_job') IS NOT NULL`).Scan(&queue); err != nil {
		return a, err
	}
	if queue {
		err = conn.QueryRow(ctx, `
			SELECT count(*) FILTER (WHERE state = 'available'), count(*) FILTER (WHERE state = 'discarded'),
			       coalesce(extract(epoch FROM now() - min(scheduled_at) FILTER (WHERE state = 'available')), 0)::float8 FROM river_job`).
			Scan(&a.due, &a.dead, &oldest)
	}
	a.longest, a.stuck, a.oldest = seconds(longest), seconds(stuck), seconds(oldest)
	return a, err
}

func seconds(n float64) time.Duration {
	return time.Duration(n * float64(time.Second)).Round(time.Millisecond)
}

const (
	longStatement = 10 * time.Second
	longSilence   = time.Minute
	slowAnswer    = 20 * time.Millisecond
	longWait      = 5 * time.Minute
)

// judgeActivity says what makes answers slow now.
func judgeActivity(a activity, maxConnections int) []Finding {
	work := Finding{Check: "database.activity", State: OK, What: fmt.Sprintf("%d of %d connections are used, an empty question takes %s", a.connections, maxConnections, a.took.Round(10*time.Microsecond))}
	switch {
	case a.stuck > longSilence:
		work.State, work.What = Warning, fmt.Sprintf("process %d of PostgreSQL has had a transaction open for %s without a statement", a.stuckPID, a.stuck.Round(time.Second))
		work.Why = "it keeps locks, and VACUUM from its work: tables grow and answers get slow"
		work.Fix = fmt.Sprintf("SELECT pg_terminate_backend(%d)", a.stuckPID)
	case a.longest > longStatement:
		work.State, work.What = Warning, fmt.Sprintf("a statement has been running for %s: %s", a.longest.Round(time.Second), a.longestText)
		work.Why = "it keeps a processor busy, and others may wait for it"
		work.Fix = fmt.Sprintf("SELECT pg_cancel_backend(%d); statement_timeout bounds those of requests", a.longestPID)
	case a.waiting > 0:
		work.State, work.What = Warning, fmt.Sprintf("%d sessions wait for locks of others", a.waiting)
		work.Why = "their requests take as long as those others"
		work.Fix = "SELECT pid, pg_blocking_pids(pid), query FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
	case a.connections*10 > maxConnections*9:
		work.State = Warning
		work.Why = "more processes will be refused"
		work.Fix = "lower database_pool_max, or raise max_connections in postgresql.conf"
	case a.took > slowAnswer:
		work.State = Warning
		work.Why = "every request asks several times: the network or the machine of the database is slow"
		work.Fix = "put the server nearer to its database, and look at the load there"
	}
	queue := Finding{Check: "jobs", State: OK, What: fmt.Sprintf("%d jobs wait, %d have failed for good", a.due, a.dead)}
	switch {
	case a.oldest > longWait:
		queue.State = Warning
		queue.What = fmt.Sprintf("%d jobs wait, the oldest for %s", a.due, a.oldest.Round(time.Second))
		queue.Why = "imports show up late: no worker runs, or they are too few"
		queue.Fix = "start a worker (`ibutsu module worker`), raise worker_concurrency; `ibutsu jobs workers` shows them"
	case a.dead > 0:
		queue.State = Warning
		queue.Why = "their work was not done"
		queue.Fix = "`ibutsu jobs list --status dead` shows their errors, `ibutsu jobs retry` tries them again"
	}
	return []Finding{work, queue}
}

// standbys looks at the replicas that reads may go to.
func standbys(ctx context.Context, p Patient) []Finding {
	var findings []Finding
	for i, url := range p.Config.Database.Replicas.Reveal() {
		f := Finding{Check: fmt.Sprintf("replica.%d", i+1)}
		asking, cancel := context.WithTimeout(ctx, p.Limit)
		standby, behind, err := askStandby(asking, url)
		cancel()
		switch {
		case err != nil:
			f = unreachable(err, url)
			f.Check, f.State = fmt.Sprintf("replica.%d", i+1), Warning
			f.Why, f.Fix = "all reads go to the primary", "start it, or take it out of database_replicas"
		case !standby:
			f.State, f.What = Broken, "it is no standby"
			f.Why = "no read goes there: what it has may be anything"
			f.Fix = "make it one anew (pg_basebackup --write-recovery-conf), or take it out of database_replicas"
		case behind > longStatement:
			f.State, f.What = Warning, fmt.Sprintf("it last replayed a commit of %s ago", behind.Round(time.Second))
			f.Why = "while it is behind, reads go to the primary; on an idle primary this means nothing"
			f.Fix = "look at pg_stat_replication on the primary"
		default:
			f.State, f.What = OK, "a standby that follows"
		}
		findings = append(findings, f)
	}
	return findings
}

func askStandby(ctx context.Context, url string) (standby bool, behind time.Duration, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return false, 0, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var late float64
	err = conn.QueryRow(ctx, `SELECT pg_is_in_recovery(), CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
		ELSE coalesce(extract(epoch FROM now() - pg_last_xact_replay_timestamp()), 0) END::float8`).Scan(&standby, &late)
	return standby, seconds(late), err
}
