package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/ibutsu/ibutsu-go/src/supervise"
)

// System is the machine that this process runs on.
type System struct{}

// Listen implements [Machine].
func (System) Listen(ctx context.Context, address string) error {
	if path, ok := strings.CutPrefix(address, "unix:"); ok || strings.HasPrefix(address, "/") {
		if !ok {
			path = address
		}
		// Binding would replace the socket of a server that runs; the folder tells enough.
		return syscall.Access(filepath.Dir(path), 2)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return listener.Close()
}

// Answers implements [Machine].
func (System) Answers(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/health", nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return false
	}
	defer func() { _ = answer.Body.Close() }()
	return answer.StatusCode == http.StatusOK && strings.HasPrefix(answer.Header.Get("Content-Type"), "application/json")
}

// Postgres implements [Machine].
func (System) Postgres(ctx context.Context, bin string) (string, int, error) {
	found, err := supervise.FindPostgres(ctx, bin, 0)
	return found.Bin, found.Major, err
}

// Disk implements [Machine].
func (System) Disk(path string) (bytes, files uint64, err error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(path, &fs); err != nil {
		return 0, 0, err
	}
	return fs.Bavail * uint64(fs.Bsize), fs.Ffree, nil
}

// FileLimit implements [Machine].
func (System) FileLimit() (uint64, error) {
	var limit syscall.Rlimit
	err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	return limit.Cur, err
}

// Now implements [Machine].
func (System) Now() time.Time { return time.Now() }

// Folder implements [Machine].
func (System) Folder(path string) Folder {
	path, err := filepath.Abs(path)
	if err != nil {
		return Folder{}
	}
	info, err := os.Stat(path)
	if err == nil {
		f := Folder{Exists: true, IsDir: info.IsDir(), Mode: uint32(info.Mode().Perm()), Writable: writable(path)}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			f.Ours = int(stat.Uid) == os.Geteuid()
		}
		return f
	}
	parent := filepath.Dir(path)
	for parent != "/" {
		if info, err := os.Stat(parent); err == nil {
			return Folder{Parent: parent, IsDir: info.IsDir(), Writable: writable(parent)}
		}
		parent = filepath.Dir(parent)
	}
	return Folder{Parent: parent, IsDir: true, Writable: writable(parent)}
}

func writable(path string) bool { return syscall.Access(path, 2) == nil }

func port(ctx context.Context, m Machine, address string) Finding {
	f := Finding{Check: "port"}
	err := m.Listen(ctx, address)
	switch {
	case err == nil:
		f.State, f.What = OK, address+" is free"
	case errors.Is(err, syscall.EADDRINUSE) && m.Answers(ctx, "http://"+reachable(address)):
		f.State, f.What = OK, "an Ibutsu server answers on "+address
	case errors.Is(err, syscall.EADDRINUSE):
		_, number, _ := net.SplitHostPort(address)
		f.State, f.What = Broken, address+" is in use by another program"
		f.Why = "the server cannot start there"
		f.Fix = fmt.Sprintf("find it with `ss -ltnp 'sport = :%s'` and stop it, or choose another address with --listen (IBUTSU_LISTEN)", number)
	case errors.Is(err, syscall.EACCES):
		f.State, f.What = Broken, "this user may not listen on "+address
		f.Why = "the server cannot start there; ports below 1024 are for root alone"
		f.Fix = "choose a port from 1024 with --listen (IBUTSU_LISTEN), or let systemd open it (ListenStream= in a socket unit)"
	default:
		f.State, f.What = Broken, fmt.Sprintf("nobody can listen on %s: %v", address, unwrapNet(err))
		f.Why = "the server cannot start there"
		f.Fix = "set --listen (IBUTSU_LISTEN) to an address of this machine, such as :8080"
	}
	return f
}

// reachable is how this machine itself reaches a listen address.
func reachable(address string) string {
	host, number, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", number)
	}
	return address
}

func unwrapNet(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}

func stateDir(m Machine, path string) Finding {
	f := Finding{Check: "state"}
	folder := m.Folder(path)
	switch {
	case path == "":
		f.State, f.What = Skipped, "no state folder is set"
	case !folder.IsDir && folder.Exists:
		f.State, f.What = Broken, path+" is not a folder"
		f.Why = "`ibutsu up` keeps its PostgreSQL there"
		f.Fix = "move it away, or choose another folder with --state (IBUTSU_STATE_DIR)"
	case !folder.Writable:
		place := path
		if !folder.Exists {
			place = folder.Parent
		}
		f.State, f.What = Broken, "this user cannot write in "+place
		f.Why = "`ibutsu up` keeps its PostgreSQL in " + path
		f.Fix = "give the folder to the user of the server (chown), or choose another with --state (IBUTSU_STATE_DIR)"
	case !folder.Exists:
		f.State, f.What = OK, path+" will be made at the first start"
	case folder.Mode&0o002 != 0:
		f.State, f.What = Broken, path+" is writable for every user of the machine"
		f.Why = "anybody could put a socket or a database of their own there"
		f.Fix = "chmod o-rwx " + path
	case !folder.Ours && os.Geteuid() != 0:
		f.State, f.What = Warning, path+" belongs to another user"
		f.Why = "PostgreSQL refuses to run on a folder that is not its user's"
		f.Fix = "run the server as the owner of that folder, or choose another with --state (IBUTSU_STATE_DIR)"
	default:
		f.State, f.What = OK, path+" is there and writable"
	}
	return f
}

const (
	mib         = 1 << 20
	leastBytes  = 256 * mib
	scarceBytes = 2048 * mib
	leastFiles  = 10_000
)

func disk(m Machine, path string) Finding {
	f := Finding{Check: "disk"}
	place := path
	if folder := m.Folder(path); !folder.Exists {
		place = folder.Parent
	}
	bytes, files, err := m.Disk(place)
	free := fmt.Sprintf("%d MiB free at %s", bytes/mib, place)
	switch {
	case err != nil:
		f.State, f.What = Warning, fmt.Sprintf("the free space at %s cannot be told: %v", place, err)
		f.Why = "a full disk stops PostgreSQL"
		f.Fix = "look at `df -h " + place + "`"
	case bytes < leastBytes:
		f.State, f.What = Broken, "only "+free
		f.Why = "PostgreSQL stops when the disk is full, and uploads fail before that"
		f.Fix = "make room, or choose a larger disk with --state (IBUTSU_STATE_DIR)"
	case files != 0 && files < leastFiles: // some file systems have no such limit and say 0
		f.State, f.What = Broken, fmt.Sprintf("only %d more files can be made at %s", files, place)
		f.Why = "PostgreSQL makes many small files and stops when it cannot"
		f.Fix = "delete files that nobody needs (`df -i` shows the use), or choose another disk with --state"
	case bytes < scarceBytes:
		f.State, f.What = Warning, "only "+free
		f.Why = "results and artifacts grow, and a full disk stops PostgreSQL"
		f.Fix = "make room, or keep less: see keep_artifacts, keep_results and keep_runs in docs/configuration.md"
	default:
		f.State, f.What = OK, free
	}
	return f
}

func fileLimit(m Machine) Finding {
	f := Finding{Check: "files"}
	limit, err := m.FileLimit()
	switch {
	case err != nil:
		f.State, f.What = Skipped, "the limit of open files cannot be told"
	case limit < 1024:
		f.State, f.What = Broken, fmt.Sprintf("a process may have only %d files open", limit)
		f.Why = "each connection is one; clients are refused when they run out"
		f.Fix = "`ulimit -n 65536` in the shell, LimitNOFILE=65536 in a systemd unit, --ulimit nofile=65536 with containers"
	case limit < 4096:
		f.State, f.What = Warning, fmt.Sprintf("a process may have only %d files open", limit)
		f.Why = "each connection is one; a busy server runs out"
		f.Fix = "`ulimit -n 65536` in the shell, LimitNOFILE=65536 in a systemd unit, --ulimit nofile=65536 with containers"
	default:
		f.State, f.What = OK, fmt.Sprintf("a process may have %d files open", limit)
	}
	return f
}

// The PostgreSQL versions that this server is tested with.
const (
	oldestPostgres = 15
	newestPostgres = 18
)

func postgresPrograms(ctx context.Context, m Machine, p Patient) Finding {
	f := Finding{Check: "postgres"}
	folder, major, err := m.Postgres(ctx, p.Config.Database.PostgresBin)
	switch {
	case p.Config.Database.URL.IsSet() && err != nil:
		f.State, f.What = Skipped, "no PostgreSQL programs here, and none are needed: a database is configured"
	case err != nil:
		f.State, f.What = Broken, "no PostgreSQL programs (initdb, postgres) were found"
		f.Why = "without a configured database `ibutsu up` runs a PostgreSQL of its own"
		f.Fix = "install it (Debian: `apt-get install postgresql`, Fedora: `dnf install postgresql-server`), name its folder with IBUTSU_POSTGRES_BIN, or set DATABASE_URL"
	case major < oldestPostgres && !p.Config.Database.URL.IsSet():
		f.State, f.What = Broken, fmt.Sprintf("PostgreSQL %d in %s is too old", major, folder)
		f.Why = fmt.Sprintf("%d to %d are supported", oldestPostgres, newestPostgres)
		f.Fix = "install a newer one, or name its folder with IBUTSU_POSTGRES_BIN"
	default:
		f.State, f.What = OK, fmt.Sprintf("PostgreSQL %d in %s", major, folder)
	}
	return f
}
