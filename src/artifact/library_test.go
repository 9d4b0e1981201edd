package artifact_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/checks/harness"
	"github.com/ibutsu/ibutsu-go/src/artifact"
	"github.com/ibutsu/ibutsu-go/src/ingest"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
)

func inS3(t *testing.T, secret string) artifact.Blobs {
	t.Helper()
	server, err := harness.StartS3(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop()) })
	s, err := artifact.NewS3(artifact.S3Options{Endpoint: server.Endpoint, Bucket: server.Bucket, Prefix: "here/", AccessKey: server.AccessKey, SecretKey: secret})
	require.NoError(t, err)
	return s
}

func inFiles(t *testing.T) artifact.Blobs {
	t.Helper()
	f, err := artifact.NewFiles(t.TempDir())
	require.NoError(t, err)
	return f
}

// TestEveryStoreKeepsItsPromise holds all stores to the same.
func TestEveryStoreKeepsItsPromise(t *testing.T) {
	t.Parallel()
	for name, blobs := range map[string]artifact.Blobs{"files": inFiles(t), "s3": inS3(t, "secret-test")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			content := []byte("0123456789")
			require.NoError(t, blobs.Put(ctx, "key-1", content))
			require.NoError(t, blobs.Put(ctx, "key-empty", nil))
			for _, part := range []struct {
				first, length int64
				want          string
			}{{0, -1, "0123456789"}, {3, 4, "3456"}, {3, -1, "3456789"}, {9, 1, "9"}, {8, 100, "89"}, {2, 0, ""}} {
				got, err := blobs.Get(ctx, "key-1", part.first, part.length)
				require.NoError(t, err, part)
				require.Equal(t, part.want, string(got), part)
			}
			got, err := blobs.Get(ctx, "key-empty", 0, -1)
			require.NoError(t, err)
			require.Empty(t, got)
			_, err = blobs.Get(ctx, "key-none", 0, -1)
			require.ErrorIs(t, err, artifact.ErrMissing)
			seen := map[string]bool{}
			require.NoError(t, blobs.Each(ctx, func(key string, written time.Time) error {
				seen[key] = true
				require.WithinDuration(t, time.Now(), written, time.Hour)
				return nil
			}))
			require.Equal(t, map[string]bool{"key-1": true, "key-empty": true}, seen)
			require.NoError(t, blobs.Delete(ctx, "key-1"))
			require.NoError(t, blobs.Delete(ctx, "key-1"), "what is gone is gone")
			_, err = blobs.Get(ctx, "key-1", 0, -1)
			require.ErrorIs(t, err, artifact.ErrMissing)
		})
	}
}

func TestAStoreThatRefusesIsUnavailable(t *testing.T) {
	t.Parallel()
	s3 := inS3(t, "a wrong key")
	require.ErrorIs(t, s3.Put(t.Context(), "key", nil), artifact.ErrUnavailable)
	_, err := s3.Get(t.Context(), "key", 0, -1)
	require.ErrorIs(t, err, artifact.ErrUnavailable)
	_, err = inFiles(t).Get(t.Context(), "../../etc/passwd", 0, -1)
	require.Error(t, err)
}

type shelf struct {
	*testing.T
	db     *store.Store
	stores []artifact.Blobs
	result uuid.UUID
}

func newShelf(t *testing.T, stores ...artifact.Blobs) *shelf {
	t.Helper()
	s := &shelf{T: t, db: dbtest.New(t), stores: stores, result: uuid.New()}
	s.exec(`INSERT INTO results (id, start_time) VALUES ($1, now())`, s.result)
	return s
}

func (s *shelf) exec(sql string, args ...any) {
	s.Helper()
	_, err := s.db.Pool().Exec(context.Background(), sql, args...)
	require.NoError(s, err)
}

func (s *shelf) number(sql string, args ...any) (n int) {
	s.Helper()
	require.NoError(s, s.db.Pool().QueryRow(context.Background(), sql, args...).Scan(&n))
	return n
}

func (s *shelf) library(keep string) *artifact.Library {
	s.Helper()
	l, err := artifact.NewLibrary(artifact.LibraryOptions{DB: s.db, Keep: keep, Stores: s.stores})
	require.NoError(s, err)
	return l
}

// add writes an artifact as the API does.
func (s *shelf) add(keep, name string, content []byte) uuid.UUID {
	s.Helper()
	w := ingest.NewWriterKeeping(s.db, func(context.Context, pgx.Tx, []uuid.UUID) error { return nil }, s.library(keep))
	defer w.Close()
	a := store.Artifact{ID: uuid.New(), ResultID: &s.result, Filename: &name, Content: content, UploadDate: time.Now().UTC()}
	require.NoError(s, w.Artifact(s.Context(), &a))
	return a.ID
}

func (s *shelf) requireContent(id uuid.UUID, want []byte) {
	s.Helper()
	a, err := s.db.Artifact(s.Context(), id)
	require.NoError(s, err)
	require.EqualValues(s, len(want), a.Size)
	got, err := s.library("").Content(s.Context(), a, 0, -1)
	require.NoError(s, err)
	require.True(s, bytes.Equal(want, got), "%d bytes instead of %d", len(got), len(want))
	if len(want) > 10 {
		got, err = s.library("").Content(s.Context(), a, 3, 5)
		require.NoError(s, err)
		require.Equal(s, want[3:8], got)
	}
}

func (s *shelf) keys(of artifact.Blobs) (n int) {
	s.Helper()
	require.NoError(s, of.Each(s.Context(), func(string, time.Time) error { n++; return nil }))
	return n
}

func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func TestContentsAreKeptOnceAndPacked(t *testing.T) {
	t.Parallel()
	files := inFiles(t)
	s := newShelf(t, files)
	text, dense := []byte(strings.Repeat("the same line\n", 1000)), noise(10_000)
	one := s.add(artifact.InFiles, "a.log", text)
	two := s.add(artifact.InFiles, "b.log", text)
	three := s.add(artifact.InFiles, "c.png", dense)
	require.NotEqual(t, one, two)
	require.Equal(t, two, s.add(artifact.InFiles, "b.log", text), "sent again after an answer that got lost")
	require.Equal(t, 3, s.number(`SELECT count(*) FROM artifacts WHERE content IS NULL AND blob IS NOT NULL`))
	require.Equal(t, 2, s.number(`SELECT count(*) FROM blobs`))
	require.Equal(t, 2, s.keys(files))
	require.Less(t, s.number(`SELECT stored FROM blobs WHERE encoding = 'zstd'`), 1000)
	require.Equal(t, 10_000, s.number(`SELECT stored FROM blobs WHERE encoding = ''`), "what does not pack is kept as it is")
	s.requireContent(one, text)
	s.requireContent(two, text)
	s.requireContent(three, dense)
}

func TestContentsAreSweptWhenNobodyHasThem(t *testing.T) {
	t.Parallel()
	for name, blobs := range map[string]artifact.Blobs{"files": inFiles(t), "s3": inS3(t, "secret-test")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf(t, blobs)
			first, second := []byte("first"), []byte("second")
			one, two := s.add(blobs.Name(), "a", first), s.add(blobs.Name(), "b", first)
			three := s.add(blobs.Name(), "c", second)
			stray := strings.Repeat("0", 64) + "-" + strings.Repeat("1", 16)
			require.NoError(t, blobs.Put(t.Context(), stray, []byte("killed before its row came")))
			require.NoError(t, blobs.Put(t.Context(), "not-ours", []byte("x")))
			require.NoError(t, s.db.DeleteArtifact(t.Context(), one))
			require.NoError(t, s.db.DeleteArtifact(t.Context(), three))
			sweep := func(then time.Time, dry bool) artifact.Swept {
				swept, err := s.library("").Sweep(t.Context(), then.UTC(), dry)
				require.NoError(t, err)
				return swept
			}
			require.Zero(t, sweep(time.Now().Add(-time.Hour), false), "what is young may be about to be needed")
			later := time.Now().Add(time.Hour)
			require.Equal(t, artifact.Swept{Unused: 1, Strays: 1, Bytes: 6}, sweep(later, true))
			require.Equal(t, artifact.Swept{Unused: 1, Strays: 1, Bytes: 6}, sweep(later, false))
			require.Zero(t, sweep(later, false))
			s.requireContent(two, first)
			require.Equal(t, 2, s.keys(blobs), "the one that is needed, and the one that is not ours")
		})
	}
}

// TestContentsMoveAround brings everything from each store to each other one.
func TestContentsMoveAround(t *testing.T) {
	t.Parallel()
	files, s3 := inFiles(t), inS3(t, "secret-test")
	s := newShelf(t, files, s3)
	contents := map[uuid.UUID][]byte{}
	for i := range 30 {
		content := []byte(fmt.Sprintf("content %d ", i%20))
		if i%3 == 0 {
			content = bytes.Repeat(content, 500)
		}
		contents[s.add(artifact.InPostgreSQL, fmt.Sprintf("file %d", i), content)] = content
	}
	empty := uuid.New()
	s.exec(`INSERT INTO artifacts (id, result_id, filename, content, upload_date) VALUES ($1, $2, 'empty', '', now())`, empty, s.result)
	contents[empty] = nil
	for _, to := range []string{artifact.InFiles, artifact.InS3, artifact.InPostgreSQL, artifact.InS3, artifact.InFiles, artifact.InPostgreSQL} {
		moved, err := s.library("").Move(t.Context(), to, nil)
		require.NoError(t, err)
		require.NotZero(t, moved.Contents)
		require.Zero(t, moved.Damaged)
		for id, content := range contents {
			s.requireContent(id, content)
		}
		inside := s.number(`SELECT count(*) FROM artifacts WHERE content IS NOT NULL`)
		require.Equal(t, to == artifact.InPostgreSQL, inside == len(contents), to)
		again, err := s.library("").Move(t.Context(), to, nil)
		require.NoError(t, err)
		require.Zero(t, again.Contents, "there is nothing left to do")
		_, err = s.library("").Sweep(t.Context(), time.Now().UTC().Add(time.Hour), false)
		require.NoError(t, err)
		for _, blobs := range s.stores {
			require.Equal(t, s.number(`SELECT count(*) FROM blobs WHERE store = $1`, blobs.Name()), s.keys(blobs), "%s after %s", blobs.Name(), to)
		}
	}
}

// TestReadersAndWritersGoOnWhileContentsMove: nobody sees a content missing, and nothing that comes meanwhile is lost.
func TestReadersAndWritersGoOnWhileContentsMove(t *testing.T) {
	t.Parallel()
	s := newShelf(t, inFiles(t))
	known := []byte(strings.Repeat("x", 2000))
	ids := make([]uuid.UUID, 60)
	for i := range ids {
		ids[i] = uuid.New()
	}
	s.exec(`INSERT INTO artifacts (id, result_id, filename, content, upload_date) SELECT id, $2, id::text, $3, now() FROM unnest($1::uuid[]) AS id`, ids, s.result, known)
	var readers sync.WaitGroup
	stop := make(chan struct{})
	readers.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			s.requireContent(ids[i%len(ids)], known)
		}
	})
	for i, to := range []string{artifact.InFiles, artifact.InPostgreSQL, artifact.InFiles} {
		_, err := s.library("").Move(t.Context(), to, nil)
		require.NoError(t, err)
		ids2 := s.add(artifact.InFiles, fmt.Sprintf("late %d", i), known)
		s.requireContent(ids2, known)
	}
	close(stop)
	readers.Wait()
}

func TestADamagedContentStaysWhereItIs(t *testing.T) {
	t.Parallel()
	files := inFiles(t)
	s := newShelf(t, files)
	good, bad := s.add(artifact.InFiles, "good", []byte("good")), s.add(artifact.InFiles, "bad", []byte("bad"))
	require.NoError(t, files.Each(t.Context(), func(key string, _ time.Time) error {
		if s.number(`SELECT count(*) FROM blobs b JOIN artifacts a ON a.blob = b.hash WHERE b.key = $1 AND a.id = $2`, key, bad) == 0 {
			return nil
		}
		return files.Put(t.Context(), key, []byte("???"))
	}))
	moved, err := s.library("").Move(t.Context(), artifact.InPostgreSQL, nil)
	require.NoError(t, err)
	require.Equal(t, artifact.Moved{Contents: 1, Bytes: 4, Damaged: 1}, moved)
	s.requireContent(good, []byte("good"))
	require.Equal(t, 1, s.number(`SELECT count(*) FROM artifacts WHERE id = $1 AND blob IS NOT NULL`, bad))
}
