# What the scripts of this folder share. They run from the root of the repository.
export PATH=$PWD/bin/tools:$PATH
export GOFLAGS=-buildvcs=false GOTOOLCHAIN=local GOWORK=off
work=$PWD/bin/nix # everything that is made goes here; `make clean` removes it
mkdir -p "$work"

# as_root LINE: these checks boot machines and mount; they cannot be done otherwise.
as_root() {
  [ "$(id -u)" = 0 ] || { echo "$1 needs root" >&2; exit 1; }
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
