# Every Go test, with a PostgreSQL and a Valkey.
{
  pkgs,
  lib,
  packages,
  ...
}:
packages.ibutsu-unwrapped.overrideAttrs (old: {
  pname = "ibutsu-go-tests";
  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions (
      map (name: ../. + "/${name}") (import ../nixos/source.nix)
      ++ [
        ./withpg
        ../docs
      ]
    );
  };
  nativeBuildInputs = old.nativeBuildInputs ++ [
    pkgs.postgresql_18
    pkgs.valkey
    pkgs.versitygw # the S3 server of the tests of artifacts
  ];
  # They hold without the page.
  postConfigure = "";
  buildPhase = ''
    runHook preBuild
    export HOME=$TMPDIR
    go run ./checks/withpg go test -timeout 20m ./src/... ./modules/...
    runHook postBuild
  '';
  doCheck = false;
  doInstallCheck = false;
  installPhase = "touch $out";
})
