package plugin

import "time"

// State is where a module's process is in its life.
type State string

// The states of a module.
const (
	Starting State = "starting" // its process starts, or has not answered yet
	Running  State = "running"  // it answers; whether it is well is in Health
	Waiting  State = "waiting"  // it ended, and the next start is some time away
	Renewing State = "renewing" // it finishes its work, to be started anew at once
	Draining State = "draining" // it was told to stop and finishes its work
	Stopped  State = "stopped"  // it was told to stop and did
)

// Status is what a host knows about its module.
type Status struct {
	Name        string
	State       State
	Since       time.Time // of State
	PID         int       // zero when no process runs
	Health      Health    // the last answer; not OK while no process runs
	Stats       Stats     // the last answer
	Restarts    int       // after it ended by itself
	Renewals    int       // by the host: new settings, or too much memory
	LastReason  string    // why it was started again the last time
	LastRestart time.Time // when that was
}
