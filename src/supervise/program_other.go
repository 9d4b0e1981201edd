//go:build !linux

package supervise

// releaseProgram does nothing: other systems count such pages differently.
func releaseProgram() {}
