# Writes units as the text of unit files, and derives Podman's quadlets from them. Only builtins.
#
#   nix-instantiate --eval --strict --json nixos/render.nix -A packaging     { "folder/file" = text; }
let
  units = import ./units.nix;

  # Sections in the order in which a person reads them.
  order = [
    "Unit"
    "Socket"
    "Timer"
    "Container"
    "Volume"
    "Network"
    "Service"
    "Install"
  ];

  text = value: if builtins.isBool value then (if value then "true" else "false") else toString value;

  # A list is a line for each item, which is how systemd adds them up.
  lines =
    name: value:
    if builtins.isList value then
      builtins.concatStringsSep "" (map (lines name) value)
    else
      "${name}=${text value}\n";

  section =
    unit: name:
    if unit ? ${name} then
      [
        (
          "[${name}]\n"
          + builtins.concatStringsSep "" (
            map (key: lines key unit.${name}.${key}) (builtins.attrNames unit.${name})
          )
        )
      ]
    else
      [ ];

  file = unit: builtins.concatStringsSep "\n" (builtins.concatMap (section unit) order);

  files = builtins.mapAttrs (_: file);

  below =
    folder: set:
    builtins.listToAttrs (
      map (name: {
        name = "${folder}/${name}";
        value = set.${name};
      }) (builtins.attrNames set)
    );

  withHeader = builtins.mapAttrs (
    _: content: "# Made from nixos/units.nix by packaging/render; do not edit.\n${content}"
  );

  pick =
    names: set:
    builtins.listToAttrs (
      builtins.concatMap (
        name:
        if set ? ${name} then
          [
            {
              inherit name;
              value = set.${name};
            }
          ]
        else
          [ ]
      ) names
    );

  drop = names: set: builtins.removeAttrs set names;

  hasSuffix =
    suffix: name:
    let
      n = builtins.stringLength name;
      s = builtins.stringLength suffix;
    in
    n >= s && builtins.substring (n - s) s name == suffix;

  withoutSuffix =
    suffix: name: builtins.substring 0 (builtins.stringLength name - builtins.stringLength suffix) name;

  # The units for a Linux with systemd that is not NixOS. Every file in /etc/ibutsu/credentials is a secret, called as its
  # variable without IBUTSU_ (DATABASE_URL, JWT_SECRET): systemd joins the name here and the name of the file.
  plain = units {
    program = "/usr/bin/ibutsu";
    configFile = "/etc/ibutsu/ibutsu.yaml";
    credentials = [ "IBUTSU:/etc/ibutsu/credentials" ];
    environmentFiles = [ "-/etc/ibutsu/environment" ];
    after = [
      "postgresql.service"
      "redis-server.service"
      "valkey-server.service"
    ];
    backup = {
      schedule = "daily";
      keep = 7;
    };
    # A template: `systemctl enable --now ibutsu-module@NAME` runs the program modules/NAME of the plugin folder.
    modules."%i" = {
      settings = "/etc/ibutsu/modules/%i.json";
      environmentFiles = [ "-/etc/ibutsu/modules/%i.env" ];
    };
  };

  # Podman runs a list without a shell, which the slim image has none of. Only whether the server lives: that its database
  # does not is no reason to kill it.
  health = {
    HealthCmd = builtins.toJSON [
      "/bin/ibutsu"
      "healthcheck"
      "--live"
    ];
    HealthInterval = "30s";
    HealthTimeout = "10s";
    HealthRetries = 3;
    HealthStartPeriod = "1min";
    HealthOnFailure = "kill";
  };

  version = builtins.replaceStrings [ "\n" ] [ "" ] (builtins.readFile ../VERSION);

  # The same units around containers. Podman passes the socket and the readiness of the program through; what hardens a
  # unit is said in Podman's words.
  containers =
    let
      program = "ibutsu";
      all = units {
        inherit program;
        listen = "8080";
      };
      command = service: builtins.replaceStrings [ "${program} " ] [ "" ] service.ExecStart;
      container = name: unit: {
        Unit = unit.Unit;
        Container = {
          ContainerName = name;
          Image = "localhost/ibutsu-slim:${version}";
          Exec = command unit.Service;
          Environment = unit.Service.Environment ++ [ "DATABASE_URL_FILE=/run/secrets/ibutsu-database-url" ];
          EnvironmentFile = "/etc/ibutsu/environment";
          Secret = "ibutsu-database-url,uid=65532,gid=65532,mode=0400";
          Network = "ibutsu.network";
          Notify = unit.Service.Type == "notify";
          ReadOnly = true;
          DropCapability = "all";
          NoNewPrivileges = true;
          StopTimeout = 45;
        }
        // (if name == "ibutsu-backend" then health else { });
        Service =
          pick [
            "Type"
            "RemainAfterExit"
            "Restart"
            "RestartSec"
            "RestartSteps"
            "RestartMaxDelaySec"
            "RestartMode"
            "Slice"
            "TimeoutStartSec"
          ] (if unit.Service.Type == "notify" then drop [ "Type" ] unit.Service else unit.Service)
          // {
            # More than StopTimeout, or systemd kills what Podman still waits for.
            TimeoutStopSec = "60s";
          };
        Install = unit.Install;
      };
      services = builtins.filter (hasSuffix ".service") (builtins.attrNames all);
      others = builtins.filter (name: !hasSuffix ".service" name) (builtins.attrNames all);
    in
    builtins.listToAttrs (
      map (
        name:
        let
          stem = withoutSuffix ".service" name;
        in
        {
          name = "${stem}.container";
          value = container stem all.${name};
        }
      ) services
    )
    // pick others all
    // {
      "ibutsu.network".Network.NetworkName = "ibutsu";
    };

  # Everything in one container, PostgreSQL included.
  whole = {
    "ibutsu.container" = {
      Unit = {
        Description = "Ibutsu";
        Documentation = "https://github.com/ibutsu/ibutsu-go";
        Wants = "network-online.target";
        After = "network-online.target";
      };
      Container = {
        ContainerName = "ibutsu";
        Image = "localhost/ibutsu:${version}";
        PublishPort = "8080:8080";
        Volume = "ibutsu.volume:/var/lib/ibutsu";
        Notify = true;
        ReadOnly = true;
        DropCapability = "all";
        NoNewPrivileges = true;
        # Requests, jobs and then PostgreSQL come to their ends.
        StopTimeout = 90;
      }
      // health;
      Service = {
        Restart = "always";
        RestartSec = "100ms";
        RestartSteps = 5;
        RestartMaxDelaySec = "1s";
        # The first start makes a cluster; one after a power failure may have to recover it.
        TimeoutStartSec = "6min";
        TimeoutStopSec = "105s";
      };
      Install.WantedBy = "multi-user.target";
    };
    "ibutsu.volume".Volume.VolumeName = "ibutsu";
  };
in
{
  inherit file files;

  packaging = withHeader (
    below "systemd" (files plain)
    // below "quadlet" (files whole)
    // below "quadlet-roles" (files containers)
  );
}
