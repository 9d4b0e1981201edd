# The binary. The Go of the pin is used as it is (GOTOOLCHAIN=local), so go.mod may not ask for a newer patch release.
{
  lib,
  buildGo126Module,
  ui,
}:
buildGo126Module (finalAttrs: {
  pname = "ibutsu";
  version = lib.fileContents ../VERSION;

  src = lib.fileset.toSource {
    root = ../.;
    # Of the page only what Go compiles: a change of its sources rebuilds nothing here.
    fileset = lib.fileset.difference (lib.fileset.unions (
      map (name: ../. + "/${name}") (import ./source.nix)
    )) (lib.fileset.fileFilter (file: !(file.hasExt "go" || file.name == ".gitkeep")) ../src/web);
  };

  inherit (lib.importJSON ./hashes.json) vendorHash;

  # Not in preBuild, which runs for the vendored modules, too: they would have to wait for the page.
  postConfigure = ''
    rm -rf src/web/dist
    cp -r ${ui} src/web/dist
  '';

  subPackages = [ "src/cmd/ibutsu" ];

  env.CGO_ENABLED = "0";

  # The version is embedded from the file VERSION. No commit and no time: other commits of the same code give the same bytes.
  ldflags = [
    "-s"
    "-w"
  ];

  # Time zones in the binary: an image needs no layer of them.
  tags = [ "timetzdata" ];

  # The rooms whose tests need neither a database nor documents; checks/go-tests.nix runs all of them.
  checkPhase = ''
    runHook preCheck
    go test -tags timetzdata ./src/telemetry/... ./src/api/contract/... ./src/api/encode/... ./src/importer/...
    runHook postCheck
  '';

  doInstallCheck = true;
  installCheckPhase = ''
    runHook preInstallCheck
    $out/bin/ibutsu version | grep -F "ibutsu ${finalAttrs.version} "
    $out/bin/ibutsu check-config > /dev/null
    runHook postInstallCheck
  '';

  meta = {
    description = "Ibutsu, which collects test results, as one binary";
    homepage = "https://github.com/ibutsu/ibutsu-go";
    license = lib.licenses.mit;
    mainProgram = "ibutsu";
    platforms = lib.platforms.linux ++ lib.platforms.darwin;
  };
})
