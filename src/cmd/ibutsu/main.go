// Command ibutsu is the whole of Ibutsu in one binary: the server and its modules, the commands of the administrator,
// and the client that sends results.
//
// Exit codes of all commands: 0 success, 1 the command failed, 2 wrong usage or configuration. `ibutsu push --help` lists
// the further ones of `import` and `push`.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/ibutsu/ibutsu-go/src/config"
)

// root lists the commands; the order is that of the help.
type root struct {
	Up     UpCmd     `cmd:"" group:"serve" help:"Serve everything: server, worker, scheduler, and a PostgreSQL of their own"`
	Serve  ServeCmd  `cmd:"" group:"serve" help:"Serve the API and the page alone, on shared servers"`
	Module ModuleCmd `cmd:"" group:"serve" help:"Run the worker or the scheduler alone, on shared servers"`

	ModuleProcess ModuleProcessCmd `cmd:"" hidden:"" help:"A module's process; it is started by its host"`

	Migrate     MigrateCmd     `cmd:"" group:"operate" help:"Bring a database up to date, or take over one of Ibutsu 3.1.1"`
	Backup      BackupCmd      `cmd:"" group:"operate" help:"Write the whole database into a file, while the server works"`
	Restore     RestoreCmd     `cmd:"" group:"operate" help:"Make a database of a backup"`
	CheckConfig CheckConfigCmd `cmd:"" group:"operate" help:"Print the effective settings and where each came from"`
	Doctor      DoctorCmd      `cmd:"" group:"operate" help:"Say what is wrong with this set-up, and how to mend it"`
	Healthcheck HealthcheckCmd `cmd:"" group:"operate" help:"Ask the server of this machine whether it is ready"`

	Units UnitsCmd `cmd:"" group:"operate" help:"Write the units of systemd, or the quadlets of Podman, for this version"`

	Jobs JobsCmd `cmd:"" group:"operate" help:"See and steer the work in the background: jobs, queues, schedule, retention"`

	User  UserCmd  `cmd:"" group:"people" help:"Make and list users, set passwords"`
	Token TokenCmd `cmd:"" group:"people" help:"Make API tokens"`

	Import ImportCmd `cmd:"" group:"send" help:"Send report files and wait until they are imported"`
	Push   PushCmd   `cmd:"" group:"send" help:"Send reports from CI; what cannot be sent now is kept for later"`

	Version VersionCmd `cmd:"" group:"other" help:"Print the version"`

	Help helpFlag `short:"h" help:"Show this help"`
}

func newRoot() *root {
	return &root{
		Up:          newUpCmd(),
		Serve:       newServeCmd(),
		Module:      newModuleCmd(),
		Migrate:     MigrateCmd{Settings: newSettings(config.GroupDatabase, config.GroupLog)},
		Backup:      newBackupCmd(),
		Restore:     newRestoreCmd(),
		CheckConfig: CheckConfigCmd{Settings: newSettings(config.Groups()...)},
		Doctor:      DoctorCmd{Settings: newSettings(config.GroupServer, config.GroupDatabase, config.GroupRedis)},
		Healthcheck: newHealthcheckCmd(),
		Jobs:        newJobsCmd(),
		User:        newUserCmd(),
		Token:       newTokenCmd(),
	}
}

func commandGroups() []kong.Group {
	return []kong.Group{
		{Key: "serve", Title: "Serve"},
		{Key: "operate", Title: "Set up and look after"},
		{Key: "people", Title: "People and tokens"},
		{Key: "send", Title: "Send results"},
		{Key: "other", Title: "Other"},
	}
}

func main() {
	os.Exit(run(context.Background(), os.Args[1:], systemConsole()))
}

// Exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
)

// failure is an error with an exit code of its own.
type failure struct {
	code int
	err  error
}

func (f failure) Error() string { return f.err.Error() }
func (f failure) Unwrap() error { return f.err }

// run parses the command line and runs the command. It returns the exit code.
func run(ctx context.Context, args []string, c *console) int {
	args = helpWords(args)
	commands := newRoot()
	buildSettings(reflect.ValueOf(commands).Elem(), args[0])
	parser, err := kong.New(commands,
		kong.Name("ibutsu"),
		kong.Description("Ibutsu collects test results: CI pushes them, people look at them."),
		kong.ExplicitGroups(commandGroups()),
		kong.NoDefaultHelp(),
		kong.Writers(c.out, c.err),
		kong.Resolvers(environmentResolver(c.environ)),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(c),
	)
	if err != nil {
		return c.fail("", fmt.Errorf("building the command line: %w", err))
	}
	command, err := parser.Parse(args)
	if errors.Is(err, errHelpShown) {
		return 0
	}
	if err != nil {
		name := "ibutsu"
		if wrong, ok := errors.AsType[*kong.ParseError](err); ok {
			name = commandPath(wrong.Context)
		}
		return c.fail(name, failure{exitUsage, plainWords(err)})
	}
	return c.fail("", command.Run())
}

// plainWords says what kong says in the words of its insides.
func plainWords(err error) error {
	if flag, _, found := strings.Cut(err.Error(), ": expected "); found && strings.HasSuffix(err.Error(), `got "EOL" (<EOL>)`) {
		return fmt.Errorf("%s needs a value", flag)
	}
	return err
}

// helpWords lets `ibutsu`, `ibutsu help`, `ibutsu help push` and `ibutsu --version` mean what they say.
func helpWords(args []string) []string {
	switch {
	case len(args) == 0:
		return []string{"--help"}
	case args[0] == "help":
		return append(append([]string{}, args[1:]...), "--help")
	case len(args) == 1 && (args[0] == "--version" || args[0] == "-v"):
		return []string{"version"}
	}
	return args
}

// fail prints an error in one line for each fault, and gives the exit code. usage is the command to ask for help, if the
// fault is in how it was called.
func (c *console) fail(usage string, err error) int {
	if err == nil {
		return 0
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintf(c.err, "ibutsu: %s\n", line)
	}
	if usage != "" {
		fmt.Fprintf(c.err, "See `%s --help`.\n", usage)
	}
	var coded failure
	var wrong config.Errors
	switch {
	case errors.As(err, &coded):
		return coded.code
	case errors.As(err, &wrong):
		return exitUsage
	default:
		return exitFailed
	}
}
