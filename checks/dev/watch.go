package main

import (
	"context"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// watched are the kinds of files that are part of the program.
var watched = []string{".go", ".sql", ".json", ".tmpl"}

const (
	look = 300 * time.Millisecond
	rest = 200 * time.Millisecond // an editor that saves several files is not done after the first
)

// watch calls changed when a source has changed, until ctx ends.
func watch(ctx context.Context, changed func()) {
	before := newest()
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(look):
		}
		if now := newest(); now != before {
			<-time.After(rest)
			before = newest() // before the build: what changes during it is built again
			changed()
		}
	}
}

// sources tell one state of the sources from another.
type sources struct {
	files  int
	newest time.Time
}

// newest looks at all sources. A file that is deleted, or as old as it was elsewhere, changes their number at least.
func newest() sources {
	var s sources
	for _, root := range []string{"src", "modules", "packaging", "go.mod", "version.go", "VERSION"} {
		_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return nil //nolint:nilerr // deleted meanwhile
			case entry.IsDir() && (entry.Name() == "web" || entry.Name() == "testdata"):
				return fs.SkipDir // Vite looks after the page
			case entry.IsDir(), strings.HasSuffix(path, "_test.go"), path != root && !slices.Contains(watched, filepath.Ext(path)):
				return nil
			}
			if info, err := entry.Info(); err == nil {
				s.files++
				if info.ModTime().After(s.newest) {
					s.newest = info.ModTime()
				}
			}
			return nil
		})
	}
	return s
}
