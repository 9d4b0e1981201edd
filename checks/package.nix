# The package runs, says its version, and has its parts listed.
{
  pkgs,
  lib,
  packages,
  ...
}:
pkgs.runCommand "check-package"
  {
    inherit (packages) sbom;
    nativeBuildInputs = [ pkgs.jq ];
  }
  ''
    ${lib.getExe packages.ibutsu} version | grep -F ${lib.escapeShellArg (lib.fileContents ../VERSION)}
    ${lib.getExe packages.ibutsu} check-config > /dev/null
    jq -e '.bomFormat == "CycloneDX" and (.components | length > 20)' $sbom
    touch $out
  ''
