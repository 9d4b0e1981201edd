// Package walls keeps the arrows between the rooms pointing one way. `make lint` says the same through depguard; this
// test says it in a second, and without a linter to install.
package walls

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/ibutsu/ibutsu-go/"

// arrows lists for each room the rooms that it may use. A room may always use itself and what lies below it.
//
//	cmd → api, modules → jobs, widget, insight, importer → ingest → store, filter → config
var arrows = map[string][]string{
	"src/config":    {},
	"src/web":       {},
	"src/filter":    {"src/config"},
	"src/telemetry": {"src/config"},
	"src/store":     {"src/config", "src/filter", "src/telemetry"},
	"src/cache":     {"src/config", "src/telemetry"},
	"src/artifact":  {"src/config", "src/store", "src/telemetry"},
	"src/backup":    {"src/config", "src/store", "src/artifact"},
	"src/auth":      {"src/config", "src/store", "src/cache", "src/filter", "src/telemetry"}, // whose rows a caller may list is a condition
	"src/mail":      {"src/config", "src/auth"},
	"src/ingest":    {"src/config", "src/store", "src/filter", "src/cache", "src/artifact", "src/telemetry"},
	"src/importer":  {"src/config", "src/store", "src/filter", "src/ingest", "src/artifact", "src/telemetry"},
	"src/widget":    {"src/config", "src/store", "src/filter", "src/cache", "src/telemetry"},
	"src/insight":   {"src/config", "src/store", "src/filter", "src/cache", "src/telemetry"},
	"src/jobs": {
		"src/config", "src/store", "src/filter", "src/cache", "src/artifact", "src/telemetry", "src/ingest", "src/importer",
		"src/insight", "src/widget", "src/auth",
	},
	"src/supervise": {"src/config", "src/telemetry"},
	"src/plugin":    {"src/config", "src/telemetry", "src/supervise"},
	"src/api": {
		"src/config", "src/store", "src/filter", "src/cache", "src/artifact", "src/telemetry", "src/ingest", "src/importer",
		"src/insight", "src/widget", "src/auth", "src/jobs", "src/web",
	},
	"modules": {
		"src/config", "src/store", "src/filter", "src/cache", "src/artifact", "src/telemetry", "src/ingest", "src/importer",
		"src/insight", "src/widget", "src/auth", "src/jobs", "src/mail", "src/plugin",
	},
	"packaging": {},
	"src/cmd":   {"src", "modules", "packaging"},
	"checks":    {"src", "checks"},
	".":         {}, // the version
}

// foreign lists libraries and the only rooms that may use them, in code that is not a test.
var foreign = map[string][]string{
	"github.com/gofiber/fiber":        {"src/api", "src/cmd", "src/telemetry", "src/web"},
	"github.com/valyala/fasthttp":     {"src/api", "src/cmd", "src/telemetry", "src/web"},
	"github.com/jackc/pgx":            {"src/store", "src/ingest", "src/jobs", "src/importer", "src/widget", "src/insight", "src/artifact", "src/backup", "src/supervise", "src/auth", "src/api", "src/cmd", "modules", "checks"},
	"database/sql":                    {"src/store"},
	"github.com/redis/rueidis":        {"src/cache", "src/cmd"},
	"github.com/riverqueue/river":     {"src/jobs", "src/store", "modules", "src/cmd"}, // store runs its migrations
	"github.com/hashicorp/go-plugin":  {"src/plugin", "src/cmd"},
	"google.golang.org/grpc":          {"src/plugin"},
	"github.com/pressly/goose":        {"src/store"},
	"github.com/golang-jwt/jwt":       {"src/auth"},
	"github.com/alecthomas/kong":      {"src/cmd"},
	"github.com/stretchr/testify":     {"src/store/dbtest", "src/api/contract/contracttest", "checks"},
	"pgregory.net/rapid":              {},
	"go.uber.org/goleak":              {},
	"github.com/getkin/kin-openapi":   {"src/api"},
	"github.com/oapi-codegen/runtime": {"src/api"},
	"golang.org/x/crypto/bcrypt":      {"src/auth"},
	"golang.org/x/crypto/argon2":      {"src/auth"},
	"golang.org/x/oauth2":             {"src/auth"},
	"github.com/coreos/go-oidc":       {"src/auth"},
	"github.com/wneessen/go-mail":     {"src/mail"},
	"github.com/klauspost/compress":   {"src/backup", "src/importer", "src/artifact", "src/api", "src/cmd", "modules", "checks"},
	"github.com/minio/minio-go":       {"src/artifact"},
	"github.com/robfig/cron":          {"src/jobs", "src/config"},
	"github.com/hashicorp/go-hclog":   {"src/plugin", "src/telemetry", "src/cmd"},
	"google.golang.org/protobuf":      {"src/plugin"},
	"go.opentelemetry.io/otel":        {"src/telemetry"},
}

// closed are rooms that know nothing of a standard package: filter and store speak no HTTP.
var closed = map[string][]string{
	"src/store":  {"net/http"},
	"src/filter": {"net/http", "database/sql", "os"},
	"src/ingest": {"net/http"},
}

type listed struct {
	ImportPath string
	Imports    []string
}

func TestArrowsPointOneWay(t *testing.T) {
	t.Parallel()
	var wrong []string
	for _, p := range packages(t) {
		room := roomOf(p.ImportPath)
		allowed, known := arrows[room]
		require.Truef(t, known, "%s is in no room of this list: say which rooms it may use", p.ImportPath)
		for _, path := range p.Imports {
			target, ours := strings.CutPrefix(path+"/", module)
			target = strings.TrimSuffix(target, "/")
			if !ours || target == "" || inside(target, room) { // the version is anybody's
				continue
			}
			fits := slices.ContainsFunc(allowed, func(a string) bool { return inside(target, a) })
			if !fits {
				wrong = append(wrong, fmt.Sprintf("%s uses %s: %s may only use %v", p.ImportPath, path, room, allowed))
			}
		}
	}
	require.Empty(t, wrong, "\n"+strings.Join(wrong, "\n"))
}

func TestLibrariesStayInTheirRooms(t *testing.T) {
	t.Parallel()
	var wrong []string
	for _, p := range packages(t) {
		where := strings.TrimPrefix(p.ImportPath, module)
		for _, path := range p.Imports {
			for library, rooms := range foreign {
				if !inside(path, library) {
					continue
				}
				fits := slices.ContainsFunc(rooms, func(r string) bool { return inside(where, r) })
				if !fits {
					wrong = append(wrong, fmt.Sprintf("%s uses %s, which belongs to %v", p.ImportPath, path, rooms))
				}
			}
			for room, names := range closed {
				if inside(where, room) && slices.Contains(names, path) {
					wrong = append(wrong, fmt.Sprintf("%s uses %s, which %s has no business with", p.ImportPath, path, room))
				}
			}
		}
	}
	require.Empty(t, wrong, "\n"+strings.Join(wrong, "\n"))
}

// pgxUse finds what a file takes of pgx, and statements that a transaction is asked to run.
var pgxUse = regexp.MustCompile(`\bpgx\.(\w+)|\b(?:tx|conn|pool)\.(Exec|Query|QueryRow|SendBatch|CopyFrom|Begin)\(`)

// API and auth name a transaction, so that several steps are committed as one; what each step does is written in store.
func TestTheAPIWritesNoSQL(t *testing.T) {
	t.Parallel()
	for _, room := range []string{"api", "auth"} {
		files := 0
		require.NoError(t, filepath.WalkDir(filepath.Join("..", "..", "src", room), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			files++
			text, err := os.ReadFile(path)
			for _, use := range pgxUse.FindAllStringSubmatch(string(text), -1) {
				require.Equalf(t, "Tx", use[1], "%s uses %s", path, use[0])
			}
			return err
		}))
		require.NotZero(t, files)
	}
}

func TestNoRoomOfEverything(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		for part := range strings.SplitSeq(strings.TrimPrefix(p.ImportPath, module), "/") {
			require.NotContainsf(t, []string{"util", "utils", "common", "helpers", "misc", "models"}, part, "%s", p.ImportPath)
		}
	}
}

// roomOf is the first two parts of a package below src, and the first one elsewhere.
func roomOf(path string) string {
	if path+"/" == module {
		return "."
	}
	parts := strings.Split(strings.TrimPrefix(path, module), "/")
	if parts[0] == "src" && len(parts) > 1 {
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}

func inside(path, room string) bool { return path == room || strings.HasPrefix(path, room+"/") }

func packages(t *testing.T) []listed {
	t.Helper()
	command := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...")
	out, err := command.Output()
	require.NoError(t, err)
	var all []listed
	for decoder := json.NewDecoder(bytes.NewReader(out)); decoder.More(); {
		var p listed
		require.NoError(t, decoder.Decode(&p))
		all = append(all, p)
	}
	require.NotEmpty(t, all)
	return all
}
