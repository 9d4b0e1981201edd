# systemd itself finds every unit well closed, at most 1.5 of 10, without booting anything.
{
  self,
  pkgs,
  lib,
  ...
}:
let
  machine = import ./nix/machine.nix { inherit self pkgs; } { };
  names = lib.filter (lib.hasPrefix "ibutsu-") (lib.attrNames machine.config.systemd.services);
in
pkgs.runCommand "check-hardening" { nativeBuildInputs = [ pkgs.systemd ]; } ''
  mkdir units
  ${lib.concatMapStrings (name: ''
    cp ${machine.config.systemd.units."${name}.service".unit}/${name}.service units/
  '') names}
  cd units
  for unit in *.service; do
    echo "$unit"
    systemd-analyze security --offline=true --threshold=15 --no-pager "$unit" | tail -n 1
  done
  touch $out
''
