# What cannot work, said when the system is built, with the way to mend it.
{ config, lib, ... }:
let
  cfg = config.services.ibutsu;
  secrets = import ./secret-settings.nix;
  set = name: (cfg.settings.${name} or null) != null;

  credentials =
    cfg.credentials
    // lib.concatMapAttrs (
      module: m: lib.mapAttrs' (name: path: lib.nameValuePair "${module}.${name}" path) m.credentials
    ) cfg.modules;
  inStore = lib.filterAttrs (_: path: lib.hasPrefix builtins.storeDir path) credentials;
  exposed = lib.filter set secrets;
  misnamed = lib.filter (
    name:
    builtins.match "[a-z][a-z0-9-]{0,23}" name == null
    || lib.elem name [
      "worker"
      "scheduler"
    ]
  ) (lib.attrNames cfg.modules);
  withPassword = value: builtins.match ".*://[^/]*:[^/@]+@.*" value != null;
in
{
  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = cfg.settings.listen == "${cfg.address}:${toString cfg.port}";
        message = ''
          services.ibutsu.settings.listen is set, but the port is held by a socket unit that does not read it.
          Set services.ibutsu.address and services.ibutsu.port instead.
        '';
      }
      {
        assertion =
          cfg.database.createLocally
          || set "database_host"
          || cfg.credentials ? database_url
          || cfg.environmentFiles != [ ];
        message = ''
          services.ibutsu has no database: services.ibutsu.database.createLocally is false and no other is named. Do one of
            services.ibutsu.database.createLocally = true;
            services.ibutsu.credentials.database_url = "/run/secrets/…";   # a file with postgres://USER:PASSWORD@HOST/NAME
            services.ibutsu.settings = { database_host = …; database_name = …; database_user = …; };
        '';
      }
      {
        assertion = cfg.database.createLocally -> !(cfg.credentials ? database_url);
        message = ''
          services.ibutsu.credentials.database_url names a database, and services.ibutsu.database.createLocally makes another
          that would not be used. Set services.ibutsu.database.createLocally = false, or take the credential away.
        '';
      }
      {
        assertion = inStore == { };
        message = ''
          These secrets of services.ibutsu lie in the Nix store, where everybody can read them: ${toString (lib.attrNames inStore)}.
          Give the path of a file outside of it as a string: "/run/secrets/…", not ./… and not pkgs.writeText.
        '';
      }
      {
        assertion = exposed == [ ];
        message = ''
          These settings of services.ibutsu are secrets, and settings are written to the Nix store, where everybody can read
          them: ${toString exposed}. Put each into a file and name it:
            services.ibutsu.credentials.${lib.head (exposed ++ [ "jwt_secret" ])} = "/run/secrets/…";
        '';
      }
      {
        assertion = cfg.settings.redis_url == null || !withPassword cfg.settings.redis_url;
        message = ''
          services.ibutsu.settings.redis_url has a password in it, and settings are written to the Nix store. Put the address
          into a file and name it: services.ibutsu.credentials.redis_url = "/run/secrets/…";
        '';
      }
      {
        assertion = misnamed == [ ];
        message = ''
          These names in services.ibutsu.modules cannot be names of users: ${toString misnamed}. Use a to z, 0 to 9 and -, begin
          with a letter, and stay within 24; worker and scheduler are taken.
        '';
      }
      {
        assertion = cfg.openFirewall -> cfg.backend.enable;
        message = ''
          services.ibutsu.openFirewall opens the port of the backend, which this machine does not run. Set
          services.ibutsu.backend.enable = true, or openFirewall = false.
        '';
      }
      {
        assertion = cfg.nginx.enable -> cfg.backend.enable;
        message = ''
          services.ibutsu.nginx.enable needs the backend on the same machine: set services.ibutsu.backend.enable = true. For a
          backend elsewhere set up services.nginx.virtualHosts yourself.
        '';
      }
    ];
  };
}
