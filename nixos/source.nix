# What the Go build reads, below the root of the repository. Everything else (documents, Nix files, recorded cases) can
# change without a rebuild. The hash of the vendored modules depends on these files, so hashes.sh reads the same list:
#
#   nix-instantiate --eval --strict --json nixos/source.nix
[
  "go.mod"
  "go.sum"
  "VERSION"
  "version.go"
  "src"
  "modules"
  # What `ibutsu units` writes.
  "packaging"
  # Tests of src import the one and read the other.
  "checks/harness"
  "checks/fixtures"
]
