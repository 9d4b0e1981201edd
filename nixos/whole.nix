# The binary with a PostgreSQL of its own in reach, so that `ibutsu up` works on a machine that has none. The wrapper is a
# small binary: no shell is needed, and modules start the program behind it. Ours goes before others in PATH; a cluster
# that another major version has made still finds that version.
{
  lib,
  runCommand,
  makeBinaryWrapper,
  postgresql_18,
  ibutsu-unwrapped,
}:
runCommand "ibutsu-${ibutsu-unwrapped.version}"
  {
    nativeBuildInputs = [ makeBinaryWrapper ];
    passthru = {
      inherit (ibutsu-unwrapped) version;
      unwrapped = ibutsu-unwrapped;
      postgresql = postgresql_18;
    };
    inherit (ibutsu-unwrapped) meta;
  }
  ''
    makeWrapper ${lib.getExe ibutsu-unwrapped} $out/bin/ibutsu \
      --prefix PATH : ${lib.makeBinPath [ postgresql_18 ]}
  ''
