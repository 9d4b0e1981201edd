package supervise

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The versions of PostgreSQL that a private cluster may run on.
const (
	oldestPostgres = 15
	newestPostgres = 18
)

// ErrPostgresMissing says that no usable PostgreSQL is installed; its text says how to get one.
var ErrPostgresMissing = errors.New("PostgreSQL was not found")

const howToInstall = "install it (Debian, Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server; " +
	"Alpine: apk add postgresql; macOS: brew install postgresql@17; Nix: nix profile install nixpkgs#postgresql), " +
	"name the folder of its programs in IBUTSU_POSTGRES_BIN, or set DATABASE_URL to a server that runs already"

// Installation is an installed PostgreSQL.
type Installation struct {
	Bin   string // folder that holds initdb and postgres
	Major int    // such as 15
}

// FindPostgres looks for initdb and postgres in explicit (the value of IBUTSU_POSTGRES_BIN) alone when it is given, else
// in PATH and in the folders where packages put them, newest first. A major version other than zero must be met: a
// cluster can be run only by the version that made it.
func FindPostgres(ctx context.Context, explicit string, major int) (Installation, error) {
	folders := []string{explicit}
	if explicit == "" {
		folders = slices.Concat(filepath.SplitList(os.Getenv("PATH")), postgresFolders(os.DirFS("/"), os.Getenv("HOME")))
	}
	return findPostgres(ctx, folders, explicit != "", major)
}

func findPostgres(ctx context.Context, folders []string, explicit bool, major int) (Installation, error) {
	var seen, refused []string
	for _, folder := range folders {
		if folder == "" {
			continue
		}
		bin, missing := programs(folder)
		if missing != "" {
			if explicit {
				return Installation{}, fmt.Errorf("%w: IBUTSU_POSTGRES_BIN names %s, which has no program %s", ErrPostgresMissing, folder, missing)
			}
			continue
		}
		if slices.Contains(seen, bin) {
			continue
		}
		seen = append(seen, bin)
		version, err := postgresMajor(ctx, bin)
		switch {
		case err != nil:
			refused = append(refused, fmt.Sprintf("%s (%v)", bin, err))
		case major != 0 && version != major:
			refused = append(refused, fmt.Sprintf("%s (version %d)", bin, version))
		case version < oldestPostgres || version > newestPostgres:
			refused = append(refused, fmt.Sprintf("%s (version %d, supported are %d to %d)", bin, version, oldestPostgres, newestPostgres))
		default:
			return Installation{Bin: bin, Major: version}, nil
		}
	}
	switch {
	case major != 0:
		return Installation{}, fmt.Errorf("%w in version %d, which made this cluster; found: %s; install that version, or move the data with "+
			"'ibutsu backup' and 'ibutsu restore'", ErrPostgresMissing, major, list(refused))
	case len(refused) > 0:
		return Installation{}, fmt.Errorf("%w in a usable version; found: %s; %s", ErrPostgresMissing, list(refused), howToInstall)
	}
	return Installation{}, fmt.Errorf("%w: there is no initdb and postgres in PATH and the usual folders; %s", ErrPostgresMissing, howToInstall)
}

// programs resolves the folder of initdb and postgres, or names the one that is missing. Links are followed, because a
// user that PostgreSQL is run as may not see the folder that holds them (such as the Nix profile of root).
func programs(folder string) (bin, missing string) {
	for _, name := range []string{"initdb", "postgres"} {
		path := filepath.Join(folder, name)
		info, err := os.Stat(path) //nolint:gosec // the operator names the folder
		if err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
			return "", name
		}
		if target, err := filepath.EvalSymlinks(path); err == nil {
			path = target
		}
		bin = filepath.Dir(path)
	}
	return bin, ""
}

// postgresFolders lists where packages put PostgreSQL, the newest version first within each place.
func postgresFolders(root fs.FS, home string) []string {
	var folders []string
	for _, pattern := range []string{
		"usr/lib/postgresql/*/bin",         // Debian, Ubuntu
		"usr/pgsql-*/bin",                  // packages of postgresql.org for Fedora, RHEL
		"usr/libexec/postgresql*",          // Alpine
		"usr/lib/postgresql*/bin",          // SUSE, Gentoo
		"opt/homebrew/opt/postgresql*/bin", // macOS on ARM
		"usr/local/opt/postgresql*/bin",    // macOS on Intel
		"Applications/Postgres.app/Contents/Versions/*/bin",
	} {
		found, _ := fs.Glob(root, pattern)
		slices.SortFunc(found, func(a, b string) int { return cmp.Compare(number(b), number(a)) })
		for _, f := range found {
			folders = append(folders, "/"+f)
		}
	}
	folders = append(folders, "/usr/local/pgsql/bin", "/opt/homebrew/bin", "/usr/local/bin")
	if home != "" {
		folders = append(folders, filepath.Join(home, ".nix-profile/bin"))
	}
	return append(folders, "/nix/var/nix/profiles/default/bin", "/run/current-system/sw/bin")
}

var digits = regexp.MustCompile(`\d+`)

func number(path string) int {
	n, _ := strconv.Atoi(digits.FindString(path))
	return n
}

var versionLine = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// postgresMajor asks the program itself, since a path may lie about its version.
func postgresMajor(ctx context.Context, bin string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "postgres"), "--version")
	cmd.Env = []string{"LC_ALL=C"}
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("asking for its version: %w", err)
	}
	m := versionLine.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("its version is unreadable: %.60q", out)
	}
	return strconv.Atoi(string(m[1]))
}

func list(items []string) string {
	if len(items) == 0 {
		return "nothing"
	}
	return strings.Join(items, ", ")
}
