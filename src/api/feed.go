package api

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// feed tells streams of the versions of their projects. It asks the database for all projects together, twice a second and
// only while somebody listens: so it hears of every writer, also behind other backends and in psql, and costs those who
// write nothing.
type feed struct {
	versions versionsOf
	pause    time.Duration
	ended    <-chan struct{} // closed when the server drains
	wake     chan struct{}   // there is a stream of a project whose version nobody knows

	mu      sync.Mutex
	streams map[uuid.UUID]map[*stream]bool
	known   map[uuid.UUID]int64
	count   int
	asking  bool
}

// stream is one client that hears of one project.
type stream struct {
	feed    *feed
	project uuid.UUID
	// versions holds the newest version that the client has not been told of: who reads slowly hears of the last one alone.
	versions chan int64
}

// versionsOf asks for the versions of projects (store.Versions).
type versionsOf func(ctx context.Context, projects []uuid.UUID) (map[uuid.UUID]int64, error)

func newFeed(versions versionsOf, ended <-chan struct{}) *feed {
	return &feed{versions: versions, pause: 500 * time.Millisecond, ended: ended, wake: make(chan struct{}, 1), streams: map[uuid.UUID]map[*stream]bool{}, known: map[uuid.UUID]int64{}}
}

// listen begins a stream; ok is false when there are too many.
func (f *feed) listen(project uuid.UUID) (*stream, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.count >= mostStreams {
		return nil, false
	}
	s := &stream{feed: f, project: project, versions: make(chan int64, 1)}
	f.count++
	if f.streams[project] == nil {
		f.streams[project] = map[*stream]bool{}
	}
	f.streams[project][s] = true
	if version, ok := f.known[project]; ok {
		s.put(version)
	} else {
		select {
		case f.wake <- struct{}{}:
		default:
		}
	}
	if !f.asking {
		f.asking = true
		go f.ask()
	}
	return s, true
}

// leave ends a stream.
func (s *stream) leave() {
	f := s.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.streams[s.project][s] {
		return
	}
	f.count--
	delete(f.streams[s.project], s)
	if len(f.streams[s.project]) == 0 {
		delete(f.streams, s.project)
		delete(f.known, s.project)
	}
}

// put replaces what was not yet read. Only one puts at a time, under the feed's lock.
func (s *stream) put(version int64) {
	select {
	case <-s.versions:
	default:
	}
	s.versions <- version
}

// ask looks for new versions until nobody listens any more.
func (f *feed) ask() {
	tick := time.NewTicker(f.pause)
	defer tick.Stop()
	for f.turn() {
		select {
		case <-tick.C:
		case <-f.wake:
		case <-f.ended:
			f.mu.Lock()
			f.asking = false
			f.mu.Unlock()
			return
		}
	}
}

// turn asks once. It returns false when nobody listens.
func (f *feed) turn() bool {
	f.mu.Lock()
	projects := slices.Collect(maps.Keys(f.streams))
	if len(projects) == 0 {
		f.asking = false
		f.mu.Unlock()
		return false
	}
	f.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	versions, err := f.versions(ctx, projects)
	if err != nil {
		return true // the database is away: what is missed shows in the version afterwards
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, project := range projects {
		version := versions[project]
		if was, ok := f.known[project]; ok && was == version || len(f.streams[project]) == 0 {
			continue
		}
		f.known[project] = version
		for s := range f.streams[project] {
			s.put(version)
		}
	}
	return true
}
