// Package health collects how the parts of a process are, for those who ask whether it lives, has started, and may be sent
// requests.
package health

import (
	"context"
	"sync"
	"time"
)

// The words of a status. They are those of GET /api/health.
const (
	OK    = "OK"
	Error = "Error"
)

// Part is how one part is.
type Part struct {
	Name    string `json:"name"`
	Status  string `json:"status"` // OK or Error
	Message string `json:"message"`
	// Required parts make the whole ready or not; the others are told, and no more: jobs wait for a worker that restarts.
	Required bool `json:"required"`
	// Restarts is how often a part that runs in a process of its own had to be started again.
	Restarts int `json:"restarts,omitempty"`
}

// Report is how all of it is.
type Report struct {
	Status string `json:"status"` // Error when a required part is not well
	Parts  []Part `json:"parts"`
}

// Check asks a part how it is; ctx bounds it. Name and Required are filled in.
type Check func(ctx context.Context) Part

// Well is the answer of a part that is.
func Well(message string) Part { return Part{Status: OK, Message: message} }

// Unwell is the answer of a part that is not.
func Unwell(message string) Part { return Part{Status: Error, Message: message} }

const (
	// patience is how long all parts together may take to answer.
	patience = 2 * time.Second
	// fresh is how long an answer is good for: asking costs no sign-in, so it must cost nothing else either.
	fresh = time.Second
)

// Board is where the parts of a process are known. Its own part, "process", is first. Safe for concurrent use.
type Board struct {
	now func() time.Time

	mutex    sync.Mutex
	phase    string // what the process does while it is not ready by itself
	serving  bool
	started  bool
	draining bool
	parts    []watched

	asking sync.Mutex // one asks, the others take its answer
	last   []Part
	asked  time.Time
}

type watched struct {
	name     string
	required bool
	check    Check
}

// NewBoard returns the board of a process that starts.
func NewBoard(now func() time.Time) *Board {
	return &Board{now: now, phase: "starting"}
}

// Watch adds a part, or takes the place of one of this name.
func (b *Board) Watch(name string, required bool, check Check) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	added := watched{name, required, check}
	for i, part := range b.parts {
		if part.name == name {
			b.parts[i] = added
			return
		}
	}
	b.parts = append(b.parts, added)
}

// Phase says what the start is busy with.
func (b *Board) Phase(text string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.phase = text
}

// Serving says that requests are answered from now on.
func (b *Board) Serving() {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.serving, b.phase = true, "serving"
}

// Draining says that the process is about to end.
func (b *Board) Draining() {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.draining, b.phase = true, "draining: about to end"
}

// Live is the answer to whether the process should be left alone: it is, as long as it can give one.
func (b *Board) Live() Report {
	part := b.process()
	part.Status = OK
	return Report{Status: OK, Parts: []Part{part}}
}

// Ready is the answer to whether the process may be sent requests.
func (b *Board) Ready(ctx context.Context) Report {
	report := Report{Status: OK, Parts: append([]Part{b.process()}, b.ask(ctx)...)}
	for _, part := range report.Parts {
		if part.Required && part.Status != OK {
			report.Status = Error
		}
	}
	return report
}

// Started is the answer to whether the start is over: every part, required or not, was well once. It stays so.
func (b *Board) Started(ctx context.Context) Report {
	report := b.Ready(ctx)
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if !b.started {
		b.started = b.serving
		for _, part := range report.Parts {
			b.started = b.started && part.Status == OK
		}
	}
	report.Status = OK
	if !b.started {
		report.Status = Error
	}
	return report
}

func (b *Board) process() Part {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	part := Part{Name: "process", Status: Error, Message: b.phase, Required: true}
	if b.serving && !b.draining {
		part.Status = OK
	}
	return part
}

func (b *Board) ask(ctx context.Context) []Part {
	b.asking.Lock()
	defer b.asking.Unlock()
	b.mutex.Lock()
	parts := append([]watched(nil), b.parts...)
	b.mutex.Unlock()
	if now := b.now(); now.Sub(b.asked) < fresh && len(b.last) == len(parts) {
		return b.last
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answers := make([]Part, len(parts))
	for i, part := range parts {
		answers[i] = part.check(ctx)
		answers[i].Name, answers[i].Required = part.name, part.required
	}
	b.last, b.asked = answers, b.now()
	return answers
}
