package harness

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Process is one line of the process table.
type Process struct {
	Pid, Parent int
	Command     []string      // its arguments, the program first
	Program     string        // the executable file; empty when we may not know
	CPU         time.Duration // used so far, by itself and by its ended children
}

// Module says whether the process is the plugin process of that module, such as "worker".
func (p Process) Module(name string) bool {
	i := slices.Index(p.Command, "module-process")
	return i >= 0 && slices.Contains(p.Command[i:], name)
}

// Processes are the descendants of a process, itself first. Linux only: it reads /proc.
func Processes(root int) ([]Process, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	all := map[int]Process{}
	children := map[int][]int{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			continue // it ended meanwhile
		}
		dir := filepath.Dir(file)
		pid, _ := strconv.Atoi(filepath.Base(dir))
		fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
		if len(fields) < 15 || fields[0] == "Z" {
			continue
		}
		p := Process{Pid: pid}
		p.Parent, _ = strconv.Atoi(fields[1])
		for _, ticks := range fields[11:15] { // user and system time, and both of ended children, in hundredths of a second
			n, _ := strconv.Atoi(ticks)
			p.CPU += time.Duration(n) * 10 * time.Millisecond
		}
		if raw, err := os.ReadFile(filepath.Join(dir, "cmdline")); err == nil {
			p.Command = strings.Split(strings.TrimRight(string(raw), "\x00"), "\x00")
		}
		p.Program, _ = os.Readlink(filepath.Join(dir, "exe"))
		all[pid] = p
		children[p.Parent] = append(children[p.Parent], pid)
	}
	if _, ok := all[root]; !ok {
		return nil, fmt.Errorf("process %d is gone", root)
	}
	var found []Process
	for queue := []int{root}; len(queue) > 0; queue = queue[1:] {
		found = append(found, all[queue[0]])
		queue = append(queue, children[queue[0]]...)
	}
	return found, nil
}

// Own are the processes of the server that run our binary: not PostgreSQL.
func (s *Server) Own() ([]Process, error) {
	all, err := Processes(s.Pid())
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(p Process) bool { return p.Program != all[0].Program }), nil
}

// Worker is the process id of the worker's plugin process, or 0 while there is none.
func (s *Server) Worker() (int, error) {
	own, err := s.Own()
	if err != nil {
		return 0, err
	}
	for _, p := range own {
		if p.Module("worker") {
			return p.Pid, nil
		}
	}
	return 0, nil
}

// Memory of a process in KiB: resident, with shared pages counted by share, and the highest that resident has been since
// the process started or since ResetPeak.
type Memory struct {
	Resident, Proportional, Peak int
}

// MemoryOf reads the memory of a process.
func MemoryOf(pid int) (Memory, error) {
	status, err := kib(pid, "status")
	if err != nil {
		return Memory{}, err
	}
	rollup, err := kib(pid, "smaps_rollup")
	if err != nil {
		return Memory{}, err
	}
	return Memory{Resident: status["VmRSS"], Proportional: rollup["Pss"], Peak: status["VmHWM"]}, nil
}

// ResetPeak makes the present resident size the peak.
func ResetPeak(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}

// kib reads the "Name:   123 kB" lines of a file of /proc.
func kib(pid int, file string) (map[string]int, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
	if err != nil {
		return nil, err
	}
	values := map[string]int{}
	for line := range strings.Lines(string(raw)) {
		name, rest, ok := strings.Cut(line, ":")
		fields := strings.Fields(rest)
		if !ok || len(fields) != 2 || fields[1] != "kB" {
			continue
		}
		values[name], _ = strconv.Atoi(fields[0])
	}
	return values, nil
}

// Running are the processes, of any parent, whose executable file is the program.
func Running(program string) ([]int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, file := range files {
		if target, err := os.Readlink(file); err == nil && target == program {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			if err != nil {
				return nil, err
			}
			pids = append(pids, pid)
		}
	}
	return pids, nil
}
