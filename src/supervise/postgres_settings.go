package supervise

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
)

const (
	mib = 1 << 20
	gib = 1 << 30
)

// settings are the lines of ibutsu.conf: throughput on the machine that is there, and nothing that weakens a commit.
// memory is in bytes, zero when unknown.
func settings(memory uint64, system string, unsafe bool) map[string]string {
	if memory == 0 {
		memory = 2 * gib
	}
	s := map[string]string{
		"shared_buffers":       megabytes(memory/8, 32*mib, gib),
		"effective_cache_size": megabytes(memory/2, 128*mib, 64*gib),
		"work_mem":             megabytes(memory/512, 4*mib, 32*mib),
		"maintenance_work_mem": megabytes(memory/32, 32*mib, 512*mib),
		"max_connections":      "80",

		"synchronous_commit":           "on",
		"fsync":                        "on",
		"full_page_writes":             "on",
		"wal_buffers":                  "16MB",
		"min_wal_size":                 "256MB",
		"max_wal_size":                 "2GB",
		"checkpoint_timeout":           "15min",
		"checkpoint_completion_target": "0.9",

		"random_page_cost":     "1.1",
		"jit":                  "off", // its compile time is longer than any query of ours
		"timezone":             "'UTC'",
		"log_timezone":         "'UTC'",
		"log_line_prefix":      "'%m [%p] '",
		"log_checkpoints":      "off",
		"logging_collector":    "off",
		"update_process_title": "off", // two system calls less for each statement

		"max_logical_replication_workers": "0", // saves a process that never has work here
		// Results come in batches and are rarely changed: without this, the visibility map is stale for long and
		// counts that could read an index alone visit the table.
		"autovacuum_naptime":                    "20s",
		"autovacuum_vacuum_scale_factor":        "0.05",
		"autovacuum_vacuum_insert_scale_factor": "0.05",
		"autovacuum_analyze_scale_factor":       "0.02",
	}
	if system == "linux" {
		s["effective_io_concurrency"] = "200" // elsewhere older versions refuse any number but zero
	}
	if unsafe {
		s["fsync"], s["full_page_writes"] = "off", "off"
		s["max_connections"] = "200" // tests, each with pools of its own
		s["shared_buffers"] = megabytes(memory/8, 32*mib, 256*mib)
	}
	return s
}

func megabytes(n, low, high uint64) string {
	return fmt.Sprintf("%dMB", min(max(n, low), high)/mib)
}

func configuration(memory uint64, unsafe bool, extra map[string]string) string {
	all := settings(memory, runtime.GOOS, unsafe)
	maps.Copy(all, extra)
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	var text strings.Builder
	text.WriteString("# Written anew at each start. Put your own settings into postgresql.conf, which is read after this file.\n")
	for _, name := range names {
		fmt.Fprintf(&text, "%s = %s\n", name, all[name])
	}
	return text.String()
}

// hba lets in whoever reaches the socket: its folder is open to one user alone.
const hba = "# Only the private socket folder leads here; there is no TCP listener.\nlocal all all trust\n" //nolint:dupword // all databases, all users
