// Package artifact tells what the contents of artifacts are, and keeps them: in the database as Ibutsu always has, in files,
// or in a store that speaks S3. A content is safe where it is kept before the row of its artifact is committed.
package artifact

import (
	"context"
	"errors"
	"time"
)

// ErrMissing means that a store has no content under a key.
var ErrMissing = errors.New("the content is not in its store")

// ErrUnavailable means that a store does not take a content, or does not give one back: it does not answer, is full, or is not
// set up.
var ErrUnavailable = errors.New("the store of artifacts is not available")

// The names of the stores.
const (
	InPostgreSQL = "postgresql"
	InFiles      = "files"
	InS3         = "s3"
)

// Blobs is a store of contents by key. A key is written once and never again.
type Blobs interface {
	// Name is InFiles or InS3.
	Name() string
	// Put returns when the content will outlast the machine's power.
	Put(ctx context.Context, key string, content []byte) error
	// Get returns length bytes from the first on; length < 0 means all. ErrMissing: there is none.
	Get(ctx context.Context, key string, first, length int64) ([]byte, error)
	// Delete forgets a content; one that is not there is no error.
	Delete(ctx context.Context, key string) error
	// Each tells of every key with the time at which it was written.
	Each(ctx context.Context, tell func(key string, written time.Time) error) error
}
