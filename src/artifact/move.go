package artifact

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// Moved counts what a move has done.
type Moved struct {
	// Contents and Bytes are those that were moved.
	Contents int64 `json:"contents"`
	Bytes    int64 `json:"bytes"`
	// Damaged are contents that are missing or not what they were; they are left where they are.
	Damaged int64 `json:"damaged"`
}

// movedAtOnce is how many rows are read at a time.
const movedAtOnce = 200

// Move brings all contents into one store: InPostgreSQL, InFiles or InS3. Each is written to its new place, read back from there
// and held against its hash before its row says so; only then the old one goes. Cut short at any point, it loses nothing, and
// goes on when it is called again. tell hears of each one.
func (l *Library) Move(ctx context.Context, to string, tell func(context.Context, Moved) error) (Moved, error) {
	m := &moving{Library: l, tell: tell}
	if to == InPostgreSQL {
		err := m.moveIn(ctx)
		return m.done, err
	}
	target, ok := l.stores[to]
	if !ok {
		return m.done, fmt.Errorf("artifacts: the store %s is not set up", to)
	}
	if err := m.relocate(ctx, target); err != nil {
		return m.done, err
	}
	err := m.moveOut(ctx, target)
	return m.done, err
}

type moving struct {
	*Library
	tell func(context.Context, Moved) error
	done Moved
}

func (m *moving) count(ctx context.Context, more Moved) error {
	m.done.Contents += more.Contents
	m.done.Bytes += more.Bytes
	m.done.Damaged += more.Damaged
	if m.tell == nil {
		return nil
	}
	return m.tell(ctx, m.done)
}

// placed writes a content to a store and reads it back.
func (m *moving) placed(ctx context.Context, to Blobs, hash, content []byte) (store.Blob, error) {
	b, err := m.put(ctx, to, hash, content)
	if err != nil {
		return b, err
	}
	_, err = m.Whole(ctx, b)
	return b, err
}

// moveOut moves what is in the database.
func (m *moving) moveOut(ctx context.Context, to Blobs) error {
	for after := (uuid.UUID{}); ; {
		places, err := m.db.ArtifactsInside(ctx, after, movedAtOnce)
		if err != nil || len(places) == 0 {
			return err
		}
		for _, p := range places {
			if err := m.oneOut(ctx, to, p); err != nil {
				return fmt.Errorf("artifact %s: %w", p.ID, err)
			}
		}
		after = places[len(places)-1].ID
	}
}

func (m *moving) oneOut(ctx context.Context, to Blobs, p store.ArtifactPlace) error {
	content, err := m.db.ArtifactContent(ctx, p.ID, 0, -1)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if int64(len(content)) != p.Size {
		return nil // changed or moved since
	}
	hash := sha256.Sum256(content)
	b, err := m.db.UseBlob(ctx, hash[:])
	if errors.Is(err, store.ErrNotFound) {
		b, err = m.placed(ctx, to, hash[:], content)
	} else if err == nil {
		// Another artifact has it already; that it can be read is proven before this one's copy goes.
		_, err = m.Whole(ctx, b)
	}
	if err != nil {
		return err
	}
	moved, err := m.db.MoveOut(ctx, p.ID, b)
	if err != nil || !moved {
		return err
	}
	return m.count(ctx, Moved{Contents: 1, Bytes: p.Size})
}

// relocate moves what is in other stores.
func (m *moving) relocate(ctx context.Context, to Blobs) error {
	for after := []byte{}; ; {
		blobs, err := m.db.BlobsNotIn(ctx, to.Name(), after, movedAtOnce)
		if err != nil || len(blobs) == 0 {
			return err
		}
		for _, b := range blobs {
			if err := m.oneOver(ctx, to, b); err != nil {
				return fmt.Errorf("content %s: %w", b.Key, err)
			}
		}
		after = blobs[len(blobs)-1].Hash
	}
}

func (m *moving) oneOver(ctx context.Context, to Blobs, b store.Blob) error {
	content, err := m.Whole(ctx, b)
	if errors.Is(err, ErrMissing) || errors.Is(err, ErrDamaged) {
		return m.count(ctx, Moved{Damaged: 1})
	}
	if err != nil {
		return err
	}
	there, err := m.placed(ctx, to, b.Hash, content)
	if err != nil {
		return err
	}
	moved, err := m.db.RelocateBlob(ctx, b, there)
	if err != nil || !moved {
		return err
	}
	if err := m.stores[b.Store].Delete(ctx, b.Key); err != nil {
		return err
	}
	return m.count(ctx, Moved{Contents: 1, Bytes: b.Size})
}

// moveIn moves everything into the database. What the contents leave behind is swept.
func (m *moving) moveIn(ctx context.Context) error {
	for after := (uuid.UUID{}); ; {
		places, err := m.db.ArtifactsOutside(ctx, after, movedAtOnce)
		if err != nil || len(places) == 0 {
			return err
		}
		for _, p := range places {
			if err := m.oneIn(ctx, p); err != nil {
				return fmt.Errorf("artifact %s: %w", p.ID, err)
			}
		}
		after = places[len(places)-1].ID
	}
}

func (m *moving) oneIn(ctx context.Context, p store.ArtifactPlace) error {
	b, err := m.db.Blob(ctx, p.Blob)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	content, err := m.Whole(ctx, b)
	if errors.Is(err, ErrMissing) || errors.Is(err, ErrDamaged) {
		return m.count(ctx, Moved{Damaged: 1})
	}
	if err != nil {
		return err
	}
	moved, err := m.db.MoveIn(ctx, p.ID, p.Blob, content)
	if err != nil || !moved {
		return err
	}
	return m.count(ctx, Moved{Contents: 1, Bytes: p.Size})
}

// Swept counts what a sweep has deleted, or would.
type Swept struct {
	// Unused are contents that no artifact has any more, Strays what a killed process left in a store.
	Unused int64 `json:"unused"`
	Strays int64 `json:"strays"`
	// Bytes are what the unused ones take up.
	Bytes int64 `json:"bytes"`
}

// Sweep deletes what no artifact has, and was last used or written before then. That time has to be long enough ago that
// whoever writes an artifact now is done with it: a day is, an hour is not. With dryRun it only counts.
func (l *Library) Sweep(ctx context.Context, then time.Time, dryRun bool) (Swept, error) {
	var s Swept
	for after := []byte{}; ; {
		blobs, err := l.db.UnusedBlobs(ctx, then, after, movedAtOnce)
		if err != nil {
			return s, err
		}
		if len(blobs) == 0 {
			break
		}
		for _, b := range blobs {
			from, ok := l.stores[b.Store]
			if !ok {
				continue
			}
			if !dryRun {
				// First the row: a content without one is a stray, a row without a content would be a loss.
				gone, err := l.db.DeleteUnusedBlob(ctx, b, then)
				if err != nil {
					return s, err
				}
				if !gone {
					continue
				}
				if err := from.Delete(ctx, b.Key); err != nil {
					return s, err
				}
			}
			s.Unused++
			s.Bytes += b.Stored
		}
		after = blobs[len(blobs)-1].Hash
	}
	for _, from := range l.stores {
		strays, err := l.strays(ctx, from, then, dryRun)
		s.Strays += strays
		if err != nil {
			return s, err
		}
	}
	return s, nil
}

// strays deletes the keys of a store that no row names.
func (l *Library) strays(ctx context.Context, from Blobs, then time.Time, dryRun bool) (n int64, err error) {
	var keys []string
	check := func() error {
		known, err := l.db.KnownKeys(ctx, keys)
		if err != nil {
			return err
		}
		for _, key := range keys {
			if known[key] {
				continue
			}
			if !dryRun {
				if err := from.Delete(ctx, key); err != nil {
					return err
				}
			}
			n++
		}
		keys = keys[:0]
		return nil
	}
	err = from.Each(ctx, func(key string, written time.Time) error {
		if !written.Before(then) || !isKey(key) {
			return nil
		}
		if keys = append(keys, key); len(keys) < movedAtOnce {
			return nil
		}
		return check()
	})
	if err != nil {
		return n, err
	}
	return n, check()
}

// isKey says whether a name looks like one of ours: in a folder or bucket that is shared nothing else is touched.
func isKey(key string) bool {
	const hashed = 2 * sha256.Size
	if len(key) != hashed+1+16 || key[hashed] != '-' {
		return false
	}
	for i := range len(key) {
		c := key[i]
		if i != hashed && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
