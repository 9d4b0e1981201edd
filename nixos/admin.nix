# `ibutsu` for the administrator of the machine: any command of the program, as the user and with the settings and secrets of
# the services. `ibutsu user create …`, `ibutsu token create …`, `ibutsu doctor` then work on the right database.
{
  lib,
  pkgs,
  cfg,
}:
let
  credentials = lib.concatStringsSep " " (
    lib.mapAttrsToList (
      name: path: "--property=LoadCredential=${lib.escapeShellArg "${name}:${path}"}"
    ) cfg.credentials
  );
  environmentFiles = lib.concatMapStringsSep " " (
    path: "--property=EnvironmentFile=${lib.escapeShellArg (toString path)}"
  ) cfg.environmentFiles;
  groups = lib.optionalString cfg.redis.createLocally "--property=SupplementaryGroups=redis-ibutsu";
in
pkgs.writeShellScriptBin "ibutsu" ''
  if [ "$(id -u)" != 0 ]; then
    exec ${lib.getExe cfg.package} "$@"
  fi
  exec systemd-run --quiet --collect --pipe --wait --service-type=exec \
    --property=DynamicUser=yes --property=User=ibutsu --property=StateDirectory=ibutsu --property=UMask=0077 \
    --setenv=IBUTSU_CONFIG=${import ./settings.nix { inherit lib pkgs cfg; }} \
    ${credentials} ${environmentFiles} ${groups} \
    ${lib.getExe cfg.package} "$@"
''
