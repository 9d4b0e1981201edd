package widget

import (
	"context"
	"time"

	"github.com/google/uuid"
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

const (
	// buildColumns are what a statement knows of a build, shownColumns what is read of it.
	buildColumns = "job_name, build_number, url, env, source, first, last, longest, execution, " + countColumns
	shownColumns = "job_name, build_number, url, env, source, first, extract(epoch FROM last - first)::float8 + coalesce(longest, 0), execution, " + countColumns
	newestFirst  = " ORDER BY last DESC, job_name, build_number"
)

// builds returns a page of builds and how many there are in all.
func (q *query) builds(ctx context.Context, b buildsQuery) ([]jenkinsBuild, int64, error) {
	s, sql, err := b.statement(q)
	if err != nil {
		return nil, 0, err
	}
	var total int64
	builds := []jenkinsBuild{}
	err = each(q.rows(ctx, s, sql), func(row pgx.Rows) error {
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

// statement asks for the number of all builds beside each build of the page, or alone.
func (b buildsQuery) statement(q *query) (*statement, string, error) {
	var s statement
	if known, ok := runDaysOf(q.projects, b.filters); ok && b.runs == 0 {
		switch {
		case known.field == "all":
			return &s, b.fromBuilds(&s, known.project, b.job), nil
		case known.field == "job_name" && b.job == nil:
			return &s, b.fromBuilds(&s, known.project, known.value), nil
		}
	}
	s.in(q.projects)
	if b.job != nil {
		s.add(jobName+" = %s", *b.job)
	}
	if err := s.filter(filter.Run(), b.filters); err != nil {
		return nil, "", err
	}
	return &s, b.fromRuns(&s), nil
}

// fromBuilds takes the builds from their rollup, but for those that changed since they were counted. Only those up to the end of
// the page are read, the rest is counted in an index.
func (b buildsQuery) fromBuilds(s *statement, project uuid.UUID, job *string) string {
	mark := s.args.Add(project) + "::uuid"
	where := "project_id = " + mark
	if job != nil {
		where += " AND job_name = " + s.args.Add(*job)
	}
	offset, limit := s.args.Add(int64(b.page-1)*int64(b.pageSize)), s.args.Add(b.pageSize)
	kept := " FROM jenkins_builds WHERE " + where + " AND (job_name, build_number) NOT IN (TABLE changed)"
	return `
		WITH changed AS MATERIALIZED (
		         SELECT DISTINCT job_name, build_number FROM runs_changed WHERE ` + where + ` AND job_name IS NOT NULL AND build_number IS NOT NULL),
		     fresh AS MATERIALIZED (SELECT * FROM changed CROSS JOIN LATERAL ibutsu_count_build(` + mark + `, job_name, build_number)),
		     page AS (
		         SELECT * FROM ((SELECT ` + buildColumns + kept + newestFirst + ` LIMIT ` + offset + `::bigint + ` + limit + `::bigint)
		                        UNION ALL SELECT ` + buildColumns + ` FROM fresh) b` + newestFirst + ` OFFSET ` + offset + `::bigint LIMIT ` + limit + `::bigint)
		SELECT total, ` + shownColumns + `
		  FROM (SELECT (SELECT count(*)` + kept + `) + (SELECT count(*) FROM fresh) AS total) t LEFT JOIN page ON true` + newestFirst
}

// fromRuns adds up the runs. Only those of the page's builds are read whole. The smallest text of several is found byte by byte, so
// that it is the same on every server.
func (b buildsQuery) fromRuns(s *statement) string {
	source := "runs"
	if b.runs > 0 {
		source = "(SELECT * FROM runs WHERE " + s.where() + named + " ORDER BY start_time DESC, id DESC LIMIT " + s.args.Add(b.runs) + ") runs"
	}
	offset, limit := s.args.Add(int64(b.page-1)*int64(b.pageSize)), s.args.Add(b.pageSize)
	return `
		WITH groups AS MATERIALIZED (
		         SELECT job_name, build_number, max(start_time) AS last FROM ` + source + ` WHERE ` + s.where() + named + ` GROUP BY job_name, build_number),
		     chosen AS MATERIALIZED (SELECT * FROM groups` + newestFirst + ` OFFSET ` + offset + ` LIMIT ` + limit + `),
		     page AS (
		         SELECT c.last, runs.job_name, runs.build_number, min(start_time) AS first, min(env COLLATE "C") AS env,
		                min(source COLLATE "C") AS source, max(duration) AS longest, sum(duration) AS execution,
		                sum(tests) AS tests, sum(errors) AS errors, sum(failures) AS failures, sum(skips) AS skips,
		                sum(xfailures) AS xfailures, sum(xpasses) AS xpasses,
		                min((data -> 'jenkins' ->> 'build_url') COLLATE "C") AS url
		           FROM ` + source + ` JOIN chosen c ON c.job_name = runs.job_name AND c.build_number = runs.build_number WHERE ` + s.where() + `
		          GROUP BY 1, 2, 3)
		SELECT total, ` + shownColumns + `
		  FROM (SELECT count(*) AS total FROM groups) t LEFT JOIN page ON true` + newestFirst
}
