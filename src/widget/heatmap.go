package widget

// A heatmap is an object with one list for each group: a trend first, then a cell for each build or run.

// cell is one square: the pass rate of a run.
type cell struct {
	rate        decimal
	run         string
	annotations any // as the run's metadata have them, or nil
	build       string
}

func (c cell) shown() []any { return []any{c.rate, c.run, c.annotations, c.build} }

// missing is the square of a build in which the group did not run.
func missing(build string) []any { return []any{"Build failed", "None", nil, build} }

// trendCell is the first of a group's list.
func trendCell(slope decimal) []any { return []any{slope, 0} }

func allPerfect(rates []decimal) bool {
	for _, r := range rates {
		if r != 100 {
			return false
		}
	}
	return true
}

// slope is that of the straight line which fits the points best, 0 where there is none.
func slope(x, y []float64) float64 {
	n := float64(len(x))
	if n < 2 {
		return 0
	}
	var meanX, meanY float64
	for i := range x {
		meanX += x[i] / n
		meanY += y[i] / n
	}
	var xy, xx float64
	for i := range x {
		xy += (x[i] - meanX) * (y[i] - meanY)
		xx += (x[i] - meanX) * (x[i] - meanX)
	}
	if xx == 0 {
		return 0
	}
	return xy / xx
}

// line returns positions 0, 1, 2... and the rates at them.
func line(rates []decimal) (positions, values []float64) {
	for i, r := range rates {
		positions = append(positions, float64(i))
		values = append(values, float64(r))
	}
	return positions, values
}
