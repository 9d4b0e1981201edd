package widget

import (
	"math"

	"github.com/ibutsu/ibutsu-go/src/filter"
)

// runCounts are the counters of one run's summary, or their sums over several. All are numbers of tests.
type runCounts struct {
	tests, errors, failures, skips, xfailures, xpasses int64
}

// countColumns are the counters as columns of runs and of their rollups, in the order of scan.
const countColumns = "tests, errors, failures, skips, xfailures, xpasses"

// sumColumns are their sums over a group of runs.
const sumColumns = "coalesce(sum(tests), 0)::bigint, coalesce(sum(errors), 0)::bigint, coalesce(sum(failures), 0)::bigint, " +
	"coalesce(sum(skips), 0)::bigint, coalesce(sum(xfailures), 0)::bigint, coalesce(sum(xpasses), 0)::bigint"

func (c *runCounts) scan() []any {
	return []any{&c.tests, &c.errors, &c.failures, &c.skips, &c.xfailures, &c.xpasses}
}

// nullCounts reads counters of an outer join, which has none where nothing joins.
type nullCounts struct {
	tests, errors, failures, skips, xfailures, xpasses *int64
}

func (c *nullCounts) scan() []any {
	return []any{&c.tests, &c.errors, &c.failures, &c.skips, &c.xfailures, &c.xpasses}
}

// counts are the counters of a row that joined.
func (c *nullCounts) counts() runCounts {
	return runCounts{*c.tests, *c.errors, *c.failures, *c.skips, *c.xfailures, *c.xpasses}
}

// passes is what is left when all other outcomes are taken off.
func (c runCounts) passes() int64 {
	return c.tests - c.errors - c.failures - c.skips - c.xfailures - c.xpasses
}

// passRate is the share of tests that went as they should, in percent with two digits. Skipped tests went well, unless
// they count as failures.
func (c runCounts) passRate(countSkips bool) decimal {
	good := c.tests - c.errors - c.failures - c.xfailures - c.xpasses
	if countSkips {
		good -= c.skips
	}
	if c.tests == 0 {
		return 0
	}
	return rounded(float64(100*good)/float64(c.tests), 2)
}

// percent is a share of the tests, rounded to a whole number, ties to even.
func (c runCounts) percent(n int64) int64 {
	return int64(math.RoundToEven(100 * float64(n) / float64(c.tests)))
}

// jobName is the CI job of a run, spelled as its index is.
const jobName = "(data -> 'jenkins' ->> 'job_name')"

// groupBy returns the SQL of the field that runs are grouped by, as text; ok is false for a field that runs do not have.
// Lists and times are refused: they are no names for a group.
func (k *kind) groupBy(field string) (sql string, ok bool, err error) {
	e, ok, err := filter.Run().Expression(field)
	if err != nil || !ok {
		return "", false, err
	}
	switch e.Kind {
	case filter.JSON, filter.Timestamp:
		return "", false, k.wrong("group_field", "runs cannot be grouped by %s, which is no plain value", field)
	case filter.Text:
		return e.SQL, true, nil
	}
	return "(" + e.SQL + ")::text", true, nil
}
