package widget

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// tallied is the part of the results' model that result_tally has.
func tallied() filter.Model {
	model := filter.Result()
	columns := map[string]filter.Column{"project_id": model.Columns["project_id"]}
	for _, name := range []string{"result", "component", "env", "source"} {
		columns[name] = model.Columns[name]
	}
	model.Columns, model.Documents = columns, nil
	return model
}

func isTallied(field string) bool {
	return field == "result" || field == "component" || field == "env" || field == "source"
}

// narrows says whether some condition of the set means anything for results; those on unknown fields do not.
func narrows(set filter.Set) bool { return len(filter.Result().Effective(set)) > 0 }

// filtersTallied says whether each condition that means something for results means the same for their tally.
func filtersTallied(set filter.Set) bool {
	tally := tallied()
	return !slices.ContainsFunc(filter.Result().Effective(set), func(c filter.Condition) bool {
		_, ok := tally.Columns[c.Field]
		return !ok
	})
}

// talliedFields remembers which fields of the metadata are counted as they are written. A field is never taken off the
// list while servers run, so what is remembered can only lack the newest.
type talliedFields struct {
	mu     sync.Mutex
	asked  time.Time
	fields map[string]bool
}

const fieldsKnownFor = time.Minute

// tallied returns the name that a field has in field_tally; ok is false for a field that is not counted.
func (t *talliedFields) tallied(ctx context.Context, from store.Reader, field string, now time.Time) (name string, ok bool, err error) {
	name, _, ok = tallyPath(field)
	if !ok {
		return "", false, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if age := now.Sub(t.asked); t.fields == nil || age > fieldsKnownFor || age < 0 {
		rows, _ := from.Query(ctx, `SELECT field FROM tallied_fields WHERE ready`)
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return "", false, err
		}
		t.fields = make(map[string]bool, len(names))
		for _, n := range names {
			t.fields[n] = true
		}
		t.asked = now
	}
	return name, t.fields[name], nil
}
