package insight

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"
)

// MaxOutcomes bounds how far back a test's history looks.
const MaxOutcomes = 500

// TestQuery asks for the history of a test.
type TestQuery struct {
	Test string
	// Env and Component keep the outcomes of one; "" for any.
	Env, Component string
	// Last is how many outcomes are told, MaxOutcomes at most.
	Last int
}

// History is one test over time.
type History struct {
	Test string `json:"test_id"`
	// Outcomes are the last ones, the newest first.
	Outcomes []Outcome `json:"outcomes"`
	// Streak is what the test has done ever since it last did otherwise.
	Streak Streak `json:"streak"`
	// Usual is the band of the durations of the outcomes that passed, in seconds; null where none did.
	Usual *Band `json:"usual"`
	// Flakiness is the share of outcomes that differ (failing or not) from the one before in the same environment and component,
	// from 0 to 1; null where there are no two.
	Flakiness *float64 `json:"flakiness"`
	// Places tell the same by environment and component.
	Places []Place `json:"places"`
	// Groups are the failure groups that the outcomes told took part in, the most frequent first.
	Groups []TestGroup `json:"groups"`
}

// Outcome is one result of a test.
type Outcome struct {
	ID          uuid.UUID  `json:"id"`
	RunID       *uuid.UUID `json:"run_id"`
	Result      *string    `json:"result"`
	Duration    *float64   `json:"duration"`
	StartTime   time.Time  `json:"start_time"`
	Env         *string    `json:"env"`
	Component   *string    `json:"component"`
	Fingerprint *uuid.UUID `json:"fingerprint"` // of the failure
}

// Streak is a row of equal outcomes up to the newest. Outcomes that say nothing (skipped, manual, blocked) neither count nor end it.
type Streak struct {
	// Failing says which; false for a test without outcomes too.
	Failing bool  `json:"failing"`
	Length  int64 `json:"length"`
	// First is where it began, null without outcomes.
	First *Outcome `json:"first"`
	// Before is the last outcome of the other kind, null where there is none.
	Before *Outcome `json:"before"`
}

// Band is a range of durations, in seconds.
type Band struct {
	Low    float64 `json:"low"` // one in ten is faster
	Median float64 `json:"median"`
	High   float64 `json:"high"` // one in ten is slower
}

// Place is a test in one environment and component.
type Place struct {
	Env       *string  `json:"env"`
	Component *string  `json:"component"`
	Outcomes  int      `json:"outcomes"`
	Failing   int      `json:"failing"`
	Flakiness *float64 `json:"flakiness"`
	Newest    *string  `json:"newest"` // the newest outcome
}

// TestGroup is a failure group with how often the test took part.
type TestGroup struct {
	Fingerprint uuid.UUID `json:"fingerprint"`
	Exception   string    `json:"exception"`
	Message     string    `json:"message"`
	Count       int64     `json:"count"`
}

const outcomeColumns = `r.id, r.run_id, r.result, r.duration, r.start_time, r.env, r.component, f.fingerprint`

// Test returns the history of a test; one that nobody knows has no outcomes.
func (i *Insight) Test(ctx context.Context, project uuid.UUID, q TestQuery) (json.RawMessage, error) {
	return answered(ctx, i, project, []any{"test", q}, func(ctx context.Context) (History, error) {
		h := History{Test: q.Test, Places: []Place{}, Groups: []TestGroup{}}
		const of = ` FROM results r LEFT JOIN result_failures f ON f.result_id = r.id
			 WHERE r.project_id = $1 AND r.test_id = $2 AND ($3 = '' OR r.env = $3) AND ($4 = '' OR r.component = $4)`
		asked := []any{project, q.Test, q.Env, q.Component}
		var err error
		if h.Outcomes, err = rows[Outcome](ctx, i, `SELECT `+outcomeColumns+of+` ORDER BY r.start_time DESC, r.id DESC LIMIT $5`, append(asked, q.Last)...); err != nil {
			return h, err
		}
		if h.Streak, err = i.streak(ctx, of, asked); err != nil {
			return h, err
		}
		h.Usual, h.Flakiness, h.Places = band(h.Outcomes), flakiness(h.Outcomes), places(h.Outcomes)
		h.Groups, err = i.groupsOf(ctx, h.Outcomes)
		return h, err
	})
}

const (
	isFailing = `r.result IN ('failed', 'error')`
	isGood    = `r.result IN ('passed', 'xfailed', 'xpassed')`
)

// streak looks back as far as it takes, by the index on tests.
func (i *Insight) streak(ctx context.Context, of string, asked []any) (Streak, error) {
	newest := func(which string) (*Outcome, error) {
		found, err := rows[Outcome](ctx, i, `SELECT `+outcomeColumns+of+` AND `+which+` ORDER BY r.start_time DESC, r.id DESC LIMIT 1`, asked...)
		if err != nil || len(found) == 0 {
			return nil, err
		}
		return &found[0], nil
	}
	var s Streak
	bad, err := newest(isFailing)
	if err != nil {
		return s, err
	}
	good, err := newest(isGood)
	if err != nil || bad == nil && good == nil {
		return s, err
	}
	s.Failing = good == nil || bad != nil && later(*bad, *good)
	which := isGood
	s.Before = bad
	if s.Failing {
		which, s.Before = isFailing, good
	}
	after, values := "", asked
	if s.Before != nil {
		after, values = ` AND (r.start_time, r.id) > ($5, $6)`, append(slices.Clone(asked), s.Before.StartTime, s.Before.ID)
	}
	counted, err := rows[struct{ N int64 }](ctx, i, `SELECT count(*) AS n`+of+` AND `+which+after, values...)
	if err != nil {
		return s, err
	}
	first, err := rows[Outcome](ctx, i, `SELECT `+outcomeColumns+of+` AND `+which+after+` ORDER BY r.start_time, r.id LIMIT 1`, values...)
	if err != nil || len(first) == 0 {
		return s, err
	}
	s.Length, s.First = counted[0].N, &first[0]
	return s, nil
}

func later(a, b Outcome) bool {
	if !a.StartTime.Equal(b.StartTime) {
		return a.StartTime.After(b.StartTime)
	}
	return slices.Compare(a.ID[:], b.ID[:]) > 0
}

func (i *Insight) groupsOf(ctx context.Context, outcomes []Outcome) ([]TestGroup, error) {
	var ids []uuid.UUID
	for _, o := range outcomes {
		if o.Fingerprint != nil {
			ids = append(ids, o.ID)
		}
	}
	if ids == nil {
		return []TestGroup{}, nil
	}
	return rows[TestGroup](ctx, i, `
		SELECT f.fingerprint, min(w.exception) AS exception, (array_agg(w.message ORDER BY r.start_time DESC, r.id DESC))[1] AS message, count(*) AS count
		  FROM result_failures f JOIN results r ON r.id = f.result_id CROSS JOIN LATERAL ibutsu_failure(r.result, r.data) w
		 WHERE f.result_id = ANY($1) GROUP BY f.fingerprint ORDER BY count(*) DESC, f.fingerprint`, ids)
}

// verdict says whether an outcome is a failure; known is false where it says nothing.
func (o Outcome) verdict() (failing, known bool) {
	if o.Result == nil {
		return false, false
	}
	switch *o.Result {
	case "failed", "error":
		return true, true
	case "passed", "xfailed", "xpassed":
		return false, true
	}
	return false, false
}

type place struct{ env, component string }

func (o Outcome) place() place {
	text := func(s *string) string {
		if s == nil {
			return "\x00" // no name is not the empty name
		}
		return *s
	}
	return place{text(o.Env), text(o.Component)}
}

// flakiness is the share of changes among all pairs of neighbours in the same place.
func flakiness(outcomes []Outcome) *float64 {
	last := map[place]bool{}
	pairs, changes := 0, 0
	for _, o := range outcomes {
		failing, known := o.verdict()
		if !known {
			continue
		}
		if before, ok := last[o.place()]; ok {
			pairs++
			if before != failing {
				changes++
			}
		}
		last[o.place()] = failing
	}
	if pairs == 0 {
		return nil
	}
	share := float64(changes) / float64(pairs)
	return &share
}

func places(outcomes []Outcome) []Place {
	of, order := map[place][]Outcome{}, []place{}
	for _, o := range outcomes {
		if _, ok := of[o.place()]; !ok {
			order = append(order, o.place())
		}
		of[o.place()] = append(of[o.place()], o)
	}
	all := make([]Place, len(order))
	for n, at := range order {
		some := of[at]
		p := Place{Env: some[0].Env, Component: some[0].Component, Outcomes: len(some), Flakiness: flakiness(some), Newest: some[0].Result}
		for _, o := range some {
			if failing, _ := o.verdict(); failing {
				p.Failing++
			}
		}
		all[n] = p
	}
	return all
}

func band(outcomes []Outcome) *Band {
	var passed []float64
	for _, o := range outcomes {
		if o.Duration != nil && o.Result != nil && *o.Result == "passed" {
			passed = append(passed, *o.Duration)
		}
	}
	if len(passed) == 0 {
		return nil
	}
	slices.Sort(passed)
	at := func(share float64) float64 { return passed[int(share*float64(len(passed)-1)+0.5)] }
	return &Band{Low: at(0.1), Median: at(0.5), High: at(0.9)}
}
