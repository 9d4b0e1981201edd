# Settings of services.ibutsu, and what has to follow: `holds` of the configuration, or words of the refusal.
{ lib }:
let
  service = config: config.systemd.services.ibutsu-backend.serviceConfig;
  unit = config: config.systemd.services.ibutsu-backend.unitConfig;
in
{
  defaults = {
    settings = { };
    holds =
      config:
      (service config).Type == "notify"
      && (service config).DynamicUser
      && lib.elem "postgresql.target" (unit config).After
      && config.services.ibutsu.settings.database_host == "/run/postgresql"
      && config.services.postgresql.ensureDatabases == [ "ibutsu" ]
      && config.systemd.sockets.ibutsu-backend.socketConfig.ListenStream == "8080"
      && config.networking.firewall.allowedTCPPorts == [ ]
      && config.systemd.targets.ibutsu.wantedBy == [ "multi-user.target" ];
  };

  remoteDatabase = {
    settings = {
      database.createLocally = false;
      credentials.database_url = "/run/secrets/database-url";
    };
    holds =
      config:
      !config.services.postgresql.enable
      && (service config).LoadCredential == [ "database_url:/run/secrets/database-url" ]
      && !lib.elem "postgresql.target" (unit config).After;
  };

  workerAlone = {
    settings = {
      database.createLocally = false;
      settings.database_host = "db.example.com";
      settings.database_name = "ibutsu";
      backend.enable = false;
      scheduler.enable = false;
    };
    holds =
      config:
      !(config.systemd.services ? ibutsu-backend)
      && !(config.systemd.sockets ? ibutsu-backend)
      && config.systemd.services ? ibutsu-worker
      && config.systemd.services ? ibutsu-migrate;
  };

  everything = {
    settings = {
      address = "127.0.0.1";
      port = 9000;
      openFirewall = true;
      settings = {
        keep_runs = "720d";
        worker_concurrency = 8;
        cors_origins = [
          "https://a.example.com"
          "https://b.example.com"
        ];
        access_log = false;
      };
      credentials = {
        jwt_secret = "/run/secrets/jwt";
        mail_password = "/run/secrets/mail";
      };
      environmentFiles = [ "/run/secrets/ibutsu.env" ];
      redis.createLocally = true;
      nginx = {
        enable = true;
        hostName = "ibutsu.example.com";
      };
      modules.digest = {
        command = "/run/current-system/sw/bin/digest --daily";
        environment.LEVEL = "info";
        credentials.token = "/run/secrets/digest";
      };
    };
    holds =
      config:
      config.systemd.sockets.ibutsu-backend.socketConfig.ListenStream == "127.0.0.1:9000"
      && config.networking.firewall.allowedTCPPorts == [ 9000 ]
      && (service config).SupplementaryGroups == [ "redis-ibutsu" ]
      && (service config).EnvironmentFile == [ "/run/secrets/ibutsu.env" ]
      && config.services.ibutsu.settings.redis_url == "unix:///run/redis-ibutsu/redis.sock"
      && config.services.ibutsu.settings.frontend_url == "https://ibutsu.example.com"
      &&
        config.services.nginx.virtualHosts."ibutsu.example.com".locations."/".proxyPass
        == "http://127.0.0.1:9000"
      && lib.elem "LEVEL=info" config.systemd.services.ibutsu-module-digest.serviceConfig.Environment
      && lib.elem "token:/run/secrets/digest" config.systemd.services.ibutsu-module-digest.serviceConfig.LoadCredential;
  };

  noDatabase = {
    settings.database.createLocally = false;
    refused = [ "has no database" ];
  };

  twoDatabases = {
    settings.credentials.database_url = "/run/secrets/database-url";
    refused = [ "would not be used" ];
  };

  secretInStore = {
    settings.credentials.jwt_secret = "${builtins.storeDir}/00000000000000000000000000000000-jwt";
    refused = [ "lie in the Nix store" ];
  };

  secretInSettings = {
    settings.settings.jwt_secret = "not so secret";
    refused = [ "services.ibutsu.credentials.jwt_secret" ];
  };

  passwordInAddress = {
    settings.settings.redis_url = "redis://:password@cache.example.com:6379/0";
    refused = [ "services.ibutsu.credentials.redis_url" ];
  };

  portInSettings = {
    settings.settings.listen = ":9000";
    refused = [ "services.ibutsu.port" ];
  };

  firewallWithoutBackend = {
    settings = {
      openFirewall = true;
      backend.enable = false;
    };
    refused = [ "does not run" ];
  };

  nginxWithoutBackend = {
    settings = {
      nginx.enable = true;
      nginx.hostName = "ibutsu.example.com";
      backend.enable = false;
    };
    refused = [ "needs the backend" ];
  };
}
