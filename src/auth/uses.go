package auth

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/store"
)

const (
	// usesEvery is how often what was used is written down, and so how exact the time of the last use is.
	usesEvery = 20 * time.Second
	// usesKept bounds the memory between two writes.
	usesKept = 20_000
)

// UseStore keeps when tokens were used.
type UseStore interface {
	TouchUses(ctx context.Context, uses []store.Use, newID func() uuid.UUID) error
}

// Uses remembers which tokens were used when and from where, and writes that down now and then: a request never waits for it.
// Safe for concurrent use.
type Uses struct {
	store UseStore
	now   func() time.Time
	newID func() uuid.UUID
	log   zerolog.Logger

	mu   sync.Mutex
	seen map[string]store.Use
}

// NewUses remembers nothing yet. Run writes.
func NewUses(s UseStore, now func() time.Time, newID func() uuid.UUID, log zerolog.Logger) *Uses {
	return &Uses{store: s, now: now, newID: newID, log: log, seen: map[string]store.Use{}}
}

// Saw remembers that the identity's token was used from the client by the agent. The texts are called for only where they
// are needed, and must then be copies.
func (u *Uses) Saw(who *Identity, client, agent func() string) {
	key := string(who.Access.Hash)
	if key == "" {
		key = string(who.Access.Token[:])
	}
	now := u.now()
	u.mu.Lock()
	defer u.mu.Unlock()
	use, known := u.seen[key]
	if !known {
		if len(u.seen) >= usesKept {
			return
		}
		use = store.Use{Hash: who.Access.Hash, Token: who.Access.Token, UserID: who.UserID, Created: who.Access.Created, Expires: who.Access.Expires,
			Client: client(), Agent: agent()}
	}
	use.At = now
	u.seen[key] = use
}

// Run writes until ctx ends, and once more then.
func (u *Uses) Run(ctx context.Context) {
	tick := time.NewTicker(usesEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			u.Write(last)
			return
		}
		u.Write(ctx)
	}
}

// Write writes down what is remembered. What cannot be written is lost: it comes again with the next use.
func (u *Uses) Write(ctx context.Context) {
	u.mu.Lock()
	seen := u.seen
	u.seen = make(map[string]store.Use, len(seen))
	u.mu.Unlock()
	if len(seen) == 0 {
		return
	}
	uses := make([]store.Use, 0, len(seen))
	for _, use := range seen {
		uses = append(uses, use)
	}
	if err := u.store.TouchUses(ctx, uses, u.newID); err != nil && ctx.Err() == nil {
		u.log.Warn().Err(err).Msg("cannot write down which tokens were used")
	}
}
