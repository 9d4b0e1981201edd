package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-go/src/artifact"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// What artifacts have outside of the database follows the tables: contents/<SHA-256>, each content once, as it was sent. Its
// name is its proof. In sums.json all of them are one section, one after the other.

const (
	contentsFolder  = "contents/"
	contentsSection = "contents" // in sums.json
)

// mostContent bounds what is read into memory at a time, in bytes: no content of an artifact is larger.
const mostContent = 2 << 30

// contentsAtOnce is how many rows are read at a time.
const contentsAtOnce = 200

// ErrLost means that a store has not, or not whole, what the database says is in it.
var ErrLost = errors.New("contents of artifacts are lost")

// writeContents writes what the transaction sees outside of the database. hold keeps all of it where it is meanwhile.
func writeContents(ctx context.Context, tx pgx.Tx, w *writer, o TakeOptions, summary *Summary) error {
	all := newCounter()
	defer func() { w.sums.Sections[contentsSection] = all.sum() }()
	for after := []byte{}; ; {
		blobs, err := store.BlobsTx(ctx, tx, after, contentsAtOnce)
		if err != nil || len(blobs) == 0 {
			return err
		}
		for _, b := range blobs {
			content, err := o.Contents.Whole(ctx, b)
			if errors.Is(err, artifact.ErrMissing) || errors.Is(err, artifact.ErrDamaged) {
				if !o.AllowLost {
					return fmt.Errorf("%w: %w", ErrLost, err)
				}
				summary.Lost++
				continue
			}
			if err != nil {
				return fmt.Errorf("reading a content of artifacts: %w", err)
			}
			if err := w.member(contentsFolder+hex.EncodeToString(b.Hash), content); err != nil {
				return err
			}
			all.addOne(content)
			summary.Contents++
			summary.Bytes += int64(len(content))
		}
		after = blobs[len(blobs)-1].Hash
	}
}

// hold keeps jobs from moving and sweeping contents until the connection ends.
func hold(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock(`+store.ContentsLock+`)`); err != nil {
		return fmt.Errorf("keeping contents where they are: %w", err)
	}
	return nil
}

// contents reads what follows the tables, up to the end of the file: each content is what its name says.
func (r *reader) contents(take func(hash, content []byte) error) error {
	all := newCounter()
	for r.waiting != nil && strings.HasPrefix(r.waiting.Name, contentsFolder) {
		hash, err := hex.DecodeString(strings.TrimPrefix(r.waiting.Name, contentsFolder))
		if err != nil || len(hash) != sha256.Size || r.waiting.Size > mostContent {
			return fmt.Errorf("%w: %s is out of place", ErrDamaged, r.waiting.Name)
		}
		content, err := io.ReadAll(r.tar)
		if err != nil {
			return damaged(err)
		}
		if sha256.Sum256(content) != [sha256.Size]byte(hash) {
			return fmt.Errorf("%w: %s was changed", ErrDamaged, r.waiting.Name)
		}
		if err := take(hash, content); err != nil {
			return err
		}
		all.addOne(content)
		if err := r.step(); err != nil {
			return err
		}
	}
	if r.Header.Contents {
		r.found[contentsSection] = all.sum()
	} else if all.rows > 0 {
		return fmt.Errorf("%w: it has contents that it does not tell of", ErrDamaged)
	}
	return r.finish()
}

// place puts a content into the store that new ones go to, and has its row say so. One that is there already stays.
func place(ctx context.Context, tx pgx.Tx, to *artifact.Library, hash, content []byte) error {
	was, err := store.BlobTx(ctx, tx, hash)
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("%w: nobody has the content %s", ErrDamaged, hex.EncodeToString(hash))
	}
	if err != nil {
		return err
	}
	placed, err := to.PutBack(ctx, was, content)
	if err != nil {
		return fmt.Errorf("putting a content back: %w", err)
	}
	return store.PlaceBlobTx(ctx, tx, hash, placed, content)
}
