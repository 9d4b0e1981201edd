package plugin

import "time"

// Backoff says how long to wait before a module is started again: Min (100 ms) after the first failure, twice as long after
// each further one, and Min again once it was healthy for Reset (1 min). The pause is at most Max (15 s), and at most
// MaxWell (1 s) after a process that had been well: one that is killed, by an operator or for its memory, has work to take
// up again, while one that does not even start only fills the log.
type Backoff struct {
	Min, MaxWell, Max, Reset time.Duration
}

func (b Backoff) withDefaults() Backoff {
	if b.Min <= 0 {
		b.Min = 100 * time.Millisecond
	}
	if b.MaxWell <= 0 {
		b.MaxWell = time.Second
	}
	if b.Max <= 0 {
		b.Max = 15 * time.Second
	}
	if b.Reset <= 0 {
		b.Reset = time.Minute
	}
	return b
}

// pacer keeps the state of a Backoff.
type pacer struct {
	backoff Backoff
	random  func() float64 // in [0, 1)
	next    time.Duration
}

// after is the pause to make after a process that was healthy for the given time. A fifth of it is by chance, either way:
// modules that fell together, as when the database went away, must not come back together each time.
func (p *pacer) after(healthy time.Duration) time.Duration {
	if p.next < p.backoff.Min || healthy >= p.backoff.Reset {
		p.next = p.backoff.Min
	}
	most := p.backoff.Max
	if healthy > 0 {
		most = p.backoff.MaxWell
	}
	pause := min(p.next, most)
	p.next = min(2*pause, most)
	return time.Duration(float64(pause) * (0.8 + 0.4*p.random()))
}
