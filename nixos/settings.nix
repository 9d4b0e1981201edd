# The settings as a file, checked by the program that will read it: a wrong name or value ends the build of the system,
# not its start. Secrets are not in it, so it may lie in the store.
{
  lib,
  pkgs,
  cfg,
}:
let
  file = (pkgs.formats.json { }).generate "ibutsu.json" (
    lib.filterAttrs (_: value: value != null) cfg.settings
  );
in
# A program for another machine cannot be asked.
if pkgs.stdenv.buildPlatform.canExecute pkgs.stdenv.hostPlatform then
  pkgs.runCommand "ibutsu.json" { } ''
    ${lib.getExe cfg.package} check-config --config ${file} --changed
    cp ${file} $out
  ''
else
  file
