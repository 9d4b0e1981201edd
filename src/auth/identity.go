package auth

import (
	"slices"

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

	accessible map[uuid.UUID]struct{}
}

// NewIdentity makes the identity of a caller.
func NewIdentity(c store.Caller) *Identity {
	accessible := make(map[uuid.UUID]struct{}, len(c.Member)+len(c.Owned))
	for _, id := range c.Member {
		accessible[id] = struct{}{}
	}
	for _, id := range c.Owned {
		accessible[id] = struct{}{}
	}
	return &Identity{UserID: c.ID, Email: c.Email, Name: c.Name, Superadmin: c.IsSuperadmin, GroupID: c.GroupID,
		Member: c.Member, Owned: c.Owned, accessible: accessible}
}

// ID of the user.
func (i *Identity) ID() uuid.UUID { return i.UserID }

// IsSuperadmin says whether everything is open to the user.
func (i *Identity) IsSuperadmin() bool { return i.Superadmin }

// CanAccess says whether the rows of a project may be read and written: by superadmins, its members and its owner. What has
// no project is the superadmins' alone.
func (i *Identity) CanAccess(project *uuid.UUID) bool {
	return i.Superadmin || project != nil && i.belongs(*project)
}

// belongs says whether the user is a member or the owner.
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
