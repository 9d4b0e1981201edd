package push

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func spool(t *testing.T, dir string) *Spool {
	t.Helper()
	s, err := OpenSpool(dir, 1<<20, newClock().Now, ids())
	require.NoError(t, err)
	return s
}

func content(t *testing.T, item *Item) string {
	t.Helper()
	r, err := item.Open()
	require.NoError(t, err)
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	return string(text)
}

func TestSpoolKeepsACopy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := file(t, "junit.xml", "<testsuite/>")
	item, err := spool(t, dir).Add(path, Entry{Server: "http://a", Project: "shop", Metadata: map[string]any{"env": "qa"}})
	require.NoError(t, err)
	require.NoError(t, os.Remove(path)) // the workspace of the job is gone
	item.Release()

	items, others, err := spool(t, dir).Claim("http://a")
	require.NoError(t, err)
	require.Empty(t, others)
	require.Len(t, items, 1)
	defer items[0].Release()
	require.Equal(t, "<testsuite/>", content(t, items[0]))
	require.Equal(t, "shop", items[0].Project)
	require.Equal(t, map[string]any{"env": "qa"}, items[0].Metadata)
	require.Equal(t, "junit-00000000-0000-4000-8000-000000000001.xml", items[0].Name, "the run id stays the same for every try")
}

func TestSpoolIsPrivate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "spool")
	item, err := spool(t, dir).Add(file(t, "a.xml", "x"), Entry{})
	require.NoError(t, err)
	defer item.Release()
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := entry.Info()
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077, path)
		return nil
	}))
}

func TestSpoolOrdersByAgeAndServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	clock := newClock()
	s, err := OpenSpool(dir, 1<<20, clock.Now, ids())
	require.NoError(t, err)
	for _, where := range []string{"b", "a", "a"} {
		require.NoError(t, clock.Sleep(t.Context(), time.Second))
		item, err := s.Add(file(t, where+clock.Now().Format("05")+".xml", clock.Now().String()), Entry{Server: where})
		require.NoError(t, err)
		item.Release()
	}
	items, others, err := s.Claim("a")
	require.NoError(t, err)
	require.Equal(t, map[string]int{"b": 1}, others)
	require.Len(t, items, 2)
	require.True(t, strings.HasSuffix(items[0].Path, "a14.xml"))
	require.True(t, strings.HasSuffix(items[1].Path, "a15.xml"))

	again, _, err := s.Claim("a")
	require.NoError(t, err)
	require.Empty(t, again, "another process has them")
	items[0].Release()
	items[1].Release()
	again, _, err = s.Claim("a")
	require.NoError(t, err)
	require.Len(t, again, 2)
	for _, item := range again {
		require.NoError(t, item.Done())
		item.Release()
	}
	waiting, aside, err := s.List()
	require.NoError(t, err)
	require.Len(t, waiting, 1)
	require.Empty(t, aside)
}

func TestTheSameFileWaitsOnce(t *testing.T) {
	t.Parallel()
	s := spool(t, t.TempDir())
	path := file(t, "a.xml", "same")
	first, err := s.Add(path, Entry{Server: "a", Project: "p", Metadata: map[string]any{"x": "y"}})
	require.NoError(t, err)
	busy, err := s.Add(path, Entry{Server: "a", Project: "p", Metadata: map[string]any{"x": "y"}})
	require.NoError(t, err)
	require.Nil(t, busy, "it is being sent by another process")
	first.Release()
	again, err := s.Add(path, Entry{Server: "a", Project: "p", Metadata: map[string]any{"x": "y"}})
	require.NoError(t, err)
	require.Equal(t, first.Name, again.Name)
	again.Release()
	for _, other := range []Entry{{Server: "b", Project: "p"}, {Server: "a", Project: "q"}, {Server: "a", Project: "p", Source: "s"}} {
		item, err := s.Add(path, other)
		require.NoError(t, err)
		require.NotEqual(t, first.name, item.name)
		item.Release()
	}
}

func TestSpoolHasALimit(t *testing.T) {
	t.Parallel()
	s, err := OpenSpool(t.TempDir(), 10, newClock().Now, ids())
	require.NoError(t, err)
	item, err := s.Add(file(t, "a.xml", "12345678"), Entry{})
	require.NoError(t, err)
	defer item.Release()
	_, err = s.Add(file(t, "b.xml", "123"), Entry{})
	require.ErrorIs(t, err, ErrSpoolFull)
}

func TestHalfMadeAndHalfDeletedFilesAreSwept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{unfinished + "dead", finished + "dead", unfinished + "alive"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, name), 0o700))
	}
	lock, err := tryLock(filepath.Join(dir, unfinished+"alive", lockFile))
	require.NoError(t, err)
	defer func() { _ = lock.Close() }()
	waiting, _, err := spool(t, dir).List()
	require.NoError(t, err)
	require.Empty(t, waiting)
	require.NoDirExists(t, filepath.Join(dir, unfinished+"dead"))
	require.NoDirExists(t, filepath.Join(dir, finished+"dead"))
	require.DirExists(t, filepath.Join(dir, unfinished+"alive"), "its maker still writes it")
}

func TestRefusedFilesArePutAside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	item, err := spool(t, dir).Add(file(t, "a.xml", "x"), Entry{Server: "a"})
	require.NoError(t, err)
	place, err := item.Refuse(errors.New("no such project"))
	require.NoError(t, err)
	item.Release()
	require.FileExists(t, filepath.Join(place, contentFile))
	s := spool(t, dir)
	items, _, err := s.Claim("a")
	require.NoError(t, err)
	require.Empty(t, items)
	waiting, aside, err := s.List()
	require.NoError(t, err)
	require.Empty(t, waiting)
	require.Len(t, aside, 1)
	require.Equal(t, "no such project", aside[0].LastError)
}

func TestABrokenEntryIsNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	item, err := spool(t, dir).Add(file(t, "a.xml", "x"), Entry{Server: "a"})
	require.NoError(t, err)
	item.Release()
	require.NoError(t, os.WriteFile(filepath.Join(item.dir(), entryFile), []byte("{"), 0o600))
	_, _, err = spool(t, dir).Claim("a")
	require.ErrorContains(t, err, entryFile)
}
