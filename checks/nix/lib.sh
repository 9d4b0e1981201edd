# What the scripts of this folder share. They run from the root of the repository.
export GOFLAGS=-buildvcs=false GOTOOLCHAIN=local GOWORK=off
work=$PWD/bin/nix # everything that is made goes here; `make clean` removes it
mkdir -p "$work"

# as_root LINE: these checks boot machines and mount; they cannot be done otherwise.
as_root() {
  [ "$(id -u)" = 0 ] || { echo "$1 needs root" >&2; exit 1; }
}

# need COMMAND=PACKAGE...: installs what is missing, as root on Debian.
need() {
  missing=
  for pair in "$@"; do
    command -v "${pair%%=*}" >/dev/null 2>&1 || missing="$missing ${pair#*=}"
  done
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "missing:$missing; as root on Debian: apt-get install -y$missing" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086 # a word for each package
  apt-get install -q -y --no-install-recommends $missing >"$work/apt.log" 2>&1 ||
    { apt-get update -q >>"$work/apt.log" 2>&1 && apt-get install -q -y --no-install-recommends $missing >>"$work/apt.log" 2>&1; } ||
    { cat "$work/apt.log" >&2; exit 1; }
}

# nix_eval FILE [ARGUMENT...]: the value as JSON. Debian's Nix warns of users that only its daemon needs.
nix_eval() {
  nix-instantiate --eval --strict --json "$@" 2> >(grep -v "build-users-group" >&2)
}

# python_tools: a Python with checks/nix/requirements.txt, in $work/venv.
python_tools() {
  if ! cmp -s checks/nix/requirements.txt "$work/venv/.requirements"; then
    rm -rf "$work/venv"
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r checks/nix/requirements.txt
    cp checks/nix/requirements.txt "$work/venv/.requirements"
  fi
}
