#!/bin/sh
# hashes.sh [--check]: computes what nixos/hashes.json holds and writes it; with --check nothing is written, and the status is
# 1 when the file is wrong. Needs go and nix (nix-bin of Debian is enough).
#
# vendorHash is the hash of the folder that `go mod vendor` makes from the files of source.nix. Any new import can change it.
set -eu
cd "$(dirname "$0")/.."
export GOFLAGS=-mod=mod GOTOOLCHAIN=local GOWORK=off

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
# Only what git would keep: the folders that a build leaves (node_modules) are not in the source that Nix sees.
nix-instantiate --eval --strict --json nixos/source.nix 2>/dev/null | tr -d '[]"' | tr ',' '\n' |
  xargs git ls-files -z --cached --others --exclude-standard -- |
  tar --null --ignore-failed-read -T - -cf - 2>/dev/null | tar -C "$tree" -xf -
(cd "$tree" && go mod vendor)
vendor=$(nix --extra-experimental-features nix-command hash path "$tree/vendor" 2>/dev/null)

printf '{\n  "vendorHash": "%s"\n}\n' "$vendor" >"$tree/hashes.json"
if [ "${1:-}" = --check ]; then
  diff -u nixos/hashes.json "$tree/hashes.json" || {
    echo "nixos/hashes.json is out of date: run nixos/hashes.sh" >&2
    exit 1
  }
else
  cp "$tree/hashes.json" nixos/hashes.json
fi
echo "vendorHash $vendor"
