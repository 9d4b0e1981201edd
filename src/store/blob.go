package store

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Blob is a content that is kept outside of the database.
type Blob struct {
	// Hash is the SHA-256 of the content.
	Hash []byte
	// Store is files or s3, Key the name there.
	Store, Key string
	// Encoding is "" or zstd.
	Encoding string
	// Size is that of the content, Stored what it takes up, in bytes.
	Size, Stored int64
}

const blobColumns = "hash, store, key, encoding, size, stored"

func scanBlob(row pgx.CollectableRow) (b Blob, err error) {
	err = row.Scan(&b.Hash, &b.Store, &b.Key, &b.Encoding, &b.Size, &b.Stored)
	return b, err
}

// ContentsLock is the key of the advisory lock that a backup holds. Whoever moves or deletes contents holds it together with
// others, for the moment of changing a row, and leaves them where they are while a backup has it.
const ContentsLock = `hashtextextended('ibutsu contents', 0)`

const unheld = `(SELECT pg_try_advisory_xact_lock_shared(` + ContentsLock + `))`

// Blob returns a content's row, or ErrNotFound.
func (s *Store) Blob(ctx context.Context, hash []byte) (Blob, error) {
	rows, _ := s.pool.Query(ctx, `SELECT `+blobColumns+` FROM blobs WHERE hash = $1`, hash)
	b, err := pgx.CollectExactlyOneRow(rows, scanBlob)
	return b, wrap("blob", err)
}

// usedAgain is how precisely it is known when a content was last used; it saves a write for each use.
const usedAgain = time.Hour

// UseBlob returns a content's row for an artifact that is about to be written, or ErrNotFound. No sweep deletes it for as long
// as BlobGrace.
func (s *Store) UseBlob(ctx context.Context, hash []byte) (Blob, error) {
	b, err := s.Blob(ctx, hash)
	if err != nil {
		return b, err
	}
	tag, err := s.pool.Exec(ctx, `
		UPDATE blobs SET used = now() AT TIME ZONE 'UTC' WHERE hash = $1 AND used < (now() AT TIME ZONE 'UTC') - $2::interval`, hash, usedAgain)
	if err != nil || tag.RowsAffected() > 0 {
		return b, wrap("blob", err)
	}
	// Young enough, or swept since it was read.
	return s.Blob(ctx, hash)
}

// PutBlobsTx writes the rows of contents that are safe in their stores. Where one is there already it stays.
func PutBlobsTx(ctx context.Context, tx pgx.Tx, blobs []Blob) error {
	if len(blobs) == 0 {
		return nil
	}
	// In one order, so that two batches with the same contents cannot wait for each other in a circle.
	blobs = slices.Clone(blobs)
	slices.SortFunc(blobs, func(a, b Blob) int { return bytes.Compare(a.Hash, b.Hash) })
	var batch pgx.Batch
	for _, b := range blobs {
		batch.Queue(`INSERT INTO blobs (`+blobColumns+`) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (hash) DO NOTHING`,
			b.Hash, b.Store, b.Key, b.Encoding, b.Size, b.Stored)
	}
	return tx.SendBatch(ctx, &batch).Close()
}

// BlobsTx returns contents with hashes after the given one; most at once.
func BlobsTx(ctx context.Context, tx pgx.Tx, after []byte, most int) ([]Blob, error) {
	rows, _ := tx.Query(ctx, `SELECT `+blobColumns+` FROM blobs WHERE hash > $1 ORDER BY hash LIMIT $2`, after, most)
	blobs, err := pgx.CollectRows(rows, scanBlob)
	return blobs, wrap("blobs", err)
}

// BlobTx is Blob within a transaction.
func BlobTx(ctx context.Context, tx pgx.Tx, hash []byte) (Blob, error) {
	rows, _ := tx.Query(ctx, `SELECT `+blobColumns+` FROM blobs WHERE hash = $1`, hash)
	b, err := pgx.CollectExactlyOneRow(rows, scanBlob)
	return b, wrap("blob", err)
}

// PlaceBlobTx lets a content be where it was put, or within the artifacts that have it, when it was put nowhere.
func PlaceBlobTx(ctx context.Context, tx pgx.Tx, hash []byte, placed *Blob, content []byte) error {
	if placed != nil {
		_, err := tx.Exec(ctx, `UPDATE blobs SET store = $2, key = $3, encoding = $4, stored = $5 WHERE hash = $1`,
			hash, placed.Store, placed.Key, placed.Encoding, placed.Stored)
		return wrap("place blob", err)
	}
	if _, err := tx.Exec(ctx, `UPDATE artifacts SET blob = NULL, content = $2 WHERE blob = $1`, hash, content); err != nil {
		return wrap("place blob", err)
	}
	_, err := tx.Exec(ctx, `DELETE FROM blobs WHERE hash = $1`, hash)
	return wrap("place blob", err)
}

// ArtifactPlace is where the content of an artifact is.
type ArtifactPlace struct {
	ID uuid.UUID
	// Blob is the hash of a content outside of the database, nil for one inside.
	Blob []byte
	Size int64
}

// ArtifactsInside returns artifacts whose content is in the database, with ids after the given one; most at once.
func (s *Store) ArtifactsInside(ctx context.Context, after uuid.UUID, most int) ([]ArtifactPlace, error) {
	return s.places(ctx, `SELECT id, NULL::bytea, length(content)::bigint FROM artifacts WHERE id > $1 AND content IS NOT NULL ORDER BY id LIMIT $2`, after, most)
}

// ArtifactsOutside returns artifacts whose content is outside of the database, as ArtifactsInside does.
func (s *Store) ArtifactsOutside(ctx context.Context, after uuid.UUID, most int) ([]ArtifactPlace, error) {
	return s.places(ctx, `
		SELECT a.id, a.blob, b.size FROM artifacts a JOIN blobs b ON b.hash = a.blob WHERE a.id > $1 ORDER BY a.id LIMIT $2`, after, most)
}

func (s *Store) places(ctx context.Context, query string, after uuid.UUID, most int) ([]ArtifactPlace, error) {
	rows, _ := s.pool.Query(ctx, query, dynamic, after, most)
	places, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p ArtifactPlace, err error) {
		err = row.Scan(&p.ID, &p.Blob, &p.Size)
		return p, err
	})
	return places, wrap("places of artifacts", err)
}

// MoveOut lets an artifact have its content outside, where it is safe already. It reports whether the artifact was still there
// with its content inside.
func (s *Store) MoveOut(ctx context.Context, id uuid.UUID, b Blob) (moved bool, err error) {
	err = s.InTx(ctx, func(tx pgx.Tx) error {
		if err := PutBlobsTx(ctx, tx, []Blob{b}); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `UPDATE artifacts SET blob = $2, content = NULL WHERE id = $1 AND content IS NOT NULL`, id, b.Hash)
		moved = tag.RowsAffected() > 0
		return err
	})
	return moved, wrap("move artifact out", err)
}

// MoveIn lets an artifact have its content inside of the database.
func (s *Store) MoveIn(ctx context.Context, id uuid.UUID, hash, content []byte) (moved bool, err error) {
	tag, err := s.pool.Exec(ctx, `UPDATE artifacts SET blob = NULL, content = $3 WHERE id = $1 AND blob = $2`, id, hash, content)
	return tag.RowsAffected() > 0, wrap("move artifact in", err)
}

// BlobsNotIn returns contents that are in another store, with hashes after the given one; most at once.
func (s *Store) BlobsNotIn(ctx context.Context, name string, after []byte, most int) ([]Blob, error) {
	rows, _ := s.pool.Query(ctx, `SELECT `+blobColumns+` FROM blobs WHERE store <> $1 AND hash > $2 ORDER BY hash LIMIT $3`, name, after, most)
	blobs, err := pgx.CollectRows(rows, scanBlob)
	return blobs, wrap("blobs", err)
}

// RelocateBlob lets a content be in another store, where it is safe already. It reports whether it was still where it was.
func (s *Store) RelocateBlob(ctx context.Context, from, to Blob) (moved bool, err error) {
	tag, err := s.pool.Exec(ctx, `
		UPDATE blobs SET store = $3, key = $4, encoding = $5, stored = $6 WHERE hash = $1 AND key = $2 AND `+unheld,
		from.Hash, from.Key, to.Store, to.Key, to.Encoding, to.Stored)
	return tag.RowsAffected() > 0, wrap("relocate blob", err)
}

// UnusedBlobs returns contents that no artifact has and that were last used before then, with hashes after the given one.
func (s *Store) UnusedBlobs(ctx context.Context, then time.Time, after []byte, most int) ([]Blob, error) {
	rows, _ := s.pool.Query(ctx, `
		SELECT `+blobColumns+` FROM blobs b
		 WHERE used < $1 AND hash > $2 AND NOT EXISTS (SELECT 1 FROM artifacts a WHERE a.blob = b.hash) ORDER BY hash LIMIT $3`, then, after, most)
	blobs, err := pgx.CollectRows(rows, scanBlob)
	return blobs, wrap("unused blobs", err)
}

// DeleteUnusedBlob deletes the row of a content that no artifact has. It reports whether it did: an artifact may have come.
func (s *Store) DeleteUnusedBlob(ctx context.Context, b Blob, then time.Time) (bool, error) {
	tag, err := s.pool.Exec(ctx, `
		DELETE FROM blobs b WHERE hash = $1 AND key = $2 AND used < $3 AND NOT EXISTS (SELECT 1 FROM artifacts a WHERE a.blob = b.hash) AND `+unheld,
		b.Hash, b.Key, then)
	return tag.RowsAffected() > 0, wrap("delete blob", err)
}

// KnownKeys returns which of the keys a content's row names.
func (s *Store) KnownKeys(ctx context.Context, keys []string) (map[string]bool, error) {
	rows, _ := s.pool.Query(ctx, `SELECT key FROM blobs WHERE key = ANY($1)`, keys)
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	known := make(map[string]bool, len(found))
	for _, k := range found {
		known[k] = true
	}
	return known, wrap("keys of blobs", err)
}
