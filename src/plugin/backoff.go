package plugin

import "time"

// Backoff says how long to wait before a module is started again: Min after the first failure, twice as long after each
// further one, Max at most, and Min again once it was healthy for Reset.
type Backoff struct {
	Min, Max, Reset time.Duration
}

func (b Backoff) withDefaults() Backoff {
	if b.Min <= 0 {
		b.Min = 100 * time.Millisecond
	}
	if b.Max <= 0 {
		b.Max = 5 * time.Second
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
	pause := p.next
	p.next = min(2*p.next, p.backoff.Max)
	return time.Duration(float64(pause) * (0.8 + 0.4*p.random()))
}
