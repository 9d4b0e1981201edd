package insight

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"time"

	"github.com/google/uuid"
)

// MaxTold bounds the results that a list of tests is made of: the newest ones of its window. What it costs is bounded with them.
const MaxTold = 200_000

// Only keeps some of the tests.
type Only string

// The kinds of tests that are asked for. Flaky is one that did otherwise than the time before at least twice.
const (
	AllTests     Only = ""
	FlakyTests   Only = "flaky"
	FailingTests Only = "failing"
	NewlyFailed  Only = "newly_failing"
)

// onlySQL keeps them.
var onlySQL = map[Only]string{
	AllTests: `true`, FlakyTests: `changes >= 2`, FailingTests: `failing_since IS NOT NULL`, NewlyFailed: `failing_since IS NOT NULL AND good > 0`,
}

// Known says whether there is such a kind.
func (o Only) Known() bool { return onlySQL[o] != "" }

// testOrders are what tests are sorted by, each largest first; equal ones, and all by name, in the order of their names.
var testOrders = map[string]string{
	"failures":  `failing::float8`,
	"flakiness": `coalesce(flakiness, -1)`,
	"duration":  `coalesce(duration, -1)`,
	"since":     `coalesce(extract(epoch FROM failing_since)::float8, -1)`,
	"name":      `0::float8`,
}

// TestOrder says whether tests can be sorted so.
func TestOrder(name string) bool { return testOrders[name] != "" }

// TestsQuery asks for tests of a project.
type TestsQuery struct {
	Days                 int
	Text, Env, Component string // "" for any
	Only                 Only
	Order                string // one that TestOrder knows
	After                *TestPlace
	Limit                int
}

// TestPlace is a test in a list, after which the next page begins.
type TestPlace struct {
	Key  float64 `json:"k"`
	Test string  `json:"t"`
}

// Tests is a page of tests.
type Tests struct {
	Tests []ListedTest `json:"tests"`
	// Total is how many there are on all pages; From when the results begin that they are made of.
	Total int64     `json:"total"`
	From  time.Time `json:"from"`
	// Next is where the next page begins, null on the last.
	Next *string `json:"next"`
}

// ListedTest is what a test did of late. Outcomes that say nothing (skipped, manual, blocked) neither count as turns nor end a streak.
type ListedTest struct {
	TestID   string `json:"test_id"`
	Outcomes int64  `json:"outcomes"`
	Failing  int64  `json:"failing"`
	// Changes is how often it did otherwise than the time before in the same environment and component, a retry included;
	// Flakiness that as a share of all pairs, from 0 to 1, null where there is none.
	Changes   int64    `json:"changes"`
	Flakiness *float64 `json:"flakiness"`
	Duration  *float64 `json:"duration"` // seconds, on the average
	// Newest is its newest result.
	Newest    uuid.UUID `json:"newest"`
	Result    *string   `json:"result"`
	StartTime time.Time `json:"start_time"`
	// FailingSince is when it began to fail, null where it was good the last time; Streak how often it failed since.
	FailingSince *time.Time `json:"failing_since"`
	Streak       int64      `json:"streak"`
}

// ErrPlace says that a text is no place in a list of tests.
var ErrPlace = errors.New("insight: it is no place in a list of tests")

// ParseTestPlace reads what an answer gave as the place of the next page.
func ParseTestPlace(text string) (*TestPlace, error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	var p TestPlace
	if err != nil || json.Unmarshal(raw, &p) != nil || math.IsNaN(p.Key) {
		return nil, ErrPlace
	}
	return &p, nil
}

func (p TestPlace) String() string {
	raw, _ := json.Marshal(p) //nolint:errchkjson // a text and a number that is one
	return base64.RawURLEncoding.EncodeToString(raw)
}

type listedRow struct {
	ListedTest
	Key   float64
	Total int64
	Began time.Time
}

// Tests returns tests with what they did of late: of so many days, but of no more than the newest MaxTold results of the project.
func (i *Insight) Tests(ctx context.Context, project uuid.UUID, q TestsQuery) (json.RawMessage, error) {
	from := i.since(q.Days)
	return answered(ctx, i, project, []any{"tests", from, q}, func(ctx context.Context) (Tests, error) {
		a := Tests{Tests: []ListedTest{}, From: from}
		key, test := math.Inf(1), ""
		if q.After != nil {
			key, test = q.After.Key, q.After.Test
		}
		// One row more tells whether there is a next page.
		found, err := rows[listedRow](ctx, i, testsSQL(q), project, from, MaxTold, q.Env, q.Component, q.Text, key, test, q.Limit+1)
		if err != nil {
			return a, err
		}
		for n, r := range found {
			a.Total, a.From = r.Total, r.Began
			if n == q.Limit {
				next := TestPlace{found[n-1].Key, found[n-1].TestID}.String()
				a.Next = &next
				break
			}
			a.Tests = append(a.Tests, r.ListedTest)
		}
		return a, nil
	})
}

func testsSQL(q TestsQuery) string {
	return `
		WITH began AS MATERIALIZED (
		        SELECT greatest($2::timestamp, (SELECT start_time FROM results WHERE project_id = $1 ORDER BY start_time DESC, id DESC OFFSET $3 LIMIT 1)) AS at),
		     told AS (
		        SELECT test_id, env, component, id, duration, start_time, coalesce(result IN ('failed', 'error'), false) AS failing,
		               coalesce(result IN ('passed', 'xfailed', 'xpassed'), false) AS good
		          FROM results
		         WHERE project_id = $1 AND start_time >= (SELECT at FROM began) AND test_id IS NOT NULL
		           AND ($4 = '' OR env = $4) AND ($5 = '' OR component = $5) AND ($6 = '' OR strpos(lower(test_id), lower($6)) > 0)),
		     places AS (
		        SELECT test_id, count(*) AS outcomes, count(*) FILTER (WHERE failing) AS failing, count(*) FILTER (WHERE good) AS good,
		               greatest(count(*) FILTER (WHERE failing OR good) - 1, 0) AS pairs, sum(duration) AS seconds, count(duration) AS timed
		          FROM told GROUP BY test_id, env, component),
		     sums AS (
		        SELECT test_id, sum(outcomes)::bigint AS outcomes, sum(failing)::bigint AS failing, sum(good)::bigint AS good, sum(pairs)::bigint AS pairs,
		               round((sum(seconds) / nullif(sum(timed), 0))::numeric, 6)::float8 AS duration
		          FROM places GROUP BY test_id),
		     -- Only a test that failed has turns and streaks, which leaves most of the rows alone.
		     numbered AS (
		        SELECT t.*, row_number() OVER (PARTITION BY t.test_id ORDER BY t.start_time, t.id) AS n,
		               lag(t.failing) OVER (PARTITION BY t.test_id, t.env, t.component ORDER BY t.start_time, t.id) AS before
		          FROM told t JOIN sums s ON s.test_id = t.test_id AND s.failing > 0
		         WHERE t.failing OR t.good),
		     streaks AS (SELECT *, max(n) FILTER (WHERE good) OVER (PARTITION BY test_id) AS last_good FROM numbered),
		     turns AS (
		        SELECT test_id, count(*) FILTER (WHERE failing <> before) AS changes,
		               min(start_time) FILTER (WHERE failing AND n > coalesce(last_good, 0)) AS failing_since,
		               count(*) FILTER (WHERE failing AND n > coalesce(last_good, 0)) AS streak
		          FROM streaks GROUP BY test_id),
		     tests AS (
		        SELECT s.*, coalesce(t.changes, 0) AS changes, coalesce(t.changes, 0)::float8 / nullif(s.pairs, 0) AS flakiness, t.failing_since,
		               coalesce(t.streak, 0) AS streak
		          FROM sums s LEFT JOIN turns t USING (test_id)),
		     keyed AS MATERIALIZED (SELECT *, ` + testOrders[q.Order] + ` AS key FROM tests WHERE ` + onlySQL[q.Only] + `)
		SELECT p.test_id, p.outcomes, p.failing, p.changes, p.flakiness, p.duration, w.newest, w.result, w.start_time, p.failing_since, p.streak, p.key,
		       (SELECT count(*) FROM keyed) AS total, (SELECT at FROM began) AS began
		  FROM (SELECT * FROM keyed WHERE key < $7 OR key = $7 AND test_id COLLATE "C" > $8 ORDER BY key DESC, test_id COLLATE "C" LIMIT $9) p
		 CROSS JOIN LATERAL (SELECT id AS newest, result, start_time FROM results
		                      WHERE project_id = $1 AND test_id = p.test_id AND ($4 = '' OR env = $4) AND ($5 = '' OR component = $5)
		                      ORDER BY start_time DESC, id DESC LIMIT 1) w
		 ORDER BY p.key DESC, p.test_id COLLATE "C"`
}
