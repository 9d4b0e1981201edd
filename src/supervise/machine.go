package supervise

import (
	"os"
	"strconv"
	"strings"
)

// machineMemory is the memory in bytes that this process and its children may use: that of the machine, or less where
// the control group sets a limit, as in a container. It is zero when it cannot be told.
func machineMemory() uint64 {
	total := installedMemory()
	if limit := groupMemoryLimit(); limit != 0 && (total == 0 || limit < total) {
		return limit
	}
	return total
}

// groupMemoryLimit reads the limit of the control group, zero when there is none. Inside a container its own group is
// mounted at the root, so no walk through the hierarchy is needed.
func groupMemoryLimit() uint64 {
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
		if err == nil && n < 1<<60 { // version 1 says "no limit" with a number near 2^63
			return n
		}
	}
	return 0
}
