package jobs

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// The states of a job, in words that say what they mean.
const (
	StateWaiting   = "waiting"   // could run now
	StateScheduled = "scheduled" // its time has not come
	StateRunning   = "running"
	StateRetrying  = "retrying" // failed, and is tried again
	StateDone      = "done"
	StateCancelled = "cancelled"
	StateDead      = "dead" // failed for good
	// StateFailed is no state but a question: which jobs failed, for now or for good?
	StateFailed = "failed"
)

// queueStates are the queue's own words for each state.
var queueStates = map[string][]string{
	StateWaiting: {"available", "pending"}, StateScheduled: {"scheduled"}, StateRunning: {"running"}, StateRetrying: {"retryable"},
	StateDone: {"completed"}, StateCancelled: {"cancelled"}, StateDead: {"discarded"}, StateFailed: {"retryable", "discarded"},
}

// IsState says whether a word is a state, or StateFailed.
func IsState(word string) bool { return queueStates[word] != nil }

func stateOf(own string) string {
	for state, words := range queueStates {
		if state != StateFailed && slices.Contains(words, own) {
			return state
		}
	}
	return own
}

// Failure is what went wrong in one attempt.
type Failure struct {
	At      time.Time `json:"at"`
	Attempt int       `json:"attempt"`
	Error   string    `json:"error"`
	// Trace says where it panicked, if it did.
	Trace string `json:"trace,omitempty"`
}

// Job is a job as administrators see it.
type Job struct {
	ID          int64           `json:"id"`
	Kind        string          `json:"kind"`
	Queue       string          `json:"queue"`
	State       string          `json:"state"`
	Args        json.RawMessage `json:"args"`
	Attempt     int             `json:"attempt"`
	MaxAttempts int             `json:"max_attempts"`
	Created     time.Time       `json:"created"`
	Scheduled   time.Time       `json:"scheduled"`
	Started     *time.Time      `json:"started,omitempty"`
	Finished    *time.Time      `json:"finished,omitempty"`
	Worker      *string         `json:"worker,omitempty"`
	Errors      []Failure       `json:"errors"`
	// Progress is how far it is, Output what it did; each kind has its own members.
	Progress json.RawMessage `json:"progress,omitempty"`
	Output   json.RawMessage `json:"output,omitempty"`
	// Cancelling says that it runs and was asked to end.
	Cancelling bool `json:"cancelling"`
}

func viewOf(row store.Job) (Job, error) {
	j := Job{ID: row.ID, Kind: row.Kind, Queue: row.Queue, State: stateOf(row.State), Args: row.Args, Attempt: row.Attempt, MaxAttempts: row.MaxAttempts,
		Created: row.Created.UTC(), Scheduled: row.Scheduled.UTC(), Started: inUTC(row.Started), Finished: inUTC(row.Finished), Worker: row.Worker,
		Errors: []Failure{}}
	if len(row.Errors) > 0 {
		if err := json.Unmarshal(row.Errors, &j.Errors); err != nil {
			return j, err
		}
	}
	var kept struct {
		Progress json.RawMessage `json:"progress"`
		Output   json.RawMessage `json:"output"`
		Cancel   json.RawMessage `json:"cancel_attempted_at"`
	}
	if err := json.Unmarshal(row.Metadata, &kept); err != nil {
		return j, err
	}
	j.Progress, j.Output, j.Cancelling = kept.Progress, kept.Output, len(kept.Cancel) > 0 && j.State == StateRunning
	return j, nil
}

func inUTC(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	utc := t.UTC()
	return &utc
}

// Queue is how a queue stands.
type Queue struct {
	Name   string `json:"name"`
	Paused bool   `json:"paused"`
	// Workers is how many of its jobs all living workers together run at a time.
	Workers   int64 `json:"workers"`
	Waiting   int64 `json:"waiting"`
	Scheduled int64 `json:"scheduled"`
	Running   int64 `json:"running"`
	Retrying  int64 `json:"retrying"`
	Dead      int64 `json:"dead"`
	// OldestSeconds is how long the oldest job that could run has waited.
	OldestSeconds float64 `json:"oldest_seconds"`
}

// WorkerInfo is a process that works on jobs, or adds the periodic ones.
type WorkerInfo struct {
	ID         string    `json:"id"`
	Role       string    `json:"role"`
	Version    string    `json:"version"`
	Host       string    `json:"host"`
	PID        int       `json:"pid"`
	Started    time.Time `json:"started"`
	Seen       time.Time `json:"seen"`
	Alive      bool      `json:"alive"`
	Leads      bool      `json:"leads"`
	Running    int64     `json:"running"`
	Capacity   int       `json:"capacity"`
	Memory     int64     `json:"memory"`
	Goroutines int       `json:"goroutines"`
}
