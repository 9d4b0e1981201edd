# What the image is made of, as CycloneDX: the Go modules that are linked into the binary, as the binary itself tells, and
# the store paths around it.
{
  lib,
  runCommand,
  closureInfo,
  go_1_26,
  jq,
  ibutsu-unwrapped,
  contents,
}:
runCommand "ibutsu-${ibutsu-unwrapped.version}.cdx.json"
  {
    nativeBuildInputs = [
      go_1_26
      jq
    ];
    closure = closureInfo { rootPaths = contents; };
    meta.license = lib.licenses.mit;
  }
  ''
    export HOME=$TMPDIR GOFLAGS= GOTOOLCHAIN=local
    go version -m ${lib.getExe ibutsu-unwrapped} > modules
    jq -n -S --arg version ${ibutsu-unwrapped.version} --rawfile modules modules \
      --rawfile sums ${../go.sum} --rawfile paths $closure/store-paths -f ${./sbom.jq} > $out
  ''
