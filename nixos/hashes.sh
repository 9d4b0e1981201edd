#!/bin/sh
# hashes.sh [--check [vendor]]: computes what nixos/hashes.json holds and writes it; with --check nothing is written, and the
# status is 1 when the file is wrong; with vendor only that one is looked at, which takes seconds. Needs go, jq and nix
# (nix-bin of Debian is enough), and pnpm 10 for the other.
#
# vendorHash is the hash of the folder that `go mod vendor` makes from the files of source.nix. Any new import can change it.
# pnpmHash is that of the archive in which fetchPnpmDeps (fetcherVersion 3) keeps what pnpm fetches for manifests.nix.
set -eu
cd "$(dirname "$0")/.."
export PATH="$PWD/bin/tools:$PATH"

tree=$(mktemp -d)
trap 'chmod -R u+w "$tree"; rm -rf "$tree"' EXIT
listed() { nix-instantiate --eval --strict --json "nixos/$1" 2>/dev/null | jq -r '.[]'; }
hash() { nix --extra-experimental-features nix-command hash path "$1" 2>/dev/null; }

# Only what git would keep: the folders that a build leaves (node_modules) are not in the source that Nix sees.
mkdir "$tree/go"
listed source.nix | xargs git ls-files -z --cached --others --exclude-standard -- |
  tar --null --ignore-failed-read -T - -cf - 2>/dev/null | tar -C "$tree/go" -xf -
(cd "$tree/go" && GOFLAGS=-mod=mod GOTOOLCHAIN=local GOWORK=off go mod vendor)
vendor=$(hash "$tree/go/vendor")

if [ "${2:-}" = vendor ]; then
  recorded=$(jq -r .vendorHash nixos/hashes.json)
  [ "$vendor" = "$recorded" ] || {
    echo "vendorHash is $vendor, nixos/hashes.json has $recorded: run nixos/hashes.sh" >&2
    exit 1
  }
  exit 0
fi

# The bytes of the archive are those of tar 1.35 and zstd 1.5.7, as nixpkgs has them. Where the system has others, the Debian
# of checks/nix/root does the packing.
root=
if ! { tar --version | grep -q ' 1\.35$' && zstd --version 2>/dev/null | grep -q ' v1\.5\.7,'; }; then
  checks/nix/root
  root=$PWD/bin/nix/root
fi
inside=/tmp/ibutsu-pnpm.$$
trap 'chmod -R u+w "$tree" "$root$inside" 2>/dev/null; rm -rf "$tree" "$root$inside"' EXIT
store=$root$inside/store
mkdir -p "$store" "$tree/web" "$tree/home" "$tree/deps"
listed manifests.nix | while read -r name; do cp "src/web/$name" "$tree/web/"; done
(
  export HOME="$tree/home" CI=true
  cd "$HOME"
  for key in manage-package-manager-versions side-effects-cache update-notifier; do pnpm config set $key false; done
  pnpm config set store-dir "$store"
  cd "$tree/web"
  # --force: for every platform, so that all have one hash.
  pnpm install --force --ignore-scripts --frozen-lockfile >"$tree/pnpm.log" 2>&1 || { cat "$tree/pnpm.log" >&2; exit 1; }
)
rm -rf "$store/v10/tmp" "$store/v10/projects"
find "$store" -name '*.json' | while read -r file; do
  jq --sort-keys 'del(.. | .checkedAt?)' "$file" >"$tree/sorted"
  cat "$tree/sorted" >"$file"
done
find "$store" -type f -name '*-exec' -exec chmod 555 {} +
find "$store" -type f -not -name '*-exec' -exec chmod 444 {} +
find "$store" -type d -exec chmod 555 {} +
${root:+chroot "$root"} tar -C "$inside/store" --sort=name --mtime=@315532800 --owner=0 --group=0 --numeric-owner \
  --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime --zstd -cf "$inside/pnpm-store.tar.zst" .
mv "$root$inside/pnpm-store.tar.zst" "$tree/deps/"
echo 3 >"$tree/deps/.fetcher-version"
pnpm=$(hash "$tree/deps")

printf '{\n  "pnpmHash": "%s",\n  "vendorHash": "%s"\n}\n' "$pnpm" "$vendor" >"$tree/hashes.json"
if [ "${1:-}" = --check ]; then
  diff -u nixos/hashes.json "$tree/hashes.json" || {
    echo "nixos/hashes.json is out of date: run nixos/hashes.sh" >&2
    exit 1
  }
else
  cp "$tree/hashes.json" nixos/hashes.json
fi
echo "vendorHash $vendor, pnpmHash $pnpm"
