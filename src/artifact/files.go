package artifact

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Files keeps contents in a folder, spread over 256 below it.
type Files struct{ dir string }

// NewFiles makes the folder where it is missing.
func NewFiles(dir string) (*Files, error) {
	f := &Files{dir: dir}
	if err := os.MkdirAll(f.incoming(), 0o700); err != nil {
		return nil, fmt.Errorf("folder of artifacts: %w", err)
	}
	return f, nil
}

// Name implements Blobs.
func (f *Files) Name() string { return InFiles }

// incoming is where files are until they are whole.
func (f *Files) incoming() string { return filepath.Join(f.dir, "incoming") }

func (f *Files) path(key string) (string, error) {
	if len(key) < 3 || strings.ContainsAny(key, `/\.`) {
		return "", fmt.Errorf("%q is no key of a file", key)
	}
	return filepath.Join(f.dir, key[:2], key), nil
}

// Put implements Blobs. The file gets its name when its bytes are on the disk, and then the name is brought there too.
func (f *Files) Put(_ context.Context, key string, content []byte) (err error) {
	path, err := f.path(key)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(f.incoming(), key+"-*")
	if err != nil {
		return fmt.Errorf("keep artifact: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("keep artifact: %w", err)
	}
	folder := filepath.Dir(path)
	if err = f.makeFolder(folder); err != nil {
		return fmt.Errorf("keep artifact: %w", err)
	}
	if err = os.Rename(file.Name(), path); err != nil {
		return fmt.Errorf("keep artifact: %w", err)
	}
	return syncFolder(folder)
}

func (f *Files) makeFolder(folder string) error {
	err := os.Mkdir(folder, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return syncFolder(f.dir)
}

// syncFolder brings the names in a folder to the disk.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// Get implements Blobs.
func (f *Files) Get(_ context.Context, key string, first, length int64) ([]byte, error) {
	path, err := f.path(key)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("file %s: %w", key, ErrMissing)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if rest := max(0, info.Size()-first); length < 0 || length > rest {
		length = rest
	}
	content := make([]byte, length)
	_, err = file.ReadAt(content, first)
	if errors.Is(err, io.EOF) && length == 0 {
		err = nil
	}
	return content, err
}

// Delete implements Blobs.
func (f *Files) Delete(_ context.Context, key string) error {
	path, err := f.path(key)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Each implements Blobs. What a killed process left half written is removed on the way, once it is a day old.
func (f *Files) Each(ctx context.Context, tell func(string, time.Time) error) error {
	return filepath.WalkDir(f.dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if errors.Is(err, fs.ErrNotExist) || err == nil && entry.IsDir() {
			return nil
		}
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if filepath.Dir(path) == f.incoming() {
			if time.Since(info.ModTime()) > 24*time.Hour {
				return os.Remove(path) //nolint:gosec // nobody else writes into the folder
			}
			return nil
		}
		return tell(entry.Name(), info.ModTime())
	})
}
