# The checks of `nix flake check`: every other .nix file of this folder is one, called as the file.
{ self, pkgs }:
let
  inherit (pkgs) lib;
  files = lib.filter (name: lib.hasSuffix ".nix" name && name != "default.nix") (
    lib.attrNames (lib.filterAttrs (_: type: type == "regular") (builtins.readDir ./.))
  );
in
lib.listToAttrs (
  map (
    file:
    lib.nameValuePair (lib.removeSuffix ".nix" file) (
      import (./. + "/${file}") {
        inherit self pkgs lib;
        packages = self.packages.${pkgs.stdenv.hostPlatform.system};
      }
    )
  ) files
)
