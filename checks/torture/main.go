// Command torture kills the worker while it imports and the backend while clients push, again and again, and then looks
// for what was lost, doubled or miscounted:
//
//	go run ./checks/torture [-rounds 100] [-binary FILE] [-seed N] [-v]
//
// Each round kills the worker's process in the middle of an import and then the process of `ibutsu up` in the middle of
// posts, both with SIGKILL, and starts the latter again on the same state. Clients go on as clients do: what got no answer
// is sent again with the same id. In the end everything that was acknowledged has to be there exactly once, every
// summary has to equal a recount, and nothing may hang. The last line is "N rounds passed, M failed".
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ibutsu/ibutsu-go/checks/harness"
)

func main() {
	rounds := flag.Int("rounds", 100, "how often worker and backend are killed")
	binary := flag.String("binary", filepath.Join("bin", "ibutsu"), "the server's program")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the moments of death")
	verbose := flag.Bool("v", false, "say what happens in each round")
	keep := flag.Bool("keep", false, "keep the state folder and the server's log after a failure")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	passed, err := run(ctx, *rounds, *binary, *seed, *verbose, *keep)
	stop()
	if err != nil {
		fmt.Println("FAIL", err)
		fmt.Printf("%d rounds passed, %d failed (seed %d)\n", passed, max(1, *rounds-passed), *seed)
		os.Exit(1)
	}
	fmt.Printf("%d rounds passed, 0 failed (seed %d)\n", passed, *seed)
}

// torture is the state that killer and clients share.
type torture struct {
	server  *harness.Server
	verbose bool

	kills   atomic.Int64 // grows with each kill of the backend: an answer that is missing then is no fault
	isDown  atomic.Bool  // the backend is dead, or not ready yet
	faults  faults
	sent    ledger
	waiting sync.WaitGroup // the clients
	enough  chan struct{}  // closed when clients shall finish what they have begun
}

// faults are what must not happen; only the first few are kept.
type faults struct {
	mutex sync.Mutex
	all   []error
	more  int
}

func (f *faults) add(err error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if len(f.all) < 10 {
		f.all = append(f.all, err)
		return
	}
	f.more++
}

func (f *faults) err() error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.more > 0 {
		return errors.Join(append(slices.Clone(f.all), fmt.Errorf("and %d more", f.more))...)
	}
	return errors.Join(f.all...)
}

func run(ctx context.Context, rounds int, binary string, seed uint64, verbose, keep bool) (passed int, err error) {
	// A copy under a name of its own: whatever runs it afterwards was left behind by us.
	dir, err := os.MkdirTemp("", "ibutsu-torture-")
	if err != nil {
		return 0, err
	}
	program := filepath.Join(dir, "ibutsu")
	if err := copyFile(binary, program); err != nil {
		return 0, err
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		return 0, err
	}
	state := filepath.Join(dir, "state")
	if err := os.Mkdir(state, 0o711); err != nil {
		return 0, err
	}
	server, err := harness.Start(ctx, harness.Options{Binary: program, State: state})
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil && keep {
			fmt.Println("kept:", state)
			_ = server.Kill()
			return
		}
		err = errors.Join(err, server.Close(), leftBehind(program), os.RemoveAll(dir))
	}()

	t := &torture{server: server, verbose: verbose, enough: make(chan struct{})}
	if err := t.startClients(ctx, seed); err != nil {
		return 0, err
	}
	moments := rand.New(rand.NewPCG(seed, 1))
	begin := time.Now()
	for round := range rounds {
		if err := t.round(ctx, round, moments); err != nil {
			close(t.enough)
			return passed, fmt.Errorf("round %d: %w", round+1, err)
		}
		if err := t.faults.err(); err != nil {
			close(t.enough)
			return passed, fmt.Errorf("round %d: %w", round+1, err)
		}
		passed++
	}
	close(t.enough)
	done := make(chan struct{})
	go func() { t.waiting.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(3 * time.Minute):
		return passed, errors.Join(errors.New("clients and imports did not come to an end within three minutes"), t.faults.err(), t.state(ctx))
	}
	if err := errors.Join(t.faults.err(), t.verify(ctx)); err != nil {
		return 0, err
	}
	results, artifacts, imports := t.sent.totals()
	fmt.Printf("%d kills of the worker, %d of the backend in %s: %d results, %d artifacts and %d imports acknowledged, all there once\n",
		rounds, rounds, time.Since(begin).Round(time.Second), results, artifacts, imports)
	return passed, nil
}

// round kills both, each in the middle of its work.
func (t *torture) round(ctx context.Context, round int, moments *rand.Rand) error {
	// Of the last round an import may still be called running while the worker that goes on with it is only starting.
	old, err := t.newWorker(ctx, 0)
	if err != nil {
		return err
	}
	import_, err := t.runningImport(ctx)
	if err != nil {
		return err
	}
	sleep(ctx, time.Duration(moments.IntN(400))*time.Millisecond)
	if err := syscall.Kill(old, syscall.SIGKILL); err != nil {
		return fmt.Errorf("killing the worker %d: %w", old, err)
	}
	begin := time.Now()
	fresh, err := t.newWorker(ctx, old)
	if err != nil {
		return err
	}
	t.sayf("round %d: killed worker %d in import %s, %d took over after %s", round+1, old, import_, fresh, time.Since(begin).Round(time.Millisecond))

	sleep(ctx, time.Duration(50+moments.IntN(1200))*time.Millisecond)
	t.isDown.Store(true)
	t.kills.Add(1)
	begin = time.Now()
	if err := t.server.Kill(); err != nil {
		return fmt.Errorf("killing the backend: %w", err)
	}
	if err := t.server.Up(ctx); err != nil {
		return fmt.Errorf("starting again: %w", err)
	}
	t.kills.Add(1)
	t.isDown.Store(false)
	t.sayf("round %d: killed the backend, it answers again after %s", round+1, time.Since(begin).Round(time.Millisecond))
	return nil
}

// runningImport waits until an import is being worked on.
func (t *torture) runningImport(ctx context.Context) (string, error) {
	client := t.server.Client()
	for end := time.Now().Add(time.Minute); time.Now().Before(end) && ctx.Err() == nil; sleep(ctx, 5*time.Millisecond) {
		var answer struct{ Imports []struct{ ID string } }
		if err := client.Get(ctx, "/api/import?filter=status%3Drunning&pageSize=1", &answer); err != nil {
			return "", fmt.Errorf("looking for a running import: %w", err)
		}
		if len(answer.Imports) > 0 {
			return answer.Imports[0].ID, nil
		}
	}
	return "", errors.Join(errors.New("no import was running within a minute"), ctx.Err(), t.state(ctx))
}

// newWorker waits until another process than old is the worker.
func (t *torture) newWorker(ctx context.Context, old int) (int, error) {
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end) && ctx.Err() == nil; sleep(ctx, 5*time.Millisecond) {
		pid, err := t.server.Worker()
		if err != nil {
			return 0, err
		}
		if pid != 0 && pid != old {
			return pid, nil
		}
	}
	return 0, errors.Join(fmt.Errorf("no new worker within 30 s\n%s", t.server.LogTail(20)), ctx.Err())
}

func (t *torture) sayf(format string, args ...any) {
	if t.verbose {
		fmt.Printf(format+"\n", args...)
	}
}

// leftBehind names processes that still run the program.
func leftBehind(program string) error {
	end := time.Now().Add(10 * time.Second)
	for {
		pids, err := harness.Running(program)
		if err != nil || len(pids) == 0 {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("processes left behind: %v", pids)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("opening the server's program (make build makes it): %w", err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// sleep is a pause between two looks, or a random moment; it ends early with the context.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
