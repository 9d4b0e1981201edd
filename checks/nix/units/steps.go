package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func verified(*machine) (string, error) {
	// Units of the system that are not installed are no fault of ours.
	out, err := sh("systemd-analyze verify --man=no /etc/systemd/system/ibutsu*.service /etc/systemd/system/ibutsu*.socket 2>&1")
	if err != nil || out != "" {
		return "", fmt.Errorf("%w: %s %v", errHolds, out, err)
	}
	return "no warning", nil
}

var exposure = regexp.MustCompile(`Overall exposure level for (\S+): ([0-9.]+)`)

func hardened(*machine) (string, error) {
	var figures []string
	for _, name := range append([]string{"migrate", "backup", "module@watch"}, roles...) {
		out, err := sh("systemd-analyze security --no-pager %s", unit(name))
		if err != nil {
			return "", err
		}
		found := exposure.FindStringSubmatch(out)
		if found == nil {
			return "", fmt.Errorf("no exposure in %s", out)
		}
		level, err := strconv.ParseFloat(found[2], 64)
		if err != nil || level > 1.5 {
			return "", fmt.Errorf("%s has %s", name, found[2])
		}
		figures = append(figures, name+" "+found[2])
	}
	return strings.Join(figures, ", "), nil
}

func started(m *machine) (string, error) {
	if _, err := sh("systemctl stop postgresql@17-main && systemctl start --no-block ibutsu.target"); err != nil {
		return "", err
	}
	time.Sleep(4 * time.Second) // several attempts of the migration
	for _, role := range roles {
		if state := show(unit(role), "ActiveState"); state != "inactive" {
			return "", fmt.Errorf("without a database %s is %s", role, state)
		}
	}
	if _, err := sh("systemctl start postgresql@17-main"); err != nil {
		return "", err
	}
	took, err := m.up(30 * time.Second)
	if err != nil {
		return "", err
	}
	migrated := number("ibutsu-migrate.service", "ExecMainExitTimestampMonotonic")
	for _, role := range roles {
		if begin := number(unit(role), "ExecMainStartTimestampMonotonic"); begin < migrated || migrated == 0 {
			return "", fmt.Errorf("%s started before the migration had ended", role)
		}
		if number(unit(role), "NRestarts") != 0 {
			return "", fmt.Errorf("%s was restarted", role)
		}
	}
	return fmt.Sprintf("all active %.1f s after the database", took.Seconds()), nil
}

func secret(*machine) (string, error) {
	for _, role := range roles {
		pid := number(unit(role), "MainPID")
		if environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid)); err != nil || strings.Contains(string(environ), "secret of this check") {
			return "", fmt.Errorf("%s has a secret in its environment (%v)", role, err)
		}
	}
	for _, path := range []string{
		"/run/credentials/ibutsu-backend.service/IBUTSU_JWT_SECRET", "/etc/ibutsu/credentials/JWT_SECRET", "/var/lib/private/ibutsu",
		fmt.Sprintf("/proc/%d/environ", number(unit("backend"), "MainPID")),
	} {
		if _, err := os.Stat(path); err != nil {
			return "", err // it must be there to be hidden
		}
		if out, err := sh("setpriv --reuid=nobody --regid=nogroup --clear-groups cat %s", path); err == nil {
			return "", fmt.Errorf("nobody can read %s: %s", path, out)
		}
	}
	if out, err := sh("systemctl show 'ibutsu*' | grep 'secret of this check'"); err == nil {
		return "", fmt.Errorf("systemctl show tells a secret: %s", out)
	}
	// And the units have it: a sign-in with the password of the credential.
	return "4 places tried as nobody", nil
}

func pushed(m *machine) (string, error) {
	token, err := ibutsu("", "token create --email admin@example.com --name check")
	if err != nil {
		return "", err
	}
	m.token = strings.TrimSpace(token)
	answer, err := m.call(fresh, "POST", "/project", `{"name":"check","title":"Check"}`)
	if err != nil {
		return "", err
	}
	var project struct{ ID string }
	if err := json.Unmarshal([]byte(answer), &project); err != nil {
		return "", err
	}
	m.project = project.ID
	return "one result", m.push(fresh, 1)
}

// crowd says how many processes wanted each processor of late, at least one: this machine is a part of another, whose
// work slows it down.
func crowd() float64 {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 1
	}
	load, _ := strconv.ParseFloat(strings.Fields(string(text))[0], 64)
	return max(1, load/float64(runtime.NumCPU()))
}

// killed kills a unit several times: the pause before a restart grows, and is never reset while nobody stops the unit.
// The typical time counts, since others may have the processors for a moment, and no time may be long.
func killed(role string, times int) func(*machine) (string, error) {
	return func(m *machine) (string, error) {
		var took []time.Duration
		for range times {
			t, err := m.kill(role)
			if err != nil {
				return "", err
			}
			took = append(took, t)
		}
		slices.Sort(took)
		median, longest := took[len(took)/2], took[len(took)-1]
		if crowded := crowd(); median > time.Duration(crowded*float64(2*time.Second)) {
			return "", fmt.Errorf("typically %d ms, with %.1f processes for each processor", median.Milliseconds(), crowded)
		}
		if n := number(unit(role), "NRestarts"); n < int64(times) {
			return "", fmt.Errorf("NRestarts is %d", n)
		}
		// The line that says why.
		if _, err := sh("journalctl -u %s | grep -q 'code=killed, status=9/KILL'", unit(role)); err != nil {
			return "", err
		}
		return fmt.Sprintf("typically %d ms, at most %d ms", median.Milliseconds(), longest.Milliseconds()), nil
	}
}

// kill kills a unit's main process and waits for the next one to be ready.
func (m *machine) kill(role string) (time.Duration, error) {
	pid := number(unit(role), "MainPID")
	load := m.load(time.Second/50, fresh)
	if err := syscall.Kill(int(pid), syscall.SIGKILL); err != nil {
		return 0, err
	}
	took, err := await(10*time.Second, role+" is back", func() bool {
		return renewed(role, pid)
	})
	answered, errHealth := await(10*time.Second, "an answer", m.healthy)
	report := load.stop()
	switch {
	case err != nil:
		return 0, err
	case errHealth != nil:
		return 0, errHealth
	case report.refused > 0:
		return 0, fmt.Errorf("%d connections refused: %s", report.refused, report.first)
	case role != "backend" && report.failed > 0:
		return 0, fmt.Errorf("%d requests failed although only the %s died: %s", report.failed, role, report.first)
	}
	return max(took, answered), nil
}

// renewed tells whether a unit is active in another process than pid.
func renewed(role string, pid int64) bool {
	now := number(unit(role), "MainPID") // first: for a moment after a kill the state is still that of before
	return now != 0 && now != pid && show(unit(role), "ActiveState") == "active"
}

// child is the process id of the only child of a unit's main process.
func child(role string) int {
	out, _ := sh("cat /proc/%d/task/*/children", number(unit(role), "MainPID"))
	pid, _ := strconv.Atoi(strings.TrimSpace(out))
	return pid
}

func moduleKilled(_ *machine) (string, error) {
	main, before := number(unit("worker"), "MainPID"), child("worker")
	if before == 0 {
		return "", fmt.Errorf("the worker has no process of its module")
	}
	if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
		return "", err
	}
	took, err := await(10*time.Second, "another process of the module", func() bool {
		now := child("worker")
		return now != 0 && now != before
	})
	if err != nil {
		return "", err
	}
	if number(unit("worker"), "MainPID") != main {
		return "", fmt.Errorf("the host died, too")
	}
	return fmt.Sprintf("%d ms, the host lives", took.Milliseconds()), nil
}

func thirdParty(*machine) (string, error) {
	name := unit("module@watch")
	took, err := await(10*time.Second, "a line of the module", func() bool {
		_, err := sh("journalctl -u %s | grep -q 'the server answers 200'", name)
		return err == nil && show(name, "ActiveState") == "active"
	})
	if err != nil {
		return "", err
	}
	process := fmt.Sprintf("/proc/%d", child("module@watch"))
	owner, err := sh("stat -c %%u %s", process)
	if err != nil {
		return "", err
	}
	if ours, _ := sh("stat -c %%u /proc/%d", number(unit("worker"), "MainPID")); ours == owner || owner == "0" {
		return "", fmt.Errorf("it runs as the user %s, the worker as %s", owner, ours)
	}
	if environ, err := os.ReadFile(process + "/environ"); err != nil || strings.Contains(string(environ), "IBUTSU_CONFIG") {
		return "", fmt.Errorf("it is told of our settings: %w", errors.Join(err, errHolds))
	}
	if _, err := os.Stat("/run/credentials/" + name); !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("it has secrets: %w", errors.Join(err, errHolds))
	}
	return fmt.Sprintf("after %d ms", took.Milliseconds()), nil
}

func hung(role string) func(*machine) (string, error) {
	return func(m *machine) (string, error) {
		// The same unit with a shorter watchdog, so that the check does not take half a minute.
		folder := "/run/systemd/system/" + unit(role) + ".d"
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(folder, "short.conf"), []byte("[Service]\nWatchdogSec=4s\n"), 0o644); err != nil {
			return "", err
		}
		begin := time.Now()
		if _, err := sh("systemctl daemon-reload && systemctl restart %s", unit(role)); err != nil {
			return "", err
		}
		if took := time.Since(begin); took > 10*time.Second {
			return "", fmt.Errorf("%s took %s to end although it had nothing to do", role, took.Round(time.Millisecond))
		}
		if _, err := m.up(10 * time.Second); err != nil {
			return "", err
		}
		time.Sleep(6 * time.Second) // longer than the watchdog: it is fed
		if n := number(unit(role), "NRestarts"); n != 0 {
			return "", fmt.Errorf("the watchdog ended a healthy %s", role)
		}
		pid := number(unit(role), "MainPID")
		if err := syscall.Kill(int(pid), syscall.SIGSTOP); err != nil {
			return "", err
		}
		took, err := await(10*time.Second, role+" is back", func() bool {
			return renewed(role, pid) && m.healthy()
		})
		if err != nil {
			return "", err
		}
		if _, err := sh("journalctl -u %s | grep -q 'Watchdog timeout'", unit(role)); err != nil {
			return "", err
		}
		if _, err := sh("rm -r %s && systemctl daemon-reload", folder); err != nil {
			return "", err
		}
		return fmt.Sprintf("%.1f s after it hung, with WatchdogSec=4s", took.Seconds()), nil
	}
}

func restarted(name string) func(*machine) (string, error) {
	return func(m *machine) (string, error) {
		load := m.load(time.Second/200, fresh)
		time.Sleep(time.Second)
		var longest time.Duration
		for range 3 {
			begin := time.Now()
			if _, err := sh("systemctl restart %s", name); err != nil {
				return "", err
			}
			longest = max(longest, time.Since(begin))
			if _, err := m.up(10 * time.Second); err != nil {
				return "", err
			}
			time.Sleep(time.Second)
		}
		report := load.stop()
		if report.failed > 0 {
			return "", fmt.Errorf("%d of %d requests failed: %s", report.failed, report.sent, report.first)
		}
		return fmt.Sprintf("3 restarts, %d requests, slowest answer %d ms, restart at most %d ms", report.sent, report.slowest.Milliseconds(), longest.Milliseconds()), nil
	}
}

func backedUp(*machine) (string, error) {
	begin := time.Now()
	if _, err := sh("systemctl start ibutsu-backup.service"); err != nil {
		return "", err
	}
	took := time.Since(begin)
	if state := show("ibutsu-backup.timer", "ActiveState"); state != "active" {
		return "", fmt.Errorf("the timer is %s", state)
	}
	found, err := sh("find /var/lib/private/ibutsu-backup -type f -printf '%%m %%s %%p\\n'")
	if err != nil {
		return "", err
	}
	var mode, size, path string
	if n, err := fmt.Sscan(found, &mode, &size, &path); n != 3 || mode != "600" || strings.Contains(found, "\n") {
		return "", fmt.Errorf("in the folder is %q (%w)", found, err)
	}
	if _, err := sh("/usr/bin/ibutsu backup --verify %s", path); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s bytes in %d ms, read back", size, took.Milliseconds()), nil
}

func databaseRestarted(m *machine) (string, error) {
	if _, err := sh("systemctl stop postgresql@17-main"); err != nil {
		return "", err
	}
	time.Sleep(3 * time.Second)
	before := map[string]int64{}
	for _, role := range roles {
		before[role] = number(unit(role), "MainPID")
	}
	if !m.healthy() {
		return "", fmt.Errorf("without a database the backend does not answer at all")
	}
	if _, err := sh("systemctl start postgresql@17-main"); err != nil {
		return "", err
	}
	took, err := await(15*time.Second, "a result is taken", func() bool { return m.push(fresh, 1) == nil })
	if err != nil {
		return "", err
	}
	for _, role := range roles {
		if number(unit(role), "MainPID") != before[role] {
			return "", fmt.Errorf("%s was restarted", role)
		}
	}
	return fmt.Sprintf("results taken %.1f s after it is back", took.Seconds()), nil
}

func stopped(m *machine) (string, error) {
	begin := time.Now()
	if _, err := sh("systemctl stop ibutsu.target"); err != nil {
		return "", err
	}
	// The command waits for the target alone.
	for _, name := range []string{"ibutsu-backend.service", "ibutsu-worker.service", "ibutsu-scheduler.service", "ibutsu-backend.socket", "ibutsu-migrate.service"} {
		if _, err := await(5*time.Second, name+" has ended", func() bool { return show(name, "ActiveState") == "inactive" }); err != nil {
			return "", err
		}
	}
	took := time.Since(begin)
	if m.healthy() {
		return "", fmt.Errorf("the port is still served")
	}
	if _, err := sh("systemctl start ibutsu.target"); err != nil {
		return "", err
	}
	again, err := m.up(15 * time.Second)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("stopped in %d ms, all active again after %d ms", took.Milliseconds(), again.Milliseconds()), nil
}

func counted(m *machine) (string, error) {
	answer, err := m.call(fresh, "GET", "/result?filter=project_id%3D"+m.project+"&pageSize=1&estimate=false", "")
	if err != nil {
		return "", err
	}
	var page struct {
		Pagination struct{ TotalItems int }
	}
	if err := json.Unmarshal([]byte(answer), &page); err != nil {
		return "", err
	}
	if page.Pagination.TotalItems < m.acknowledged {
		return "", fmt.Errorf("%d acknowledged, %d there", m.acknowledged, page.Pagination.TotalItems)
	}
	return fmt.Sprintf("%d acknowledged, %d there", m.acknowledged, page.Pagination.TotalItems), nil
}
