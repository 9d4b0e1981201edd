package widget_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// The naive widgets: every row is read and looked at. They share no code with the real ones.

type row struct {
	id, run                              uuid.UUID
	project                              *uuid.UUID
	hasRun                               bool
	test, result, env, component, source *string
	start                                time.Time
	duration                             *float64
	data, params, summary                map[string]any
	rawData, rawParams                   json.RawMessage
}

type rows struct{ runs, results []row }

func readRows(ctx context.Context, pool *pgxpool.Pool) (rows, error) {
	var all rows
	read := func(sql string) ([]row, error) {
		q, _ := pool.Query(ctx, sql)
		return pgx.CollectRows(q, func(r pgx.CollectableRow) (row, error) {
			var x row
			var run *uuid.UUID
			var summary json.RawMessage
			err := r.Scan(&x.id, &run, &x.project, &x.test, &x.result, &x.env, &x.component, &x.source, &x.start, &x.duration, &x.rawData, &x.rawParams, &summary)
			if run != nil {
				x.run, x.hasRun = *run, true
			}
			x.data, x.params, x.summary = members(x.rawData), members(x.rawParams), members(summary)
			return x, err
		})
	}
	var err error
	if all.runs, err = read(`SELECT id, NULL::uuid, project_id, NULL, NULL, env, component, source, start_time, duration, data, NULL::jsonb, summary FROM runs`); err != nil {
		return all, err
	}
	all.results, err = read(`SELECT id, run_id, project_id, test_id, result, env, component, source, start_time, duration, data, params, NULL::jsonb FROM results`)
	return all, err
}

func members(raw json.RawMessage) map[string]any {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var m map[string]any
	_ = decoder.Decode(&m) // what is no object has no members
	return m
}

// field returns the text of a column or path, nil if the row has none.
func (x row) field(name string) *string {
	switch name {
	case "env":
		return x.env
	case "component":
		return x.component
	case "source":
		return x.source
	case "result":
		return x.result
	case "test_id":
		return x.test
	case "duration":
		if x.duration == nil {
			return nil
		}
		s := strconv.FormatFloat(*x.duration, 'g', -1, 64)
		return &s
	case "start_time":
		s := x.start.Format("2006-01-02T15:04:05.000000")
		return &s
	case "run_id":
		if !x.hasRun {
			return nil
		}
		s := x.run.String()
		return &s
	case "project_id":
		if x.project == nil {
			return nil
		}
		s := x.project.String()
		return &s
	}
	path := strings.Split(name, ".")
	var value any
	switch path[0] {
	case "metadata", "data":
		value = x.data
	default:
		return nil
	}
	for _, key := range path[1:] {
		m, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = m[key]
	}
	var s string
	switch v := value.(type) {
	case nil:
		return nil
	case string:
		s = v
	default:
		s = fmt.Sprint(v)
	}
	return &s
}

func (x row) text(name string) string {
	if s := x.field(name); s != nil {
		return *s
	}
	return ""
}

func (x row) count(key string) float64 {
	n, _ := x.summary[key].(json.Number)
	f, _ := n.Float64()
	if math.Abs(f) > 2e9 { // no number of tests
		return 0
	}
	return math.Trunc(f)
}

func (x row) rate(countSkips bool) float64 { return rateOf([]row{x}, countSkips) }

// rateOf is the pass rate of several runs together.
func rateOf(runs []row, countSkips bool) float64 {
	var tests, good float64
	for _, x := range runs {
		tests += x.count("tests")
		good += x.count("tests") - x.count("errors") - x.count("failures") - x.count("xfailures") - x.count("xpasses")
		if countSkips {
			good -= x.count("skips")
		}
	}
	if tests == 0 {
		return 0
	}
	return twoDigits(100 * good / tests)
}

func twoDigits(f float64) float64 {
	r, _ := strconv.ParseFloat(fmt.Sprintf("%.2f", f), 64)
	return r
}

// asked are the parameters of a widget in the form that the naive ones read.
type asked struct {
	projects                 []uuid.UUID // nil: all
	group, job, source, env  string
	builds                   int
	countSkips, forFilter    bool
	together                 bool
	filters                  []string // field, = ! or @, value
	span                     time.Duration
	unbounded                bool
	run                      *uuid.UUID
	components               []string
	page, pageSize, runLimit int
	now                      time.Time
}

func (a asked) of(all []row) []row {
	var some []row
	for _, x := range all {
		if a.projects != nil && (x.project == nil || !slices.Contains(a.projects, *x.project)) {
			continue
		}
		if matches(x, a.filters) {
			some = append(some, x)
		}
	}
	slices.SortFunc(some, func(l, r row) int { // newest first
		return cmp.Or(r.start.Compare(l.start), bytes.Compare(r.id[:], l.id[:]))
	})
	return some
}

func matches(x row, filters []string) bool {
	for _, f := range filters {
		i := strings.IndexAny(f, "=!@*~%<>")
		value := x.field(f[:i])
		switch f[i] {
		case '=':
			if value == nil || *value != f[i+1:] {
				return false
			}
		case '!':
			if value == nil || *value == f[i+1:] {
				return false
			}
		case '@':
			if (value != nil) != (f[i+1] == 'y') {
				return false
			}
		case '~':
			if value == nil || !regexp.MustCompile(f[i+1:]).MatchString(*value) {
				return false
			}
		case '%':
			if value == nil || !strings.Contains(strings.ToLower(*value), strings.ToLower(f[i+1:])) {
				return false
			}
		case '<', '>':
			if value == nil || compared(*value, f[i+1:]) != map[byte]int{'<': -1, '>': 1}[f[i]] {
				return false
			}
		case '*':
			if value == nil || !slices.Contains(strings.Split(f[i+1:], ";"), *value) {
				return false
			}
		}
	}
	return true
}

// compared orders numbers as such and times as they are written.
func compared(l, r string) int {
	ln, err := strconv.ParseFloat(l, 64)
	if err != nil {
		return strings.Compare(l, r)
	}
	rn, _ := strconv.ParseFloat(r, 64)
	return cmp.Compare(ln, rn)
}

func (a asked) inWindow(x row) bool { return a.unbounded || x.start.After(a.now.Add(-a.span)) }

type m = map[string]any

func naiveResultSummary(all rows, a asked) any {
	sum := m{"error": 0.0, "skipped": 0.0, "failed": 0.0, "total": 0.0, "xfailed": 0.0, "xpassed": 0.0}
	for _, x := range a.of(all.runs) {
		if a.source != "" && x.text("source") != a.source || a.env != "" && x.text("env") != a.env || a.job != "" && x.text("metadata.jenkins.job_name") != a.job {
			continue
		}
		for to, from := range map[string]string{"error": "errors", "skipped": "skips", "failed": "failures", "total": "tests", "xfailed": "xfailures", "xpassed": "xpasses"} {
			sum[to] = sum[to].(float64) + x.count(from)
		}
	}
	passed := sum["total"].(float64)
	for _, other := range []string{"error", "skipped", "failed", "xfailed", "xpassed"} {
		passed -= sum[other].(float64)
	}
	sum["passed"] = passed
	return sum
}

func naiveRunAggregator(all rows, a asked) any {
	sums := map[string]map[string]float64{}
	for _, x := range a.of(all.runs) {
		group := x.field(a.group)
		if group == nil || !a.inWindow(x) {
			continue
		}
		if sums[*group] == nil {
			sums[*group] = map[string]float64{}
		}
		for _, key := range []string{"tests", "errors", "failures", "skips", "xfailures", "xpasses"} {
			sums[*group][key] += x.count(key)
		}
	}
	answer := m{"passed": m{}, "skipped": m{}, "error": m{}, "failed": m{}, "xfailed": m{}, "xpassed": m{}}
	for group, sum := range sums {
		if sum["tests"] == 0 {
			continue
		}
		passed := 100.0
		for to, from := range map[string]string{"skipped": "skips", "error": "errors", "failed": "failures", "xfailed": "xfailures", "xpassed": "xpasses"} {
			p := math.RoundToEven(100 * sum[from] / sum["tests"])
			answer[to].(m)[group] = p
			passed -= p
		}
		answer["passed"].(m)[group] = passed
	}
	return answer
}

func naiveResultAggregator(all rows, a asked) any {
	counts := map[string]float64{}
	for _, x := range a.of(all.results) {
		value := x.field(a.group)
		if value != nil && a.inWindow(x) && (a.run == nil || x.hasRun && x.run == *a.run) {
			counts[*value]++
		}
	}
	answer := []any{}
	for value, n := range counts {
		if a.forFilter {
			answer = append(answer, m{"_id": value})
		} else {
			answer = append(answer, m{"_id": value, "count": n})
		}
	}
	return answer
}

func number(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}

func leastSquares(x, y []float64) float64 {
	n := float64(len(x))
	var sx, sy, sxy, sxx float64
	for i := range x {
		sx += x[i]
		sy += y[i]
		sxy += x[i] * y[i]
		sxx += x[i] * x[i]
	}
	if d := n*sxx - sx*sx; math.Abs(d) > 1e-9 {
		return (n*sxy - sx*sy) / d
	}
	return 0
}

func naiveJenkinsHeatmap(all rows, a asked) any {
	first := map[int64]time.Time{}
	var runs []row
	for _, x := range a.of(all.runs) {
		if x.field("metadata.jenkins.job_name") == nil || x.text("metadata.jenkins.job_name") != a.job {
			continue
		}
		build, ok := number(x.text("metadata.jenkins.build_number"))
		if !ok {
			continue
		}
		if t, seen := first[build]; !seen || x.start.Before(t) {
			first[build] = x.start
		}
		runs = append(runs, x)
	}
	var builds []int64
	for b := range first {
		builds = append(builds, b)
	}
	slices.SortFunc(builds, func(l, r int64) int { return cmp.Or(first[r].Compare(first[l]), cmp.Compare(r, l)) })
	builds = builds[:min(len(builds), a.builds)]
	slices.Sort(builds)
	cells := map[string]map[int64][]row{}
	for _, x := range runs { // newest first
		build, _ := number(x.text("metadata.jenkins.build_number"))
		group := x.field(a.group)
		if group == nil || !slices.Contains(builds, build) {
			continue
		}
		if cells[*group] == nil {
			cells[*group] = map[int64][]row{}
		}
		cells[*group][build] = append(cells[*group][build], x)
	}
	heatmap := m{}
	for group, of := range cells {
		var line []any
		var shown []row
		for _, b := range builds {
			together := of[b]
			if len(together) == 0 {
				line = append(line, []any{"Build failed", "None", nil, fmt.Sprint(b)})
				continue
			}
			x := together[0]
			shown = append(shown, x)
			square := []any{x.rate(a.countSkips), x.id.String(), x.data["annotations"], fmt.Sprint(b)}
			if a.together && len(together) > 1 {
				square = append(square, m{"runs": float64(len(together)), "rate": rateOf(together, a.countSkips)})
			}
			line = append(line, square)
		}
		slices.SortStableFunc(shown, func(l, r row) int { return l.start.Compare(r.start) })
		trend := 0.0
		if len(shown) > 1 {
			var positions, rates []float64
			perfect := true
			for i, x := range shown {
				positions = append(positions, float64(i))
				rates = append(rates, x.rate(a.countSkips))
				perfect = perfect && x.rate(a.countSkips) == 100
			}
			trend = leastSquares(positions, rates)
			if perfect {
				trend = 100
			}
		}
		heatmap[group] = append([]any{[]any{trend, 0.0}}, line...)
	}
	return m{"heatmap": heatmap}
}

func naiveFilterHeatmap(all rows, a asked) any {
	runs := a.of(all.runs)
	runs = runs[:min(len(runs), 75*a.builds)]
	cells := map[string][]any{}
	rates := map[string][]float64{}
	for i, x := range runs {
		group := "null"
		if g := x.field(a.group); g != nil {
			group = *g
		}
		if len(cells[group]) < a.builds {
			cells[group] = append(cells[group], []any{x.rate(false), x.id.String(), nil, fmt.Sprint(i + 1)})
			rates[group] = append(rates[group], x.rate(false))
		}
	}
	heatmap := m{}
	for group, line := range cells {
		slices.Reverse(line)
		slices.Reverse(rates[group])
		var positions []float64
		perfect := true
		for i, r := range rates[group] {
			positions = append(positions, float64(i))
			perfect = perfect && r == 100
		}
		trend := leastSquares(rates[group], positions)
		if perfect {
			trend = 100
		}
		heatmap[group] = append([]any{[]any{trend, 0.0}}, line...)
	}
	return m{"heatmap": heatmap}
}

type build struct {
	job, number string
	runs        []row
}

func (b build) times() (first, last time.Time) {
	first, last = b.runs[0].start, b.runs[0].start
	for _, x := range b.runs {
		if x.start.Before(first) {
			first = x.start
		}
		if x.start.After(last) {
			last = x.start
		}
	}
	return first, last
}

func naiveBuilds(all rows, a asked) []build {
	var builds []build
	seen := 0
	for _, x := range a.of(all.runs) {
		job, number := x.field("metadata.jenkins.job_name"), x.field("metadata.jenkins.build_number")
		if job == nil || number == nil {
			continue
		}
		if seen++; a.runLimit > 0 && seen > a.runLimit {
			break
		}
		i := slices.IndexFunc(builds, func(b build) bool { return b.job == *job && b.number == *number })
		if i < 0 {
			builds = append(builds, build{job: *job, number: *number})
			i = len(builds) - 1
		}
		builds[i].runs = append(builds[i].runs, x)
	}
	slices.SortFunc(builds, func(l, r build) int {
		_, ll := l.times()
		_, rl := r.times()
		return cmp.Or(rl.Compare(ll), cmp.Compare(l.job, r.job), cmp.Compare(l.number, r.number))
	})
	return builds
}

func smallest(runs []row, field string) any {
	var least *string
	for _, x := range runs {
		if s := x.field(field); s != nil && (least == nil || *s < *least) {
			least = s
		}
	}
	if least == nil {
		return nil
	}
	return *least
}

func (b build) sums() m {
	sum := m{}
	for _, key := range []string{"tests", "errors", "failures", "skips", "xfailures", "xpasses"} {
		n := 0.0
		for _, x := range b.runs {
			n += x.count(key)
		}
		sum[key] = n
	}
	passes := sum["tests"].(float64)
	for _, key := range []string{"errors", "failures", "skips", "xfailures", "xpasses"} {
		passes -= sum[key].(float64)
	}
	sum["passes"] = passes
	return sum
}

func (b build) durations() (took float64, executed any) {
	first, last := b.times()
	longest, total, found := 0.0, 0.0, false
	for i, x := range b.runs {
		if x.duration != nil {
			if !found || *x.duration > longest {
				longest = *b.runs[i].duration
			}
			found = true
			total += *x.duration
		}
	}
	if found {
		executed = total
	}
	return last.Sub(first).Seconds() + longest, executed
}

func naiveJobView(all rows, a asked) any {
	builds := naiveBuilds(all, a)
	jobs := []any{}
	for i := (a.page - 1) * a.pageSize; i < min(len(builds), a.page*a.pageSize); i++ {
		b := builds[i]
		first, _ := b.times()
		took, executed := b.durations()
		layout := "2006-01-02T15:04:05Z"
		if first.Nanosecond() != 0 {
			layout = "2006-01-02T15:04:05.000000Z"
		}
		jobs = append(jobs, m{
			"_id": b.job + "-" + b.number, "job_name": b.job, "build_number": b.number, "build_url": smallest(b.runs, "metadata.jenkins.build_url"),
			"env": smallest(b.runs, "env"), "source": smallest(b.runs, "source"), "start_time": first.Format(layout), "duration": took,
			"total_execution_time": executed, "summary": b.sums(),
		})
	}
	return m{"jobs": jobs, "pagination": m{"page": float64(a.page), "pageSize": float64(a.pageSize), "totalItems": float64(len(builds)),
		"totalPages": math.Ceil(float64(len(builds)) / float64(a.pageSize))}}
}

func (a asked) jobBuilds(all rows) []build {
	a.filters = append(slices.Clone(a.filters), "metadata.jenkins.job_name="+a.job)
	builds := naiveBuilds(all, a)
	return builds[:min(len(builds), a.builds)]
}

func naiveBarChart(all rows, a asked) any {
	answer := m{"passed": m{}, "skipped": m{}, "error": m{}, "failed": m{}, "xpassed": m{}, "xfailed": m{}}
	for _, b := range a.jobBuilds(all) {
		for to, from := range map[string]string{"passed": "passes", "skipped": "skips", "error": "errors", "failed": "failures", "xpassed": "xpasses", "xfailed": "xfailures"} {
			answer[to].(m)[b.number] = b.sums()[from]
		}
	}
	return answer
}

func naiveLineChart(all rows, a asked) any {
	duration, execution := m{}, m{}
	differs := false
	for _, b := range a.jobBuilds(all) {
		took, executed := b.durations()
		total, _ := executed.(float64)
		duration[b.number], execution[b.number] = twoDigits(took/3600), twoDigits(total/3600)
		differs = differs || duration[b.number] != execution[b.number]
	}
	if !differs {
		return m{"duration": duration}
	}
	return m{"duration": duration, "total_execution_time": execution}
}

func naiveImportance(all rows, a asked) any {
	var some []row
	var builds []string
	numeric := true
	for _, x := range a.of(all.results) {
		number_ := x.field("metadata.jenkins.build_number")
		if x.field("metadata.jenkins.job_name") == nil || x.text("metadata.jenkins.job_name") != a.job || number_ == nil || a.env != "" && x.text("env") != a.env {
			continue
		}
		some = append(some, x)
		if !slices.Contains(builds, *number_) {
			builds = append(builds, *number_)
			_, ok := number(*number_)
			numeric = numeric && ok
		}
	}
	slices.SortFunc(builds, func(l, r string) int {
		ln, _ := number(l)
		rn, _ := number(r)
		if numeric && ln != rn {
			return cmp.Compare(rn, ln)
		}
		return cmp.Compare(r, l)
	})
	builds = builds[:min(len(builds), a.builds)]
	slices.Reverse(builds)
	tables := []any{}
	for _, component := range a.components {
		columns := []string{"critical", "high", "medium", "low"}
		cells := map[[2]string][]row{}
		ran := map[string]bool{}
		var others []string
		for _, x := range slices.Backward(some) { // oldest first
			number := x.text("metadata.jenkins.build_number")
			if x.component == nil || *x.component != component || !slices.Contains(builds, number) {
				continue
			}
			importance := "null"
			if s := x.field("metadata.importance"); s != nil {
				importance = *s
			}
			cells[[2]string{number, importance}] = append(cells[[2]string{number, importance}], x)
			ran[number] = true
			if !slices.Contains(columns, importance) && !slices.Contains(others, importance) {
				others = append(others, importance)
			}
		}
		if len(ran) == 0 {
			continue
		}
		slices.Sort(others)
		columns = append(columns, others...)
		data := m{}
		for _, number := range builds {
			line := m{}
			for _, importance := range columns {
				of := cells[[2]string{number, importance}]
				if len(of) == 0 {
					none := "N/A"
					if !ran[number] {
						none = "NA"
					}
					line[importance] = m{"percentage": none, "result_list": []any{}}
					continue
				}
				good, ids := 0.0, []any{}
				for _, x := range of {
					ids = append(ids, x.id.String())
					switch result := x.text("result"); {
					case result == "error", result == "failed", result == "xpassed", result == "xfailed", result == "skipped" && a.countSkips:
					default:
						good++
					}
				}
				line[importance] = m{"percentage": twoDigits(good / float64(len(of))), "result_list": ids}
			}
			data[number] = line
		}
		tables = append(tables, m{"component": component, "bnums": texts(builds), "importances": texts(columns), "data": data})
	}
	return m{"table_data": tables}
}

func texts(all []string) []any {
	out := []any{}
	for _, s := range all {
		out = append(out, s)
	}
	return out
}

func naiveCompare(all rows, a, b asked) any {
	newest := func(a asked) []row {
		for _, x := range a.of(all.results) {
			if x.hasRun {
				var of []row
				for _, y := range slices.Backward(a.of(all.results)) {
					if y.hasRun && y.run == x.run {
						of = append(of, y)
					}
				}
				return of
			}
		}
		return nil
	}
	key := func(x row) string { return x.text("metadata.fspath") + "\x00" + x.text("test_id") }
	left, right := newest(a), newest(b)
	slices.SortStableFunc(left, func(l, r row) int { return cmp.Compare(key(l), key(r)) })
	pairs := []any{}
	for _, l := range left {
		i := slices.IndexFunc(right, func(r row) bool { return key(r) == key(l) })
		if i >= 0 && fmt.Sprint(l.text("result"), l.result == nil) != fmt.Sprint(right[i].text("result"), right[i].result == nil) {
			pairs = append(pairs, []any{l.id.String(), right[i].id.String()})
		}
	}
	return pairs
}
