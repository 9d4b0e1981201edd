package push

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"
)

// Plain shows one line for each thing that happened, for logs of CI jobs.
type Plain struct {
	// Out gets what was delivered, Err all else.
	Out, Err io.Writer
	// Quiet leaves out what went well.
	Quiet bool
}

// Progress implements [Display]: a log needs none.
func (p *Plain) Progress(string, string, int64, int64) {}

// Delivered implements [Display].
func (p *Plain) Delivered(path string, record Import, link string) {
	switch {
	case p.Quiet:
	case record.Status != "done":
		fmt.Fprintf(p.Out, "%s: sent, import %s\n", path, record.ID)
	case link != "":
		fmt.Fprintf(p.Out, "%s: imported, %s\n", path, link)
	case len(record.Metadata.RunID) > 0:
		fmt.Fprintf(p.Out, "%s: imported, run %s\n", path, record.Metadata.RunID[0])
	default:
		fmt.Fprintf(p.Out, "%s: imported\n", path)
	}
}

// Failed implements [Display].
func (p *Plain) Failed(path string, err error, aside string) {
	fmt.Fprintf(p.Err, "%s: not imported: %s\n", path, err)
	if aside != "" {
		fmt.Fprintf(p.Err, "%s: put aside in %s\n", path, aside)
	}
}

// Kept implements [Display].
func (p *Plain) Kept(path string, err error) {
	fmt.Fprintf(p.Err, "%s: kept for later: %s\n", path, err)
}

// Note implements [Display].
func (p *Plain) Note(text string) { fmt.Fprintln(p.Err, text) }

// Bar shows a progress bar below the lines of [Plain], on a terminal.
type Bar struct {
	Plain
	// Terminal gets the bar, and is Width columns wide.
	Terminal io.Writer
	Width    int
	Now      func() time.Time

	drawn   time.Time
	visible bool
	doing   string
	started time.Time
}

// redraw is how often the bar moves at most: often enough to look alive.
const redraw = 100 * time.Millisecond

// Progress implements [Display].
func (b *Bar) Progress(path, doing string, done, total int64) {
	now := b.Now()
	if key := path + doing; key != b.doing || done == 0 {
		b.doing, b.started = key, now
	} else if now.Sub(b.drawn) < redraw && done != total {
		return
	}
	b.drawn, b.visible = now, true
	fmt.Fprintf(b.Terminal, "\r\x1b[K%s", b.line(path, doing, done, total, now.Sub(b.started)))
}

func (b *Bar) line(path, doing string, done, total int64, took time.Duration) string {
	name := filepath.Base(path)
	if runes := []rune(name); len(runes) > 30 {
		name = string(runes[:29]) + "…"
	}
	head := fmt.Sprintf("%-30s %-9s ", name, doing)
	if total <= 0 {
		return head + "…"
	}
	amount := fmt.Sprintf("%d of %d", done, total)
	if doing != "importing" {
		amount = Size(done) + " of " + Size(total)
		if seconds := took.Seconds(); seconds >= 1 {
			amount += ", " + Size(int64(float64(done)/seconds)) + "/s"
		}
	}
	tail := fmt.Sprintf(" %3d%%  %s", done*100/total, amount)
	room := min(30, b.Width-utf8.RuneCountInString(head)-utf8.RuneCountInString(tail)-1)
	if room < 5 {
		return head + strings.TrimSpace(tail)
	}
	full := int(min(done, total) * int64(room) / total)
	return head + strings.Repeat("█", full) + strings.Repeat("░", room-full) + tail
}

// Clear takes the bar away so that a line can be written in its place.
func (b *Bar) Clear() {
	if b.visible {
		fmt.Fprint(b.Terminal, "\r\x1b[K")
		b.visible = false
	}
}

// Delivered implements [Display].
func (b *Bar) Delivered(path string, record Import, link string) {
	b.Clear()
	b.Plain.Delivered(path, record, link)
}

// Failed implements [Display].
func (b *Bar) Failed(path string, err error, aside string) {
	b.Clear()
	b.Plain.Failed(path, err, aside)
}

// Kept implements [Display].
func (b *Bar) Kept(path string, err error) {
	b.Clear()
	b.Plain.Kept(path, err)
}

// Note implements [Display].
func (b *Bar) Note(text string) {
	b.Clear()
	b.Plain.Note(text)
}

// Size writes a number of bytes for people: 1.2 MiB.
func Size(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	f := float64(n)
	for i, unit := range units {
		if f < 1024 || i == len(units)-1 {
			if i == 0 {
				return fmt.Sprintf("%d B", n)
			}
			return fmt.Sprintf("%.1f %s", f, unit)
		}
		f /= 1024
	}
	return ""
}
