# A bootable disk that is nothing but Ibutsu: UEFI, one partition that grows to the size of the disk, PostgreSQL inside. No
# secret is in the image: what needs one makes it on the machine, at the first boot.
{
  config,
  lib,
  pkgs,
  modulesPath,
  ...
}:
let
  efi = lib.toUpper pkgs.stdenv.hostPlatform.efiArch;
  firstBoot = "/var/lib/ibutsu-first-boot";
  toplevel = config.system.build.toplevel;
in
{
  imports = [ "${modulesPath}/image/repart.nix" ];

  services.ibutsu = {
    enable = true;
    openFirewall = true;
    settings.superadmin_email = "admin@ibutsu.local";
    credentials.superadmin_password = "${firstBoot}/superadmin-password";
    backup.enable = lib.mkDefault true;
  };

  # The password of the first administrator, shown at the console until its file is removed.
  systemd.services.ibutsu-first-boot = {
    description = "Ibutsu, secrets of this machine";
    wantedBy = [ "ibutsu.target" ];
    before = [
      "ibutsu-migrate.service"
      "ibutsu-backend.service"
      "getty.target"
    ];
    requiredBy = [ "ibutsu-migrate.service" ];
    serviceConfig = {
      Type = "oneshot";
      RemainAfterExit = true;
      StateDirectory = baseNameOf firstBoot;
      StateDirectoryMode = "0700";
      UMask = "0077";
    };
    script = ''
      file=${firstBoot}/superadmin-password
      if ! [ -e $file ]; then
        head -c 15 /dev/urandom | base64 -w 0 > $file.new
        mv $file.new $file
      fi
      mkdir -p /run/issue.d
      {
        echo 'Ibutsu serves on http://\4:${toString config.services.ibutsu.port}'
        echo "Sign in as ${config.services.ibutsu.settings.superadmin_email} with $(cat $file)"
        echo 'Change the password there; it is shown here until you do: echo changed > '$file
      } > /run/issue.d/ibutsu.issue
      if [ "$(cat $file)" = changed ]; then
        echo 'Ibutsu serves on http://\4:${toString config.services.ibutsu.port}' > /run/issue.d/ibutsu.issue
      fi
    '';
  };

  # Keys only, and none are in the image: give one to the virtual machine as the systemd credential
  # ssh.authorized_keys.root (docs/deploy.md shows how).
  services.openssh = {
    enable = true;
    settings.PasswordAuthentication = false;
    settings.KbdInteractiveAuthentication = false;
  };

  # Off until it is asked for: what is new is built, becomes the next boot, and the machine restarts into it at night. A
  # version that does not boot is left by choosing the one before in the boot menu; the data is not touched by either.
  system.autoUpgrade = {
    enable = lib.mkDefault false;
    flake = lib.mkDefault "github:ibutsu/ibutsu-go#appliance";
    operation = lib.mkDefault "boot";
    allowReboot = lib.mkDefault true;
    rebootWindow = lib.mkDefault {
      lower = "02:00";
      upper = "05:00";
    };
  };
  nix.settings.experimental-features = [
    "nix-command"
    "flakes"
  ];

  networking.hostName = lib.mkDefault "ibutsu";
  networking.useNetworkd = lib.mkDefault true;
  documentation.enable = lib.mkDefault false;
  boot.kernelParams = [ "console=ttyS0" ];
  system.stateVersion = "26.05";

  # The disk.
  system.image.id = "ibutsu";
  system.image.version = lib.fileContents ../VERSION;

  fileSystems."/" = {
    device = "/dev/disk/by-partlabel/root";
    fsType = "ext4";
    autoResize = true;
  };
  fileSystems."/boot" = {
    device = "/dev/disk/by-partlabel/esp";
    fsType = "vfat";
    options = [ "umask=0077" ];
  };

  boot.loader.grub.enable = false;
  boot.loader.systemd-boot.enable = true;
  boot.initrd.systemd.enable = true;
  boot.initrd.systemd.repart.enable = true;
  boot.initrd.availableKernelModules = [
    "ahci"
    "nvme"
    "sd_mod"
    "virtio_blk"
    "virtio_pci"
    "virtio_scsi"
  ];
  # Grows the last partition to the end of the disk; autoResize then grows the file system.
  systemd.repart.partitions."20-root".Type = "root";

  image.repart = {
    name = "ibutsu";
    partitions = {
      "10-esp" = {
        contents = {
          "/EFI/BOOT/BOOT${efi}.EFI".source =
            "${pkgs.systemd}/lib/systemd/boot/efi/systemd-boot${lib.toLower efi}.efi";
          "/EFI/Linux/${config.system.boot.loader.ukiFile}".source =
            "${config.system.build.uki}/${config.system.boot.loader.ukiFile}";
        };
        repartConfig = {
          Type = "esp";
          Format = "vfat";
          Label = "esp";
          # Room for several versions, to go back to.
          SizeMinBytes = "512M";
        };
      };
      "20-root" = {
        storePaths = [ toplevel ];
        # What is in the store is not yet known to Nix, which would delete or fetch it again.
        contents."/nix-path-registration".source = "${
          pkgs.closureInfo { rootPaths = [ toplevel ]; }
        }/registration";
        repartConfig = {
          Type = "root";
          Format = "ext4";
          Label = "root";
          Minimize = "guess";
        };
      };
    };
  };

  systemd.services.ibutsu-register-store = {
    description = "Tell Nix what came with the image";
    wantedBy = [ "multi-user.target" ];
    before = [ "nix-daemon.socket" ];
    unitConfig.ConditionPathExists = "/nix-path-registration";
    unitConfig.DefaultDependencies = false;
    after = [ "local-fs.target" ];
    serviceConfig = {
      Type = "oneshot";
      RemainAfterExit = true;
    };
    path = [ config.nix.package ];
    script = ''
      nix-store --load-db < /nix-path-registration
      nix-env --profile /nix/var/nix/profiles/system --set /run/current-system
      rm /nix-path-registration
    '';
  };
}
