package supervise

import (
	"encoding/binary"
	"syscall"
)

func installedMemory() uint64 {
	text, err := syscall.Sysctl("hw.memsize")
	if err != nil || len(text) > 8 {
		return 0
	}
	// A number of eight bytes, of which the call takes the last for the end of a text: the zeros there are not handed on.
	var raw [8]byte
	copy(raw[:], text)
	return binary.LittleEndian.Uint64(raw[:])
}
