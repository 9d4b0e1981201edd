package auth

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// Identity is who a request comes from. It is shared between requests and never changed.
type Identity struct {
	UserID     uuid.UUID
	Email      string
	Name       *string
	Superadmin bool
	GroupID    *uuid.UUID
	// Member are the projects that list the user, Owned those that the user owns; each without repeats.
	Member, Owned []uuid.UUID
	// Access is the token that the request came with.
	Access Access

	// accessible says of the projects that the user belongs to whether their rows may be written, too.
	accessible map[uuid.UUID]bool
}

// Access is a token in use.
type Access struct {
	// Token is the API token; the zero id for a sign-in, of which Hash is the store.TokenHash.
	Token uuid.UUID
	Hash  []byte
	// Created and Expires are those that the token tells.
	Created, Expires time.Time
}

// NewIdentity makes the identity of a caller.
func NewIdentity(c store.Caller) *Identity {
	accessible := make(map[uuid.UUID]bool, len(c.Member)+len(c.Owned))
	for _, id := range c.Member {
		accessible[id] = true
	}
	for _, id := range c.Reads {
		accessible[id] = false
	}
	for _, id := range c.Owned {
		accessible[id] = true
	}
	return &Identity{UserID: c.ID, Email: c.Email, Name: c.Name, Superadmin: c.IsSuperadmin, GroupID: c.GroupID,
		Member: c.Member, Owned: c.Owned, accessible: accessible}
}

// ID of the user.
func (i *Identity) ID() uuid.UUID { return i.UserID }

// IsSuperadmin says whether everything is open to the user.
func (i *Identity) IsSuperadmin() bool { return i.Superadmin }

// CanRead says whether the rows of a project may be read: by superadmins, its owners, members and readers. What has no
// project is the superadmins' alone.
func (i *Identity) CanRead(project *uuid.UUID) bool {
	return i.Superadmin || project != nil && i.belongs(*project)
}

// CanWrite says whether the rows of a project may be written, too: not by readers.
func (i *Identity) CanWrite(project *uuid.UUID) bool {
	return i.Superadmin || project != nil && i.accessible[*project]
}

// belongs says whether the user is an owner, a member or a reader.
func (i *Identity) belongs(project uuid.UUID) bool {
	_, ok := i.accessible[project]
	return ok
}

// owns says whether the user is the owner.
func (i *Identity) owns(project uuid.UUID) bool { return slices.Contains(i.Owned, project) }

// Scope are the projects whose rows lists show: nil, which means all, for superadmins, else those that list the user. An
// owner who is not listed can open a project's rows one by one, but does not find them in lists; so it is with clients.
func (i *Identity) Scope() []uuid.UUID {
	if i.Superadmin {
		return nil
	}
	if i.Member == nil {
		return []uuid.UUID{}
	}
	return i.Member
}
