package backup

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/checks/harness"
	"github.com/ibutsu/ibutsu-go/src/artifact"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
)

// house is a database with artifacts, and where their contents are.
type house struct {
	*testing.T
	url    string
	db     *store.Store
	keep   string
	stores []artifact.Blobs
}

// houseOf is a house on a database that has the tables of this version.
func houseOf(t *testing.T, url, keep string, stores ...artifact.Blobs) *house {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: url, MaxConns: 2})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	return &house{T: t, url: url, db: db, keep: keep, stores: stores}
}

func (h *house) library() *artifact.Library {
	h.Helper()
	return libraryOf(h.T, h.db, h.keep, h.stores...)
}

func libraryOf(t *testing.T, db *store.Store, keep string, stores ...artifact.Blobs) *artifact.Library {
	t.Helper()
	l, err := artifact.NewLibrary(artifact.LibraryOptions{DB: db, Keep: keep, Stores: stores})
	require.NoError(t, err)
	return l
}

// add makes an artifact with its content where new ones go.
func (h *house) add(content []byte) uuid.UUID {
	h.Helper()
	ctx, id := h.Context(), uuid.New()
	b, err := h.library().Keep(ctx, content)
	require.NoError(h, err)
	require.NoError(h, h.db.InTx(ctx, func(tx pgx.Tx) error {
		if err := store.PutBlobsTx(ctx, tx, []store.Blob{*b}); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO artifacts (id, filename, upload_date, data, blob) VALUES ($1, 'f', now(), '{}', $2)`, id, b.Hash)
		return err
	}))
	return id
}

func (h *house) requireContents(want map[uuid.UUID][]byte) {
	h.Helper()
	for id, content := range want {
		a, err := h.db.Artifact(h.Context(), id)
		require.NoError(h, err)
		got, err := h.library().Content(h.Context(), a, 0, -1)
		require.NoError(h, err)
		require.Equal(h, content, got)
	}
}

func inFiles(t *testing.T) (artifact.Blobs, string) {
	t.Helper()
	dir := t.TempDir()
	f, err := artifact.NewFiles(dir)
	require.NoError(t, err)
	return f, dir
}

func inS3(t *testing.T) artifact.Blobs {
	t.Helper()
	server, err := harness.StartS3(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop()) })
	s, err := artifact.NewS3(artifact.S3Options{Endpoint: server.Endpoint, Bucket: server.Bucket, AccessKey: server.AccessKey, SecretKey: server.SecretKey})
	require.NoError(t, err)
	return s
}

func keys(t *testing.T, of artifact.Blobs) (found []string) {
	t.Helper()
	require.NoError(t, of.Each(t.Context(), func(key string, _ time.Time) error {
		found = append(found, key)
		return nil
	}))
	return found
}

// some are artifacts of which two have the same content, and what a backup of them is.
func (h *house) some() (want map[uuid.UUID][]byte, file []byte) {
	h.Helper()
	text, dense := []byte(strings.Repeat("the same line\n", 1000)), bytes.Repeat([]byte{0, 0xff, '\n', '\\'}, 50)
	want = map[uuid.UUID][]byte{h.add(text): text, h.add(dense): dense}
	want[h.add(text)] = text
	var out bytes.Buffer
	summary, err := Take(h.Context(), &out, TakeOptions{URL: h.url, Contents: h.library()})
	require.NoError(h, err)
	require.EqualValues(h, 2, summary.Contents, "each content once")
	seen, err := Verify(bytes.NewReader(out.Bytes()))
	require.NoError(h, err)
	require.Equal(h, summary.Contents, seen.Contents)
	require.Equal(h, summary.Bytes, seen.Bytes)
	return want, out.Bytes()
}

func putBack(t *testing.T, url string, file []byte, to *artifact.Library) error {
	t.Helper()
	_, err := Restore(t.Context(), bytes.NewReader(file), RestoreOptions{URL: url, Contents: to, Log: zerolog.Nop()})
	return err
}

func TestContentsComeBackIntoAStoreOfAnyKind(t *testing.T) {
	t.Parallel()
	files, dir := inFiles(t)
	s3, others := inS3(t), inS3(t)
	for name, from := range map[string]artifact.Blobs{artifact.InFiles: files, artifact.InS3: s3} {
		want, file := houseOf(t, dbtest.URL(t), name, from).some()
		elsewhere, _ := inFiles(t)
		for keep, to := range map[string]artifact.Blobs{artifact.InFiles: elsewhere, artifact.InS3: others} {
			url := dbtest.Empty(t)
			require.NoError(t, putBack(t, url, file, libraryOf(t, nil, keep, to)))
			houseOf(t, url, keep, to).requireContents(want)
		}
		url := dbtest.Empty(t)
		require.NoError(t, putBack(t, url, file, libraryOf(t, nil, artifact.InPostgreSQL)))
		houseOf(t, url, artifact.InPostgreSQL).requireContents(want)
		require.Zero(t, number(t, url, `SELECT count(*) FROM blobs`))

		was := keys(t, from)
		url = dbtest.Empty(t)
		require.NoError(t, putBack(t, url, file, libraryOf(t, nil, name, from)))
		houseOf(t, url, name, from).requireContents(want)
		require.ElementsMatch(t, was, keys(t, from), "what is there already is not put there again")
	}
	require.DirExists(t, dir)
}

func TestABackupThatIsCutOffInItsContentsLeavesNothing(t *testing.T) {
	t.Parallel()
	files, _ := inFiles(t)
	want, file := houseOf(t, dbtest.URL(t), artifact.InFiles, files).some()
	url, elsewhere := dbtest.Empty(t), func() artifact.Blobs { f, _ := inFiles(t); return f }()
	for cut := len(file) / 2; cut < len(file); cut += 1 + len(file)/20 {
		require.ErrorIs(t, putBack(t, url, file[:cut], libraryOf(t, nil, artifact.InFiles, elsewhere)), ErrDamaged)
	}
	require.NoError(t, putBack(t, url, file, libraryOf(t, nil, artifact.InFiles, elsewhere)))
	h := houseOf(t, url, artifact.InFiles, elsewhere)
	h.requireContents(want)
	_, err := h.library().Sweep(t.Context(), time.Now().Add(time.Hour), false)
	require.NoError(t, err)
	require.Len(t, keys(t, elsewhere), 2, "what the broken restores have put there is swept")
	h.requireContents(want)
}

func TestLostContentsAreNoBackup(t *testing.T) {
	t.Parallel()
	files, dir := inFiles(t)
	h := houseOf(t, dbtest.URL(t), artifact.InFiles, files)
	want, _ := h.some()
	key := keys(t, files)[0]
	require.NoError(t, os.Remove(filepath.Join(dir, key[:2], key)))
	var out bytes.Buffer
	_, err := Take(t.Context(), &out, TakeOptions{URL: h.url, Contents: h.library()})
	require.ErrorIs(t, err, ErrLost)
	_, err = Verify(bytes.NewReader(out.Bytes()))
	require.ErrorIs(t, err, ErrDamaged)

	out.Reset()
	summary, err := Take(t.Context(), &out, TakeOptions{URL: h.url, Contents: h.library(), AllowLost: true})
	require.NoError(t, err)
	require.EqualValues(t, 1, summary.Lost)
	require.EqualValues(t, 1, summary.Contents)
	url := dbtest.Empty(t)
	require.NoError(t, putBack(t, url, out.Bytes(), libraryOf(t, nil, artifact.InPostgreSQL)))
	require.EqualValues(t, len(want), number(t, url, `SELECT count(*) FROM artifacts`))

	out.Reset()
	_, err = Take(t.Context(), &out, TakeOptions{URL: h.url})
	require.NoError(t, err, "without contents nobody looks for them")
	require.NoError(t, putBack(t, dbtest.Empty(t), out.Bytes(), nil))
}

// Jobs that move and sweep contents leave them alone until the backup has them.
func TestContentsStayWhereTheyAreForABackup(t *testing.T) {
	t.Parallel()
	files, _ := inFiles(t)
	other := inS3(t)
	h := houseOf(t, dbtest.URL(t), artifact.InFiles, files, other)
	want, _ := h.some()
	later := time.Now().Add(time.Hour)
	meddled := false
	meddle := func() {
		if meddled {
			return
		}
		meddled = true
		_, err := h.library().Move(context.WithoutCancel(t.Context()), artifact.InS3, nil)
		require.NoError(t, err)
		execute(t, h.url, `UPDATE artifacts SET blob = NULL, content = 'x'`)
		_, err = h.library().Sweep(t.Context(), later, false)
		require.NoError(t, err)
	}
	var out bytes.Buffer
	summary, err := Take(t.Context(), &waiter{&out, meddle}, TakeOptions{URL: h.url, Contents: h.library()})
	require.NoError(t, err)
	require.True(t, meddled)
	require.EqualValues(t, 2, summary.Contents)
	url := dbtest.Empty(t)
	require.NoError(t, putBack(t, url, out.Bytes(), libraryOf(t, nil, artifact.InPostgreSQL)))
	houseOf(t, url, artifact.InPostgreSQL).requireContents(want)

	swept, err := h.library().Sweep(t.Context(), later, false)
	require.NoError(t, err)
	require.EqualValues(t, 2, swept.Unused, "afterwards they go")
	require.Empty(t, keys(t, files))
}
