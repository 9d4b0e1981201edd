package insight

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/filter"
)

// MaxValues bounds the values that are suggested.
const MaxValues = 50

// looked is how many of the newest rows are looked through for values that no rollup counts.
const looked = 3000

// Value is what a field has, and how often.
type Value struct {
	Value string `json:"value"`
	Count int64  `json:"count"`
}

// Values suggests values of a field for a filter on runs or results: those that contain the text, whatever their case, the most frequent
// first. Of what the rollups count these are all values, of other fields those of the newest rows. A field that there is not,
// or that cannot be listed, has none; one that cannot be used is a *filter.Error.
func (i *Insight) Values(ctx context.Context, project uuid.UUID, table, field, text string) (json.RawMessage, error) {
	model := filter.Result()
	if table == "runs" {
		model = filter.Run()
	}
	// As an existence the field compiles to its own SQL, with what is allowed in it decided in one place.
	set := filter.Set{Conditions: []filter.Condition{{Field: field, Op: filter.Exists, Value: "y"}}}
	where, err := filter.Compile(model, set, filter.NewArgs(0))
	if err != nil {
		return nil, err
	}
	column, ok := strings.CutSuffix(where, " IS NOT NULL")
	if !ok {
		return json.RawMessage(`{"values":[]}`), nil
	}
	pattern := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
	return answered(ctx, i, project, []any{"values", table, field, text}, func(ctx context.Context) (map[string][]Value, error) {
		found, err := i.values(ctx, project, table, field, column, pattern)
		return map[string][]Value{"values": found}, err
	})
}

func (i *Insight) values(ctx context.Context, project uuid.UUID, table, field, column, pattern string) ([]Value, error) {
	switch field {
	case "component", "env", "source", "result":
		if table != "results" {
			break
		}
		return rows[Value](ctx, i, `
			SELECT value, sum(n)::bigint AS count FROM result_tally_days
			 WHERE project_id = $1 AND field = $2 AND value ILIKE $3
			 GROUP BY value HAVING sum(n) > 0 ORDER BY 2 DESC, 1 LIMIT $4`, project, field, pattern, MaxValues)
	}
	listed := column
	if field == "metadata.tags" || field == "metadata.markers" || field == "data.tags" || field == "data.markers" {
		// An element, or the name of one.
		listed = `jsonb_array_elements(CASE WHEN jsonb_typeof(` + strings.Replace(column, "->>", "->", 1) + `) = 'array' THEN ` + strings.Replace(column, "->>", "->", 1) + ` ELSE '[]' END)`
		return rows[Value](ctx, i, `
			SELECT value, count(*) AS count FROM (
			        SELECT CASE jsonb_typeof(e) WHEN 'string' THEN e #>> '{}' WHEN 'object' THEN e ->> 'name' END AS value
			          FROM (SELECT `+listed+` AS e FROM (SELECT * FROM `+table+` WHERE project_id = $1 ORDER BY start_time DESC, id DESC LIMIT $4) newest) elements) v
			 WHERE value ILIKE $2 AND length(value) <= 300 GROUP BY value ORDER BY 2 DESC, 1 LIMIT $3`, project, pattern, MaxValues, looked)
	}
	return rows[Value](ctx, i, `
		SELECT value, count(*) AS count
		  FROM (SELECT `+listed+`::text AS value FROM (SELECT * FROM `+table+` WHERE project_id = $1 ORDER BY start_time DESC, id DESC LIMIT $4) newest) v
		 WHERE value ILIKE $2 AND length(value) <= 300 GROUP BY value ORDER BY 2 DESC, 1 LIMIT $3`, project, pattern, MaxValues, looked)
}
