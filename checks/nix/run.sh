#!/usr/bin/env bash
# run.sh [STEP...]: what can be checked of package, images, module and units where there is no nixpkgs. Without arguments all
# steps; each runs even when one before it failed. It needs bin/ibutsu (`make build`), and root on Debian for what boots.
#
#   static      Nix files, their evaluation, hashes, what is rendered
#   manifests   compose, Kubernetes, OpenShift, quadlets
#   units       the units in a real systemd: killed, hung, restarted under load
#   image       the images in Podman
#   reproduce   page and binary built twice, without a cache
set -u
cd "$(dirname "$0")/../.." || exit 1
mkdir -p bin/nix
order=(static manifests units image reproduce)
[ $# -gt 0 ] && order=("$@")

if [ ! -x bin/ibutsu ]; then
  echo 'run.sh: there is no bin/ibutsu; run `make build` first' >&2
  exit 1
fi

report=() failed=0 begin=$SECONDS
for step in "${order[@]}"; do
  case $step in
  units) script=checks/nix/boot-units ;;
  static | manifests | image | reproduce) script=checks/nix/$step ;;
  *)
    echo "run.sh: there is no step $step; there are: static manifests units image reproduce" >&2
    exit 2
    ;;
  esac
  printf '\n== %s\n' "$step"
  started=$SECONDS
  "$script" 2>&1 | tee "bin/nix/$step.log"
  status=${PIPESTATUS[0]}
  verdict=ok
  if [ "$status" != 0 ]; then
    verdict=FAILED
    failed=$((failed + 1))
  fi
  report+=("$(printf '%-7s%-11s%4d s  %s' "$verdict" "$step" $((SECONDS - started)) "$(tail -n 1 "bin/nix/$step.log" | cut -c1-110)")")
done
printf '\n== summary, %d s\n' $((SECONDS - begin))
printf '%s\n' "${report[@]}"
echo "$((${#order[@]} - failed)) passed, $failed failed"
[ "$failed" = 0 ]
