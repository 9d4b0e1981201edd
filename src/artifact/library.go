package artifact

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/klauspost/compress/zstd"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// Library keeps the contents of artifacts, and finds them wherever they are.
type Library struct {
	db *store.Store
	// keep is where new contents go; nil: into the database.
	keep   Blobs
	stores map[string]Blobs
	pack   *zstd.Encoder
	unpack *zstd.Decoder
}

// LibraryOptions say where contents are.
type LibraryOptions struct {
	DB *store.Store
	// Keep is where new contents go: InPostgreSQL (or ""), InFiles or InS3, which has to be among Stores.
	Keep string
	// Stores are all that can be read from.
	Stores []Blobs
}

// NewLibrary makes a library.
func NewLibrary(o LibraryOptions) (*Library, error) {
	l := &Library{db: o.DB, stores: map[string]Blobs{}}
	for _, s := range o.Stores {
		l.stores[s.Name()] = s
	}
	if o.Keep != "" && o.Keep != InPostgreSQL {
		var ok bool
		if l.keep, ok = l.stores[o.Keep]; !ok {
			return nil, fmt.Errorf("artifacts: the store %s is not set up", o.Keep)
		}
	}
	var err error
	if l.pack, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(2)); err != nil {
		return nil, err
	}
	l.unpack, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(maxContent))
	return l, err
}

const (
	// maxContent bounds a content that is unpacked, in bytes.
	maxContent = 2 << 30
	// leastPacked is the size from which on packing is tried at all, in bytes.
	leastPacked = 512
)

// Keep makes a content safe outside of the database, for an artifact that is written next; nil where contents go into the
// database. One that is there already is not kept a second time. ErrUnavailable: the store does not answer.
func (l *Library) Keep(ctx context.Context, content []byte) (*store.Blob, error) {
	if l == nil || l.keep == nil {
		return nil, nil
	}
	hash := sha256.Sum256(content)
	known, err := l.db.UseBlob(ctx, hash[:])
	if err == nil {
		return &known, nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	b, err := l.put(ctx, l.keep, hash[:], content)
	if err != nil {
		return nil, err
	}
	return &b, nil
}

// Keeps is the name of the store that new contents go to.
func (l *Library) Keeps() string {
	if l == nil || l.keep == nil {
		return InPostgreSQL
	}
	return l.keep.Name()
}

// put writes a content into a store, packed where that saves a tenth, under a key of its own: deleting what an earlier
// row named can never delete this.
func (l *Library) put(ctx context.Context, to Blobs, hash, content []byte) (store.Blob, error) {
	unique := uuid.New()
	b := store.Blob{Hash: hash, Store: to.Name(), Key: hex.EncodeToString(hash) + "-" + hex.EncodeToString(unique[:8]), Size: int64(len(content))}
	stored := content
	if len(content) >= leastPacked {
		if packed := l.pack.EncodeAll(content, nil); len(packed) < len(content)-len(content)/10 {
			stored, b.Encoding = packed, "zstd"
		}
	}
	b.Stored = int64(len(stored))
	err := to.Put(ctx, b.Key, stored)
	if err != nil && !errors.Is(err, ErrUnavailable) {
		err = fmt.Errorf("%w (%w)", ErrUnavailable, err)
	}
	return b, err
}

// Content returns length bytes of an artifact's content from the first on; length < 0 means all. store.ErrNotFound: the artifact
// is gone. ErrUnavailable: its store is not set up, or does not answer.
func (l *Library) Content(ctx context.Context, a store.Artifact, first, length int64) ([]byte, error) {
	if a.BlobHash == nil {
		content, err := l.db.ArtifactContent(ctx, a.ID, first, length)
		if err != nil || len(content) > 0 || a.Size == 0 || length == 0 {
			return content, err
		}
		// Moved out since its row was read.
		if a, err = l.db.Artifact(ctx, a.ID); err != nil || a.BlobHash == nil {
			return content, err
		}
	}
	var err error
	// A content that is just being moved is read again from where it has gone to.
	for range 3 {
		var b store.Blob
		if b, err = l.db.Blob(ctx, a.BlobHash); errors.Is(err, store.ErrNotFound) {
			return l.db.ArtifactContent(ctx, a.ID, first, length) // moved into the database
		}
		if err != nil {
			return nil, err
		}
		var content []byte
		if content, err = l.read(ctx, b, first, length); !errors.Is(err, ErrMissing) {
			return content, err
		}
	}
	// A folder that is not mounted looks the same as a content that is lost.
	return nil, fmt.Errorf("artifact %s: %w (%w)", a.ID, ErrUnavailable, err)
}

func (l *Library) read(ctx context.Context, b store.Blob, first, length int64) ([]byte, error) {
	from, ok := l.stores[b.Store]
	if !ok {
		return nil, fmt.Errorf("artifacts: the store %s is not set up: %w", b.Store, ErrUnavailable)
	}
	if b.Encoding == "" {
		return from.Get(ctx, b.Key, first, length)
	}
	packed, err := from.Get(ctx, b.Key, 0, -1)
	if err != nil {
		return nil, err
	}
	content, err := l.unpack.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w (%w)", b.Key, ErrDamaged, err)
	}
	first = min(first, int64(len(content)))
	if rest := int64(len(content)) - first; length < 0 || length > rest {
		length = rest
	}
	return content[first : first+length], nil
}

// ErrDamaged means that a content is not what it was when it was kept.
var ErrDamaged = errors.New("the content is damaged")

// PutBack makes a content safe in the store that new ones go to, where its row says that it was elsewhere, and returns what its
// row has to say now; nil: it goes into the database. One that is there already, and whole, is not put there again.
func (l *Library) PutBack(ctx context.Context, was store.Blob, content []byte) (*store.Blob, error) {
	if l.keep == nil {
		return nil, nil
	}
	if was.Store == l.keep.Name() {
		if _, err := l.Whole(ctx, was); err == nil {
			return &was, nil
		}
	}
	b, err := l.put(ctx, l.keep, was.Hash, content)
	return &b, err
}

// Whole returns a content that is proven to be what it was. ErrMissing, ErrDamaged: it is not.
func (l *Library) Whole(ctx context.Context, b store.Blob) ([]byte, error) {
	content, err := l.read(ctx, b, 0, -1)
	if err != nil {
		return nil, err
	}
	if hash := sha256.Sum256(content); !bytes.Equal(hash[:], b.Hash) {
		return nil, fmt.Errorf("%s: %w", b.Key, ErrDamaged)
	}
	return content, nil
}
