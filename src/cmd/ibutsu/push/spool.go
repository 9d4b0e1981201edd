package push

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Spool is a folder in which files wait until the server has them. A file is copied there before it is sent, so nothing is
// lost when the server is away, the process is killed or the workspace is deleted. Several processes may share one: each
// file is sent by one of them at a time. The token is never in it.
//
//	<spool>/<time>-<id>/entry.json   what it is and where it goes
//	                    content      the file
//	                    lock         held by the process that sends it
//	<spool>/refused/…                what a server refused when it was sent later
type Spool struct {
	dir   string
	limit int64
	now   func() time.Time
	newID func() string
}

// Entry is what is known of a waiting file.
type Entry struct {
	Server   string         `json:"server"`
	Project  string         `json:"project,omitempty"`
	Source   string         `json:"source,omitempty"`
	Metadata map[string]any `json:"metadata,omitempty"`
	// Path is where the file was; Name is the name under which it is sent, always the same.
	Path string `json:"path"`
	Name string `json:"name"`
	Size int64  `json:"size"`
	// SHA256 is that of the content.
	SHA256  string    `json:"sha256"`
	Created time.Time `json:"created"`
	// ImportID is the import on the server once the file has arrived there.
	ImportID  string `json:"import_id,omitempty"`
	Attempts  int    `json:"attempts"`
	LastError string `json:"last_error,omitempty"`
}

// ErrSpoolFull means that more would wait than was allowed.
var ErrSpoolFull = errors.New("the spool is full")

const (
	unfinished  = ".new-"  // a folder that is still being written
	finished    = ".gone-" // a folder that is being deleted
	refused     = "refused"
	entryFile   = "entry.json"
	contentFile = "content"
	lockFile    = "lock"
)

// OpenSpool opens or makes a spool that holds at most limit bytes.
func OpenSpool(dir string, limit int64, now func() time.Time, newID func() string) (*Spool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil { //nolint:gosec // the person at the command line says where
		return nil, fmt.Errorf("making the spool %s: %w", dir, reason(err))
	}
	s := &Spool{dir: dir, limit: limit, now: now, newID: newID}
	return s, s.sweep()
}

// sweep removes what killed processes left half made or half deleted.
func (s *Spool) sweep() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("reading the spool %s: %w", s.dir, reason(err))
	}
	for _, entry := range entries {
		path := filepath.Join(s.dir, entry.Name())
		switch {
		case strings.HasPrefix(entry.Name(), finished):
			_ = os.RemoveAll(path)
		case strings.HasPrefix(entry.Name(), unfinished):
			lock, err := tryLock(filepath.Join(path, lockFile))
			if err != nil || lock == nil {
				continue // its maker lives
			}
			_ = os.RemoveAll(path)
			_ = lock.Close()
		}
	}
	return nil
}

// Item is a waiting file that this process has claimed. Release it in the end, whatever became of it.
type Item struct {
	Entry

	spool *Spool
	name  string
	lock  *os.File
}

func (i *Item) dir() string { return filepath.Join(i.spool.dir, i.name) }

// Open opens the content.
func (i *Item) Open() (io.ReadCloser, error) { return os.Open(filepath.Join(i.dir(), contentFile)) }

// Release gives the file free for other processes.
func (i *Item) Release() { _ = i.lock.Close() }

// Note changes what is known of the file.
func (i *Item) Note(change func(*Entry)) error {
	change(&i.Entry)
	return writeEntry(i.dir(), i.Entry)
}

// Done removes the file from the spool.
func (i *Item) Done() error {
	gone := filepath.Join(i.spool.dir, finished+i.name)
	// At once: a half deleted folder must not look like a waiting file.
	if err := os.Rename(i.dir(), gone); err != nil { //nolint:gosec // the spool's own folder
		return fmt.Errorf("taking %s off the spool: %w", i.Path, reason(err))
	}
	return os.RemoveAll(gone) //nolint:gosec // as above
}

// Refuse puts the file aside: sending it again would not help, but the spool may hold the only copy. It gives the new place.
func (i *Item) Refuse(why error) (string, error) {
	if err := i.Note(func(e *Entry) { e.LastError = why.Error() }); err != nil {
		return "", err
	}
	aside := filepath.Join(i.spool.dir, refused)
	if err := os.MkdirAll(aside, 0o700); err != nil { //nolint:gosec // the spool's own folder
		return "", fmt.Errorf("putting %s aside: %w", i.Path, reason(err))
	}
	place := filepath.Join(aside, i.name)
	if err := os.Rename(i.dir(), place); err != nil { //nolint:gosec // paths are those of the person at the command line
		return "", fmt.Errorf("putting %s aside: %w", i.Path, reason(err))
	}
	return place, nil
}

// Add copies a file into the spool and claims it. When the same file already waits for the same place, that one is claimed
// in its stead: a job that was killed and started again must not send everything twice. It is nil when another process
// sends just that at this moment.
func (s *Spool) Add(path string, e Entry) (*Item, error) {
	waiting, total, err := s.read()
	if err != nil {
		return nil, err
	}
	sum, size, err := hash(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, reason(err))
	}
	for _, name := range waiting {
		known, err := readEntry(filepath.Join(s.dir, name))
		if err == nil && known.SHA256 == sum && known.sameDestination(e) {
			return s.claim(name)
		}
	}
	if total+size > s.limit {
		return nil, fmt.Errorf("%w: %s", ErrSpoolFull, s.dir)
	}
	now := s.now().UTC()
	id := s.newID()
	e.Path, e.Name, e.Size, e.SHA256, e.Created = path, nameWithRunID(path, id), size, sum, now
	item := &Item{Entry: e, spool: s, name: now.Format("20060102T150405.000000") + "-" + id}
	return item, item.write(path)
}

func (e Entry) sameDestination(other Entry) bool {
	a, errA := json.Marshal([]any{e.Server, e.Project, e.Source, e.Metadata})
	b, errB := json.Marshal([]any{other.Server, other.Project, other.Source, other.Metadata})
	return errA == nil && errB == nil && string(a) == string(b)
}

// write makes the folder under another name, on the disk for sure, and then gives it its own.
func (i *Item) write(path string) error {
	fresh := filepath.Join(i.spool.dir, unfinished+i.name)
	err := os.Mkdir(fresh, 0o700)
	if err == nil {
		i.lock, err = tryLock(filepath.Join(fresh, lockFile))
	}
	if err == nil {
		err = copyFile(path, filepath.Join(fresh, contentFile), i.Size)
	}
	if err == nil {
		err = writeEntry(fresh, i.Entry)
	}
	if err == nil {
		err = os.Rename(fresh, i.dir())
	}
	if err == nil {
		err = syncDir(i.spool.dir)
	}
	if err != nil {
		_ = os.RemoveAll(fresh)
		return fmt.Errorf("keeping %s in the spool: %w", path, reason(err))
	}
	return nil
}

// Claim claims all waiting files that go to a server, oldest first, and counts those for others by their server.
func (s *Spool) Claim(server string) (items []*Item, others map[string]int, err error) {
	waiting, _, err := s.read()
	if err != nil {
		return nil, nil, err
	}
	others = map[string]int{}
	for _, name := range waiting {
		entry, err := readEntry(filepath.Join(s.dir, name))
		switch {
		case errors.Is(err, fs.ErrNotExist): // sent by another process meanwhile
			continue
		case err != nil:
			return items, others, err
		case entry.Server != server:
			others[entry.Server]++
			continue
		}
		item, err := s.claim(name)
		if err != nil {
			return items, others, err
		}
		if item != nil {
			items = append(items, item)
		}
	}
	return items, others, nil
}

// List gives all waiting files, oldest first, and those that were refused.
func (s *Spool) List() (waiting, aside []Entry, err error) {
	names, _, err := s.read()
	if err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		if entry, err := readEntry(filepath.Join(s.dir, name)); err == nil {
			waiting = append(waiting, entry)
		}
	}
	put, err := os.ReadDir(filepath.Join(s.dir, refused))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("reading the spool: %w", err)
	}
	for _, name := range put {
		if entry, err := readEntry(filepath.Join(s.dir, refused, name.Name())); err == nil {
			aside = append(aside, entry)
		}
	}
	return waiting, aside, nil
}

// claim locks a waiting file; nil when another process has it, or had it a moment ago.
func (s *Spool) claim(name string) (*Item, error) {
	dir := filepath.Join(s.dir, name)
	lock, err := tryLock(filepath.Join(dir, lockFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil || lock == nil {
		return nil, err
	}
	entry, err := readEntry(dir) // again: it may have been sent while we looked elsewhere
	if err != nil {
		_ = lock.Close()
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	return &Item{Entry: entry, spool: s, name: name, lock: lock}, nil
}

// read gives the names of the waiting files, oldest first, and the size of all that the spool holds.
func (s *Spool) read() (names []string, total int64, err error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, 0, fmt.Errorf("reading the spool %s: %w", s.dir, reason(err))
	}
	for _, entry := range entries {
		if !entry.IsDir() || entry.Name() == refused || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		names = append(names, entry.Name())
		if info, err := os.Stat(filepath.Join(s.dir, entry.Name(), contentFile)); err == nil {
			total += info.Size()
		}
	}
	slices.Sort(names)
	return names, total, nil
}

func readEntry(dir string) (Entry, error) {
	var e Entry
	text, err := os.ReadFile(filepath.Join(dir, entryFile))
	if err != nil {
		return e, fmt.Errorf("reading %s: %w", dir, err)
	}
	if err := json.Unmarshal(text, &e); err != nil {
		return e, fmt.Errorf("reading %s: %w", filepath.Join(dir, entryFile), err)
	}
	return e, nil
}

func writeEntry(dir string, e Entry) error {
	text, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(dir, entryFile)
	if err := writeSynced(path+".new", text); err != nil {
		return err
	}
	return os.Rename(path+".new", path) //nolint:gosec // paths are those of the person at the command line
}

func writeSynced(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // paths are those of the person at the command line
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}

func copyFile(from, to string, size int64) error {
	in, err := os.Open(from) //nolint:gosec // paths are those of the person at the command line
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(out, io.LimitReader(in, size))
	if err == nil && n != size {
		err = errors.New("the file changed while it was read")
	}
	return errors.Join(err, out.Sync(), out.Close())
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func hash(path string) (sum string, size int64, err error) {
	f, err := os.Open(path) //nolint:gosec // paths are those of the person at the command line
	if err != nil {
		return "", 0, err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	size, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), size, err
}
