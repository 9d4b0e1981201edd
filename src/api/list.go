package api

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/api/encode"
	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/jobs"
	"github.com/ibutsu/ibutsu-go/src/store"
)

const (
	defaultPageSize = 25
	// largestPage is the most rows that a list of runs or results answers at once; a task makes larger pages.
	largestPage = 500
	// maxPageSize bounds a page of any list, and what a task has to hold.
	maxPageSize = 100_000
)

// page returns which page is asked for, as it is echoed.
func page(number, size *int) (int, int, error) {
	n, items := 1, defaultPageSize
	if number != nil {
		n = *number
	}
	if size != nil {
		items = *size
	}
	if items > maxPageSize {
		return 0, 0, problem(http.StatusBadRequest, "pageSize: %d is more than the %d that a page can have", items, maxPageSize)
	}
	if n > math.MaxInt/items {
		return 0, 0, badField("page", "%d is out of range", n)
	}
	return n, items, nil
}

// filters reads the filters of a list. They are tried on the model at once, so that a task is not made in vain.
func filters(given *contract.Filter, model filter.Model) (raw []string, set filter.Set, err error) {
	if given != nil {
		raw = *given
	}
	if set, err = filter.Parse(raw); err != nil {
		return raw, set, err
	}
	_, err = filter.Compile(model, set, filter.NewArgs(0))
	return raw, set, err
}

// listQuery is the query of a list of runs or results under the rights of who asks. Those who see every project, or none,
// have to name one.
func listQuery(who *auth.Identity, set filter.Set, page, pageSize int) (store.ListQuery, error) {
	scope := who.Scope()
	if !set.HasProject() {
		switch {
		case scope == nil:
			return store.ListQuery{}, refuse(http.StatusBadRequest, "Bad request, project_id filter is required for unscoped queries")
		case len(scope) == 0:
			return store.ListQuery{}, refuse(http.StatusBadRequest, "Bad request, project_id filter is required")
		}
	}
	return store.ListQuery{Filter: set, Scope: scope, Page: page, PageSize: pageSize}, nil
}

// sorting reads the order of a list; none means newest first. It is not called sort: there are clients that send this and
// have always been answered newest first.
func sorting(text *string, read func(string) (*store.Order, error)) (*store.Order, error) {
	if text == nil || *text == "" {
		return nil, nil
	}
	order, err := read(*text)
	if err != nil {
		return nil, badField("orderBy", "%s", err)
	}
	return order, nil
}

// delegate leaves a page that is too large for a request to a task, under the rights of who asks.
func (s *Server) delegate(c *fiber.Ctx, table string, raw []string, sort *string, q store.ListQuery) error {
	task := s.newID()
	request := jobs.QueryRequest{Table: table, Filters: raw, Scope: q.Scope, Page: q.Page, PageSize: q.PageSize}
	if sort != nil {
		request.Sort = *sort
	}
	if err := s.jobs.QueryPage(c.UserContext(), task, identity(c).UserID, request); err != nil {
		return err
	}
	where := "/task/" + task.String()
	return sendJSON(c, http.StatusCreated, contract.Delegated{
		TaskId: task.String(),
		// To the letter what clients have always been answered, its missing blank included.
		Message: fmt.Sprintf("Due to the page_size: %d, this query is being evaluated in a task. Once complete, the result of the query can be found by performing a GET on%s",
			q.PageSize, where),
		QueryEndpoint: where,
	})
}

// EncodeRuns writes a page of runs as the API answers it.
func EncodeRuns(rows []store.Run, page, pageSize int, total int64) ([]byte, error) {
	return encode.RunList(nil, rows, page, pageSize, total), nil
}

// EncodeResults writes a page of results as the API answers it.
func EncodeResults(rows []store.Result, page, pageSize int, total int64) ([]byte, error) {
	return encode.ResultList(nil, rows, page, pageSize, total), nil
}

// sameJSON says whether two JSON values mean the same; nothing is the same as null.
func sameJSON(a, b json.RawMessage) bool {
	return canonical(a) == canonical(b)
}

// canonical writes a JSON value the way that all equal ones are written: keys in order, numbers by value.
func canonical(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "null"
	}
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return string(raw)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return string(raw)
	}
	return string(text)
}

// sameText says whether two texts are the same; nothing is the same as nothing.
func sameText(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

func sameNumber(a, b *float64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// idOr returns the id that a client has chosen, or a new one.
func (s *Server) idOr(given *uuid.UUID) uuid.UUID {
	if given != nil {
		return *given
	}
	return s.newID()
}
