package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// original are the figures of Ibutsu 3.1.1, the best of eight passes on the same kind of machine.
type original struct {
	Best struct {
		Lists map[string]struct {
			P50 float64 `json:"p50_ms"`
		} `json:"lists_and_widgets"`
		Health1    float64 `json:"health_1"`
		Health16   float64 `json:"health_16"`
		Health64   float64 `json:"health_64"`
		Ingest     float64 `json:"ingest_per_second"`
		Import5000 float64 `json:"import_5000_ms"`
	} `json:"best"`
	Startup struct {
		Min float64 `json:"min"`
	} `json:"startup_s"`
	Fresh map[string]float64 `json:"memory_mib_fresh"`
}

func readOriginal(dir string) (*original, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "peer-baseline.json"))
	if err != nil {
		return nil, err
	}
	var o original
	if err := json.Unmarshal(raw, &o); err != nil {
		return nil, fmt.Errorf("reading the original's figures: %w", err)
	}
	return &o, nil
}

// importRate is the original's cases a second.
func (o *original) importRate() float64 { return 5000 / (o.Best.Import5000 / 1000) }

// memory is what its web process, worker, scheduler and Redis use together, MiB; suffix is "" or " pss".
func (o *original) memory(suffix string) float64 {
	sum := 0.0
	for _, name := range []string{"web", "worker", "beat", "redis"} {
		sum += o.Fresh[name+suffix]
	}
	return sum
}

// line is one figure of the table.
type line struct {
	What     string  `json:"what"`
	Value    float64 `json:"value"`
	Unit     string  `json:"unit"` // "/s" is better when higher, all others when lower
	Goal     float64 `json:"goal,omitempty"`
	Original float64 `json:"original,omitempty"` // 0 where it was never measured
	Note     string  `json:"note,omitempty"`
}

func (l line) higher() bool { return l.Unit == "/s" }

// ratio is how many times better than the original.
func (l line) ratio() float64 {
	switch {
	case l.Original == 0 || l.Value == 0:
		return 0
	case l.higher():
		return l.Value / l.Original
	}
	return l.Original / l.Value
}

func (l line) met() bool {
	if l.higher() {
		return l.Value >= l.Goal
	}
	return l.Value <= l.Goal
}

// table prints all lines; the last one counts the goals.
func table(lines []line) {
	fmt.Printf("\n%-52s %14s %14s %8s %14s %5s\n", "", "ours", "original", "ratio", "goal", "")
	met, missed := 0, 0
	for _, l := range lines {
		if l.Unit == "" { // a heading
			fmt.Printf("\n%s\n", l.What)
			continue
		}
		verdict, goal, before, ratio := "", "", "", ""
		if l.Goal != 0 {
			sign := "<"
			if l.higher() {
				sign = ">"
			}
			goal, verdict = sign+" "+number(l.Goal)+unit(l.Unit), "ok"
			if l.met() {
				met++
			} else {
				missed++
				verdict = "MISS"
			}
		}
		if l.Original != 0 {
			before, ratio = number(l.Original)+unit(l.Unit), fmt.Sprintf("%.3g×", l.ratio())
		}
		fmt.Println(strings.TrimRight(fmt.Sprintf("%-52s %14s %14s %8s %14s %5s  %s", l.What, number(l.Value)+unit(l.Unit), before, ratio, goal, verdict, l.Note), " "))
	}
	fmt.Printf("\n%d goals met, %d missed\n", met, missed)
}

func unit(u string) string {
	if u == "/s" {
		return u
	}
	return " " + u
}

func number(v float64) string {
	switch {
	case v >= 1000:
		text := fmt.Sprintf("%.0f", v)
		for i := len(text) - 3; i > 0; i -= 3 {
			text = text[:i] + "," + text[i:]
		}
		return text
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
