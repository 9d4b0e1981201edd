package supervise

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
)

// serves compares the working folder of the process, which for a server is its data folder.
func serves(pid int, data string) occupation {
	cwd, err := os.Stat("/proc/" + strconv.Itoa(pid) + "/cwd")
	if errors.Is(err, fs.ErrNotExist) {
		return foreign // a zombie, or it ended just now
	}
	if err != nil {
		return unknown
	}
	want, err := os.Stat(data)
	if err != nil {
		return unknown
	}
	if os.SameFile(cwd, want) {
		return running
	}
	return foreign
}
