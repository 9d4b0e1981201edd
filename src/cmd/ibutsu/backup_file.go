package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ibutsu/ibutsu-go/src/backup"
	"github.com/ibutsu/ibutsu-go/src/cmd/ibutsu/push"
)

// target is where a backup goes: a file of its own, or standard output.
type target struct {
	name string // as the user is told
	path string // "" for standard output
	out  io.Writer
	keep int // of the folder's backups; 0 for all
	now  time.Time
}

const (
	backupPrefix = "ibutsu-"
	backupSuffix = ".tar.zst"
	// unfinished is what a file is called until it is whole.
	unfinished = ".partial"
)

func backupTarget(c *console, path string, keep int) (target, error) {
	if keep < 0 {
		return target{}, errors.New("--keep is less than nothing")
	}
	if path == "-" {
		if c.outTerminal {
			return target{}, errTerminalOutput
		}
		if keep > 0 {
			return target{}, errors.New("--keep needs a folder")
		}
		return target{name: "standard output", out: c.out}, nil
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		path = filepath.Join(path, backupPrefix+c.now().UTC().Format("20060102T150405Z")+backupSuffix)
	case keep > 0:
		return target{}, fmt.Errorf("--keep needs a folder, and %s is none", path)
	case err == nil:
		return target{}, fmt.Errorf("%s is there already; no backup is written over", path)
	}
	return target{name: path, path: path, keep: keep, now: c.now()}, nil
}

// write makes the file, which has its name only when it is whole and on the disk. A backup is nobody else's to read.
func (t target) write(take func(io.Writer) (backup.Summary, error)) (backup.Summary, error) {
	if t.path == "" {
		return take(t.out)
	}
	file, err := os.CreateTemp(filepath.Dir(t.path), filepath.Base(t.path)+".*"+unfinished) // mode 0600
	if err != nil {
		return backup.Summary{}, err
	}
	defer func() { _ = os.Remove(file.Name()) }() // gone already when all went well
	summary, err := take(file)
	if err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return summary, err
	}
	// Unlike a rename, a link takes no other file's place. Not every file system has them.
	if err := os.Link(file.Name(), t.path); errors.Is(err, fs.ErrExist) {
		return summary, err
	} else if err != nil {
		if err := os.Rename(file.Name(), t.path); err != nil {
			return summary, err
		}
	}
	if err := syncFolder(filepath.Dir(t.path)); err != nil {
		return summary, err
	}
	return summary, t.prune()
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// abandoned is the age at which an unfinished file is one that a killed process has left.
const abandoned = 24 * time.Hour

// prune deletes the oldest of the folder's backups, and what killed processes have left.
func (t target) prune() error {
	if t.keep == 0 {
		return nil
	}
	entries, err := os.ReadDir(filepath.Dir(t.path)) // the names of backups are in the order of time
	if err != nil {
		return err
	}
	var whole, gone []string
	for _, e := range entries {
		path := filepath.Join(filepath.Dir(t.path), e.Name())
		if !e.Type().IsRegular() || !strings.HasPrefix(e.Name(), backupPrefix) {
			continue
		}
		switch info, err := e.Info(); {
		case strings.HasSuffix(e.Name(), backupSuffix):
			whole = append(whole, path)
		case strings.HasSuffix(e.Name(), unfinished) && err == nil && t.now.Sub(info.ModTime()) > abandoned:
			gone = append(gone, path)
		}
	}
	for _, path := range append(gone, whole[:max(0, len(whole)-t.keep)]...) {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

// source is a backup that is read, with a progress bar.
type source struct {
	name  string
	doing string
	in    io.Reader
	bar   push.Display
	done  int64
	total int64
	close func()
}

func backupSource(c *console, path, doing string, quiet bool) (*source, error) {
	if path == "-" {
		if c.inTerminal {
			return nil, errors.New("a terminal sends no backup: name a file, or pipe one in")
		}
		return &source{name: "standard input", doing: doing, in: c.in, bar: c.bar(quiet), close: func() {}}, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	s := &source{name: path, doing: doing, in: file, bar: c.bar(quiet), close: func() { _ = file.Close() }}
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		s.total = info.Size()
	}
	return s, nil
}

// Read implements [io.Reader].
func (s *source) Read(p []byte) (int, error) {
	n, err := s.in.Read(p)
	s.done += int64(n)
	s.bar.Progress(s.name, s.doing, s.done, s.total)
	return n, err
}
