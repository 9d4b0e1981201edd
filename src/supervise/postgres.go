package supervise

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/supervise/child"
)

// PostgresOptions say where a private cluster lives and what it is for.
type PostgresOptions struct {
	// Dir is the cluster's own folder; it is made when missing. Data, socket and notes are below it, except that the
	// socket goes to a short folder elsewhere when its path would be too long for one.
	Dir string
	// Log is the file that the server writes to, made when missing.
	Log string
	// Bin is the folder of initdb and postgres (IBUTSU_POSTGRES_BIN); empty means that they are looked for.
	Bin string
	// Database is made when missing; "ibutsu" by default.
	Database string
	// Memory is what the server is tuned for, in bytes; zero means this machine's, or its control group's.
	Memory uint64
	// Settings are added to those of ibutsu.conf, in the form of postgresql.conf.
	Settings map[string]string
	// Logger gets a line for each start, adoption, restart and stop.
	Logger zerolog.Logger

	// temporary clusters give durability away when unsafe is set, and end with this process, however it ends.
	temporary, unsafe bool
}

// Postgres is a PostgreSQL server on a private cluster: reachable by a unix socket in a folder of ours and by nothing
// else. When it dies it is started again. When this process is killed the server goes on, and the next StartPostgres
// finds it and takes it over.
type Postgres struct {
	cluster *cluster
	options PostgresOptions
	logger  zerolog.Logger

	mutex   sync.Mutex
	server  server
	closing chan struct{} // closed by Stop: no restart any more
	closed  sync.Once
	ended   chan struct{} // closed when nothing runs and nothing will
}

// StartPostgres returns when the server takes connections and the database exists. ctx bounds the start, not the life of
// the server: that ends with Stop. Errors name the program that is missing or quote what PostgreSQL says.
func StartPostgres(ctx context.Context, options PostgresOptions) (*Postgres, error) {
	if options.Database == "" {
		options.Database = "ibutsu"
	}
	if options.Memory == 0 {
		options.Memory = machineMemory()
	}
	c, err := openCluster(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("private PostgreSQL: %w", err)
	}
	p := &Postgres{
		cluster: c,
		options: options,
		logger:  options.Logger,
		closing: make(chan struct{}),
		ended:   make(chan struct{}),
	}
	p.server, err = c.start(ctx, p.logger)
	if err != nil {
		return nil, fmt.Errorf("private PostgreSQL: %w", err)
	}
	go p.watch(context.WithoutCancel(ctx))
	if err := p.ensureDatabase(ctx); err != nil {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		return nil, fmt.Errorf("private PostgreSQL: %w", errors.Join(err, p.Stop(stopping)))
	}
	return p, nil
}

// StartTemporaryPostgres starts a cluster for tests in dir: it ends with this process at the latest, and its data is
// meant to be thrown away. fsyncOff trades what a power failure would lose for speed.
func StartTemporaryPostgres(ctx context.Context, dir string, fsyncOff bool) (*Postgres, error) {
	return StartPostgres(ctx, PostgresOptions{
		Dir:       filepath.Join(dir, "postgres"),
		Log:       filepath.Join(dir, "postgres.log"),
		Bin:       os.Getenv("IBUTSU_POSTGRES_BIN"),
		Logger:    zerolog.Nop(),
		temporary: true,
		unsafe:    fsyncOff,
	})
}

// URL is the address of a database in the cluster, for its superuser. Access is by the socket's folder, so it holds no
// secret.
func (p *Postgres) URL(database string) string { return address(p.cluster.socket, database) }

func address(socket, database string) string {
	query := url.Values{"host": {socket}, "port": {port}}
	return (&url.URL{Scheme: "postgres", User: url.User(superuser), Path: "/" + database, RawQuery: query.Encode()}).String()
}

// Database is the name of the database that StartPostgres made sure of.
func (p *Postgres) Database() string { return p.options.Database }

// PID is the process id of the server that runs now.
func (p *Postgres) PID() int {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.server.pid
}

// Done is closed when the server has ended for good, which happens after Stop alone.
func (p *Postgres) Done() <-chan struct{} { return p.ended }

// Stop ends the server by a fast shutdown: open transactions are rolled back, what is committed is written out. When ctx
// ends first the server is stopped at once, which costs a recovery at the next start and no data.
func (p *Postgres) Stop(ctx context.Context) error {
	p.closed.Do(func() { close(p.closing) })
	p.signal(syscall.SIGINT)
	select {
	case <-p.ended:
		return nil
	case <-ctx.Done():
	}
	p.signal(syscall.SIGQUIT)
	select {
	case <-p.ended:
		return fmt.Errorf("private PostgreSQL did not shut down in time and was stopped at once: %w", ctx.Err())
	case <-time.After(5 * time.Second):
	}
	p.signal(syscall.SIGKILL)
	return fmt.Errorf("private PostgreSQL did not end and was killed: %w", ctx.Err())
}

// Abandon asks for a fast shutdown and does not wait for it: for a process that has to end at once.
func (p *Postgres) Abandon() {
	p.closed.Do(func() { close(p.closing) })
	p.signal(syscall.SIGINT)
}

func (p *Postgres) signal(s syscall.Signal) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.server.signal(s)
}

// watch starts the server again when it ends without being told to.
func (p *Postgres) watch(ctx context.Context) {
	defer close(p.ended)
	const slowest = 10 * time.Second
	delay := 100 * time.Millisecond
	for {
		p.mutex.Lock()
		s := p.server
		p.mutex.Unlock()
		begin := time.Now()
		reason := s.wait()
		if p.isClosing() {
			p.cluster.cleanUp()
			return
		}
		if time.Since(begin) > time.Minute {
			delay = 100 * time.Millisecond
		}
		for {
			p.logger.Error().Str("reason", reason).Dur("after", delay).Msg("PostgreSQL ended, starting it again")
			if !p.pause(delay) {
				return
			}
			delay = min(2*delay, slowest)
			next, err := p.restart(ctx)
			if err == nil {
				p.mutex.Lock()
				p.server = next
				p.mutex.Unlock()
				break
			}
			reason = err.Error()
		}
		if p.isClosing() {
			p.signal(syscall.SIGINT) // Stop came during the start and signalled the server before this one
		}
	}
}

func (p *Postgres) restart(ctx context.Context) (server, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		select {
		case <-p.closing:
			cancel()
		case <-stop:
		}
	}()
	return p.cluster.start(ctx, p.logger)
}

func (p *Postgres) isClosing() bool {
	select {
	case <-p.closing:
		return true
	default:
		return false
	}
}

func (p *Postgres) pause(d time.Duration) bool {
	select {
	case <-p.closing:
		return false
	case <-time.After(d):
		return true
	}
}

// server is a running postmaster: a child of ours, or one that an earlier process left behind.
type server struct {
	pid     int
	child   *child.Process // nil when adopted
	cluster *cluster
}

func (s server) signal(sig syscall.Signal) {
	if s.child != nil {
		_ = s.child.Signal(sig)
		return
	}
	// The number may have gone to somebody else since.
	if occupant(s.pid, s.cluster.data) == running {
		_ = syscall.Kill(s.pid, sig)
	}
}

// wait returns how the server ended. One that is no child of ours can only be looked at from time to time.
func (s server) wait() string {
	if s.child != nil {
		<-s.child.Done()
		return s.child.Exit()
	}
	look := time.NewTicker(200 * time.Millisecond)
	defer look.Stop()
	for occupant(s.pid, s.cluster.data) == running {
		<-look.C
	}
	return "process " + strconv.Itoa(s.pid) + " is gone"
}
