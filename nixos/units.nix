# The units of Ibutsu as plain data: { "name.type" = { Unit, Service or Socket, Install }; }. The NixOS module maps it, and
# render.nix writes it as the unit files of packaging/, which CI boots. Only builtins, so that it evaluates anywhere.
{
  # The program.
  program,
  # ListenStream= of the socket.
  listen ? "8080",
  # Settings that are no secret, as environment, and a YAML or JSON file of them.
  environment ? { },
  configFile ? null,
  # LoadCredential= and EnvironmentFile= of every unit.
  credentials ? [ ],
  environmentFiles ? [ ],
  # Units to come up after, and units to start too: those of a database and a cache on the same machine.
  after ? [ ],
  wants ? [ ],
  # Groups that open their sockets.
  groups ? [ ],
  # Folders outside of the state that our units write to.
  folders ? [ ],
  # Which roles this machine has.
  backend ? true,
  worker ? true,
  scheduler ? true,
  # Modules of third parties: { name = { program, settings, environment, credentials }; }; `settings` is a file of JSON.
  # Names may be a specifier of systemd, in a template.
  modules ? { },
  # When and how many backups are made: { schedule, keep }; null for none.
  backup ? null,
}:
let
  self = program;

  documentation = "https://github.com/ibutsu/ibutsu-go";

  when = condition: set: if condition then set else { };

  # A list of settings for Environment=, where a value with other letters stands in quotes, and a percent sign begins a
  # specifier.
  variables =
    set:
    map (
      name:
      let
        value = builtins.replaceStrings [ "%" ] [ "%%" ] (toString set.${name});
        quoted = builtins.replaceStrings [ "\\" "\"" "\n" ] [ "\\\\" "\\\"" "\\n" ] value;
      in
      if builtins.match "[A-Za-z0-9_./:@,+=%-]*" value != null then
        "${name}=${value}"
      else
        "\"${name}=${quoted}\""
    ) (builtins.attrNames set);

  # Who a unit is, and what it may touch. One name for all, so that they are one user to the database, and own the state
  # together.
  identity = {
    DynamicUser = true;
    User = "ibutsu";
    SupplementaryGroups = groups;
    StateDirectory = "ibutsu";
    StateDirectoryMode = "0700";
    Slice = "ibutsu.slice";
    ReadWritePaths = folders;
    LoadCredential = credentials;
    EnvironmentFile = environmentFiles;
    Environment = variables (
      {
        # The migration has run before, or the unit would not start.
        IBUTSU_MIGRATE_ON_START = "false";
        # Also for a unit that has more than one folder.
        IBUTSU_STATE_DIR = "/var/lib/ibutsu";
      }
      // when (configFile != null) { IBUTSU_CONFIG = configFile; }
      // environment
    );
  }
  // import ./hardening.nix;

  # How a unit lives: it says when it works, is killed when it hangs, and comes back whatever ended it. RestartSec grows
  # with every restart since the last start by hand, so the largest pause stays one that nobody minds once a month. There
  # is no status that prevents a restart: 2 means a wrong setting, but also a panic of the Go runtime.
  life = {
    Type = "notify";
    NotifyAccess = "main";
    WatchdogSec = "30s";
    TimeoutStartSec = "90s";
    # Longer than shutdown_grace, in which requests and jobs end.
    TimeoutStopSec = "45s";
    # After the watchdog has sent SIGABRT, which makes the program print what it hangs in.
    TimeoutAbortSec = "10s";
    KillMode = "mixed";
    Restart = "always";
    RestartSec = "100ms";
    RestartSteps = 5;
    RestartMaxDelaySec = "1s";
    # A module's own process may run out of memory without taking its host along: it is started anew.
    OOMPolicy = "continue";
  };

  service =
    {
      description,
      command,
      unit ? { },
      service ? { },
    }:
    {
      Unit = {
        Description = description;
        Documentation = documentation;
        PartOf = [ "ibutsu.target" ];
        Requires = [ "ibutsu-migrate.service" ] ++ (unit.Requires or [ ]);
        Wants = [ "network-online.target" ];
        After = [
          "network-online.target"
          "ibutsu-migrate.service"
        ]
        ++ (unit.After or [ ])
        ++ after;
        # More than the pauses between restarts allow: a unit never gives up, except when restarts stop being spaced.
        StartLimitIntervalSec = 60;
        StartLimitBurst = 60;
      };
      Service = identity // life // { ExecStart = command; } // service;
      Install.WantedBy = [ "ibutsu.target" ];
    };

  # A module of a third party. It has a user and a state of its own, and none of our secrets.
  module =
    name:
    {
      program ? null,
      settings ? null,
      environment ? { },
      credentials ? [ ],
      environmentFiles ? [ ],
    }:
    service {
      description = "Ibutsu module ${name}";
      command = builtins.concatStringsSep " " (
        [ "${self} module ${name}" ]
        ++ (if program == null then [ ] else [ "--program ${program}" ])
        ++ (if settings == null then [ ] else [ "--module-config ${settings}" ])
      );
      service = {
        User = "ibutsu-${name}";
        StateDirectory = "ibutsu-module-${name}";
        SupplementaryGroups = [ ];
        ReadWritePaths = [ ];
        LoadCredential = credentials;
        EnvironmentFile = environmentFiles;
        Environment = identity.Environment ++ variables environment;
      };
    };
in
{
  "ibutsu.target" = {
    Unit = {
      Description = "Ibutsu";
      Documentation = documentation;
    };
    Install.WantedBy = [ "multi-user.target" ];
  };

  "ibutsu.slice".Unit = {
    Description = "Ibutsu";
    Documentation = documentation;
  };

  # Once for each version and configuration, before any unit starts. While the database is away it is tried again, and the
  # others wait: with "direct" they do not see the failures in between.
  "ibutsu-migrate.service" = {
    Unit = {
      Description = "Ibutsu, bringing its database up to date";
      Documentation = documentation;
      PartOf = [ "ibutsu.target" ];
      Wants = [ "network-online.target" ] ++ wants;
      After = [ "network-online.target" ] ++ after;
      StartLimitIntervalSec = 0;
    };
    Service = identity // {
      Type = "oneshot";
      RemainAfterExit = true;
      ExecStart = "${program} migrate";
      # Adopting a large database takes as long as it takes.
      TimeoutStartSec = "infinity";
      Restart = "on-failure";
      RestartSec = "1s";
      RestartMode = "direct";
    };
    Install.WantedBy = [ "ibutsu.target" ];
  };
}
// when backend {
  # systemd holds the port: while the backend restarts, connections wait instead of being refused. An upgrade restarts
  # ibutsu-migrate, which takes all services with it and leaves the socket; stopping or restarting the target closes it.
  "ibutsu-backend.socket" = {
    Unit = {
      Description = "Ibutsu, the port of the backend";
      Documentation = documentation;
      PartOf = [ "ibutsu.target" ];
    };
    Socket = {
      ListenStream = listen;
      Backlog = 4096;
      NoDelay = true;
    };
    Install.WantedBy = [ "ibutsu.target" ];
  };

  "ibutsu-backend.service" = service {
    description = "Ibutsu backend";
    command = "${program} serve";
    unit = {
      Requires = [ "ibutsu-backend.socket" ];
      After = [ "ibutsu-backend.socket" ];
    };
  };
}
// when (backup != null) {
  # A folder of its own, which the others cannot see. It is there without them, too: when nothing else works, a backup may.
  "ibutsu-backup.service" = {
    Unit = {
      Description = "Ibutsu, backup of its database";
      Documentation = documentation;
      Wants = [ "network-online.target" ] ++ wants;
      After = [
        "network-online.target"
        "ibutsu-migrate.service"
      ]
      ++ after;
    };
    Service = identity // {
      Type = "oneshot";
      ExecStart = "${program} backup /var/lib/ibutsu-backup --keep ${toString backup.keep} --quiet";
      # Artifacts may lie in the state.
      StateDirectory = [
        "ibutsu"
        "ibutsu-backup"
      ];
      TimeoutStartSec = "infinity";
      Nice = 10;
      IOSchedulingClass = "idle";
    };
  };

  "ibutsu-backup.timer" = {
    Unit = {
      Description = "Ibutsu, when its database is backed up";
      Documentation = documentation;
      PartOf = [ "ibutsu.target" ];
    };
    Timer = {
      OnCalendar = backup.schedule;
      # One that was missed because the machine was off is made up for.
      Persistent = true;
      RandomizedDelaySec = "15min";
    };
    Install.WantedBy = [ "ibutsu.target" ];
  };
}
// when worker {
  "ibutsu-worker.service" = service {
    description = "Ibutsu worker";
    command = "${program} module worker";
  };
}
// when scheduler {
  "ibutsu-scheduler.service" = service {
    description = "Ibutsu scheduler";
    command = "${program} module scheduler";
  };
}
// builtins.listToAttrs (
  map (name: {
    name = if name == "%i" then "ibutsu-module@.service" else "ibutsu-module-${name}.service";
    value = module name modules.${name};
  }) (builtins.attrNames modules)
)
