package push

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func imported(runs ...string) Import {
	i := Import{ID: "i1", Status: "done"}
	i.Metadata.RunID = runs
	return i
}

func TestPlainLines(t *testing.T) {
	t.Parallel()
	var out, err bytes.Buffer
	p := &Plain{Out: &out, Err: &err}
	p.Progress("a.xml", "sending", 1, 2)
	p.Delivered("a.xml", imported("r1"), "https://page/runs/r1")
	p.Delivered("b.xml", imported("r2"), "")
	p.Delivered("c.xml", imported(), "")
	p.Delivered("d.xml", Import{ID: "i4", Status: "pending"}, "")
	p.Failed("e.xml", errors.New("boom"), "")
	p.Failed("f.xml", errors.New("boom"), "/spool/refused/f")
	p.Kept("g.xml", errors.New("away"))
	p.Note("a note")
	require.Equal(t, "a.xml: imported, https://page/runs/r1\nb.xml: imported, run r2\nc.xml: imported\nd.xml: sent, import i4\n", out.String())
	require.Equal(t, "e.xml: not imported: boom\nf.xml: not imported: boom\nf.xml: put aside in /spool/refused/f\ng.xml: kept for later: away\na note\n", err.String())

	out.Reset()
	p.Quiet = true
	p.Delivered("a.xml", imported("r1"), "")
	require.Empty(t, out.String())
}

func TestBar(t *testing.T) {
	t.Parallel()
	var out, terminal bytes.Buffer
	clock := newClock()
	b := &Bar{Plain: Plain{Out: &out, Err: &terminal}, Terminal: &terminal, Width: 90, Now: clock.Now}
	pass := func(d time.Duration) { require.NoError(t, clock.Sleep(t.Context(), d)) }

	b.Progress("dir/junit.xml", "sending", 0, 4<<20)
	require.Contains(t, terminal.String(), "junit.xml")
	require.Contains(t, terminal.String(), "  0%")
	terminal.Reset()

	pass(redraw / 2)
	b.Progress("dir/junit.xml", "sending", 1<<20, 4<<20)
	require.Empty(t, terminal.String(), "not more often than an eye sees")
	pass(2 * time.Second)
	b.Progress("dir/junit.xml", "sending", 2<<20, 4<<20)
	line := terminal.String()
	require.Contains(t, line, " 50%  2.0 MiB of 4.0 MiB, 999.0 KiB/s")
	require.Equal(t, strings.Count(line, "█"), strings.Count(line, "░"))
	require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimPrefix(line, "\r\x1b[K")), 90)
	terminal.Reset()

	b.Progress("dir/junit.xml", "importing", 0, 0)
	require.Contains(t, terminal.String(), "importing …")
	terminal.Reset()
	b.Delivered("dir/junit.xml", imported("r"), "")
	require.Equal(t, "\r\x1b[K", terminal.String(), "the bar makes room")
	require.Equal(t, "dir/junit.xml: imported, run r\n", out.String())
	b.Note("x")
	b.Failed("y", errors.New("z"), "")
	b.Kept("y", errors.New("z"))
	require.Equal(t, 1, strings.Count(terminal.String(), "\x1b[K"), "no bar, nothing to clear")
}

func TestBarInANarrowTerminal(t *testing.T) {
	t.Parallel()
	var terminal bytes.Buffer
	b := &Bar{Terminal: &terminal, Width: 60, Now: newClock().Now}
	b.Progress(strings.Repeat("ä", 80)+".xml", "importing", 5, 10)
	require.Contains(t, terminal.String(), "50%  5 of 10")
	require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimPrefix(terminal.String(), "\r\x1b[K")), 60)
}

func TestSize(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1536: "1.5 KiB", 5 << 20: "5.0 MiB", 3 << 30: "3.0 GiB", 2 << 40: "2.0 TiB", 1 << 52: "4096.0 TiB"} {
		require.Equal(t, want, Size(n))
	}
}
