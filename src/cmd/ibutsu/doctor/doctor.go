// Package doctor looks at what a server needs around it and says what is wrong, why it matters, and how to mend it. Each
// check first gathers facts and then judges them; judging is pure.
package doctor

import (
	"context"
	"time"

	"github.com/ibutsu/ibutsu-go/src/config"
)

// State is how a thing is.
type State string

// The states. Only Broken makes the whole broken.
const (
	OK      State = "ok"
	Skipped State = "skipped"
	Warning State = "warning"
	Broken  State = "broken"
)

// Finding is what a check found.
type Finding struct {
	// Check is the name of the check: "port", "database.version".
	Check string `json:"check"`
	State State  `json:"state"`
	// What is found, Why it matters, Fix is how to mend it. OK and Skipped have What alone.
	What string `json:"what"`
	Why  string `json:"why,omitempty"`
	Fix  string `json:"fix,omitempty"`
}

// Machine is what the doctor sees of the machine; tests bring their own.
type Machine interface {
	// Listen tries to listen on an address and stops at once.
	Listen(ctx context.Context, address string) error
	// Answers says whether an Ibutsu server answers under a URL.
	Answers(ctx context.Context, url string) bool
	// Postgres finds the PostgreSQL programs and gives their folder and major version.
	Postgres(ctx context.Context, bin string) (folder string, major int, err error)
	// Disk gives the free bytes and files of the file system that a path is on.
	Disk(path string) (bytes, files uint64, err error)
	// FileLimit is how many files this process may have open.
	FileLimit() (uint64, error)
	// Folder describes a folder.
	Folder(path string) Folder
	Now() time.Time
	// Burden tells how busy the machine is.
	Burden() (Burden, error)
}

// Folder is what is known of a folder.
type Folder struct {
	// Exists is about the folder itself; when it is false, Parent is the nearest folder above that exists.
	Exists bool
	Parent string
	// IsDir is false for anything else at that place.
	IsDir bool
	// Writable is about the folder, or the parent when it does not exist.
	Writable bool
	// Mode are the permission bits, Ours says that this user owns it.
	Mode uint32
	Ours bool
}

// Patient is what is looked at.
type Patient struct {
	Config *config.Config
	// PrivateDatabase is the address of the PostgreSQL that `ibutsu up` has left in the state folder; empty when none.
	PrivateDatabase string
	// Limit bounds each check that asks another machine.
	Limit time.Duration
}

// Examine makes all checks.
func Examine(ctx context.Context, m Machine, p Patient) []Finding {
	findings := []Finding{
		port(ctx, m, p.Config.Server.Listen),
		stateDir(m, p.Config.Server.StateDir),
		disk(m, p.Config.Server.StateDir),
		fileLimit(m),
		postgresPrograms(ctx, m, p),
	}
	findings = append(findings, burden(m)...)
	findings = append(findings, database(ctx, m, p)...)
	findings = append(findings, standbys(ctx, p)...)
	return append(findings, redis(ctx, p))
}

// AnyBroken says whether anything is broken.
func AnyBroken(findings []Finding) bool {
	for _, f := range findings {
		if f.State == Broken {
			return true
		}
	}
	return false
}
