// Command operate tries what operators do to a server while clients use it:
//
//	bin/checks/withpg bin/checks/operate [-binary FILE] [-only WORDS] [-v]
//
// It restarts the server by handing its listener over and behind a socket of a service manager, puts nginx in front of
// it, takes Redis and PostgreSQL away from it, brings PostgreSQL back to a moment, and works on a copy of its sources with
// `make dev`. The last line is "N passed, M failed".
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/ibutsu/ibutsu-go/checks/harness"
)

func main() {
	binary := flag.String("binary", filepath.Join("bin", "ibutsu"), "the server's program")
	only := flag.String("only", "", "run only the trials whose name has this in it")
	flag.Parse()
	program, err := filepath.Abs(*binary)
	if err != nil {
		fmt.Println("FAIL", err)
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	var tally harness.Tally
	for _, t := range trials() {
		if !strings.Contains(t.name, *only) || ctx.Err() != nil {
			continue
		}
		said, err := t.run(ctx, program)
		tally.Check(t.name+said, err)
	}
	stop()
	tally.Exit()
}

// trial is one thing that operators do. It says in a few words what was counted.
type trial struct {
	name string
	run  func(ctx context.Context, program string) (string, error)
}

func trials() []trial {
	return []trial{
		{"20 successors on one listener", succeed},
		{"20 restarts behind a socket that somebody else holds", restart},
		{"behind nginx", behindNginx},
		{"Redis hangs, is killed and is back", lostRedis},
		{"Redis fails over by its sentinels", failedOver},
		{"PostgreSQL killed and back, three times", lostDatabase},
		{"PostgreSQL back to a moment, from its archived log", backInTime},
		{"make dev serves a changed source", develop},
	}
}
