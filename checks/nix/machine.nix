# A NixOS machine with services.ibutsu and nothing that a real one needs to boot, for checks that look at it.
{ self, pkgs }:
settings:
import "${pkgs.path}/nixos/lib/eval-config.nix" {
  inherit (pkgs.stdenv.hostPlatform) system;
  modules = [
    self.nixosModules.ibutsu
    {
      boot.isContainer = true;
      system.stateVersion = "26.05";
      services.ibutsu = {
        enable = true;
      }
      // settings;
    }
  ];
}
