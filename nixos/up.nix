# `nix run` without arguments is `ibutsu up`; with arguments it is that command.
{ pkgs, ibutsu }:
pkgs.writeShellScriptBin "ibutsu" ''
  exec ${pkgs.lib.getExe ibutsu} "''${@:-up}"
''
