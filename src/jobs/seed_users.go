package jobs

import (
	"context"

	"github.com/riverqueue/river"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// SeedUsers makes the users of projects that exist: by project name, its owner and its members, by e-mail.
type SeedUsers struct {
	Projects map[string]store.SeededProject `json:"projects"`
}

// Kind names the job.
func (SeedUsers) Kind() string { return "seed_users" }

type seedUsers struct {
	river.WorkerDefaults[SeedUsers]
	store *store.Store
}

func (w *seedUsers) Work(ctx context.Context, job *river.Job[SeedUsers]) error {
	return w.store.SeedUsers(ctx, job.Args.Projects)
}
