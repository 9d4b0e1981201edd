# The options of services.ibutsu.
{ packagesFor }:
{
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkEnableOption mkOption types;

  # A path on the machine. Not types.path: a path literal would copy the secret into the store, where all can read it.
  secretPath = types.strMatching "/.*";

  role =
    name:
    mkOption {
      type = types.bool;
      default = true;
      description = "Whether this machine runs ${name}. The roles may be spread over machines that share one database.";
    };
in
{
  options.services.ibutsu = {
    enable = mkEnableOption "Ibutsu, which collects test results";

    package = mkOption {
      type = types.package;
      default = (packagesFor pkgs).ibutsu-unwrapped;
      defaultText = lib.literalExpression "ibutsu.packages.\${system}.ibutsu-unwrapped";
      description = "The package of the program.";
    };

    address = mkOption {
      type = types.str;
      default = "";
      example = "127.0.0.1";
      description = "IP address to listen on; empty for all. IPv6 addresses stand in brackets.";
    };

    port = mkOption {
      type = types.port;
      default = 8080;
      description = "Port of the page and the API.";
    };

    openFirewall = mkOption {
      type = types.bool;
      default = false;
      description = "Whether to open the port in the firewall.";
    };

    settings = mkOption {
      default = { };
      example = {
        frontend_url = "https://ibutsu.example.com";
        keep_runs = "720d";
        worker_concurrency = 4;
      };
      description = ''
        Settings, by the names of docs/configuration.md. They are checked when the system is built, and can be read by
        everybody on the machine: secrets go into {option}`services.ibutsu.credentials`.
      '';
      type = types.submodule {
        freeformType = (pkgs.formats.json { }).type;
        options = {
          listen = mkOption {
            type = types.str;
            internal = true;
            description = "Follows from the address and the port.";
          };
          database_host = mkOption {
            type = types.nullOr types.str;
            default = null;
            description = "Host of PostgreSQL, or the folder of its socket.";
          };
          artifact_dir = mkOption {
            type = types.nullOr secretPath;
            default = null;
            example = "/srv/ibutsu-artifacts";
            description = ''
              Folder of artifacts that are kept in files, if not below `/var/lib/ibutsu`. It has to belong to the user
              `ibutsu`: declare that one in {option}`users.users`, or it changes its number.
            '';
          };
          redis_url = mkOption {
            type = types.nullOr types.str;
            default = null;
            example = "redis://cache.example.com:6379/0";
            description = "Redis or Valkey. An address with a password goes into the credentials.";
          };
        };
      };
    };

    credentials = mkOption {
      type = types.attrsOf secretPath;
      default = { };
      example = {
        database_url = "/run/secrets/ibutsu-database-url";
        jwt_secret = "/run/secrets/ibutsu-jwt";
      };
      description = ''
        Files with secrets, by the name of the setting. systemd reads them as root and hands them to the units alone
        (`LoadCredential=`).
      '';
    };

    environmentFiles = mkOption {
      type = types.listOf secretPath;
      default = [ ];
      example = [ "/run/secrets/ibutsu.env" ];
      description = "Files of variables (`JWT_SECRET=…`), for secrets that come in this form.";
    };

    backend.enable = role "the backend";
    worker.enable = role "the worker, which imports, computes and cleans up";
    scheduler.enable = role "the scheduler; of several one works and the others stand by";

    modules = mkOption {
      default = { };
      description = ''
        Modules of third parties, by name: programs that do a part of the work and speak the contract of
        src/plugin/proto/module.proto, as modules/module-example does. Each is a unit of its own, `ibutsu-module-<name>`,
        with the hardening, the watchdog and the restarts of the others, in the same target and slice. It runs as a user of
        its own and learns nothing of the settings and secrets of Ibutsu.
      '';
      example = lib.literalExpression ''
        {
          watch = {
            program = lib.getExe pkgs.ibutsu-watch;
            settings.url = "http://localhost:8080";
          };
        }
      '';
      type = types.attrsOf (
        types.submodule {
          options = {
            program = mkOption {
              type = types.strMatching "/[^ %$]*";
              description = "The program, by its full path.";
            };
            settings = mkOption {
              inherit (pkgs.formats.json { }) type;
              default = { };
              description = "What the module is configured with. Everybody can read it: no secrets.";
            };
            environment = mkOption {
              type = types.attrsOf types.str;
              default = { };
              description = "Variables of this module; no secrets.";
            };
            credentials = mkOption {
              type = types.attrsOf secretPath;
              default = { };
              description = "Files with secrets of this module, which finds them in `$CREDENTIALS_DIRECTORY`.";
            };
          };
        }
      );
    };

    backup = {
      enable = mkEnableOption "backups of the database, artifacts included, in `/var/lib/ibutsu-backup`";
      schedule = mkOption {
        type = types.str;
        default = "daily";
        example = "*-*-* 03:30:00";
        description = "When a backup is made, as in {manpage}`systemd.time(7)`; up to a quarter of an hour later.";
      };
      keep = mkOption {
        type = types.ints.positive;
        default = 7;
        description = "How many backups are kept.";
      };
    };

    database.createLocally = mkOption {
      type = types.bool;
      default = true;
      description = ''
        Whether to run PostgreSQL on this machine. The units reach it by its socket, as the user of that name: there is no
        password.
      '';
    };

    redis.createLocally = mkOption {
      type = types.bool;
      default = false;
      description = "Whether to run Redis on this machine, reached by its socket. Ibutsu works without; see docs/deploy.md.";
    };

    nginx = {
      enable = mkEnableOption "a virtual host of nginx in front of Ibutsu";
      hostName = mkOption {
        type = types.str;
        example = "ibutsu.example.com";
        description = ''
          Name of the virtual host. Certificates and the like are set in `services.nginx.virtualHosts.<name>`, where
          everything else of nginx is.
        '';
      };
      tls = mkOption {
        type = types.bool;
        default = true;
        description = "Whether the virtual host is reached by https, with a certificate from ACME unless it is given one.";
      };
    };
  };
}
