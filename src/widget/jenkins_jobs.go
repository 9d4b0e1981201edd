package widget

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/filter"
)

// jenkinsBuild is a build of a Jenkins job: all runs that say they belong to it.
type jenkinsBuild struct {
	job, build       string
	url, env, source *string
	start            time.Time // of its first run
	// seconds is how long it took from its first run to the end of its last; execution is the sum of its runs' durations,
	// nil where none has one.
	seconds   float64
	execution *float64
	runCounts
}

// buildsQuery asks for a page of builds, newest first.
type buildsQuery struct {
	filters filter.Set
	// job is the name of one job; nil means all.
	job *string
	// runs is how many of the newest runs are looked at; 0 means all.
	runs           int
	page, pageSize int
}

// named keeps the runs that belong to a build.
const named = " AND runs.job_name IS NOT NULL AND runs.build_number IS NOT NULL"

// builds returns a page of builds and how many there are in all.
func (q *query) builds(ctx context.Context, b buildsQuery) ([]jenkinsBuild, int64, error) {
	var s statement
	s.in(q.projects)
	if b.job != nil {
		s.add(jobName+" = %s", *b.job)
	}
	if err := s.filter(filter.Run(), b.filters); err != nil {
		return nil, 0, err
	}
	source := "runs"
	if b.runs > 0 {
		source = "(SELECT * FROM runs WHERE " + s.where() + named + " ORDER BY start_time DESC, id DESC LIMIT " + s.args.Add(b.runs) + ") runs"
	}
	offset, limit := s.args.Add(int64(b.page-1)*int64(b.pageSize)), s.args.Add(b.pageSize)
	// Only the builds of the page are added up. The smallest text of several is found byte by byte, so that it is the same
	// on every server.
	rows := q.rows(ctx, &s, `
		WITH groups AS MATERIALIZED (
		         SELECT job_name, build_number, max(start_time) AS last FROM `+source+` WHERE `+s.where()+named+` GROUP BY job_name, build_number),
		     page AS MATERIALIZED (SELECT * FROM groups ORDER BY last DESC, job_name, build_number OFFSET `+offset+` LIMIT `+limit+`),
		     sums AS (
		         SELECT p.last, runs.job_name, runs.build_number, min(start_time) AS first, min(env COLLATE "C") AS env,
		                min(source COLLATE "C") AS source, max(duration) AS longest, sum(duration) AS execution,
		                sum(tests) AS tests, sum(errors) AS errors, sum(failures) AS failures, sum(skips) AS skips,
		                sum(xfailures) AS xfailures, sum(xpasses) AS xpasses,
		                min((data -> 'jenkins' ->> 'build_url') COLLATE "C") AS url
		           FROM `+source+` JOIN page p ON p.job_name = runs.job_name AND p.build_number = runs.build_number WHERE `+s.where()+`
		          GROUP BY 1, 2, 3)
		SELECT t.total, b.job_name, b.build_number, b.url, b.env, b.source, b.first,
		       extract(epoch FROM b.last - b.first)::float8 + coalesce(b.longest, 0), b.execution,
		       b.tests, b.errors, b.failures, b.skips, b.xfailures, b.xpasses
		  FROM (SELECT count(*) AS total FROM groups) t LEFT JOIN sums b ON true
		 ORDER BY b.last DESC, b.job_name, b.build_number`)
	var total int64
	builds := []jenkinsBuild{}
	err := each(rows, func(row pgx.Rows) error {
		var d jenkinsBuild
		var job, build *string
		var start *time.Time
		var seconds *float64
		var counts nullCounts
		columns := append([]any{&total, &job, &build, &d.url, &d.env, &d.source, &start, &seconds, &d.execution}, counts.scan()...)
		if err := row.Scan(columns...); err != nil {
			return err
		}
		if job == nil { // the total alone: no build is on the page
			return nil
		}
		d.job, d.build, d.start, d.seconds = *job, *build, *start, *seconds
		d.runCounts = counts.counts()
		builds = append(builds, d)
		return nil
	})
	return builds, total, err
}
