//go:build !linux

package child

import "syscall"

// Other systems have no such signal; their children watch a pipe instead.
func setDeathSignal(*syscall.SysProcAttr, syscall.Signal) {}
