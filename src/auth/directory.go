package auth

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/filter"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// ErrAmbiguous means that several projects have the name, and none of them is the one that the caller must mean.
var ErrAmbiguous = errors.New("several projects have this name")

const (
	// identitiesKept and projectsKept bound the memory: an identity is some hundred bytes and its projects.
	identitiesKept = 10_000
	projectsKept   = 10_000
	// keptLive is how long something is kept while changes are heard of, which end it at once; keptDeaf while they may be missed.
	keptLive = 30 * time.Second
	keptDeaf = 2 * time.Second
	// Channel is where the database tells of changes to users, tokens, projects and memberships.
	Channel = "ibutsu_identity"
)

// Source is what the directory reads.
type Source interface {
	Caller(ctx context.Context, user uuid.UUID, token string) (store.Caller, error)
	Project(ctx context.Context, id uuid.UUID) (store.Project, error)
	ProjectsNamed(ctx context.Context, name string) ([]store.Project, error)
}

// Directory says who the bearer of a token is, and which project a client means, without asking the database each time.
// Safe for concurrent use. It is only as fresh as what calls it: see Listening and Flush.
type Directory struct {
	source Source
	tokens *Tokens
	now    func() time.Time
	live   atomic.Bool

	identities *cache[string, bearer]
	named      *cache[string, []store.Project]
	projects   *cache[uuid.UUID, store.Project]
}

type bearer struct {
	identity *Identity
	expires  time.Time
}

// NewDirectory reads from the source what it is asked for.
func NewDirectory(source Source, tokens *Tokens, now func() time.Time) *Directory {
	return &Directory{
		source: source, tokens: tokens, now: now,
		identities: newCache[string, bearer](identitiesKept),
		named:      newCache[string, []store.Project](projectsKept),
		projects:   newCache[uuid.UUID, store.Project](projectsKept),
	}
}

// Listening is how the directory hears of changes that others make; pass it to store.Listen. Without it, and while the
// connection is down, what is known is used for two seconds.
func (d *Directory) Listening() store.Listening {
	return store.Listening{
		Channel:  Channel,
		Notified: func(string) { d.Flush() },
		Live: func(live bool) {
			d.live.Store(live)
			d.Flush()
		},
	}
}

// Flush forgets everything. Whoever changes a user, a token, a project or a membership calls it after the commit and
// before answering, so that the next request of the same client sees the change.
func (d *Directory) Flush() {
	d.identities.flush()
	d.named.flush()
	d.projects.flush()
}

// since is the moment before which what was read is too old.
func (d *Directory) since(now time.Time) time.Time {
	if d.live.Load() {
		return now.Add(-keptLive)
	}
	return now.Add(-keptDeaf)
}

// Authenticate returns who bears the token. ErrUnauthenticated: it is no token, it is over or revoked, or its user is gone
// or inactive.
func (d *Directory) Authenticate(ctx context.Context, token string) (*Identity, error) {
	now := d.now()
	known, generation, ok := d.identities.get(token, d.since(now))
	if !ok {
		var err error
		if known, err = d.read(ctx, token); err != nil {
			return nil, err
		}
		d.identities.put(token, known, now, generation)
	}
	if !known.expires.IsZero() && !now.Before(known.expires) {
		return nil, fmt.Errorf("%w: the token has expired", ErrUnauthenticated)
	}
	return known.identity, nil
}

func (d *Directory) read(ctx context.Context, token string) (bearer, error) {
	claims, err := d.tokens.Read(token)
	if err != nil {
		return bearer{}, fmt.Errorf("%w: %w", ErrUnauthenticated, err)
	}
	caller, err := d.source.Caller(ctx, claims.UserID, token)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return bearer{}, fmt.Errorf("%w: the user is gone", ErrUnauthenticated)
	case err != nil:
		return bearer{}, err
	case !caller.IsActive:
		return bearer{}, fmt.Errorf("%w: the user is inactive", ErrUnauthenticated)
	case !claims.Login && caller.Token == uuid.Nil, claims.Login && ended(claims, caller):
		return bearer{}, fmt.Errorf("%w: the token is revoked", ErrUnauthenticated)
	}
	who := NewIdentity(caller)
	who.Access = Access{Token: caller.Token, Created: claims.Issued, Expires: claims.Expires}
	if claims.Login {
		who.Access.Token, who.Access.Hash = uuid.Nil, store.TokenHash(token)
	}
	return bearer{who, claims.Expires}, nil
}

// ended says whether a sign-in has been ended by hand. One that has no row is from another server with the same key, and is
// good unless all sign-ins before some later moment were ended.
func ended(claims Claims, caller store.Caller) bool {
	if caller.Session != nil {
		return caller.Revoked
	}
	return caller.Cut != nil && claims.Issued.Before(*caller.Cut)
}

// FindProject returns the project of that id or name. Of several with one name it is the one that the caller, who may be
// nil, belongs to, or of those the one that the caller owns; else ErrAmbiguous. ErrNotFound of the store: there is none.
// Whether the caller may use it is another question.
func (d *Directory) FindProject(ctx context.Context, nameOrID string, who *Identity) (store.Project, error) {
	if id, ok := filter.ParseUUID(nameOrID); ok {
		p, err := d.Project(ctx, id)
		if !errors.Is(err, store.ErrNotFound) {
			return p, err
		}
	}
	named, err := d.projectsNamed(ctx, nameOrID)
	if err != nil {
		return store.Project{}, err
	}
	return choose(named, who)
}

// Project returns the project of that id, or ErrNotFound of the store.
func (d *Directory) Project(ctx context.Context, id uuid.UUID) (store.Project, error) {
	now := d.now()
	p, generation, ok := d.projects.get(id, d.since(now))
	if ok {
		return p, nil
	}
	p, err := d.source.Project(ctx, id)
	if err != nil {
		return store.Project{}, err
	}
	d.projects.put(id, p, now, generation)
	return p, nil
}

func (d *Directory) projectsNamed(ctx context.Context, name string) ([]store.Project, error) {
	now := d.now()
	named, generation, ok := d.named.get(name, d.since(now))
	if ok {
		return named, nil
	}
	named, err := d.source.ProjectsNamed(ctx, name)
	if err != nil || len(named) == 0 {
		return nil, err
	}
	d.named.put(name, named, now, generation)
	return named, nil
}

func choose(named []store.Project, who *Identity) (store.Project, error) {
	switch {
	case len(named) == 0:
		return store.Project{}, fmt.Errorf("project: %w", store.ErrNotFound)
	case len(named) == 1:
		return named[0], nil
	case who == nil:
		return store.Project{}, ErrAmbiguous
	}
	own := keep(named, who.belongs)
	if len(own) > 1 {
		own = keep(own, who.owns)
	}
	if len(own) == 1 {
		return own[0], nil
	}
	if len(own) == 0 && !who.Superadmin && len(keep(named, who.belongs)) == 0 {
		return named[0], nil // a stranger to all of them, who will be refused as a stranger to one is
	}
	return store.Project{}, ErrAmbiguous
}

func keep(projects []store.Project, is func(uuid.UUID) bool) []store.Project {
	var kept []store.Project
	for _, p := range projects {
		if is(p.ID) {
			kept = append(kept, p)
		}
	}
	return kept
}
