# What working on the project needs: `nix develop`, then `make`.
{ pkgs }:
pkgs.mkShell {
  packages = with pkgs; [
    deadnix
    gcc
    gnumake
    go_1_26
    jq
    nixfmt
    podman
    postgresql_18
    python3
    statix
    valkey
  ];
  env.GOTOOLCHAIN = "local";
}
