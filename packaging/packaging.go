// Package packaging holds the units of systemd and Podman, as the files beside it, for `ibutsu units`.
package packaging

import "embed"

// Files are the folders systemd, quadlet and quadlet-roles.
//
//go:embed systemd quadlet quadlet-roles
var Files embed.FS
