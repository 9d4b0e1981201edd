package widget

import (
	"time"

	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/filter"
)

// runDays asks what the runs of one project came to. What lies in whole days comes from run_days; the day in which a window begins,
// and those that changed since they were counted, come from the runs.
type runDays struct {
	project uuid.UUID
	// field is what run_days has the sums of; value restricts to the runs that have it there, nil means any.
	field string
	value *string
	// since is when the window begins; nil where it has no beginning.
	since *time.Time
}

// runDayFields are the fields that run_days knows, by the names that they have in filters and parameters.
var runDayFields = map[string]string{
	"component": "component", "env": "env", "source": "source", "metadata.jenkins.job_name": "job_name", "data.jenkins.job_name": "job_name",
}

// sources returns what a statement begins with, and what it then selects from: rows of value, oldest and the counters.
func (d runDays) sources(s *statement) (with, from string) {
	project := s.args.Add(d.project) + "::uuid"
	rolled := "project_id = " + project + " AND field = " + s.args.Add(d.field)
	column, runs := d.field, "project_id = "+project
	if d.field == "all" {
		column = "''"
	} else {
		runs += " AND " + column + " IS NOT NULL"
	}
	if d.value != nil {
		value := s.args.Add(*d.value)
		rolled += " AND value = " + value
		runs += " AND " + column + " = " + value
	}
	changed := "project_id = " + project + " AND day IS NOT NULL"
	selected := "SELECT " + column + " AS value, start_time AS oldest, " + countColumns + " FROM runs WHERE " + runs + " AND "
	edge := ""
	if d.since != nil {
		first := d.since.Truncate(day)
		after := " AND day > " + s.args.Add(first) + "::timestamp"
		rolled, changed = rolled+after, changed+after
		edge = " UNION ALL " + selected + "start_time > " + s.args.Add(*d.since) + "::timestamp AND start_time < " + s.args.Add(first.Add(day)) + "::timestamp"
	}
	return "WITH changed AS MATERIALIZED (SELECT DISTINCT day FROM runs_changed WHERE " + changed + ") ",
		"(SELECT value, oldest, " + countColumns + " FROM run_days WHERE " + rolled + " AND day NOT IN (SELECT day FROM changed)" +
			// OFFSET 0 keeps it one leap into the index for each day: PostgreSQL would rather read all runs once.
			" UNION ALL SELECT of.* FROM changed CROSS JOIN LATERAL (" + selected + "start_time >= day AND start_time < day + interval '1 day' OFFSET 0) of" + edge + ") counted"
}

// runDaysOf returns the question for the runs that match a set of filters; ok is false where run_days cannot answer it: it knows one
// value of one field at a time, and one project. What it finds out also says what the builds of a project can be asked.
func runDaysOf(projects []uuid.UUID, set filter.Set) (d runDays, ok bool) {
	if len(projects) != 1 {
		return runDays{}, false
	}
	d = runDays{project: projects[0], field: "all"}
	switch conditions := filter.Run().Effective(set); len(conditions) {
	case 0:
		return d, true
	case 1:
		c := conditions[0]
		d.field, d.value = runDayFields[c.Field], &c.Value
		return d, d.field != "" && c.Op == filter.Eq
	}
	return runDays{}, false
}

// by returns the question for groups of the same runs by a field.
func (d runDays) by(field string) (runDays, bool) {
	column := runDayFields[field]
	if column == "" || d.value != nil && d.field != column {
		return runDays{}, false
	}
	d.field = column
	return d, true
}
