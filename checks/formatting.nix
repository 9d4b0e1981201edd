# Nix files are formatted and have nothing that is not used.
{ pkgs, lib, ... }:
pkgs.runCommand "check-formatting"
  {
    nativeBuildInputs = [
      pkgs.nixfmt
      pkgs.deadnix
    ];
    src = lib.fileset.toSource {
      root = ../.;
      fileset = lib.fileset.fileFilter (file: file.hasExt "nix") ../.;
    };
  }
  ''
    find $src -name '*.nix' -exec nixfmt --check {} +
    deadnix --fail $src
    touch $out
  ''
