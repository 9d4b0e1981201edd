// Command units boots nothing by itself: it runs inside of a machine whose systemd has the units of packaging/systemd, and
// does to them what happens to services: kills, hangs, restarts under load, a database that goes and comes. Its last line
// is "N passed, M failed".
package main

import (
	"fmt"
	"os"
	"time"
)

// step is one thing that has to hold. It returns a figure for the table.
type step struct {
	name string
	run  func(*machine) (string, error)
}

func main() {
	m := &machine{api: "http://127.0.0.1:8080/api"}
	steps := []step{
		{"unit files: systemd-analyze verify has nothing to say", verified},
		{"hardening: exposure at most 1.5 for every unit", hardened},
		{"start: without a database the units wait, with it they come up in order", started},
		{"secrets: seen by the units, by nobody else", secret},
		{"push: results of a client are kept", pushed},
		{"backend: kill -9, eight times, is over within 2 s, nothing refused", killed("backend", 8)},
		{"worker: kill -9, four times, is over within 2 s", killed("worker", 4)},
		{"scheduler: kill -9, four times, is over within 2 s", killed("scheduler", 4)},
		{"worker: its module's process dies alone", moduleKilled},
		{"module of a third party: runs as a user of its own, sees the server, and has none of its secrets", thirdParty},
		{"module of a third party: kill -9, twice, is over within 2 s", killed("module@watch", 2)},
		{"worker: a hang is ended by the watchdog", hung("worker")},
		{"backend: a hang is ended by the watchdog", hung("backend")},
		{"backend: restarted under 200 requests a second, none failed", restarted("ibutsu-backend.service")},
		{"upgrade: migration and all units restarted under 200 requests a second, none failed", restarted("ibutsu-migrate.service")},
		{"backup: the unit writes one that nobody else can read, and that is whole", backedUp},
		{"database: restarts, and the units do not", databaseRestarted},
		{"target: stopping ends all and closes the port, starting brings back all data", stopped},
		{"results: each acknowledged one is there once", counted},
	}
	failed := 0
	for _, s := range steps {
		begin := time.Now()
		figure, err := s.run(m)
		verdict := "ok    "
		if err != nil {
			verdict, figure = "FAILED", err.Error()
			failed++
		}
		fmt.Printf("%s %5.1f s  %s: %s\n", verdict, time.Since(begin).Seconds(), s.name, figure)
		if err != nil {
			m.dump()
		}
	}
	fmt.Printf("%d passed, %d failed\n", len(steps)-failed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}
