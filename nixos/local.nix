# What stands on the same machine: PostgreSQL, Redis, nginx.
{ config, lib, ... }:
let
  cfg = config.services.ibutsu;
  scheme = if cfg.nginx.tls then "https" else "http";
in
{
  config = lib.mkIf cfg.enable (
    lib.mkMerge [
      {
        services.ibutsu.settings.listen = lib.mkDefault "${cfg.address}:${toString cfg.port}";
      }

      (lib.mkIf cfg.database.createLocally {
        services.postgresql = {
          enable = true;
          ensureDatabases = [ "ibutsu" ];
          ensureUsers = [
            {
              name = "ibutsu";
              ensureDBOwnership = true;
            }
          ];
        };
        services.ibutsu.settings = {
          database_host = lib.mkDefault "/run/postgresql";
          database_name = lib.mkDefault "ibutsu";
          database_user = lib.mkDefault "ibutsu";
        };
      })

      (lib.mkIf cfg.redis.createLocally {
        services.redis.servers.ibutsu = {
          enable = true;
          port = 0;
        };
        services.ibutsu.settings.redis_url = lib.mkDefault "unix://${config.services.redis.servers.ibutsu.unixSocket}";
      })

      (lib.mkIf cfg.nginx.enable {
        services.nginx = {
          enable = true;
          recommendedProxySettings = lib.mkDefault true;
          virtualHosts.${cfg.nginx.hostName} = {
            forceSSL = lib.mkIf cfg.nginx.tls (lib.mkDefault true);
            enableACME = lib.mkIf cfg.nginx.tls (lib.mkDefault true);
            locations."/" = {
              proxyPass = "http://${if cfg.address == "" then "127.0.0.1" else cfg.address}:${toString cfg.port}";
              # Uploads go through as they come; how large they may be is for Ibutsu to say.
              extraConfig = ''
                client_max_body_size 0;
                proxy_request_buffering off;
                proxy_http_version 1.1;
                proxy_read_timeout 5m;
              '';
            };
          };
        };
        services.ibutsu.settings = {
          backend_url = lib.mkDefault "${scheme}://${cfg.nginx.hostName}";
          frontend_url = lib.mkDefault "${scheme}://${cfg.nginx.hostName}";
        };
      })
    ]
  );
}
