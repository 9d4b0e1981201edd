package insight

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Bounds of a search.
const (
	MaxSearchText = 200 // characters
	MaxFound      = 50  // of each kind
)

// SearchQuery asks for runs, tests and failures by a text.
type SearchQuery struct {
	Text string
	// Run keeps its own tests and failures, and leaves out all runs; nil: of any.
	Run *uuid.UUID
	// Since keeps what started then or later; nil: whenever.
	Since *time.Time
	Limit int
}

// Found is what a search found, Limit of each kind at most.
type Found struct {
	Runs     []FoundRun     `json:"runs"`
	Tests    []FoundTest    `json:"tests"`
	Failures []FoundFailure `json:"failures"`
}

// FoundRun is a run that was found.
type FoundRun struct {
	ID          uuid.UUID       `json:"id"`
	Component   *string         `json:"component"`
	Env         *string         `json:"env"`
	Source      *string         `json:"source"`
	JobName     *string         `json:"job_name"`
	BuildNumber *string         `json:"build_number"`
	StartTime   time.Time       `json:"start_time"`
	Summary     json.RawMessage `json:"summary"`
}

// FoundTest is a test that was found.
type FoundTest struct {
	TestID   string    `json:"test_id"`
	LastSeen time.Time `json:"last_seen"` // the start of its newest result
}

// FoundFailure is a result that failed, with where the words are in what it says.
type FoundFailure struct {
	ResultID   uuid.UUID  `json:"result_id"`
	RunID      *uuid.UUID `json:"run_id"`
	TestID     *string    `json:"test_id"`
	StartTime  time.Time  `json:"start_time"`
	Exception  string     `json:"exception"`
	Message    string     `json:"message"`
	Excerpt    string     `json:"excerpt" db:"-"`
	Highlights [][2]int   `json:"highlights" db:"-"` // in the excerpt, in UTF-16 code units
	Text       string     `json:"-"`
}

// Search finds runs, tests and failures of a project. ErrNoWord: the text has nothing to look for.
func (i *Insight) Search(ctx context.Context, project uuid.UUID, q SearchQuery) (json.RawMessage, error) {
	terms, err := readTerms(q.Text)
	if err != nil {
		return nil, err
	}
	return answered(ctx, i, project, []any{"search", q}, func(ctx context.Context) (Found, error) {
		var found Found
		var err error
		if found.Runs, err = i.findRuns(ctx, project, q, terms); err != nil {
			return found, err
		}
		if found.Tests, err = i.findTests(ctx, project, q, terms); err != nil {
			return found, err
		}
		found.Failures, err = i.findFailures(ctx, project, q, terms)
		return found, err
	})
}

// findRuns finds those whose id begins with the text, or that have all terms in what people call them by; those of which a term
// is the whole build first.
func (i *Insight) findRuns(ctx context.Context, project uuid.UUID, q SearchQuery, terms []term) ([]FoundRun, error) {
	if q.Run != nil {
		return []FoundRun{}, nil
	}
	builds := make([]string, len(terms))
	for n, t := range terms {
		builds[n] = strings.TrimPrefix(t.text, "#")
	}
	return rows[FoundRun](ctx, i, `
		SELECT id, component, env, source, job_name, build_number, start_time,
		       CASE WHEN jsonb_typeof(summary) = 'object' THEN summary END AS summary
		  FROM runs
		 WHERE project_id = $1 AND ($4::timestamp IS NULL OR start_time >= $4)
		   AND (starts_with(id::text, $2) OR concat_ws(' ', component, env, source, job_name, '#' || build_number) ILIKE ALL ($3))
		 ORDER BY coalesce(build_number = ANY($5), false) DESC, start_time DESC, id DESC LIMIT $6`,
		project, strings.ToLower(strings.TrimSpace(q.Text)), patterns(terms), q.Since, builds, q.Limit)
}

// findTests finds those that have all terms in their id: the one that is the text, those that begin with it, the others.
func (i *Insight) findTests(ctx context.Context, project uuid.UUID, q SearchQuery, terms []term) ([]FoundTest, error) {
	text := strings.TrimSpace(q.Text)
	return rows[FoundTest](ctx, i, `
		WITH named AS MATERIALIZED (
		        SELECT test_id FROM project_tests WHERE project_id = $1 AND test_id ILIKE ALL ($2)
		         UNION
		        SELECT n.test_id FROM tests_written w CROSS JOIN unnest(w.tests) AS n (test_id) WHERE w.project_id = $1 AND n.test_id ILIKE ALL ($2)),
		     sorted AS (SELECT test_id FROM named ORDER BY test_id <> $3, NOT starts_with(test_id, $3), length(test_id), test_id COLLATE "C")
		SELECT s.test_id, l.last_seen
		  FROM sorted s
		 CROSS JOIN LATERAL (SELECT start_time AS last_seen FROM results
		                      WHERE project_id = $1 AND test_id = s.test_id AND ($4::timestamp IS NULL OR start_time >= $4)
		                        AND ($5::uuid IS NULL OR run_id = $5)
		                      ORDER BY start_time DESC LIMIT 1) l
		 LIMIT $6`, project, patterns(terms), text, q.Since, q.Run, q.Limit)
}

// findFailures finds the newest that have all terms in what they say: by the index of words, and among those that it does not have yet,
// most of which the patterns alone rule out.
func (i *Insight) findFailures(ctx context.Context, project uuid.UUID, q SearchQuery, terms []term) ([]FoundFailure, error) {
	var spoken []term
	for _, t := range terms {
		for _, w := range t.words {
			spoken = append(spoken, term{text: w})
		}
	}
	const within = ` AND ($3::timestamp IS NULL OR f.start_time >= $3) AND ($4::uuid IS NULL OR f.run_id = $4)`
	found, err := rows[FoundFailure](ctx, i, `
		WITH hits AS (
		        (SELECT w.result_id, w.start_time
		           FROM failure_words w JOIN result_failures f ON f.result_id = w.result_id
		          WHERE w.project_id = $1 AND w.words @@ to_tsquery('simple', $2)`+within+`
		          ORDER BY w.start_time DESC, w.result_id DESC LIMIT $5)
		         UNION
		        (SELECT f.result_id, f.start_time
		           FROM failures_unread u JOIN result_failures f ON f.result_id = u.result_id JOIN results r ON r.id = u.result_id
		          WHERE u.project_id = $1 AND ibutsu_failure_text(r.data) ILIKE ALL ($6)
		            AND ibutsu_words(ibutsu_failure_text(r.data)) @@ to_tsquery('simple', $2)`+within+`
		          ORDER BY f.start_time DESC, f.result_id DESC LIMIT $5)
		          ORDER BY start_time DESC, result_id DESC LIMIT $5)
		SELECT h.result_id, r.run_id, r.test_id, r.start_time, w.exception, coalesce(w.message, '') AS message, ibutsu_failure_text(r.data) AS text
		  FROM hits h JOIN results r ON r.id = h.result_id CROSS JOIN LATERAL ibutsu_failure(r.result, r.data) w
		 ORDER BY h.start_time DESC, h.result_id DESC`, project, tsquery(terms), q.Since, q.Run, q.Limit, patterns(spoken))
	for n := range found {
		f := &found[n]
		f.Excerpt, f.Highlights = excerpt(f.Text, terms)
	}
	return found, err
}
