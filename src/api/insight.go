package api

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/insight"
)

const (
	mostDays     = 90
	mostAnswered = 200
)

// asked lets a question about a project through, when who asks may ask it.
func (s *Server) asked(c *fiber.Ctx, operation, project string) (uuid.UUID, error) {
	id, ok := filter.ParseUUID(project)
	if !ok {
		return id, badField("project", "%q is not a valid UUID", shown(project))
	}
	return id, s.allow(c, operation, &id)
}

// within reads a number that has a default and a bound.
func within(name string, given *int, usual, most int) (int, error) {
	if given == nil {
		return usual, nil
	}
	if *given < 1 || *given > most {
		return 0, badField(name, "%d is not between 1 and %d", *given, most)
	}
	return *given, nil
}

// runOfProject reads the id of a run; one of another project is as little there as one that is not.
func (s *Server) runOfProject(ctx context.Context, name, text string, project uuid.UUID) (uuid.UUID, error) {
	id, ok := filter.ParseUUID(text)
	if !ok {
		return id, badField(name, "%q is not a valid UUID", shown(text))
	}
	home, err := s.store.RunProject(ctx, id)
	if err == nil && (home == nil || *home != project) {
		return id, refuse(http.StatusNotFound, "Run not found")
	}
	return id, missing(err, "Run not found")
}

func answerJSON(c *fiber.Ctx, answer json.RawMessage, err error) error {
	if err != nil {
		return err
	}
	return send(c, http.StatusOK, func(dst []byte) []byte { return append(dst, answer...) })
}

// GetTriage answers the newest run of each series.
func (s *Server) GetTriage(c *fiber.Ctx, params contract.GetTriageParams) error {
	project, err := s.asked(c, "get_triage", params.Project)
	if err != nil {
		return err
	}
	days, err := within("days", params.Days, 30, mostDays)
	if err != nil {
		return err
	}
	failures := 0
	if params.Failures != nil {
		failures = *params.Failures
	}
	if failures < 0 || failures > math.MaxInt32 {
		return badField("failures", "%d is not between 0 and %d", failures, math.MaxInt32)
	}
	number, err := within("page", params.Page, 1, insight.MaxTriagePage)
	if err != nil {
		return err
	}
	_, set, err := filters(params.Filter, filter.Run())
	if err != nil {
		return err
	}
	answer, err := s.insight.Triage(c.UserContext(), project, insight.TriageQuery{Days: days, Failures: failures, Page: number, Filter: set})
	return answerJSON(c, answer, err)
}

// GetFailureGroups answers failures by what went wrong.
func (s *Server) GetFailureGroups(c *fiber.Ctx, params contract.GetFailureGroupsParams) error {
	project, err := s.asked(c, "get_failure_groups", params.Project)
	if err != nil {
		return err
	}
	days, err := within("days", params.Days, 14, mostDays)
	if err != nil {
		return err
	}
	limit, err := within("limit", params.Limit, 100, mostAnswered)
	if err != nil {
		return err
	}
	if params.Run == nil {
		answer, err := s.insight.Failures(c.UserContext(), project, days, limit)
		return answerJSON(c, answer, err)
	}
	run, err := s.runOfProject(c.UserContext(), "run", *params.Run, project)
	if err != nil {
		return err
	}
	answer, err := s.insight.FailuresOf(c.UserContext(), project, run)
	return answerJSON(c, answer, err)
}

// GetTestHistory answers one test over time.
func (s *Server) GetTestHistory(c *fiber.Ctx, params contract.GetTestHistoryParams) error {
	project, err := s.asked(c, "get_test_history", params.Project)
	if err != nil {
		return err
	}
	last, err := within("last", params.Last, 50, insight.MaxOutcomes)
	if err != nil {
		return err
	}
	q := insight.TestQuery{Test: params.Test, Last: last}
	if params.Env != nil {
		q.Env = *params.Env
	}
	if params.Component != nil {
		q.Component = *params.Component
	}
	answer, err := s.insight.Test(c.UserContext(), project, q)
	return answerJSON(c, answer, err)
}

// GetFlakyTests answers the tests that cannot be relied on.
func (s *Server) GetFlakyTests(c *fiber.Ctx, params contract.GetFlakyTestsParams) error {
	project, err := s.asked(c, "get_flaky_tests", params.Project)
	if err != nil {
		return err
	}
	days, err := within("days", params.Days, 14, mostDays)
	if err != nil {
		return err
	}
	limit, err := within("limit", params.Limit, 100, mostAnswered)
	if err != nil {
		return err
	}
	answer, err := s.insight.Flaky(c.UserContext(), project, days, limit)
	return answerJSON(c, answer, err)
}

// GetTestList answers tests with what they did of late.
func (s *Server) GetTestList(c *fiber.Ctx, params contract.GetTestListParams) error {
	project, err := s.asked(c, "get_test_list", params.Project)
	if err != nil {
		return err
	}
	q := insight.TestsQuery{Order: "failures", Text: textOf(params.Text), Env: textOf(params.Env), Component: textOf(params.Component)}
	if q.Days, err = within("days", params.Days, 14, mostDays); err != nil {
		return err
	}
	if q.Limit, err = within("limit", params.Limit, 100, mostAnswered); err != nil {
		return err
	}
	if params.Sort != nil {
		q.Order = *params.Sort
	}
	if !insight.TestOrder(q.Order) {
		return badField("sort", "tests cannot be sorted by %q", shown(q.Order))
	}
	if params.Only != nil {
		q.Only = insight.Only(*params.Only)
	}
	if !q.Only.Known() {
		return badField("only", "%q is none of flaky, failing and newly_failing", shown(string(q.Only)))
	}
	if params.After != nil {
		if q.After, err = insight.ParseTestPlace(*params.After); err != nil {
			return badField("after", "it is not the next of an answer")
		}
	}
	answer, err := s.insight.Tests(c.UserContext(), project, q)
	return answerJSON(c, answer, err)
}

// GetComparison answers what changed between two runs.
func (s *Server) GetComparison(c *fiber.Ctx, params contract.GetComparisonParams) error {
	ctx := c.UserContext()
	project, err := s.asked(c, "get_comparison", params.Project)
	if err != nil {
		return err
	}
	number, size, err := page(params.Page, params.PageSize)
	if err != nil {
		return err
	}
	if size < 1 || size > largestPage {
		return badField("pageSize", "%d is not between 1 and %d", size, largestPage)
	}
	if number < 1 || number > 1_000_000 {
		return badField("page", "%d is not between 1 and 1000000", number)
	}
	var changes []insight.Change
	if params.Change != nil {
		changes = append(changes, insight.Change(*params.Change))
	}
	runs, previous, err := s.compared(ctx, params, project)
	if err != nil {
		return err
	}
	answer, err := s.insight.Compare(ctx, project, runs, previous, changes, (number-1)*size, size)
	return answerJSON(c, answer, err)
}

// compared reads which runs are compared with which: the build of one run with the one before, when nothing else is said.
func (s *Server) compared(ctx context.Context, params contract.GetComparisonParams, project uuid.UUID) (runs, previous []uuid.UUID, err error) {
	if runs, err = s.runsOfProject(ctx, "run", params.Run, project); err != nil {
		return nil, nil, err
	}
	if params.With == nil {
		return s.insight.Builds(ctx, project, runs[0])
	}
	previous, err = s.runsOfProject(ctx, "with", *params.With, project)
	return runs, previous, err
}

// mostCompared bounds the runs of one side.
const mostCompared = 20

func (s *Server) runsOfProject(ctx context.Context, name string, texts []string, project uuid.UUID) ([]uuid.UUID, error) {
	if n := len(texts); n == 0 || n > mostCompared {
		return nil, badField(name, "%d runs; from 1 to %d can be compared at once", n, mostCompared)
	}
	runs := make([]uuid.UUID, len(texts))
	for n, text := range texts {
		var err error
		if runs[n], err = s.runOfProject(ctx, name, text, project); err != nil {
			return nil, err
		}
	}
	return runs, nil
}

// GetRunFiles answers the files that the results of a run come from.
func (s *Server) GetRunFiles(c *fiber.Ctx, params contract.GetRunFilesParams) error {
	project, err := s.asked(c, "get_run_files", params.Project)
	if err != nil {
		return err
	}
	run, err := s.runOfProject(c.UserContext(), "run", params.Run, project)
	if err != nil {
		return err
	}
	answer, err := s.insight.Files(c.UserContext(), project, run)
	return answerJSON(c, answer, err)
}

// GetFieldValues answers values of a field.
func (s *Server) GetFieldValues(c *fiber.Ctx, params contract.GetFieldValuesParams) error {
	project, err := s.asked(c, "get_field_values", params.Project)
	if err != nil {
		return err
	}
	of, text := "results", ""
	if params.Of != nil {
		of = *params.Of
	}
	if of != "runs" && of != "results" {
		return badField("of", "%q is neither runs nor results", shown(of))
	}
	if params.Text != nil {
		text = *params.Text
	}
	answer, err := s.insight.Values(c.UserContext(), project, of, params.Field, text)
	if unusable, ok := errors.AsType[*filter.Error](err); ok {
		return badField("field", "%s", unusable.Error())
	}
	return answerJSON(c, answer, err)
}

// SearchProject answers runs, tests and failures that a text is in.
func (s *Server) SearchProject(c *fiber.Ctx, text contract.PlainId, params contract.SearchProjectParams) error {
	project, err := pathID(text)
	if err != nil {
		return err
	}
	if _, err := s.store.Project(c.UserContext(), project); err != nil {
		return missing(err, "Project not found")
	}
	if err := s.allow(c, "search_project", &project); err != nil {
		return err
	}
	q := insight.SearchQuery{Text: params.Q}
	if n := utf8.RuneCountInString(q.Text); n > insight.MaxSearchText || !utf8.ValidString(q.Text) || strings.Contains(q.Text, "\x00") {
		return badField("q", "it is not a text of %d characters at most", insight.MaxSearchText)
	}
	if q.Limit, err = within("limit", params.Limit, 8, insight.MaxFound); err != nil {
		return err
	}
	if q.Since, err = queryTime("since", params.Since); err != nil {
		return err
	}
	if params.RunId != nil {
		run, err := s.runOfProject(c.UserContext(), "run_id", *params.RunId, project)
		if err != nil {
			return err
		}
		q.Run = &run
	}
	answer, err := s.insight.Search(c.UserContext(), project, q)
	if errors.Is(err, insight.ErrNoWord) {
		return badField("q", "%s", err)
	}
	return answerJSON(c, answer, err)
}
