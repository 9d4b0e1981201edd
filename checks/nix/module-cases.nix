# Settings of services.ibutsu, and what has to follow: `holds` of the configuration, or words of the refusal.
{ lib }:
let
  service = config: config.systemd.services.ibutsu-backend.serviceConfig;
  digest = config: config.systemd.services.ibutsu-module-digest.serviceConfig;
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
      && config.systemd.services.ibutsu-backend.notSocketActivated
      && !config.systemd.services.ibutsu-backend.stopIfChanged
      && config.networking.firewall.allowedTCPPorts == [ ]
      && config.systemd.targets.ibutsu.wantedBy == [ "multi-user.target" ]
      && !(config.systemd.timers ? ibutsu-backup);
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
        artifact_store = "files";
        artifact_dir = "/srv/artifacts";
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
      backup = {
        enable = true;
        schedule = "*-*-* 03:30:00";
        keep = 30;
      };
      nginx = {
        enable = true;
        hostName = "ibutsu.example.com";
        tls = true;
      };
      modules.digest = {
        program = "/run/current-system/sw/bin/digest";
        settings.every = "1d";
        environment.LEVEL = "info";
        environment.GREETING = "100 % \"well\"";
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
      && lib.elem "\"GREETING=100 %% \\\"well\\\"\"" (digest config).Environment
      && config.systemd.timers.ibutsu-backup.timerConfig.OnCalendar == "*-*-* 03:30:00"
      && lib.hasInfix "--keep 30" config.systemd.services.ibutsu-backup.serviceConfig.ExecStart
      && lib.elem "LEVEL=info" (digest config).Environment
      &&
        (digest config).LoadCredential == [
          "token:/run/secrets/digest"
        ]
      && (digest config).EnvironmentFile == [ ]
      && (service config).ReadWritePaths == [ "/srv/artifacts" ]
      && (digest config).ReadWritePaths == [ ]
      && (digest config).User == "ibutsu-digest"
      && lib.hasInfix " --program /run/current-system/sw/bin/digest --module-config /nix/store/" (digest config)
      .ExecStart;
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

  moduleMisnamed = {
    settings.modules.Digest.program = "/bin/digest";
    refused = [ "cannot be names of users: Digest" ];
  };

  moduleCalledAsOurs = {
    settings.modules.worker.program = "/bin/digest";
    refused = [ "worker and scheduler are taken" ];
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
