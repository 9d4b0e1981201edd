// Command bench measures bin/ibutsu beside the original's figures and prints one table:
//
//	bench [-large] [-passes 3] [-seconds 8] [-only posts,rollups,imports,lists,widgets,idle,start,health,page,retention] [-out report.json]
//
// It starts `ibutsu up` on a private state folder, so that PostgreSQL and the load share the machine's cores with the
// server, with synchronous_commit on. Each figure is the best of the passes, as the original's are.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/checks/harness"
)

func main() {
	if err := measure(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func measure() error {
	b := &bench{}
	flag.StringVar(&b.binary, "binary", filepath.Join("bin", "ibutsu"), "the server's program")
	flag.StringVar(&b.state, "state", "", "state folder to use and keep, beside one with -large at its end; what is seeded already is not seeded again (default: temporary ones)")
	flag.StringVar(&b.originals, "original", filepath.Join("checks", "bench", "original"), "folder with the original's figures")
	flag.BoolVar(&b.large, "large", false, "an import of 500,000 cases, and everything once more at 2,000,000 results in 40 projects")
	flag.IntVar(&b.passes, "passes", 3, "how often each figure is taken; the best counts")
	flag.DurationVar(&b.duration, "duration", 8*time.Second, "how long each load lasts")
	flag.IntVar(&b.repeat, "repeat", 60, "how often each page is asked for in a pass")
	flag.IntVar(&b.rows, "rows", 1_000_000, "how many results retention deletes")
	flag.StringVar(&b.only, "only", "idle,start,health,lists,widgets,posts,rollups,imports", "what to measure")
	out := flag.String("out", "", "write all figures as JSON")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	err := b.run(ctx)
	table(b.lines)
	if *out != "" {
		err = errors.Join(err, writeReport(*out, b.lines))
	}
	return err
}

type bench struct {
	binary, state, originals, only string
	large                          bool
	passes, repeat, rows           int
	duration                       time.Duration

	server *harness.Server
	// small is the server with 200,000 results while server has 2,000,000, nil before.
	small    *harness.Server
	original *original
	lines    []line
}

func (b *bench) run(ctx context.Context) (err error) {
	if b.original, err = readOriginal(b.originals); err != nil {
		return err
	}
	load, _ := os.ReadFile("/proc/loadavg")
	fmt.Printf("%d cores, %s/%s, load average at the start %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, load)

	small, err := b.open(ctx, b.state)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, small.Close()) }()
	b.server = small
	if err := b.seed(ctx, 1, 400); err != nil {
		return err
	}
	b.heading("200,000 results in one project")
	steps := []struct {
		name string
		run  func(context.Context) error
	}{
		{"idle", b.idle}, {"start", b.start}, {"health", b.health},
		{"lists", func(ctx context.Context) error { return b.lists(ctx, 2) }},
		{"widgets", func(ctx context.Context) error { return b.widgets(ctx, 0) }},
		{"posts", b.posts}, {"rollups", b.rollups}, {"imports", b.imports}, {"page", b.page}, {"retention", b.retention},
	}
	for _, s := range steps {
		if !b.wants(s.name) {
			continue
		}
		if err := b.settle(ctx); err != nil {
			return err
		}
		fmt.Fprintln(os.Stderr, "measuring", s.name)
		if err := s.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	if !b.large {
		return nil
	}
	state := b.state
	if state != "" {
		state += "-large"
	}
	large, err := b.open(ctx, state)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, large.Close()) }()
	b.small, b.server = small, large
	if err := b.seed(ctx, 40, 4000); err != nil {
		return err
	}
	b.heading("2,000,000 results in 40 projects, 400,000 in the one that is asked for")
	for _, s := range steps {
		if !b.wants(s.name) || (s.name != "lists" && s.name != "widgets" && s.name != "posts" && s.name != "start") {
			continue
		}
		run := s.run
		if s.name == "lists" {
			run = func(ctx context.Context) error { return b.lists(ctx, 4) }
		}
		if s.name == "widgets" {
			run = func(ctx context.Context) error { return b.widgets(ctx, 5) }
		}
		fmt.Fprintln(os.Stderr, "measuring", s.name)
		if err := errors.Join(b.settle(ctx), run(ctx)); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// open starts a server on a state folder, made when it is missing.
func (b *bench) open(ctx context.Context, state string) (*harness.Server, error) {
	if state != "" {
		if err := os.MkdirAll(state, 0o711); err != nil {
			return nil, err
		}
	}
	return harness.Start(ctx, harness.Options{Binary: b.binary, State: state})
}

func (b *bench) wants(step string) bool {
	for name := range strings.SplitSeq(b.only, ",") {
		if name == step {
			return true
		}
	}
	return false
}

func (b *bench) heading(text string) { b.lines = append(b.lines, line{What: text}) }
func (b *bench) note(l line) {
	b.lines = append(b.lines, l)
	fmt.Fprintf(os.Stderr, "  %-52s %s%s %s\n", l.What, number(l.Value), unit(l.Unit), l.Note)
}

// seed brings the data to so many projects and runs together. What is there already stays.
func (b *bench) seed(ctx context.Context, projects, runs int) error {
	address, err := b.server.Database()
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var there int
	if err := conn.QueryRow(ctx, `SELECT count(*) FROM runs WHERE source LIKE 'bench-%'`).Scan(&there); err != nil {
		return err
	}
	if there > runs-projects { // equal shares leave a rest
		return nil
	}
	fmt.Fprintf(os.Stderr, "seeding %d results in %d projects\n", runs*resultsPerRun, projects)
	begin := time.Now()
	now := begin.UTC().Truncate(time.Second)
	if there == 0 {
		if err := seedProject(ctx, conn, benchProject, "bench", now, 0, 400, 42); err != nil {
			return err
		}
		there = 400
	}
	if projects > 1 {
		// As many again for the first project, and the rest in equal shares for the others.
		if err := seedProject(ctx, conn, benchProject, "bench", now, 400, 400, 43); err != nil {
			return err
		}
		share := (runs - there - 400) / (projects - 1)
		for p := 2; p <= projects; p++ {
			id := fmt.Sprintf("be0c0000-0000-4000-8000-%012d", p)
			if err := seedProject(ctx, conn, id, fmt.Sprintf("bench-%02d", p), now, 0, share, uint64(100+p)); err != nil {
				return err
			}
		}
	}
	if _, err := conn.Exec(ctx, `VACUUM (ANALYZE)`); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, `CHECKPOINT`); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "seeded in %s\n", time.Since(begin).Round(time.Second))
	return nil
}

func writeReport(file string, lines []line) error {
	raw, err := json.MarshalIndent(map[string]any{
		"machine": fmt.Sprintf("%s/%s, %d cores", runtime.GOOS, runtime.GOARCH, runtime.NumCPU()),
		"when":    time.Now().UTC().Format(time.RFC3339), "lines": lines,
	}, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(raw, '\n'), 0o644)
}
