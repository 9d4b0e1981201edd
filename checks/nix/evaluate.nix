# What can be known of the Nix files without nixpkgs: the packages with builders that give their arguments back, the module
# with a small library, and that the unit files of packaging/ and what the module maps are the same data. The value is a
# list of faults.
let
  lib = import ./small-lib.nix;
  root = ../..;
  version = lib.fileContents (root + "/VERSION");
  hashes = lib.importJSON (root + "/nixos/hashes.json");

  # Builders that show what they were given, as something that can stand for a store path.
  shown =
    builder: arguments:
    arguments
    // {
      inherit builder;
      type = "derivation";
      outPath = "/nix/store/00000000000000000000000000000000-${
        arguments.name or arguments.pname or builder
      }";
    };
  thing =
    name:
    shown "thing" {
      pname = name;
      inherit name;
      meta.mainProgram = name;
    };
  pkgs = {
    inherit lib;
    stdenv = {
      buildPlatform.canExecute = _: true;
      hostPlatform.system = "x86_64-linux";
    };
    buildGo126Module =
      f:
      let
        final = shown "buildGo126Module" (f final);
      in
      final;
    runCommand =
      name: arguments: script:
      shown "runCommand" (arguments // (arguments.passthru or { }) // { inherit name script; });
    writeTextDir = name: text: shown "writeTextDir" { inherit name text; };
    writeShellScriptBin =
      name: text:
      shown "writeShellScriptBin" {
        inherit name text;
        meta.mainProgram = name;
      };
    stdenvNoCC.mkDerivation =
      f:
      let
        final = shown "mkDerivation" (f final);
      in
      final;
    fetchPnpmDeps = shown "fetchPnpmDeps";
    closureInfo = arguments: shown "closureInfo" arguments;
    dockerTools = {
      buildLayeredImage = shown "buildLayeredImage";
      streamLayeredImage = shown "streamLayeredImage";
    };
    formats.json = _: {
      type = lib.types.anything;
      generate = name: value: shown "json" { inherit name value; };
    };
    callPackage =
      file: arguments:
      let
        f = import file;
      in
      f (builtins.intersectAttrs (builtins.functionArgs f) pkgs // arguments);
  }
  // builtins.listToAttrs (
    map (name: lib.nameValuePair name (thing name)) [
      "cacert"
      "dash"
      "go_1_26"
      "jq"
      "makeBinaryWrapper"
      "nodejs_24"
      "pnpmConfigHook"
      "pnpm_10"
      "postgresql_18"
    ]
  );

  packagesFor = pkgs: import (root + "/nixos/packages.nix") { inherit pkgs; };
  packages = packagesFor pkgs;

  # What NixOS declares itself, with its defaults.
  nixos = {
    services.postgresql.enable = lib.mkOverride 1500 false;
    services.redis.servers.ibutsu = lib.mkOverride 1500 {
      group = "redis-ibutsu";
      unixSocket = "/run/redis-ibutsu/redis.sock";
    };
    networking.firewall.allowedTCPPorts = lib.mkOverride 1500 [ ];
  };
  machine =
    settings:
    lib.evaluate { inherit pkgs; } [
      nixos
      (import (root + "/nixos/module.nix") { inherit packagesFor; })
      {
        services.ibutsu = {
          enable = true;
        }
        // settings;
      }
    ];

  # The disk image, for a kind of machine.
  appliance =
    efiArch:
    lib.evaluate
      {
        pkgs = pkgs // {
          stdenv = pkgs.stdenv // {
            hostPlatform.efiArch = efiArch;
          };
          systemd = thing "systemd";
        };
        modulesPath = toString ./nixos;
      }
      [
        nixos
        (import (root + "/nixos/module.nix") { inherit packagesFor; })
        (root + "/nixos/appliance.nix")
        {
          nix.package = thing "nix";
          system.build.toplevel = thing "toplevel";
          system.build.uki = thing "uki";
          system.boot.loader.ukiFile = "nixos.efi";
        }
      ];
  disk = appliance "x64";

  cases = import ./module-cases.nix { inherit lib; };
  caseFaults =
    name:
    let
      case = cases.${name};
      config = machine case.settings;
      refused = map (a: a.message) (lib.filter (a: !a.assertion) config.assertions);
    in
    (
      if case ? refused then
        map (text: "${name}: not refused with “${text}”") (
          lib.filter (text: !lib.any (lib.hasInfix text) refused) case.refused
        )
      else
        map (text: "${name}: refused with ${text}") refused
        ++ lib.optional (!case.holds config) "${name}: the configuration is not what it should be"
    );

  # The units of the module, written as unit files, beside the data that they come from.
  render = import (root + "/nixos/render.nix");
  defaults = machine {
    backup.enable = true;
    backup.schedule = "hourly";
    backup.keep = 3;
  };
  mapped =
    lib.concatMapAttrs
      (
        type: section:
        lib.mapAttrs' (
          name: unit:
          lib.nameValuePair "${name}.${type}" (
            render.file (
              {
                Unit = unit.unitConfig;
              }
              // (if section == null then { } else { ${section} = unit."${type}Config"; })
              // (if unit.wantedBy or [ ] == [ ] then { } else { Install.WantedBy = unit.wantedBy; })
            )
          )
        ) defaults.systemd."${type}s"
      )
      {
        service = "Service";
        socket = "Socket";
        target = null;
        slice = null;
        timer = "Timer";
      };
  expected = render.files (
    import (root + "/nixos/units.nix") {
      program = "${packages.ibutsu-unwrapped}/bin/ibutsu";
      configFile = "/nix/store/00000000000000000000000000000000-ibutsu.json";
      after = [ "postgresql.target" ];
      wants = [ "postgresql.target" ];
      backup = {
        schedule = "hourly";
        keep = 3;
      };
    }
  );

  # The flake, of which the names of the outputs can be known.
  flake = (import (root + "/flake.nix")).outputs {
    self = flake;
    nixpkgs = {
      lib = lib // {
        nixosSystem = arguments: arguments;
      };
      legacyPackages = lib.genAttrs systems (_: pkgs);
    };
  };
  systems = [
    "aarch64-linux"
    "x86_64-linux"
  ];
  perSystem =
    output: names: builtins.all (system: attrNames flake.${output}.${system} == names) systems;
  inherit (builtins) attrNames;

  go = packages.ibutsu-unwrapped;
  whole = packages.image;
  slim = packages.image-slim;
  lock = lib.importJSON (root + "/flake.lock");

  holds = {
    "the version is that of the file" = go.version == version;
    "vendorHash is that of the file" = go.vendorHash == hashes.vendorHash;
    "what is built from is there" =
      go.src == root
      && packages.ui.src == root + "/src/web"
      && packages.ui.pnpmDeps.src == packages.ui.src;
    "the page is in the binary" =
      lib.hasInfix "${packages.ui} src/web/dist" go.postConfigure && !(go ? preBuild);
    "pnpmHash is that of the file" = packages.ui.pnpmDeps.hash == hashes.pnpmHash;
    "the page's packages are fetched as the hash is computed" =
      packages.ui.pnpmDeps.fetcherVersion == 3 && packages.ui.pnpmDeps.pnpm.pname == "pnpm_10";
    "the binary is static" = go.env.CGO_ENABLED == "0";
    "the binary has its time zones" = lib.elem "timetzdata" go.tags;
    "nothing of the day is linked in" =
      go.ldflags == [
        "-s"
        "-w"
      ];
    "the wrapper finds PostgreSQL" = lib.hasInfix "postgresql_18/bin" packages.ibutsu.script;
    "images have no date" = whole.created == "1970-01-01T00:00:01Z" && slim.created == whole.created;
    "images run as nobody in particular" =
      whole.config.User == "65532:65532" && slim.config.User == whole.config.User;
    "images start what they should" = whole.config.Cmd == [ "up" ] && slim.config.Cmd == [ "serve" ];
    "the image is not compressed" = whole.compressor == "none";
    "the stream has the arguments of the image" =
      removeAttrs packages.image-stream [
        "builder"
        "outPath"
      ] == removeAttrs whole [
        "arguments"
        "builder"
        "compressor"
        "outPath"
        "stream"
      ];
    "the slim image has no shell and no PostgreSQL" =
      !(lib.any (
        package:
        lib.elem (lib.getName package) [
          "sh"
          "dash"
          "postgresql_18"
        ]
      ) slim.contents);
    "the whole image has both" = lib.any (
      package: lib.getName package == "postgresql_18"
    ) whole.contents;
    "the state belongs to the user of the image" =
      lib.hasInfix "chown 65532:0 var/lib/ibutsu" whole.fakeRootCommands;
    "the appliance boots by UEFI on both kinds of machines" =
      disk.image.repart.partitions."10-esp".contents."/EFI/BOOT/BOOTX64.EFI".source
      == "${thing "systemd"}/lib/systemd/boot/efi/systemd-bootx64.efi"
      && (appliance "aa64").image.repart.partitions."10-esp".contents ? "/EFI/BOOT/BOOTAA64.EFI";
    "the appliance grows to the size of its disk" =
      disk.systemd.repart.partitions."20-root".Type == "root" && disk.fileSystems."/".autoResize;
    "the appliance makes its secrets itself, before what needs them" =
      lib.filter (a: !a.assertion) disk.assertions == [ ]
      &&
        disk.services.ibutsu.credentials == {
          superadmin_password = "/var/lib/ibutsu-first-boot/superadmin-password";
        }
      && lib.elem "ibutsu-migrate.service" disk.systemd.services.ibutsu-first-boot.before
      && lib.hasInfix "/dev/urandom" disk.systemd.services.ibutsu-first-boot.script;
    "the appliance is of the version of the file" = disk.system.image.version == version;
    "the appliance makes backups" = disk.systemd.timers ? ibutsu-backup;
    "the flake has every package, for both kinds of machines" = perSystem "packages" [
      "appliance"
      "default"
      "ibutsu"
      "ibutsu-unwrapped"
      "image"
      "image-slim"
      "image-stream"
      "sbom"
      "ui"
    ];
    "the flake has every check" = perSystem "checks" [
      "formatting"
      "go-tests"
      "hardening"
      "image-config"
      "module-eval"
      "package"
      "vm-one"
      "vm-several"
    ];
    "the flake has its other outputs" =
      attrNames flake == [
        "apps"
        "checks"
        "devShells"
        "formatter"
        "nixosConfigurations"
        "nixosModules"
        "overlays"
        "packages"
      ]
      && flake.nixosModules ? ibutsu
      && flake.nixosModules ? default
      && flake.nixosConfigurations ? appliance
      && flake.overlays ? default
      && attrNames flake.formatter == systems
      && perSystem "apps" [ "default" ]
      && perSystem "devShells" [ "default" ];
    "`nix run` is `ibutsu up`" = lib.hasSuffix "/bin/ibutsu" flake.apps.x86_64-linux.default.program;
    "the lock holds one input" =
      builtins.attrNames lock.nodes == [
        "nixpkgs"
        "root"
      ];
    "the lock is of the branch of the flake" =
      lib.hasInfix "github:NixOS/nixpkgs/${lock.nodes.nixpkgs.original.ref}"
        (builtins.readFile (root + "/flake.nix"));
    "module and unit files are the same data" = mapped == expected;
    "go.mod asks for no patch release" = lib.hasInfix "\ngo 1.26.0\n" (
      builtins.readFile (root + "/go.mod")
    );
    "go.mod names no toolchain" = !lib.hasInfix "\ntoolchain " (builtins.readFile (root + "/go.mod"));
  };
  inherit (builtins) removeAttrs;
in
{
  # What the module writes for the largest case.
  settings =
    lib.filterAttrs (_: value: value != null)
      (machine cases.everything.settings).services.ibutsu.settings;
  checked = builtins.length (builtins.attrNames holds) + builtins.length (builtins.attrNames cases);
  faults =
    map (name: "not so: ${name}") (lib.filter (name: !holds.${name}) (builtins.attrNames holds))
    ++ builtins.concatMap caseFaults (builtins.attrNames cases);
}
