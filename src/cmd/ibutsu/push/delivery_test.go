package push

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// delivery is a delivery to the server by way of a spool.
func (s *server) delivery(t *testing.T, dir string) (*Delivery, *clock, *shown) {
	t.Helper()
	client, clock, show := s.client(t)
	client.Patience = 5 * time.Second
	d := &Delivery{Client: client, Project: "shop", Limit: time.Minute, NewID: ids(), Show: show}
	if dir != "" {
		d.Spool = spool(t, dir)
	}
	return d, clock, show
}

func waiting(t *testing.T, dir string) int {
	t.Helper()
	entries, _, err := spool(t, dir).List()
	require.NoError(t, err)
	return len(entries)
}

func TestDeliver(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	dir := t.TempDir()
	d, _, show := s.delivery(t, dir)
	d.Source, d.Metadata = "ci", map[string]any{"env": "qa"}
	outcome, err := d.Deliver(t.Context(), []string{file(t, "junit.xml", "<testsuite/>"), file(t, "run.tar.gz", "archive")})
	require.NoError(t, err)
	require.Equal(t, Outcome{Delivered: 2}, outcome)
	name := "junit-00000000-0000-4000-8000-000000000001.xml"
	require.Equal(t, []arrival{
		{name, "<testsuite/>", "shop", "ci", `{"env":"qa"}`}, {"run.tar.gz", "archive", "shop", "ci", `{"env":"qa"}`},
	}, s.arrivals())
	require.Equal(t, []string{
		"delivered junit.xml done https://page.example/project/project-1/runs/run-" + name,
		"delivered run.tar.gz done https://page.example/project/project-1/runs/run-run.tar.gz",
	}, show.lines)
	require.Contains(t, show.moved, "junit.xml sending 12/12")
	require.Contains(t, show.moved, "junit.xml importing 1/2")
	require.Zero(t, waiting(t, dir))
}

func TestDeliverWithoutASpool(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.next(status(503, ``))
	d, _, show := s.delivery(t, "")
	outcome, err := d.Deliver(t.Context(), []string{file(t, "junit.xml", "<testsuite/>")})
	require.NoError(t, err)
	require.Equal(t, 1, outcome.Delivered)

	s.Close()
	outcome, err = d.Deliver(t.Context(), []string{file(t, "other.xml", "<testsuite/>")})
	require.NoError(t, err)
	require.Equal(t, 1, outcome.Failed)
	require.ErrorIs(t, outcome.Err, ErrUnreachable)
	require.Contains(t, show.lines[len(show.lines)-1], "failed other.xml")

	_, err = d.Deliver(t.Context(), []string{"/nowhere.xml"})
	require.ErrorContains(t, err, "/nowhere.xml")
}

func TestDeliverWithoutWaiting(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	dir := t.TempDir()
	d, _, show := s.delivery(t, dir)
	d.Limit = 0
	outcome, err := d.Deliver(t.Context(), []string{file(t, "junit.xml", "<testsuite/>")})
	require.NoError(t, err)
	require.Equal(t, Outcome{Delivered: 1}, outcome)
	require.Equal(t, []string{"delivered junit.xml pending "}, show.lines)
	require.Equal(t, []string{"POST /api/import"}, s.asked())
	require.Zero(t, waiting(t, dir))
}

func TestWhatCannotBeSentIsSentLater(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	address := s.URL
	dir := t.TempDir()
	d, clock, show := s.delivery(t, dir)
	d.Client.Server = "http://127.0.0.1:1" // nobody is there
	outcome, err := d.Deliver(t.Context(), []string{file(t, "a.xml", "a"), file(t, "b.xml", "b")})
	require.NoError(t, err)
	require.Equal(t, 2, outcome.Kept)
	require.ErrorIs(t, outcome.Err, ErrUnreachable)
	require.Less(t, clock.Now().Sub(newClock().Now()), 10*time.Second, "the second file does not wait as long again")
	require.Contains(t, show.lines[len(show.lines)-1], "kept b.xml")

	d, _, show = s.delivery(t, dir)
	outcome, err = d.Deliver(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, Outcome{}, outcome)
	require.Equal(t, []string{"note 2 more in the spool for http://127.0.0.1:1; `ibutsu push --server http://127.0.0.1:1` sends them"}, show.lines)

	moveTo(t, dir, address)
	outcome, err = d.Deliver(t.Context(), []string{file(t, "c.xml", "c")})
	require.NoError(t, err)
	require.Equal(t, Outcome{Delivered: 3}, outcome)
	require.Equal(t, []string{"c", "a", "b"}, contents(s))
	require.Zero(t, waiting(t, dir))
}

// moveTo lets what waits go to another server.
func moveTo(t *testing.T, dir, address string) {
	t.Helper()
	items, _, err := spool(t, dir).Claim("http://127.0.0.1:1")
	require.NoError(t, err)
	for _, item := range items {
		require.NoError(t, item.Note(func(e *Entry) { e.Server = address }))
		item.Release()
	}
}

func contents(s *server) []string {
	var all []string
	for _, a := range s.arrivals() {
		all = append(all, a.content)
	}
	return all
}

func TestALostAnswerMakesNoSecondRun(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.next(s.loseAnswer)
	d, _, _ := s.delivery(t, t.TempDir())
	outcome, err := d.Deliver(t.Context(), []string{file(t, "junit.xml", "<testsuite/>")})
	require.NoError(t, err)
	require.Equal(t, Outcome{Delivered: 1}, outcome)
	arrived := s.arrivals()
	require.Len(t, arrived, 2)
	require.Equal(t, arrived[0].name, arrived[1].name, "the run id in the name is the same, so the server has one run")
}

func TestAFileThatTheServerCannotTakeDoesNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	dir := t.TempDir()
	d, clock, _ := s.delivery(t, dir)
	d.Client.Patience = 0
	s.next(status(500, ``))
	outcome, err := d.Deliver(t.Context(), []string{file(t, "poison.xml", "p"), file(t, "good.xml", "g")})
	require.NoError(t, err)
	require.Equal(t, 1, outcome.Kept)
	require.Equal(t, 1, outcome.Delivered)
	require.ErrorIs(t, outcome.Err, ErrUnreachable)
	require.NotEmpty(t, clock.pauses(), "it still waits for the import of the good one")
	require.Equal(t, 1, waiting(t, dir))
}

func TestAWrongTokenKeepsTheFiles(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	dir := t.TempDir()
	d, _, _ := s.delivery(t, dir)
	d.Client.Token = "old"
	outcome, err := d.Deliver(t.Context(), []string{file(t, "a.xml", "a"), file(t, "b.xml", "b")})
	require.NoError(t, err)
	require.Equal(t, 2, outcome.Kept)
	require.ErrorIs(t, outcome.Err, ErrUnauthorized)
	require.Equal(t, []string{"POST /api/import"}, s.asked(), "the second one would only be refused, too")

	d, _, _ = s.delivery(t, dir)
	outcome, err = d.Deliver(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, Outcome{Delivered: 2}, outcome)
}

func TestWhatIsRefusedIsNotKept(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	dir := t.TempDir()
	d, _, show := s.delivery(t, dir)
	s.next(status(400, `"Project shop doesn't exist"`))
	outcome, err := d.Deliver(t.Context(), []string{file(t, "a.xml", "a")})
	require.NoError(t, err)
	require.Equal(t, 1, outcome.Failed)
	require.ErrorIs(t, outcome.Err, ErrRefused)
	require.Equal(t, []string{"failed a.xml: refused by the server: Project shop doesn't exist (HTTP 400)"}, show.lines)
	require.Zero(t, waiting(t, dir))
	_, aside, err := spool(t, dir).List()
	require.NoError(t, err)
	require.Empty(t, aside, "the file is where it was")
}

func TestAFailedImportIsTold(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var end Import
	end.Status, end.Metadata.Error = "error", "line 1: not XML"
	s.outcomes["a-00000000-0000-4000-8000-000000000001.xml"] = end
	dir := t.TempDir()
	d, _, show := s.delivery(t, dir)
	outcome, err := d.Deliver(t.Context(), []string{file(t, "a.xml", "a"), file(t, "b.xml", "b")})
	require.NoError(t, err)
	require.Equal(t, 1, outcome.Failed)
	require.Equal(t, 1, outcome.Delivered)
	require.ErrorIs(t, outcome.Err, ErrImport)
	require.Equal(t, "failed a.xml: the import failed: line 1: not XML", show.lines[0])
	require.Zero(t, waiting(t, dir))
}

func TestAnImportThatTakesLongIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.looks = 1e9
	dir := t.TempDir()
	d, _, _ := s.delivery(t, dir)
	outcome, err := d.Deliver(t.Context(), []string{file(t, "a.xml", "a")})
	require.NoError(t, err)
	require.Equal(t, 1, outcome.Kept)
	require.ErrorIs(t, outcome.Err, ErrTimeout)

	s.mu.Lock()
	s.looks = 0
	s.mu.Unlock()
	d, _, _ = s.delivery(t, dir)
	outcome, err = d.Deliver(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, Outcome{Delivered: 1}, outcome)
	require.Len(t, s.arrivals(), 1, "it is not sent again")
}

func TestAnImportThatTheServerHasForgottenIsSentAgain(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.looks = 1e9
	dir := t.TempDir()
	d, _, _ := s.delivery(t, dir)
	_, err := d.Deliver(t.Context(), []string{file(t, "a.xml", "a")})
	require.NoError(t, err)
	s.forget()
	s.mu.Lock()
	s.looks = 0
	s.mu.Unlock()
	d, _, _ = s.delivery(t, dir)
	outcome, err := d.Deliver(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, Outcome{Delivered: 1}, outcome)
	arrived := s.arrivals()
	require.Len(t, arrived, 2)
	require.Equal(t, arrived[0].name, arrived[1].name)
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.looks = 1e9
	dir := t.TempDir()
	d, clock, _ := s.delivery(t, dir)
	why := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	clock.before = func(n int) {
		if n == 3 {
			cancel(why)
		}
	}
	outcome, err := d.Deliver(ctx, []string{file(t, "a.xml", "a"), file(t, "b.xml", "b")})
	require.NoError(t, err)
	require.Equal(t, 2, outcome.Kept)
	require.ErrorIs(t, outcome.Err, why)
	require.Equal(t, 2, waiting(t, dir))
}

func TestASpoolThatCannotBeWrittenDoesNotStopTheSending(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	d, _, show := s.delivery(t, "")
	var err error
	d.Spool, err = OpenSpool(t.TempDir(), 0, newClock().Now, ids())
	require.NoError(t, err)
	outcome, err := d.Deliver(t.Context(), []string{file(t, "a.xml", "a")})
	require.NoError(t, err)
	require.Equal(t, Outcome{Delivered: 1}, outcome)
	require.Contains(t, show.lines[0], "without a safety net")
}

// childVariable makes this test binary push instead of testing: the process that a test kills.
const childVariable = "IBUTSU_TEST_PUSH_CHILD"

// child pushes a file by a spool, and never comes to an end on its own.
func child() {
	show := new(shown)
	s, err := OpenSpool(os.Getenv("SPOOL"), 1<<20, time.Now, ids())
	if err == nil {
		client := &Client{
			Server: os.Getenv("SERVER"), Token: goodToken, Patience: time.Hour, Clock: SystemClock{}, Notice: show.Note,
			HTTP: &http.Client{},
		}
		d := &Delivery{Client: client, Spool: s, Project: "shop", Limit: time.Hour, NewID: ids(), Show: show}
		_, err = d.Deliver(context.Background(), []string{os.Getenv("FILE")})
	}
	fmt.Fprintln(os.Stderr, "ended:", err)
	os.Exit(3)
}

func TestAKilledPushIsTakenUpByTheNext(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		// hold keeps the child's request until it is dead, and says whether the upload arrives before.
		arrives bool
		sent    int
	}{
		"while it sends":               {arrives: false, sent: 1},
		"before it has the answer":     {arrives: true, sent: 2},
		"while it waits for an import": {arrives: true, sent: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			reached, dead := make(chan struct{}), make(chan struct{})
			hold := func(w http.ResponseWriter, r *http.Request) {
				if tc.arrives && tc.sent == 2 {
					s.loseAnswerLater(r)
				}
				close(reached)
				<-dead
				slam(w, r)
			}
			if tc.arrives && tc.sent == 1 {
				s.next(nil, nil, hold) // upload and link pass, the first look hangs
			} else {
				s.next(hold)
			}
			dir, path := t.TempDir(), file(t, "junit.xml", "<testsuite/>")
			process := exec.Command(os.Args[0])
			process.Env = append(os.Environ(), childVariable+"=1", "SPOOL="+dir, "SERVER="+s.URL, "FILE="+path)
			require.NoError(t, process.Start())
			<-reached
			require.NoError(t, process.Process.Kill())
			_ = process.Wait()
			close(dead)
			require.Equal(t, 1, waiting(t, dir))

			d, _, _ := s.delivery(t, dir)
			outcome, err := d.Deliver(t.Context(), []string{path}) // the job is started again with the same file
			require.NoError(t, err)
			require.Equal(t, Outcome{Delivered: 1}, outcome)
			require.Zero(t, waiting(t, dir))
			arrived := s.arrivals()
			require.Len(t, arrived, tc.sent)
			for _, a := range arrived {
				require.Equal(t, arrived[0].name, a.name, "one run, however often it was sent")
			}
			left, err := filepath.Glob(filepath.Join(dir, "*"))
			require.NoError(t, err)
			require.Empty(t, left)
		})
	}
}
