# services.ibutsu with typical and extreme settings: what systemd gets, and what is refused with which words.
{
  self,
  pkgs,
  lib,
  ...
}:
let
  machine = import ./nix/machine.nix { inherit self pkgs; };
  expected = import ./nix/module-cases.nix { inherit lib; };

  failures =
    case:
    let
      inherit (machine case.settings) config;
      refused = map (a: a.message) (
        lib.filter (a: !a.assertion && lib.hasInfix "services.ibutsu" a.message) config.assertions
      );
      found = lib.filter (text: !lib.any (lib.hasInfix text) refused) (case.refused or [ ]);
    in
    lib.optional (!(case ? refused) && refused != [ ]) "refused: ${toString refused}"
    ++ map (text: "not refused: ${text}") found
    ++ lib.optional (
      !(case ? refused) && !(case.holds config)
    ) "the configuration is not what it should be";

  wrong = lib.filterAttrs (_: f: f != [ ]) (lib.mapAttrs (_: failures) expected);
in
assert lib.assertMsg (wrong == { }) (builtins.toJSON wrong);
# The settings of the largest case go through the program's own check.
pkgs.runCommand "check-module-eval" { } ''
  ln -s ${
    (machine expected.everything.settings).config.systemd.units."ibutsu-backend.service".unit
  } $out
''
