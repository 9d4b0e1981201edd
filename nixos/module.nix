# services.ibutsu: options in options.nix, units in units.nix; this file joins them.
{ packagesFor }:
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.ibutsu;

  # Of PostgreSQL the target, not the service: it is reached when user and database are there.
  local =
    lib.optional cfg.database.createLocally "postgresql.target"
    ++ lib.optional cfg.redis.createLocally "redis-ibutsu.service";

  units = import ./units.nix {
    program = lib.getExe cfg.package;
    listen = if cfg.address == "" then toString cfg.port else "${cfg.address}:${toString cfg.port}";
    configFile = toString (import ./settings.nix { inherit lib pkgs cfg; });
    credentials = lib.mapAttrsToList (name: path: "${name}:${path}") cfg.credentials;
    environmentFiles = map toString cfg.environmentFiles;
    after = local;
    wants = local;
    groups = lib.optional cfg.redis.createLocally config.services.redis.servers.ibutsu.group;
    folders = lib.optional (cfg.settings.artifact_dir != null) cfg.settings.artifact_dir;
    backend = cfg.backend.enable;
    worker = cfg.worker.enable;
    scheduler = cfg.scheduler.enable;
    backup = if cfg.backup.enable then { inherit (cfg.backup) schedule keep; } else null;
    modules = lib.mapAttrs (name: module: {
      inherit (module) program environment;
      settings = toString ((pkgs.formats.json { }).generate "ibutsu-module-${name}.json" module.settings);
      credentials = lib.mapAttrsToList (name: path: "${name}:${path}") module.credentials;
    }) cfg.modules;
  };

  # The units of one type, under their names without it.
  ofType =
    type: f:
    lib.mapAttrs' (name: unit: lib.nameValuePair (lib.removeSuffix ".${type}" name) (f name unit)) (
      lib.filterAttrs (name: _: lib.hasSuffix ".${type}" name) units
    );

  common = unit: {
    unitConfig = unit.Unit;
    wantedBy = unit.Install.WantedBy or [ ];
  };
in
{
  imports = [
    (import ./options.nix { inherit packagesFor; })
    ./local.nix
    ./assertions.nix
  ];

  config = lib.mkIf cfg.enable {
    systemd.services = ofType "service" (
      name: unit:
      common unit
      // {
        serviceConfig = unit.Service;
        # An update restarts in one step and leaves the socket alone, which stays open in between.
        stopIfChanged = false;
        notSocketActivated = name == "ibutsu-backend.service";
        # A backup that runs is not begun anew because the system has changed.
        restartIfChanged = name != "ibutsu-backup.service";
      }
    );
    systemd.sockets = ofType "socket" (_: unit: common unit // { socketConfig = unit.Socket; });
    systemd.timers = ofType "timer" (_: unit: common unit // { timerConfig = unit.Timer; });
    systemd.targets = ofType "target" (_: common);
    systemd.slices = ofType "slice" (
      _: unit: {
        unitConfig = unit.Unit;
      }
    );

    environment.systemPackages = [ (import ./admin.nix { inherit lib pkgs cfg; }) ];

    networking.firewall.allowedTCPPorts = lib.mkIf cfg.openFirewall [ cfg.port ];
  };
}
