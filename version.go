// Package ibutsu is the root of the module. It holds the one thing that can only be embedded from here: the version.
package ibutsu

import (
	_ "embed"
	"strings"
)

//go:embed VERSION
var version string

// Version is the version of this build, such as 0.1.0, from the file VERSION.
func Version() string { return strings.TrimSpace(version) }
